//! Ids of orders: a number in eight bytes, which people and bots see as a word.

use std::fmt;

use chrono::{Datelike, NaiveDate};

/// What all of them begin with.
const WORD: &str = "MOCK";
/// Digits of the trading day, as `261125`, and of the number within it.
const DIGITS: usize = 14;
/// Digits of the number alone: more when there are more orders.
const NUMBER_DIGITS: u32 = 8;

/// The id of a simulated order: `MOCK`, its trading day and its number in it. Of two the smaller one is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(u64);

impl OrderId {
    /// The id of a day's order with this number, from 1.
    pub(crate) fn new(day: NaiveDate, number: u64) -> Self {
        let date =
            u64::from(day.year().rem_euclid(100).unsigned_abs() * 10_000 + day.month() * 100 + day.day());
        let digits = number.checked_ilog10().map_or(NUMBER_DIGITS, |most| NUMBER_DIGITS.max(most + 1));
        Self(date * 10_u64.pow(digits) + number)
    }

    /// Reads an id; `None` for what this exchange never gave out.
    pub fn of(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(WORD)?.as_bytes();
        if digits.len() < DIGITS || (digits.len() > DIGITS && digits[0] == b'0') {
            return None;
        }
        let next = |number: u64, byte: &u8| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        };
        digits.iter().try_fold(0, next).map(Self)
    }

    /// How many ids lie between, if this is the later one.
    pub(crate) fn after(self, first: Self) -> Option<usize> {
        usize::try_from(self.0.checked_sub(first.0)?).ok()
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand, for every order is shown: the formatting machinery costs ten times as much.
        let (mut text, mut left, mut at) = ([b'0'; 20], self.0, 20);
        while left > 0 || at > 20 - DIGITS {
            at -= 1;
            text[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        to.write_str(WORD)?;
        to.write_str(std::str::from_utf8(&text[at..]).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_nothing_else_is_an_id() {
        for good in ["MOCK26112500000001", "MOCK05112500000001", "MOCK261125100000000"] {
            assert_eq!(OrderId::of(good).unwrap().to_string(), good);
        }
        let day = NaiveDate::from_ymd_opt(2026, 11, 25).unwrap();
        for (number, text) in [(1, "MOCK26112500000001"), (100_000_000, "MOCK261125100000000")] {
            assert_eq!(OrderId::new(day, number).to_string(), text);
        }
        for bad in [
            "",
            "MOCK",
            "MOCK1",
            "MOCK051125100000000",
            "26112500000001",
            "MOCK2611250000000x",
            "MOCK+6112500000001",
        ] {
            assert_eq!(OrderId::of(bad), None, "{bad}");
        }
        assert!(OrderId::of("MOCK26112500000002") > OrderId::of("MOCK26112500000001"));
    }
}
