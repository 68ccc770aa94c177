//! One writer at a time: an exclusive lock on a file beside the journal, so that the `.env` file itself may be renamed.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::{Errno, retry_on_intr};

use super::error::{EnvWriteError, Kind};

/// A write takes a few milliseconds; whoever holds the lock longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Held while the value lives; the system frees it when the process dies.
pub(super) struct Lock {
    _file: OwnedFd,
}

impl Lock {
    pub(super) fn acquire(state_dir: &Path) -> Result<Self, EnvWriteError> {
        let path = state_dir.join("env-lock");
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = retry_on_intr(|| open(&path, flags, Mode::RUSR | Mode::WUSR))
            .map_err(|e| EnvWriteError::state("open the lock", &path, e))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => sleep(PAUSE),
                Err(Errno::WOULDBLOCK) => return Err(EnvWriteError::new(Kind::Locked, &path)),
                Err(Errno::INTR) => {}
                Err(e) => return Err(EnvWriteError::state("take the lock", &path, e)),
            }
        }
    }
}
