//! Whose the `.env` file is and who can write to it: whoever can, decides which app and which account the keeper uses.

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::process::geteuid;

use crate::env_file::error::EnvFileErrorKind;
use crate::private_file::is_mounted;

/// What is known of an open file.
#[derive(Debug, Clone, Copy)]
struct Facts {
    mode: u32,
    owner: u32,
    /// Who runs the keeper.
    user: u32,
    /// It is mounted by itself, as a container has a file of its host: whoever may mount has put it there, and the owner has
    /// the number that he has on the host.
    is_mounted: bool,
}

/// What is wrong with using it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It is not used.
    Refused(EnvFileErrorKind),
    /// It is used, and a person should put this right.
    Foreign,
    /// The same: users of its group can change it. Many systems give each user such a group for himself.
    GroupWrites,
    /// The same.
    OthersRead,
}

/// The rule. What everybody can write is refused. A file of another user is refused, unless it is root's, who can do
/// anything anyway, or whoever may do anything has chosen it: root by running the keeper on it, or by mounting it.
fn judged(facts: Facts) -> Option<Doubt> {
    let Facts { mode, owner, user, is_mounted } = facts;
    let is_foreign = owner != user && owner != 0;
    if mode & 0o002 != 0 {
        return Some(Doubt::Refused(EnvFileErrorKind::Writable));
    }
    match is_foreign {
        true if user == 0 || is_mounted => Some(Doubt::Foreign),
        true => Some(Doubt::Refused(EnvFileErrorKind::Foreign)),
        false if mode & 0o020 != 0 => Some(Doubt::GroupWrites),
        false => (mode & 0o044 != 0).then_some(Doubt::OthersRead),
    }
}

/// Why this open file is not used; `None` when it is.
pub(super) fn refused(file: &File, meta: &Metadata) -> Option<EnvFileErrorKind> {
    match judged(facts(file, meta)) {
        Some(Doubt::Refused(kind)) => Some(kind),
        _ => None,
    }
}

/// What a person should put right about a file that is used, as two sentences: what, and what to do.
pub(super) fn warning(file: &File, meta: &Metadata, path: &Path) -> Option<String> {
    let (path, mode) = (path.display(), meta.mode() & 0o7777);
    match judged(facts(file, meta))? {
        Doubt::Refused(_) => None,
        Doubt::Foreign => {
            let (owner, user) = (meta.uid(), geteuid().as_raw());
            let what = "who can change what the keeper uses";
            Some(format!("{path} belongs to user {owner}, {what}. If that is not you: chown {user} {path}"))
        }
        Doubt::GroupWrites => {
            let what = "can be changed by users of its group, who would decide which account the keeper uses";
            Some(format!("{path} {what} (mode {mode:04o}). Run: chmod 600 {path}"))
        }
        Doubt::OthersRead => {
            let what = "holds secrets and other users may open it";
            Some(format!("{path} {what} (mode {mode:04o}). Run: chmod 600 {path}"))
        }
    }
}

fn facts(file: &File, meta: &Metadata) -> Facts {
    let is_mounted = is_mounted(file).unwrap_or_default();
    Facts { mode: meta.mode(), owner: meta.uid(), user: geteuid().as_raw(), is_mounted }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: u32 = 0;
    const OWN: u32 = 65_532;
    const OTHER: u32 = 1_000;

    fn of(owner: u32, user: u32, mode: u32) -> Option<Doubt> {
        judged(Facts { mode, owner, user, is_mounted: false })
    }

    #[test]
    fn what_everybody_can_write_is_refused_whosever_it_is() {
        for is_mounted in [false, true] {
            for (owner, user) in [(OWN, OWN), (ROOT, ROOT), (OTHER, ROOT), (ROOT, OWN), (OTHER, OWN)] {
                for mode in [0o666, 0o602, 0o777, 0o100_622] {
                    let told = judged(Facts { mode, owner, user, is_mounted });
                    assert_eq!(told, Some(Doubt::Refused(EnvFileErrorKind::Writable)), "{mode:o}");
                }
            }
        }
    }

    #[test]
    fn a_file_of_another_user_is_refused_unless_root_has_chosen_it() {
        for mode in [0o600, 0o644, 0o660] {
            assert_eq!(of(OTHER, OWN, mode), Some(Doubt::Refused(EnvFileErrorKind::Foreign)));
            assert_eq!(of(OTHER, ROOT, mode), Some(Doubt::Foreign), "root runs the keeper on it");
            let mounted = Facts { mode, owner: OTHER, user: OWN, is_mounted: true };
            assert_eq!(judged(mounted), Some(Doubt::Foreign), "a container has a file of its host");
        }
        for (owner, user) in [(OWN, OWN), (ROOT, ROOT), (ROOT, OWN)] {
            assert_eq!(of(owner, user, 0o600), None);
            assert_eq!(of(owner, user, 0o640), Some(Doubt::OthersRead));
            assert_eq!(of(owner, user, 0o604), Some(Doubt::OthersRead));
            assert_eq!(of(owner, user, 0o664), Some(Doubt::GroupWrites));
        }
    }
}
