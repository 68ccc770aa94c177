//! The NotifierActor: reads the journal, keeps the outbox moving, never two things at once.
//!
//! One turn is: look (journal to outbox), then at most one attempt at the most urgent alert, then rest. Looking and
//! sending alternate, so an alert is never merged with another one while it is on its way, and what is urgent waits for
//! one attempt at most.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context as ActorContext, Handler, ResponseActFuture, SpawnHandle,
    Supervised, WrapFuture,
};
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::notifier::{
    courier::{Attempt, Wording, attempt},
    intake::{Seen, Unnoted, look, note},
    messages::{Flush, GetOutbox, JournalGrew, OutboxView, SayLastWord, StopSending},
};
use keeper_domain::alert::{Outgoing, Severity};
use keeper_domain::alerts::{
    delivery::{self, Gate, Next},
    texts::{Context, is_last_word},
};
use keeper_domain::ports::{Messenger, NoteStore, OutboxStore, StoreError, Time};

/// The longest rest between two looks at the journal, so that a lost wake-up costs only this.
const REST: Duration = Duration::from_secs(3);
/// How long after the first news the journal is looked at: what comes meanwhile is read with it.
const SOON: Duration = Duration::from_millis(50);

/// What the NotifierActor needs of the world.
#[derive(Clone)]
pub struct Ports {
    /// Journal and outbox.
    pub store: Arc<dyn OutboxStore>,
    /// Until when a person wants no sound.
    pub notes: Arc<dyn NoteStore>,
    /// Where alerts go.
    pub messenger: Arc<dyn Messenger>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
}

/// Owns the outbox of alerts.
pub struct NotifierActor {
    ports: Ports,
    context: Arc<Context>,
    /// Kept across restarts: a crash is no reason to break Telegram's limits.
    gate: Gate,
    /// Kept across restarts: what a person has read already is not sent again because a disk is full.
    unnoted: Unnoted,
    /// Another keeper goes on with the outbox.
    stopped: bool,
    /// The program ends: the last word goes before all others, and after it only what is critical is said.
    ends: bool,
    volatile: Volatile,
}

/// What a restart throws away; the store has the truth.
#[derive(Default)]
struct Volatile {
    /// The outbox as last seen; `None` while a turn has it, and before the first one.
    seen: Option<Seen>,
    view: OutboxView,
    /// A turn is under way.
    busy: bool,
    /// Something happened meanwhile: turn again without a rest.
    again: bool,
    rest: Option<SpawnHandle>,
    /// Whether a turn begins in a moment.
    looks_soon: bool,
    /// The alert whose safe text is to be sent.
    safe_text_for: Option<i64>,
    /// Flushes that this turn answers, and those for the next one.
    flushing: Vec<oneshot::Sender<OutboxView>>,
    flush_next: Vec<oneshot::Sender<OutboxView>>,
    /// Who waits for the end of the turn after which there is none.
    stopping: Vec<oneshot::Sender<()>>,
}

impl NotifierActor {
    /// Reads and delivers from its start on.
    pub fn new(ports: Ports, context: Context) -> Self {
        Self {
            ports,
            context: Arc::new(context),
            gate: Gate::default(),
            unnoted: Unnoted::new(),
            stopped: false,
            ends: false,
            volatile: Volatile::default(),
        }
    }

    fn turn(&mut self, ctx: &mut ActorContext<Self>) {
        if self.volatile.busy {
            self.volatile.again = true;
            return;
        }
        if self.stopped {
            return;
        }
        self.volatile.busy = true;
        self.volatile.again = false;
        if let Some(rest) = self.volatile.rest.take() {
            ctx.cancel_future(rest);
        }
        let started = std::mem::take(&mut self.volatile.flush_next);
        self.volatile.flushing.extend(started);
        let (store, context) = (Arc::clone(&self.ports.store), Arc::clone(&self.context));
        let known = self.volatile.seen.take();
        let unnoted = self.unnoted.clone();
        let looking = async move {
            let before = unnoted.len();
            let unnoted = note(store.as_ref(), unnoted).await;
            // What is written down now counts as delivered.
            let known = known.filter(|_| unnoted.len() == before);
            (look(store.as_ref(), &context, known, &unnoted).await, unnoted)
        };
        ctx.spawn(looking.into_actor(self).map(|(result, unnoted), act, ctx| {
            act.unnoted = unnoted;
            act.looked(result, ctx);
        }));
    }

    fn looked(&mut self, result: Result<Seen, StoreError>, ctx: &mut ActorContext<Self>) {
        let Some(seen) = self.or_stop(result, ctx) else { return };
        self.volatile.seen = Some(seen);
        self.refresh_view();
        let now = self.ports.time.now();
        if self.stopped || self.has_none() || self.gate.is_held(now) {
            self.answer_flushes();
            self.rest(ctx);
        } else if self.wait(now).is_zero() {
            self.send_next(ctx);
        } else {
            self.rest(ctx);
        }
    }

