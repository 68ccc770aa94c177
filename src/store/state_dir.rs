//! The state folder: private, and one keeper's at a time.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{ErrorKind, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::private_file::{self, Content, PrivateFileError, Rules};

/// The database in the state folder.
pub(crate) const DATABASE: &str = "keeper.db";
/// What has become of it when its rows were moved to PostgreSQL: it is kept, and no keeper works on it.
pub(crate) const MOVED_DATABASE: &str = "keeper.db.moved";
/// Room that is kept back for the start on a full disk.
pub(crate) const SPARE_ROOM: &str = "spare-room";
/// The gateway key in the state folder.
pub(crate) const GATEWAY_KEY: &str = "gateway.key";
/// What the tokens of bots are signed with, in the state folder.
pub(crate) const SIGNING_SECRET: &str = "signing.key";
/// What has left for FYERS lately.
pub(crate) const CALLS: &str = "calls";
/// Which PostgreSQL database the keeper of this folder has worked with.
pub(crate) const WORKED_WITH: &str = "postgres.place";
/// Why nothing can be written, where there is no room.
pub(crate) const DISK_FULL: &str = "its disk is full";
/// What to do about that.
pub(crate) const MAKE_ROOM: &str =
    "Make room on its disk, or set KEEPER_STATE_DIR to a folder on another one.";
/// The file whose lock says who uses the state folder.
pub(crate) const LOCK: &str = "keeper.lock";

/// The state folder, held by this process until it is dropped.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// Held for the locks on them: the folder itself, whatever becomes of its files, and the file that says who it is.
    _locks: (File, File),
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
    /// A file in it is not what the keeper has made.
    #[error("{} {problem}", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: PrivateFileError,
    },
    /// It cannot be made, read or written.
    #[error("{}", unusable(path, *problem))]
    Unusable {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the system says.
        problem: ErrorKind,
    },
}

/// A full disk says nothing about the folder and who may use it.
fn unusable(path: &Path, problem: ErrorKind) -> String {
    let (path, user) = (path.display(), rustix::process::geteuid().as_raw());
    if is_full(problem) {
        return format!("{path} cannot be written: {DISK_FULL}");
    }
    format!("the state folder {path} cannot be used by user {user}: {problem}")
}

/// Whether there was no room, on the disk or for this user.
pub(crate) fn is_full(problem: ErrorKind) -> bool {
    matches!(problem, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

impl StateDirError {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Locked { .. } => {
                "Stop the other one first, or give this one a KEEPER_STATE_DIR of its own."
            }
            Self::NotOurs { problem, .. } => problem.advice(),
            Self::NotAFolder(_) => "Point KEEPER_STATE_DIR at a folder, or at a path where one can be made.",
            Self::Unusable { problem: ErrorKind::ReadOnlyFilesystem, .. } => {
                "Its file system is mounted read-only: mount it for writing, or set KEEPER_STATE_DIR to a folder on another one."
            }
            Self::Unusable { problem, .. } if is_full(*problem) => MAKE_ROOM,
            Self::Unusable { problem: ErrorKind::PermissionDenied, .. } => {
                "Give it to that user (chown), or set KEEPER_STATE_DIR to a folder of its own."
            }
            Self::Unusable { .. } => "Check the disk, or set KEEPER_STATE_DIR to a folder on another one.",
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
        let locks = lock(path)?;
        let marker = path.join("running");
        let after_crash = marker.exists();
        Ok(Self { path: path.to_owned(), _locks: locks, after_crash, running: AtomicBool::new(false) })
    }

    /// Puts on disk which files are in it.
    ///
    /// # Errors
    /// The disk fails.
    pub fn sync(&self) -> std::io::Result<()> {
        sync(&self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Marks that the service runs; true when the run before did not end by [`StateDir::ended`].
    pub fn began(&self) -> bool {
        if !self.running.swap(true, Ordering::Relaxed) {
            // Without the marker a crash would not be told after the fact, which is no reason not to run.
            let _unmarked = private_file::open_or_create(&self.path.join("running"));
        }
        self.after_crash
    }

    /// Takes the mark away: the service ends in good order.
    pub fn ended(&self) {
        let _gone = fs::remove_file(self.path.join("running"));
    }

    /// The gateway key, made once: 32 random bytes in base64url.
    pub fn gateway_key(&self) -> Result<SecretString, StateDirError> {
        self.own_secret(GATEWAY_KEY)
    }

    /// What the tokens of bots are signed with, made once.
    pub fn signing_secret(&self) -> Result<SecretString, StateDirError> {
        self.own_secret(SIGNING_SECRET)
    }

    /// A secret of this name, made once.
    pub(crate) fn own_secret(&self, name: &str) -> Result<SecretString, StateDirError> {
        let path = self.path.join(name);
        let unusable =
            |error: std::io::Error| StateDirError::Unusable { path: path.clone(), problem: error.kind() };
        let refused = |problem| StateDirError::NotOurs { path: path.clone(), problem };
        match private_file::read(&path, Rules::OWN) {
            Ok(Content { text, loose }) if text.trim().len() >= 16 => {
                if loose {
                    tracing::warn!(
                        event = "keeper.settings",
                        "{} could be read by other users and is closed now: make a new key if one of them is not you",
                        path.display()
                    );
                    private_file::open_own(&path).map_err(refused)?;
                }
                return Ok(SecretString::from(text.trim().to_owned()));
            }
            // Too short to be one of ours: a write that was cut off.
            Ok(_) => fs::remove_file(&path).map_err(unusable)?,
            Err(PrivateFileError::Missing) => {}
            Err(error) => return Err(refused(error)),
        }
        let key = SecretString::from(URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>()));
        self.keep_secret(name, &key)?;
        Ok(key)
    }

    /// Writes a secret in the place of the one that is there.
    pub(crate) fn keep_secret(&self, name: &str, key: &SecretString) -> Result<(), StateDirError> {
        let path = self.path.join(name);
        let unusable =
            |error: std::io::Error| StateDirError::Unusable { path: path.clone(), problem: error.kind() };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
        let mut file = private_file::create_new(&path).map_err(unusable)?;
        file.write_all(key.expose_secret().as_bytes()).and_then(|()| file.sync_all()).map_err(unusable)
    }
}

/// Which folder this is, whatever its path is called from where: its number on its disk, as a digest.
///
/// # Errors
/// There is none, or this user may not look.
pub(crate) fn folder_id(path: &Path) -> std::io::Result<String> {
    let folder = fs::metadata(path)?;
    let digest = Sha256::digest(format!("{} {}", folder.dev(), folder.ino()));
    Ok(hex::encode(&digest[..4]))
}

/// Puts a new gateway key in the place of the one in this state folder; the folder's owner must hold it.
pub(crate) fn replace_gateway_key(folder: &Path) -> std::io::Result<SecretString> {
    let key = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>());
    let (path, fresh) = (folder.join(GATEWAY_KEY), folder.join(format!("{GATEWAY_KEY}.new")));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private_file::create_new(&fresh)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, &path)?;
    sync(folder)?;
    Ok(SecretString::from(key))
}

