//! Ids of orders: a number in eight bytes, which people and bots see as a word.

use std::fmt;

/// What all of them begin with.
const WORD: &str = "MOCK";
/// Digits of the trading day, as `261125`, and of the number within it.
const DIGITS: usize = 14;

/// The id of a simulated order: `MOCK`, its trading day and its number in it. Of two the smaller one is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(u64);

impl OrderId {
    /// Reads an id; `None` for what this exchange never gave out.
    pub fn of(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(WORD)?;
        let plain = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let longer = digits.len() > DIGITS && digits.starts_with('0');
        digits.parse().ok().filter(|_| plain && !longer).map(Self)
    }

    /// How many ids lie between, if this is the later one.
    pub(crate) fn after(self, first: Self) -> Option<usize> {
        usize::try_from(self.0.checked_sub(first.0)?).ok()
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{WORD}{:0DIGITS$}", self.0)
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
