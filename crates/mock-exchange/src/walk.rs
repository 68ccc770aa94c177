//! A made-up market: prices that are a function of seed, symbol and time, so that they need no memory and are the same in
//! every run and after every restart.
//!
//! It is one market: futures follow their underlying by the cost of carry, options are priced from the forward (Black-76,
//! so that put-call parity holds), candles are made of the same steps as the prices. Outside a symbol's sessions prices
//! stand still.

mod path;
mod references;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use rust_decimal::{
    Decimal, RoundingStrategy,
    prelude::{FromPrimitive, ToPrimitive},
};

use crate::{
    calendar::Calendar,
    sessions::{self, Session},
    symbol::{Contract, Kind, Right, segment_of},
};
use fyers_api::ist;
pub(crate) use path::STEP_SECONDS;
use path::{MILLION, Path};

/// Interest that futures carry and options are discounted with, a year.
const RATE: f64 = 0.065;
/// Yearly volatility of options on indices, and on everything else.
const VOLATILITY: (f64, f64) = (0.14, 0.28);
/// How many days back a session is looked for.
const LOOK_BACK: u64 = 12;
/// Days a year of option pricing.
const YEAR: f64 = 365.0;

/// A candle: prices in INR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// When it begins.
    pub at: DateTime<Utc>,
    /// First price.
    pub open: Decimal,
    /// Highest.
    pub high: Decimal,
    /// Lowest.
    pub low: Decimal,
    /// Last.
    pub close: Decimal,
    /// Shares.
    pub volume: i64,
}

/// A made-up market.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Walk {
    seed: u64,
    /// Real prices last seen, in INR, and when: the walk goes through them.
    anchors: BTreeMap<String, (Decimal, DateTime<Utc>)>,
}

impl Walk {
    /// The market of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, anchors: BTreeMap::new() }
    }

    /// A real price: from here on the symbol's walk goes through it.
    pub fn anchor(&mut self, symbol: &str, price: Decimal, at: DateTime<Utc>) {
        self.anchors.insert(symbol.to_owned(), (price, at));
    }

    /// The real price that the symbol's walk goes through, and when it was seen.
    pub(crate) fn anchor_of(&self, symbol: &str) -> Option<(Decimal, DateTime<Utc>)> {
        self.anchors.get(symbol).copied()
    }

    /// The price at this time in INR, on a multiple of `tick`; outside sessions the last one before.
    pub fn price(&self, calendar: &Calendar, symbol: &str, tick: Decimal, at: DateTime<Utc>) -> Decimal {
        self.at_step(calendar, symbol, tick, market_time(calendar, symbol, at))
    }

    fn at_step(&self, calendar: &Calendar, symbol: &str, tick: Decimal, at: DateTime<Utc>) -> Decimal {
        on_tick(self.raw(calendar, symbol, at), tick)
    }

    fn raw(&self, calendar: &Calendar, symbol: &str, at: DateTime<Utc>) -> Decimal {
        if let Some((price, since)) = self.anchors.get(symbol) {
            let (now, then) = (self.root(calendar, symbol, at), self.root(calendar, symbol, *since));
            return if then.is_zero() { *price } else { *price * now / then };
        }
        self.root(calendar, symbol, at)
    }

    /// The price without an anchor of its own: a contract's from its underlying.
    fn root(&self, calendar: &Calendar, symbol: &str, at: DateTime<Utc>) -> Decimal {
        let Some(contract) = Contract::of(symbol) else { return self.spot(symbol, at) };
        let spot = match contract.underlying_symbol() {
            Some(underlying) => self.raw(calendar, &underlying, at),
            None => self.spot(&format!("{}:{}", contract.exchange, contract.underlying), at),
        };
        let years = contract.last_day(calendar).map_or(0.0, |last| years_to(last, at));
        let forward = spot.to_f64().unwrap_or_default() * (1.0 + RATE * years);
        let volatility = if contract.is_on_index() { VOLATILITY.0 } else { VOLATILITY.1 };
        let value = match contract.option {
            Some((strike, right)) => {
                black_76(forward, strike.to_f64().unwrap_or_default(), years, volatility, right)
            }
            None => forward,
        };
        Decimal::from_f64(value).unwrap_or(spot)
    }

    fn spot(&self, symbol: &str, at: DateTime<Utc>) -> Decimal {
        let offset = Path::new(self.seed, symbol).offset(ist::date(at), step_of(at));
        references::price(symbol) * Decimal::new(MILLION + offset, 6)
    }

    /// Candles of so many seconds that begin in the range, in sessions only. The first of a day begins with its session.
    /// At most `most` of them, the newest.
    pub fn candles(
        &self,
        calendar: &Calendar,
        (symbol, tick): (&str, Decimal),
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        seconds: i64,
        most: usize,
    ) -> Vec<Candle> {
        let first = ist::date(from);
        let days = (0..).map_while(|day| first.checked_add_days(Days::new(day)));
        let days = days.take_while(|date| *date <= ist::date(to));
        let mut all = vec![];
        for date in days {
            let trading = sessions::sessions(calendar, segment_of(symbol), date);
            for session in trading.into_iter().filter(Session::is_continuous) {
                self.session_candles(calendar, (symbol, tick), &session, (seconds, to), &mut all);
            }
        }
        all.retain(|candle: &Candle| candle.at >= from && candle.at <= to);
        all.split_off(all.len().saturating_sub(most))
    }

    fn session_candles(
        &self,
        calendar: &Calendar,
        (symbol, tick): (&str, Decimal),
        session: &Session,
        (seconds, to): (i64, DateTime<Utc>),
        all: &mut Vec<Candle>,
    ) {
        let (end, step) = (session.close.min(to + TimeDelta::seconds(1)), TimeDelta::seconds(STEP_SECONDS));
        let mut at = session.open;
        while at < end {
            let close = (at + TimeDelta::seconds(seconds.max(STEP_SECONDS))).min(end);
            let times =
                std::iter::successors(Some(at), |time| Some(*time + step)).take_while(|time| *time < close);
            let steps: Vec<_> = times.collect();
            let prices = self.prices(calendar, symbol, tick, &steps);
            if let (Some(open), Some(last)) = (prices.first(), prices.last()) {
                let (high, low) = (prices.iter().max().unwrap_or(open), prices.iter().min().unwrap_or(open));
                let volume = steps.iter().map(|time| self.volume_of_step(symbol, *time)).sum();
                all.push(Candle { at, open: *open, high: *high, low: *low, close: *last, volume });
            }
            at = close;
        }
    }

    /// Prices at these times of one day.
    fn prices(&self, calendar: &Calendar, symbol: &str, tick: Decimal, at: &[DateTime<Utc>]) -> Vec<Decimal> {
        at.iter().map(|at| self.at_step(calendar, symbol, tick, *at)).collect()
    }

    /// Shares traded in a step of this time; none in an index.
    pub(crate) fn volume_of_step(&self, symbol: &str, at: DateTime<Utc>) -> i64 {
        if Kind::of(symbol) == Kind::Index {
            return 0;
        }
        Path::new(self.seed, symbol).volume(ist::date(at), step_of(at))
    }

    /// First, highest and lowest price, and volume, of the day up to this time, and the close of the day before.
    pub fn day(
        &self,
        calendar: &Calendar,
        symbol: &str,
        tick: Decimal,
        at: DateTime<Utc>,
    ) -> (Candle, Decimal) {
        let now = market_time(calendar, symbol, at);
        let date = ist::date(now);
        let midnight = ist::instant(date, ist::at(0, 0));
        let span = TimeDelta::days(1).num_seconds();
        let last = self.at_step(calendar, symbol, tick, now);
        let today = self.candles(calendar, (symbol, tick), (midnight, now), span, 1).pop();
        let flat = Candle { at: now, open: last, high: last, low: last, close: last, volume: 0 };
        let before = market_time(calendar, symbol, midnight);
        (today.unwrap_or(flat), self.at_step(calendar, symbol, tick, before))
    }
}

