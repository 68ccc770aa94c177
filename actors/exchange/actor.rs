//! The ExchangeActor: knows the mode, and brings each request to its house.
//!
//! The mode is read once, when a request arrives, together with the token it may use; from then on the request
//! has no more to do with the actor's state, so a switch cannot touch it. Simulated orders are one turn each:
//! the book is on disk before the bot hears of its order.

use std::{sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, MessageResult,
    ResponseActFuture, Supervised, WrapFuture, fut,
};

use crate::event_log::LogEvent;
use crate::exchange::book;
use crate::exchange::messages::{GetLivePositions, GetMode, ModeView, Request, SetHalted};
use crate::{
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    token::messages::{GetSession, SessionChanged, TokenRejected},
};
use fyers_api::model::Position;
use keeper_domain::{
    broker_error::BrokerError,
    event::Event,
    mode::Mode,
    notes::SIMULATED_IN_GAP,
    ports::{Change, Exchange, OutgoingAddress, Store, StoreError, Time},
    reason::Reason,
    secret::AccessToken,
    session::{SessionView, retry::is_token_death},
};
use keeper_domain::{
    ports::BrokerProxy,
    routing::{OnTokenLoss, Standing, decide, safety::is_order_ban},
};
use mock_exchange::{Config, Instruments, Record, exchange::MockExchange};

/// Longest wait for the TokenActor: it may be between two lives.
const PATIENCE: Duration = Duration::from_secs(5);

/// Made-up prices are the same in every run.
const SEED: u64 = 0x6b65_6570;

pub(super) type Turn<T> = ResponseActFuture<ExchangeActor, T>;

/// What the ExchangeActor is given.
#[derive(Clone)]
pub struct ExchangeDeps {
    /// FYERS; `None` when no app is configured.
    pub live: Option<Arc<dyn Exchange>>,
    /// Carries bots' calls to FYERS as they are; `None` when no app is configured.
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
}

impl ExchangeDeps {
    /// A MockExchange of which nothing is known yet.
    fn house(&self) -> MockExchange {
        MockExchange::open(self.rules, self.instruments.clone(), [], SEED)
    }
}

/// Owns the mode and both exchanges.
pub struct ExchangeActor {
    pub(super) deps: ExchangeDeps,
    pub(super) volatile: Volatile,
}

/// What a restart throws away; it comes back from the store and from the TokenActor.
pub(super) struct Volatile {
    pub(super) session: SessionView,
    pub(super) halted: bool,
    pub(super) mode: Mode,
    pub(super) reason: Reason,
    pub(super) house: MockExchange,
    pub(super) live_positions: Vec<Position>,
    /// See [`SIMULATED_IN_GAP`].
    pub(super) gap: u64,
}

impl Volatile {
    fn new(house: MockExchange) -> Self {
        Self {
            session: SessionView::default(),
            halted: false,
            mode: Mode::Mock,
            reason: Reason::Starting,
            house,
            live_positions: vec![],
            gap: 0,
        }
    }
}

impl ExchangeActor {
    /// An actor that starts in Mock mode and asks the TokenActor for better news.
    pub fn new(deps: ExchangeDeps) -> Self {
        let volatile = Volatile::new(deps.house());
        Self { deps, volatile }
    }

    fn load(&self) -> Turn<()> {
        let store = Arc::clone(&self.deps.store);
        let (rules, instruments) = (self.deps.rules, self.deps.instruments.clone());
        let read = async move {
            // When the number cannot be read, it is told that there were some.
            let gap = SIMULATED_IN_GAP.read(store.as_ref()).await?.or_unreadable(1).unwrap_or_default();
            let rest = (store.live_positions().await?, store.halted().await?);
            Ok::<_, StoreError>((book::load(store.as_ref(), rules, instruments).await?, gap, rest))
        };
        Box::pin(read.into_actor(self).map(|read, act, ctx| match read {
            Ok((engine, gap, (live_positions, halted))) => {
                act.volatile.house = MockExchange::resume(engine, SEED);
                act.volatile.gap = gap;
                act.volatile.live_positions = live_positions;
                act.volatile.halted = halted;
            }
            Err(error) => give_up(&error, ctx),
        }))
    }

