//! Two keepers, one account: this one waits while the other one holds the lease, and acts when it has it.
//!
//! Waiting costs nothing that is shared: no actor runs, nobody polls Telegram, nothing is sent to FYERS. The listener
//! passes bots on to the holder. A keeper that has lost the lease replaces itself by a fresh copy of the program, which
//! waits: nothing that was in memory can act afterwards.

mod answer;
mod fenced;
mod holder;
mod listener;
mod reach;
mod tunnel;

use std::{
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

pub use fenced::{FencedBroker, FencedProxy};
pub use holder::{Held, Holder};
pub use reach::Reach;

use crate::{
    logging,
    store::postgres::{ConnectError, Contender, HeldLease, LeaseNews, PostgresStore},
};

/// How often a standby asks for the lease at least. It asks at its end, too, and when it hears that it was let go.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often it asks at most.
const ASK_PAUSE: Duration = Duration::from_millis(50);
/// The first pause between attempts to make the tables while the database does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between attempts to make the tables while the database does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the last line of a program that is replaced may take.
const LAST_LINE: Duration = Duration::from_millis(300);

/// The exit code of a program that should simply be started again.
const TRY_LATER: i32 = 75;
/// How long a keeper that has handed over waits for another one to act.
const GIVE_WAY: Duration = Duration::from_secs(5);
/// Tells the fresh copy of a program that it has handed over.
const WAIT_FIRST: &str = "FYERS_KEEPER_HANDED_OVER";

/// A standby could not go on.
#[derive(Debug, thiserror::Error)]
pub enum StandbyError {
    /// The database is not of use, and waiting does not help.
    #[error(transparent)]
    Database(#[from] ConnectError),
    /// The listener's address cannot be had.
    #[error("cannot listen on {addr}: {problem}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        problem: String,
    },
    /// The system gives no thread.
    #[error("the thread of the store cannot be started: {0}")]
    Thread(std::io::Error),
}

/// Waits until this keeper may act. While it waits, `listen` is served.
///
/// # Errors
/// See [`StandbyError`].
pub async fn wait(
    mut contender: Contender,
    listen: SocketAddr,
    reach: Reach,
) -> Result<PostgresStore, StandbyError> {
    let holder = Holder::default();
    let refused = |problem: String| StandbyError::Listen { addr: listen, problem };
    let server = listener::serve(listen, holder.clone(), reach.clone());
    let mut server = server.map_err(|error| refused(error.to_string()))?;
    let holding = tokio::select! {
        biased;
        held = until_held(&mut contender, &holder, &reach) => held?,
        ended = &mut server => {
            return Err(refused(ended.err().map_or("it ended".to_owned(), |error| error.to_string())));
        }
    };
    tracing::info!(event = "lease.taken", epoch = holding.epoch(), "this keeper acts from now on");
    contender.end_with_the_lease();
    // Its socket is free when this returns, for the listener of the keeper.
    let _ended = tokio::join!(server.handle().stop(false), server);
    contender.into_store(holding, Arc::new(stand_by_again)).map_err(StandbyError::Thread)
}

async fn until_held(
    contender: &mut Contender,
    holder: &Holder,
    reach: &Reach,
) -> Result<HeldLease, StandbyError> {
    prepare(contender).await?;
    contender.stand_by();
    give_way(contender).await;
    let (news, warm) = (contender.news(), Box::pin(contender.keep_warm()));
    tokio::select! {
        never = news.listen() => match never {},
        never = reach.look() => match never {},
        never = warm => match never {},
        holding = taken(contender, holder, (&news, reach)) => Ok(holding),
    }
}

async fn taken(contender: &mut Contender, holder: &Holder, (news, reach): (&LeaseNews, &Reach)) -> HeldLease {
    let mut told = Told::default();
    loop {
        contender.say(reach.answers());
        let pause = match contender.try_take().await {
            Ok(Some(holding)) => return holding,
            Ok(None) => look(contender, holder, &mut told).await,
            Err(error) => {
                told.failed(&error);
                ASK_EVERY
            }
        };
        let _heard = timeout(pause.clamp(ASK_PAUSE, ASK_EVERY), news.heard()).await;
    }
}

/// How long the lease is still good.
async fn look(contender: &mut Contender, holder: &Holder, told: &mut Told) -> Duration {
    match contender.look().await {
        Ok(row) => {
            told.waits(row.address.as_deref());
            holder.set(Held { address: row.address, epoch: row.epoch });
            row.left
        }
        Err(error) => {
            told.failed(&error);
            ASK_EVERY
        }
    }
}

async fn prepare(contender: &Contender) -> Result<(), StandbyError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match contender.prepare().await {
            Err(error) if error.may_pass() => {
                tracing::warn!(event = "lease.unreachable", "{error}; it is tried again");
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            prepared => return Ok(prepared?),
        }
    }
}

/// What was logged last, so that a wait of days is one line.
#[derive(Default)]
struct Told {
    waits: bool,
    failed: bool,
}

impl Told {
    fn waits(&mut self, address: Option<&str>) {
        self.failed = false;
        if !std::mem::replace(&mut self.waits, true) {
            let whose = address.unwrap_or("it does not say where");
            tracing::info!(event = "lease.waiting", "another keeper acts ({whose}); this one stands by");
        }
    }

    fn failed(&mut self, error: &ConnectError) {
        if !std::mem::replace(&mut self.failed, true) {
            tracing::warn!(event = "lease.unreachable", "{error}; it is tried again");
        }
    }
}

/// Why the program begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Another keeper may act by now.
    Loss,
    /// Another keeper is to act: it is given the time to take the lease.
    HandOver,
    /// There are settings that this run has not.
    SetUp,
}

/// The lease is lost: nothing of this run may act any more.
fn stand_by_again() {
    tracing::error!(
        event = "lease.lost",
        "the lease is lost; another keeper may act, and this one stands by"
    );
    begin_again(After::Loss);
}

/// Replaces this program by a fresh copy of itself, which stands by.
pub fn begin_again(after: After) -> ! {
    logging::flush(LAST_LINE);
    let Ok(program) = std::env::current_exe() else { std::process::exit(TRY_LATER) };
    let mut fresh = Command::new(program);
    fresh.args(std::env::args_os().skip(1));
    if after == After::HandOver {
        fresh.env(WAIT_FIRST, "1");
    } else {
        fresh.env_remove(WAIT_FIRST);
    }
    let failed = fresh.exec();
    // Only when the program is not there any more: whoever started this one starts it again.
    tracing::error!(event = "keeper.not_replaced", "{failed}");
    logging::flush(LAST_LINE);
    std::process::exit(TRY_LATER);
}

/// After a handover the other keeper comes first; if there is none, this one goes on.
async fn give_way(contender: &mut Contender) {
    if std::env::var_os(WAIT_FIRST).is_none() {
        return;
    }
    let until = Instant::now() + GIVE_WAY;
    while Instant::now() < until {
        if contender.look().await.is_ok_and(|row| row.holder.is_some() && !row.is_over) {
            return;
        }
        sleep(FIRST_PAUSE).await;
    }
}
