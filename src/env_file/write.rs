//! The `.env` file of one keeper: read it, set keys in it, repair it.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::atomic::{self, Outcome};
use super::edit;
use super::error::{EnvWriteError, Kind};
use super::in_place;
use super::lock::Lock;
use super::parse::{self, Reading};
use super::recover::{self, Recovered};
use super::target::{Access, Snapshot, resolve};

/// How often a file that others keep changing is read again before giving up.
const ATTEMPTS: usize = 8;

/// One `.env` file and the state folder for its lock and journal. Cheap: holds no open file.
#[derive(Debug, Clone)]
pub struct EnvFile {
    path: PathBuf,
    state_dir: PathBuf,
    create: bool,
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

/// A successful update: the values are in the file and on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Written {
    /// How the content got there.
    pub how: How,
    /// What a person should know nevertheless.
    pub warnings: Vec<Warning>,
}

/// Something about the file that a person should put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Others than the owner may read or write the file.
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The write is done, but its journal, which holds the values, could not be removed. The next write tries again.
    JournalLeft,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToOthers { path, mode } => {
                let path = path.display();
                write!(
                    f,
                    "{path} holds secrets and is open to other users (mode {mode:04o}); run: chmod 600 {path}"
                )
            }
            Self::JournalLeft => {
                write!(f, "the journal of the .env file could not be removed; check the state folder")
            }
        }
    }
}

impl EnvFile {
    /// Names the file and the (existing, private) state folder. Touches nothing yet, and the file need not exist;
    /// links are followed anew at each use.
    ///
    /// # Errors
    ///
    /// When the path is not absolute and the working folder is unknown, or the path is a link to nothing.
    pub fn open(path: impl AsRef<Path>, state_dir: impl AsRef<Path>) -> Result<Self, EnvWriteError> {
        let absolute =
            |path: &Path| std::path::absolute(path).map_err(|e| EnvWriteError::io("find it", path, e));
        let file =
            Self { path: absolute(path.as_ref())?, state_dir: absolute(state_dir.as_ref())?, create: false };
        match resolve(&file.path) {
            Err(e) if file.path.is_symlink() => Err(e),
            _ => Ok(file),
        }
    }

    /// Whether [`EnvFile::update`] may create the file (mode 0600) when there is none. By default it may not: the
    /// file is a courtesy to other programs, and without one there are none.
    #[must_use]
    pub fn create_if_missing(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Reads the file. Call [`EnvFile::recover`] once before.
    ///
    /// # Errors
    ///
    /// [`Kind::Missing`], [`Kind::Detached`], [`Kind::NotAFile`], [`Kind::NotText`], [`Kind::ReadOnly`] (may not be
    /// read) or [`Kind::Io`]. Lines that make no sense are no error: see [`Reading::problems`].
    pub fn read(&self) -> Result<Reading, EnvWriteError> {
        let now = Snapshot::take(&resolve(&self.path)?, Access::Read)?;
        Ok(parse::read(now.text(&self.path)?))
    }

    /// Sets keys in the file. Success means that the new values are in the file and on the disk.
    ///
    /// # Errors
    ///
    /// See [`Kind`]. The file then has its old content, or, when only the very last step failed (making it
    /// durable), the new one; never a mix that [`EnvFile::recover`] would not repair.
    pub fn update(&self, changes: &[(&str, &SecretString)]) -> Result<Written, EnvWriteError> {
        let _lock = Lock::acquire(&self.state_dir)?;
        self.clean_up()?;
        for _ in 0..ATTEMPTS {
            let plan = self.plan(changes)?;
            if let Some(written) = self.commit(&plan)? {
                return Ok(written);
            }
        }
        Err(EnvWriteError::new(Kind::KeepsChanging, &self.path))
    }

    /// Repairs what a writer that died has left: finishes a write in place, removes temporary files.
    ///
    /// # Errors
    ///
    /// When the lock or the journal cannot be used, or the file cannot be repaired; the journal is kept then.
    pub fn recover(&self) -> Result<Recovered, EnvWriteError> {
        let _lock = Lock::acquire(&self.state_dir)?;
        self.clean_up()
    }

    /// What a person should know about the file as it is now. Empty when there is no file.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let Ok(meta) = fs::metadata(&self.path) else { return Vec::new() };
        let mode = meta.mode() & 0o7777;
        let open = mode & 0o066 != 0;
        open.then(|| Warning::OpenToOthers { path: self.path.clone(), mode }).into_iter().collect()
    }