    /// Brings the mode in line with session and halt: one step, journalled.
    fn settle(&mut self, extra: Change) -> Turn<()> {
        let standing = Standing {
            usable: self.volatile.session.usable.is_some(),
            why: self.volatile.session.reason,
            sandbox: self.deps.sandbox,
            halted: self.volatile.halted,
        };
        let (to, why) = decide(standing);
        let from = std::mem::replace(&mut self.volatile.mode, to);
        self.volatile.reason = why;
        let mut change = extra;
        if from != to {
            let event = Event::ModeChanged { from, to, why };
            change.events.push((self.deps.time.now(), event));
        }
        let entered_live = from != to && to == Mode::Live;
        if entered_live && self.volatile.gap > 0 {
            let orders = std::mem::take(&mut self.volatile.gap);
            change.events.push((self.deps.time.now(), Event::SimulatedMeanwhile { orders }));
            change.notes.extend(SIMULATED_IN_GAP.set(&0));
        }
        let commit = self.commit(change);
        Box::pin(commit.map(move |committed, act: &mut Self, ctx| {
            if committed && entered_live {
                act.look_at_live_positions(ctx);
            }
        }))
    }

    /// Commits and wakes the Notifier; false, and the end of this life, when the store fails.
    pub(super) fn commit(&self, mut change: Change) -> Turn<bool> {
        if change.mock_records.iter().any(|record| matches!(record, Record::DayOpened { .. })) {
            change.mock_snapshot = self.volatile.house.engine().opening().cloned();
        }
        let opens_day = change.mock_snapshot.is_some();
        let nothing = change.events.is_empty() && change.mock_records.is_empty() && change.orders.is_empty();
        if nothing && !opens_day && change.halted.is_none() && change.live_positions.is_none() {
            return Box::pin(fut::ready(true));
        }
        change.events.iter().for_each(|(_, event)| event.log("exchange"));
        let store = Arc::clone(&self.deps.store);
        let commit = async move { store.commit(change).await };
        Box::pin(commit.into_actor(self).map(move |committed, act, ctx| match committed {
            Ok(()) => {
                act.deps.journal.say(JournalGrew);
                if opens_day {
                    act.trim(ctx);
                }
                true
            }
            Err(error) => {
                give_up(&error, ctx);
                false
            }
        }))
    }

    /// Once a day the store loses what nobody needs any more, a little at a time.
    fn trim(&self, ctx: &mut Context<Self>) {
        let store = Arc::clone(&self.deps.store);
        let trim = async move {
            while store.trim().await? {}
            Ok::<_, StoreError>(())
        };
        ctx.spawn(trim.into_actor(self).map(|trimmed, _, _| {
            // The next day tries again.
            if let Err(error) = trimmed {
                tracing::warn!(event = "store.failed", actor = "exchange", "{error}");
            }
        }));
    }

    /// Positions at the broker are what the safety rule protects once the token is gone.
    pub(super) fn look_at_live_positions(&self, ctx: &mut Context<Self>) {
        let (Some(live), Some(token)) = (self.deps.live.clone(), self.volatile.session.usable.clone()) else {
            return;
        };
        let look = {
            let token = Arc::clone(&token);
            async move { live.positions(&token).await }
        };
        ctx.spawn(look.into_actor(self).map(move |positions, act, ctx| match positions {
            Ok(positions) => {
                let keep = act.remember_live_positions(positions);
                ctx.wait(keep);
            }
            Err(BrokerError::Refused { status, code, .. }) if is_token_death(status, code) => {
                act.token_died(&token, if code == 0 { i64::from(status) } else { code }, ctx);
            }
            // The positions last seen are still the best there is to protect.
            Err(_) => {}
        }));
    }

    pub(super) fn remember_live_positions(&mut self, positions: Vec<Position>) -> Turn<()> {
        if positions == self.volatile.live_positions {
            return Box::pin(fut::ready(()));
        }
        self.volatile.live_positions.clone_from(&positions);
        let change = Change { live_positions: Some(positions), ..Change::default() };
        Box::pin(self.commit(change).map(|_, _, _| ()))
    }

