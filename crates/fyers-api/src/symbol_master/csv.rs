//! The CSV form: 21 columns, no header.

use std::io::{BufRead, Read};

use rust_decimal::Decimal;

use super::{Counted, MasterError, SymbolRow, expiry};
use crate::codes;

const LOT: usize = 3;
const TICK: usize = 4;
const EXPIRY: usize = 8;
const TICKER: usize = 9;
const SEGMENT: usize = 11;
const COLUMNS: usize = 21;
/// Longest row, in bytes; real ones have some 200.
const LONGEST: u64 = 16 * 1024;

/// Reads rows one after the other. A file that breaks off in the middle of a row is one row short, which nobody can tell
/// here: whoever fetches it checks that it came whole.
///
/// # Errors
/// When the source fails, has a row without an end, or has no sound row at all.
pub fn read_csv(mut source: impl BufRead, mut hear: impl FnMut(SymbolRow)) -> Result<Counted, MasterError> {
    let (mut counted, mut line) = (Counted::default(), Vec::new());
    loop {
        line.clear();
        let read = source.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        let length = read.map_err(|error| MasterError::Broken(error.kind()))?;
        if length as u64 == LONGEST {
            return Err(MasterError::Form);
        }
        if length == 0 {
            return counted.some();
        }
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            counted.add(row(&text), &mut hear);
        }
    }
}

fn row(line: &str) -> Option<SymbolRow> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    if cells.len() != COLUMNS {
        return None;
    }
    let number = |column: usize| cells[column].parse::<Decimal>().ok();
    Some(SymbolRow {
        symbol: cells[TICKER].to_owned(),
        segment: codes::segment(cells[SEGMENT].parse().ok()?)?,
        tick: number(TICK)?,
        lot: i64::try_from(number(LOT)?).ok()?,
        expiry: cells[EXPIRY].parse().ok().and_then(expiry),
        circuit: None,
        freeze: None,
        closing_auction: false,
        multiplier: 0,
    })
}
