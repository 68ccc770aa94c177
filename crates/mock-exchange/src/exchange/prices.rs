//! Prices as the exchange sees them: real ones that are told, remembered ones and made-up ones, and which of them counts.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::{
    api::quotes::Quoted,
    close,
    command::Command,
    exchange::{MockExchange, Prices, parse::bad_symbol},
    instrument::FALLBACK_TICK,
    kept_price::KeptPrice,
    market::DayPrices,
    price::{PriceOrigin, PriceUpdate},
    record::Record,
    symbol::Contract,
    walk, words,
};
use fyers_api::{error::ApiError, ist, model::Product};

/// How old a real price may be for a fill while FYERS can be asked.
const FRESH: TimeDelta = TimeDelta::seconds(5);

impl MockExchange {
    /// Symbols whose price matters without anybody asking: orders wait for it, or an INTRADAY position will be squared
    /// off at it, or a contract that ends soon will be settled at it.
    pub fn waited_for(&self, now: DateTime<Utc>) -> Vec<String> {
        let ledger = self.engine.ledger();
        let open = || ledger.accounts.values().filter(|account| account.net != 0);
        let intraday = open().filter(|account| account.product == Product::Intraday);
        let ending = open().filter(|account| self.ends_by(&account.symbol, now));
        let settled_by = ending.filter_map(|account| Contract::of(&account.symbol)?.underlying_symbol());
        let waiting = ledger.open.keys().chain(ledger.gtts_waiting.keys());
        let all: BTreeSet<String> =
            waiting.chain(intraday.map(|account| &account.symbol)).cloned().chain(settled_by).collect();
        all.into_iter().collect()
    }

    fn ends_by(&self, symbol: &str, now: DateTime<Utc>) -> bool {
        close::last_day(&self.engine, symbol).is_some_and(|last| last <= ist::date(now))
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

    /// Real last prices as of one moment: all of them are known before the clock or an order does something with one.
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
        // Yesterday ends at yesterday's prices.
        let mut records = self.open_day(now);
        for price in &prices {
            self.walk.anchor(&price.symbol, price.ltp, price.at);
            self.engine.observe(price);
            let kept = self.engine.market().kept_of(&price.symbol);
            self.unsaved.extend(kept.map(|kept| (kept.symbol.clone(), kept)));
        }
        records.extend(self.tick(now, Prices::Live));
        for price in prices {
            records.extend(self.quote(price));
        }
        records
    }

    /// Last prices that FYERS told beside something else, as in its positions. Nobody says how old they are, so that they
    /// fill nothing; and what was quoted a moment ago is known better.
    pub fn note_last(
        &mut self,
        prices: impl IntoIterator<Item = (String, Decimal)>,
        now: DateTime<Utc>,
    ) -> Vec<Record> {
        // Yesterday ends at yesterday's prices.
        let records = self.open_day(now);
        for (symbol, ltp) in prices {
            if ltp <= Decimal::ZERO || self.is_fresh(&symbol, now) {
                continue;
            }
            self.walk.anchor(&symbol, ltp, now);
            let origin = PriceOrigin::Last;
            self.engine.observe(&PriceUpdate { origin, ..PriceUpdate::last(symbol.clone(), ltp, now) });
            let kept = self.engine.market().kept_of(&symbol);
            self.unsaved.extend(kept.map(|kept| (kept.symbol.clone(), kept)));
        }
        records
    }

    /// A real price from before a restart or an earlier session: it fills nothing by itself, and newer ones stay.
    pub fn remember(&mut self, price: &KeptPrice) {
        self.walk.anchor(&price.symbol, price.last, price.at);
        self.engine.restore_price(price);
    }

    /// Real prices that were seen since the last call, for a caller that keeps them on disk and gives them back to
    /// [`Self::remember`] after a restart.
    pub fn take_unsaved_prices(&mut self) -> Vec<KeptPrice> {
        std::mem::take(&mut self.unsaved).into_values().collect()
    }

    /// These prices could not be kept: they are told again, unless newer ones were seen.
    pub fn keep_unsaved_prices(&mut self, prices: Vec<KeptPrice>) {
        for price in prices {
            let known = self.unsaved.get(&price.symbol);
            if known.is_none_or(|known| known.at < price.at) {
                self.unsaved.insert(price.symbol.clone(), price);
            }
        }
    }

    /// Made-up prices are gone: from now on only real ones count.
    pub fn forget_made_up_prices(&mut self) {
        self.engine.forget_made_up_prices();
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
        let mut records = self.tick(now, Prices::Walk);
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
        if prices == Prices::Walk {
            // Without the day's high, low and volume, which thousands of steps are looked at for.
            return self.engine.known(symbol, None).ok().map(|_| self.made_up(symbol, now).ltp);
        }
        self.quoted(symbol, prices, now).ok().map(|quoted| quoted.price.ltp)
    }

    /// Prices of these symbols by the policy.
    ///
    /// # Errors
    /// -99 when one must be fresh or real and is not.
    pub(super) fn prepare(
        &mut self,
        symbols: &[String],
        prices: Prices,
        now: DateTime<Utc>,
        records: &mut Vec<Record>,
    ) -> Result<(), ApiError> {
        match prices {
            Prices::Walk => records.extend(self.wander(symbols, now)),
            // Without any price a market order is refused by the engine, and a limit waits for one.
            Prices::Last => {
                let is_made_up = |symbol: &&String| {
                    let top = self.engine.market().top(symbol);
                    top.is_some_and(|top| top.origin == PriceOrigin::Walk)
                };
                if let Some(unseen) = symbols.iter().find(is_made_up) {
                    return Err(words::no_known_price(unseen));
                }
            }
            Prices::Live => {
                if let Some(stale) = symbols
                    .iter()
                    .find(|symbol| self.is_price_needed(symbol, now) && !self.is_fresh(symbol, now))
                {
                    return Err(words::no_fresh_price(stale));
                }
            }
        }
        Ok(())
    }

    /// An unknown symbol is refused as such, and a closed market as closed.
    fn is_price_needed(&self, symbol: &str, now: DateTime<Utc>) -> bool {
        self.engine.instrument(symbol, None).is_ok() && self.engine.takes_orders(symbol, now)
    }

    /// The price of a symbol in INR that FYERS told a moment ago; `None` while there is none.
    pub fn fresh_price(&self, symbol: &str, now: DateTime<Utc>) -> Option<Decimal> {
        self.engine.market().ltp(symbol).filter(|_| self.is_fresh(symbol, now))
    }

    /// Whether FYERS told the price a moment ago.
    pub(super) fn is_fresh(&self, symbol: &str, now: DateTime<Utc>) -> bool {
        let top = self.engine.market().top(symbol);
        top.is_some_and(|top| top.origin == PriceOrigin::Live && now - top.at <= FRESH)
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
