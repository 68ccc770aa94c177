//! The ExchangeActor: knows the mode and the books, publishes what decides, and carries out what was decided.
//!
//! Simulated orders are one turn each: the book is on disk before the bot hears of its order. A failing store stops
//! nothing but what needs it: orders are refused in words, reads go on, and what could not be written is written when
//! the store works again.

use std::{sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, MessageResult,
    ResponseActFuture, SpawnHandle, Supervised, WrapFuture, fut,
};
use arc_swap::ArcSwap;
use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::{codes, ist};
use keeper_domain::{
    bots::books::BotBooks,
    event::Event,
    mode::Mode,
    notes::{BOT_BOOKS, SIMULATED_IN_GAP},
    order_journal::{OrderEntry, OrderIntent},
    ports::{BrokerProxy, Change, OutgoingAddress, Store, StoreError, Time},
    reason::Reason,
    routing::{
        OnTokenLoss, Standing, Venue, decide, live_positions::LivePositions, request::Leg, route::Snapshot,
    },
    session::SessionView,
};
use mock_exchange::{Config, Engine, Instruments, exchange::MockExchange};

use crate::exchange::{
    book,
    bots::SharedKeys,
    execution::{FaultPoint, InFlight, Tasks},
    messages::{GetLivePositions, GetMode, ModeView, SetHalted, StopOrders, TokenDied},
    reads::SharedSnapshot,
};
use crate::{
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    token::messages::{GetSession, SessionChanged, TokenRejected},
};

/// Longest wait for the TokenActor: it may be between two lives.
const PATIENCE: Duration = Duration::from_secs(5);
/// Made-up prices are the same in every run.
const SEED: u64 = 0x6b65_6570;
/// Entries of the order journal that are read for the day's count of refused orders.
const DAY_OF_ORDERS: u32 = 10_000;

pub(super) type Turn<T> = ResponseActFuture<ExchangeActor, T>;

/// What the ExchangeActor is given.
#[derive(Clone)]
pub struct ExchangeDeps {
    /// The way to FYERS; `None` when no app is configured.
    pub proxy: Option<Arc<dyn BrokerProxy>>,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// `KEEPER_ON_TOKEN_LOSS`.
    pub on_token_loss: OnTokenLoss,
    /// The MockExchange's rules: capital, charges, what a tag means.
    pub rules: Config,
    /// Symbols with their ticks and lots, as far as they are known.
    pub instruments: Instruments,
    /// The configured app; empty when there is none.
    pub app: String,
    /// Who knows this machine's address on the internet.
    pub outgoing: Option<Arc<dyn OutgoingAddress>>,
    /// To the TokenActor.
    pub session: RecipientCell<GetSession>,
    /// To the TokenActor.
    pub rejected: RecipientCell<TokenRejected>,
    /// Wakes the Notifier after a commit.
    pub journal: RecipientCell<JournalGrew>,
    /// Where orders run that are on their way to FYERS.
    pub tasks: Tasks,
    /// The orders on their way.
    pub in_flight: InFlight,
    /// All keys.
    pub keys: SharedKeys,
    /// What readers decide by.
    pub snapshot: SharedSnapshot,
    /// For tests that end the program at a step of an order.
    pub fault: FaultPoint,
}

/// What readers see before the actor has said anything: no token, so nothing goes to FYERS.
pub fn nothing_known(sandbox: bool, on_token_loss: OnTokenLoss) -> SharedSnapshot {
    Arc::new(ArcSwap::from_pointee(Snapshot {
        mode: Mode::Mock,
        reason: Reason::Starting,
        halted: false,
        sandbox,
        on_token_loss,
        stopping: false,
        token: None,
        live: LivePositions::default(),
        looked: false,
        sent: vec![],
        simulated: vec![],
        simulated_waiting: vec![],
        simulated_today: 0,
        rejected_today: 0,
        epoch: 0,
        at: DateTime::<Utc>::default(),
        own: Arc::default(),
    }))
}

impl ExchangeDeps {
    /// A MockExchange of which nothing is known yet.
    fn book(&self) -> MockExchange {
        MockExchange::open(self.rules, self.instruments.clone(), [], SEED)
    }
}

