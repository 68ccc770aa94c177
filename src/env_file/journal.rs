//! The journal of a write in place: both contents, kept in the state folder until the write is on the disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::error::EnvWriteError;

const NAME: &str = "env-journal";
const HEADER: &str = "fyers-keeper .env journal 1";

/// What a write in place was about to do. Holds secrets: no `Debug`.
#[derive(Serialize, Deserialize)]
pub(super) struct Journal {
    path_hex: String,
    /// The names whose values the write sets.
    pub(super) keys: Vec<String>,
    pub(super) old: String,
    pub(super) new: String,
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.old.zeroize();
        self.new.zeroize();
    }
}

impl Journal {
    pub(super) fn new(path: &Path, keys: &[&str], old: &str, new: &str) -> Self {
        Self {
            path_hex: hex::encode(path.as_os_str().as_bytes()),
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            old: old.to_owned(),
            new: new.to_owned(),
        }
    }

    /// The file that was being written.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(OsString::from_vec(hex::decode(&self.path_hex).unwrap_or_default()))
    }

    /// Whether `content` can be what an interrupted write left: each byte from the old or the new content,
    /// or zero where the file grew and the data did not reach the disk before the power went.
    pub(super) fn explains(&self, content: &[u8]) -> bool {
        let (old, new) = (self.old.as_bytes(), self.new.as_bytes());
        let possible = |i: usize, byte: &u8| {
            old.get(i) == Some(byte) || new.get(i) == Some(byte) || (*byte == 0 && i >= old.len())
        };
        let whole = content.len() >= old.len().min(new.len()) && content.len() <= old.len().max(new.len());
        whole && content.iter().enumerate().all(|(i, byte)| possible(i, byte))
    }

    /// Puts the journal on the disk, readable by the keeper only.
    pub(super) fn store(&self, state_dir: &Path) -> Result<(), EnvWriteError> {
        let path = state_dir.join(NAME);
        self.try_store(state_dir, &path).map_err(|e| {
            let _ = fs::remove_file(&path);
            EnvWriteError::state("write the journal", &path, e)
        })
    }

    fn try_store(&self, state_dir: &Path, path: &Path) -> io::Result<()> {
        let bytes = self.encode()?;
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        File::open(state_dir)?.sync_all()
    }

    fn encode(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut body = Zeroizing::new(Vec::with_capacity(2 * (self.old.len() + self.new.len()) + 1024));
        serde_json::to_writer(&mut *body, self).map_err(io::Error::other)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(body.len() + 128));
        writeln!(bytes, "{HEADER}\n{}", checksum(&body))?;
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// The journal of an interrupted write. One that is incomplete means that the file was not touched yet: it is
    /// reported as [`Stored::Incomplete`].
    pub(super) fn load(state_dir: &Path) -> Result<Stored, EnvWriteError> {
        let path = state_dir.join(NAME);
        match fs::read(&path).map(Zeroizing::new) {
            Ok(bytes) => Ok(decode(&bytes).map_or(Stored::Incomplete, Stored::Whole)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Stored::None),
            Err(e) => Err(EnvWriteError::state("read the journal", &path, e)),
        }
    }

    /// Removes the journal for good.
    pub(super) fn remove(state_dir: &Path) -> Result<(), EnvWriteError> {
        let path = state_dir.join(NAME);
        fs::remove_file(&path)
            .and_then(|()| File::open(state_dir)?.sync_all())
            .map_err(|e| EnvWriteError::state("remove the journal", &path, e))
    }
}

/// What was found in the state folder.
pub(super) enum Stored {
    None,
    Incomplete,
    Whole(Journal),
}

fn decode(bytes: &[u8]) -> Option<Journal> {
    let rest = bytes.strip_prefix(HEADER.as_bytes())?.strip_prefix(b"\n")?;
    let end = rest.iter().position(|&b| b == b'\n')?;
    let (sum, body) = (&rest[..end], &rest[end + 1..]);
    if sum != checksum(body).as_bytes() {
        return None;
    }
    serde_json::from_slice(body).ok()
}

fn checksum(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}
