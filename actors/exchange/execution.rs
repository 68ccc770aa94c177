//! One order on its way to FYERS: on disk before it leaves, sent once, and what came of it on disk before the bot hears
//! of it. It runs beside the actor, so that nothing that happens to the actor changes what happens to the order.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix::Addr;
use futures_util::future::LocalBoxFuture;
use fyers_api::{http::ApiResponse, response};
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    event::Event,
    order_journal::{IntentOutcome, OrderEntry, OrderIntent},
    ports::{BrokerProxy, Change, ProxyError, Store, StoreError, Time, Wanted},
    routing::{
        Venue,
        broker_answer::{is_fyers, is_order_ban, token_death},
        request::{Leg, Reserved},
    },
    secret::AccessToken,
};
use mock_exchange::api::responses;
use tokio::{sync::Notify, time::timeout};

use crate::exchange::{
    ExchangeActor,
    messages::{End, Executed, Forward, TokenDied},
    waiting::Forwarding,
    words::{never_left, refusal},
};
use crate::{journal, notifier::messages::JournalGrew, recipient_cell::RecipientCell};

/// Longest wait for the intent to be on disk. After that the order is refused, and it is not sent later either.
const INTENT_LIMIT: Duration = Duration::from_secs(5);
/// Longest that FYERS' answer is held back for the outcome to be on disk.
const OUTCOME_LIMIT: Duration = Duration::from_secs(2);
/// Longest text of a refusal that an event keeps.
const WORDS: usize = 200;

/// Where tasks run that must outlive an actor's life.
#[derive(Clone)]
pub struct Tasks(Rc<dyn Fn(LocalBoxFuture<'static, ()>)>);

impl Tasks {
    /// Tasks are started by this function.
    pub fn new(spawn: impl Fn(LocalBoxFuture<'static, ()>) + 'static) -> Self {
        Self(Rc::new(spawn))
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        (self.0)(Box::pin(task));
    }
}

/// A step of an order's way, for tests that end the program there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStep {
    /// Nothing has been done.
    BeforeIntent,
    /// The intent is on disk, nothing is sent.
    AfterIntent,
    /// The call has ended.
    AfterSend,
    /// The outcome is on disk, the bot has no answer.
    AfterOutcome,
}

impl OrderStep {
    /// All of them, with the names that a test uses.
    pub const ALL: [(&'static str, Self); 4] = [
        ("before_intent", Self::BeforeIntent),
        ("after_intent", Self::AfterIntent),
        ("after_send", Self::AfterSend),
        ("after_outcome", Self::AfterOutcome),
    ];
}

/// Told of every step; does nothing unless a test asks for it.
#[derive(Clone, Default)]
pub struct FaultPoint(Option<Arc<dyn Fn(OrderStep) + Send + Sync>>);

impl FaultPoint {
    /// A fault point that calls this function.
    pub fn new(at: impl Fn(OrderStep) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(at)))
    }

    fn at(&self, step: OrderStep) {
        if let Some(told) = &self.0 {
            told(step);
        }
    }
}

/// The orders that are on their way right now. Shared: it survives the actor's crash.
#[derive(Clone, Default)]
pub struct InFlight(Arc<(Mutex<OnTheWay>, Notify)>);

/// Orders by their intent, with what each may take from open positions.
type OnTheWay = BTreeMap<i64, Reserved>;

impl InFlight {
    fn orders(&self) -> MutexGuard<'_, OnTheWay> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, id: i64, reserved: Reserved) -> InFlightGuard {
        self.orders().insert(id, reserved);
        InFlightGuard { all: self.clone(), id, told: Cell::new(false) }
    }

    /// The actor has taken over what is to be known of it.
    pub(super) fn leave(&self, id: i64) {
        self.orders().remove(&id);
        self.0.1.notify_waiters();
    }

    pub(super) fn has(&self, id: i64) -> bool {
        self.orders().contains_key(&id)
    }

    pub(super) fn reserved(&self) -> Vec<Reserved> {
        self.orders().values().cloned().collect()
    }

    /// Waits until nothing is on its way.
    pub async fn drained(&self) {
        loop {
            let changed = self.0.1.notified();
            if self.orders().is_empty() {
                return;
            }
            changed.await;
        }
    }
}

/// Takes an order off the list if its task ends without telling the actor.
struct InFlightGuard {
    all: InFlight,
    id: i64,
    told: Cell<bool>,
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        if !self.told.get() {
            self.all.leave(self.id);
        }
    }
}

