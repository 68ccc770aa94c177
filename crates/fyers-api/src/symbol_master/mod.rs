//! The public symbol master (docs/fyers-api.md, "Symbol master"): what can be traded, one row a symbol. The largest file
//! has tens of megabytes, so both forms are read row by row and never held whole.

mod csv;
mod json;

pub use csv::read_csv;
pub use json::read_json;

use chrono::{DateTime, NaiveDate};
use rust_decimal::Decimal;

use crate::{ist, model::Segment};

/// The files by their names at FYERS, without endings. Currencies are not offered.
pub const FILES: [&str; 5] = ["NSE_CM", "NSE_FO", "BSE_CM", "BSE_FO", "MCX_COM"];
/// Between a file's name and its address, the CSV form.
pub const CSV_ENDING: &str = ".csv";
/// The same of the JSON form.
pub const JSON_ENDING: &str = "_sym_master.json";
/// The folder of both.
pub const FOLDER: &str = "sym_details";

/// One row: a symbol and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolRow {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Where it trades.
    pub segment: Segment,
    /// Smallest price step in INR; zero for an index.
    pub tick: Decimal,
    /// Smallest quantity; zero for an index.
    pub lot: i64,
    /// The last day of a contract.
    pub expiry: Option<NaiveDate>,
    /// Lowest and highest price of the day in INR. Only in the JSON form.
    pub circuit: Option<(Decimal, Decimal)>,
    /// Largest quantity of one order. Only in the JSON form.
    pub freeze: Option<i64>,
    /// Whether the share ends its day in a closing auction. Only in the JSON form.
    pub closing_auction: bool,
    /// How many units one contract of the quantity stands for: on MCX an order for 1 is one for 100 barrels. 1 elsewhere,
    /// and 0 where it is not said. Only in the JSON form.
    pub multiplier: i64,
}

impl SymbolRow {
    /// Whether it makes sense: a known name, and of what is no index a tick and a lot.
    fn is_sound(&self) -> bool {
        let index = self.symbol.ends_with("-INDEX");
        self.symbol.contains(':') && (index || (self.tick > Decimal::ZERO && self.lot > 0))
    }
}

/// How many rows there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Rows that were handed out.
    pub good: usize,
    /// Rows that make no sense.
    pub bad: usize,
}

/// Why a file is not a symbol master, or not a whole one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MasterError {
    /// The source broke off or could not be read.
    #[error("it could not be read to its end ({0})")]
    Broken(std::io::ErrorKind),
    /// Not in the form of a symbol master.
    #[error("it is no symbol master, or not a whole one")]
    Form,
    /// No row of it is a symbol.
    #[error("no row of it is a symbol")]
    Empty,
}

impl Counted {
    fn add(&mut self, row: Option<SymbolRow>, hear: &mut impl FnMut(SymbolRow)) {
        match row.filter(SymbolRow::is_sound) {
            Some(row) => {
                self.good += 1;
                hear(row);
            }
            None => self.bad += 1,
        }
    }

    fn some(self) -> Result<Self, MasterError> {
        if self.good == 0 { Err(MasterError::Empty) } else { Ok(self) }
    }
}

/// A date from the epoch of a contract's end; zero and less mean that there is none.
fn expiry(seconds: i64) -> Option<NaiveDate> {
    (seconds > 0).then(|| DateTime::from_timestamp(seconds, 0)).flatten().map(ist::date)
}

#[cfg(test)]
mod tests;
