//! Copies of a state database: taken while a keeper writes to it, cleaned of tokens, made ready to take its place.

use std::path::{Path, PathBuf};

use keeper_domain::alert::Channel;
use keeper_domain::session::StateName;
use keeper_domain::session_state::StoredSession;
use rusqlite::{Connection, OpenFlags};

use crate::store::{
    OpenError,
    rows::cursor,
    sqlite::{
        database,
        examine::{self, LABEL, Label},
        read, write,
    },
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
    let pool = reader(from).await?;
    let copied = sqlx::query("VACUUM INTO ?1").bind(to.display().to_string()).execute(&pool).await;
    pool.close().await;
    copied.map(|_done| ()).map_err(|error| database::told(&error, to))
}

async fn reader(path: &Path) -> Result<sqlx::SqlitePool, OpenError> {
    let missing = || OpenError::Failed { path: path.to_owned(), problem: "it is not there".to_owned() };
    database::open_read_only(path).await?.ok_or_else(missing)
}

/// Takes tokens out of a copy unless they are wanted, and labels it; the label's digest is filled in.
pub(crate) async fn label(copy: &Path, mut label: Label) -> Result<(), OpenError> {
    let pool = reader(copy).await?;
    let session = read::session(&pool).await;
    pool.close().await;
    let session =
        session.map_err(|error| OpenError::Failed { path: copy.to_owned(), problem: error.problem })?;
    let session = (!label.with_tokens).then(|| without_tokens(session));
    alone(copy, |on| {
        session.iter().try_for_each(|session| write::put_session(on, session))?;
        forget(on)
    })?;
    label.digest = digest(copy).await?;
    alone(copy, |on| write::put_fact(on, LABEL, &label))
}

async fn digest(copy: &Path) -> Result<String, OpenError> {
    let pool = reader(copy).await?;
    let digest = examine::digest(&pool).await;
    pool.close().await;
    digest.map_err(|error| database::told(&error, copy))
}

/// Takes out a label that was there, and the one-time states of logins that nobody will end here.
fn forget(on: &Connection) -> rusqlite::Result<()> {
    on.execute("DELETE FROM facts WHERE name IN (?1, 'login_states')", [LABEL]).map(|_rows| ())
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

/// Takes the keys of bots out of a copy, and says how many there were: whoever made the file knows their tokens.
pub(crate) async fn without_keys(copy: &Path) -> Result<u64, OpenError> {
    let mut keys = 0;
    alone(copy, |on| {
        keys = on.execute("DELETE FROM bot_keys", [])? as u64;
        Ok(())
    })?;
    Ok(keys)
}

/// How many keys of bots are in a copy.
pub(crate) async fn count_keys(copy: &Path) -> Result<u64, OpenError> {
    let mut keys = 0;
    alone(copy, |on| {
        keys = on.query_row("SELECT COUNT(*) FROM bot_keys", [], |row| row.get::<_, i64>(0))?.unsigned_abs();
        Ok(())
    })?;
    Ok(keys)
}

/// Brings a copy up to date with this program and takes the label off. `halted`: trading is halted whatever the copy
/// says, because nobody ended that halt. Gives back the alerts that waited in it and are not sent any more.
pub(crate) async fn prepare(copy: &Path, halted: bool) -> Result<Vec<String>, OpenError> {
    alone(copy, forget)?;
    database::open_sound(copy).await?.close().await;
    let mut unsent = vec![];
    alone(copy, |on| {
        if halted {
            write::put_fact(on, "halted", &true)?;
        }
        forget_what_is_open(on)?;
        unsent = end_the_outbox(on)?;
        Ok(())
    })?;
    Ok(unsent)
}

/// What was to be told when the copy was made is not so now: "orders go to FYERS" would come while none does.
fn end_the_outbox(on: &Connection) -> rusqlite::Result<Vec<String>> {
    let unsent = "SELECT text FROM alerts WHERE sent_at IS NULL GROUP BY event_id ORDER BY MIN(id)";
    let texts = on.prepare(unsent)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    on.execute("UPDATE alerts SET sent_at = last_at WHERE sent_at IS NULL", [])?;
    for channel in Channel::ALL {
        let end = "UPDATE facts SET value = (SELECT CAST(COALESCE(MAX(id), 0) AS TEXT) FROM journal) WHERE name = ?1";
        on.execute(end, [cursor(channel)])?;
    }
    Ok(texts)
}

/// What was open at FYERS when the copy was made is not what is open now: until it is read again nobody knows.
fn forget_what_is_open(on: &Connection) -> rusqlite::Result<()> {
    const READ_NEVER: &str = "UPDATE facts SET value = json_set(value, '$.read_at', NULL)
        WHERE name = 'positions_at_fyers' AND json_valid(value) AND json_extract(value, '$.was_live')";
    on.execute(READ_NEVER, []).map(|_changed| ())
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

/// Changes a copy that nobody else knows: one file without side files, and what is deleted is overwritten.
fn alone(path: &Path, change: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), OpenError> {
    let done = || {
        let mut on = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        on.query_row("PRAGMA journal_mode = DELETE", [], |_mode| Ok(()))?;
        on.pragma_update(None, "secure_delete", true)?;
        let transaction = on.transaction()?;
        change(&transaction)?;
        transaction.commit()
    };
    done().map_err(|error| OpenError::Failed { path: path.to_owned(), problem: problem(&error) })
}

/// Without SQLite's message, which may quote a value.
fn problem(error: &rusqlite::Error) -> String {
    error.sqlite_error_code().map_or_else(|| "unexpected failure".to_owned(), |code| format!("{code:?}"))
}
