//! The `.env` file at one moment: the open file, its content and its identity.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{OFlags, fgetxattr};
use zeroize::Zeroizing;

use crate::env_file::access;
use crate::env_file::error::{EnvFileError, EnvFileErrorKind};

/// Largest file that is read, in bytes. Real ones have a few kilobytes.
const MAX_BYTES: u64 = 256 * 1024;

/// The file as it was when it was read. Holds secrets: no `Debug`.
pub(super) struct Snapshot {
    pub(super) file: File,
    pub(super) meta: Metadata,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Snapshot {
    /// Opens the file at `path`, whose links must be resolved already, with `options`, and reads it.
    pub(super) fn take(path: &Path, options: &mut OpenOptions) -> Result<Self, EnvFileError> {
        // NONBLOCK: opening a pipe must not wait for its other end.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = options.custom_flags(flags).open(path);
        let file = file.map_err(|e| EnvFileError::io("open it", path, &e))?;
        let meta = file.metadata().map_err(|e| EnvFileError::io("look at it", path, &e))?;
        if !meta.is_file() {
            return Err(EnvFileError::new(EnvFileErrorKind::NotAFile, path));
        }
        if let Some(kind) = access::refused(&file, &meta) {
            return Err(EnvFileError::new(kind, path));
        }
        let bytes = read_all(&file, &meta, path)?;
        Ok(Self { file, meta, bytes })
    }

    /// Whether the path still leads to the same file with the same content, owner and permissions. When that cannot
    /// be told it is false: who then reads the file again gets the error.
    pub(super) fn is_current(&self, path: &Path) -> bool {
        let id = |m: &Metadata| (m.dev(), m.ino(), m.mode(), m.uid(), m.gid(), m.nlink());
        Self::take(path, File::options().read(true))
            .is_ok_and(|now| id(&now.meta) == id(&self.meta) && now.bytes == self.bytes)
    }

    /// The content as text. The error of `from_utf8` would hold the bytes, so it is dropped.
    pub(super) fn text(&self, path: &Path) -> Result<&str, EnvFileError> {
        let marks = [[0xff, 0xfe], [0xfe, 0xff]];
        if marks.iter().any(|mark| self.bytes.starts_with(mark)) || self.bytes.contains(&0) {
            return Err(
                EnvFileError::new(EnvFileErrorKind::NotUtf8, path).because("it is UTF-16, or binary data")
            );
        }
        std::str::from_utf8(&self.bytes).map_err(|_| EnvFileError::new(EnvFileErrorKind::NotUtf8, path))
    }

    /// Whether a copy would lose something that the file has: other names, or an access list (whose group bits
    /// mean more to the owning group than the list allows, so a copy would widen them).
    pub(super) fn is_tied_to_its_inode(&self) -> bool {
        let mut buffer = [0_u8; 1];
        let list = fgetxattr(&self.file, "system.posix_acl_access", &mut buffer[..0]);
        self.meta.nlink() > 1 || list.is_ok()
    }
}

fn read_all(file: &File, meta: &Metadata, path: &Path) -> Result<Zeroizing<Vec<u8>>, EnvFileError> {
    // Enough room from the start: growing would leave copies of the secrets in freed memory.
    let room = usize::try_from(meta.len().min(MAX_BYTES)).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|e| EnvFileError::io("read it", path, &e))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(EnvFileError::new(EnvFileErrorKind::TooLarge, path));
    }
    Ok(bytes)
}
