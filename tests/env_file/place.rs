//! A folder with a `.env` file and a state folder, for the tests of both on a real file system.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use fyers_keeper::env_file::{EnvFile, EnvFileError, How};
use secrecy::SecretString;
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) root: PathBuf,
    _dir: Option<TempDir>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::at(dir.path().to_owned(), Some(dir))
    }

    pub(crate) fn at(root: PathBuf, dir: Option<TempDir>) -> Self {
        fs::create_dir_all(root.join("state")).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        let place = Self { root, _dir: dir };
        fs::write(place.env(), "# mine\r\nexport A=\"old\" # c\r\nB=1").unwrap();
        fs::set_permissions(place.env(), Permissions::from_mode(0o600)).unwrap();
        place
    }

    pub(crate) fn env(&self) -> PathBuf {
        self.root.join("home/.env")
    }

    pub(crate) fn keeper(&self) -> EnvFile {
        EnvFile::new(self.env(), self.root.join("state"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.join("home")).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) const NEW: &str = "# mine\r\nexport A=\"new\" # c\r\nB=1";

pub(crate) fn set(keeper: &EnvFile, key: &str, value: &str) -> Result<How, EnvFileError> {
    keeper.update(&[(key, &SecretString::from(value))])
}

pub(crate) fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