    fn clean_up(&self) -> Result<Recovered, EnvWriteError> {
        let journal = recover::journal(&self.state_dir)?;
        let (temp_files_removed, temp_files_left) =
            resolve(&self.path).map_or((0, 0), |path| recover::temp_files(&path));
        Ok(Recovered { journal, temp_files_removed, temp_files_left })
    }

    /// Reads the file and works out its new content.
    pub(super) fn plan<'a>(&self, changes: &[(&'a str, &SecretString)]) -> Result<Plan<'a>, EnvWriteError> {
        let path = resolve(&self.path)?;
        let before = match Snapshot::take(&path, Access::ReadWrite) {
            Ok(before) => Some(before),
            Err(e) if e.kind() == Kind::Missing && self.create => None,
            Err(e) => return Err(e),
        };
        let text = before.as_ref().map_or(Ok(""), |before| before.text(&path))?;
        let plain: Vec<(&str, &str)> = changes.iter().map(|&(k, v)| (k, v.expose_secret())).collect();
        let new = edit::set(text, &plain).map_err(|e| EnvWriteError::edit(&path, e))?;
        let keys = changes.iter().map(|&(key, _)| key).collect();
        Ok(Plan { path, before, new: Zeroizing::new(new), keys })
    }

    /// Writes the plan; `None` when the file changed in the meantime.
    pub(super) fn commit(&self, plan: &Plan<'_>) -> Result<Option<Written>, EnvWriteError> {
        let (path, before) = (&plan.path, plan.before.as_ref());
        if let Some(before) = before.filter(|before| *before.bytes == plan.new.as_bytes()) {
            make_durable(path, before)?;
            return Ok(Some(self.written(How::Unchanged, true)));
        }
        let (outcome, how, clean) = match (atomic::replace(path, before, &plan.new)?, before) {
            (Outcome::Impossible, Some(before)) => {
                let (outcome, clean) = in_place::overwrite(
                    &self.state_dir,
                    path,
                    &plan.keys,
                    (before, before.text(path)?),
                    &plan.new,
                )?;
                (outcome, How::InPlace, clean)
            }
            (outcome, _) => (outcome, How::Replaced, true),
        };
        Ok((outcome == Outcome::Done).then(|| self.written(how, clean)))
    }

    fn written(&self, how: How, journal_gone: bool) -> Written {
        let mut warnings = self.warnings();
        if !journal_gone {
            warnings.push(Warning::JournalLeft);
        }
        Written { how, warnings }
    }
}

/// The file as it was read, and what it shall be. Holds secrets: no `Debug`.
pub(super) struct Plan<'a> {
    path: PathBuf,
    before: Option<Snapshot>,
    new: Zeroizing<String>,
    keys: Vec<&'a str>,
}

/// The values are there, but perhaps from a write that failed at its last step: only now are they surely on the disk.
fn make_durable(path: &Path, now: &Snapshot) -> Result<(), EnvWriteError> {
    now.file.sync_all().map_err(|e| EnvWriteError::state("make it durable", path, e))?;
    let Some(folder) = path.parent() else { return Ok(()) };
    // A folder that may not be opened was not written by us either.
    match atomic::open_folder(folder) {
        Ok(dir) => atomic::sync_folder(&dir).map_err(|e| EnvWriteError::state("make it durable", path, e)),
        Err(_) => Ok(()),
    }
}
