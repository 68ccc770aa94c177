//! A state that the keeper would not work on: its halt, its keys and its session must not be forgotten without a word.

use std::path::{Path, PathBuf};

use keeper_domain::ports::StoreError;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    moving::{self, Moving},
    noted_place,
    output::{fail, no_database},
};
use crate::private_file::{self, Rules};
use crate::store::{
    SqliteStore, StateDir,
    postgres::{ConnectError, Contender, Occupancy, PostgresStore},
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

/// Where the state has always been in PostgreSQL, nothing is begun in the folder without that database.
pub(super) async fn refuse_without(state: &StateDir) -> Result<(), Failure> {
    let Folder { file, worked_with: Some(place) } = Folder::of(state.path()).await else { return Ok(()) };
    if file.is_some() {
        return Ok(());
    }
    let what = format!(
        "the keeper of {} has worked with the PostgreSQL database {place}, and KEEPER_DATABASE_URL is not set",
        state.path().display()
    );
    let note = state.path().join(WORKED_WITH);
    let remedy = format!("Set it. To begin anew, without halt, keys and session: remove {}.", note.display());
    Err(fail(Exit::BadSettings, &what, &remedy))
}

/// What somebody means to do with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To act on it, or to ask it.
    Work,
    /// To take its state somewhere else.
    Take,
    /// To bring the state of the folder.
    Bring,
    /// To put a backup there.
    Restore,
}

/// What a state folder says of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Folder {
    /// The file with a state.
    file: Option<PathBuf>,
    /// The database that its keeper has worked with.
    worked_with: Option<String>,
}

/// Why nobody goes on with a database.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Flaw {
    /// It had a state.
    Lost,
    /// The state is in this file.
    Unmoved(PathBuf),
    /// The state was in this file, and is in another database.
    Moved(PathBuf),
    /// The keeper has worked with this other one.
    Another(String),
    /// There is nothing to be taken.
    Nothing,
    /// There is one state in this file, and another one in the database.
    Two(PathBuf),
}

impl Folder {
    async fn of(folder: &Path) -> Self {
        let noted = private_file::read(&folder.join(WORKED_WITH), Rules::OWN).ok();
        let worked_with = noted.map(|noted| noted.text.trim().to_owned()).filter(|place| !place.is_empty());
        Self { file: used_file(folder).await, worked_with }
    }

    /// Whoever opens an empty database is judged here: a halt, keys and a session are not forgotten without a word.
    fn judge(self, place: &str, purpose: Purpose) -> Result<(), Flaw> {
        let is_lost = self.worked_with.as_deref() == Some(place);
        let in_file = self.file.map(|file| match file.ends_with(DATABASE) {
            true => Flaw::Unmoved(file),
            false => Flaw::Moved(file),
        });
        match (purpose, in_file) {
            (Purpose::Bring, Some(Flaw::Unmoved(_))) => Ok(()),
            (Purpose::Restore, _) if is_lost => Ok(()),
            _ if is_lost => Err(Flaw::Lost),
            (_, Some(in_file)) => Err(in_file),
            (Purpose::Restore, None) => Ok(()),
            (_, None) if self.worked_with.is_some() => {
                Err(Flaw::Another(self.worked_with.unwrap_or_default()))
            }
            (Purpose::Take, None) => Err(Flaw::Nothing),
            (Purpose::Work | Purpose::Bring, None) => Ok(()),
        }
    }
}

impl Folder {
    /// A database with a state is somebody's own. Where this folder has a state too, which was never brought there, only one of them
    /// goes on, and a person says which.
    fn judge_used(self, place: &str) -> Result<(), Flaw> {
        let own = self.file.filter(|file| file.ends_with(DATABASE));
        match own {
            Some(file) if self.worked_with.as_deref() != Some(place) => Err(Flaw::Two(file)),
            _ => Ok(()),
        }
    }
}

