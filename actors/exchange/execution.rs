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
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::LocalBoxFuture;
use fyers_api::{http::ApiResponse, ist, operation::Operation};
use keeper_domain::{
    event::Event,
    note::NoteChange,
    order_journal::{IntentOutcome, OrderEntry, OrderIntent},
    ports::{BrokerProxy, Change, ProxyError, Store, StoreError, Time, Wanted},
    routing::{
        Venue,
        conditional::{Conditional, Step, may_wait},
        request::Reserved,
        route::Refused,
    },
    secret::AccessToken,
};
use tokio::{
    sync::{Notify, oneshot, watch},
    time::timeout,
};

use crate::exchange::{
    ExchangeActor,
    conditional::ConditionalOrders,
    meaning::Meaning,
    messages::{End, Executed, Unwritten},
    waiting::Forwarding,
    words::not_now,
};
use crate::{journal, notifier::messages::JournalGrew, recipient_cell::RecipientCell};

/// Longest wait for the intent to be on disk. After that the order is refused, and it is not sent later either.
const INTENT_LIMIT: Duration = Duration::from_secs(5);
/// Longest that FYERS' answer is held back for the outcome to be on disk.
const OUTCOME_LIMIT: Duration = Duration::from_secs(2);

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
pub struct InFlight(Arc<(Mutex<OnTheWay>, Notify, watch::Sender<bool>)>);

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

    pub(super) fn ids(&self) -> Vec<i64> {
        self.orders().keys().copied().collect()
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

    /// From now on nobody waits for FYERS: an order that has left has no answer, and one that has not does not leave.
    pub fn give_up(&self) {
        self.0.2.send_replace(true);
    }

    /// Waits until then.
    async fn given_up(&self) {
        let mut told = self.0.2.subscribe();
        let _ends = told.wait_for(|given_up| *given_up).await;
    }
}

/// Takes an order off the list if its task ends without telling the actor.
pub(super) struct InFlightGuard {
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
    /// Of a change: all that orders may have become with it, written down with the intent.
    pub(super) changes: Option<NoteChange>,
    /// What it may still take from open positions.
    pub(super) reserved: Reserved,
    pub(super) forwarding: Forwarding,
    /// What FYERS has said of it.
    pub(super) placed: RefCell<Vec<OrderEntry>>,
    /// The trading day it belongs to.
    pub(super) last_day: Option<NaiveDate>,
    pub(super) conditional: ConditionalOrders,
    pub(super) token: Arc<AccessToken>,
    pub(super) proxy: Arc<dyn BrokerProxy>,
    pub(super) store: Arc<dyn Store>,
    pub(super) time: Arc<dyn Time>,
    pub(super) journal: RecipientCell<JournalGrew>,
    pub(super) actor: Addr<ExchangeActor>,
    pub(super) tasks: Tasks,
    /// Whether it may still leave at the end of a wait.
    pub(super) wanted: Arc<Wanted>,
    /// When it left.
    pub(super) left: Arc<Mutex<Option<DateTime<Utc>>>>,
    pub(super) fault: FaultPoint,
}

impl Execution {
    /// Begins. The order counts as on its way from this call on, not from the first poll.
    pub(super) fn begin(self, in_flight: &InFlight) -> impl Future<Output = ()> + use<> {
        let guard = in_flight.enter(self.intent.id, self.reserved.clone());
        async move { self.run(guard).await }
    }

    /// From here on the actor keeps what the order may still take.
    pub(super) fn tell(&self, guard: &InFlightGuard, end: End, rejected: u64, unsaved: Option<Change>) {
        guard.told.set(true);
        let (intent, reserved) = (self.intent.clone(), self.reserved.clone());
        let placed = std::mem::take(&mut *self.placed.borrow_mut());
        self.actor.do_send(Executed { intent, reserved, end, placed, rejected, unsaved });
    }

    async fn run(self, guard: InFlightGuard) {
        self.fault.at(OrderStep::BeforeIntent);
        let waits = self.may_wait().and_then(|order| self.learn(Step::Waits(order)));
        let notes = waits.into_iter().chain(self.changes.clone()).collect();
        let intent = Change { intents: vec![self.intent.clone()], notes, ..Change::default() };
        let busy = || StoreError::of(keeper_domain::ports::StoreErrorKind::Busy, "wrote an order down");
        let written = timeout(INTENT_LIMIT, self.store.commit(intent)).await;
        if let Err(error) = written.unwrap_or_else(|_| Err(busy())) {
            return self.not_written(&error, &guard);
        }
        self.fault.at(OrderStep::AfterIntent);
        let sent = self.send(&guard.all).await;
        self.fault.at(OrderStep::AfterSend);
        let Some(sent) = sent else { return self.given_up(&guard).await };
        self.came(sent, &guard).await;
    }

