//! Prices as the exchange sees them: real ones that are told, remembered ones and made-up ones, and which of them counts.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::{
    api::quotes::Quoted,
    command::Command,
    exchange::{MockExchange, Prices, parse::bad_symbol},
    instrument::FALLBACK_TICK,
    market::DayPrices,
    price::{PriceOrigin, PriceUpdate},
    record::Record,
    walk, words,
};
use fyers_api::{error::ApiError, model::Product};

/// How old a real price may be for a fill while FYERS can be asked.
const FRESH: TimeDelta = TimeDelta::seconds(5);

impl MockExchange {
    /// Symbols whose price matters without anybody asking: orders wait for it, or an INTRADAY position will be squared
    /// off at it, or a contract that ends soon will be settled at it.
    pub fn waited_for(&self) -> Vec<String> {
        let ledger = self.engine.ledger();
        let intraday = ledger.accounts.values().filter(|account| account.net != 0);
        let intraday =
            intraday.filter(|account| account.product == Product::Intraday).map(|account| &account.symbol);
        let all: BTreeSet<&String> =
            ledger.open.keys().chain(ledger.gtts_waiting.keys()).chain(intraday).collect();
        all.into_iter().cloned().collect()
    }

    /// Symbols with a position or a holding.
    pub fn held(&self) -> Vec<String> {
        let ledger = self.engine.ledger();
        let open = ledger.accounts.values().filter(|account| account.net != 0);
        let all: BTreeSet<&String> =
            open.map(|account| &account.symbol).chain(ledger.holdings.keys()).collect();
        all.into_iter().cloned().collect()
    }

    /// A real price: fills what waits for it, and made-up prices go on from it.
    pub fn observe(&mut self, symbol: &str, price: Decimal, now: DateTime<Utc>) -> Vec<Record> {
        self.observe_all([(symbol.to_owned(), price)], now)
    }

    /// Real last prices of one answer: all of them are known before the clock or an order does something with one.
    pub fn observe_all(
        &mut self,
        prices: impl IntoIterator<Item = (String, Decimal)>,
        now: DateTime<Utc>,
    ) -> Vec<Record> {
        self.observe_quotes(
            prices.into_iter().map(|(symbol, price)| PriceUpdate::last(symbol, price, now)).collect(),
        )
    }

    /// Real prices with what is known of bid and ask, as of one moment.
    pub fn observe_quotes(&mut self, prices: Vec<PriceUpdate>) -> Vec<Record> {
        let prices: Vec<_> = prices.into_iter().filter(|price| price.ltp > Decimal::ZERO).collect();
        let Some(now) = prices.iter().map(|price| price.at).max() else { return vec![] };
        for price in &prices {
            self.walk.anchor(&price.symbol, price.ltp, price.at);
            self.engine.observe(price);
        }
        let mut records = self.tick(now);
        for price in prices {
            records.extend(self.quote(price));
        }
        records
    }

    /// A real price from before a restart or an earlier session: it fills nothing by itself, and newer ones stay.
    pub fn remember(&mut self, price: &PriceUpdate) {
        let price = PriceUpdate { origin: PriceOrigin::Last, ..price.clone() };
        self.walk.anchor(&price.symbol, price.ltp, price.at);
        self.engine.observe(&price);
    }

    /// Real prices, for a caller that keeps them and gives them back to [`Self::remember`] after a restart.
    pub fn real_prices(&self) -> impl Iterator<Item = &PriceUpdate> {
        self.engine.market().prices().filter(|price| price.origin != PriceOrigin::Walk)
    }

    /// The price step in INR; for a symbol of which no real price is known, by where its walk begins.
    pub(super) fn tick_size(&self, symbol: &str) -> Decimal {
        let found = self.engine.known(symbol, Some(walk::reference(symbol)));
        found.map_or(FALLBACK_TICK, |one| one.tick)
    }

    /// A made-up price for now.
    pub(super) fn made_up(&self, symbol: &str, now: DateTime<Utc>) -> PriceUpdate {
        let price = self.walk.price(self.engine.calendar(), symbol, self.tick_size(symbol), now);
        PriceUpdate::walk(symbol, price, now)
    }

    /// Lets made-up prices of these symbols move, and fills what waits for them.
    pub fn wander(&mut self, symbols: &[String], now: DateTime<Utc>) -> Vec<Record> {
        let known = symbols.iter().filter(|symbol| self.engine.known(symbol, None).is_ok());
        let prices: Vec<_> = known.map(|symbol| self.made_up(symbol, now)).collect();
        prices.iter().for_each(|price| self.engine.observe(price));
        let mut records = self.tick(now);
        for price in prices {
            records.extend(self.quote(price));
        }
        records
    }

    pub(super) fn quote(&mut self, price: PriceUpdate) -> Vec<Record> {
        let (symbol, at) = (price.symbol.clone(), price.at);
        let mut records = self.engine.execute(&Command::Quote(price)).unwrap_or_default();
        for id in self.engine.gtts_due(&symbol) {
            records.extend(self.engine.execute(&Command::TriggerGtt { id, at }).unwrap_or_default());
        }
        records
    }

    /// The price of a symbol in INR by the policy; `None` while none is known.
    pub fn price(&self, symbol: &str, prices: Prices, now: DateTime<Utc>) -> Option<Decimal> {
        self.quoted(symbol, prices, now).ok().map(|quoted| quoted.price.ltp)
    }

    /// Prices of these symbols by the policy.
    ///
    /// # Errors
    /// -99 when one must be fresh and is not.
    pub(super) fn prepare(
        &mut self,
        symbols: &[String],
        prices: Prices,
        now: DateTime<Utc>,
        records: &mut Vec<Record>,
    ) -> Result<(), ApiError> {
        match prices {
            Prices::Walk => records.extend(self.wander(symbols, now)),
            Prices::Last => {}
            Prices::Live => {
                let fresh = |symbol: &&String| {
                    let top = self.engine.market().top(symbol);
                    top.is_some_and(|top| top.origin == PriceOrigin::Live && now - top.at <= FRESH)
                };
                // An unknown symbol is refused as such, and a closed market as closed.
                let matters = |symbol: &&String| {
                    self.engine.instrument(symbol, None).is_ok() && self.engine.takes_orders(symbol, now)
                };
                if let Some(stale) = symbols.iter().filter(matters).find(|symbol| !fresh(symbol)) {
                    return Err(words::no_fresh_price(stale));
                }
            }
        }
        Ok(())
    }

    pub(super) fn quoted(
        &self,
        symbol: &str,
        prices: Prices,
        now: DateTime<Utc>,
    ) -> Result<Quoted, ApiError> {
        self.engine.known(symbol, None).map_err(|_| bad_symbol())?;
        if prices == Prices::Walk {
            let (calendar, tick) = (self.engine.calendar(), self.tick_size(symbol));
            let (today, previous) = self.walk.day(calendar, symbol, tick, now);
            let day = DayPrices { open: today.open, high: today.high, low: today.low, previous };
            let at = walk::market_time(calendar, symbol, now);
            let price = PriceUpdate { at, ..self.made_up(symbol, now) };
            return Ok(Quoted { price, day, volume: today.volume });
        }
        let market = self.engine.market();
        let known = market.top(symbol).filter(|top| top.origin != PriceOrigin::Walk).zip(market.day(symbol));
        let (price, day) = known.ok_or_else(|| ApiError::new(-300, "No price of it has been seen"))?;
        Ok(Quoted { price: price.clone(), day, volume: 0 })
    }
}
