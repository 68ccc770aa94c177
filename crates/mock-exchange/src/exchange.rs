//! [`MockExchange`]: FYERS requests in, FYERS responses out, and with them the records to keep and the orders that were
//! attempted. Pure: prices come in by [`MockExchange::observe`], time as an argument.
//!
//! What a caller does for each request: ask [`MockExchange::wanted`] which prices it needs, give it those it can get
//! ([`MockExchange::observe_all`]), then [`MockExchange::execute`], and answer once the records are on disk. Beside that, every few
//! seconds: prices of [`MockExchange::waited_for`], then [`MockExchange::tick`].

mod chain;
mod clock;
mod feed;
mod history;
mod margin;
mod orders;
mod parse;
mod prices;
mod reads;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    calendar::Calendar,
    command::Command,
    config::Config,
    engine::Engine,
    instruments::Instruments,
    kept::KeptCandles,
    kept_price::KeptPrice,
    new_order::NewOrder,
    record::{Record, SeededHolding},
    reply::Reply,
    walk::Walk,
};
use fyers_api::{error::ApiError, http::ApiResponse, ist};

pub use feed::FeedPrices;
pub use parse::names;

/// What prices do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prices {
    /// FYERS can be asked: an order needs a real price that is at most five seconds old.
    Live,
    /// FYERS cannot be asked: prices stand where they were last seen, and nothing is invented.
    Last,
    /// FYERS cannot be asked: prices are made up ([`crate::walk`]).
    Walk,
}

/// An order that was attempted, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was asked for; `None` for changes, cancels, exits and what could not be read.
    pub order: Option<NewOrder>,
    /// The answer.
    pub outcome: Result<Reply, ApiError>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The answer, not to be given before the records are on disk.
    pub answer: ApiResponse,
    /// New facts, in order.
    pub records: Vec<Record>,
    /// Orders that were attempted.
    pub attempts: Vec<Attempt>,
}

/// The exchange with its prices, behind FYERS' API.
#[derive(Debug, Clone)]
pub struct MockExchange {
    engine: Engine,
    walk: Walk,
    /// Real prices that are not on the caller's disk yet.
    unsaved: BTreeMap<String, KeptPrice>,
    kept: KeptCandles,
}

impl MockExchange {
    /// The exchange after this journal. `seed` picks the made-up market.
    pub fn open<'a>(
        config: Config,
        instruments: Instruments,
        records: impl IntoIterator<Item = &'a Record>,
        seed: u64,
    ) -> Self {
        Self::resume(Engine::replay(config, instruments, records), seed)
    }

    /// The exchange with this book.
    pub fn resume(engine: Engine, seed: u64) -> Self {
        Self { engine, walk: Walk::new(seed), unsaved: BTreeMap::new(), kept: KeptCandles::default() }
    }

    /// The same with the hours of this calendar.
    #[must_use]
    pub fn with_calendar(self, calendar: Arc<Calendar>) -> Self {
        Self { engine: self.engine.with_calendar(calendar), ..self }
    }

    /// The account becomes a copy of one at the broker, if nothing has happened in it yet.
    pub fn seed(
        &mut self,
        cash: Option<Decimal>,
        holdings: Vec<SeededHolding>,
        now: DateTime<Utc>,
    ) -> Vec<Record> {
        let mut records = self.tick(now, Prices::Live);
        let seeded = self.engine.execute(&Command::SeedAccount { cash, holdings, at: now });
        records.extend(seeded.unwrap_or_default());
        records
    }

    /// Ends waiting orders and GTT orders that nobody is to see filled, at any hour.
    pub fn withdraw(&mut self, ids: Vec<String>, message: &str, now: DateTime<Utc>) -> Vec<Record> {
        let mut records = self.open_day(now);
        let command = Command::Withdraw { ids, message: message.to_owned(), at: now };
        records.extend(self.engine.execute(&command).unwrap_or_default());
        records
    }

    /// A newer symbol master.
    pub fn set_instruments(&mut self, instruments: Arc<Instruments>) {
        self.engine.set_instruments(instruments);
    }

    /// The book.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Orders taken today (IST): what was rejected has a number as well, and is none of them.
    pub fn taken_today(&self, now: DateTime<Utc>) -> u64 {
        let ledger = self.engine.ledger();
        if ledger.day == Some(ist::date(now)) { ledger.next_order - 1 - ledger.orders.rejected() } else { 0 }
    }
}
