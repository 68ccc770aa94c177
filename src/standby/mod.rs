//! Two keepers, one account: this one waits while the other one holds the lease, and acts when it has it.
//!
//! Waiting costs nothing that is shared: no actor runs, nobody polls Telegram, nothing is sent to FYERS. The listener
//! passes bots on to the holder. A keeper that has lost the lease replaces itself by a fresh copy of the program, which
//! waits: nothing that was in memory can act afterwards.

mod fenced;
mod listener;

use std::{net::SocketAddr, os::unix::process::CommandExt, process::Command, sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval, sleep};

pub use fenced::{FencedBroker, FencedProxy};
pub use listener::Holder;

use crate::{
    logging,
    store::postgres::{ConnectError, Contender, PostgresStore},
};

/// How often a standby asks for the lease: how much later than its end it acts, at most.
const ASK_EVERY: Duration = Duration::from_millis(400);
/// The longest pause between attempts to make the tables while the database does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the last line of a program that is replaced may take.
const LAST_LINE: Duration = Duration::from_millis(300);

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
pub async fn wait(mut contender: Contender, listen: SocketAddr) -> Result<PostgresStore, StandbyError> {
    let holder = Holder::default();
    let server = listener::serve(listen, holder.clone())
        .map_err(|error| StandbyError::Listen { addr: listen, problem: error.to_string() })?;
    prepare(&contender).await?;
    let mut asks = interval(ASK_EVERY);
    asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Told::default();
    let holding = loop {
        asks.tick().await;
        match contender.try_take().await {
            Ok(Some(holding)) => break holding,
            Ok(None) => match contender.look().await {
                Ok(row) => {
                    told.waits(row.address.as_deref());
                    holder.set(row.address);
                }
                Err(error) => told.failed(&error),
            },
            Err(error) => told.failed(&error),
        }
    };
    tracing::info!(event = "lease.taken", epoch = holding.epoch(), "this keeper acts from now on");
    // Its socket is free when this returns, for the listener of the keeper.
    server.stop(false).await;
    contender.into_store(holding, Arc::new(stand_by_again)).map_err(StandbyError::Thread)
}

async fn prepare(contender: &Contender) -> Result<(), StandbyError> {
    let mut pause = ASK_EVERY;
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

/// The lease is lost: nothing of this run may act any more, so the program begins anew, as a standby.
fn stand_by_again() {
    tracing::error!(event = "lease.lost", "the lease is lost; another keeper may act, and this one stands by");
    logging::flush(LAST_LINE);
    let Ok(program) = std::env::current_exe() else { std::process::exit(75) };
    let failed = Command::new(program).args(std::env::args_os().skip(1)).exec();
    // Only when there is no new program any more: whoever started this one starts it again.
    tracing::error!(event = "keeper.not_replaced", "{failed}");
    std::process::exit(75);
}
