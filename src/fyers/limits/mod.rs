//! FYERS' limits, kept for every call of this program: the bots' through the proxy and the keeper's own.
//!
//! FYERS blocks an account for the day when the limit of the minute is broken too often, so there is one limiter for
//! everything, and nobody passes by it. A call counts from its leaving until some time after its answer (`window`). A call that may not leave yet waits for a short time and is then refused
//! with the time to wait. The counts go on over a restart (`kept`).

mod cost;
mod kept;
mod logins;
mod shared;
mod untold;
mod window;

use std::{
    collections::HashMap,
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    ports::Time,
};
use tokio::time::{Instant, sleep, timeout_at};

use cost::KeyShare;
pub(super) use cost::{Caller, Kind, RequestCost};
use kept::{KeptCalls, Recalled};
use logins::FailedLogins;
use untold::Untold;
use window::{DayCounts, Window};
pub(super) use window::{Limit, Wait};

/// How long a call of the session waits while FYERS wants none.
const SESSION_PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits for room: as long as the longest span. That it does not leave is nothing that FYERS has said.
const ROOM_PATIENCE: Duration = Duration::from_secs(65);

/// Longer than anybody waits.
const FOR_GOOD: Duration = Duration::from_secs(24 * 3_600);

/// Where this clock begins: calls of the run before lie before its start.
const BEFORE: Duration = Duration::from_secs(600);

/// See [`Limiter::leave_while`].
type MayLeave = Box<dyn Fn() -> bool + Send + Sync>;

/// The one limiter of an account. Shared behind an `Arc` by the client and the proxy.
pub struct Limiter {
    time: Arc<dyn Time>,
    /// Time since the beginning, by a clock that only goes forward.
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    window: Mutex<Window>,
    /// Where what leaves is written down.
    kept: Mutex<Option<KeptCalls>>,
    /// Tells the calls that leave here from those of other keepers.
    origin: AtomicU32,
    /// Whether anything may leave here at all; asked last of all, when a call has waited for its turn.
    may_leave: OnceLock<MayLeave>,
    /// Taken with the window in hand only.
    untold: Mutex<Untold>,
    logins: Mutex<FailedLogins>,
    /// Whoever leaves for a bot goes through here, one after the other. An order waits in it, so that reads cannot
    /// overtake it; a read only looks in.
    gate: tokio::sync::Mutex<()>,
    /// Where reads queue, so that they leave in the order they came.
    reads: tokio::sync::Mutex<()>,
    /// Before that, those of each key: of each the first one only stands in the queue, so that the keys take turns.
    of_key: Mutex<HashMap<u64, Arc<tokio::sync::Mutex<()>>>>,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter that has counted nothing yet. `time` tells the day; waiting is done on tokio's clock.
    pub fn new(time: Arc<dyn Time>) -> Arc<Self> {
        let began = Instant::now();
        Self::by(time, move || began.elapsed())
    }