/// The instant whose price stands at this time: itself in a session, else the last step of the session before.
pub fn market_time(calendar: &Calendar, symbol: &str, at: DateTime<Utc>) -> DateTime<Utc> {
    let (segment, date) = (segment_of(symbol), ist::date(at));
    let days = (0..LOOK_BACK).filter_map(|back| date.checked_sub_days(Days::new(back)));
    let ended = days.flat_map(|date| {
        let today = sessions::sessions(calendar, segment, date).into_iter().rev();
        today.filter(|session| session.is_continuous() && session.open <= at)
    });
    let last = ended.into_iter().next();
    last.map_or(at, |session| at.min(session.close - TimeDelta::seconds(STEP_SECONDS)))
}

/// The price in INR around which a symbol's walk moves, a contract's underlying's for a contract.
pub fn reference(symbol: &str) -> Decimal {
    let underlying = Contract::of(symbol).and_then(|contract| contract.underlying_symbol());
    references::price(underlying.as_deref().unwrap_or(symbol))
}

pub(crate) fn step_of(at: DateTime<Utc>) -> i64 {
    let midnight = ist::instant(ist::date(at), ist::at(0, 0));
    (at - midnight).num_seconds() / STEP_SECONDS
}

/// Time left until the end of a contract's last day, in years.
fn years_to(last: NaiveDate, at: DateTime<Utc>) -> f64 {
    let left = ist::instant(last, ist::at(15, 30)) - at;
    left.num_seconds().max(0).to_f64().unwrap_or_default() / (YEAR * 86_400.0)
}

/// The value of an option on a forward, in INR.
fn black_76(forward: f64, strike: f64, years: f64, volatility: f64, right: Right) -> f64 {
    let discount = (-RATE * years).exp();
    let deviation = volatility * years.sqrt();
    let call = if deviation <= f64::EPSILON {
        discount * (forward - strike).max(0.0)
    } else {
        let d1 = ((forward / strike).ln() + deviation * deviation / 2.0) / deviation;
        discount * (forward * normal(d1) - strike * normal(d1 - deviation))
    };
    match right {
        Right::Call => call,
        Right::Put => call - discount * (forward - strike),
    }
    .max(0.0)
}

/// The cumulative normal distribution (Abramowitz and Stegun 26.2.17), good to seven digits.
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * poly;
    if x < 0.0 { tail } else { 1.0 - tail }
}

fn on_tick(price: Decimal, tick: Decimal) -> Decimal {
    let ticks = (price / tick).round_dp_with_strategy(0, RoundingStrategy::ToZero);
    ticks.max(Decimal::ONE) * tick
}

#[cfg(test)]
mod tests;
