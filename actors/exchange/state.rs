//! What the ExchangeActor keeps in memory.

use std::collections::{BTreeMap, BTreeSet};

use actix::SpawnHandle;
use chrono::{DateTime, NaiveDate, Utc};
use keeper_domain::{
    bots::{books::BotBooks, leftovers::ToldLeftovers},
    keys::BotName,
    mode::Mode,
    order_journal::{BrokerClock, LostOrders, OrderProgress, PlacedToday, TakenOrders},
    ports::Change,
    reason::Reason,
    routing::{
        known_rows::KnownRows, live_positions::LivePositions, request::Reserved, settling::UnreadRequest,
        shown_fills::ShownFills, turned::LastOpen,
    },
    session::SessionView,
};
use mock_exchange::exchange::MockExchange;
use rust_decimal::Decimal;

use crate::drift::DriftLog;
use crate::exchange::{
    doubt::{Doubt, Doubted},
    exits::Exits,
    facts::BookView,
    first_word::FirstWord,
    pipeline::Pipeline,
};

/// What a restart throws away; it comes back from the store and from the TokenActor.
pub(super) struct Volatile {
    pub(super) session: SessionView,
    pub(super) halted: bool,
    pub(super) stopping: bool,
    pub(super) mode: Mode,
    pub(super) reason: Reason,
    pub(super) book: MockExchange,
    /// What the simulated account was worth when it was copied from FYERS.
    pub(super) began: Option<Decimal>,
    /// What is whose.
    pub(super) books: BotBooks,
    pub(super) live: LivePositions,
    /// The order book, with what a reading leaves out of it.
    pub(super) rows: KnownRows,
    /// How far FYERS' orders had come when its order book was last read.
    pub(super) progress: BTreeMap<String, OrderProgress>,
    /// Answered orders that the last reading of the books may not show yet.
    pub(super) answered: Vec<Answered>,
    /// Whether FYERS' positions show what these have filled.
    pub(super) fills: ShownFills,
    /// What was open last, while trading is halted.
    pub(super) last_open: LastOpen,
    /// Bots whose orders had filled more in the last reading than in the one before, each with the symbol.
    pub(super) filled: BTreeSet<(BotName, String)>,
    /// Orders whose answer is not known.
    pub(super) lost: LostOrders,
    /// Orders that FYERS has taken, and may reject yet.
    pub(super) taken: TakenOrders,
    pub(super) last_intent: i64,
    pub(super) looks: Looks,
    /// Exits that wait for a reading.
    pub(super) exits: Exits,
    /// Who waits for the word about a token.
    pub(super) doubts: Vec<Doubt>,
    /// A token that is being asked about, with the requests that wait for the word.
    pub(super) doubted: Doubted,
    /// How long the first check of a stored token has taken.
    pub(super) first_word: FirstWord,
    /// See [`keeper_domain::notes::SIMULATED_IN_GAP`].
    pub(super) gap: u64,
    /// See [`keeper_domain::notes::SIMULATED_TOLD`].
    pub(super) leftovers: ToldLeftovers,
    /// Odd fields of FYERS' answers that were told.
    pub(super) drift: DriftLog,
    /// When FYERS was last asked for prices of what is simulated for keys with a largest loss.
    pub(super) losses_asked: Option<DateTime<Utc>>,
    /// What FYERS has taken today.
    pub(super) placed: PlacedToday,
    pub(super) rejected: (Option<NaiveDate>, u64),
    /// What could not be written down yet.
    pub(super) unsaved: Change,
    /// What is on its way to the disk.
    pub(super) pipeline: Pipeline,
    /// The book as readers see it.
    pub(super) shown: BookView,
}

/// A request that FYERS has answered, or may have taken without an answer.
pub(super) struct Answered {
    pub(super) request: UnreadRequest,
    /// What of it counts beside the order book as last read.
    pub(super) counts: Reserved,
    /// Whether the order book has its orders, as last read.
    pub(super) is_listed: bool,
    /// Until when it counts whatever the books say: it got no answer, they do not show it, and it may still arrive.
    pub(super) may_arrive_until: Option<DateTime<Utc>>,
}

impl From<UnreadRequest> for Answered {
    /// One that no reading of the books has shown yet.
    fn from(request: UnreadRequest) -> Self {
        Self { counts: request.reserved.clone(), is_listed: false, request, may_arrive_until: None }
    }
}

impl Answered {
    /// Its intent.
    pub(super) fn id(&self) -> i64 {
        self.request.id
    }

    /// The same, which counts until then.
    pub(super) fn until(self, until: DateTime<Utc>) -> Self {
        Self { may_arrive_until: Some(until), ..self }
    }
}

/// Where the reading of FYERS' books stands.
#[derive(Default)]
pub(super) struct Looks {
    /// Whether they were read since this life began.
    pub(super) done: bool,
    pub(super) running: bool,
    /// When the last one began.
    pub(super) began: Option<DateTime<Utc>>,
    /// Readings since the last order.
    pub(super) since_order: usize,
    /// Failures in a row.
    pub(super) failures: u32,
    /// How far FYERS' clock is ahead.
    pub(super) clock: BrokerClock,
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
            rows: KnownRows::default(),
            progress: BTreeMap::new(),
            began: None,
            answered: vec![],
            fills: ShownFills::default(),
            last_open: LastOpen::default(),
            filled: BTreeSet::new(),
            lost: LostOrders::default(),
            taken: TakenOrders::default(),
            last_intent: 0,
            looks: Looks::default(),
            exits: Exits::default(),
            doubts: vec![],
            doubted: Doubted::default(),
            first_word: FirstWord::default(),
            gap: 0,
            leftovers: ToldLeftovers::default(),
            drift: DriftLog::new("exchange"),
            losses_asked: None,
            placed: PlacedToday::default(),
            rejected: (None, 0),
            unsaved: Change::default(),
            pipeline: Pipeline::default(),
            shown: BookView::default(),
        }
    }
}