    /// A refusal that means "no orders at all" is worth more than the bot's own error: a person must act.
    pub(super) fn explain(&self, request: &Request, error: &BrokerError, ctx: &mut Context<Self>) {
        if let (Request::Place(order), true) = (request, is_order_ban(error)) {
            self.explain_ban(order.symbol.clone(), ctx);
        }
    }

    pub(super) fn explain_ban(&self, symbol: String, ctx: &mut Context<Self>) {
        let app = self.deps.app.clone();
        let outgoing = self.deps.outgoing.clone();
        let look = async move {
            let Some(outgoing) = outgoing else { return (None, None) };
            (outgoing.ask().await, outgoing.expected())
        };
        ctx.spawn(look.into_actor(self).map(move |(address, expected), act, ctx| {
            let event = Event::OrdersNotAllowed { symbol, app, address, expected };
            let events = vec![(act.deps.time.now(), event)];
            let commit = act.commit(Change { events, ..Change::default() });
            ctx.wait(commit.map(|_, _, _| ()));
        }));
    }

    /// The broker refuses the token: out of use at once, and the TokenActor finds out what is left of it.
    pub(super) fn token_died(&mut self, token: &AccessToken, code: i64, ctx: &mut Context<Self>) {
        let fingerprint = token.fingerprint();
        if self.volatile.session.fingerprint.as_ref() == Some(&fingerprint) {
            self.volatile.session.usable = None;
            self.volatile.session.reason = Reason::TokenRejected;
            let settle = self.settle(Change::default());
            ctx.wait(settle);
        }
        self.deps.rejected.say(TokenRejected { fingerprint, code });
    }
}

fn give_up(error: &StoreError, ctx: &mut Context<ExchangeActor>) {
    tracing::error!(event = "store.failed", actor = "exchange", "{error}");
    ctx.stop();
}

impl Actor for ExchangeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // A crash loses no news: whoever starts afresh asks. Requests wait for the answer, or one that came
        // right behind a crash would be simulated. At the program's start nobody answers yet: the mode is Mock.
        let load = self.load();
        let line = self.deps.session.clone();
        let ask = async move { tokio::time::timeout(PATIENCE, line.ask(GetSession)).await };
        self.keep_matching(ctx);
        let settled = load.then(|(), act: &mut Self, _| ask.into_actor(act)).then(|view, act, _| {
            if let Ok(Ok(view)) = view {
                act.volatile.session = view;
            }
            // A book that began before there were snapshots, or a crash right after a day's opening.
            let mock_snapshot = act.volatile.house.engine().opening().cloned();
            act.settle(Change { mock_snapshot, ..Change::default() })
        });
        ctx.wait(settled);
    }
}

impl Supervised for ExchangeActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The mode stays as it was told until `started` has found out better, so that a crash is no switch.
        let (mode, reason) = (self.volatile.mode, self.volatile.reason);
        self.volatile = Volatile { mode, reason, ..Volatile::new(self.deps.house()) };
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
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, SetHalted { halted, by }: SetHalted, _: &mut Self::Context) -> Self::Result {
        if self.volatile.halted == halted {
            return AtomicResponse::new(Box::pin(fut::ready(())));
        }
        self.volatile.halted = halted;
        let events = vec![(self.deps.time.now(), Event::HaltChanged { halted, by })];
        AtomicResponse::new(self.settle(Change { halted: Some(halted), events, ..Change::default() }))
    }
}

impl Handler<GetLivePositions> for ExchangeActor {
    type Result = MessageResult<GetLivePositions>;

    fn handle(&mut self, _: GetLivePositions, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.volatile.live_positions.clone())
    }
}

impl Handler<GetMode> for ExchangeActor {
    type Result = MessageResult<GetMode>;

    fn handle(&mut self, _: GetMode, _: &mut Self::Context) -> Self::Result {
        let Volatile { mode, reason, ref house, .. } = self.volatile;
        let simulated_today = house.taken_today(self.deps.time.now());
        MessageResult(ModeView { mode, reason, simulated_today })
    }
}

crate::crashes_on_demand!(ExchangeActor);
