//! What decisions look at: the account's rules, instruments, hours, ledger and prices. They only read it.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::{
    calendar::Calendar,
    command::Command,
    config::Config,
    gtt::GttState,
    instrument::Instrument,
    instruments::Instruments,
    ledger::Ledger,
    market::Market,
    matching,
    new_order::NewOrder,
    order::OrderState,
    price::PriceOrigin,
    resting::Resting,
    sessions::{self, Segment, Session, SessionsOfDay},
    symbol::{Contract, segment_of},
};
use fyers_api::{
    error::ApiError,
    ist,
    model::{Product, Side},
};

/// The state of the exchange for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    pub(crate) config: Config,
    pub(crate) instruments: Arc<Instruments>,
    pub(crate) calendar: Arc<Calendar>,
    /// Those of the open day, which every order asks for.
    sessions: SessionsOfDay,
    pub(crate) ledger: Ledger,
    pub(crate) market: Market,
}

impl Book {
    pub(crate) fn new(config: Config, instruments: Instruments) -> Self {
        Self {
            config,
            instruments: Arc::new(instruments),
            calendar: Arc::new(Calendar::embedded()),
            sessions: SessionsOfDay::default(),
            ledger: Ledger::new(&config),
            market: Market::default(),
        }
    }

    /// Works the open day's sessions out anew: another day, or another calendar.
    pub(crate) fn set_sessions(&mut self) {
        self.sessions =
            self.ledger.day.map_or_else(SessionsOfDay::default, |day| SessionsOfDay::of(&self.calendar, day));
    }

