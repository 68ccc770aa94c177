//! What is on this machine's disk: the `.env` file, the state folder and what is in it.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access};

use crate::doctor::finding::{Finding, LIMIT};
use crate::{
    config::Settings,
    env_file::EnvFile,
    private_file::{self, Rules},
    store::{
        self, Counts, Unfit,
        state_dir::{DATABASE, LOCK},
    },
};

/// With less room than this, SQLite may soon fail.
const LITTLE_ROOM: u64 = 50 * 1024 * 1024;
/// With less than this a keeper writes nothing any more.
const NO_ROOM: u64 = 256 * 1024;
const MAKE_ROOM: &str = "Make room: a keeper that cannot write refuses orders until there is some again.";

/// Whether a keeper holds the state folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Free,
    /// With the process that holds it, if that could be read.
    Held(Option<u32>),
}

impl Lock {
    pub(super) fn is_held(self) -> bool {
        self != Self::Free
    }
}

/// Tries the lock in a way that does not keep anybody out: shared, and for a moment.
pub(super) async fn lock(settings: &Settings) -> Lock {
    let Ok(folder) = File::open(&settings.state_dir) else { return Lock::Free };
    match folder.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let told = private_file::read(&settings.state_dir.join(LOCK), Rules::OWN).ok();
            Lock::Held(told.and_then(|content| content.text.trim().parse().ok()))
        }
        _ => Lock::Free,
    }
}

pub(super) fn env_file(settings: &Settings) -> Finding {
    let path = &settings.env_file;
    let shown = path.display();
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() => {}
        Ok(_) => {
            return Finding::fail(
                ".env file",
                format!("{shown} is no file"),
                "Set KEEPER_ENV_FILE to a file.",
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::pass(
                ".env file",
                format!("{shown} is not there: settings come from the environment"),
            );
        }
        Err(error) => {
            let what = format!("{shown} cannot be looked at: {}", error.kind());
            return Finding::fail(".env file", what, "Check who may read the file and its folder.");
        }
    };
    let file = EnvFile::new(path, &settings.state_dir);
    if let Err(error) = file.check() {
        return Finding::fail(".env file", error.to_string(), error.advice());
    }
    if let Some(warning) = file.warnings().into_iter().next() {
        let (what, advice) = warning.split_once(". ").unwrap_or((&warning, "Look at the file."));
        return Finding::warn(".env file", what, advice);
    }
    if access(path, Access::WRITE_OK).is_err() {
        let what = format!("{shown} is for its owner only; new tokens cannot be written to it");
        let advice =
            "Make it writable if other programs read their token there; the keeper does not need it.";
        return Finding::warn(".env file", what, advice);
    }
    Finding::pass(".env file", format!("{shown} is for its owner only"))
}

pub(super) fn state_folder(settings: &Settings) -> Finding {
    let path = &settings.state_dir;
    let shown = path.display();
    let meta = match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => meta,
        Ok(_) => {
            let what = format!("{shown} is no folder");
            return Finding::fail("state folder", what, "Point KEEPER_STATE_DIR at a folder.");
        }
        Err(_) => return folder_to_be(path),
    };
    let (owner, own) = (meta.uid(), rustix::process::geteuid().as_raw());
    if owner != own && own != 0 {
        let what = format!("{shown} belongs to user {owner}, and this runs as user {own}");
        return Finding::fail("state folder", what, format!("Run: chown -R {own} {shown}"));
    }
    if access(path, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let what = format!("{shown} cannot be written");
        return Finding::fail("state folder", what, "Make it writable for the user who runs the keeper.");
    }
    if let Some(remote) = remote(path, path) {
        return remote;
    }
    if is_full(path) {
        let what = format!("{shown} is on a disk that is full");
        return Finding::fail("state folder", what, MAKE_ROOM);
    }
    if room(path).is_some_and(|room| room < LITTLE_ROOM) {
        let what = format!("{shown} is on a disk with less than 50 MiB left");
        return Finding::warn("state folder", what, MAKE_ROOM);
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        let what = format!("{shown} is open to other users (mode {mode:04o})");
        return Finding::warn(
            "state folder",
            what,
            format!("Run: chmod 700 {shown} (or start the keeper, which does)"),
        );
    }
    Finding::pass("state folder", format!("{shown} is writable, and for its owner only"))
}