impl Flaw {
    /// In words, with what to do.
    fn told(&self, folder: &Path, place: &str) -> Failure {
        let (note, folder) = (folder.join(WORKED_WITH), folder.display());
        let (what, remedy) = match self {
            Self::Lost => (
                format!(
                    "the PostgreSQL database {place} is empty, and the keeper of {folder} has worked with it before: its state is lost"
                ),
                format!(
                    "Put a backup in its place: fyers-keeper restore FILE. To begin anew, without halt, keys and session: remove {}.",
                    note.display()
                ),
            ),
            Self::Unmoved(file) => (
                format!("there is a state in {}, and the PostgreSQL database is empty", file.display()),
                "Bring it along: fyers-keeper migrate --to postgres. To begin anew, or with a backup, move the file away.".to_owned(),
            ),
            Self::Moved(file) => (
                format!("the state in {} was moved to a PostgreSQL database, and this one is empty", file.display()),
                ELSEWHERE.to_owned(),
            ),
            Self::Another(other) => (
                format!("the keeper of {folder} has worked with the PostgreSQL database {other}, and {place} is empty"),
                format!(
                    "Correct KEEPER_DATABASE_URL. If that one is lost, put a backup into this one: fyers-keeper restore FILE. To begin \
                     anew, without halt, keys and session: remove {}.",
                    note.display()
                ),
            ),
            Self::Two(file) => (
                format!(
                    "there is a state in {}, and another one in the PostgreSQL database {place}: its own halt, keys and session",
                    file.display()
                ),
                "To go on with the database, move the file away. To go on with the file, unset KEEPER_DATABASE_URL, or migrate it to an \
                 empty database."
                    .to_owned(),
            ),
            Self::Nothing => (
                format!("the PostgreSQL database {place} is empty: there is no state in it"),
                "Correct KEEPER_DATABASE_URL.".to_owned(),
            ),
        };
        fail(Exit::BadSettings, &what, &remedy)
    }
}

/// The state is in a database that is not this one.
const ELSEWHERE: &str = "It was moved to another database: correct KEEPER_DATABASE_URL. If that one is lost, move the file away \
                         and put a backup in its place: fyers-keeper restore FILE. To begin anew, move the file away.";

/// Before anybody opens a database, and before a table is made in it: whether that would forget a state. For somebody who
/// does not hold the folder: nothing in it is changed.
pub(super) async fn look(folder: &Path, to: &mut Contender, purpose: Purpose) -> Result<Occupancy, Failure> {
    let found = to.occupancy().await.map_err(|error| no_database(&error))?;
    judge(folder, &to.place(), &found, purpose).await.map(|()| found)
}

/// The same for somebody who holds the folder.
pub(super) async fn look_first(
    state: &StateDir,
    to: &mut Contender,
    purpose: Purpose,
) -> Result<Occupancy, Failure> {
    let found = to.occupancy().await.map_err(|error| no_database(&error))?;
    settle(state, &to.place(), (&found, &to.reader()), purpose).await.map(|()| found)
}

/// Before the wait for the lease, in which the tables are made. A database that does not answer is waited for.
pub(super) async fn look_before(state: &StateDir, to: &mut Contender) -> Result<(), Failure> {
    let Ok(found) = to.occupancy().await else { return Ok(()) };
    settle(state, &to.place(), (&found, &to.reader()), Purpose::Work).await
}

/// After the wait: it may have been long.
pub(super) async fn look_again(state: &StateDir, place: &str, store: &PostgresStore) -> Result<(), Failure> {
    let failed = |error: StoreError| fail(Exit::TryLater, &error.to_string(), "").of_the_store(&error);
    let found = store.occupancy().await.map_err(failed)?;
    settle(state, place, (&found, store), Purpose::Work).await
}

/// What is unfinished here is finished first, when it is known what has become of it.
async fn settle(
    state: &StateDir,
    place: &str,
    (found, store): (&Occupancy, &PostgresStore),
    purpose: Purpose,
) -> Result<(), Failure> {
    if let Occupancy::Away(away) = found {
        moving::has_left(state, away);
    } else if purpose == Purpose::Work {
        moving::finish(state, (found, store)).await?;
    }
    judge(state.path(), place, found, purpose).await?;
    if *found == Occupancy::Used && purpose == Purpose::Work {
        noted_place::note_place(state, place);
    }
    Ok(())
}

