//! What a FYERS symbol says by itself (docs/fyers-api.md, "Enums"): exchange, series or contract, expiry, strike.

use chrono::{NaiveDate, Weekday};
use rust_decimal::Decimal;

use crate::{calendar::Calendar, sessions::Segment};

/// Series of the cash market that are known: `EQ` and its kin on NSE, groups on BSE.
const NSE_SERIES: &[&str] = &[
    "EQ", "BE", "BZ", "SM", "ST", "SZ", "GB", "GS", "SG", "TB", "MF", "RR", "IV", "E1", "P1", "X1", "BL",
    "IT",
];
const BSE_SERIES: &[&str] = &[
    "A", "B", "E", "F", "G", "GC", "IF", "IT", "IV", "M", "MS", "MT", "P", "R", "RR", "T", "TS", "W", "X",
    "XT", "Z", "ZP",
];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// Months of weekly contracts: 1 to 9, O, N, D.
const MONTH_LETTERS: &str = "123456789OND";
/// Longest symbol taken, in bytes.
const LONGEST: usize = 48;

/// What kind of thing a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A share, fund or bond.
    Equity,
    /// A number one can look at and not buy.
    Index,
    /// A future.
    Future,
    /// A call or a put.
    Option,
}

impl Kind {
    /// Told from the symbol: only cash symbols have a series after a dash.
    pub fn of(symbol: &str) -> Self {
        let name = || symbol.split_once(':').map_or(symbol, |(_, name)| name);
        match symbol.as_bytes() {
            [.., b'-', b'I', b'N', b'D', b'E', b'X'] => Self::Index,
            [.., b'0'..=b'9', b'C' | b'P', b'E'] => Self::Option,
            [.., b'F', b'U', b'T'] if name().bytes().any(|b| b.is_ascii_digit()) => Self::Future,
            _ => Self::Equity,
        }
    }

    /// Future or option.
    pub fn is_derivative(self) -> bool {
        matches!(self, Self::Future | Self::Option)
    }
}

/// When a contract ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// On this date, or the trading day before it when it is a holiday.
    Day(NaiveDate),
    /// Within this month; the symbol does not say more.
    Month {
        /// As 2026.
        year: i32,
        /// 1 to 12.
        month: u32,
    },
}

/// A call or a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Gains when the underlying rises.
    Call,
    /// Gains when it falls.
    Put,
}

/// A future or an option, as its symbol says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// As `NSE`.
    pub exchange: String,
    /// As `NIFTY`.
    pub underlying: String,
    /// When it ends.
    pub expiry: Expiry,
    /// Strike in INR and right, of an option.
    pub option: Option<(Decimal, Right)>,
}

impl Contract {
    /// Reads the symbol of a future or an option; `None` when it is neither or makes no sense.
    pub fn of(symbol: &str) -> Option<Self> {
        let (exchange, name) = symbol.split_once(':')?;
        if !["FUT", "CE", "PE"].iter().any(|end| name.ends_with(end)) {
            return None;
        }
        let exchange = exchange.to_owned();
        if let Some(rest) = name.strip_suffix("FUT") {
            let (underlying, month) = (rest.get(..rest.len().checked_sub(5)?)?, rest.get(rest.len() - 5..)?);
            let expiry = monthly(month)?;
            return named(underlying).map(|underlying| Self { exchange, underlying, expiry, option: None });
        }
        let right = if name.ends_with("CE") { Right::Call } else { Right::Put };
        let rest = name.strip_suffix("CE").or_else(|| name.strip_suffix("PE"))?;
        let (underlying, expiry, strike) = (1..rest.len()).find_map(|at| split(rest, at))?;
        Some(Self { exchange, underlying, expiry, option: Some((strike, right)) })
    }

