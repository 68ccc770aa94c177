//! A tree: the actors of one account, supervised together.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr, AsyncContext, Context, Supervised};
use futures_util::{FutureExt, task::AtomicWaker};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::supervisor::{supervised::SupervisedActor, watchdog::Pulse};
use keeper_domain::event::Death;
use keeper_domain::restart_policy::{Deaths, Limits};

/// Longest time one actor may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Time between two signs of life of the actors' thread.
const PULSE: Duration = Duration::from_millis(500);

/// Who hears of deaths. Called on the actors' thread, so it must not block.
pub trait CrashSink: Send + Sync {
    /// An actor died.
    fn crashed(&self, actor: &'static str, death: Death);
    /// An actor is back, for the `restarts`-th time.
    fn restarted(&self, actor: &'static str, restarts: u64);
    /// An actor died too often; the tree has given up.
    fn gave_up(&self, actor: &'static str);
}

/// How often an actor died, by cause, and came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Panics of the actor and its futures.
    pub panics: u64,
    /// Panics of tasks spawned on its behalf.
    pub task_panics: u64,
    /// Stops nobody asked for.
    pub stops: u64,
    /// Awaits that never ended.
    pub hangs: u64,
    /// Restarts.
    pub restarts: u64,
}

/// What ward and tree know of one actor.
pub(super) struct Record {
    pub(super) name: &'static str,
    counters: Mutex<Counters>,
    pub(super) waker: AtomicWaker,
    /// A task of the actor panicked: restart it.
    pub(super) condemned: AtomicBool,
    pub(super) stopping: AtomicBool,
    pub(super) stopped: watch::Sender<bool>,
    pub(super) alive: AtomicBool,
}

impl Record {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            counters: Mutex::default(),
            waker: AtomicWaker::new(),
            condemned: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            stopped: watch::Sender::new(false),
            alive: AtomicBool::new(true),
        }
    }

    pub(super) fn count(&self, add: impl FnOnce(&mut Counters)) -> Counters {
        let mut counters = lock(&self.counters);
        add(&mut counters);
        *counters
    }
}

/// What all wards of a tree share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) sink: Arc<dyn CrashSink>,
    began: Instant,
    deaths: Mutex<Deaths>,
    records: Mutex<Vec<Arc<Record>>>,
    gave_up: watch::Sender<Option<&'static str>>,
    orphan_panics: AtomicU64,
    pulse: Pulse,
}

impl Shared {
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Notes a death in the tree; true when there have been too many.
    pub(super) fn note_death(&self) -> bool {
        lock(&self.deaths).note(self.now(), self.limits.tree)
    }

    /// Gives up, once.
    pub(super) fn give_up(&self, actor: &'static str) {
        let first = self.gave_up.send_if_modified(|gave_up| {
            let first = gave_up.is_none();
            gave_up.get_or_insert(actor);
            first
        });
        if first {
            self.sink.gave_up(actor);
        }
    }

    fn record(&self, name: &str) -> Option<Arc<Record>> {
        lock(&self.records).iter().find(|record| record.name == name).cloned()
    }
}

/// The supervisor of one account's actors. Clones are handles to the same tree.
#[derive(Clone)]
pub struct Tree {
    shared: Arc<Shared>,
}

impl Tree {
    /// A tree without actors. Must be called on the thread the actors will run on.
    pub fn new(limits: Limits, sink: Arc<dyn CrashSink>) -> Self {
        let shared = Shared {
            limits,
            sink,
            began: Instant::now(),
            deaths: Mutex::default(),
            records: Mutex::default(),
            gave_up: watch::Sender::new(None),
            orphan_panics: AtomicU64::new(0),
            pulse: Pulse::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Starts an actor under supervision. The address is good for as long as the program runs.
    pub fn supervise<A>(&self, name: &'static str, actor: A) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Supervised,
    {
        let record = Arc::new(Record::new(name));
        lock(&self.shared.records).push(Arc::clone(&record));
        let context = Context::new();
        let addr = context.address();
        let ward =
            SupervisedActor::new(context.into_future(actor), addr.clone(), record, Arc::clone(&self.shared));
        raw_spawn(ward);
        addr
    }

    /// Runs a task on behalf of an actor. A panic in it is counted, told, and ends in a restart of the actor,
    /// since nobody can say what the task had left undone. This is the only way to spawn anything.
    pub fn spawn(&self, owner: &'static str, task: impl Future<Output = ()> + 'static) {
        let shared = Arc::clone(&self.shared);
        raw_spawn(async move {
            if std::panic::AssertUnwindSafe(task).catch_unwind().await.is_ok() {
                return;
            }
            shared.sink.crashed(owner, Death::TaskPanic);
            let Some(record) = shared.record(owner) else {
                shared.orphan_panics.fetch_add(1, Ordering::Relaxed);
                return;
            };
            record.count(|counters| counters.task_panics += 1);
            record.condemned.store(true, Ordering::Release);
            record.waker.wake();
        });
    }

    /// Signs of life of the actors' thread, for the watchdog and `/livez`.
    pub fn pulse(&self) -> Pulse {
        let pulse = self.shared.pulse.clone();
        let beating = pulse.clone();
        self.spawn("pulse", async move {
            loop {
                beating.beat();
                tokio::time::sleep(PULSE).await;
            }
        });
        pulse
    }

    /// How often this actor died and came back; zeros for a name that is not supervised.
    pub fn counters(&self, name: &str) -> Counters {
        self.shared.record(name).map(|record| record.count(|_| ())).unwrap_or_default()
    }

    /// All actors by name: whether they run right now, and their counters.
    pub fn actors(&self) -> BTreeMap<&'static str, (bool, Counters)> {
        let of = |record: &Arc<Record>| {
            (record.name, (record.alive.load(Ordering::Acquire), record.count(|_| ())))
        };
        lock(&self.shared.records).iter().map(of).collect()
    }

    /// Panics that have an owner: to be equal to what the panic hook has seen.
    pub fn accounted_panics(&self) -> u64 {
        let owned: u64 =
            self.actors().values().map(|(_, counters)| counters.panics + counters.task_panics).sum();
        owned + self.shared.orphan_panics.load(Ordering::Relaxed)
    }

    /// Resolves when the tree gives up, with the actor that died too often.
    pub async fn gave_up(&self) -> &'static str {
        let mut gave_up = self.shared.gave_up.subscribe();
        loop {
            if let Some(actor) = *gave_up.borrow_and_update() {
                return actor;
            }
            if gave_up.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Stops the actors, last started first; none is waited for longer than five seconds.
    pub async fn shutdown(&self) {
        let records: Vec<_> = lock(&self.shared.records).iter().rev().cloned().collect();
        for record in records {
            record.stopping.store(true, Ordering::Release);
            record.waker.wake();
            let mut stopped = record.stopped.subscribe();
            if timeout(STOP_LIMIT, stopped.wait_for(|stopped| *stopped)).await.is_err() {
                tracing::warn!(event = "actor.hung", actor = record.name, "did not stop in time");
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the wrapper that all others must use")]
fn raw_spawn(task: impl Future<Output = ()> + 'static) {
    actix_rt::spawn(task);
}

/// A panic while the lock was held has left nothing half done: the guarded values are counters and lists.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
