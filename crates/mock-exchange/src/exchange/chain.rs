//! Option chains: made up where prices are, otherwise what is known of real prices.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    api::chain::{self as api, Chain, ChainRequest, OptionRow, Priced},
    contracts::{self, Options, Pair, Wanted},
    exchange::{MockExchange, Prices},
    price::PriceOrigin,
};
use fyers_api::{error::ApiError, http::ApiRequest, ist, model::Side};

const VIX: &str = "NSE:INDIAVIX-INDEX";

impl MockExchange {
    /// The answer to a chain call.
    pub(super) fn chain(
        &self,
        call: &ApiRequest,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> Result<Value, ApiError> {
        let wanted = api::read(&call.query)?;
        let bad_symbol = || ApiError::new(-300, "Invalid symbol provided");
        self.engine.known(&wanted.symbol, None).map_err(|_| bad_symbol())?;
        let name = contracts::name_of(&wanted.symbol).ok_or_else(bad_symbol)?;
        let unknown = || ApiError::new(-300, format!("No price of {} has been seen", wanted.symbol));
        let underlying = self.priced_row(&wanted.symbol, prices, now).ok_or_else(unknown)?;
        let options = self.options(name, &underlying, &wanted, now).ok_or_else(ApiError::invalid_input)?;
        let pairs = options.strikes.iter().flat_map(|(strike, pair)| sides(*strike, pair));
        let rows: Vec<_> =
            pairs.filter_map(|side| self.option_row(side, wanted.greeks, prices, now)).collect();
        let future = format!("{}:{}{}FUT", name.0, name.1, month(&options));
        Ok(api::answer(&Chain {
            remark: self.remark(&wanted, &options, rows.len(), prices),
            future: self.priced_row(&future, prices, now),
            vix: self.priced_row(VIX, prices, now),
            expiries: options.expiries,
            underlying,
            rows,
        }))
    }

    fn options(
        &self,
        name: (&str, &str),
        underlying: &Priced,
        wanted: &ChainRequest,
        now: DateTime<Utc>,
    ) -> Option<Options> {
        let asked = Wanted { count: wanted.strikes, expiry: wanted.expiry, today: ist::date(now) };
        match self.engine.instruments.options_on(name.0, name.1) {
            Some(listed) => contracts::listed(listed.into_iter(), underlying.ltp, asked),
            None => contracts::by_rule(self.engine.calendar(), name, underlying.ltp, asked),
        }
    }

    /// What a person should know of the chain; nothing when it is all there by the symbol master.
    fn remark(&self, wanted: &ChainRequest, options: &Options, rows: usize, prices: Prices) -> String {
        let mut remarks = vec![];
        if options.assumed {
            remarks.push("expiries and strikes are assumed, no symbol master is loaded".to_owned());
        }
        if prices != Prices::Walk {
            let seen = self.engine.market().top(&wanted.symbol).map(|top| api::moment(top.at));
            remarks.push(format!(
                "{rows} of {} options have a price that was seen, prices stand still since {}",
                2 * options.strikes.len(),
                seen.unwrap_or_default()
            ));
        }
        remarks.join("; ")
    }

    fn option_row(
        &self,
        (symbol, right, strike): (&str, &'static str, Decimal),
        greeks: bool,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> Option<OptionRow> {
        let priced = self.priced_row(symbol, prices, now)?;
        let (calendar, made_up) = (self.engine.calendar(), prices == Prices::Walk);
        let (volume, interest) = if made_up {
            (self.walk.volume(calendar, symbol, now), self.walk.interest(calendar, symbol, now))
        } else {
            (0, (0, 0))
        };
        let greeks = (made_up && greeks).then(|| self.walk.greeks(calendar, symbol, now)).flatten();
        Some(OptionRow { priced, right, strike, interest, volume, greeks })
    }

    /// The price of a symbol by the policy, with the close before it; `None` while none is known.
    fn priced_row(&self, symbol: &str, prices: Prices, now: DateTime<Utc>) -> Option<Priced> {
        let symbol = symbol.to_owned();
        if prices == Prices::Walk {
            self.engine.known(&symbol, None).ok()?;
            let (calendar, tick) = (self.engine.calendar(), self.tick_size(&symbol));
            let ltp = self.walk.price(calendar, &symbol, tick, now);
            let previous = self.walk.close_before(calendar, &symbol, tick, now);
            return Some(Priced { symbol, ltp, bid: ltp, ask: ltp, previous });
        }
        let market = self.engine.market();
        let top = market.top(&symbol).filter(|top| top.origin != PriceOrigin::Walk)?;
        let previous = market.day(&symbol).map_or(top.ltp, |day| day.previous);
        let (bid, ask) = (top.touch(Side::Sell), top.touch(Side::Buy));
        Some(Priced { symbol, ltp: top.ltp, bid, ask, previous })
    }
}

fn sides(strike: Decimal, pair: &Pair) -> impl Iterator<Item = (&str, &'static str, Decimal)> {
    let call = pair.call.as_deref().map(|symbol| (symbol, "CE", strike));
    let put = pair.put.as_deref().map(|symbol| (symbol, "PE", strike));
    call.into_iter().chain(put)
}

/// The month of the nearest future, as symbols write it.
fn month(options: &Options) -> String {
    let nearest = options.expiries.iter().find(|day| day.monthly).or(options.expiries.last());
    nearest.map_or_else(String::new, |day| day.date.format("%y%b").to_string().to_uppercase())
}
