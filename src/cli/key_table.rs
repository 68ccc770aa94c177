//! The keys of bots as a table.

use keeper_domain::{money::grouped, wrap};
use rust_decimal::Decimal;

use crate::{
    cli::table::{Column, Layout, left, right},
    keys::KeyRow,
};

const COLUMNS: [Column; 6] = [
    left("NAME", 20),
    left("MODE", 7),
    right("ORDER ₹", 11),
    left("ORDERS", 8),
    left("LOSS ₹", 8),
    left("STATE", 9),
];

pub(super) fn key_table(rows: &[KeyRow], room: usize) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row).to_vec()).collect();
    let layout = Layout::of(&COLUMNS, 0, &cells, (2, room));
    let lines = rows.iter().zip(&cells).flat_map(|(row, cells)| {
        let below = reached(row).map(|words| wrap::hung(&words, room, 2));
        named(&layout, cells).into_iter().chain(below)
    });
    std::iter::once(layout.head()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// A name is what one copies, so it is never broken: one that is too long for its column has a line of its own.
fn named(layout: &Layout, cells: &[String]) -> Vec<String> {
    match cells {
        [name, rest @ ..] if wrap::columns(name) > layout.width(0) => {
            let below: Vec<String> = std::iter::once(String::new()).chain(rest.iter().cloned()).collect();
            vec![name.clone(), layout.row(&below)]
        }
        _ => vec![layout.row(cells)],
    }
}

/// What was done today stands before what is allowed.
fn cells(row: &KeyRow) -> [String; 6] {
    let whole = |limit: Decimal| grouped(limit).trim_end_matches(".00").to_owned();
    let inr = |limit: Option<Decimal>| limit.map_or_else(|| "-".to_owned(), whole);
    let sent = row.today.as_ref().map(|day| day.orders.to_string());
    let most = row.max_orders_per_day.map(|most| most.to_string());
    let orders = format!("{}/{}", sent.as_deref().unwrap_or("?"), most.as_deref().unwrap_or("-"));
    let lost = row.today.as_ref().map(|day| grouped(Decimal::ZERO.max(-day.result)));
    let loss = format!("{}/{}", lost.as_deref().unwrap_or("?"), inr(row.max_loss));
    [row.name.clone(), row.mode.slug().to_owned(), inr(row.max_order_value), orders, loss, state(row)]
}

/// The first that holds: what keeps its entries out, then what it never does.
fn state(row: &KeyRow) -> String {
    match (row.halted, row.limits_reached.is_empty(), row.read_only) {
        (true, ..) => "halted",
        (false, false, _) => "at limit",
        (false, true, true) => "read only",
        (false, true, false) => "",
    }
    .to_owned()
}

/// Which limit is reached, below the row of its key.
fn reached(row: &KeyRow) -> Option<String> {
    let words: Vec<_> = row.limits_reached.iter().map(|limit| limit.reached_words()).collect();
    (!words.is_empty())
        .then(|| format!("  {}: its entries are refused until tomorrow, its exits pass", words.join(", ")))
}