    fn next(&self) -> Option<&Outgoing> {
        let waiting = &self.volatile.seen.as_ref()?.waiting;
        if self.ends { delivery::at_the_end(waiting) } else { delivery::next(waiting) }
    }

    /// Whether there is nothing to send.
    fn has_none(&self) -> bool {
        self.volatile.view.waiting == 0 || (self.ends && self.next().is_none())
    }

    /// How long until the next alert may go out: a repeat gathers more of its kind, unless the program ends.
    fn wait(&mut self, now: DateTime<Utc>) -> Duration {
        let waiting =
            self.volatile.seen.as_ref().map(|seen| &seen.waiting).filter(|waiting| waiting.len() == 1);
        let only = waiting.and_then(VecDeque::front).filter(|_| self.volatile.flushing.is_empty());
        let gathering = only.map_or(Duration::ZERO, |only| self.gate.gathering(only, now));
        // No window is kept for anything after the last word.
        let last = self.ends.then_some(Severity::Critical);
        let severity = last.or_else(|| Some(self.next()?.severity)).unwrap_or(Severity::Info);
        self.gate.wait(severity, now).max(gathering)
    }

    fn send_next(&mut self, ctx: &mut ActorContext<Self>) {
        let Some(alert) = self.next().cloned() else { return self.rest(ctx) };
        let ports = self.ports.clone();
        let wording = match self.volatile.safe_text_for == Some(alert.id) {
            true => Wording::Safe,
            false if self.gate.is_overtaken(&alert) => Wording::Overtaken,
            false => Wording::AsItIs,
        };
        let luck = rand::random::<f64>();
        if ports.messenger.is_paced() {
            self.gate.attempted(ports.time.now());
        }
        let sending = async move {
            let world =
                (ports.messenger.as_ref(), ports.store.as_ref(), ports.notes.as_ref(), ports.time.as_ref());
            attempt(world, &alert, wording, luck).await
        };
        ctx.spawn(sending.into_actor(self).map(|result, act, ctx| act.attempted(result, ctx)));
    }

    fn attempted(&mut self, result: Result<Attempt, StoreError>, ctx: &mut ActorContext<Self>) {
        let Some(mut attempt) = self.or_stop(result, ctx) else { return };
        let now = self.ports.time.now();
        self.gate.ended(now);
        let noted = std::mem::replace(&mut attempt.noted, Ok(()));
        if noted.is_err() && matches!(attempt.next, Next::Delivered | Next::DeadLetter) {
            self.drop_waiting(attempt.id);
            self.unnoted.insert(attempt.id, now);
            self.refresh_view();
        }
        if self.or_stop(noted, ctx).is_none() {
            return;
        }
        self.volatile.safe_text_for = None;
        match attempt.next {
            Next::Delivered | Next::DeadLetter => self.drop_waiting(attempt.id),
            Next::SendSafeText => self.volatile.safe_text_for = Some(attempt.id),
            Next::Again(pause) => {
                self.gate.hold(now, pause, attempt.asked_for);
                self.count_failure(attempt.id);
            }
        }
        self.volatile.view.last_error = attempt.error;
        self.refresh_view();
        if matches!(attempt.next, Next::Again(_)) || self.has_none() {
            self.answer_flushes();
        }
        self.rest(ctx);
    }

    /// Ends a turn: the next one comes when something may go out, when something happened meanwhile, or
    /// after a while in any case.
    fn rest(&mut self, ctx: &mut ActorContext<Self>) {
        self.volatile.busy = false;
        if self.stopped {
            self.volatile.stopping.clear();
            return self.answer_flushes();
        }
        let now = self.ports.time.now();
        if !self.volatile.flush_next.is_empty() {
            self.gate.release();
        }
        if self.volatile.again {
            return self.turn(ctx);
        }
        let pause = if self.has_none() { REST } else { self.wait(now).min(REST) };
        self.sleep(pause, ctx);
    }

    fn sleep(&mut self, pause: Duration, ctx: &mut ActorContext<Self>) {
        let time = Arc::clone(&self.ports.time);
        let resting = async move { time.sleep(pause).await };
        self.volatile.rest = Some(ctx.spawn(resting.into_actor(self).map(|(), act, ctx| {
            act.volatile.rest = None;
            act.turn(ctx);
        })));
    }

