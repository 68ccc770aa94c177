//! The end of a run: within a bound, whatever hangs; and where keepers share a database, a start that fails because of it
//! is no end.

use std::{process, thread, time::Duration};

use tokio::time::sleep;

use crate::{
    cli::{exit::Exit, failure::Failure},
    logging,
    standby::{self, After, StopSignals},
    store::postgres::PostgresStore,
};

/// How long the end may take of a keeper that was told to stop: longer than all that it waits for then.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(45);
/// The same where nothing has begun.
pub(super) const FAILED_LIMIT: Duration = Duration::from_secs(15);
/// How long the last line of a program that hangs may take.
const LAST_LINE: Duration = Duration::from_millis(300);
/// The pause before the next attempt; another keeper may take the lease in it.
const PAUSE: Duration = Duration::from_secs(1);
/// Enough for a thread that waits for one thing.
const STACK: usize = 64 * 1024;

/// From now on the program ends in this time, whatever waits for a connection that says nothing.
pub(super) fn within(limit: Duration, exit: Exit) {
    let ending = thread::Builder::new().name("ending".to_owned()).stack_size(STACK);
    let started = ending.spawn(move || {
        thread::sleep(limit);
        tracing::error!(event = "keeper.end_hung", "the end hangs: exit {}", exit as i32);
        logging::flush(LAST_LINE);
        process::exit(exit as i32);
    });
    if let Err(error) = started {
        tracing::warn!(event = "keeper.unguarded", "nothing bounds the end: {error}");
    }
}

/// The database was reached when the lease was taken, and failed after that: this keeper has let the lease go, stands by
/// again as a fresh copy with fresh connections, and takes it once more where nobody else does.
pub(super) async fn begin_again(failure: &Failure, store: &PostgresStore, signals: &StopSignals) -> ! {
    let why = failure.problems.first().map_or("", |problem| problem.what.as_str());
    tracing::error!(
        event = "lease.not_used",
        "this keeper has taken the lease and could not begin: {why}. It has let it go, stands by, and tries again"
    );
    sleep(PAUSE).await;
    let holding = store.holding();
    standby::begin_again((After::FailedStart, &holding.seen(), Some(holding.run())), signals)
}
