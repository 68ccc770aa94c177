//! A migration that was ended in between, by a kill or by the machine: a mark in the state folder says that one is under way,
//! and whoever comes next finds out what has become of it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use keeper_domain::{note::Note, ports::StoreError};
use secrecy::SecretString;

use crate::cli::{exit::Exit, failure::Failure, noted_place, output::fail};
use crate::private_file::{self, Rules};
use crate::store::{
    SqliteStore, StateDir,
    postgres::{Away, FILLED_BY, MOVED_AWAY, Occupancy, PostgresStore},
    state_dir::{DATABASE, MOVED_DATABASE},
};

/// The mark, in the state folder.
const MARK: &str = "migration.unfinished";
/// What a mark of the way back begins with; the number of the migration follows, which stands alone on the way there.
const BACK: &str = "back";
/// What its second line begins with; the database follows, by host, port and name.
const WITH: &str = "with";

/// A migration that was begun in this folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moving {
    /// To PostgreSQL, under this number.
    There(String),
    /// To the state folder, under this number.
    Back(String),
}

/// What has become of a migration, as the database says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// All rows are where they were to go, and count there.
    Done,
    /// They count where they were.
    NotYet,
}

impl Moving {
    /// A migration to PostgreSQL.
    pub(super) fn there() -> Self {
        Self::There(number())
    }

    /// A migration to the state folder.
    pub(super) fn back() -> Self {
        Self::Back(number())
    }

    /// The one that was begun here and whose end was not noted.
    pub(super) fn found(state: &StateDir) -> Option<Self> {
        Self::found_in(state.path())
    }

    /// The same for somebody who does not hold the folder.
    pub(super) fn found_in(folder: &Path) -> Option<Self> {
        let text = private_file::read(&folder.join(MARK), Rules::OWN).ok()?.text;
        let said = text.lines().next().unwrap_or_default();
        Some(match said.trim().strip_prefix(BACK).map(str::trim) {
            // As an older keeper wrote it: no database knows it, so it begins again.
            Some("") => Self::back(),
            Some(number) => Self::Back(number.to_owned()),
            None => Self::There(said.trim().to_owned()),
        })
    }

    /// Notes that it begins, and with which database: on disk before anything is moved.
    pub(super) fn begin(&self, state: &StateDir, place: &str) -> std::io::Result<()> {
        let said = format!("{}\n{WITH} {place}\n", self.said());
        if private_file::read(&mark(state), Rules::OWN).is_ok_and(|there| there.text == said) {
            return Ok(());
        }
        let mut file = private_file::open_or_create(&mark(state)).map_err(std::io::Error::other)?;
        file.set_len(0)?;
        file.write_all(said.as_bytes())?;
        file.sync_all()?;
        state.sync()
    }

    fn said(&self) -> String {
        match self {
            Self::There(number) => number.clone(),
            Self::Back(number) => format!("{BACK} {number}"),
        }
    }

    /// What is written into PostgreSQL with the rows.
    pub(super) fn fact(number: &str) -> (&'static str, SecretString) {
        (FILLED_BY, SecretString::from(number))
    }

    /// What this database says of it: it has all rows of a migration to PostgreSQL or none, and its own have left it or not.
    pub(super) async fn fate(
        &self,
        (found, store): (&Occupancy, &PostgresStore),
    ) -> Result<Fate, StoreError> {
        if *found == Occupancy::Bare {
            return Ok(Fate::NotYet);
        }
        let is_done = match self {
            Self::There(number) => {
                let filled_by = Note::<String>::new(FILLED_BY).read(store).await?.readable();
                filled_by.as_ref() == Some(number)
            }
            Self::Back(number) => {
                let away = Note::<Away>::new(MOVED_AWAY).read(store).await?.readable();
                away.is_some_and(|away| away.number == *number)
            }
        };
        Ok(if is_done { Fate::Done } else { Fate::NotYet })
    }
}

fn number() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// With which database the one was begun that the mark speaks of, where it says so.
pub(super) fn place(state: &StateDir) -> Option<String> {
    let text = private_file::read(&mark(state), Rules::OWN).ok()?.text;
    text.lines().nth(1)?.strip_prefix(WITH).map(|place| place.trim().to_owned())
}

