//! Which options an underlying has: by the symbol master, or by the exchanges' rules where there is none.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::{
    calendar::Calendar,
    symbol::{Contract, Right, is_well_formed},
};

/// How many weekly and how many monthly expiries are listed.
const WEEKS: usize = 4;
const MONTHS: usize = 3;
/// Months of weekly contracts: 1 to 9, O, N, D.
const MONTH_LETTERS: &[u8; 12] = b"123456789OND";
/// Distance of strikes on indices, in INR.
const INDEX_STEPS: [(&str, i64); 7] = [
    ("NIFTY", 50),
    ("BANKNIFTY", 100),
    ("FINNIFTY", 50),
    ("MIDCPNIFTY", 25),
    ("NIFTYNXT50", 100),
    ("SENSEX", 100),
    ("BANKEX", 100),
];
/// Distance of strikes on shares: below the first number (INR), the second.
const SHARE_STEPS: [(i64, i64); 6] =
    [(100, 1), (250, 5), (1_000, 10), (2_500, 20), (5_000, 50), (10_000, 100)];
const DEAR_SHARE_STEP: i64 = 200;

/// What an option's symbol calls its underlying, as `("NSE", "NIFTY")` for `NSE:NIFTY50-INDEX`; `None` for what has no
/// options here. On MCX options are on futures: any of a commodity's stands for it.
pub(crate) fn name_of(underlying: &str) -> Option<(&str, &str)> {
    let (exchange, name) = underlying.split_once(':')?;
    if exchange == "MCX" {
        let contract = Contract::of(underlying).filter(|contract| contract.option.is_none())?;
        return Some((exchange, name.get(..contract.underlying.len())?));
    }
    let name = match name.strip_suffix("-INDEX") {
        Some("NIFTY50") => "NIFTY",
        Some("NIFTYBANK") => "BANKNIFTY",
        Some(index) => index,
        None => name.strip_suffix("-EQ").or_else(|| name.strip_suffix("-A"))?,
    };
    Some((exchange, name))
}

/// An expiry date, and whether it is its month's last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ExpiryDay {
    pub(crate) date: NaiveDate,
    pub(crate) monthly: bool,
}

/// The call and the put of a strike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) call: Option<String>,
    pub(crate) put: Option<String>,
}

/// The options of an underlying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) expiries: Vec<ExpiryDay>,
    /// Those of one expiry, by strike.
    pub(crate) strikes: BTreeMap<Decimal, Pair>,
    /// Whether they are there by rule, without a symbol master.
    pub(crate) assumed: bool,
}

/// How many strikes below and above the price are wanted, and of which expiry; `None`: the nearest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) count: usize,
    pub(crate) expiry: Option<NaiveDate>,
    pub(crate) today: NaiveDate,
}

/// The options that a symbol master lists; `None` when that expiry is not listed.
pub(crate) fn listed(
    symbols: impl Iterator<Item = (String, NaiveDate)>,
    price: Decimal,
    wanted: Wanted,
) -> Option<Options> {
    let all: Vec<(Contract, NaiveDate, String)> = symbols
        .filter(|(_, last)| *last >= wanted.today)
        .filter_map(|(symbol, last)| Some((Contract::of(&symbol)?, last, symbol)))
        .collect();
    let mut dates: Vec<NaiveDate> = all.iter().map(|(_, last, _)| *last).collect();
    dates.sort_unstable();
    dates.dedup();
    let is_last = |place: usize| dates.get(place + 1).is_none_or(|next| next.month() != dates[place].month());
    let expiries: Vec<_> =
        (0..dates.len()).map(|place| ExpiryDay { date: dates[place], monthly: is_last(place) }).collect();
    let chosen = choose(&expiries, wanted.expiry)?;
    let mut strikes: BTreeMap<Decimal, Pair> = BTreeMap::new();
    for (contract, _, symbol) in all.into_iter().filter(|(_, last, _)| *last == chosen.date) {
        if let Some((strike, right)) = contract.option {
            set(strikes.entry(strike).or_default(), right, symbol);
        }
    }
    Some(Options { expiries, strikes: around(strikes, price, wanted.count), assumed: false })
}