/// Owns the mode and both exchanges.
pub struct ExchangeActor {
    pub(super) deps: ExchangeDeps,
    pub(super) volatile: Volatile,
    /// Whether this is not its first life in this run of the program.
    has_lived: bool,
}

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
    pub(super) answered: Vec<(i64, Vec<Leg>)>,
    /// Orders whose answer is not known.
    pub(super) unknown: Vec<OrderIntent>,
    pub(super) last_intent: i64,
    pub(super) looks: Looks,
    /// See [`SIMULATED_IN_GAP`].
    pub(super) gap: u64,
    pub(super) rejected: (Option<NaiveDate>, u64),
    /// What could not be written down yet.
    pub(super) unsaved: Change,
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
    fn new(book: MockExchange) -> Self {
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
            last_intent: 0,
            looks: Looks::default(),
            gap: 0,
            rejected: (None, 0),
            unsaved: Change::default(),
        }
    }
}

/// What is read from the store when a life begins.
struct Loaded {
    engine: Engine,
    gap: u64,
    live: LivePositions,
    halted: bool,
    intents: keeper_domain::order_journal::OpenIntents,
    orders: Vec<OrderEntry>,
    books: Option<BotBooks>,
}

async fn read_store(
    store: Arc<dyn Store>,
    rules: Config,
    instruments: Instruments,
) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        // When the number cannot be read, it is told that there were some.
        gap: SIMULATED_IN_GAP.read(store.as_ref()).await?.or_unreadable(1).unwrap_or_default(),
        live: store.live_positions().await?,
        halted: store.halted().await?,
        intents: store.open_intents().await?,
        orders: store.order_journal(DAY_OF_ORDERS).await?,
        engine: book::load(store.as_ref(), rules, instruments).await?,
        books: BOT_BOOKS.read(store.as_ref()).await?.readable(),
    })
}

impl ExchangeActor {
    /// An actor that starts in Mock mode and asks the TokenActor for better news.
    pub fn new(deps: ExchangeDeps) -> Self {
        let volatile = Volatile::new(deps.book());
        Self { deps, volatile, has_lived: false }
    }

    fn load(&self) -> Turn<()> {
        let read = read_store(Arc::clone(&self.deps.store), self.deps.rules, self.deps.instruments.clone());
        Box::pin(read.into_actor(self).map(|read, act, ctx| match read {
            Ok(loaded) => act.take(loaded),
            Err(error) => give_up(&error, ctx),
        }))
    }

    fn take(&mut self, loaded: Loaded) {
        let Loaded { engine, gap, live, halted, intents, orders, books } = loaded;
        let today = ist::date(self.deps.time.now());
        let refused = |entry: &&OrderEntry| {
            entry.venue == Venue::Fyers && entry.code < 0 && ist::date(entry.at) == today
        };
        let rejected = orders.iter().filter(refused).count() as u64;
        let volatile = &mut self.volatile;
        volatile.book = MockExchange::resume(engine, SEED);
        self.take_books(books);
        self.volatile.books.recall(today, &orders, &intents.open);
        let volatile = &mut self.volatile;
        (volatile.gap, volatile.live, volatile.halted) = (gap, live, halted);
        volatile.rejected = (Some(today), rejected);
        volatile.last_intent = volatile.last_intent.max(intents.last);
        let in_flight = &self.deps.in_flight;
        volatile.unknown = intents.open.into_iter().filter(|intent| !in_flight.has(intent.id)).collect();
    }

    /// After a failed write the book in memory may be ahead of the disk: it is read again.
    pub(super) fn reload_book(&self) -> Turn<()> {
        let store = Arc::clone(&self.deps.store);
        let (rules, instruments) = (self.deps.rules, self.deps.instruments.clone());
        let read = async move {
            let engine = book::load(store.as_ref(), rules, instruments).await?;
            Ok((engine, BOT_BOOKS.read(store.as_ref()).await?.readable()))
        };
        Box::pin(read.into_actor(self).map(|read, act, ctx| match read {
            Ok((engine, books)) => {
                act.volatile.book = MockExchange::resume(engine, SEED);
                let known = std::mem::take(&mut act.volatile.books);
                act.take_books(books);
                act.volatile.books.keep_day_of(known);
                act.publish();
            }
            Err(error) => give_up(&error, ctx),
        }))
    }

