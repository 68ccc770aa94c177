//! `migrate` and `handover`: from one database to the other one, from one keeper to the other one.

use std::sync::Arc;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    left_behind::{self, Purpose},
    moving::{self, Fate, Moving, not_put_away},
    noted_place,
    output::{complain, fail, json as print_json, no_database, no_runtime, no_state, say},
    probe::{Remote, block_on, nobody},
    setup::load,
    state_store::{candidate, keep_secrets, secrets_in},
};
use crate::{
    fyers::Limiter,
    store::{
        SqliteStore, StateDir,
        postgres::{Address, Contender, Copied, MigrateError},
        state_dir::{CALLS, DATABASE},
    },
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
    config.start_log(false);
    let Some(url) = &config.settings.database_url else {
        let remedy = "Set it to the PostgreSQL database, for this command too.";
        return Err(fail(Exit::BadSettings, "KEEPER_DATABASE_URL is not set", remedy));
    };
    let address = Address::parse(url).map_err(|flaw| no_database(&flaw.into()))?;
    let state = StateDir::open(&config.settings.state_dir).map_err(|error| no_state(&error))?;
    config.limiter.go_on(&state.path().join(CALLS));
    let calls = Arc::<Limiter>::clone(&config.limiter);
    let mut contender = Contender::new(address, candidate(&config)).counting(calls);
    let moved = block_on(carry_out(&mut contender, &state, to)).unwrap_or_else(|| Err(no_runtime()))?;
    match moved {
        Moved::Now(copied) if json => print_json(&copied),
        Moved::Now(copied) => say(&describe(&copied, to)),
        Moved::Before if json => print_json(&Copied::new()),
        Moved::Before => say(&format!(
            "The migration before this one was interrupted after its last row: all of it was there, and it is finished now.\n{}",
            next_step(to)
        )),
    }
    Ok(Exit::Good)
}

/// When the rows were copied.
enum Moved {
    Now(Copied),
    /// By a migration that was interrupted after that.
    Before,
}

async fn carry_out(contender: &mut Contender, state: &StateDir, to: Target) -> Result<Moved, Failure> {
    let again = match Moving::found(state) {
        None => None,
        Some(before) => match settle(contender, state, before, to).await? {
            Settled::Finished => return Ok(Moved::Before),
            Settled::Again(before) => Some(before),
            Settled::Other => None,
        },
    };
    if to == Target::Postgres && !state.path().join(DATABASE).exists() {
        let what = format!("there is no state in {}", state.path().display());
        return Err(fail(Exit::Error, &what, "Check KEEPER_STATE_DIR."));
    }
    let is_new = again.is_none();
    let moving = match again {
        Some(moving) => moving,
        None => new(state, to).await?,
    };
    let purpose = if to == Target::Postgres { Purpose::Bring } else { Purpose::Take };
    left_behind::look_first(state, contender, purpose).await?;
    let unmarked = |error: std::io::Error| fail(Exit::Error, &error.to_string(), "Check the state folder.");
    moving.begin(state, &contender.place()).map_err(unmarked)?;
    match copy(contender, state, &moving).await {
        Ok(copied) => done(contender, state, to).map(|()| Moved::Now(copied)),
        // Before anything was moved.
        Err(error) if is_new && matches!(error, MigrateError::Connect(_) | MigrateError::InUse) => {
            moving::ended(state);
            Err(not_migrated(&error))
        }
        // What was cut off at its very end may be there all the same: the mark stays until that is known.
        Err(error) => match fate(contender, &moving).await {
            Ok(Fate::Done) => done(contender, state, to).map(|()| Moved::Before),
            Ok(Fate::NotYet) if to == Target::Postgres || !state.path().join(DATABASE).exists() => {
                moving::ended(state);
                Err(not_migrated(&error))
            }
            _ => Err(not_migrated(&error)),
        },
    }
}

