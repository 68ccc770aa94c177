//! A state that the keeper would not work on: its halt, its keys and its session must not be forgotten without a word.

use std::{io::Write, path::PathBuf};

use crate::cli::{exit::Exit, failure::Failure, moving, output::fail};
use crate::private_file::{self, Rules};
use crate::store::{
    SqliteStore, StateDir,
    postgres::PostgresStore,
    state_dir::{DATABASE, MOVED_DATABASE, WORKED_WITH},
};

/// Where the state of a folder was moved to PostgreSQL, a start without that database is refused.
pub(super) async fn refuse_moved(state: &StateDir) -> Result<(), Failure> {
    moving::refuse_half(state).await?;
    let moved = state.path().join(MOVED_DATABASE);
    // One that cannot be read is told by whoever opens it.
    let is_used = SqliteStore::is_used(&state.path().join(DATABASE)).await;
    if !moved.exists() || is_used.unwrap_or(true) {
        return Ok(());
    }
    let what = format!(
        "the state of {} was moved to PostgreSQL, and KEEPER_DATABASE_URL is not set",
        state.path().display()
    );
    let remedy = format!(
        "Set it. To come back: fyers-keeper migrate --to sqlite. To begin anew: remove {}.",
        moved.display()
    );
    Err(fail(Exit::BadSettings, &what, &remedy))
}

/// Where the folder has a state and the database none, the state was not brought along.
pub(super) async fn refuse_unmoved(state: &StateDir, store: &PostgresStore) -> Result<(), Failure> {
    moving::finish(state, store).await?;
    let Some(file) = used_file(state).await else { return Ok(()) };
    let failed = |error: keeper_domain::ports::StoreError| fail(Exit::TryLater, &error.to_string(), "");
    if store.is_used().await.map_err(failed)? {
        return Ok(());
    }
    let what = format!("there is a state in {}, and the PostgreSQL database is empty", file.display());
    let remedy = match file.ends_with(DATABASE) {
        true => "Bring it along: fyers-keeper migrate --to postgres. To begin anew, move the file away.",
        false => ELSEWHERE,
    };
    Err(fail(Exit::BadSettings, &what, remedy))
}

/// The state is in a database that is not this one.
const ELSEWHERE: &str = "It was moved to another database: correct KEEPER_DATABASE_URL. If that one is lost, move the file away \
                         and put a backup in its place: fyers-keeper restore FILE. To begin anew, move the file away.";

/// A backup is not put beside a state that was moved to another database: bots and halts of that one would be forgotten, and
/// two keepers could act.
pub(super) async fn refuse_beside_moved(state: &StateDir, here: &PostgresStore) -> Result<(), Failure> {
    let moved = state.path().join(MOVED_DATABASE);
    if !moved.exists() || !SqliteStore::is_used(&moved).await.unwrap_or(true) {
        return Ok(());
    }
    let failed = |error: keeper_domain::ports::StoreError| fail(Exit::TryLater, &error.to_string(), "");
    if here.is_used().await.map_err(failed)? {
        return Ok(());
    }
    let what =
        format!("the state in {} was moved to a PostgreSQL database, and this one is empty", moved.display());
    Err(fail(Exit::BadSettings, &what, ELSEWHERE))
}

/// Notes with which database this keeper works, when there is a state in it.
pub(super) fn note_place(state: &StateDir, place: &str) {
    let path = state.path().join(WORKED_WITH);
    if private_file::read(&path, Rules::OWN).is_ok_and(|noted| noted.text == place) {
        return;
    }
    let written =
        private_file::open_or_create(&path).map_err(|error| error.to_string()).and_then(|mut file| {
            let written = file.set_len(0).and_then(|()| file.write_all(place.as_bytes()));
            written.map_err(|error| error.kind().to_string())
        });
    if let Err(problem) = written {
        tracing::warn!(event = "keeper.settings", "{} cannot be written: {problem}", path.display());
    }
}

/// A database that had a state and has none any more was lost: its halt, its keys and its session are not forgotten without a
/// word, and a backup may bring them back.
pub(super) async fn refuse_lost(state: &StateDir, place: &str, store: &PostgresStore) -> Result<(), Failure> {
    let path = state.path().join(WORKED_WITH);
    if private_file::read(&path, Rules::OWN).map_or(true, |noted| noted.text != place) {
        return Ok(());
    }
    let failed = |error: keeper_domain::ports::StoreError| fail(Exit::TryLater, &error.to_string(), "");
    if store.is_used().await.map_err(failed)? {
        return Ok(());
    }
    let what = format!(
        "the PostgreSQL database {place} is empty, and the keeper of {} has worked with it before: its state is lost",
        state.path().display()
    );
    let remedy = format!(
        "Put a backup in its place: fyers-keeper restore FILE. To begin anew, without halt, keys and session: remove {}.",
        path.display()
    );
    Err(fail(Exit::BadSettings, &what, &remedy))
}

/// The file in which something has happened. One that cannot be read may be such a file.
async fn used_file(state: &StateDir) -> Option<PathBuf> {
    for name in [DATABASE, MOVED_DATABASE] {
        let file = state.path().join(name);
        if SqliteStore::is_used(&file).await.unwrap_or(true) {
            return Some(file);
        }
    }
    None
}
