//! What the ExchangeActor keeps in memory.

use actix::SpawnHandle;
use chrono::{DateTime, NaiveDate, Utc};
use keeper_domain::{
    bots::books::BotBooks,
    mode::Mode,
    order_journal::OrderIntent,
    ports::Change,
    reason::Reason,
    routing::{live_positions::LivePositions, request::Reserved},
    session::SessionView,
};
use mock_exchange::exchange::MockExchange;

use crate::exchange::{doubt::Doubt, exits::Exits};

/// What a restart throws away; it comes back from the store and from the TokenActor.
pub(super) struct Volatile {
    pub(super) session: SessionView,
    pub(super) halted: bool,
    pub(super) stopping: bool,
    pub(super) mode: Mode,
    pub(super) reason: Reason,
    pub(super) book: MockExchange,
    /// What is whose.
    pub(super) books: BotBooks,
    pub(super) live: LivePositions,
    /// Answered orders that the last reading of the books may not show yet.
    pub(super) answered: Vec<Answered>,
    /// Orders whose answer is not known.
    pub(super) unknown: Vec<OrderIntent>,
    /// Of these, what the order book did not show and may still come to show.
    pub(super) late: Vec<OrderIntent>,
    pub(super) last_intent: i64,
    pub(super) looks: Looks,
    /// Exits that wait for a reading.
    pub(super) exits: Exits,
    /// Who waits for the word about a token.
    pub(super) doubts: Vec<Doubt>,
    /// See [`keeper_domain::notes::SIMULATED_IN_GAP`].
    pub(super) gap: u64,
    pub(super) rejected: (Option<NaiveDate>, u64),
    /// What could not be written down yet.
    pub(super) unsaved: Change,
}

/// An order that FYERS has answered, or may have taken without an answer.
pub(super) struct Answered {
    pub(super) id: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) reserved: Reserved,
    /// Until when it counts whatever the books say: it got no answer, they do not show it, and it may still arrive.
    pub(super) may_arrive_until: Option<DateTime<Utc>>,
}

/// Where the reading of FYERS' books stands.
#[derive(Default)]
pub(super) struct Looks {
    /// Whether they were read since this life began.
    pub(super) done: bool,
    pub(super) running: bool,
    /// Readings since the last order.
    pub(super) since_order: usize,
    /// Failures in a row.
    pub(super) failures: u32,
    pub(super) timer: Option<(DateTime<Utc>, SpawnHandle)>,
}

impl Volatile {
    pub(super) fn new(book: MockExchange) -> Self {
        Self {
            session: SessionView::default(),
            halted: false,
            stopping: false,
            mode: Mode::Mock,
            reason: Reason::Starting,
            book,
            books: BotBooks::default(),
            live: LivePositions::default(),
            answered: vec![],
            unknown: vec![],
            late: vec![],
            last_intent: 0,
            looks: Looks::default(),
            exits: Exits::default(),
            doubts: vec![],
            gap: 0,
            rejected: (None, 0),
            unsaved: Change::default(),
        }
    }
}