/// The options by the exchanges' rules; `None` when there is no such expiry.
pub(crate) fn by_rule(
    calendar: &Calendar,
    (exchange, name): (&str, &str),
    price: Decimal,
    wanted: Wanted,
) -> Option<Options> {
    let expiries = expiries(calendar, (exchange, name), wanted.today);
    let chosen = choose(&expiries, wanted.expiry)?;
    let step = step(name, price);
    let middle = (price / step).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero) * step;
    let count = i64::try_from(wanted.count).unwrap_or_default();
    let strikes = (-count..=count).map(|place| middle + step * Decimal::from(place));
    let symbol = |strike: Decimal, right: &str| {
        let symbol = format!("{exchange}:{name}{}{}{right}", code(chosen), strike.normalize());
        is_well_formed(&symbol).then_some(symbol)
    };
    let pair = |strike| Pair { call: symbol(strike, "CE"), put: symbol(strike, "PE") };
    let strikes =
        strikes.filter(|strike| *strike > Decimal::ZERO).map(|strike| (strike, pair(strike))).collect();
    Some(Options { expiries, strikes, assumed: true })
}

fn set(pair: &mut Pair, right: Right, symbol: String) {
    match right {
        Right::Call => pair.call = Some(symbol),
        Right::Put => pair.put = Some(symbol),
    }
}

fn choose(expiries: &[ExpiryDay], wanted: Option<NaiveDate>) -> Option<ExpiryDay> {
    expiries.iter().find(|expiry| wanted.is_none_or(|wanted| wanted == expiry.date)).copied()
}

/// So many strikes below and above the one nearest to the price.
fn around(strikes: BTreeMap<Decimal, Pair>, price: Decimal, count: usize) -> BTreeMap<Decimal, Pair> {
    let nearest = strikes.keys().enumerate().min_by_key(|(_, strike)| (**strike - price).abs());
    let first = nearest.map_or(0, |(place, _)| place.saturating_sub(count));
    let last = nearest.map_or(0, |(place, _)| place + count);
    strikes.into_iter().skip(first).take(last + 1 - first).collect()
}

