//! The lease of a keeper that acts: renewed again and again, and let go in the end.

use std::{sync::Arc, time::Duration};

use keeper_domain::ports::StoreError;
use sqlx::PgConnection;
use tokio::{sync::oneshot, time::timeout};

use crate::store::postgres::{
    connect::Address,
    deadline::Deadline,
    fault::failed,
    held_lease::{self, HeldLease},
    lease::{self, ASK_LIMIT, RENEW_EVERY},
    put_back,
    transaction::{self, Fenced},
};

/// How often the holder looks whether it still may act.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long after its end the answer to a renewal is still waited for; nothing is done meanwhile. It is less than what the
/// system leaves to a program that has not stopped.
const LATE_ANSWER: Duration = Duration::from_millis(800);
/// What FYERS has said anew is told at once when it is longer than before by so much.
const NEWS: Duration = Duration::from_secs(1);
/// The pause after a renewal that failed.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What happens when the lease is lost. It is called on the thread of the lease and should end the program's work at
/// once.
pub type OnLost = Arc<dyn Fn() + Send + Sync>;

/// Renews the lease, and lets it go in the end.
pub(super) struct Renewal {
    pub(super) address: Address,
    pub(super) holding: HeldLease,
    pub(super) connection: Option<PgConnection>,
    /// The system ends this program with its lease.
    pub(super) is_mortal: bool,
    pub(super) is_keeper: bool,
}

impl Renewal {
    pub(super) async fn run(mut self, mut let_go: oneshot::Receiver<()>, on_lost: OnLost) {
        let mut next = tokio::time::Instant::now() + RENEW_EVERY;
        let (mut has_shared, mut is_failing, mut told) = (false, false, Duration::ZERO);
        let mut deadline = Deadline::new().filter(|_| self.is_mortal);
        loop {
            if let (Some(deadline), Some(at)) = (&mut deadline, self.holding.deadline()) {
                deadline.set(at);
            }
            if !self.holding.is_good() {
                self.holding.end();
                return on_lost();
            }
            tokio::select! {
                _ = &mut let_go => return self.release().await,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let hold = self.hold();
            let is_news =
                (self.holding.shares() && !has_shared) || hold.is_some_and(|until| until > told + NEWS);
            let is_news = is_news || (!is_failing && self.holding.has_much_to_tell());
            let is_due = tokio::time::Instant::now() >= next || is_news;
            // Whoever slept asks for nothing more: the lease would be renewed for nobody.
            if !is_due || !self.holding.is_good() {
                continue;
            }
            // What leaves for FYERS from here on is told by this.
            (has_shared, told) = (self.holding.shares(), hold.unwrap_or(told));
            // Beside the look at the clock, which must not wait for an answer that does not come.
            let holding = self.holding.clone();
            let renewed = tokio::select! {
                renewed = self.renew() => renewed,
                () = until_in_vain(&holding) => Err(StoreError::refused("renewed the lease", "it is over")),
            };
            let pause = match renewed {
                Ok(true) => {
                    if std::mem::replace(&mut is_failing, false) {
                        tracing::info!(event = "lease.renewed", "the lease is renewed again");
                    }
                    RENEW_EVERY
                }
                Ok(false) => {
                    self.holding.end();
                    self.tell_if_put_back().await;
                    continue;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(
                            event = "lease.not_renewed",
                            "the lease could not be renewed, and is asked for again until it ends: {}",
                            error.problem
                        );
                    }
                    self.connection = None;
                    RETRY_AFTER
                }
            };
            next = tokio::time::Instant::now() + pause;
        }
    }

    /// Until when FYERS wants no calls: a keeper that takes over in the next moment must know.
    fn hold(&self) -> Option<Duration> {
        Some(self.holding.held_by_fyers()).filter(|held| !held.is_zero()).map(|held| held_lease::now() + held)
    }

    async fn renew(&mut self) -> Result<bool, StoreError> {
        let asked_at = held_lease::now();
        let (address, holding) = (&self.address, &self.holding);
        let connection = self.connection.take();
        let asked = async {
            let mut on = match connection {
                Some(on) => on,
                None => address.connect().await?,
            };
            let told = holding.calls();
            let is_ours = lease::renew(&mut on, (holding.id(), holding.made()), told.as_ref()).await?;
            told.filter(|_| is_ours).iter().for_each(|told| holding.note_told(told));
            holding.note(lease::awaiting(&mut on).await?);
            Ok::<_, sqlx::Error>((on, is_ours))
        };
        let answered = timeout(ASK_LIMIT, asked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let (on, is_ours) = answered.map_err(failed("renewed the lease"))?;
        self.connection = Some(on);
        if is_ours {
            self.holding.extend(asked_at);
        }
        Ok(is_ours)
    }

    /// Why it could not be renewed. The committer tells it, too, when it has something to write.
    async fn tell_if_put_back(&mut self) {
        let Some(on) = &mut self.connection else { return };
        let found = timeout(ASK_LIMIT, transaction::found(on, &self.holding)).await;
        if matches!(found, Ok(Ok(Err(Fenced::PutBack)))) {
            put_back::tell(on).await;
        }
    }

    async fn release(mut self) {
        self.holding.end();
        let connection = self.connection.take();
        let releasing = async {
            let mut on = match connection {
                Some(on) => on,
                None => self.address.connect().await?,
            };
            let is_ended = self.is_keeper && self.holding.ends_well();
            lease::release(&mut on, self.holding.id(), is_ended, self.holding.calls().as_ref()).await
        };
        if !matches!(timeout(ASK_LIMIT, releasing).await, Ok(Ok(()))) {
            tracing::warn!(
                event = "lease.not_released",
                "the lease was not let go; another keeper waits for its end"
            );
        }
    }
}

/// An answer that comes a little late still counts: what was renewed and given up would stand for nobody.
async fn until_in_vain(holding: &HeldLease) {
    while holding.was_good_within(LATE_ANSWER) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
