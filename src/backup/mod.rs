//! Backup and restore of the state folder: one file, made while a keeper runs, put back while none does.
//!
//! A file gets its name only when it is whole, checked and on disk, so a backup or a restore that is cut off at any
//! moment leaves the old file or the new one, never a mix. Tokens are left out unless they are asked for: a backup
//! travels further than a state folder.

mod error;
mod partial;
mod restore;
#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::Utc;
use secrecy::SecretString;
use serde::Serialize;

pub use error::BackupError;
pub use restore::{Restore, Restored, restore};

use crate::{
    build_info,
    private_file::{self, Rules},
    store::{
        Counts, Label,
        sqlite::{copy, examine},
        state_dir::{DATABASE, GATEWAY_KEY},
    },
};
use partial::{Partial, folder_of};

/// What is wanted of a backup.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish {
    /// With tokens and the gateway key.
    pub with_tokens: bool,
    /// A file of the same name may be replaced.
    pub force: bool,
}

/// A backup that was written and checked.
#[derive(Debug, Clone, Serialize)]
pub struct Backup {
    /// Where it is.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Whether tokens and the gateway key are in it.
    pub with_tokens: bool,
    /// What is in it.
    pub counts: Counts,
}

/// Writes the state in `state_dir` to `file`.
pub async fn backup(state_dir: &Path, file: &Path, wish: Wish) -> Result<Backup, BackupError> {
    let database = state_dir.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::NoState(state_dir.to_owned()));
    }
    check_target(state_dir, file, wish.force)?;
    // First into the state folder, where tokens are at home; what leaves it has none.
    let stage = Partial::claim(&state_dir.join("backup.partial"))?;
    copy::copy(&database, stage.path()).await?;
    copy::label(stage.path(), label_for(state_dir, wish)).await?;
    let wanted = examine(stage.path()).await.map_err(|unfit| BackupError::unfit(&database, unfit))?;

    let whole = Partial::claim(&beside(file))?;
    copy::copy(stage.path(), whole.path()).await?;
    let written = examine(whole.path()).await.map_err(|unfit| BackupError::unfit(file, unfit))?;
    if written.counts != wanted.counts || written.has_tokens && !wish.with_tokens {
        return Err(BackupError::Differs(file.to_owned()));
    }
    let bytes = whole.finish(file)?;
    Ok(Backup { file: file.to_owned(), bytes, with_tokens: wish.with_tokens, counts: written.counts })
}

fn label_for(state_dir: &Path, wish: Wish) -> Label {
    let key =
        || private_file::read(&state_dir.join(GATEWAY_KEY), Rules::OWN).ok().map(|content| content.text);
    let gateway_key =
        wish.with_tokens.then(key).flatten().map(|key| SecretString::from(key.trim().to_owned()));
    Label {
        made_at: Utc::now(),
        version: build_info::VERSION.to_owned(),
        with_tokens: wish.with_tokens,
        gateway_key,
        digest: String::new(),
    }
}

/// The state folder's own files are out of bounds, and other files are replaced only if that is wanted.
fn check_target(state_dir: &Path, file: &Path, force: bool) -> Result<(), BackupError> {
    let Some(folder) = folder_of(file) else { return Err(BackupError::NoFile(file.to_owned())) };
    let real = |path: &Path| path.canonicalize().ok();
    let Some(folder) = real(&folder) else { return Err(BackupError::NoFolder(folder)) };
    if Some(folder) == real(state_dir) {
        return Err(BackupError::InState(file.to_owned()));
    }
    match fs::symlink_metadata(file) {
        Ok(meta) if !meta.is_file() => Err(BackupError::NoFile(file.to_owned())),
        Ok(_) if !force => Err(BackupError::Exists(file.to_owned())),
        _ => Ok(()),
    }
}

/// The name of a file while it is being written.
fn beside(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.partial"))
}