/// What was begun with one database is not gone on with another one: each may have a state of its own.
pub(super) fn refuse_other(state: &StateDir, here: &str) -> Result<(), Failure> {
    let Some(place) = place(state).filter(|place| place != here) else { return Ok(()) };
    let what = format!(
        "a migration of {} was begun with the PostgreSQL database {place} and interrupted, and KEEPER_DATABASE_URL names \
         {here}, which knows nothing of it",
        state.path().display()
    );
    let remedy = format!(
        "Set KEEPER_DATABASE_URL to that one, named as it was then, and run it again. To give it up, when you know where the \
         state is that counts: remove {}.",
        mark(state).display()
    );
    Err(fail(Exit::BadSettings, &what, &remedy))
}

/// What is noted in the database when the state has left it for this folder.
pub(super) fn away(state: &StateDir, number: &str) -> Away {
    let folder = std::path::absolute(state.path()).unwrap_or_else(|_| state.path().to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Away { number: number.to_owned(), folder: folder.display().to_string(), host }
}

/// A database whose state has left it has been asked: if it went to this folder, nothing is unfinished here.
pub(super) fn has_left(state: &StateDir, away: &Away) {
    if Moving::found(state) == Some(Moving::Back(away.number.clone())) {
        noted_place::forget_place(state);
        ended(state);
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
    let (way, to) = match moving {
        Moving::There(_) => (format!("of the state of {folder} to PostgreSQL"), "postgres"),
        Moving::Back(_) => (format!("from PostgreSQL to {folder}"), "sqlite"),
    };
    if to == "postgres" || is_filled(state).await {
        let what =
            format!("a migration {way} was interrupted, and only the database says whether it was complete");
        let remedy = format!(
            "Set KEEPER_DATABASE_URL and run `fyers-keeper migrate --to {to}` again: it finishes what was begun. To work on \
             what the folder has all the same: remove {}.",
            mark.display()
        );
        return Err(fail(Exit::BadSettings, &what, &remedy));
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
pub(super) async fn finish(state: &StateDir, there: (&Occupancy, &PostgresStore)) -> Result<(), Failure> {
    let Some(moving @ Moving::There(_)) = Moving::found(state) else { return Ok(()) };
    let fate = moving.fate(there).await;
    match fate.map_err(|error| fail(Exit::TryLater, &error.to_string(), "").of_the_store(&error))? {
        Fate::Done => {
            put_away(state).map_err(|error| not_put_away(state, &error))?;
            tracing::warn!(
                event = "store.moved",
                "a migration to PostgreSQL was interrupted after its last row; the old file is kept as {MOVED_DATABASE}"
            );
            Ok(())
        }
        Fate::NotYet => Err(not_there(state)),
    }
}

/// Something of the folder was to go to PostgreSQL, and is not in this database.
pub(super) fn not_there(state: &StateDir) -> Failure {
    let what = format!(
        "a migration of the state of {} to PostgreSQL was interrupted, and nothing of it is in this database",
        state.path().display()
    );
    let remedy = "Run `fyers-keeper migrate --to postgres` again, or correct KEEPER_DATABASE_URL.";
    fail(Exit::BadSettings, &what, remedy)
}

/// The state of the database was to come to the folder, and did not.
pub(super) fn not_back(state: &StateDir) -> Failure {
    let what = format!(
        "a migration from PostgreSQL to {} was interrupted, and the state is still in the database",
        state.path().display()
    );
    let remedy = format!(
        "There is nothing to bring. To begin it again: fyers-keeper migrate --to sqlite. To give it up: remove {}.",
        mark(state).display()
    );
    fail(Exit::BadSettings, &what, &remedy)
}

pub(super) fn not_put_away(state: &StateDir, error: &std::io::Error) -> Failure {
    let file = state.path().join(DATABASE);
    let what = format!("the rows are in PostgreSQL, and {} cannot be renamed: {error}", file.display());
    fail(Exit::Error, &what, "Check the state folder, and run it again.")
}
