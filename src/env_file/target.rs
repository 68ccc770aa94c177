//! The `.env` file as it is on the disk right now: where it really lives, what is in it, who owns it.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, fgetxattr, open};
use rustix::io::{Errno, retry_on_intr};
use zeroize::Zeroizing;

use super::error::{EnvWriteError, Kind};

const MAX_BYTES: u64 = 1024 * 1024;

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadWrite,
}

/// One look at the file: the open file, its content and its identity.
pub(super) struct Snapshot {
    pub(super) file: File,
    pub(super) meta: Metadata,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Snapshot {
    /// Opens and reads the file at `path`, which must be resolved already.
    pub(super) fn take(path: &Path, access: Access) -> Result<Self, EnvWriteError> {
        let mode = if access == Access::Read { OFlags::RDONLY } else { OFlags::RDWR };
        // Not blocking: opening a pipe must not wait for its other end.
        let flags = mode | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = retry_on_intr(|| open(path, flags, Mode::empty()))
            .map_err(|e| EnvWriteError::io("open it", path, e))?;
        let mut file = File::from(file);
        let meta = file.metadata().map_err(|e| EnvWriteError::io("look at it", path, e))?;
        if !meta.is_file() {
            return Err(EnvWriteError::new(Kind::NotAFile, path));
        }
        // A bind mount goes on showing a file that was replaced outside; what we write there nobody would see.
        if meta.nlink() == 0 {
            return Err(EnvWriteError::new(Kind::Detached, path));
        }
        let bytes = read_all(&mut file, meta.len(), path)?;
        Ok(Self { file, meta, bytes })
    }

    /// Whether the path still leads to the same file with the same content, owner and permissions.
    pub(super) fn is_current(&self, path: &Path) -> Result<bool, EnvWriteError> {
        let now = match Self::take(path, Access::Read) {
            Ok(now) => now,
            Err(e) if matches!(e.kind(), Kind::Missing | Kind::NotText) => return Ok(false),
            Err(e) => return Err(e),
        };
        let id = |m: &Metadata| (m.dev(), m.ino(), m.mode(), m.uid(), m.gid(), m.nlink());
        Ok(id(&now.meta) == id(&self.meta) && now.bytes == self.bytes)
    }

    /// The content as text. The error of `from_utf8` would hold the bytes, so it is dropped.
    pub(super) fn text(&self, path: &Path) -> Result<&str, EnvWriteError> {
        std::str::from_utf8(&self.bytes).map_err(|_| EnvWriteError::new(Kind::NotText, path))
    }

    /// Permission bits without the file type.
    pub(super) fn mode(&self) -> u32 {
        self.meta.mode() & 0o7777
    }

    /// Whether a copy would lose something that the file has: other names, or an access list (whose group bits
    /// mean more to the owning group than the list allows, so a copy would widen them).
    pub(super) fn is_tied_to_its_inode(&self) -> bool {
        let mut buffer = [0_u8; 1];
        let list = fgetxattr(&self.file, "system.posix_acl_access", &mut buffer[..0]);
        self.meta.nlink() > 1 || list.is_ok()
    }
}

fn read_all(file: &mut File, len: u64, path: &Path) -> Result<Zeroizing<Vec<u8>>, EnvWriteError> {
    let room = usize::try_from(len.min(MAX_BYTES)).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| EnvWriteError::io("read it", path, e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(EnvWriteError::new(Kind::NotText, path));
    }
    Ok(bytes)
}

/// The real place of the file: links resolved, so that a link is never replaced by a file.
/// A file that does not exist yet is placed in its real folder.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, EnvWriteError> {
    let failed = |e| EnvWriteError::io("find it", path, e);
    match path.canonicalize() {
        Ok(real) => Ok(real),
        Err(e) if Errno::from_io_error(&e) == Some(Errno::NOENT) && !path.is_symlink() => {
            let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(failed(e)) };
            Ok(folder.canonicalize().map_err(failed)?.join(name))
        }
        Err(e) => Err(failed(e)),
    }
}