    fn drop_waiting(&mut self, id: i64) {
        let Some(seen) = &mut self.volatile.seen else { return };
        let place = seen.waiting.iter().position(|alert| alert.id == id);
        let Some(alert) = place.and_then(|place| seen.waiting.remove(place)) else { return };
        self.ends |= is_last_word(&alert);
        self.gate.passed(&alert);
        if self.ports.messenger.is_paced() {
            self.gate.delivered(&alert, self.ports.time.now());
        }
        seen.totals.delivered += 1;
    }

    fn count_failure(&mut self, id: i64) {
        let Some(seen) = &mut self.volatile.seen else { return };
        if let Some(alert) = seen.waiting.iter_mut().find(|alert| alert.id == id) {
            alert.attempts = alert.attempts.saturating_add(1);
        }
    }

    fn refresh_view(&mut self) {
        let Some(seen) = &self.volatile.seen else { return };
        let view = &mut self.volatile.view;
        view.waiting = seen.waiting.len();
        view.oldest = seen.waiting.front().map(|alert| alert.at);
        view.queued_total = seen.totals.queued;
        view.delivered_total = seen.totals.delivered;
    }

    fn answer_flushes(&mut self) {
        for waiter in self.volatile.flushing.drain(..) {
            // A flush whose sender stopped waiting needs no answer.
            let _gone = waiter.send(self.volatile.view.clone());
        }
    }

    /// A store that heals by itself is waited for. With another fault the actor is of no use: the supervisor restarts it
    /// or gives up.
    fn or_stop<T>(&mut self, result: Result<T, StoreError>, ctx: &mut ActorContext<Self>) -> Option<T> {
        let error = match result {
            Ok(good) => return Some(good),
            Err(error) => error,
        };
        tracing::error!(event = "store.failed", actor = "notifier", "{error}");
        if error.kind.heals() {
            self.begin_anew(ctx);
        } else {
            actix::ActorContext::stop(ctx);
        }
        None
    }

    /// What was in memory may not be what is stored, so it is read again after a rest.
    fn begin_anew(&mut self, ctx: &mut ActorContext<Self>) {
        self.answer_flushes();
        let view = std::mem::take(&mut self.volatile.view);
        self.volatile = Volatile { view, ..Volatile::default() };
        if !self.stopped {
            self.sleep(REST, ctx);
        }
    }
}

impl Actor for NotifierActor {
    type Context = ActorContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.turn(ctx);
    }
}

impl Supervised for NotifierActor {
    fn restarting(&mut self, _ctx: &mut Self::Context) {
        self.volatile = Volatile::default();
    }
}

impl Handler<JournalGrew> for NotifierActor {
    type Result = ();

    /// A look writes down how far it has read, so that one for each of many simulated orders would cost as much as they.
    fn handle(&mut self, _: JournalGrew, ctx: &mut Self::Context) {
        if std::mem::replace(&mut self.volatile.looks_soon, true) {
            return;
        }
        let time = Arc::clone(&self.ports.time);
        let soon = async move { time.sleep(SOON).await };
        ctx.spawn(soon.into_actor(self).map(|(), act, ctx| {
            act.volatile.looks_soon = false;
            act.turn(ctx);
        }));
    }
}

impl Handler<GetOutbox> for NotifierActor {
    type Result = OutboxView;

    fn handle(&mut self, _: GetOutbox, _ctx: &mut Self::Context) -> OutboxView {
        self.volatile.view.clone()
    }
}

impl Handler<SayLastWord> for NotifierActor {
    type Result = ResponseActFuture<Self, OutboxView>;

    fn handle(&mut self, _: SayLastWord, ctx: &mut Self::Context) -> Self::Result {
        self.ends = true;
        self.handle(Flush, ctx)
    }
}

impl Handler<Flush> for NotifierActor {
    type Result = ResponseActFuture<Self, OutboxView>;

    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) -> Self::Result {
        let (waiter, answer) = oneshot::channel();
        self.volatile.flush_next.push(waiter);
        self.gate.release();
        self.turn(ctx);
        // A crash ends this future, and the sender is told that the mailbox closed over it.
        Box::pin(answer.into_actor(self).map(|answer, act, _ctx| match answer {
            Ok(view) => view,
            Err(_dropped) => act.volatile.view.clone(),
        }))
    }
}

impl Handler<StopSending> for NotifierActor {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: StopSending, _ctx: &mut Self::Context) -> Self::Result {
        let (waiter, settled) = oneshot::channel();
        self.stopped = true;
        if self.volatile.busy {
            self.volatile.stopping.push(waiter);
        }
        // The waiter is dropped at the end of the turn, by a crash, or here when none is under way.
        Box::pin(settled.into_actor(self).map(|_settled, _, _| ()))
    }
}

crate::crashes_on_demand!(NotifierActor);
