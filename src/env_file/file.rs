//! The `.env` file of one keeper: read it, set keys in it, repair it.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::env_file::access;
use crate::env_file::edit;
use crate::env_file::error::{EnvFileError, EnvFileErrorKind};
use crate::env_file::in_place;
use crate::env_file::parse::{EnvText, parse};
use crate::env_file::replace::{self, Outcome};
use crate::env_file::snapshot::Snapshot;

/// How often a file that others keep changing is read again before giving up.
const ATTEMPTS: usize = 8;
/// A write takes a few milliseconds; a process that holds the lock longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// One `.env` file and the state folder for its lock and journal. Cheap: holds no open file.
#[derive(Debug, Clone)]
pub struct EnvFile {
    path: PathBuf,
    state_dir: PathBuf,
}

/// How the new content got into the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A new file took the name of the old one in one step.
    Replaced,
    /// The old file was written over, with a journal.
    InPlace,
    /// The file had these values already.
    Unchanged,
}

impl EnvFile {
    /// Names the file and the (existing, private) state folder. Neither is opened, and the file need not exist; links
    /// are followed anew at each use.
    pub fn new(path: impl Into<PathBuf>, state_dir: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), state_dir: state_dir.into() }
    }

    /// Reads the file, after [`EnvFile::recover`] when a write in place was interrupted or is going on.
    ///
    /// # Errors
    ///
    /// [`EnvFileErrorKind::Missing`], [`EnvFileErrorKind::NotAFile`], [`EnvFileErrorKind::Foreign`], [`EnvFileErrorKind::Writable`],
    /// [`EnvFileErrorKind::NotUtf8`], [`EnvFileErrorKind::TooLarge`], [`EnvFileErrorKind::NotAllowed`], [`EnvFileErrorKind::Io`], or those of `recover`. Malformed lines are no error: see [`EnvText::problems`].
    pub fn read(&self) -> Result<EnvText, EnvFileError> {
        if in_place::journal_path(&self.state_dir).exists() {
            self.recover()?;
        }
        Ok(parse(self.snapshot()?.text(&self.path)?))
    }

    fn snapshot(&self) -> Result<Snapshot, EnvFileError> {
        Snapshot::take(&self.resolve()?, File::options().read(true))
    }

    /// Sets keys in the file. Success means that the new values are in the file and on the disk.
    ///
    /// # Errors
    ///
    /// See [`EnvFileErrorKind`]. The file then has its old content, or, when only the very last step failed (making it
    /// durable), the new one; never a mix that [`EnvFile::recover`] would not repair.
    pub fn update(&self, changes: &[(&str, &SecretString)]) -> Result<How, EnvFileError> {
        let _lock = self.lock()?;
        self.clean_up()?;
        let plain: Vec<_> = changes.iter().map(|&(key, value)| (key, value.expose_secret())).collect();
        for _ in 0..ATTEMPTS {
            let plan = self.plan(&plain)?;
            if let Some(how) = self.commit(&plan)? {
                return Ok(how);
            }
        }
        Err(EnvFileError::new(EnvFileErrorKind::Busy, &self.path))
    }

    /// Repairs what a writer that died has left: finishes a write in place, unless somebody edited the file since, and
    /// removes temporary files. Waits up to 5 s for a living writer.
    ///
    /// # Errors
    ///
    /// When the lock or the journal cannot be used, or the file cannot be repaired; the journal is kept then.
    pub fn recover(&self) -> Result<(), EnvFileError> {
        let _lock = self.lock()?;
        self.clean_up()
    }

    /// Whether the file would be used as it is now. Changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`EnvFile::read`].
    pub fn check(&self) -> Result<(), EnvFileError> {
        self.snapshot()?.text(&self.path).map(drop)
    }

    /// What a person should put right about the file as it is now, as sentences. Empty when there is none that is used.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let Ok(now) = self.snapshot() else { return Vec::new() };
        let mut warnings: Vec<_> = access::warning(&now.file, &now.meta, &self.path).into_iter().collect();
        if now.meta.nlink() == 0 {
            let error = EnvFileError::new(EnvFileErrorKind::Detached, &self.path);
            warnings.push(format!("{error}. {}", error.advice()));
        }
        warnings
    }

    /// The real place of the file, so that a link is never replaced by a file.
    fn resolve(&self) -> Result<PathBuf, EnvFileError> {
        self.path.canonicalize().map_err(|e| EnvFileError::io("find it", &self.path, &e))
    }

    /// Waits for the lock, an exclusive one on a file beside the journal, so that the `.env` file itself may be renamed.
    /// It lasts as long as the returned file; the system frees it when the process dies.
    fn lock(&self) -> Result<File, EnvFileError> {
        let path = self.state_dir.join("env-lock");
        let file = File::options().append(true).create(true).mode(0o600).open(&path);
        let file = file.map_err(|e| EnvFileError::state("open the lock", &path, &e))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(EnvFileError::new(EnvFileErrorKind::Busy, &path));
                }
                Err(TryLockError::Error(e)) => return Err(EnvFileError::state("take the lock", &path, &e)),
            }
        }
    }

    fn clean_up(&self) -> Result<(), EnvFileError> {
        in_place::recover(&self.state_dir)?;
        replace::remove_leftovers(&self.resolve().unwrap_or_else(|_| self.path.clone()));
        Ok(())
    }

    /// Reads the file and works out its new content.
    pub(super) fn plan(&self, changes: &[(&str, &str)]) -> Result<Plan, EnvFileError> {
        let path = self.resolve()?;
        let before = Snapshot::take(&path, File::options().read(true).write(true))?;
        // A bind mount goes on showing a file that was replaced outside; nobody would see what is written there.
        if before.meta.nlink() == 0 {
            return Err(EnvFileError::new(EnvFileErrorKind::Detached, &path));
        }
        let new = edit::set(before.text(&path)?, changes)
            .map_err(|e| EnvFileError::new(EnvFileErrorKind::BadChange, &path).because(e))?;
        Ok(Plan { path, before, new: Zeroizing::new(new) })
    }

    /// Writes the plan; `None` when the file changed in the meantime.
    pub(super) fn commit(&self, plan: &Plan) -> Result<Option<How>, EnvFileError> {
        let Plan { path, before, new } = plan;
        if *before.bytes == new.as_bytes() {
            make_durable(path, before)?;
            return Ok(Some(How::Unchanged));
        }
        let (outcome, how) = match replace::replace(path, before, new)? {
            Outcome::Impossible => (in_place::overwrite(&self.state_dir, path, before, new)?, How::InPlace),
            outcome => (outcome, How::Replaced),
        };
        Ok((outcome == Outcome::Done).then_some(how))
    }
}

/// The file as it was read, and its new content. Holds secrets: no `Debug`.
pub(super) struct Plan {
    path: PathBuf,
    before: Snapshot,
    new: Zeroizing<String>,
}

/// The values are there, but perhaps from a write that failed at its last step: only now are they surely on the disk.
fn make_durable(path: &Path, now: &Snapshot) -> Result<(), EnvFileError> {
    // A folder that may not be opened was not written by us either.
    let folder = replace::open_folder(path).map_or(Ok(()), |folder| replace::sync_folder(&folder));
    let durable = now.file.sync_all().and(folder);
    durable.map_err(|e| EnvFileError::state("make it durable", path, &e))
}