/// What an order needs on its way.
pub(super) struct Execution {
    pub(super) intent: OrderIntent,
    /// What it may still take from open positions.
    pub(super) reserved: Reserved,
    pub(super) forwarding: Forwarding,
    /// What FYERS has taken of it.
    pub(super) placed: RefCell<Vec<OrderEntry>>,
    pub(super) token: Arc<AccessToken>,
    pub(super) proxy: Arc<dyn BrokerProxy>,
    pub(super) store: Arc<dyn Store>,
    pub(super) time: Arc<dyn Time>,
    pub(super) journal: RecipientCell<JournalGrew>,
    pub(super) actor: Addr<ExchangeActor>,
    /// Whether it may still leave at the end of a wait.
    pub(super) wanted: Arc<Wanted>,
    pub(super) fault: FaultPoint,
}

/// What FYERS' answer, or the want of one, means.
struct Meaning {
    end: End,
    venue: Venue,
    answer: ApiResponse,
    /// `None` leaves the intent open: the order book will tell.
    outcome: Option<IntentOutcome>,
    entries: Vec<OrderEntry>,
    events: Vec<Event>,
}

impl Execution {
    /// Begins. The order counts as on its way from this call on, not from the first poll.
    pub(super) fn begin(self, in_flight: &InFlight) -> impl Future<Output = ()> + use<> {
        let guard = in_flight.enter(self.intent.id, self.reserved.clone());
        async move { self.run(guard).await }
    }

    /// From here on the actor keeps what the order may still take.
    fn tell(&self, guard: &InFlightGuard, end: End, rejected: u64, unsaved: Option<Change>) {
        guard.told.set(true);
        let (intent, reserved) = (self.intent.clone(), self.reserved.clone());
        let placed = std::mem::take(&mut *self.placed.borrow_mut());
        self.actor.do_send(Executed { intent, reserved, end, placed, rejected, unsaved });
    }

    async fn run(self, guard: InFlightGuard) {
        self.fault.at(OrderStep::BeforeIntent);
        let intent = Change { intents: vec![self.intent.clone()], ..Change::default() };
        let busy = || StoreError::of(keeper_domain::ports::StoreErrorKind::Busy, "wrote an order down");
        let written = timeout(INTENT_LIMIT, self.store.commit(intent)).await;
        if let Err(error) = written.unwrap_or_else(|_| Err(busy())) {
            return self.not_written(&error, &guard);
        }
        self.fault.at(OrderStep::AfterIntent);
        let sent =
            self.proxy.send_while(&self.token, &self.forwarding.request, Arc::clone(&self.wanted)).await;
        self.fault.at(OrderStep::AfterSend);
        if let Some(code) = sent.as_ref().ok().and_then(token_death) {
            return self.token_died(code, &guard).await;
        }
        let meaning = self.read(sent);
        self.settle(meaning, &guard).await;
    }

    /// Nothing is sent without its intent on disk. It may get there later: then it is told that it was not sent.
    fn not_written(self, error: &StoreError, guard: &InFlightGuard) {
        tracing::error!(event = "store.failed", actor = "exchange", "an order was refused: {error}");
        let outcomes = vec![(self.intent.id, IntentOutcome::NotSent)];
        let unsaved = Some(Change { outcomes, ..Change::default() });
        self.tell(guard, End::Nothing, 0, unsaved);
        let words = format!("the order could not be written down, so it was not sent: {}", error.problem);
        self.forwarding.arrive(Venue::None, refusal(503, -503, &words));
    }

    /// FYERS has refused the token and done nothing else: the request is handled as if it came now.
    async fn token_died(self, code: i64, guard: &InFlightGuard) {
        let outcomes = vec![(self.intent.id, IntentOutcome::NotSent)];
        let unsaved = self.write(Change { outcomes, ..Change::default() }).await;
        self.tell(guard, End::Nothing, 0, unsaved);
        let _gone = self.actor.send(TokenDied { fingerprint: self.token.fingerprint(), code }).await;
        if let Ok(again) = self.actor.send(Forward(self.forwarding.request, self.forwarding.bot)).await {
            let _bot_gone = self.forwarding.reply.send(again.answered().await);
        }
    }

    async fn settle(self, meaning: Meaning, guard: &InFlightGuard) {
        let now = self.time.now();
        let refused = |event: &&Event| matches!(event, Event::OrderRejected { .. });
        let rejected = meaning.events.iter().filter(refused).count() as u64;
        let taken = meaning.entries.iter().filter(|entry| entry.venue == Venue::Fyers && entry.code >= 0);
        *self.placed.borrow_mut() = taken.cloned().collect();
        let change = Change {
            outcomes: meaning.outcome.into_iter().map(|outcome| (self.intent.id, outcome)).collect(),
            orders: meaning.entries,
            events: meaning.events.into_iter().map(|event| (now, event)).collect(),
            ..Change::default()
        };
        let unsaved = self.write(change).await;
        self.fault.at(OrderStep::AfterOutcome);
        self.tell(guard, meaning.end, rejected, unsaved);
        self.forwarding.arrive(meaning.venue, meaning.answer);
    }

