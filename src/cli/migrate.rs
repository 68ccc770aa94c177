//! `migrate` and `handover`: from one database to the other one, from one keeper to the other one.

use std::path::{Path, PathBuf};

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{fail, json as print_json, no_runtime, no_state, say},
    probe::{Remote, block_on, nobody},
    setup::load,
    state_store::{candidate, keep_secrets, no_database, secrets_in},
};
use crate::store::{
    SqliteStore, StateDir,
    postgres::{Address, Contender, Copied, MigrateError},
    state_dir::{DATABASE, MOVED_DATABASE},
};

/// Where a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// The database that KEEPER_DATABASE_URL names
    Postgres,
    /// The state folder
    Sqlite,
}

pub(super) fn migrate(to: Target, json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let Some(url) = &config.settings.database_url else {
        let remedy = "Set it to the PostgreSQL database, for this command too.";
        return Err(fail(Exit::BadSettings, "KEEPER_DATABASE_URL is not set", remedy));
    };
    let address = Address::parse(url).map_err(|flaw| no_database(&flaw.into()))?;
    let state = StateDir::open(&config.settings.state_dir).map_err(|error| no_state(&error))?;
    let file = state.path().join(DATABASE);
    if to == Target::Postgres && !file.exists() {
        let what = format!("there is no state in {}", state.path().display());
        return Err(fail(Exit::Error, &what, "Check KEEPER_STATE_DIR."));
    }
    let contender = Contender::new(address, candidate(&config));
    let copied = block_on(copy(&contender, &state, to, file));
    match copied {
        Some(Ok(copied)) if json => print_json(&copied),
        Some(Ok(copied)) => say(&describe(&copied, to)),
        Some(Err(error)) => return Err(not_migrated(&error)),
        None => return Err(no_runtime()),
    }
    Ok(Exit::Good)
}

async fn copy(
    contender: &Contender,
    state: &StateDir,
    to: Target,
    file: PathBuf,
) -> Result<Copied, MigrateError> {
    // Opened once in either direction: an older schema is brought forward, a missing file is made.
    let was_there = file.exists();
    let store = SqliteStore::open(state).await.map_err(|error| MigrateError::Failed(error.to_string()))?;
    store.close().await;
    match to {
        Target::Postgres => {
            let copied = contender.fill_from(&file, secrets_in(state)?).await?;
            rename_moved(state, &file)?;
            Ok(copied)
        }
        Target::Sqlite => {
            let moved = contender.move_to(&file, &|secrets| keep_secrets(state, secrets)).await;
            if moved.is_err() && !was_there {
                // An empty one would be taken for a state.
                let _left = std::fs::remove_file(&file);
            }
            moved
        }
    }
}

/// A start without the database must not work on what is old by then.
fn rename_moved(state: &StateDir, file: &Path) -> Result<(), MigrateError> {
    let failed = |error: std::io::Error| {
        MigrateError::Failed(format!(
            "the rows are in PostgreSQL, and {} cannot be renamed: {error}",
            file.display()
        ))
    };
    std::fs::rename(file, state.path().join(MOVED_DATABASE)).map_err(failed)
}

pub(super) fn not_migrated(error: &MigrateError) -> Failure {
    let exit = match error {
        MigrateError::InUse => Exit::TryLater,
        MigrateError::Connect(error) => return no_database(error),
        _ => Exit::Error,
    };
    fail(exit, &error.to_string(), error.advice())
}

fn describe(copied: &Copied, to: Target) -> String {
    let rows: Vec<String> = copied.iter().map(|(table, rows)| format!("{rows} {table}")).collect();
    let next = match to {
        Target::Postgres => {
            "The keeper works there from now on, with KEEPER_DATABASE_URL set. The old file is kept as keeper.db.moved."
        }
        Target::Sqlite => "Remove KEEPER_DATABASE_URL, and the keeper works in the state folder.",
    };
    format!("Copied and compared, row by row: {}.\n{next}", rows.join(", "))
}

pub(super) fn hand_over(force: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let Some(remote) = Remote::new(&config) else { return Err(nobody(&config)) };
    match block_on(remote.hand_over(force)).flatten() {
        Some(202) if force => {
            say(
                "The keeper that acted lets its lease go: one that stands by acts within a second; where none does, it takes it again.",
            );
            Ok(Exit::Good)
        }
        Some(202) => {
            say("The keeper that acted hands over: the one that stood by acts within a second.");
            Ok(Exit::Good)
        }
        Some(409) => Err(fail(
            Exit::Error,
            "this keeper has its state to itself",
            "Two keepers share a PostgreSQL database: see KEEPER_DATABASE_URL.",
        )),
        Some(424) => Err(fail(
            Exit::TryLater,
            "no keeper stands by, so this one goes on",
            "Start the other one first, with the same KEEPER_DATABASE_URL.",
        )),
        Some(412) => Err(fail(
            Exit::TryLater,
            "the keeper that stands by cannot reach FYERS, so this one goes on",
            "Run `fyers-keeper doctor` there. To hand over all the same: fyers-keeper handover --force",
        )),
        Some(_) => Err(fail(Exit::TryLater, "the keeper did not hand over", "Look at its log.")),
        None => Err(nobody(&config)),
    }
}