/// All is where it was to go.
fn done(contender: &Contender, state: &StateDir, to: Target) -> Result<(), Failure> {
    match to {
        Target::Postgres => {
            noted_place::note_place(state, &contender.place());
            moving::put_away(state).map_err(|error| not_put_away(state, &error))
        }
        Target::Sqlite => {
            noted_place::forget_place(state);
            moving::ended(state);
            Ok(())
        }
    }
}

/// What is to be done after a migration that was interrupted.
enum Settled {
    /// It was this one, and it is finished.
    Finished,
    /// It was this one, and it is begun again.
    Again(Moving),
    /// It went the other way, and is finished.
    Other,
}

/// The database says what has become of the one before.
async fn settle(
    contender: &mut Contender,
    state: &StateDir,
    before: Moving,
    to: Target,
) -> Result<Settled, Failure> {
    let fate = fate(contender, &before).await?;
    if fate == Fate::NotYet {
        moving::refuse_other(state, &contender.place())?;
    }
    match (fate, &before, to) {
        (Fate::Done, Moving::There(_), to) => {
            done(contender, state, Target::Postgres)?;
            Ok(if to == Target::Postgres { Settled::Finished } else { Settled::Other })
        }
        (Fate::Done, Moving::Back(_), to) => {
            done(contender, state, Target::Sqlite)?;
            Ok(if to == Target::Sqlite { Settled::Finished } else { Settled::Other })
        }
        (Fate::NotYet, Moving::There(_), Target::Postgres) => {
            let what = "the migration before this one was interrupted, and nothing of it is in this database";
            complain(what, "It begins again.");
            Ok(Settled::Again(before))
        }
        (Fate::NotYet, Moving::Back(_), Target::Sqlite) => Ok(Settled::Again(before)),
        (Fate::NotYet, Moving::There(_), Target::Sqlite) => Err(moving::not_there(state)),
        (Fate::NotYet, Moving::Back(_), Target::Postgres) => Err(moving::not_back(state)),
    }
}

/// The first attempt, where the folder has room.
async fn new(state: &StateDir, to: Target) -> Result<Moving, Failure> {
    if to == Target::Sqlite && moving::is_filled(state).await {
        let what = format!("there is a state in {} already", state.path().display());
        return Err(fail(Exit::Error, &what, "Move keeper.db away when you are sure, and run it again."));
    }
    Ok(if to == Target::Postgres { Moving::there() } else { Moving::back() })
}

async fn fate(contender: &mut Contender, moving: &Moving) -> Result<Fate, Failure> {
    let found = contender.occupancy().await.map_err(|error| no_database(&error))?;
    let fate = moving.fate((&found, &contender.reader())).await;
    fate.map_err(|error| fail(Exit::Unreachable, &error.to_string(), "Check the server, and run it again."))
}

async fn copy(contender: &Contender, state: &StateDir, moving: &Moving) -> Result<Copied, MigrateError> {
    let file = state.path().join(DATABASE);
    // Opened once in either direction: an older schema is brought forward, a missing file is made.
    let was_there = file.exists();
    let store = SqliteStore::open(state).await.map_err(|error| MigrateError::Failed(error.to_string()))?;
    store.close().await;
    let number = match moving {
        Moving::There(number) => {
            let mut facts = secrets_in(state)?;
            facts.push(Moving::fact(number));
            return contender.fill_from(&file, facts).await;
        }
        Moving::Back(number) => number,
    };
    let keep = |secrets| keep_secrets(state, secrets);
    let moved = contender.move_to(&file, &keep, &moving::away(state, number)).await;
    if moved.is_err() && !was_there && SqliteStore::is_used(&file).await.is_ok_and(|is_used| !is_used) {
        // An empty one would be taken for a state.
        let _left = std::fs::remove_file(&file);
    }
    moved
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
    format!("Copied and compared, row by row: {}.\n{}", rows.join(", "), next_step(to))
}

fn next_step(to: Target) -> &'static str {
    match to {
        Target::Postgres => {
            "The keeper works there from now on, with KEEPER_DATABASE_URL set. The old file is kept as keeper.db.moved."
        }
        Target::Sqlite => "Remove KEEPER_DATABASE_URL, and the keeper works in the state folder.",
    }
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