    /// The last date on which it trades. Monthly contracts of NSE end on the month's last Tuesday, of BSE on its last
    /// Thursday (since September 2025), or the trading day before; of MCX the symbol tells the month only, so the
    /// month's last day stands for it.
    pub fn last_day(&self, calendar: &Calendar) -> Option<NaiveDate> {
        let date = match self.expiry {
            Expiry::Day(date) => date,
            Expiry::Month { year, month } if self.exchange == "MCX" => end_of_month(year, month)?,
            Expiry::Month { year, month } => {
                let weekday = if self.exchange == "BSE" { Weekday::Thu } else { Weekday::Tue };
                (4..=5).rev().find_map(|n| NaiveDate::from_weekday_of_month_opt(year, month, weekday, n))?
            }
        };
        let trades = self.exchange == "MCX" || calendar.is_trading_day(date);
        Some(if trades { date } else { calendar.previous_trading_day(date) })
    }

    /// The symbol whose price it follows, as `NSE:NIFTY50-INDEX` or `NSE:SBIN-EQ`; `None` on MCX.
    pub fn underlying_symbol(&self) -> Option<String> {
        let index = match self.underlying.as_str() {
            "NIFTY" => "NIFTY50",
            "BANKNIFTY" => "NIFTYBANK",
            name @ ("FINNIFTY" | "MIDCPNIFTY" | "NIFTYNXT50" | "SENSEX" | "BANKEX") => name,
            name => {
                return (self.exchange != "MCX").then(|| match self.exchange.as_str() {
                    "BSE" => format!("BSE:{name}-A"),
                    exchange => format!("{exchange}:{name}-EQ"),
                });
            }
        };
        Some(format!("{}:{index}-INDEX", self.exchange))
    }

    /// Whether the underlying is an index.
    pub fn is_on_index(&self) -> bool {
        self.underlying_symbol().is_some_and(|symbol| symbol.ends_with("-INDEX"))
    }
}

fn named(underlying: &str) -> Option<String> {
    let good = !underlying.is_empty() && underlying.bytes().all(is_name_byte);
    good.then(|| underlying.to_owned())
}

/// `YYMMM` as `26NOV`.
fn monthly(text: &str) -> Option<Expiry> {
    let (year, word) = (text.get(..2)?.parse::<i32>().ok()?, text.get(2..)?);
    let month = MONTHS.iter().position(|month| *month == word)?;
    Some(Expiry::Month { year: 2000 + year, month: u32::try_from(month).ok()? + 1 })
}

/// `YYmdd` as `26N25`.
fn weekly(text: &str) -> Option<Expiry> {
    let (year, letter, day) = (text.get(..2)?, text.get(2..3)?, text.get(3..5)?);
    let month = u32::try_from(MONTH_LETTERS.find(letter)?).ok()? + 1;
    NaiveDate::from_ymd_opt(2000 + year.parse::<i32>().ok()?, month, day.parse().ok()?).map(Expiry::Day)
}

/// Underlying, expiry and strike, if the expiry begins at this byte.
fn split(rest: &str, at: usize) -> Option<(String, Expiry, Decimal)> {
    let (underlying, expiry, strike) = (rest.get(..at)?, rest.get(at..at + 5)?, rest.get(at + 5..)?);
    let of_week = || weekly(expiry).filter(|_| !underlying.ends_with(|last: char| last.is_ascii_digit()));
    let expiry = monthly(expiry).or_else(of_week)?;
    let strike: Decimal =
        strike.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| strike.parse().ok())??;
    (strike > Decimal::ZERO).then_some((named(underlying)?, expiry, strike))
}

fn end_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    NaiveDate::from_ymd_opt(next.0, next.1, 1)?.pred_opt()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"&'%/-_.".contains(&byte)
}

/// Whether a symbol is well formed: a known exchange, a name in capitals, and a known series, contract or index.
pub fn is_well_formed(symbol: &str) -> bool {
    let Some((exchange, name)) = symbol.split_once(':') else { return false };
    let plain = symbol.len() <= LONGEST && !name.is_empty() && name.bytes().all(is_name_byte);
    let series = |known: &[&str]| {
        name.rsplit_once('-').is_some_and(|(name, end)| !name.is_empty() && is_series(known, end))
    };
    let listed = match (exchange, Kind::of(symbol)) {
        ("NSE" | "BSE", Kind::Index) => name.len() > "-INDEX".len(),
        ("NSE" | "BSE" | "MCX", kind) if kind.is_derivative() => Contract::of(symbol).is_some(),
        ("NSE", Kind::Equity) => series(NSE_SERIES),
        ("BSE", Kind::Equity) => series(BSE_SERIES),
        _ => false,
    };
    plain && listed
}

