//! One thread that makes all changes, on a connection of its own, in the name of the lease's epoch.
//!
//! As on SQLite: what waits goes into one transaction, in the order in which it was queued, and a caller is answered
//! when its change is on the server's disk. After a failure the connection is thrown away; while there is no other
//! one, changes are refused at once, in words.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use keeper_domain::ports::{ChangeLine, StoreError, StoreErrorKind};
use sqlx::PgConnection;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::store::{
    caller::{Caller, break_lines, refuse_all},
    postgres::{
        connect::Address,
        fault::{of, told},
        held_lease::HeldLease,
        put_back,
        transaction::{self, Fault, Fenced, LIMIT, Piece, not_known},
        write::Work,
    },
};

/// How many changes may wait. Beyond that they are refused.
const WAITING: usize = 1_024;
/// How many changes go into one transaction.
const GROUP: usize = 64;
/// The pauses between attempts to connect again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What is asked of the thread.
enum Job {
    Make { work: Work, caller: Caller },
    Trim(oneshot::Sender<Result<bool, StoreError>>),
}

/// The callers' side. The task ends when this is closed, after it has made what still waits.
#[derive(Debug)]
pub(super) struct Committer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Committer {
    /// The callers' side, and the task that does the work, on a connection that is there or on one of its own.
    pub(super) fn new(
        address: Address,
        holding: HeldLease,
        on: Option<PgConnection>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let (end, ended) = oneshot::channel();
        let state = on.map_or_else(|| State::down(StoreErrorKind::Failing), State::Up);
        let worker = Worker { address, holding, jobs: waiting, state };
        let task = async move {
            worker.run().await;
            let _nobody_waits = end.send(());
        };
        (Self { jobs: Mutex::new(Some(jobs)), ended: Mutex::new(Some(ended)) }, task)
    }

    /// One that refuses all.
    pub(super) fn closed() -> Self {
        Self { jobs: Mutex::default(), ended: Mutex::default() }
    }

    /// Queues a change at once, in the order of the calls. The future is its answer; it is made without it too.
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
        let (caller, heard) = Caller::new(doing, line.clone());
        let queued = self.send(Job::Make { work, caller });
        if let (Some(line), Err(kind)) = (line, queued) {
            line.break_off(kind);
        }
        async move {
            queued.map_err(|kind| of(kind, doing))?;
            heard.await.unwrap_or_else(|_died| Err(of(StoreErrorKind::Ended, doing)))
        }
    }

    /// Waits until all that was queued before is on disk, or refused. While there is no place in the queue it asks again;
    /// an answer of the thread ends it, whatever the answer is.
    pub(super) async fn settled(&self) {
        loop {
            let (caller, heard) = Caller::new("waited for what was queued", None);
            match self.send(Job::Make { work: Work::Nothing, caller }) {
                Ok(()) => return drop(heard.await),
                Err(StoreErrorKind::Busy) => tokio::time::sleep(FIRST_PAUSE).await,
                Err(_) => return,
            }
        }
    }

    /// Removes what nobody reads any more; true when there may be more.
    pub(super) async fn trim(&self) -> Result<bool, StoreError> {
        const DOING: &str = "removed what is old";
        let (answer, heard) = oneshot::channel();
        self.send(Job::Trim(answer)).map_err(|kind| of(kind, DOING))?;
        heard.await.unwrap_or_else(|_died| Err(of(StoreErrorKind::Ended, DOING)))
    }

    fn send(&self, job: Job) -> Result<(), StoreErrorKind> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = jobs.as_ref().ok_or(StoreErrorKind::Ended)?;
        jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreErrorKind::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreErrorKind::Ended,
        })
    }

    /// Makes what still waits. Nothing is taken on any more.
    pub(super) async fn close(&self) {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            let _closed = ended.await;
        }
    }
}

struct Worker {
    address: Address,
    holding: HeldLease,
    jobs: mpsc::Receiver<Job>,
    state: State,
}

enum State {
    Up(PgConnection),
    Down {
        kind: StoreErrorKind,
        next: Instant,
        pause: Duration,
    },
    /// The lease is not this keeper's any more.
    Fenced,
}

impl State {
    fn down(kind: StoreErrorKind) -> Self {
        Self::Down { kind, next: Instant::now(), pause: FIRST_PAUSE }
    }
}

