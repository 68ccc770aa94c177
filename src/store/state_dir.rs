//! The state folder: private, and one keeper's at a time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{ErrorKind, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng;
use secrecy::SecretString;

/// The state folder, held by this process until it is dropped.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// Held for the lock on it.
    _lock: File,
    after_crash: bool,
    running: AtomicBool,
}

/// The state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// Another keeper has it.
    #[error("another keeper{} already uses the state folder {}", pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The other one's process id, if it could be read.
        pid: Option<u32>,
    },
    /// Something that is no folder is in the way.
    #[error("the state folder {} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// It cannot be made, read or written.
    #[error("the state folder {} cannot be used by user {}: {problem}", path.display(), rustix::process::geteuid().as_raw())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        problem: ErrorKind,
    },
}

impl StateDirError {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Locked { .. } => {
                "Stop the other one first, or give this one a KEEPER_STATE_DIR of its own."
            }
            Self::NotAFolder(_) => "Point KEEPER_STATE_DIR at a folder, or at a path where one can be made.",
            Self::Unusable { .. } => {
                "Give it to that user (chown), or set KEEPER_STATE_DIR to a folder of its own."
            }
        }
    }
}

impl StateDir {
    /// Makes the folder if it is missing, closes it to other users, and locks it.
    pub fn open(path: &Path) -> Result<Self, StateDirError> {
        let unusable =
            |error: std::io::Error| StateDirError::Unusable { path: path.to_owned(), problem: error.kind() };
        if path.exists() && !path.is_dir() {
            return Err(StateDirError::NotAFolder(path.to_owned()));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let mode = fs::metadata(path).map_err(unusable)?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(
                event = "keeper.settings",
                "{} was open to other users; closing it",
                path.display()
            );
            fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(unusable)?;
        }
        let lock = lock(path)?;
        let marker = path.join("running");
        let after_crash = marker.exists();
        Ok(Self { path: path.to_owned(), _lock: lock, after_crash, running: AtomicBool::new(false) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Marks that the service runs; true when the run before did not end by [`StateDir::ended`].
    pub fn began(&self) -> bool {
        if !self.running.swap(true, Ordering::Relaxed) {
            // Without the marker a crash would not be told after the fact, which is no reason not to run.
            let _unmarked = private_file(&self.path.join("running"));
        }
        self.after_crash
    }

    /// Takes the mark away: the service ends in good order.
    pub fn ended(&self) {
        let _gone = fs::remove_file(self.path.join("running"));
    }

    /// The gateway key, made once: 32 random bytes in base64url.
    pub fn gateway_key(&self) -> Result<SecretString, StateDirError> {
        let path = self.path.join("gateway.key");
        let unusable =
            |error: std::io::Error| StateDirError::Unusable { path: path.clone(), problem: error.kind() };
        match fs::read_to_string(&path) {
            Ok(key) if key.trim().len() >= 16 => return Ok(SecretString::from(key.trim().to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(error)),
        }
        let key = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>());
        let mut file = private_file(&path).map_err(unusable)?;
        file.write_all(key.as_bytes()).and_then(|()| file.sync_all()).map_err(unusable)?;
        Ok(SecretString::from(key))
    }
}

fn private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}

/// Locks the folder by a file in it. The lock goes with the process, however that ends.
fn lock(folder: &Path) -> Result<File, StateDirError> {
    let path = folder.join("keeper.lock");
    let unusable =
        |error: std::io::Error| StateDirError::Unusable { path: folder.to_owned(), problem: error.kind() };
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            return Err(StateDirError::Locked { path: folder.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let own = std::process::id().to_string();
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(own.as_bytes()))
        .map_err(unusable)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_second_keeper_is_told_whose_folder_it_is() {
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("deep/state");
        let first = StateDir::open(&path).unwrap();
        let error = StateDir::open(&path).unwrap_err();
        assert!(matches!(error, StateDirError::Locked { pid: Some(pid), .. } if pid == std::process::id()));
        assert!(error.to_string().contains("already uses"));
        drop(first);
        StateDir::open(&path).unwrap();
    }

    #[test]
    fn everything_in_it_is_private_and_the_key_stays_the_same() {
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("state");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let state = StateDir::open(&path).unwrap();
        let key = state.gateway_key().unwrap();
        assert!(key.expose_secret().len() >= 43);
        assert_eq!(state.gateway_key().unwrap().expose_secret(), key.expose_secret());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        for entry in fs::read_dir(&path).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
    }

    #[test]
    fn a_run_without_a_goodbye_is_noticed_by_the_next_one() {
        let work = tempfile::tempdir().unwrap();
        let run = |polite: bool| {
            let state = StateDir::open(work.path()).unwrap();
            let after_crash = state.began();
            if polite {
                state.ended();
            }
            after_crash
        };
        assert_eq!([run(true), run(false), run(true), run(true)], [false, false, true, false]);
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("state");
        fs::write(&path, "").unwrap();
        assert!(matches!(StateDir::open(&path), Err(StateDirError::NotAFolder(_))));
    }
}
