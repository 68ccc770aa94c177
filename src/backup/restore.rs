//! Putting a backup in the place of the state. The old state is kept beside it.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, FixedOffset, Utc};
use fyers_api::ist::ist;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::backup::{
    BackupError, DATABASE, KEY,
    partial::{Partial, sync_folder},
};
use crate::store::{
    Counts, SqliteStore, StateDir,
    sqlite::{
        copy::{self, side},
        examine,
    },
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
    /// Whether trading is halted because it was before, whatever the backup says.
    pub halt_kept: bool,
    /// Where the old state is; `None` when there was none.
    pub old_state: Option<PathBuf>,
    /// What is in it.
    pub counts: Counts,
}

/// Puts the backup in `file` in the place of the state. Holding a [`StateDir`] proves that no keeper runs on it.
pub async fn restore(state: &StateDir, file: &Path) -> Result<Restored, BackupError> {
    let (folder, database) = (state.path(), state.path().join(DATABASE));
    let wanted = examine(file).await.map_err(|unfit| BackupError::unfit(file, unfit))?;
    // A halt that cannot be read any more is still a halt.
    let halted = database.exists() && SqliteStore::peek_halted(&database).await.unwrap_or(true);

    let stage = Partial::claim(&folder.join("restore.partial"))?;
    copy::copy(file, stage.path()).await?;
    let halt_kept = halted && !SqliteStore::peek_halted(stage.path()).await?;
    copy::prepare(stage.path(), halted).await?;
    let ready = examine(stage.path()).await.map_err(|unfit| BackupError::unfit(file, unfit))?;
    if ready.counts != wanted.counts || ready.label.is_some() {
        return Err(BackupError::Differs(file.to_owned()));
    }
    let old_state = keep_old(&database).await?;
    stage.finish(&database)?;
    let key = wanted.label.as_ref().and_then(|label| label.gateway_key.as_ref());
    Ok(Restored {
        made_at: wanted.label.as_ref().map(|label| ist(label.made_at)),
        with_tokens: ready.has_tokens,
        gateway_key: key.is_some_and(|key| put_key(folder, key)),
        halt_kept,
        old_state,
        counts: ready.counts,
    })
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
    let mut target = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
    std::io::copy(&mut fs::File::open(from)?, &mut target)?;
    target.sync_all()
}

/// Bots know this key. One that is there already stays: they know that one then.
fn put_key(folder: &Path, key: &SecretString) -> bool {
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(folder.join(KEY));
    let written = file.and_then(|mut file| {
        file.write_all(key.expose_secret().as_bytes())?;
        file.sync_all()
    });
    written.is_ok()
}