impl Worker {
    async fn run(mut self) {
        loop {
            let job = match &self.state {
                State::Down { next, .. } => tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(*next) => {
                        self.reconnect().await;
                        continue;
                    }
                    job = self.jobs.recv() => job,
                },
                _ => self.jobs.recv().await,
            };
            match job {
                Some(Job::Make { work, caller }) => self.take(caller, work).await,
                Some(Job::Trim(answer)) => {
                    let trimmed = self.trim().await;
                    let _gone = answer.send(trimmed);
                }
                None => return,
            }
        }
    }

    async fn take(&mut self, first: Caller, work: Work) {
        let (mut pieces, mut waiting, mut behind) = (vec![(first.line.clone(), work)], vec![first], None);
        while pieces.len() < GROUP {
            match self.jobs.try_recv() {
                Ok(Job::Make { work, caller }) => {
                    pieces.push((caller.line.clone(), work));
                    waiting.push(caller);
                }
                Ok(Job::Trim(answer)) => {
                    behind = Some(answer);
                    break;
                }
                Err(_) => break,
            }
        }
        self.make(waiting, &pieces).await;
        if let Some(answer) = behind {
            let trimmed = self.trim().await;
            let _gone = answer.send(trimmed);
        }
    }

    async fn make(&mut self, waiting: Vec<Caller>, pieces: &[Piece]) {
        let on = match &mut self.state {
            State::Up(on) => on,
            State::Down { kind, .. } => return refuse(waiting, *kind),
            State::Fenced => return refuse(waiting, StoreErrorKind::Fenced),
        };
        match transaction::make(on, &self.holding, pieces).await {
            Ok(outcomes) => answer(waiting, outcomes),
            Err(fault) => self.failed(fault, waiting).await,
        }
    }

    /// The answers come after the attempt to connect again, which shows what is on disk. What waits may build on what
    /// failed, so it is refused with it.
    async fn failed(&mut self, fault: Fault, waiting: Vec<Caller>) {
        let mut behind = vec![];
        let kind = match fault {
            Fault::Fenced(fenced) => {
                let on = match std::mem::replace(&mut self.state, State::Fenced) {
                    State::Up(on) => Some(on),
                    _ => None,
                };
                self.fenced(fenced, on).await;
                refuse(waiting, StoreErrorKind::Fenced);
                StoreErrorKind::Fenced
            }
            Fault::NotMade(error) => {
                self.lost(&error);
                self.reconnect().await;
                break_lines(&waiting, error.kind);
                self.drain(&mut behind);
                refuse_all(waiting, &error);
                error.kind
            }
            Fault::NotKnown(number, error) => {
                self.lost(&error);
                let last = self.find_out().await;
                if last.is_none_or(|last| last < number) {
                    break_lines(&waiting, error.kind);
                }
                self.drain(&mut behind);
                match last {
                    Some(last) if last >= number => waiting.into_iter().for_each(Caller::made),
                    Some(_) => refuse_all(waiting, &error),
                    None => refuse_all(waiting, &not_known(&error)),
                }
                error.kind
            }
        };
        refuse(behind, kind);
    }

    /// Nothing more is made, and nothing more is done in the name of this lease.
    async fn fenced(&mut self, fenced: Fenced, on: Option<PgConnection>) {
        self.state = State::Fenced;
        self.holding.end();
        match (fenced, on) {
            (Fenced::PutBack, Some(mut on)) => put_back::tell(&mut on).await,
            _ => tracing::error!(
                event = "lease.lost",
                "another keeper has taken over; this one changes nothing"
            ),
        }
    }

    fn drain(&mut self, behind: &mut Vec<Caller>) {
        while let Ok(job) = self.jobs.try_recv() {
            match job {
                Job::Make { caller, .. } => behind.push(caller),
                Job::Trim(answer) => drop(answer.send(Ok(false))),
            }
        }
    }

    fn lost(&mut self, error: &StoreError) {
        tracing::error!(event = "store.failed", kind = ?error.kind, "{error}");
        // Not closed in good order: the connection may hang.
        self.state = State::down(error.kind);
    }

    /// The number of the last transaction of this epoch; `None` when it cannot be told.
    async fn find_out(&mut self) -> Option<i64> {
        for _ in 0..5 {
            if let Some(last) = self.reconnect().await {
                return Some(last);
            }
            let State::Down { next, .. } = self.state else { return None };
            tokio::time::sleep_until(next).await;
        }
        None
    }

    /// Connects again. Returns the number of the last transaction of this epoch.
    async fn reconnect(&mut self) -> Option<i64> {
        let connected = async {
            let mut on = self.address.connect().await?;
            let found = transaction::found(&mut on, &self.holding).await?;
            Ok::<_, sqlx::Error>((on, found))
        };
        match timeout(LIMIT, connected).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok((on, Err(fenced))) => {
                self.fenced(fenced, Some(on)).await;
                None
            }
            Ok((on, Ok(commits))) => {
                self.holding.note_made(commits);
                if matches!(self.state, State::Down { pause, .. } if pause > FIRST_PAUSE) {
                    tracing::info!(event = "store.healed", "PostgreSQL can be written again");
                }
                self.state = State::Up(on);
                Some(commits)
            }
            Err(error) => {
                let again = told("connected", &error).kind;
                if let State::Down { kind, next, pause } = &mut self.state {
                    (*kind, *next) = (again, Instant::now() + *pause);
                    *pause = (*pause * 2).min(LONGEST_PAUSE);
                }
                None
            }
        }
    }

    async fn trim(&mut self) -> Result<bool, StoreError> {
        const DOING: &str = "removed what is old";
        let on = match &mut self.state {
            State::Up(on) => on,
            State::Down { kind, .. } => return Err(of(*kind, DOING)),
            State::Fenced => return Err(of(StoreErrorKind::Fenced, DOING)),
        };
        transaction::trim(on, &self.holding).await.map_err(|error| {
            let error = told(DOING, &error);
            self.lost(&error);
            error
        })
    }
}

fn refuse(waiting: Vec<Caller>, kind: StoreErrorKind) {
    // Each one's own words for what it did are put in by the caller.
    refuse_all(waiting, &of(kind, ""));
}

fn answer(waiting: Vec<Caller>, outcomes: Vec<Result<(), StoreError>>) {
    for (caller, outcome) in waiting.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => caller.made(),
            Err(error) => caller.refuse(error),
        }
    }
}
