//! The future that holds a supervised actor, and holds on to it when it dies.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context as Task, Poll},
    time::Duration,
};

use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Supervised,
    dev::ContextFut,
    fut::{ready, wrap_future},
};
use rand::Rng;
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval, sleep};

use crate::supervisor::record::{Record, Shared};
use keeper_domain::event::Death;
use keeper_domain::restart_policy::Series;

/// Time between two beats.
const BEAT: Duration = Duration::from_secs(1);
/// How many times as long a life may take to begin as it may be silent later.
const STARTING: u32 = 6;

/// What the supervised actor is doing.
enum Phase {
    /// The actor runs.
    Running,
    /// The actor is dead and will be restarted.
    Pausing(Pin<Box<Sleep>>),
    /// The actor has ended, by request or because the tree gave up. Its queue stays where it is.
    Over,
}

/// Signs of life of one actor: each second a tiny future is put into its context. An actor that waits for
/// something that never comes does not get to it.
struct Beats {
    timer: Interval,
    /// Number of the newest beat the actor got to.
    answered: Arc<AtomicU64>,
    seen: u64,
    sent: u64,
    silent_since: Instant,
}

impl Beats {
    fn new() -> Self {
        let mut timer = interval(BEAT);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { timer, answered: Arc::default(), seen: 0, sent: 0, silent_since: Instant::now() }
    }

    /// How long it may be silent. A life begins with reading the state, which takes its time on a slow machine after a long
    /// day; to begin it again would take as long.
    fn patience(&self, hang: Duration) -> Duration {
        if self.seen == 0 { hang * STARTING } else { hang }
    }

    /// How long the actor has been silent.
    fn silence(&mut self) -> Duration {
        let answered = self.answered.load(Ordering::Relaxed);
        if answered > self.seen || self.sent == 0 {
            self.seen = answered;
            self.silent_since = Instant::now();
        }
        self.silent_since.elapsed()
    }
}

pub(super) struct SupervisedActor<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    actor: ContextFut<A, Context<A>>,
    /// Without a strong address the mailbox would close, and with it every chance of a restart.
    _addr: Addr<A>,
    record: Arc<Record>,
    shared: Arc<Shared>,
    series: Series,
    phase: Phase,
    beats: Beats,
}

impl<A> Unpin for SupervisedActor<A> where A: Actor<Context = Context<A>> + Supervised {}

impl<A> SupervisedActor<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    pub(super) fn new(
        actor: ContextFut<A, Context<A>>,
        addr: Addr<A>,
        record: Arc<Record>,
        shared: Arc<Shared>,
    ) -> Self {
        let (series, phase, beats) = (Series::default(), Phase::Running, Beats::new());
        Self { actor, _addr: addr, record, shared, series, phase, beats }
    }

    /// Polls the actor once; tells how it died, if it did.
    fn poll_actor(&mut self, task: &mut Task<'_>) -> Option<Death> {
        if self.record.condemned.swap(false, Ordering::AcqRel) {
            return Some(Death::TaskPanic);
        }
        if let Some(death) = self.beat(task) {
            return Some(death);
        }
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.actor).poll(task))) {
            Ok(Poll::Pending) => None,
            Ok(Poll::Ready(())) => Some(Death::Stop),
            Err(_payload) => Some(Death::Panic),
        }
    }

    /// Sends a beat when one is due, and notices when they are no longer answered. Each beat stands for itself,
    /// so one that the actor cancels by mistake, with a handle from an earlier life, does no fault.
    fn beat(&mut self, task: &mut Task<'_>) -> Option<Death> {
        while self.beats.timer.poll_tick(task).is_ready() {
            if self.beats.silence() >= self.beats.patience(self.shared.limits.hang) {
                return Some(Death::Hang);
            }
            self.beats.sent += 1;
            let (answered, number) = (Arc::clone(&self.beats.answered), self.beats.sent);
            let answer = wrap_future::<_, A>(ready(()));
            self.actor.ctx().spawn(answer.map(move |(), _, _| answered.store(number, Ordering::Relaxed)));
        }
        None
    }

    /// Notes the death and decides what follows.
    fn died(&mut self, death: Death) -> Phase {
        self.record.alive.store(false, Ordering::Release);
        self.record.count(|counters| match death {
            Death::Panic => counters.panics += 1,
            Death::Stop => counters.stops += 1,
            Death::Hang => counters.hangs += 1,
            Death::TaskPanic => {}
        });
        if death != Death::TaskPanic {
            // A task's panic was counted and told where it happened: several may end in one restart.
            self.shared.sink.crashed(self.record.name, death);
        }
        let dice = rand::rng().random();
        let pause = self.series.died(self.shared.now(), &self.shared.limits, dice);
        let too_many = self.shared.note_death();
        match pause {
            Some(pause) if !too_many => Phase::Pausing(Box::pin(sleep(pause))),
            _ => {
                self.shared.give_up(self.record.name);
                Phase::Over
            }
        }
    }

    fn restart(&mut self) -> Phase {
        self.beats = Beats::new();
        match catch_unwind(AssertUnwindSafe(|| self.actor.restart())) {
            Ok(true) => {
                self.series.restarted(self.shared.now());
                self.record.alive.store(true, Ordering::Release);
                let restarts = self.record.count(|counters| counters.restarts += 1).restarts;
                self.shared.sink.restarted(self.record.name, restarts);
                Phase::Running
            }
            // The mailbox is closed, which cannot be while this future holds an address.
            Ok(false) => self.died(Death::Stop),
            Err(_payload) => self.died(Death::Panic),
        }
    }

    /// Lets the actor end. Whatever it does on its way out, it is over.
    fn stop(&mut self, task: &mut Task<'_>) -> Phase {
        if matches!(self.phase, Phase::Running) {
            let _ended = catch_unwind(AssertUnwindSafe(|| {
                self.actor.ctx().stop();
                Pin::new(&mut self.actor).poll(task)
            }));
        }
        self.record.alive.store(false, Ordering::Release);
        self.record.stopped.send_replace(true);
        Phase::Over
    }
}

impl<A> Future for SupervisedActor<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    type Output = ();

    /// At most one restart a poll: a hot loop of restarts would starve every other actor on this thread.
    fn poll(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<()> {
        let this = &mut *self;
        this.record.waker.register(task.waker());
        if this.record.stopping.load(Ordering::Acquire) && !matches!(this.phase, Phase::Over) {
            this.phase = this.stop(task);
        }
        match &mut this.phase {
            Phase::Running => match this.poll_actor(task) {
                None => return Poll::Pending,
                Some(death) => this.phase = this.died(death),
            },
            Phase::Pausing(pause) => {
                std::task::ready!(pause.as_mut().poll(task));
                this.phase = this.restart();
            }
            Phase::Over => {
                if this.record.stopping.load(Ordering::Acquire) {
                    this.record.stopped.send_replace(true);
                }
                return Poll::Pending;
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}
