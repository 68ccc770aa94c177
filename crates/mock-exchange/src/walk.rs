//! A made-up market: prices that are a function of seed, symbol and time, so that they need no memory and are the same in
//! every run and after every restart.
//!
//! It is one market: futures follow their underlying by the cost of carry, options are priced from the forward (Black-76,
//! so that put-call parity holds), candles are made of the same steps as the prices. Outside a symbol's sessions prices
//! stand still.

mod candle;
mod path;
mod pricing;
mod references;
mod steps;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::{
    calendar::Calendar,
    sessions::{self, Session},
    symbol::{Contract, segment_of},
};
pub use candle::Candle;
use candle::on_tick;
use fyers_api::ist;
pub(crate) use path::{STEP_SECONDS, step_of};
pub use pricing::Greeks;
use steps::{Sources, Steps};

/// How many days back a session is looked for.
const LOOK_BACK: u64 = 12;
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
        self.at(calendar, symbol, tick, market_time(calendar, symbol, at))
    }

    fn at(&self, calendar: &Calendar, symbol: &str, tick: Decimal, at: DateTime<Utc>) -> Decimal {
        on_tick(self.steps(calendar, symbol, ist::date(at)).raw(at), tick)
    }

    /// Prices of a symbol on one day, step after step.
    fn steps(&self, calendar: &Calendar, symbol: &str, date: NaiveDate) -> Steps {
        Steps::of(Sources { seed: self.seed, anchors: &self.anchors, calendar }, symbol, date)
    }

    /// The greeks of an option at this time; `None` for anything else.
    pub fn greeks(&self, calendar: &Calendar, symbol: &str, at: DateTime<Utc>) -> Option<Greeks> {
        let at = market_time(calendar, symbol, at);
        self.steps(calendar, symbol, ist::date(at)).greeks(at)
    }

    /// Candles of so many seconds that begin in the range, in sessions only. The first of a day begins with its session.
    pub fn candles(
        &self,
        calendar: &Calendar,
        (symbol, tick): (&str, Decimal),
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        seconds: i64,
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
        all
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
        let mut prices = self.steps(calendar, symbol, ist::date(session.open));
        let mut at = session.open;
        while at < end {
            let close = (at + TimeDelta::seconds(seconds.max(STEP_SECONDS))).min(end);
            let times =
                std::iter::successors(Some(at), |time| Some(*time + step)).take_while(|time| *time < close);
            all.extend(prices.candle(times).map(|candle| candle.on_ticks(tick)));
            at = close;
        }
    }

    /// The close of the day before this time's, in INR.
    pub fn close_before(
        &self,
        calendar: &Calendar,
        symbol: &str,
        tick: Decimal,
        at: DateTime<Utc>,
    ) -> Decimal {
        let today = ist::date(market_time(calendar, symbol, at));
        let before = market_time(calendar, symbol, ist::instant(today, ist::at(0, 0)));
        self.at(calendar, symbol, tick, before)
    }

    /// Shares or contracts traded on this time's day until then.
    pub fn volume(&self, calendar: &Calendar, symbol: &str, at: DateTime<Utc>) -> i64 {
        let now = market_time(calendar, symbol, at);
        let today = sessions::sessions(calendar, segment_of(symbol), ist::date(now));
        let open = today.iter().find(|session| session.is_continuous()).map_or(now, |session| session.open);
        self.steps(calendar, symbol, ist::date(now)).volume_between(open, now)
    }

    /// Shares or contracts traded in the step of this time.
    pub(crate) fn volume_of_step(&self, calendar: &Calendar, symbol: &str, at: DateTime<Utc>) -> i64 {
        self.steps(calendar, symbol, ist::date(at)).volume_between(at, at)
    }

    /// Contracts open now and at the close before; none of what is no contract.
    pub fn interest(&self, calendar: &Calendar, symbol: &str, at: DateTime<Utc>) -> (i64, i64) {
        let now = market_time(calendar, symbol, at);
        let before = market_time(calendar, symbol, ist::instant(ist::date(now), ist::at(0, 0)));
        let of = |at: DateTime<Utc>| self.steps(calendar, symbol, ist::date(at)).interest(at);
        (of(now), of(before))
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
        let last = self.at(calendar, symbol, tick, now);
        let today = self.candles(calendar, (symbol, tick), (midnight, now), span).pop();
        let flat = Candle { at: now, open: last, high: last, low: last, close: last, volume: 0 };
        (today.unwrap_or(flat), self.close_before(calendar, symbol, tick, now))
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

#[cfg(test)]
mod tests;