/// Locks the folder itself and a file in it that tells the process. The locks go with the process, however that ends.
/// The one on the folder holds even when somebody removes the file.
fn lock(folder: &Path) -> Result<(File, File), StateDirError> {
    let path = folder.join(LOCK);
    let unusable =
        |error: std::io::Error| StateDirError::Unusable { path: folder.to_owned(), problem: error.kind() };
    let own = File::open(folder).map_err(unusable)?;
    let mut file = private_file::open_or_create(&path)
        .map_err(|problem| StateDirError::NotOurs { path: path.clone(), problem })?;
    let try_lock = |lock: &File| match lock.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = (&file).take(20).read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            Err(StateDirError::Locked { path: folder.to_owned(), pid })
        }
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    };
    try_lock(&own)?;
    try_lock(&file)?;
    let pid = std::process::id().to_string();
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(pid.as_bytes()));
    match written {
        // Who it is would be told to a second keeper only: on a full disk that keeps nobody from starting.
        Err(error) if !is_full(error.kind()) => Err(unusable(error)),
        _ => Ok((own, file)),
    }
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {

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
    fn the_lock_is_on_the_folder_and_not_on_a_name_in_it() {
        let work = tempfile::tempdir().unwrap();
        let first = StateDir::open(work.path()).unwrap();
        fs::remove_file(work.path().join(LOCK)).unwrap();
        assert!(matches!(StateDir::open(work.path()), Err(StateDirError::Locked { .. })));
        drop(first);
        StateDir::open(work.path()).unwrap();
    }

    #[test]
    fn a_key_that_somebody_else_has_put_there_is_not_taken() {
        let work = tempfile::tempdir().unwrap();
        let state = StateDir::open(&work.path().join("state")).unwrap();
        let (planted, key) = (work.path().join("planted"), state.path().join(GATEWAY_KEY));
        fs::write(&planted, "a-key-that-somebody-else-knows").unwrap();
        std::os::unix::fs::symlink(&planted, &key).unwrap();
        let error = state.gateway_key().unwrap_err();
        assert!(error.to_string().ends_with("gateway.key is a link"), "{error}");
        fs::remove_file(&key).unwrap();
        fs::write(&key, "an-own-key-that-was-left-open").unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(state.gateway_key().unwrap().expose_secret(), "an-own-key-that-was-left-open");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600, "closed again");
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
    fn the_advice_goes_by_what_the_system_says() {
        let advice = |problem| StateDirError::Unusable { path: "state".into(), problem }.advice();
        assert!(advice(ErrorKind::PermissionDenied).contains("chown"));
        for (problem, words) in [
            (ErrorKind::ReadOnlyFilesystem, "mounted read-only"),
            (ErrorKind::StorageFull, "Make room"),
            (ErrorKind::Other, "Check the disk"),
        ] {
            let advice = advice(problem);
            assert!(advice.contains(words) && !advice.contains("chown"), "{advice}");
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
