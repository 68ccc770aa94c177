//! The JSON form: one map from symbols to rows, read entry by entry.

use std::{fmt, io::Read};

use rust_decimal::Decimal;
use serde::{
    Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::{Value, error::Category};

use super::{Counted, MasterError, SymbolRow, expiry};
use crate::{codes, number};

/// Reads entries one after the other.
///
/// # Errors
/// When the source fails, is no map or does not end as one, or has no sound row at all.
pub fn read_json(source: impl Read, hear: impl FnMut(SymbolRow)) -> Result<Counted, MasterError> {
    let mut source = serde_json::Deserializer::from_reader(source);
    let counted = source.deserialize_map(Rows { hear }).map_err(|error| wrong(&error))?;
    source.end().map_err(|error| wrong(&error))?;
    counted.some()
}

/// The error's own text may quote the file, so only its kind is told.
fn wrong(error: &serde_json::Error) -> MasterError {
    match (error.classify(), error.io_error_kind()) {
        (Category::Io, Some(kind)) => MasterError::Broken(kind),
        _ => MasterError::Form,
    }
}

struct Rows<F> {
    hear: F,
}

impl<'de, F: FnMut(SymbolRow)> Visitor<'de> for Rows<F> {
    type Value = Counted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of symbols")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Counted, A::Error> {
        let mut counted = Counted::default();
        while let Some(symbol) = map.next_key::<String>()? {
            let fields = map.next_value::<Value>()?;
            counted.add(row(symbol, &fields), &mut self.hear);
            if counted.bad > 1_000 && counted.good == 0 {
                return Err(de::Error::custom("no rows"));
            }
        }
        Ok(counted)
    }
}

fn row(symbol: String, fields: &Value) -> Option<SymbolRow> {
    let positive = |name: &str| number::decimal(&fields[name]).filter(|number| *number > Decimal::ZERO);
    let whole = |name: &str| number::whole(&fields[name]);
    Some(SymbolRow {
        symbol,
        segment: codes::segment(whole("segment")?)?,
        tick: number::decimal(&fields["tickSize"])?,
        lot: whole("minLotSize")?,
        expiry: whole("expiryDate").and_then(expiry),
        circuit: positive("lowerPrice").zip(positive("upperPrice")),
        freeze: whole("qtyFreeze").filter(|quantity| *quantity > 0),
        closing_auction: is_yes(&fields["isCasEligible"]),
        multiplier: whole("qtyMultiplier").filter(|units| *units > 0).unwrap_or(0),
    })
}

fn is_yes(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => matches!(text.to_ascii_lowercase().as_str(), "y" | "yes" | "true" | "1"),
        other => number::whole(other) == Some(1),
    }
}
