//! Copies of a state database: taken while a keeper writes to it, cleaned of tokens, made ready to take its place.

use std::path::{Path, PathBuf};

use keeper_domain::ports::{Change, Store, StoreError};
use keeper_domain::session::{StateName, stored::StoredSession};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

use crate::store::{
    OpenError, SqliteStore, database,
    examine::{self, LABEL, Label},
    sqlite::{failed, put_fact},
};

/// The side files of a database.
const SIDES: [&str; 2] = ["-wal", "-shm"];

/// A database and one of its side files.
pub(crate) fn side(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Copies the database as it is at one moment into an empty or missing file, in one piece and without what was
/// deleted. Readers and writers are not held up.
pub(crate) async fn copy(from: &Path, to: &Path) -> Result<(), OpenError> {
    let missing = || OpenError::Failed { path: from.to_owned(), problem: "it is not there".to_owned() };
    let pool = database::open_for_reading(from).await?.ok_or_else(missing)?;
    let copied = sqlx::query("VACUUM INTO ?1").bind(to.display().to_string()).execute(&pool).await;
    pool.close().await;
    copied.map(|_done| ()).map_err(|error| database::told(&error, to))
}

/// Takes tokens out of a copy unless they are wanted, and labels it; the label's digest is filled in.
pub(crate) async fn label(copy: &Path, label: Label) -> Result<(), OpenError> {
    let store = SqliteStore { pool: alone(copy).await? };
    let done = relabel(&store, label).await;
    store.close().await;
    done.map_err(|error| OpenError::Failed { path: copy.to_owned(), problem: error.problem })
}

async fn relabel(store: &SqliteStore, mut label: Label) -> Result<(), StoreError> {
    let failed = failed("labelled the backup");
    if !label.with_tokens {
        let session = without_tokens(store.session().await?);
        store.commit(Change { session: Some(session), ..Change::default() }).await?;
    }
    forget(store).await?;
    label.digest = examine::digest(&store.pool).await.map_err(&failed)?;
    let mut connection = store.pool.acquire().await.map_err(&failed)?;
    put_fact(&mut connection, LABEL, &label).await.map_err(&failed)
}

/// Takes out a label that was there, and the one-time states of logins that nobody will end here.
async fn forget(store: &SqliteStore) -> Result<(), StoreError> {
    let gone = sqlx::query("DELETE FROM facts WHERE name IN (?1, 'login_states')").bind(LABEL);
    gone.execute(&store.pool).await.map_err(failed("cleaned a copy"))?;
    Ok(())
}

/// What is left is whose account it is, and what was learned about it.
fn without_tokens(session: StoredSession) -> StoredSession {
    StoredSession {
        state: StateName::default(),
        reason: None,
        access: None,
        source: None,
        verified_at: None,
        refresh: None,
        previous_refresh: None,
        ..session
    }
}

/// Brings a copy up to date with this program and takes the label off. `halted`: trading is halted whatever the copy
/// says, because nobody ended that halt.
pub(crate) async fn prepare(copy: &Path, halted: bool) -> Result<(), OpenError> {
    let store = SqliteStore { pool: alone(copy).await? };
    let clean = forget(&store).await;
    store.close().await;
    let wrong = |error: StoreError| OpenError::Failed { path: copy.to_owned(), problem: error.problem };
    clean.map_err(wrong)?;

    let store = SqliteStore { pool: database::open_sound(copy).await? };
    let kept = match halted {
        true => store.commit(Change { halted: Some(true), ..Change::default() }).await,
        false => Ok(()),
    };
    store.close().await;
    kept.map_err(wrong)
}

/// Makes one file of a database and its side files. `Ok(false)`: it is too damaged for that.
pub(crate) async fn settle(path: &Path) -> Result<bool, OpenError> {
    let pool = match database::open_as_it_is(path).await {
        Ok(pool) => pool,
        Err(OpenError::Stuck(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let settled = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await;
    pool.close().await;
    match settled.map_err(|error| database::told(&error, path)) {
        Ok(_done) => {}
        Err(OpenError::Stuck(_)) => return Ok(false),
        Err(error) => return Err(error),
    }
    let busy = SIDES.iter().any(|suffix| side(path, suffix).metadata().is_ok_and(|meta| meta.len() > 0));
    let problem = "another program has it open".to_owned();
    if busy { Err(OpenError::Failed { path: path.to_owned(), problem }) } else { Ok(true) }
}

/// A copy that nobody else knows: one file without side files, and what is deleted is overwritten.
async fn alone(path: &Path) -> Result<sqlx::SqlitePool, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Delete)
        .pragma("secure_delete", "ON");
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    pool.map_err(|error| database::told(&error, path))
}
