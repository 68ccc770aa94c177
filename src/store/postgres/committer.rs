//! One thread that makes all changes, on a connection of its own, in the name of the lease's epoch.
//!
//! As on SQLite: what waits goes into one transaction, in the order in which it was queued, and a caller is answered
//! when its change is on the server's disk. After a failure the connection is thrown away; while there is no other
//! one, changes are refused at once, in words.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use keeper_domain::ports::{StoreError, StoreErrorKind};
use sqlx::PgConnection;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::store::postgres::{
    connect::Address,
    fault::{of, told},
    transaction::{self, Fault, LIMIT, not_known},
    write::Work,
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
    Make { doing: &'static str, work: Work, answer: Answer },
    Trim(oneshot::Sender<Result<bool, StoreError>>),
}

type Answer = oneshot::Sender<Result<(), StoreError>>;
type Waiting = (&'static str, Answer);

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
        epoch: i64,
        on: Option<PgConnection>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let (end, ended) = oneshot::channel();
        let state = on.map_or_else(|| State::down(StoreErrorKind::Failing), State::Up);
        let worker = Worker { address, epoch, jobs: waiting, state };
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
        let (answer, heard) = oneshot::channel();
        let queued = self.send(Job::Make { doing, work, answer });
        async move {
            queued.map_err(|kind| of(kind, doing))?;
            heard.await.unwrap_or_else(|_died| Err(of(StoreErrorKind::Ended, doing)))
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
    epoch: i64,
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
    /// Another keeper has taken over.
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
                Some(Job::Make { doing, work, answer }) => self.take((doing, answer), work).await,
                Some(Job::Trim(answer)) => {
                    let trimmed = self.trim().await;
                    let _gone = answer.send(trimmed);
                }
                None => return,
            }
        }
    }

    async fn take(&mut self, first: Waiting, work: Work) {
        let (mut waiting, mut works, mut behind) = (vec![first], vec![work], None);
        while works.len() < GROUP {
            match self.jobs.try_recv() {
                Ok(Job::Make { doing, work, answer }) => {
                    waiting.push((doing, answer));
                    works.push(work);
                }
                Ok(Job::Trim(answer)) => {
                    behind = Some(answer);
                    break;
                }
                Err(_) => break,
            }
        }
        self.make(waiting, &works).await;
        if let Some(answer) = behind {
            let trimmed = self.trim().await;
            let _gone = answer.send(trimmed);
        }
    }

    async fn make(&mut self, waiting: Vec<Waiting>, works: &[Work]) {
        let on = match &mut self.state {
            State::Up(on) => on,
            State::Down { kind, .. } => return refuse(waiting, *kind),
            State::Fenced => return refuse(waiting, StoreErrorKind::Fenced),
        };
        match transaction::make(on, self.epoch, works).await {
            Ok(outcomes) => answer(waiting, outcomes),
            Err(fault) => self.failed(fault, waiting).await,
        }
    }

    /// The answers come after the attempt to connect again, which shows what is on disk. What waits may build on what
    /// failed, so it is refused with it.
    async fn failed(&mut self, fault: Fault, waiting: Vec<Waiting>) {
        let mut behind = vec![];
        match fault {
            Fault::Fenced => {
                self.state = State::Fenced;
                tracing::error!(
                    event = "lease.lost",
                    "another keeper has taken over; this one changes nothing"
                );
                refuse(waiting, StoreErrorKind::Fenced);
            }
            Fault::NotMade(error) => {
                self.lost(&error);
                self.reconnect().await;
                self.drain(&mut behind);
                refuse_with(waiting, &error);
            }
            Fault::NotKnown(number, error) => {
                self.lost(&error);
                let last = self.find_out().await;
                self.drain(&mut behind);
                match last {
                    Some(last) if last >= number => answer_all(waiting),
                    Some(_) => refuse_with(waiting, &error),
                    None => refuse_with(waiting, &not_known(&error)),
                }
            }
        }
        refuse(behind, StoreErrorKind::Failing);
    }

    fn drain(&mut self, behind: &mut Vec<Waiting>) {
        while let Ok(job) = self.jobs.try_recv() {
            match job {
                Job::Make { doing, answer, .. } => behind.push((doing, answer)),
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
            let query = sqlx::query_as("SELECT commits, epoch FROM lease WHERE one = 1");
            let (commits, epoch): (i64, i64) = query.fetch_one(&mut on).await?;
            Ok::<_, sqlx::Error>((on, commits, epoch))
        };
        match timeout(LIMIT, connected).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok((_, _, epoch)) if epoch != self.epoch => {
                self.state = State::Fenced;
                None
            }
            Ok((on, commits, _)) => {
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
        transaction::trim(on, self.epoch).await.map_err(|error| {
            let error = told(DOING, &error);
            self.lost(&error);
            error
        })
    }
}

fn refuse(waiting: Vec<Waiting>, kind: StoreErrorKind) {
    for (doing, answer) in waiting {
        let _gone = answer.send(Err(of(kind, doing)));
    }
}

fn refuse_with(waiting: Vec<Waiting>, error: &StoreError) {
    for (doing, answer) in waiting {
        let _gone = answer.send(Err(StoreError { doing, ..error.clone() }));
    }
}

fn answer_all(waiting: Vec<Waiting>) {
    for (_, answer) in waiting {
        let _gone = answer.send(Ok(()));
    }
}

fn answer(waiting: Vec<Waiting>, outcomes: Vec<Result<(), StoreError>>) {
    for ((doing, answer), outcome) in waiting.into_iter().zip(outcomes) {
        let _gone = answer.send(outcome.map_err(|error| StoreError { doing, ..error }));
    }
}
