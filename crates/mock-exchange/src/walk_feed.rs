//! A stream of made-up prices. A price is a function of symbol and time, but the day's highest and lowest price and its
//! volume are sums over the day: what is known of a symbol is kept and grows step by step, and agrees with the candles.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::ist;
use rust_decimal::Decimal;

use crate::{
    api::quotes::Quoted,
    calendar::Calendar,
    market::DayPrices,
    price::PriceUpdate,
    walk::{STEP_SECONDS, Walk, market_time, step_of},
};

/// After a longer gap the day is counted anew.
const MOST_MISSED: i64 = 24;

/// Where a symbol stands.
#[derive(Debug, Clone)]
struct Known {
    date: NaiveDate,
    step: i64,
    tick: Decimal,
    anchor: Option<(Decimal, DateTime<Utc>)>,
    quoted: Quoted,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct WalkFeed {
    known: HashMap<String, Known>,
}

/// The market that prices are made of, at one moment.
#[derive(Debug, Clone)]
pub struct WalkSource {
    /// The walk with the real prices it goes through.
    pub walk: Walk,
    /// When there are sessions.
    pub calendar: Arc<Calendar>,
}

impl WalkFeed {
    /// The price of a symbol now, with its day.
    pub fn quote(&mut self, source: &WalkSource, symbol: &str, tick: Decimal, now: DateTime<Utc>) -> Quoted {
        let at = market_time(&source.calendar, symbol, now);
        let (date, step) = (ist::date(at), step_of(at));
        let anchor = source.walk.anchor_of(symbol);
        let same = |known: &&Known| known.date == date && known.tick == tick && known.anchor == anchor;
        let known = self.known.get(symbol).filter(same);
        let quoted = match known.map(|known| (known, step - known.step)) {
            Some((known, 0)) => return known.quoted.clone(),
            Some((known, missed)) if (1..=MOST_MISSED).contains(&missed) => {
                source.grow(known.quoted.clone(), (symbol, tick), known.step, step)
            }
            _ => source.whole(symbol, tick, at),
        };
        self.known.insert(symbol.to_owned(), Known { date, step, tick, anchor, quoted: quoted.clone() });
        quoted
    }

    /// Forgets what is no longer followed.
    pub fn keep(&mut self, is_followed: impl Fn(&str) -> bool) {
        self.known.retain(|symbol, _| is_followed(symbol));
    }
}

impl WalkSource {
    fn whole(&self, symbol: &str, tick: Decimal, at: DateTime<Utc>) -> Quoted {
        let (today, previous) = self.walk.day(&self.calendar, symbol, tick, at);
        let day = DayPrices { open: today.open, high: today.high, low: today.low, previous };
        let price = self.walk.price(&self.calendar, symbol, tick, at);
        Quoted { price: PriceUpdate::walk(symbol, price, at), day, volume: today.volume }
    }

    /// The day with the steps after one and up to another.
    fn grow(&self, mut quoted: Quoted, (symbol, tick): (&str, Decimal), from: i64, to: i64) -> Quoted {
        let midnight = ist::instant(ist::date(quoted.price.at), ist::at(0, 0));
        for step in from + 1..=to {
            let at = midnight + TimeDelta::seconds(step * STEP_SECONDS);
            let price = self.walk.price(&self.calendar, symbol, tick, at);
            let day = &mut quoted.day;
            (day.high, day.low) = (day.high.max(price), day.low.min(price));
            quoted.volume += self.walk.volume_of_step(&self.calendar, symbol, at);
            quoted.price = PriceUpdate::walk(symbol, price, at);
        }
        quoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_agrees_with_the_day_counted_anew() {
        let source = WalkSource { walk: Walk::new(7), calendar: Arc::new(Calendar::embedded()) };
        let tick = Decimal::new(5, 2);
        let open: DateTime<Utc> = "2026-11-23T03:45:00Z".parse().unwrap();
        for symbol in ["NSE:SBIN-EQ", "NSE:NIFTY26NOVFUT"] {
            let mut feed = WalkFeed::default();
            for seconds in [0, 1, 5, 11, 12, 40, 900, 903, 905] {
                let now = open + TimeDelta::seconds(seconds);
                let streamed = feed.quote(&source, symbol, tick, now);
                let counted = WalkFeed::default().quote(&source, symbol, tick, now);
                assert_eq!(
                    (streamed.day, streamed.volume),
                    (counted.day, counted.volume),
                    "{symbol} {seconds}"
                );
                assert_eq!(streamed.price.ltp, counted.price.ltp, "{symbol} {seconds}");
            }
        }
    }
}
