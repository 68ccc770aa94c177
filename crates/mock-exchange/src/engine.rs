//! Decides and books: the top of the crate's rules.

use std::{ops::Deref, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    book::Book,
    calendar::Calendar,
    close,
    command::Command,
    config::Config,
    gtt_orders,
    instruments::Instruments,
    kept_price::KeptPrice,
    order_id::OrderId,
    place,
    price::PriceUpdate,
    record::Record,
    reply::{self, Reply},
    seed,
    snapshot::ExchangeSnapshot,
};
use fyers_api::error::ApiError;

/// The exchange: rules, symbols, book and prices. It reads as its [`Book`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    pub(crate) book: Book,
    /// The account as it stood when the open day began.
    opening: Option<ExchangeSnapshot>,
}

impl Deref for Engine {
    type Target = Book;

    fn deref(&self) -> &Book {
        &self.book
    }
}

impl Engine {
    /// An account with its capital and nothing else; [`Book::due`] says that a day must be opened. Hours are those of the
    /// built-in calendar until [`Self::with_calendar`] gives another.
    pub fn new(config: Config, instruments: Instruments) -> Self {
        Self { book: Book::new(config, instruments), opening: None }
    }

    /// The same with this calendar.
    #[must_use]
    pub fn with_calendar(mut self, calendar: Arc<Calendar>) -> Self {
        self.book.calendar = calendar;
        self.book.set_sessions();
        self
    }

    /// The same with these instruments: a newer symbol master.
    pub fn set_instruments(&mut self, instruments: Arc<Instruments>) {
        self.book.instruments = instruments;
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
    pub fn resume(config: Config, instruments: Instruments, opening: ExchangeSnapshot) -> Self {
        let mut book = Book::new(config, instruments);
        (book.ledger, book.market) = (opening.ledger(&config), opening.market());
        book.set_sessions();
        Self { book, opening: Some(opening) }
    }

    /// The account as it stood when the open day began; `None` before the first day. With it and the records since
    /// that day's [`Record::DayOpened`], nothing older is needed any more.
    pub fn opening(&self) -> Option<&ExchangeSnapshot> {
        self.opening.as_ref()
    }

    /// What a command leads to. Nothing changes until the records are applied; an empty list means that
    /// nothing needs to.
    ///
    /// # Errors
    /// The broker's code and text, when nothing is to be recorded. An order that risk management rejects is
    /// recorded; [`Self::reply`] has its refusal.
    pub fn decide(&self, command: &Command) -> Result<Vec<Record>, ApiError> {
        let book = &self.book;
        if command.at().is_some_and(|at| book.due(at).is_some()) {
            return Err(ApiError::day_not_open());
        }
        match command {
            Command::Place { order, at } => place::place(book, order, *at),
            Command::SeedAccount { cash, holdings, at } => Ok(seed::seed(book, *cash, holdings, *at)),
            Command::Modify { change, at } => place::modify(book, change, *at),
            Command::Cancel { id, at } => place::cancel(book, id, *at),
            Command::Withdraw { ids, message, at } => Ok(close::withdraw(book, ids, message, *at)),
            Command::PlaceGtt { order, at } => gtt_orders::accept(book, order, *at),
            Command::ModifyGtt { change, at } => gtt_orders::modify(book, change, *at),
            Command::CancelGtt { id, at } => gtt_orders::cancel(book, id, *at),
            Command::TriggerGtt { id, at } => gtt_orders::trigger(book, id, *at),
            Command::Quote(quote) => place::quote(book, quote),
            Command::ExitPosition { exit, cancel_pending, at } => {
                close::exit(book, exit, *cancel_pending, *at)
            }
            Command::ConvertPosition { conversion, at } => close::convert(book, conversion, *at),
            Command::SquareOff { segment, at } => Ok(close::square_off(book, *segment, *at)),
            Command::EndSession { segment, at } => Ok(close::end_session(book, *segment, *at)),
            Command::NewDay { date } => Ok(close::new_day(book, *date)),
        }
    }

    /// What to answer to a command that led to these records. Works before and after they are applied.
    ///
    /// # Errors
    /// The refusal of an order that is in the book as rejected.
    pub fn reply(&self, command: &Command, records: &[Record]) -> Result<Reply, ApiError> {
        reply::reply(&self.book, command, records)
    }

    /// Remembers a price. It fills nothing: [`Command::Quote`] does, and wants this before its records are
    /// applied.
    pub fn observe(&mut self, quote: &PriceUpdate) {
        self.book.market.observe(quote);
    }

    /// Remembers a price from before a restart.
    pub(crate) fn restore_price(&mut self, kept: &KeptPrice) {
        self.book.market.restore(kept);
    }

    /// Made-up prices are gone, as if they had never been seen.
    pub(crate) fn forget_made_up_prices(&mut self) {
        self.book.market.forget_made_up();
    }

    /// Books one fact of the journal.
    pub fn apply(&mut self, record: &Record) {
        self.book.ledger.apply(record);
        if let Record::DayOpened { date } = record {
            self.book.set_sessions();
            self.book.market.forget_shown();
            self.opening = Some(ExchangeSnapshot::of(*date, &self.book));
        }
        if let Record::Traded { id, quantity, price, at, .. } = record
            && let Some(terms) = OrderId::of(id).and_then(|id| self.book.ledger.orders.terms(id))
        {
            self.book.market.took(terms, *quantity, *price, *at);
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

    /// What must be carried out before anything else at this time; as [`Book::due`].
    pub fn due(&self, at: DateTime<Utc>) -> Option<Command> {
        self.book.due(at)
    }
}