    /// The same on a clock of one's own: on one that is sped up, a minute of FYERS' limits is over sooner.
    pub fn by(time: Arc<dyn Time>, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            time,
            elapsed: Box::new(move || BEFORE + elapsed()),
            window: Mutex::default(),
            kept: Mutex::default(),
            origin: AtomicU32::new(rand::random::<u32>().max(1)),
            may_leave: OnceLock::new(),
            untold: Mutex::default(),
            logins: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
            reads: tokio::sync::Mutex::default(),
            of_key: Mutex::default(),
        })
    }

    /// The program was started again after a crash: what the run before has sent in the last second still counts at FYERS.
    pub fn assume_full_second(&self) {
        let now = (self.elapsed)();
        self.window().assume_full_second(now);
    }

    /// Goes on where the run before has ended, however it did: what has left is read from this file, and written there from
    /// now on. Without the file the counts are in memory alone.
    pub fn go_on(&self, file: &Path) {
        let now = self.time.now();
        match KeptCalls::open(file, now) {
            Ok((kept, Recalled { sent, day, held })) => {
                let (mut window, elapsed) = (self.window(), (self.elapsed)());
                window.recall(&sent, elapsed);
                window.hold(elapsed, held);
                // A day that is not over by this clock goes on; one that is ends with the first call.
                day.into_iter().for_each(|(at, day)| window.recall_day(at.min(now), day));
                self.origin.store(kept.origin, Ordering::SeqCst);
                *self.kept() = Some(kept);
            }
            Err(problem) => {
                let file = file.display();
                tracing::warn!(
                    event = "keeper.settings",
                    "{file} {problem}: after a restart FYERS' limits are not known"
                );
            }
        }
    }

    /// Before it leaves: a call that is not written down is not counted by the next run.
    fn write_down(&self, weight: u32, day: DayCounts) {
        let mut kept = self.kept();
        let written = kept.as_mut().map(|kept| kept.keep(self.time.now(), weight, day));
        if let Some(Err(error)) = written {
            *kept = None;
            let problem = error.kind();
            tracing::warn!(
                event = "keeper.settings",
                "calls to FYERS are not written down any more: {problem}"
            );
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<KeptCalls>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the call may leave, in vain only when there is a chance within `patience`. What it gives is kept until
    /// the answer is there.
    pub(super) async fn turn(&self, cost: RequestCost, patience: Duration) -> Result<UnderWay<'_>, Wait> {
        let deadline = Instant::now() + patience;
        let turn = async {
            match (cost.caller, cost.kind) {
                (Caller::Keeper | Caller::Session, _) => self.leave_by(cost, deadline).await,
                (Caller::Bot, Kind::Order) => {
                    let _first = self.gate.lock().await;
                    self.leave_by(cost, deadline).await
                }
                (Caller::Bot, Kind::Other) => self.read_turn(cost, deadline).await,
            }
        };
        // Whoever is still in the queue is told how long it would be for the first one.
        timeout_at(deadline, turn).await.unwrap_or_else(|_| Err(self.queued(cost)))
    }

    /// The turn of a call of the session.
    pub(super) async fn session_turn(&self, cost: RequestCost) -> Result<UnderWay<'_>, BrokerError> {
        let turn = match self.turn(cost, SESSION_PATIENCE).await {
            Err(Wait { limit: Limit::Second | Limit::Minute, .. }) => self.turn(cost, ROOM_PATIENCE).await,
            turn => turn,
        };
        turn.map_err(|wait| match wait.limit {
            // Nothing that FYERS has said.
            Limit::Lease | Limit::Untold => BrokerError::Transport(Transport::Connect),
            _ => BrokerError::RateLimited { retry_after: Some(wait.length) },
        })
    }

    /// Whether a login with a code may be tried: anybody can send one, so failures are few by the hour.
    pub(super) fn may_log_in(&self) -> Result<(), BrokerError> {
        match self.logins().wait((self.elapsed)()) {
            None => Ok(()),
            Some(length) => {
                tracing::warn!(event = "login.limited", "too many logins have failed in an hour: not sent");
                Err(BrokerError::RateLimited { retry_after: Some(length) })
            }
        }
    }

    /// FYERS has refused a login.
    pub(super) fn login_failed(&self) {
        self.logins().failed((self.elapsed)());
    }

    /// Learns from an answer's status and from the wait it asks for.
    pub(super) fn heed(&self, status: u16, retry_after: Option<Duration>) {
        let now = (self.elapsed)();
        if status == 429 {
            let mut window = self.window();
            window.refused(now, retry_after);
            let held = window.held(now);
            drop(window);
            self.note_hold(held);
            tracing::warn!(event = "gateway.limited", "FYERS says that the request limit is reached");
        } else {
            self.window().accepted(now);
        }
    }

    /// A run after this one waits as long.
    fn note_hold(&self, held: Duration) {
        let until = TimeDelta::from_std(held).ok().and_then(|held| self.time.now().checked_add_signed(held));
        if let (Some(until), Some(kept)) = (until, self.kept().as_ref()) {
            let _told_with_the_next_call = kept.hold(until);
        }
    }

    /// The same of an answer to a call of the keeper's own.
    pub(super) fn heed_own<T>(&self, answer: &Result<T, BrokerError>) {
        match answer {
            Err(BrokerError::RateLimited { retry_after }) => self.heed(429, *retry_after),
            Err(BrokerError::Transport(_)) => {}
            _ => self.heed(200, None),
        }
    }

    /// The time of day, for answers that name a date to come back at.
    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.time.now()
    }

    async fn read_turn(&self, cost: RequestCost, deadline: Instant) -> Result<UnderWay<'_>, Wait> {
        let own = self.queue_of(cost);
        let _first_of_key = own.lock().await;
        let mut first = Some(self.reads.lock().await);
        loop {
            if first.is_none() {
                first = Some(self.reads.lock().await);
            }
            let left = {
                let _not_before_an_order = self.gate.lock().await;
                self.leave(cost)
            };
            match left {
                Err(wait) if Instant::now() + wait.length <= deadline => {
                    // Whoever waits for his own part does not keep others waiting.
                    first = first.filter(|_| wait.limit != Limit::Key);
                    sleep(wait.length).await;
                }
                decided => return decided,
            }
        }
    }

    /// Where reads of this one's key wait for each other.
    fn queue_of(&self, cost: RequestCost) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.of_key.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(cost.share.map_or(0, KeyShare::key)).or_default())
    }

    async fn leave_by(&self, cost: RequestCost, deadline: Instant) -> Result<UnderWay<'_>, Wait> {
        loop {
            match self.leave(cost) {
                Err(wait) if Instant::now() + wait.length <= deadline => sleep(wait.length).await,
                decided => return decided,
            }
        }
    }

    fn leave(&self, cost: RequestCost) -> Result<UnderWay<'_>, Wait> {
        let mut window = self.window();
        // With the window in hand: what leaves is in what is told of it (`shared`), or does not leave.
        if self.may_leave.get().is_some_and(|may_leave| !may_leave()) {
            return Err(Wait { limit: Limit::Lease, length: FOR_GOOD });
        }
        self.untold().room(cost)?;
        window.leave(cost, (self.elapsed)(), self.time.now())?;
        self.untold().leave(cost);
        self.write_down(cost.weight, window.day());
        Ok(UnderWay { limiter: self, number: window.under_way() })
    }

    fn queued(&self, cost: RequestCost) -> Wait {
        let now = (self.elapsed)();
        let wait = self.window().wait(cost, now, self.time.now());
        wait.unwrap_or(Wait { limit: Limit::Second, length: Duration::from_secs(1) })
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        // The counts are whole at any moment, even after a panic.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn untold(&self) -> MutexGuard<'_, Untold> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn logins(&self) -> MutexGuard<'_, FailedLogins> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call on its way to FYERS and back: when it arrives there is not known before it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct UnderWay<'a> {
    limiter: &'a Limiter,
    number: usize,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let now = (self.limiter.elapsed)();
        self.limiter.window().answered(self.number, now);
    }
}

#[cfg(test)]
mod tests;