/// A folder that is not there yet can be made if the nearest one above it lets us.
fn folder_to_be(path: &Path) -> Finding {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let above: Option<PathBuf> =
        absolute.ancestors().skip(1).find(|above| above.exists()).map(Path::to_owned);
    let can = above
        .as_ref()
        .is_some_and(|above| above.is_dir() && access(above, Access::WRITE_OK | Access::EXEC_OK).is_ok());
    let shown = path.display();
    if let Some(remote) = above.as_deref().and_then(|above| remote(path, above)) {
        return remote;
    }
    if can {
        return Finding::pass("state folder", format!("{shown} will be made at the first start"));
    }
    let what = format!("{shown} is not there and cannot be made");
    Finding::fail("state folder", what, "Set KEEPER_STATE_DIR to a folder that can be written.")
}

/// A complaint about the state folder when `there`, itself or where it is going to be, is on a file system that others
/// share.
fn remote(state: &Path, there: &Path) -> Option<Finding> {
    #[allow(clippy::useless_conversion, reason = "the type differs between machines")]
    let kind = rustix::fs::statfs(there).ok().and_then(|disk| remote_kind(i64::from(disk.f_type)))?;
    let what =
        format!("{} is on {kind}: locks and the database's shared memory do not work there", state.display());
    Some(Finding::fail("state folder", what, "Set KEEPER_STATE_DIR to a folder on a disk of this machine."))
}

/// What kind of file system this is, if others share it over a network: `linux/magic.h`.
fn remote_kind(kind: i64) -> Option<&'static str> {
    Some(match kind & 0xffff_ffff {
        0x6969 => "a network file system (NFS)",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "a network file system (SMB)",
        0x00c3_6400 => "a network file system (Ceph)",
        0x0bd0_0bd0 => "a network file system (Lustre)",
        0x4750_4653 => "a network file system (GPFS)",
        0x5346_414f | 0x6b41_4653 => "a network file system (AFS)",
        0x0102_1997 => "a shared folder of the host (9P)",
        0x786f_4256 => "a shared folder of the host (VirtualBox)",
        0x6573_5546 => "a FUSE file system, as object stores and sshfs use it",
        _ => return None,
    })
}

fn is_full(path: &Path) -> bool {
    room(path).is_some_and(|room| room < NO_ROOM)
}

fn room(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Reads the whole database, as far as time allows.
pub(super) async fn database(settings: &Settings) -> Finding {
    let path = settings.state_dir.join(DATABASE);
    let remedy = match is_full(&settings.state_dir) {
        // What was written on a full disk may be half of it, and sound once there is room.
        true => "Its disk is full: make room first, then ask again.",
        false => "The keeper puts it aside at the next start and begins anew; or: fyers-keeper restore FILE.",
    };
    match tokio::time::timeout(LIMIT, store::examine(&path)).await {
        Err(_late) => Finding::warn(
            "state",
            "the check of the database takes longer than 5 s",
            "Ask again when the machine is less busy.",
        ),
        Ok(Ok(examined)) => {
            Finding::pass("state", format!("the database is whole: {}", contents(&examined.counts)))
        }
        Ok(Err(Unfit::Missing)) => Finding::pass("state", "no database yet: the first start makes it"),
        Ok(Err(Unfit::Newer)) => {
            let what = "the database was written by a newer fyers-keeper";
            Finding::fail("state", what, "Use that version, or another KEEPER_STATE_DIR.")
        }
        Ok(Err(unfit @ (Unfit::Foreign | Unfit::Damaged | Unfit::Altered))) => {
            Finding::fail("state", format!("the database {unfit}"), remedy)
        }
        Ok(Err(unfit)) => {
            Finding::fail("state", format!("the database {unfit}"), "Check who may read the state folder.")
        }
    }
}

/// What is in a state, row counts by kind: as `backup` and `restore` say it too.
pub(crate) fn contents(counts: &Counts) -> String {
    let words = |(name, count): (&&str, &i64)| match *name {
        "simulated" => format!("MockExchange records {count}"),
        "ticks" => format!("daily checks {count}"),
        name => format!("{name} {count}"),
    };
    counts.iter().map(words).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::remote_kind;

    #[test]
    fn what_is_shared_over_a_network_is_named() {
        let named = |kind| remote_kind(kind).unwrap_or_default();
        assert!(
            named(0x6969).contains("NFS")
                && named(0xff53_4d42).contains("SMB")
                && named(-11_317_950).contains("SMB")
        );
        assert!(named(0x6573_5546).contains("FUSE"));
        // ext4, btrfs, xfs, tmpfs, overlayfs, zfs
        for local in [0xef53, 0x9123_683e, 0x5846_5342, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(remote_kind(local), None, "{local:x}");
        }
    }
}