    fn sessions(&self, segment: Segment, date: NaiveDate) -> Cow<'_, [Session]> {
        let kept = self.sessions.get(segment, date).map(Cow::Borrowed);
        kept.unwrap_or_else(|| Cow::Owned(sessions::sessions(&self.calendar, segment, date)))
    }

    /// The account's rules.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Orders, positions and money.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The newest prices.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The calendar it goes by.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The same, to be kept.
    pub fn calendar_shared(&self) -> Arc<Calendar> {
        Arc::clone(&self.calendar)
    }

    /// What must be carried out before anything else at this time: the new day, when it is one.
    pub fn due(&self, at: DateTime<Utc>) -> Option<Command> {
        let date = ist::date(at);
        self.ledger.day.is_none_or(|day| day < date).then_some(Command::NewDay { date })
    }

    /// The rules of a tradable symbol; `price` in INR stands in for the previous close where that is not known.
    ///
    /// # Errors
    /// -50 for what cannot be traded.
    pub fn instrument(&self, symbol: &str, price: Option<Decimal>) -> Result<Arc<Instrument>, ApiError> {
        self.instruments.tradable(symbol, self.tick_reference(symbol).or(price))
    }

    /// The rules of a symbol, index or not; `price` as in [`Self::instrument`].
    ///
    /// # Errors
    /// -50 for an unknown or misspelt symbol.
    pub fn known(&self, symbol: &str, price: Option<Decimal>) -> Result<Arc<Instrument>, ApiError> {
        self.instruments.find(symbol, self.tick_reference(symbol).or(price))
    }

    /// A stock future has the tick of its stock.
    fn tick_reference(&self, symbol: &str) -> Option<Decimal> {
        let stock = || self.market.reference(&Contract::of(symbol)?.underlying_symbol()?);
        self.market.reference(symbol).or_else(stock)
    }

    /// The symbol's price step in INR; `None` for unknown symbols.
    pub fn tick(&self, symbol: &str) -> Option<Decimal> {
        self.known(symbol, self.market.ltp(symbol)).ok().map(|one| one.tick)
    }

    /// Units of what the price is for in one of the quantity: an open position keeps its own, whatever a newer symbol
    /// master says.
    pub(crate) fn multiplier(&self, symbol: &str, product: Product) -> i64 {
        if segment_of(symbol) != Segment::Mcx {
            return 1;
        }
        let account = self.ledger.accounts.get(&(symbol, product));
        let own = account.filter(|account| account.is_used()).map(|account| account.multiplier);
        own.or_else(|| Some(self.known(symbol, None).ok()?.multiplier)).unwrap_or(1)
    }

    /// Units of what the price is for in one of the quantity at the broker: 1 of shares and of contracts on them. Of others a
    /// symbol master tells; `None` where none does, because what an order is worth is not known then.
    pub fn units(&self, symbol: &str) -> Option<i64> {
        let symbol = symbol.trim().to_uppercase();
        let is_on_currency =
            || Contract::of(&symbol).is_some_and(|contract| is_currency(&contract.underlying));
        if segment_of(&symbol) != Segment::Mcx && !is_on_currency() {
            return Some(1);
        }
        self.known(&symbol, None).ok().filter(|one| one.tells_multiplier).map(|one| one.multiplier)
    }

    /// How far beyond the last price a market order trades where that is all that is known, in INR.
    pub(crate) fn slip(&self, symbol: &str) -> Decimal {
        let tick = || self.tick(symbol).unwrap_or_default();
        if self.config.slippage { tick() } else { Decimal::ZERO }
    }

    /// The price at which a market order of this side would trade now, in INR; `None` while no price is known.
    pub(crate) fn market_price(&self, symbol: &str, side: Side) -> Option<Decimal> {
        let top = self.market.top(symbol)?;
        Some(matching::market_price(top, side, self.slip(symbol)))
    }

    /// The session in which orders of the symbol trade now.
    pub fn open_session(&self, symbol: &str, at: DateTime<Utc>) -> Option<Session> {
        let today = self.sessions(segment_of(symbol), ist::date(at));
        today.iter().find(|session| session.is_continuous() && session.contains(at)).cloned()
    }

    /// Whether orders of the symbol trade now.
    pub fn is_open(&self, symbol: &str, at: DateTime<Utc>) -> bool {
        self.config.around_the_clock || self.open_session(symbol, at).is_some()
    }

    /// Whether orders of the symbol are taken now: while it trades, or in its pre-open session.
    pub fn takes_orders(&self, symbol: &str, at: DateTime<Utc>) -> bool {
        self.takes_orders_in(segment_of(symbol), at)
    }

    /// The same of a segment.
    pub fn takes_orders_in(&self, segment: Segment, at: DateTime<Utc>) -> bool {
        let today = || self.sessions(segment, ist::date(at));
        self.config.around_the_clock || today().iter().any(|session| session.contains(at))
    }

    /// Whether INTRADAY is over for the segment's day.
    pub fn is_squared_off(&self, segment: Segment, at: DateTime<Utc>) -> bool {
        let due =
            || sessions::square_off(&self.calendar, segment, ist::date(at)).is_some_and(|due| at >= due);
        self.ledger.squared_off.contains(&segment) || (!self.config.around_the_clock && due())
    }

    /// Whether the price of a symbol is made up, or there is none.
    pub fn is_made_up(&self, symbol: &str) -> bool {
        self.market.top(symbol).is_none_or(|top| top.origin == PriceOrigin::Walk)
    }

    /// Orders that wait, by symbol.
    pub fn waiting(&self) -> impl Iterator<Item = OrderState> {
        let mut queues: Vec<_> = self.ledger.open.iter().collect();
        queues.sort_unstable_by_key(|(symbol, _)| symbol.as_str());
        let ids = queues.into_iter().flat_map(|(_, queue)| queue.ids());
        ids.filter_map(|id| self.ledger.orders.by_id(id))
    }

    /// Orders that wait in this symbol.
    pub fn waiting_in(&self, symbol: &str) -> impl Iterator<Item = OrderState> {
        let ids = self.ledger.open.get(symbol).into_iter().flat_map(Resting::ids);
        ids.filter_map(|id| self.ledger.orders.by_id(id))
    }

    /// The id of today's order with the same tag, when that makes this one the same order.
    pub fn placed_before(&self, order: &NewOrder) -> Option<String> {
        let tag = order.request.tag.as_deref().filter(|_| self.config.idempotent)?;
        self.ledger.tags.get(tag).map(ToString::to_string)
    }

    /// GTT orders whose trigger the last price of this symbol has reached, while the symbol trades.
    pub fn gtts_due(&self, symbol: &str) -> Vec<String> {
        let Some(top) = self.market.top(symbol) else { return vec![] };
        if !self.is_open(symbol, top.at) {
            return vec![];
        }
        let ids = self.ledger.gtts_waiting.get(symbol).into_iter().flatten();
        let due = |id: &&String| {
            let gtt = self.ledger.gtts.get(*id);
            gtt.is_some_and(|gtt| gtt.reached(top.ltp).is_some() && (gtt.made_up || !self.is_made_up(symbol)))
        };
        ids.filter(due).cloned().collect()
    }

    /// GTT orders: those that wait, and those that ended today.
    pub fn gtts(&self) -> impl Iterator<Item = &GttState> {
        self.ledger.gtts.values()
    }
}

/// Contracts on currencies are for a thousand, or a lakh of yen.
fn is_currency(underlying: &str) -> bool {
    underlying.ends_with("INR") || matches!(underlying, "EURUSD" | "GBPUSD" | "USDJPY")
}
