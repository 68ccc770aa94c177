//! Where the answers go: the `.env` file, made private if there is none.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use secrecy::SecretString;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::fail,
    setup::{CliConfig, load},
};
use crate::{
    config,
    env_file::{EnvFile, EnvFileError},
    private_file,
};

/// The `.env` file and the state folder.
pub(super) struct Place {
    env: PathBuf,
    state: PathBuf,
    /// An empty value is the same as none.
    pub(super) nothing: SecretString,
}

impl Place {
    /// As the environment names them; the `.env` file cannot name itself.
    pub(super) fn of_environment() -> Self {
        let (values, _unreadable) = config::process_environment();
        let named = |name: &str, usual: &str| {
            PathBuf::from(values.get(name).filter(|path| !path.is_empty()).map_or(usual, String::as_str))
        };
        Self {
            env: named("KEEPER_ENV_FILE", ".env"),
            state: named("KEEPER_STATE_DIR", "./state"),
            nothing: SecretString::default(),
        }
    }

    pub(super) fn env_path(&self) -> &Path {
        &self.env
    }

    pub(super) fn state_dir(&self) -> &Path {
        &self.state
    }

    /// An empty file that only its owner can read, unless there is one.
    pub(super) fn make(&self) -> Result<(), Failure> {
        match private_file::create_new(&self.env) {
            Ok(_file) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => self.check_writable(),
            Err(error) => {
                let what = format!("{} cannot be made: {}", self.env.display(), error.kind());
                Err(fail(Exit::Error, &what, "Go to a folder of your own, or name another KEEPER_ENV_FILE."))
            }
        }
    }

    /// Before the first question, not after it: an answer that cannot be saved is lost.
    fn check_writable(&self) -> Result<(), Failure> {
        if access(&self.env, Access::WRITE_OK).is_ok() {
            return Ok(());
        }
        let what = format!("{} cannot be written by this user", self.env.display());
        Err(fail(Exit::Error, &what, "Give the file to the user who runs the keeper."))
    }

    /// Saves values and reads all settings again. Values that make the settings impossible give way to what was there
    /// before, and the error says why.
    pub(super) fn save(&self, values: &[(&str, &SecretString)]) -> Result<CliConfig, Failure> {
        let before = self.written(values.iter().map(|(name, _)| *name));
        self.write(values)?;
        load().inspect_err(|_| {
            let _kept = self.put_back(&before);
        })
    }

    /// What the file has under these names; nothing under a name that it does not have.
    pub(super) fn written<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Vec<(&'a str, SecretString)> {
        let text = EnvFile::new(&self.env, &self.state).read().ok();
        let value = |name| text.as_ref().and_then(|text| text.get(name)).cloned().unwrap_or_default();
        names.into_iter().map(|name| (name, value(name))).collect()
    }

    /// Writes what was there before.
    pub(super) fn put_back(&self, before: &[(&str, SecretString)]) -> Result<(), Failure> {
        self.write(&before.iter().map(|(name, value)| (*name, value)).collect::<Vec<_>>())
    }

    /// Takes values out that make the settings impossible, so that they are asked for again.
    pub(super) fn empty(&self, names: &[&str]) -> Result<CliConfig, Failure> {
        self.write(&names.iter().map(|name| (*name, &self.nothing)).collect::<Vec<_>>())?;
        load()
    }

    fn write(&self, values: &[(&str, &SecretString)]) -> Result<(), Failure> {
        let unwritten = |error: EnvFileError| fail(Exit::Error, &error.to_string(), error.advice());
        EnvFile::new(&self.env, &self.state).update(values).map(|_how| ()).map_err(unwritten)
    }
}

/// What was wrong with an answer, for the person who gave it.
pub(super) fn words(failure: &Failure) -> String {
    let told = failure.problems.iter().map(|problem| format!("! {}. {}", problem.what, problem.remedy));
    told.collect::<Vec<_>>().join("\n")
}
