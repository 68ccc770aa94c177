//! A migration that was ended in between, by a kill or by the machine: a mark in the state folder says that one is under way,
//! and whoever comes next finds out what has become of it.

use std::{fs, io::Write, path::PathBuf};

use keeper_domain::{
    note::{Note, Remembered},
    ports::StoreError,
};
use secrecy::SecretString;

use crate::cli::{exit::Exit, failure::Failure, output::fail};
use crate::private_file::{self, Rules};
use crate::store::{
    SqliteStore, StateDir,
    postgres::PostgresStore,
    state_dir::{DATABASE, MOVED_DATABASE},
};

/// The mark, in the state folder.
const MARK: &str = "migration.unfinished";
/// What a mark of the way back says; on the way there it is the number of the migration.
const BACK: &str = "back";
/// The fact in PostgreSQL that names the migration which has filled it.
const FILLED_BY: &str = "filled_by";

/// A migration that was begun in this folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moving {
    /// To PostgreSQL, under this number.
    There(String),
    /// To the state folder.
    Back,
}

/// What has become of a migration to PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// All rows are there.
    Done,
    /// This database has none of them.
    NotThere,
}

impl Moving {
    /// A migration to PostgreSQL.
    pub(super) fn there() -> Self {
        Self::There(uuid::Uuid::new_v4().to_string())
    }

    /// The one that was begun here and whose end was not noted.
    pub(super) fn found(state: &StateDir) -> Option<Self> {
        let said = private_file::read(&mark(state), Rules::OWN).ok()?.text;
        Some(if said.trim() == BACK { Self::Back } else { Self::There(said.trim().to_owned()) })
    }

    /// Notes that it begins: on disk before anything is moved.
    pub(super) fn begin(&self, state: &StateDir) -> std::io::Result<()> {
        let mut file = private_file::open_or_create(&mark(state)).map_err(std::io::Error::other)?;
        file.set_len(0)?;
        file.write_all(self.said().as_bytes())?;
        file.sync_all()?;
        state.sync()
    }

    fn said(&self) -> &str {
        match self {
            Self::There(number) => number,
            Self::Back => BACK,
        }
    }

    /// What is written into PostgreSQL with the rows.
    pub(super) fn fact(&self) -> (&'static str, SecretString) {
        (FILLED_BY, SecretString::from(self.said().to_owned()))
    }

    /// Whether this database has the rows of a migration to PostgreSQL: it has all of them or none.
    pub(super) async fn fate(&self, store: &PostgresStore) -> Result<Fate, StoreError> {
        let filled_by = Note::<String>::new(FILLED_BY).read(store).await.map(Remembered::readable)?;
        Ok(if filled_by.as_deref() == Some(self.said()) { Fate::Done } else { Fate::NotThere })
    }
}

/// It has come to its end, whichever.
pub(super) fn ended(state: &StateDir) {
    let _none = fs::remove_file(mark(state));
}

fn mark(state: &StateDir) -> PathBuf {
    state.path().join(MARK)
}

/// The rows are in PostgreSQL: a start without it must not work on what is old by then.
pub(super) fn put_away(state: &StateDir) -> std::io::Result<()> {
    let file = state.path().join(DATABASE);
    if file.exists() {
        fs::rename(&file, state.path().join(MOVED_DATABASE))?;
        state.sync()?;
    }
    ended(state);
    Ok(())
}

/// Before a start on the state folder alone.
pub(super) async fn refuse_half(state: &StateDir) -> Result<(), Failure> {
    let Some(moving) = Moving::found(state) else { return Ok(()) };
    let (folder, mark) = (state.path().display(), mark(state));
    if moving != Moving::Back {
        let what = format!(
            "a migration of the state of {folder} to PostgreSQL was interrupted, and only the database says whether it was complete"
        );
        let remedy = format!(
            "Set KEEPER_DATABASE_URL and run `fyers-keeper migrate --to postgres` again: it finishes what was begun. To work on \
             the folder's own state all the same: remove {}.",
            mark.display()
        );
        return Err(fail(Exit::BadSettings, &what, &remedy));
    }
    if is_filled(state).await {
        tracing::info!(
            event = "store.moved",
            "a migration back from PostgreSQL was interrupted after its last row"
        );
        ended(state);
        return Ok(());
    }
    let what = format!("a migration from PostgreSQL to {folder} was interrupted, and nothing of it is there");
    let remedy = format!(
        "Set KEEPER_DATABASE_URL and run `fyers-keeper migrate --to sqlite` again. To begin anew: remove {}.",
        mark.display()
    );
    Err(fail(Exit::BadSettings, &what, &remedy))
}

/// Whether the rows have come back: the file has all of them or none. One whose tables are half made has none.
pub(super) async fn is_filled(state: &StateDir) -> bool {
    SqliteStore::is_used(&state.path().join(DATABASE)).await.unwrap_or(false)
}

/// Before a start on PostgreSQL: what was copied whole is finished.
pub(super) async fn finish(state: &StateDir, store: &PostgresStore) -> Result<(), Failure> {
    let Some(moving @ Moving::There(_)) = Moving::found(state) else { return Ok(()) };
    let fate = moving.fate(store).await;
    match fate.map_err(|error| fail(Exit::TryLater, &error.to_string(), ""))? {
        Fate::Done => {
            put_away(state).map_err(|error| not_put_away(state, &error))?;
            tracing::warn!(
                event = "store.moved",
                "a migration to PostgreSQL was interrupted after its last row; the old file is kept as {MOVED_DATABASE}"
            );
            Ok(())
        }
        Fate::NotThere => {
            let what = format!(
                "a migration of the state of {} to PostgreSQL was interrupted, and nothing of it is in this database",
                state.path().display()
            );
            let remedy = "Run `fyers-keeper migrate --to postgres` again, or correct KEEPER_DATABASE_URL.";
            Err(fail(Exit::BadSettings, &what, remedy))
        }
    }
}

pub(super) fn not_put_away(state: &StateDir, error: &std::io::Error) -> Failure {
    let file = state.path().join(DATABASE);
    let what = format!("the rows are in PostgreSQL, and {} cannot be renamed: {error}", file.display());
    fail(Exit::Error, &what, "Check the state folder, and run it again.")
}
