//! A tree: the actors of one account, supervised together.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr, AsyncContext, Context, Supervised};
use futures_util::FutureExt;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

pub use crate::supervisor::record::{Counters, CrashSink};
use crate::{
    droppable::droppable,
    supervisor::{
        record::{Record, Shared, lock},
        supervised::SupervisedActor,
        watchdog::Pulse,
    },
};
use keeper_domain::event::Death;
use keeper_domain::restart_policy::Limits;

/// Longest time one actor may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Time between two signs of life of the actors' thread.
const PULSE: Duration = Duration::from_millis(500);

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
        let supervised =
            SupervisedActor::new(context.into_future(actor), addr.clone(), record, Arc::clone(&self.shared));
        raw_spawn(supervised);
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
    actix_rt::spawn(droppable(task));
}
