//! Typed look-ups in a JSON object. A miss names the field and never shows what was there instead, which is why
//! serde's own derive is not used: its errors quote the value.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::{envelope::id_text, number};

/// A JSON object to look things up in.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a>(&'a Map<String, Value>);

impl<'a> Row<'a> {
    pub(crate) fn new(fields: &'a Map<String, Value>) -> Self {
        Self(fields)
    }

    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// `null` is the same as absent: FYERS uses both.
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that says something.
    pub(crate) fn word(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn id(self, name: &str) -> Option<String> {
        self.get(name).and_then(id_text)
    }

    pub(crate) fn whole(self, name: &str) -> Option<i64> {
        self.get(name).and_then(number::whole)
    }

    pub(crate) fn money(self, name: &str) -> Option<Decimal> {
        self.get(name).and_then(number::decimal)
    }

    pub(crate) fn row(self, name: &str) -> Option<Row<'a>> {
        self.get(name).and_then(Self::of)
    }
}

/// Collects the fields that are not as documented and that nothing depends on.
pub(crate) struct Drift<'a> {
    pub(crate) found: &'a mut Vec<String>,
    /// Where the row is, as `orderBook[2]`; empty for the answer itself.
    pub(crate) place: String,
}

impl Drift<'_> {
    pub(crate) fn note(&mut self, field: &str) {
        let dot = if self.place.is_empty() { "" } else { "." };
        self.found.push(format!("{}{dot}{field}", self.place));
    }

    /// The value, or `None` with a note: for what FYERS always sends.
    pub(crate) fn expect<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.note(field);
        }
        value
    }

    /// The value, the default when it is absent, the default with a note when it is there and odd.
    pub(crate) fn or_default<T: Default>(
        &mut self,
        row: Row<'_>,
        field: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> T {
        match row.get(field) {
            None => T::default(),
            Some(value) => self.expect(field, read(value)).unwrap_or_default(),
        }
    }
}

/// A text that may be empty.
pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
