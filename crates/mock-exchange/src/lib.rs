//! The MockExchange's matching engine: what a broker and an exchange would do with an order, as pure values.
//!
//! [`Engine::decide`] turns a [`Command`] into [`Record`]s or a [`ApiError`] and changes nothing;
//! [`Engine::apply`] books a record and decides nothing. So the journal of records is the book: a replay
//! gives the same ledger. Between the two the caller puts the records on disk. There is no clock, no disk and
//! no chance in here.
//!
//! Money adds up exactly: cash, plus positions and holdings at any price, is the capital plus realised and
//! unrealised profit minus charges.
//!
//! Cost: placing, changing or cancelling an order takes the logarithm of the number of orders, and a price
//! looks at the waiting orders of its own symbol only, whatever else is in the book.
//!
//! Left out: auctions and market hours, SPAN margins, expiry of derivatives, corporate actions, after-market,
//! sliced and multi-leg orders, take-profit and stop-loss legs.

mod account;
pub mod api;
pub mod calendar;
mod charges;
mod close;
mod command;
mod config;
mod draft;
mod exact;
pub mod exchange;
mod gtt;
mod instrument;
mod ledger;
mod market;
mod matching;
mod order;
mod place;
mod record;
mod reply;
mod risk;
pub mod sessions;
mod settle;
mod snapshot;
mod validate;
mod views;
pub mod walk;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub use account::{Account, Leg};
pub use charges::Charges;
pub use command::{Command, Conversion, Exit, Modification, NewOrder, PriceUpdate};
pub use config::{Config, INTRADAY_LEVERAGE, Leverage, MARGIN_LEVERAGE, MTF_LEVERAGE};
pub use gtt::{GttChange, GttLeg, GttState, GttStatus, NewGtt};
pub use instrument::{FALLBACK_TICK, Instrument, Instruments, Kind, parse_master};
pub use ledger::{Ledger, Tally, Trade};
pub use market::Market;
pub use order::{OrderState, rank};
pub use record::{Origin, Record};

pub use reply::Reply;
pub use snapshot::Snapshot;
pub use views::{Balances, HoldingView, PositionView};

use fyers_api::{error::ApiError, ist};

/// The exchange: rules, symbols, book and prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    config: Config,
    instruments: Instruments,
    ledger: Ledger,
    market: Market,
    /// The account as it stood when the open day began.
    opening: Option<Snapshot>,
}

impl Engine {
    /// An account with its capital and nothing else; [`Self::due`] says that a day must be opened.
    pub fn new(config: Config, instruments: Instruments) -> Self {
        let (ledger, market) = (Ledger::new(&config), Market::default());
        Self { config, instruments, ledger, market, opening: None }
    }

    /// The engine after this journal. Prices are those of its last trades until new ones are observed.
    pub fn replay<'a>(
        config: Config,
        instruments: Instruments,
        journal: impl IntoIterator<Item = &'a Record>,
    ) -> Self {
        let mut engine = Self::new(config, instruments);
        journal.into_iter().for_each(|record| engine.apply(record));
        engine
    }

    /// The engine as it stood when a day opened; the records after that day's opening are still to be applied.
    pub fn resume(config: Config, instruments: Instruments, opening: Snapshot) -> Self {
        let (ledger, market) = (opening.ledger(&config), opening.market());
        Self { config, instruments, ledger, market, opening: Some(opening) }
    }

    /// The account as it stood when the open day began; `None` before the first day. With it and the records since
    /// that day's [`Record::DayOpened`], nothing older is needed any more.
    pub fn opening(&self) -> Option<&Snapshot> {
        self.opening.as_ref()
    }

    /// The book.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The newest prices.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// What must be carried out before anything else at this time: the new day, when it is one.
    pub fn due(&self, at: DateTime<Utc>) -> Option<Command> {
        let date = ist::date(at);
        self.ledger.day.is_none_or(|day| day < date).then_some(Command::NewDay { date })
    }

    /// What a command leads to. Nothing changes until the records are applied; an empty list means that
    /// nothing needs to.
    ///
    /// # Errors
    /// The broker's code and text, when nothing is to be recorded. An order that risk management rejects is
    /// recorded; [`Self::reply`] has its refusal.
    pub fn decide(&self, command: &Command) -> Result<Vec<Record>, ApiError> {
        if command.at().is_some_and(|at| self.due(at).is_some()) {
            return Err(ApiError::day_not_open());
        }
        match command {
            Command::Place { order, at } => place::place(self, order, *at),
            Command::Modify { change, at } => place::modify(self, change, *at),
            Command::Cancel { id, at } => place::cancel(self, id, *at),
            Command::PlaceGtt { order, at } => gtt::accept(self, order, *at),
            Command::ModifyGtt { change, at } => gtt::modify(self, change, *at),
            Command::CancelGtt { id, at } => gtt::cancel(self, id, *at),
            Command::TriggerGtt { id, at } => gtt::trigger(self, id, *at),
            Command::Quote(quote) => place::quote(self, quote),
            Command::ExitPosition { exit, cancel_pending, at } => {
                close::exit(self, exit, *cancel_pending, *at)
            }
            Command::ConvertPosition { conversion, at } => close::convert(self, conversion, *at),
            Command::SquareOff { at } => Ok(close::square_off(self, *at)),
            Command::NewDay { date } => Ok(close::new_day(self, *date)),
        }
    }

    /// The symbol's price step in INR; `None` for what cannot be traded.
    pub fn tick(&self, symbol: &str) -> Option<rust_decimal::Decimal> {
        self.instruments.tradable(symbol).ok().map(|one| one.tick)
    }

    /// Remembers a price. It fills nothing: [`Command::Quote`] does, and wants this before its records are
    /// applied.
    pub fn observe(&mut self, quote: &PriceUpdate) {
        self.market.observe(quote);
    }

    /// Books one fact of the journal.
    pub fn apply(&mut self, record: &Record) {
        self.ledger.apply(record);
        if let Record::DayOpened { date } = record {
            self.opening = Some(Snapshot::of(*date, &self.config, &self.ledger, &self.market));
        }
        if let Record::Traded { id, quantity, price, at, .. } = record
            && let Some(order) = self.ledger.orders.get(id)
        {
            self.market.took(order.symbol(), order.side(), *quantity, *price, *at);
        }
    }

    /// Decides and books in one go, for whoever needs no disk in between.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn execute(&mut self, command: &Command) -> Result<Vec<Record>, ApiError> {
        let records = self.decide(command)?;
        self.commit(command, &records);
        Ok(records)
    }

    /// Books what a command led to, once it is on disk.
    pub fn commit(&mut self, command: &Command, records: &[Record]) {
        if let Command::Quote(quote) = command {
            self.observe(quote);
        }
        records.iter().for_each(|record| self.apply(record));
    }

    /// The id of today's order with the same tag, when that makes this one the same order.
    pub fn placed_before(&self, order: &NewOrder) -> Option<&str> {
        let tag = order.request.tag.as_ref().filter(|_| self.config.idempotent)?;
        self.ledger.tags.get(tag).map(String::as_str)
    }
}
