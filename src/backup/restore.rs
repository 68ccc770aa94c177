//! Putting a backup in the place of the state. The old state is kept beside it.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, FixedOffset, Utc};
use fyers_api::ist::ist;
use keeper_domain::text::excerpt;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::backup::{
    error::{BackupError, LIMIT, MOST_BYTES},
    partial::{Partial, sync_folder},
};
use crate::private_file;
use crate::store::{
    Counts, Examined, SqliteStore, StateDir, Unfit,
    sqlite::{
        copy::{self, side},
        examine,
        transfer::transfer,
    },
    state_dir::{DATABASE, GATEWAY_KEY},
};

/// A state that was put back.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// When the backup was made; `None` when it is a state database that somebody copied by hand.
    pub made_at: Option<DateTime<FixedOffset>>,
    /// Whether there are tokens in it.
    pub with_tokens: bool,
    /// Whether the gateway key came with it.
    pub gateway_key: bool,
    /// Whether a gateway key in the backup was left there, because nobody wanted it.
    pub gateway_key_left: bool,
    /// How many keys of bots came with it.
    pub bot_keys: u64,
    /// How many keys of bots were left in the backup, because nobody wanted them.
    pub bot_keys_left: u64,
    /// Whether trading is halted because it was before, whatever the backup says.
    pub halt_kept: bool,
    /// The first lines of alerts that waited in the backup. They tell of a time that is over, and are not sent.
    pub alerts_not_sent: Vec<String>,
    /// Where the old state is; `None` when there was none.
    pub old_state: Option<PathBuf>,
    /// What is in it.
    pub counts: Counts,
}

/// What is wanted of a restore.
#[derive(Debug, Clone, Copy, Default)]
pub struct Restore {
    /// The gateway key and the keys of bots too, if the backup has any. Whoever made the file knows their tokens.
    pub with_gateway_key: bool,
}

/// Puts the backup in `file` in the place of the state. Holding a [`StateDir`] proves that no keeper runs on it.
///
/// # Errors
///
/// When the file is no sound backup, is too large, or cannot be read in time. The state is as it was then.
pub async fn restore(state: &StateDir, file: &Path, wish: Restore) -> Result<Restored, BackupError> {
    check_source(file)?;
    let (wanted, stage, (halt_kept, alerts), keys) = tokio::time::timeout(LIMIT, prepare(state, file, wish))
        .await
        .map_err(|_late| BackupError::TooSlow(file.to_owned()))??;
    let (folder, database) = (state.path(), state.path().join(DATABASE));
    let old_state = keep_old(&database).await?;
    stage.finish(&database)?;
    let key = wanted.label.as_ref().and_then(|label| label.gateway_key.as_ref());
    Ok(Restored {
        made_at: wanted.label.as_ref().map(|label| ist(label.made_at)),
        with_tokens: wanted.has_tokens,
        gateway_key: wish.with_gateway_key && key.is_some_and(|key| put_key(folder, key)),
        gateway_key_left: key.is_some() && !wish.with_gateway_key,
        bot_keys: if wish.with_gateway_key { keys } else { 0 },
        bot_keys_left: if wish.with_gateway_key { 0 } else { keys },
        halt_kept,
        alerts_not_sent: alerts
            .iter()
            .map(|text| excerpt(text.lines().next().unwrap_or_default(), 160))
            .collect(),
        old_state,
        counts: wanted.counts,
    })
}

/// Only a regular file of a size that a state can have; SQLite would open anything.
fn check_source(file: &Path) -> Result<(), BackupError> {
    match fs::metadata(file) {
        Ok(meta) if !meta.is_file() => Err(BackupError::unfit(file, Unfit::Foreign)),
        Ok(meta) if meta.len() > MOST_BYTES => Err(BackupError::TooLarge(file.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(BackupError::unfit(file, Unfit::Missing)),
        Err(error) => Err(BackupError::unfit(file, Unfit::Unreadable(error.kind().to_string()))),
        Ok(_) => Ok(()),
    }
}

/// A new database with the rows of the backup, checked; whether a halt is in it that the backup does not have, and the alerts
/// that are not sent; and how many keys of bots the backup has.
async fn prepare(
    state: &StateDir,
    file: &Path,
    wish: Restore,
) -> Result<(Examined, Partial, (bool, Vec<String>), u64), BackupError> {
    let database = state.path().join(DATABASE);
    let wanted = examine(file).await.map_err(|unfit| BackupError::unfit(file, unfit))?;
    // A halt that cannot be read any more is still a halt.
    let halted = database.exists() && SqliteStore::peek_halted(&database).await.unwrap_or(true);

    let stage = Partial::claim(&state.path().join("restore.partial"))?;
    transfer(file, stage.path()).await?;
    let halt_kept = halted && !SqliteStore::peek_halted(stage.path()).await?;
    let alerts = copy::prepare(stage.path(), halted).await?;
    let keys = match wish.with_gateway_key {
        true => copy::count_keys(stage.path()).await?,
        false => copy::without_keys(stage.path()).await?,
    };
    let ready = examine(stage.path()).await.map_err(|unfit| BackupError::unfit(file, unfit))?;
    let same = ready.counts == wanted.counts && ready.has_tokens == wanted.has_tokens;
    if !same || ready.label.is_some() {
        return Err(BackupError::Differs(file.to_owned()));
    }
    Ok((wanted, stage, (halt_kept, alerts), keys))
}

/// Gives the old database a second name, so that the new one can take the first in one step.
async fn keep_old(database: &Path) -> Result<Option<PathBuf>, BackupError> {
    if !database.exists() {
        return Ok(None);
    }
    let stamp = Utc::now().format("%Y%m%dT%H%M%S%3f");
    let kept = side(database, &format!(".before-restore-{stamp}"));
    let unwritable = |error: std::io::Error| BackupError::unwritable(&kept, &error);
    // A side file of the old database must never meet the new one: it would be played back into it.
    if copy::settle(database).await? {
        fs::hard_link(database, &kept).or_else(|_| copy_private(database, &kept)).map_err(unwritable)?;
    } else {
        fs::rename(database, &kept).map_err(unwritable)?;
    }
    for suffix in ["-wal", "-shm"] {
        match fs::rename(side(database, suffix), side(&kept, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
    }
    sync_folder(&kept).map_err(unwritable)?;
    Ok(Some(kept))
}

/// For file systems without hard links.
fn copy_private(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut target = private_file::create_new(to)?;
    std::io::copy(&mut private_file::open_own(from).map_err(std::io::Error::other)?, &mut target)?;
    target.sync_all()
}

/// Bots know this key. One that is there already stays: they know that one then.
fn put_key(folder: &Path, key: &SecretString) -> bool {
    let file = private_file::create_new(&folder.join(GATEWAY_KEY));
    let written = file.and_then(|mut file| {
        file.write_all(key.expose_secret().as_bytes())?;
        file.sync_all()
    });
    written.is_ok()
}