    /// What decides now.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.deps.snapshot.load_full()
    }

    /// Tells readers what decides from now on.
    pub(super) fn publish(&mut self) {
        let now = self.deps.time.now();
        let Volatile { session, book, live, answered, .. } = &self.volatile;
        let accounts = || book.engine().ledger().accounts.values();
        let waiting = accounts().flat_map(|account| {
            [account.open_buy.quantity, -account.open_sell.quantity].map(|quantity| Leg {
                symbol: account.symbol.clone(),
                product: codes::product_word(account.product).to_owned(),
                quantity,
                price: rust_decimal::Decimal::ZERO,
                tag: None,
            })
        });
        let mut sent = self.deps.in_flight.legs();
        sent.extend(answered.iter().flat_map(|(_, legs)| legs.iter().cloned()));
        let snapshot = Snapshot {
            mode: self.volatile.mode,
            reason: self.volatile.reason,
            halted: self.volatile.halted,
            sandbox: self.deps.sandbox,
            on_token_loss: self.deps.on_token_loss,
            stopping: self.volatile.stopping,
            token: session.usable.clone().filter(|_| self.deps.proxy.is_some()),
            live: live.clone(),
            looked: self.volatile.looks.done,
            sent,
            simulated: self.simulated(),
            simulated_waiting: waiting.filter(|leg| leg.quantity != 0).collect(),
            simulated_today: book.taken_today(now),
            rejected_today: self.rejected_today(now),
            epoch: 0,
            at: now,
            own: Arc::new(self.owns(now)),
        };
        self.deps.snapshot.store(Arc::new(snapshot));
    }

    fn rejected_today(&self, now: DateTime<Utc>) -> u64 {
        let (day, count) = self.volatile.rejected;
        if day == Some(ist::date(now)) { count } else { 0 }
    }

    pub(super) fn count_rejected(&mut self, orders: u64) {
        let now = self.deps.time.now();
        self.volatile.rejected = (Some(ist::date(now)), self.rejected_today(now) + orders);
    }

    /// Brings the mode in line with the session: one step, journalled.
    fn settle(&mut self, extra: Change) -> Turn<()> {
        let standing = Standing {
            usable: self.volatile.session.usable.is_some(),
            why: self.volatile.session.reason,
            sandbox: self.deps.sandbox,
        };
        let (to, why) = decide(standing);
        let from = std::mem::replace(&mut self.volatile.mode, to);
        self.volatile.reason = why;
        let (now, mut change) = (self.deps.time.now(), extra);
        if from != to {
            change.events.push((now, Event::ModeChanged { from, to, why }));
        }
        if to == Mode::Live {
            self.enter_live(from != to, &mut change);
        }
        self.publish();
        let commit = self.commit_or_keep(change);
        Box::pin(commit.map(move |(), act: &mut Self, ctx| {
            if act.volatile.mode == Mode::Live || !act.volatile.unknown.is_empty() {
                act.look_soon(ctx);
            }
        }))
    }

    /// From now on there may be positions at FYERS, and those in the MockExchange are not among them.
    fn enter_live(&mut self, changed: bool, change: &mut Change) {
        let now = self.deps.time.now();
        if !self.volatile.live.was_live {
            self.volatile.live.was_live = true;
            change.live_positions = Some(self.volatile.live.clone());
        }
        if changed && self.volatile.gap > 0 {
            let orders = std::mem::take(&mut self.volatile.gap);
            change.events.push((now, Event::SimulatedMeanwhile { orders }));
            change.notes.extend(SIMULATED_IN_GAP.set(&0));
        }
        let accounts = self.volatile.book.engine().ledger().accounts.values();
        let open = accounts.filter(|account| account.net != 0);
        let positions: Vec<String> =
            open.map(|account| format!("{} {}", account.net, account.symbol)).collect();
        if changed && !positions.is_empty() {
            change.events.push((now, Event::SimulatedLeft { positions }));
        }
    }
}

pub(super) fn give_up(error: &StoreError, ctx: &mut Context<ExchangeActor>) {
    tracing::error!(event = "store.failed", actor = "exchange", "{error}");
    ctx.stop();
}

