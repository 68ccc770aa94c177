//! Prices of one symbol on one day, step after step. A candle looks at thousands of them, so what is the same for a
//! whole day is worked out once.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::{
    Decimal,
    prelude::{FromPrimitive, ToPrimitive},
};

use super::{
    candle::Candle,
    path::{DayPath, MILLION, Path, step_of},
    pricing::{Greeks, RATE, Terms, VOLATILITY, years_to},
    references,
};
use crate::{
    calendar::Calendar,
    symbol::{Contract, Kind, Right},
};

/// What all prices are made of.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) seed: u64,
    pub(super) anchors: &'a BTreeMap<String, (Decimal, DateTime<Utc>)>,
    pub(super) calendar: &'a Calendar,
}

/// Where the price comes from.
enum Source {
    /// A walk of its own around a reference price in INR.
    Spot { reference: Decimal, day: DayPath },
    /// The price of its underlying.
    Contract {
        underlying: Box<Steps>,
        last: Option<NaiveDate>,
        option: Option<(f64, Right)>,
        volatility: f64,
    },
}

/// Prices of one symbol on one day.
pub(super) struct Steps {
    source: Source,
    /// A real price in INR, and what the price without it was then.
    anchor: Option<(Decimal, Decimal)>,
    volume: Option<(Path, NaiveDate)>,
}

impl Steps {
    pub(super) fn of(from: Sources<'_>, symbol: &str, date: NaiveDate) -> Self {
        let anchor = from.anchors.get(symbol).map(|(price, since)| {
            let mut then = Self::plain(from, symbol, fyers_api::ist::date(*since));
            (*price, then.root(*since))
        });
        Self { anchor, ..Self::plain(from, symbol, date) }
    }

    /// Without an anchor of its own.
    fn plain(from: Sources<'_>, symbol: &str, date: NaiveDate) -> Self {
        let spot = |symbol: &str| Source::Spot {
            reference: references::price(symbol),
            day: Path::new(from.seed, symbol).day(date),
        };
        let source = match Contract::of(symbol) {
            None => spot(symbol),
            Some(contract) => {
                let underlying = match contract.underlying_symbol() {
                    Some(underlying) => Self::of(from, &underlying, date),
                    None => {
                        let source = spot(&format!("{}:{}", contract.exchange, contract.underlying));
                        Self { source, anchor: None, volume: None }
                    }
                };
                Source::Contract {
                    underlying: Box::new(underlying),
                    last: contract.last_day(from.calendar),
                    option: contract
                        .option
                        .map(|(strike, right)| (strike.to_f64().unwrap_or_default(), right)),
                    volatility: if contract.is_on_index() { VOLATILITY.0 } else { VOLATILITY.1 },
                }
            }
        };
        let volume = (Kind::of(symbol) != Kind::Index).then(|| (Path::new(from.seed, symbol), date));
        Self { source, anchor: None, volume }
    }

    /// The price at a time of the day in INR, not yet on a tick.
    pub(super) fn raw(&mut self, at: DateTime<Utc>) -> Decimal {
        match self.anchor {
            None => self.root(at),
            Some((price, then)) if then.is_zero() => price,
            Some((price, then)) => price * self.root(at) / then,
        }
    }

    fn root(&mut self, at: DateTime<Utc>) -> Decimal {
        match &mut self.source {
            Source::Spot { reference, day } => {
                *reference * Decimal::new(MILLION + day.offset(step_of(at)), 6)
            }
            Source::Contract { underlying, last, option, volatility } => {
                let spot = underlying.raw(at);
                let value = match terms(spot, (*last, *option, *volatility), at) {
                    (_, Some(terms)) => terms.value(),
                    (forward, None) => forward,
                };
                Decimal::from_f64(value).unwrap_or(spot)
            }
        }
    }

    /// The greeks of an option; `None` for anything else.
    pub(super) fn greeks(&mut self, at: DateTime<Utc>) -> Option<Greeks> {
        match &mut self.source {
            Source::Spot { .. } => None,
            Source::Contract { underlying, last, option, volatility } => {
                terms(underlying.raw(at), (*last, *option, *volatility), at).1.map(Greeks::of)
            }
        }
    }

    /// The candle of these times, which are in order; prices not yet on a tick.
    pub(super) fn candle(&mut self, times: impl Iterator<Item = DateTime<Utc>>) -> Option<Candle> {
        let mut candle: Option<Candle> = None;
        for at in times {
            let price = self.raw(at);
            let volume = self.volume(at);
            let new = Candle { at, open: price, high: price, low: price, close: price, volume: 0 };
            let one = candle.get_or_insert(new);
            (one.high, one.low, one.close) = (one.high.max(price), one.low.min(price), price);
            one.volume += volume;
        }
        candle
    }

    /// Shares traded from one time to another of the day, both included.
    pub(super) fn volume_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let of = |(path, date): (Path, NaiveDate)| {
            (step_of(from)..=step_of(to)).map(|step| path.volume(date, step)).sum()
        };
        self.volume.map_or(0, of)
    }

    /// Open contracts of a future or an option at a time of the day.
    pub(super) fn interest(&self, at: DateTime<Utc>) -> i64 {
        let is_contract = matches!(self.source, Source::Contract { .. });
        self.volume
            .filter(|_| is_contract)
            .map_or(0, |(path, date)| path.interest(&mut path.day(date), step_of(at)))
    }

    /// Shares traded in a step of this time; none in an index.
    fn volume(&self, at: DateTime<Utc>) -> i64 {
        self.volume.map_or(0, |(path, date)| path.volume(date, step_of(at)))
    }
}

/// The forward price, and of an option everything its price depends on.
fn terms(
    spot: Decimal,
    (last, option, volatility): (Option<NaiveDate>, Option<(f64, Right)>, f64),
    at: DateTime<Utc>,
) -> (f64, Option<Terms>) {
    let years = last.map_or(0.0, |last| years_to(last, at));
    let forward = spot.to_f64().unwrap_or_default() * (1.0 + RATE * years);
    (forward, option.map(|(strike, right)| Terms { forward, strike, years, volatility, right }))
}
