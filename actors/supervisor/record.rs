//! What the tree and its supervised actors share: counters, deaths, and who hears of them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::{sync::watch, time::Instant};

use crate::supervisor::watchdog::Pulse;
use keeper_domain::event::Death;
use keeper_domain::restart_policy::{Deaths, Limits};

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
    pub(super) fn new(name: &'static str) -> Self {
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
    pub(super) began: Instant,
    pub(super) deaths: Mutex<Deaths>,
    pub(super) records: Mutex<Vec<Arc<Record>>>,
    pub(super) gave_up: watch::Sender<Option<&'static str>>,
    pub(super) orphan_panics: AtomicU64,
    pub(super) pulse: Pulse,
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

    pub(super) fn record(&self, name: &str) -> Option<Arc<Record>> {
        lock(&self.records).iter().find(|record| record.name == name).cloned()
    }
}

/// A panic while the lock was held has left nothing half done: the guarded values are counters and lists.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
