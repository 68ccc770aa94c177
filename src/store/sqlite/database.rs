//! Opening the database: fresh, existing, newer than this program, or broken.

use std::{
    borrow::Cow,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, SqlitePool,
    error::DatabaseError,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    private_file::{self, PrivateFileError},
    store::{
        sqlite::{session_row, spare_room},
        state_dir::{DISK_FULL, MAKE_ROOM, is_full},
    },
};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./src/store/sqlite/migrations");

/// How long a write waits for a reader of another process.
const BUSY: Duration = Duration::from_secs(5);

/// SQLITE_IOERR: no room for a side file is one, too.
const IO_ERROR: i32 = 10;
/// SQLITE_FULL.
const FULL: i32 = 13;

/// The database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer keeper has written it.
    #[error("the state database {} was written by a newer fyers-keeper", .0.display())]
    Newer(PathBuf),
    /// It is broken or no database, and could not be moved out of the way.
    #[error("the state database {} is damaged and cannot be moved away", .0.display())]
    Stuck(PathBuf),
    /// The system does not allow it.
    #[error("the state database {} cannot be opened: {problem}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What went wrong, without any stored value.
        problem: String,
    },
}

impl OpenError {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Newer(_) => "Use the newer version, or another KEEPER_STATE_DIR.",
            Self::Stuck(_) => "Move it away by hand, or set another KEEPER_STATE_DIR.",
            Self::Failed { problem, .. } if problem == DISK_FULL => MAKE_ROOM,
            Self::Failed { .. } => "Check the disk (space, permissions) and KEEPER_STATE_DIR.",
        }
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

/// Opens the database, made if missing. One that is broken is moved aside, never deleted, and an empty one takes
/// its place: without memory the keeper starts in Mock mode.
pub(super) async fn open(path: &Path) -> Result<SqlitePool, OpenError> {
    match try_open(path).await {
        Err(Trouble::Damaged) => {
            quarantine(path)?;
            try_open(path).await.map_err(|trouble| trouble.told(path))
        }
        outcome => outcome.map_err(|trouble| trouble.told(path)),
    }
}

/// The connection that reads beside the committer. It is always open, so that SQLite never has a reason to recover
/// the log of a running keeper: that would bring back what was refused.
pub(super) async fn reader(path: &Path) -> Result<SqlitePool, OpenError> {
    let options = options(path).pragma("query_only", "ON");
    let pool = SqlitePoolOptions::new().min_connections(1).max_connections(1).test_before_acquire(false);
    let pool = pool.idle_timeout(None).max_lifetime(None).connect_with(options).await;
    pool.map_err(|error| told(&error, path))
}

/// Opens an existing database for reading; `None` when there is none. A database that nobody has open is read
/// as it lies there: else SQLite would leave its two side files behind, perhaps as another user's.
pub(super) async fn open_read_only(path: &Path) -> Result<Option<SqlitePool>, OpenError> {
    look_at(path).await.map_err(|error| judge(&error).told(path))
}

/// The same with SQLite's own error.
pub(super) async fn look_at(path: &Path) -> sqlx::Result<Option<SqlitePool>> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // A FIFO would be waited for without end.
        Ok(file) if !file.is_file() => return Err(sqlx::Error::Io(ErrorKind::InvalidInput.into())),
        _ => {}
    }
    let side_file = PathBuf::from(format!("{}-wal", path.display()));
    let options = options(path).read_only(true).immutable(!side_file.exists());
    SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map(Some)
}

/// Opens an existing database and brings it up to date; a damaged one is an error here, not moved aside.
pub(super) async fn open_sound(path: &Path) -> Result<SqlitePool, OpenError> {
    try_open(path).await.map_err(|trouble| trouble.told(path))
}

/// Opens an existing database as it is.
pub(super) async fn open_as_it_is(path: &Path) -> Result<SqlitePool, OpenError> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options(path)).await;
    pool.map_err(|error| told(&error, path))
}

/// The error of an operation on a database, without any stored value.
pub(super) fn told(error: &sqlx::Error, path: &Path) -> OpenError {
    judge(error).told(path)
}

