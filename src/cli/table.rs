//! Tables for a terminal: one row a thing, aligned, and never cut. Where the room is not enough, one column is narrower and
//! its words go on in the next line.

use keeper_domain::{
    text::excerpt,
    wrap::{columns, pieces},
};

/// The narrowest that the column is that gives way.
const NARROWEST: usize = 8;
/// More characters than any cell that means something.
const LONGEST: usize = 200;

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) head: &'static str,
    /// How wide it is at least.
    pub(super) least: usize,
    pub(super) is_right: bool,
}

/// A column of words.
pub(super) const fn left(head: &'static str, least: usize) -> Column {
    Column { head, least, is_right: false }
}

/// A column of numbers.
pub(super) const fn right(head: &'static str, least: usize) -> Column {
    Column { head, least, is_right: true }
}

/// How wide the columns are, for all rows of one table.
#[derive(Debug)]
pub(super) struct Layout {
    columns: Vec<(Column, usize)>,
    gap: usize,
}

impl Layout {
    /// As wide as the cells are; the column at `gives_way` takes what the others leave of the room.
    pub(super) fn of(
        all: &[Column],
        gives_way: usize,
        rows: &[Vec<String>],
        (gap, room): (usize, usize),
    ) -> Self {
        let cell = |row: &Vec<String>, at: usize| row.get(at).map_or(0, |text| columns(&clean(text)));
        let widest = |at: usize| rows.iter().map(|row| cell(row, at)).max().unwrap_or_default();
        let width = |(at, column): (usize, &Column)| {
            (*column, column.least.max(columns(column.head)).max(widest(at)))
        };
        let mut columns: Vec<(Column, usize)> = all.iter().enumerate().map(width).collect();
        let total = columns.iter().map(|(_, width)| width + gap).sum::<usize>().saturating_sub(gap);
        if let Some((_, width)) = columns.get_mut(gives_way) {
            *width = width.saturating_sub(total.saturating_sub(room)).max(NARROWEST);
        }
        Self { columns, gap }
    }

    /// How wide the column is.
    pub(super) fn width(&self, at: usize) -> usize {
        self.columns.get(at).map_or(0, |(_, width)| *width)
    }

    pub(super) fn head(&self) -> String {
        self.row(&self.columns.iter().map(|(column, _)| column.head.to_owned()).collect::<Vec<_>>())
    }

    /// One row, which may be several lines.
    pub(super) fn row(&self, cells: &[String]) -> String {
        let parts = |((_, width), cell): (&(Column, usize), &String)| pieces(&clean(cell), *width);
        let parts: Vec<Vec<String>> = self.columns.iter().zip(cells).map(parts).collect();
        let lines = parts.iter().map(Vec::len).max().unwrap_or_default();
        (0..lines).map(|line| self.line(&parts, line)).collect::<Vec<_>>().join("\n")
    }

    fn line(&self, parts: &[Vec<String>], line: usize) -> String {
        let cell = |((column, width), parts): (&(Column, usize), &Vec<String>)| {
            let text = parts.get(line).map_or("", String::as_str);
            let pad = " ".repeat(width.saturating_sub(columns(text)));
            if column.is_right { pad + text } else { text.to_owned() + &pad }
        };
        let cells: Vec<String> = self.columns.iter().zip(parts).map(cell).collect();
        cells.join(&" ".repeat(self.gap)).trim_end().to_owned()
    }
}

/// On one line, and with nothing in it that a terminal would obey.
fn clean(cell: &str) -> String {
    excerpt(cell, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Column; 3] = [left("NAME", 6), right("QTY", 4), left("STATE", 5)];

    fn table(rows: &[[&str; 3]], room: usize) -> String {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        let layout = Layout::of(&ALL, 0, &rows, (1, room));
        let lines = rows.iter().map(|row| layout.row(row));
        std::iter::once(layout.head()).chain(lines).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be_and_one_gives_way() {
        let rows = [["SBIN", "10", "good"], ["NIFTY26NOV25000CE", "1234567", "open"]];
        let wide = "NAME                  QTY STATE\n\
                    SBIN                   10 good\n\
                    NIFTY26NOV25000CE 1234567 open";
        assert_eq!(table(&rows, 80), wide);
        let narrow = "NAME           QTY STATE\n\
                      SBIN            10 good\n\
                      NIFTY26NOV 1234567 open\n\
                      25000CE";
        assert_eq!(table(&rows, 24), narrow);
    }
}