async fn judge(folder: &Path, place: &str, found: &Occupancy, purpose: Purpose) -> Result<(), Failure> {
    match found {
        Occupancy::Away(_) if purpose == Purpose::Bring => Ok(()),
        Occupancy::Away(away) => Err(no_database(&ConnectError::Away(away.clone()))),
        Occupancy::Used if purpose == Purpose::Work => {
            // A copy that was begun and not ended is no state.
            let is_half = matches!(Moving::found_in(folder), Some(Moving::Back(_)));
            let judged = if is_half { Ok(()) } else { Folder::of(folder).await.judge_used(place) };
            judged.map_err(|flaw| flaw.told(folder, place))
        }
        Occupancy::Used => Ok(()),
        Occupancy::Bare | Occupancy::Empty => {
            let judged = Folder::of(folder).await.judge(place, purpose);
            judged.map_err(|flaw| flaw.told(folder, place))
        }
    }
}

/// The file in which something has happened. One that cannot be read may be such a file.
async fn used_file(folder: &Path) -> Option<PathBuf> {
    for name in [DATABASE, MOVED_DATABASE] {
        let file = folder.join(name);
        if SqliteStore::is_used(&file).await.unwrap_or(true) {
            return Some(file);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "db:5432/q1";

    fn judged(file: Option<&str>, worked_with: Option<&str>, purpose: Purpose) -> Result<(), Flaw> {
        let (file, worked_with) = (file.map(PathBuf::from), worked_with.map(str::to_owned));
        Folder { file, worked_with }.judge(HERE, purpose)
    }

    #[test]
    fn of_two_states_none_is_forgotten_without_a_word() {
        let used = |file: Option<&str>, noted: Option<&str>| {
            Folder { file: file.map(PathBuf::from), worked_with: noted.map(str::to_owned) }.judge_used(HERE)
        };
        for (file, noted, goes_on) in [
            (None, None, true),
            (None, Some("db:5432/q0"), true),
            (Some("s/keeper.db"), None, false),
            (Some("s/keeper.db"), Some("db:5432/q0"), false),
            (Some("s/keeper.db"), Some(HERE), true),
            (Some("s/keeper.db.moved"), None, true),
        ] {
            assert_eq!(used(file, noted).is_ok(), goes_on, "{file:?} {noted:?}");
        }
    }

    #[test]
    fn an_empty_database_is_not_opened_where_a_state_would_be_forgotten() {
        use Purpose::{Bring, Restore, Take, Work};
        let (own, gone) = ("s/keeper.db", "s/keeper.db.moved");
        let (unmoved, moved) = (Err(Flaw::Unmoved(own.into())), Err(Flaw::Moved(gone.into())));
        let another = || Err(Flaw::Another("db:5432/q0".to_owned()));
        for (file, noted, all) in [
            (None, None, [Ok(()), Err(Flaw::Nothing), Ok(()), Ok(())]),
            (None, Some(HERE), [Err(Flaw::Lost), Err(Flaw::Lost), Err(Flaw::Lost), Ok(())]),
            (None, Some("db:5432/q0"), [another(), another(), another(), Ok(())]),
            (Some(own), None, [unmoved.clone(), unmoved.clone(), Ok(()), unmoved.clone()]),
            (Some(own), Some(HERE), [Err(Flaw::Lost), Err(Flaw::Lost), Ok(()), Ok(())]),
            (Some(gone), None, [moved.clone(), moved.clone(), moved.clone(), moved.clone()]),
            (Some(gone), Some(HERE), [Err(Flaw::Lost), Err(Flaw::Lost), Err(Flaw::Lost), Ok(())]),
        ] {
            for (purpose, expected) in [Work, Take, Bring, Restore].into_iter().zip(all) {
                assert_eq!(judged(file, noted, purpose), expected, "{file:?} {noted:?} {purpose:?}");
            }
        }
    }
}