enum Trouble {
    Damaged,
    Newer,
    /// The system says no to what SQLite asks for.
    Disk,
    Failed(String),
}

impl Trouble {
    fn told(self, path: &Path) -> OpenError {
        match self {
            Self::Damaged => OpenError::Stuck(path.to_owned()),
            Self::Newer => OpenError::Newer(path.to_owned()),
            Self::Disk if spare_room::is_missing(path) => Self::Failed(DISK_FULL.to_owned()).told(path),
            Self::Disk => Self::Failed(format!("SQLite error {IO_ERROR}")).told(path),
            Self::Failed(problem) => OpenError::Failed { path: path.to_owned(), problem },
        }
    }
}

async fn try_open(path: &Path) -> Result<SqlitePool, Trouble> {
    make_private(path)?;
    let options = options(path).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.map_err(|error| judge(&error))?;
    let sound: (String,) =
        sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&pool).await.map_err(|error| judge(&error))?;
    if sound.0 != "ok" {
        pool.close().await;
        return Err(Trouble::Damaged);
    }
    match migrate(&pool).await {
        Ok(()) => Ok(pool),
        Err(trouble) => {
            pool.close().await;
            Err(trouble)
        }
    }
}

async fn migrate(pool: &SqlitePool) -> Result<(), Trouble> {
    MIGRATIONS.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => Trouble::Newer,
        MigrateError::Execute(error) => judge(&error),
        _ => Trouble::Damaged,
    })?;
    let row = sqlx::query(session_row::SESSION).fetch_optional(pool).await.map_err(|error| judge(&error))?;
    if row.is_some_and(|row| session_row::session(&row).is_none()) { Err(Trouble::Damaged) } else { Ok(()) }
}

/// SQLite gives its side files the mode of the database, so the database is private before it is opened.
fn make_private(path: &Path) -> Result<(), Trouble> {
    let was_open =
        std::fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o077 != 0);
    if was_open {
        tracing::warn!(
            event = "keeper.settings",
            "{} could be read by other users and is closed now: send /logout if one of them is not you",
            path.display()
        );
    }
    private_file::open_or_create(path).map(|_file| ()).map_err(|problem| match problem {
        PrivateFileError::Io(kind) if is_full(kind) => Trouble::Failed(DISK_FULL.to_owned()),
        problem => Trouble::Failed(problem.to_string()),
    })
}

/// SQLite's primary result code.
pub(super) fn code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error().and_then(DatabaseError::code).map(Cow::into_owned);
    code.as_deref().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff)
}

fn judge(error: &sqlx::Error) -> Trouble {
    match code(error) {
        // SQLITE_CORRUPT, SQLITE_NOTADB; SQLITE_ERROR here means that tables are not what they should be.
        Some(1 | 11 | 26) => Trouble::Damaged,
        Some(FULL) => Trouble::Failed(DISK_FULL.to_owned()),
        Some(IO_ERROR) => Trouble::Disk,
        Some(code) => Trouble::Failed(format!("SQLite error {code}")),
        None => Trouble::Failed(kind(error).to_owned()),
    }
}

/// A name for the error that quotes nothing.
pub(super) fn kind(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Io(_) => "input/output error",
        sqlx::Error::PoolTimedOut => "no connection in time",
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => "the database is closed",
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => "an unreadable value",
        sqlx::Error::Database(_) => "the database refused",
        _ => "unexpected failure",
    }
}

fn quarantine(path: &Path) -> Result<(), OpenError> {
    let stamp = chrono::Utc::now().format("%Y%m%dT%H%M%S%3f");
    for suffix in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{suffix}", path.display()));
        let to = PathBuf::from(format!("{}.damaged-{stamp}{suffix}", path.display()));
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(OpenError::Stuck(path.to_owned()));
            }
            _ => {}
        }
    }
    tracing::error!(
        event = "store.damaged",
        "the state database was damaged; it is kept as {}.damaged-{stamp}, and an empty one takes its place",
        path.display()
    );
    Ok(())
}