    /// Writes what came of it, and gives back what could not be written in time. The answer does not wait longer.
    async fn write(&self, change: Change) -> Option<Change> {
        let commit = journal::commit(self.store.as_ref(), change.clone(), "exchange", &self.journal);
        match timeout(OUTCOME_LIMIT, commit).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::error!(event = "store.failed", actor = "exchange", "{error}");
                Some(change)
            }
            // It is in the store's queue and gets there when the store does; only the outcome is safe to repeat.
            Err(_) => Some(Change { outcomes: change.outcomes, ..Change::default() }),
        }
    }

    fn read(&self, sent: Result<ApiResponse, ProxyError>) -> Meaning {
        match sent {
            Ok(answer) if never_left(&answer) => self.not_sent(answer),
            Ok(answer) if is_fyers(&answer) => self.answered(answer),
            Ok(answer) => self.unknown(answer),
            Err(ProxyError::Transport(Transport::Connect)) => {
                let words = "FYERS cannot be reached; nothing was done";
                self.not_sent(refusal(503, -503, words))
            }
            Err(_) => {
                let message = "fyers-keeper: the order was sent and its outcome is not known. Look in the order book \
                               before sending it again.";
                let body = serde_json::json!({"s": "ok", "code": 201, "message": message, "id": ""});
                self.unknown(responses::answer(200, &body))
            }
        }
    }

    fn not_sent(&self, answer: ApiResponse) -> Meaning {
        let entries = self.entries(&answer, Venue::None);
        let outcome = Some(IntentOutcome::NotSent);
        Meaning { end: End::Nothing, venue: Venue::None, answer, outcome, entries, events: vec![] }
    }

    /// What is not FYERS' own says nothing about the order; the bot gets it as it came.
    fn unknown(&self, answer: ApiResponse) -> Meaning {
        let entries = self.entries(&answer, Venue::Fyers).into_iter().enumerate();
        let entries = entries.map(|(place, entry)| entry.without_answer(&self.intent, place)).collect();
        Meaning { end: End::Unknown, venue: Venue::Fyers, answer, outcome: None, entries, events: vec![] }
    }

    fn answered(&self, answer: ApiResponse) -> Meaning {
        let outcomes = response::outcomes(&answer, &response::json(&answer));
        let ids = outcomes.iter().filter_map(|(_, _, _, id)| id.clone()).collect();
        let outcome = Some(IntentOutcome::Answered { status: answer.status, ids });
        let mut events = vec![];
        let mut end = End::Nothing;
        for (place, (status, code, message, id)) in outcomes.iter().enumerate() {
            let leg = self.intent.legs.get(place);
            let refused = *code < 0;
            if !refused {
                end = End::Answered;
            }
            events.extend(self.told(leg, *code, message, id.as_deref()));
            if refused
                && is_order_ban(&BrokerError::Refused {
                    status: *status,
                    code: *code,
                    message: message.clone(),
                })
            {
                return self.banned(answer, outcome, events, leg);
            }
        }
        let entries = self.entries(&answer, Venue::Fyers);
        Meaning { end, venue: Venue::Fyers, answer, outcome, entries, events }
    }

    fn banned(
        &self,
        answer: ApiResponse,
        outcome: Option<IntentOutcome>,
        events: Vec<Event>,
        leg: Option<&Leg>,
    ) -> Meaning {
        let end = End::Banned { symbol: leg.map(|leg| leg.symbol.clone()).unwrap_or_default() };
        let entries = self.entries(&answer, Venue::Fyers);
        Meaning { end, venue: Venue::Fyers, answer, outcome, entries, events }
    }

    /// The event of one order: taken, or refused by FYERS.
    fn told(&self, leg: Option<&Leg>, code: i64, message: &str, id: Option<&str>) -> Option<Event> {
        let (symbol, quantity) = leg.map_or((String::new(), 0), |leg| (leg.symbol.clone(), leg.quantity));
        if code < 0 {
            let price = leg.map_or_else(|| "0".to_owned(), |leg| leg.price.normalize().to_string());
            let message = keeper_domain::alerts::words::excerpt(message, WORDS);
            let bot = Some(self.forwarding.bot.clone());
            return Some(Event::OrderRejected { bot, symbol, quantity, price, code, message });
        }
        leg?;
        let bot = Some(self.forwarding.bot.clone());
        Some(Event::OrderPlaced { bot, id: id?.to_owned(), symbol, quantity })
    }

    fn entries(&self, answer: &ApiResponse, venue: Venue) -> Vec<OrderEntry> {
        let (mode, now) = (self.forwarding.mode, self.time.now());
        let operation = self.forwarding.call.operation;
        let one = |(place, (status, code, message, id)): (usize, (u16, i64, String, Option<String>))| {
            let leg = self.intent.legs.get(place);
            let entry = OrderEntry::new((operation, mode, venue), leg, (status, code, &message, id), now);
            entry.of(&self.forwarding.bot)
        };
        response::outcomes(answer, &response::json(answer)).into_iter().enumerate().map(one).collect()
    }
}