impl Actor for ExchangeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A crash loses no news: whoever starts again asks. Requests wait for the answer, or one that came right
        // behind a crash would be simulated. At the program's start all news comes by itself, in its order: an answer
        // would overtake what waits in the mailbox.
        let load = self.load();
        let session = std::mem::replace(&mut self.has_lived, true).then(|| self.deps.session.clone());
        let ask = async move {
            match session {
                Some(session) => tokio::time::timeout(PATIENCE, session.ask(GetSession)).await.ok()?.ok(),
                None => None,
            }
        };
        self.keep_matching(ctx);
        let settled = load.then(|(), act: &mut Self, _| ask.into_actor(act)).then(|view, act, _| {
            if let Some(view) = view {
                act.volatile.session = view;
            }
            // A book that began before there were snapshots, or a crash right after a day's opening.
            let mock_snapshot = act.volatile.book.engine().opening().cloned();
            act.settle(Change { mock_snapshot, ..Change::default() })
        });
        ctx.wait(settled);
    }
}

impl Supervised for ExchangeActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The mode stays as it was told until `started` has found out better, so that a crash is no switch. What was
        // not written down is only here.
        let Volatile { mode, reason, stopping, ref mut unsaved, last_intent, .. } = self.volatile;
        let unsaved = std::mem::take(unsaved);
        let fresh = Volatile::new(self.deps.book());
        self.volatile = Volatile { mode, reason, stopping, unsaved, last_intent, ..fresh };
    }
}

impl Handler<SessionChanged> for ExchangeActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, changed: SessionChanged, _: &mut Self::Context) -> Self::Result {
        self.volatile.session = changed.view;
        AtomicResponse::new(self.settle(Change::default()))
    }
}

impl Handler<SetHalted> for ExchangeActor {
    type Result = AtomicResponse<Self, bool>;

    fn handle(&mut self, SetHalted { halted, by }: SetHalted, _: &mut Self::Context) -> Self::Result {
        if self.volatile.halted == halted {
            return AtomicResponse::new(Box::pin(fut::ready(true)));
        }
        // A halt counts at once. Its end counts when it is on disk, or a restart would bring the halt back.
        self.volatile.halted = true;
        self.publish();
        let events = vec![(self.deps.time.now(), Event::HaltChanged { halted, by })];
        let change = Change { halted: Some(halted), events, ..Change::default() };
        let kept = change.clone();
        AtomicResponse::new(Box::pin(self.commit(change).map(move |committed, act: &mut Self, ctx| {
            match committed {
                Ok(()) => act.volatile.halted = halted,
                Err(_) if halted => act.keep_unsaved(kept),
                Err(_) => {}
            }
            act.publish();
            act.look_soon(ctx);
            committed.is_ok()
        })))
    }
}

impl Handler<StopOrders> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, _: StopOrders, _: &mut Self::Context) {
        self.volatile.stopping = true;
        self.publish();
    }
}

impl Handler<TokenDied> for ExchangeActor {
    type Result = AtomicResponse<Self, ()>;

    /// Out of use at once, and the TokenActor finds out what is left of it.
    fn handle(&mut self, TokenDied { fingerprint, code }: TokenDied, _: &mut Self::Context) -> Self::Result {
        let current = self.volatile.session.fingerprint.as_ref() == Some(&fingerprint);
        self.deps.rejected.say(TokenRejected { fingerprint, code });
        if !current || self.volatile.session.usable.is_none() {
            return AtomicResponse::new(Box::pin(fut::ready(())));
        }
        self.volatile.session.usable = None;
        self.volatile.session.reason = Reason::TokenRejected;
        AtomicResponse::new(self.settle(Change::default()))
    }
}

impl Handler<GetLivePositions> for ExchangeActor {
    type Result = MessageResult<GetLivePositions>;

    fn handle(&mut self, _: GetLivePositions, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.volatile.live.positions.clone())
    }
}

impl Handler<GetMode> for ExchangeActor {
    type Result = MessageResult<GetMode>;

    fn handle(&mut self, _: GetMode, _: &mut Self::Context) -> Self::Result {
        let Volatile { mode, reason, ref book, .. } = self.volatile;
        let simulated_today = book.taken_today(self.deps.time.now());
        MessageResult(ModeView { mode, reason, simulated_today })
    }
}

crate::crashes_on_demand!(ExchangeActor);
