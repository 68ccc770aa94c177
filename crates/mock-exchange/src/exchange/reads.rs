//! Requests that only read.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    api::{feed, gtt, quotes, responses as response},
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
            Operation::Chain => self.chain(call, prices, now)?,
            Operation::Margin => {
                self.prepare(&Self::priced_by_margin(call), prices, now, records)?;
                self.margin(call)?
            }
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
            Operation::SymbolToken => {
                let symbols = names(call)?;
                feed::symbol_tokens(&symbols, |symbol| self.engine.known(symbol, None).is_ok())
            }
            Operation::Depth => {
                let symbol = ask("symbol").ok_or_else(bad_symbol)?;
                quotes::depth(&self.engine, &self.quoted(&symbol, prices, now)?)
            }
            _ => return Err(live_only()),
        })
    }
}
