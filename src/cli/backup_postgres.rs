//! `backup` and `restore` where the state is in PostgreSQL: by a state folder in the state folder, which is there for the
//! copy alone. The file has the same form as one of SQLite, and either store takes it back.

use std::{fs, path::Path};

use crate::cli::{
    exit::Exit,
    failure::Failure,
    left_behind::{self, Purpose},
    migrate::not_migrated,
    noted_place,
    output::{fail, no_database, no_state},
    setup::CliConfig,
    state_store::{candidate, keep_secrets, secrets_in},
};
use crate::{
    backup::{self, Backup, BackupError, Restore, Restored, Wish},
    private_file::{self, Rules},
    store::{
        SqliteStore, StateDir,
        postgres::{Address, Contender},
        state_dir::{DATABASE, GATEWAY_KEY, SIGNING_SECRET},
    },
};
use secrecy::SecretString;

/// A state folder for as long as a copy takes.
struct Stage(StateDir);

impl Stage {
    /// What one that was cut off has left is thrown away. Only one at a time: the folder is locked.
    fn new(config: &CliConfig) -> Result<Self, Failure> {
        let path = config.settings.state_dir.join("copy.partial");
        let state = StateDir::open(&path).map_err(|error| no_state(&error))?;
        for name in [DATABASE, GATEWAY_KEY, SIGNING_SECRET] {
            for side in ["", "-wal", "-shm"] {
                let _none = fs::remove_file(path.join(format!("{name}{side}")));
            }
        }
        Ok(Self(state))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(self.0.path());
    }
}

pub(super) async fn backup(
    config: &CliConfig,
    url: &SecretString,
    file: &Path,
    wish: Wish,
) -> Result<Backup, Failure> {
    let mut contender = contender(config, url)?;
    refuse_in_state(config, file)?;
    left_behind::look(&config.settings.state_dir, &mut contender, Purpose::Take).await?;
    let Stage(state) = &Stage::new(config)?;
    let store = SqliteStore::open(state).await;
    store.map_err(|error| fail(Exit::Error, &error.to_string(), error.advice()))?.close().await;
    let keep = |secrets| keep_secrets(state, secrets);
    contender.copy_to(&state.path().join(DATABASE), &keep).await.map_err(|error| not_migrated(&error))?;
    backup::backup(state.path(), file, wish).await.map_err(|error| not_made(&error))
}

pub(super) async fn restore(
    config: &CliConfig,
    url: &SecretString,
    file: &Path,
    wish: Restore,
) -> Result<Restored, Failure> {
    let mut contender = contender(config, url)?;
    // Held to the end: no keeper starts on it meanwhile.
    let own = StateDir::open(&config.settings.state_dir).map_err(|error| no_state(&error))?;
    left_behind::look_first(&own, &mut contender, Purpose::Restore).await?;
    contender.prepare().await.map_err(|error| no_database(&error))?;
    let Stage(state) = &Stage::new(config)?;
    // Bots that know this host's secrets go on with them.
    for name in [GATEWAY_KEY, SIGNING_SECRET] {
        if let Ok(content) = private_file::read(&own.path().join(name), Rules::OWN) {
            let secret = SecretString::from(content.text.trim().to_owned());
            state.keep_secret(name, &secret).map_err(|error| no_state(&error))?;
        }
    }
    let restored = backup::restore(state, file, wish).await.map_err(|error| not_made(&error))?;
    let secrets = secrets_in(state).map_err(|error| not_migrated(&error))?;
    // What is restored must not stand beside the state that has left.
    contender.look_if_here().await.map_err(|error| no_database(&error))?;
    let filled = contender.fill_from(&state.path().join(DATABASE), secrets).await;
    filled.map_err(|error| not_migrated(&error))?;
    noted_place::note_place(&own, &contender.place());
    Ok(restored)
}

fn contender(config: &CliConfig, url: &SecretString) -> Result<Contender, Failure> {
    let address = Address::parse(url).map_err(|flaw| no_database(&flaw.into()))?;
    Ok(Contender::new(address, candidate(config)))
}

/// What is lost with the state folder is no backup; the folder of the copy is not the one that is meant.
fn refuse_in_state(config: &CliConfig, file: &Path) -> Result<(), Failure> {
    let folder = std::path::absolute(file).ok().and_then(|file| file.parent()?.canonicalize().ok());
    let state = config.settings.state_dir.canonicalize().ok();
    match folder {
        Some(folder) if Some(&folder) == state.as_ref() => {
            Err(not_made(&BackupError::InState(file.to_owned())))
        }
        _ => Ok(()),
    }
}

pub(super) fn not_made(error: &BackupError) -> Failure {
    fail(Exit::Error, &error.to_string(), error.advice())
}