/// The next expiries, in order. Weekly ones are left on one index of each exchange.
fn expiries(calendar: &Calendar, (exchange, name): (&str, &str), today: NaiveDate) -> Vec<ExpiryDay> {
    if exchange == "MCX" {
        return month_ends(today);
    }
    let weekday = if exchange == "BSE" { Weekday::Thu } else { Weekday::Tue };
    let weekly = matches!((exchange, name), ("NSE", "NIFTY") | ("BSE", "SENSEX"));
    let from = today.checked_sub_days(Days::new(7)).unwrap_or(today);
    let planned = from.iter_days().filter(|date| date.weekday() == weekday).take(WEEKS + 5 * MONTHS);
    let expiry = |date: NaiveDate| {
        let monthly = date.checked_add_days(Days::new(7)).is_none_or(|next| next.month() != date.month());
        let date = if calendar.is_trading_day(date) { date } else { calendar.previous_trading_day(date) };
        ExpiryDay { date, monthly }
    };
    let coming: Vec<_> = planned.map(expiry).filter(|expiry| expiry.date >= today).collect();
    let weeks = coming.iter().filter(|_| weekly).take(WEEKS);
    let months = coming.iter().filter(|expiry| expiry.monthly).take(MONTHS);
    let mut all: Vec<_> = weeks.chain(months).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Of commodities the symbols tell the month only, so the month's last day stands for it, as in
/// [`Contract::last_day`].
fn month_ends(today: NaiveDate) -> Vec<ExpiryDay> {
    let is_last = |date: &NaiveDate| date.succ_opt().is_none_or(|next| next.month() != date.month());
    let ends = today.iter_days().filter(is_last).take(MONTHS);
    ends.map(|date| ExpiryDay { date, monthly: true }).collect()
}

/// How a symbol writes an expiry: `26NOV` for the month's last, `26N17` for others.
fn code(expiry: ExpiryDay) -> String {
    let (date, month) = (expiry.date, expiry.date.month0());
    let letter = usize::try_from(month).ok().and_then(|month| MONTH_LETTERS.get(month)).copied();
    match letter {
        Some(letter) if !expiry.monthly => {
            format!("{}{}{:02}", date.format("%y"), char::from(letter), date.day())
        }
        _ => date.format("%y%b").to_string().to_uppercase(),
    }
}

/// Distance of strikes in INR.
fn step(name: &str, price: Decimal) -> Decimal {
    let index = INDEX_STEPS.iter().find(|(index, _)| *index == name).map(|(_, step)| *step);
    let share = || SHARE_STEPS.iter().find(|(below, _)| price < Decimal::from(*below)).map(|(_, step)| *step);
    Decimal::from(index.or_else(share).unwrap_or(DEAR_SHARE_STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn wanted(expiry: Option<&str>) -> Wanted {
        Wanted { count: 2, expiry: expiry.map(date), today: date("2026-11-17") }
    }

    #[test]
    fn commodities_have_options_on_their_futures() {
        assert_eq!(name_of("MCX:CRUDEOIL26DECFUT"), Some(("MCX", "CRUDEOIL")));
        assert_eq!(name_of("MCX:CRUDEOIL26DEC5600CE"), None, "an option has none");
        let calendar = Calendar::embedded();
        let oil = by_rule(&calendar, ("MCX", "CRUDEOIL"), Decimal::from(5_610), wanted(None)).unwrap();
        let dates: Vec<_> = oil.expiries.iter().map(|day| day.date.to_string()).collect();
        assert_eq!(dates, ["2026-11-30", "2026-12-31", "2027-01-31"]);
        assert_eq!(oil.strikes.len(), 5);
        for (strike, pair) in oil.strikes {
            let symbol = pair.call.unwrap();
            let option = Contract::of(&symbol).unwrap();
            assert_eq!((option.option.unwrap().0, option.underlying.as_str()), (strike, "CRUDEOIL"));
            assert_eq!(option.last_day(&calendar), Some(date("2026-11-30")));
        }
    }

    #[test]
    fn rule_based_symbols_say_their_own_expiry_and_strike() {
        let calendar = Calendar::embedded();
        let nifty = by_rule(&calendar, ("NSE", "NIFTY"), Decimal::from(26_012), wanted(None)).unwrap();
        let dates: Vec<_> = nifty.expiries.iter().map(|day| (day.date.to_string(), day.monthly)).collect();
        assert_eq!(dates[0], ("2026-11-17".to_owned(), false));
        assert_eq!(dates[1], ("2026-11-23".to_owned(), true), "the 24th is a holiday");
        assert_eq!(dates.iter().filter(|(_, monthly)| *monthly).count(), MONTHS);
        for day in &nifty.expiries {
            let asked = Wanted { expiry: Some(day.date), ..wanted(None) };
            let options = by_rule(&calendar, ("NSE", "NIFTY"), Decimal::from(26_012), asked).unwrap();
            assert_eq!(options.strikes.len(), 5);
            for (strike, pair) in &options.strikes {
                let contract = Contract::of(pair.call.as_ref().unwrap()).unwrap();
                assert_eq!(contract.last_day(&calendar), Some(day.date), "{contract:?}");
                assert_eq!(contract.option, Some((*strike, Right::Call)));
            }
        }
        assert_eq!(by_rule(&calendar, ("NSE", "NIFTY"), Decimal::ONE, wanted(Some("2026-11-19"))), None);
        let share = by_rule(&calendar, ("NSE", "SBIN"), Decimal::from(970), wanted(None)).unwrap();
        assert_eq!(share.expiries.len(), MONTHS, "no weekly options on shares");
    }

    #[test]
    fn listed_options_are_those_of_the_master() {
        let rows = ["25900CE", "25900PE", "26000CE", "26000PE", "26100CE", "26200CE", "26300CE"];
        let rows = rows.map(|end| (format!("NSE:NIFTY26N17{end}"), date("2026-11-17")));
        let later = [("NSE:NIFTY26DEC26000CE".to_owned(), date("2026-12-29"))];
        let asked = Wanted { count: 1, ..wanted(None) };
        let options = listed(rows.into_iter().chain(later), Decimal::from(26_012), asked).unwrap();
        assert_eq!(options.expiries.len(), 2);
        let strikes: Vec<_> = options.strikes.keys().map(ToString::to_string).collect();
        assert_eq!(strikes, ["25900", "26000", "26100"]);
        assert_eq!(options.strikes[&Decimal::from(26_100)].put, None);
    }

    #[test]
    fn an_underlying_is_the_one_its_options_name() {
        for symbol in
            ["NSE:NIFTY50-INDEX", "NSE:NIFTYBANK-INDEX", "BSE:SENSEX-INDEX", "NSE:M&M-EQ", "BSE:ACC-A"]
        {
            let (exchange, name) = name_of(symbol).unwrap();
            let option = Contract::of(&format!("{exchange}:{name}26DEC1000CE")).unwrap();
            assert_eq!(option.underlying_symbol().as_deref(), Some(symbol));
        }
    }
}
