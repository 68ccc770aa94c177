//! Requests that only read.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    api::{gtt, history, quotes, responses as response},
    exchange::{
        MockExchange, Prices,
        parse::{bad_symbol, live_only, names},
    },
    record::Record,
};
use fyers_api::{
    error::ApiError,
    http::ApiRequest,
    operation::{Operation, parameter},
};

impl MockExchange {
    pub(super) fn read(
        &mut self,
        operation: Operation,
        call: &ApiRequest,
        (prices, now): (Prices, DateTime<Utc>),
        records: &mut Vec<Record>,
    ) -> Result<Value, ApiError> {
        let ask = |name: &str| parameter(&call.query, name);
        if prices == Prices::Walk && matches!(operation, Operation::Positions | Operation::Holdings) {
            let held = self.held();
            records.extend(self.wander(&held, now));
        }
        Ok(match operation {
            Operation::Profile => response::profile(),
            Operation::Funds => response::funds(&self.engine),
            Operation::Holdings => response::holdings(&self.engine),
            Operation::Positions => response::positions(&self.engine),
            Operation::Orders => {
                response::orders(&self.engine, ask("id").as_deref(), ask("order_tag").as_deref())?
            }
            Operation::Trades => response::trades(&self.engine, ask("order_tag").as_deref()),
            Operation::Gtts => gtt::rows(&self.engine),
            Operation::MarketStatus => response::market_status(&self.engine, now),
            Operation::History => self.history(call, prices, now)?,
            Operation::Quotes => {
                let symbols = names(call)?;
                if prices == Prices::Walk {
                    records.extend(self.wander(&symbols, now));
                }
                let element = |symbol: &String| match self.quoted(symbol, prices, now) {
                    Ok(quoted) => quotes::quote(&quoted),
                    Err(why) => quotes::unknown(symbol, &why.message),
                };
                quotes::quotes(&symbols.iter().map(element).collect::<Vec<_>>())
            }
            Operation::Depth => {
                let symbol = ask("symbol").ok_or_else(bad_symbol)?;
                quotes::depth(&self.engine, &self.quoted(&symbol, prices, now)?)
            }
            _ => return Err(live_only()),
        })
    }

    pub(super) fn history(
        &self,
        call: &ApiRequest,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> Result<Value, ApiError> {
        let range = history::range(&call.query, now)?;
        self.engine.known(&range.symbol, None).map_err(|_| bad_symbol())?;
        if prices != Prices::Walk {
            return Ok(history::none());
        }
        let symbol = (range.symbol.as_str(), self.tick_size(&range.symbol));
        let span = (range.from, range.to.min(now));
        let candles = self.walk.candles(self.engine.calendar(), symbol, span, range.seconds, history::MOST);
        Ok(history::candles(&candles))
    }
}