    /// FYERS' answer; `None` when it is waited for no longer.
    async fn send(&self, all: &InFlight) -> Option<Result<ApiResponse, ProxyError>> {
        let wanted = self.wanted_until_it_leaves();
        let sending = self.proxy.send_while(&self.token, &self.forwarding.request, wanted);
        tokio::select! {
            biased;
            sent = sending => Some(sent),
            () = all.given_up() => None,
        }
    }

    /// The program ends, and FYERS has not answered. The bot is told what is known; the intent of an order that has left
    /// stays open, so that the next run looks for it.
    async fn given_up(self, guard: &InFlightGuard) {
        let meaning = match self.left() {
            Some(_) => self.no_answer(None),
            None => self.not_sent(not_now(&Refused::Stopping.to_string())),
        };
        self.settle(meaning, guard).await;
    }

    /// It is asked for last when the order leaves: FYERS' stamp is compared with that moment.
    fn wanted_until_it_leaves(&self) -> Arc<Wanted> {
        let (wanted, time, left) = (Arc::clone(&self.wanted), Arc::clone(&self.time), Arc::clone(&self.left));
        Arc::new(move || {
            let is_wanted = wanted();
            *left.lock().unwrap_or_else(PoisonError::into_inner) = Some(time.now());
            is_wanted
        })
    }

    /// When it has left, if it has.
    pub(super) fn left(&self) -> Option<DateTime<Utc>> {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is sent without its intent on disk. It may get there later: then it is told that it was not sent.
    fn not_written(self, error: &StoreError, guard: &InFlightGuard) {
        tracing::error!(event = "store.failed", actor = "exchange", "an order was refused: {error}");
        let outcomes = vec![(self.intent.id, IntentOutcome::NotSent)];
        let notes = self.forget().into_iter().collect();
        let unsaved = Some(Change { outcomes, notes, ..Change::default() });
        self.tell(guard, End::Nothing, 0, unsaved);
        let words = format!("the order could not be written down, so it was not sent: {}", error.problem);
        self.forwarding.arrive(Venue::None, not_now(&words));
    }

    /// What may wait at FYERS from when this leaves until its answer is known.
    fn may_wait(&self) -> Option<Conditional> {
        may_wait(&self.forwarding.call, &self.forwarding.request, (self.intent.at, self.last_day))
    }

    fn learn(&self, step: Step) -> Option<NoteChange> {
        self.conditional.learn(step, ist::date(self.time.now()))
    }

    /// It does not wait there, or is known better.
    pub(super) fn forget(&self) -> Option<NoteChange> {
        self.conditional.forget(&self.may_wait()?)
    }

    /// What is to be remembered of a GTT or smart order now. One whose answer was lost may wait.
    fn standing(&self, meaning: &Meaning) -> Option<NoteChange> {
        if meaning.end == End::Unknown {
            return None;
        }
        let forgotten = self.forget();
        let Some(IntentOutcome::Answered { ids, .. }) = &meaning.outcome else { return forgotten };
        let sent = (self.intent.at, self.last_day);
        let step = Step::of(&self.forwarding.call, &self.forwarding.request, ids, sent);
        match step.filter(|_| meaning.end == End::Answered) {
            Some(step) => self.learn(step),
            None => forgotten,
        }
    }

    pub(super) async fn settle(self, meaning: Meaning, guard: &InFlightGuard) {
        let now = self.time.now();
        let refused = |event: &&Event| matches!(event, Event::OrderRejected { .. });
        let rejected = meaning.events.iter().filter(refused).count() as u64;
        // What FYERS refused is in its order book too, and is nobody else's.
        let told = meaning.entries.iter().filter(|entry| entry.venue == Venue::Fyers);
        *self.placed.borrow_mut() = told.cloned().collect();
        if self.forwarding.call.operation == Operation::CancelGtt && meaning.end != End::Answered {
            self.conditional.ask_soon();
        }
        let notes = self.standing(&meaning).into_iter().collect();
        let change = Change {
            notes,
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

    /// Writes what came of it, and gives back what the store has refused. The answer does not wait for longer than its limit;
    /// what takes longer is waited for beside it, and is the actor's to write if the store refuses it in the end.
    pub(super) async fn write(&self, change: Change) -> Option<Change> {
        let (tell, told) = oneshot::channel();
        let (store, wake, actor) = (Arc::clone(&self.store), self.journal.clone(), self.actor.clone());
        let kept = change.clone();
        self.tasks.spawn(async move {
            let committed = journal::commit(store.as_ref(), change, "exchange", &wake).await;
            let refused = committed.err().map(|error| {
                tracing::error!(event = "store.failed", actor = "exchange", "{error}");
                kept
            });
            // Nobody listens any more: the bot has its answer.
            if let Err(Some(kept)) = tell.send(refused) {
                actor.do_send(Unwritten(kept));
            }
        });
        timeout(OUTCOME_LIMIT, told).await.ok()?.ok()?
    }
}
