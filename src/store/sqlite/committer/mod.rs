//! One thread that makes all changes, on a connection of its own.
//!
//! What waits is made in one transaction, and a caller is answered when its change is on disk: committed, and seen by
//! a second connection, which sees only what is committed. After any failure the connection is thrown away and
//! another one is opened, since SQLite may have rolled back by itself and nobody else knows how far. While that does
//! not succeed, changes are refused at once, in words.

mod fault;
mod pair;
mod worker;

#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use keeper_domain::ports::{ChangeLine, StoreError, StoreErrorKind};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::caller::Caller;

pub(super) use fault::kind_of_code;

/// How many changes may wait. Beyond that they are refused: a disk that slow is as good as none.
const WAITING: usize = 1_024;

/// The pause before a place in the queue is asked for again.
const PAUSE: Duration = Duration::from_millis(20);

/// One atomic change, made on the committer's thread inside a transaction. It must not begin or end one.
pub(super) type Work = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

/// A change on its way.
struct Job {
    work: Work,
    caller: Caller,
}

/// The callers' side. The thread ends when this is dropped or closed, after it has made what still waits.
#[derive(Debug)]
pub(super) struct Committer {
    jobs: Mutex<Option<SyncSender<Job>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Committer {
    /// Starts the thread, and waits until it has opened the database. When it cannot, changes are refused until it
    /// can.
    pub(super) async fn start(path: PathBuf) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let (end, ended) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        std::thread::Builder::new().name("store-committer".to_owned()).spawn(move || {
            // Dropped last, also by a panic: the connections are closed when the wait of `close` ends.
            let _end = end;
            let worker = worker::Worker::open(path, waiting);
            let _nobody_waits = ready.send(());
            worker.run();
        })?;
        let _panicked = is_ready.await;
        Ok(Self { jobs: Mutex::new(Some(jobs)), ended: Mutex::new(Some(ended)) })
    }

    /// Queues a change at once, in the order of the calls. The future is its answer; the change is made without it too.
    pub(super) fn queue(
        &self,
        doing: &'static str,
        work: Work,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        self.queue_in(None, doing, work)
    }

    /// The same for a change that builds on those of this line.
    pub(super) fn queue_in(
        &self,
        line: Option<ChangeLine>,
        doing: &'static str,
        work: Work,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (caller, heard) = Caller::new(doing, line);
        if let Err((caller, kind)) = self.send(Job { work, caller }) {
            caller.refuse(StoreError::of(kind, doing));
        }
        async move {
            // A thread that has died has dropped the sender.
            heard.await.unwrap_or_else(|_died| Err(StoreError::of(StoreErrorKind::Ended, doing)))
        }
    }

    /// Puts it into the queue, or tells why there is no place.
    fn send(&self, job: Job) -> Result<(), (Caller, StoreErrorKind)> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = match jobs.as_ref() {
            Some(jobs) => jobs.try_send(job),
            None => Err(TrySendError::Disconnected(job)),
        };
        sent.map_err(|error| match error {
            TrySendError::Full(Job { caller, .. }) => (caller, StoreErrorKind::Busy),
            TrySendError::Disconnected(Job { caller, .. }) => (caller, StoreErrorKind::Ended),
        })
    }

    /// Waits until all that was queued before is on disk, or refused. While there is no place in the queue it asks again;
    /// an answer of the thread ends it, whatever the answer is.
    pub(super) async fn settled(&self) {
        loop {
            let (caller, heard) = Caller::new("waited for what was queued", None);
            match self.send(Job { work: Box::new(|_| Ok(())), caller }) {
                Ok(()) => return drop(heard.await),
                Err((_, StoreErrorKind::Busy)) => tokio::time::sleep(PAUSE).await,
                Err(_) => return,
            }
        }
    }

    /// Makes what still waits, then closes the connection. Nothing is taken on any more.
    pub(super) async fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            let _closed = ended.await;
        }
    }
}