/// Debt and warrants have a letter and a digit.
fn is_series(known: &[&str], text: &str) -> bool {
    let bytes = text.as_bytes();
    let numbered = bytes.len() == 2 && bytes[0].is_ascii_uppercase() && bytes[1].is_ascii_digit();
    known.contains(&text) || numbered
}

/// The segment in which a symbol trades.
pub fn segment_of(symbol: &str) -> Segment {
    let is_on_mcx = symbol.strip_prefix("MCX").is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    match Kind::of(symbol) {
        _ if is_on_mcx => Segment::Mcx,
        kind if kind.is_derivative() => Segment::Fno,
        _ => Segment::Cash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(symbol: &str) -> (String, Expiry, Decimal) {
        let Contract { underlying, expiry, option, .. } = Contract::of(symbol).unwrap();
        (underlying, expiry, option.unwrap().0)
    }

    #[test]
    fn contracts_are_read_from_their_symbols() {
        let month = |year, month| Expiry::Month { year, month };
        let day = |text: &str| Expiry::Day(text.parse().unwrap());
        let strike = |number: i64| Decimal::from(number);
        assert_eq!(option("NSE:NIFTY26NOV25000CE"), ("NIFTY".into(), month(2026, 11), strike(25_000)));
        assert_eq!(option("NSE:NIFTY26N2425000PE"), ("NIFTY".into(), day("2026-11-24"), strike(25_000)));
        assert_eq!(
            option("NSE:NIFTYNXT5026NOV70000CE"),
            ("NIFTYNXT50".into(), month(2026, 11), strike(70_000))
        );
        assert_eq!(option("NSE:M&M26NOV3000CE"), ("M&M".into(), month(2026, 11), strike(3_000)));
        assert_eq!(option("NSE:IDEA26NOV7.5CE").2, Decimal::new(75, 1));
        let future = Contract::of("MCX:GOLD26DECFUT").unwrap();
        assert_eq!((future.underlying.as_str(), future.expiry), ("GOLD", month(2026, 12)));
        for symbol in ["NSE:SBIN-EQ", "NSE:NIFTY26XXX25000CE", "NSE:26NOVFUT", "NSE:NIFTY26NOVCE", "NSE:FUT"]
        {
            assert_eq!(Contract::of(symbol), None, "{symbol}");
        }
    }

    #[test]
    fn a_monthly_contract_ends_on_its_last_tuesday_or_before_a_holiday() {
        let calendar = Calendar::embedded();
        let last = |symbol: &str| Contract::of(symbol).unwrap().last_day(&calendar).unwrap().to_string();
        assert_eq!(last("NSE:NIFTY26DECFUT"), "2026-12-29");
        assert_eq!(last("NSE:NIFTY26NOVFUT"), "2026-11-23", "the 24th is a holiday");
        assert_eq!(last("BSE:SENSEX26DECFUT"), "2026-12-31");
        assert_eq!(last("NSE:NIFTY26D0825000CE"), "2026-12-08");
        assert_eq!(last("MCX:GOLD26DECFUT"), "2026-12-31");
    }

    #[test]
    fn only_well_formed_symbols_are_taken() {
        for good in [
            "NSE:SBIN-EQ",
            "NSE:M&M-EQ",
            "NSE:BAJAJ-AUTO-EQ",
            "BSE:ACC-A",
            "NSE:NIFTY50-INDEX",
            "NSE:X-W1",
            "NSE:NIFTY26DECFUT",
            "MCX:GOLD26DECFUT",
            "NSE:360ONE26DEC1000CE",
        ] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in [
            "NSE:SBIN",
            "SBIN-EQ",
            "NSE:sbin-eq",
            "NSE:SBIN-ZZ",
            "NSE:SBIN-EQ ",
            "NSE:SBIN🙂-EQ",
            "XYZ:SBIN-EQ",
            "NSE:-EQ",
            "NSE:",
            "",
            "NSE:M",
            "NSE:NIFTY26XXX1CE",
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }
}
