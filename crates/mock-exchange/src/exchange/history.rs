//! History calls: candles of the made-up market.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value;

use crate::{
    api::history::{self as api, Range, Resolution},
    exchange::{MockExchange, Prices},
    kept::KeptCandles,
    symbol::Contract,
    walk::Candle,
    words,
};
use fyers_api::{error::ApiError, http::ApiRequest, ist};

/// Seconds of a day.
const DAY: i64 = 86_400;

impl MockExchange {
    /// The answer to a history call.
    pub(super) fn history(
        &self,
        call: &ApiRequest,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> Result<Value, ApiError> {
        let range = api::range(&call.query, now)?;
        let bad_symbol = |_| ApiError::new(-300, "Invalid symbol provided");
        self.engine.known(&range.symbol, None).map_err(bad_symbol)?;
        if prices != Prices::Walk {
            return Ok(self.kept.answer(&call.query, &range));
        }
        let candles = self.candles(&range, now)?;
        let interest = |candle: &Candle, symbol: &str| {
            range.interest.then(|| self.walk.interest(self.engine.calendar(), symbol, candle.at).0)
        };
        let rows: Vec<_> =
            candles.into_iter().map(|(candle, symbol)| (candle, interest(&candle, &symbol))).collect();
        Ok(api::candles(&rows))
    }

    /// Takes in candles of FYERS'; the place of the series that changed, if one did.
    pub fn learn_candles(&mut self, query: &str, answer: &Value, now: DateTime<Utc>) -> Option<usize> {
        self.kept.learn(query, answer, now)
    }

    /// The candles of FYERS' that are kept.
    pub fn kept_candles(&self) -> &KeptCandles {
        &self.kept
    }

    /// Gives back candles from before a restart, or from the exchange that this one takes the place of.
    pub fn keep_candles(&mut self, kept: KeptCandles) {
        self.kept = kept;
    }

    /// Candles with the symbol they are of, day by day.
    fn candles(&self, range: &Range, now: DateTime<Utc>) -> Result<Vec<(Candle, String)>, ApiError> {
        let last = ist::date(range.to.min(now));
        let days = ist::date(range.from).iter_days().take_while(|date| *date <= last);
        let mut all: Vec<(Candle, String)> = vec![];
        for date in days {
            let symbol = if range.continuous { self.nearest(&range.symbol, date) } else { None };
            let symbol = symbol.unwrap_or_else(|| range.symbol.clone());
            for candle in self.candles_of_day(range, &symbol, date, now) {
                match all.last_mut().filter(|(last, _)| last.at == candle.at) {
                    Some((last, _)) => *last = last.and(candle),
                    None => all.push((candle, symbol.clone())),
                }
            }
            if all.len() > api::MOST {
                let why = format!("the range has more than {} candles", api::MOST);
                return Err(words::not_taken("range_from", &why));
            }
        }
        Ok(all)
    }

    fn candles_of_day(
        &self,
        range: &Range,
        symbol: &str,
        date: NaiveDate,
        now: DateTime<Utc>,
    ) -> Vec<Candle> {
        let (calendar, tick) = (self.engine.calendar(), self.tick_size(symbol));
        let midnight = ist::instant(date, ist::at(0, 0));
        let end = (midnight + Days::new(1) - chrono::TimeDelta::seconds(1)).min(now);
        match range.resolution {
            Resolution::Seconds(seconds) => {
                let span = (range.from.max(midnight), range.to.min(end));
                self.walk.candles(calendar, (symbol, tick), span, seconds)
            }
            days => {
                let sessions = self.walk.candles(calendar, (symbol, tick), (midnight, end), DAY);
                let whole = sessions.into_iter().reduce(Candle::and);
                whole.map(|candle| Candle { at: days.epoch(date), ..candle }).into_iter().collect()
            }
        }
    }

    /// The future of the same underlying that was the nearest one on this date, if it was an earlier one.
    fn nearest(&self, symbol: &str, date: NaiveDate) -> Option<String> {
        let asked = Contract::of(symbol).filter(|contract| contract.option.is_none())?;
        let calendar = self.engine.calendar();
        let months = (0..2).map(|later| date + chrono::Months::new(later));
        let name = |month: NaiveDate| {
            let code = month.format("%y%b").to_string().to_uppercase();
            format!("{}:{}{code}FUT", asked.exchange, asked.underlying)
        };
        let last_day =
            |symbol: &String| Contract::of(symbol).and_then(|contract| contract.last_day(calendar));
        let nearest = months.map(name).find(|symbol| last_day(symbol).is_some_and(|last| last >= date))?;
        (last_day(&nearest) < asked.last_day(calendar)).then_some(nearest)
    }
}
