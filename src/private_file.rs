//! The one place that opens files which hold or bring a secret: never through a link that somebody else could have
//! put there, never a device or a FIFO that does not end, never more than a secret could be.

use std::{
    fs::{File, Metadata, OpenOptions, Permissions},
    io::{ErrorKind, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use rustix::{
    fs::{AtFlags, OFlags, StatxAttributes, StatxFlags, statx},
    process::geteuid,
};

/// The longest secret, in bytes. Tokens have about a thousand.
const LONGEST: u64 = 64 * 1024;

/// What is accepted of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether the path may be a link. Kubernetes mounts secrets as links.
    links: bool,
    /// Whether somebody else may bring it.
    is_brought: bool,
}

impl Rules {
    /// A file of the keeper's own, as the gateway key.
    pub const OWN: Self = Self { links: false, is_brought: false };
    /// A file that somebody else brings, as `FYERS_PIN_FILE`.
    pub const BROUGHT: Self = Self { links: true, is_brought: true };
}

/// Why a file is not used. Never holds content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrivateFileError {
    /// Nothing there.
    #[error("is not there")]
    Missing,
    /// A link where none may be.
    #[error("is a link")]
    Link,
    /// A folder, a device, a socket or a FIFO.
    #[error("is not a regular file")]
    NotAFile,
    /// Somebody else's: whose, and who runs the keeper.
    #[error("belongs to another user ({owner}; the keeper runs as {user})")]
    Foreign {
        /// The owner's number.
        owner: u32,
        /// The keeper's.
        user: u32,
    },
    /// Somebody else could have changed it.
    #[error("can be written by other users")]
    Writable,
    /// More than a secret could be.
    #[error("is longer than 64 KiB")]
    TooLong,
    /// Not UTF-8.
    #[error("is not UTF-8 text")]
    NotText,
    /// The system says no.
    #[error("cannot be opened: {0}")]
    Io(ErrorKind),
}

impl PrivateFileError {
    /// What to do about it, in one line.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Missing => "Check the path.",
            Self::Link => "Put the file itself there, not a link to it.",
            Self::NotAFile => "Name a regular file.",
            Self::Foreign { user: 0, .. } => {
                "Give the file to root (chown), or run the keeper as the user whose it is."
            }
            Self::Foreign { .. } => {
                "Give the file to the user who runs the keeper (chown); one that brings a secret may be root's too."
            }
            Self::Writable => "Run chmod 600 on it, and make sure that it still holds what it should.",
            Self::TooLong => "Check the path: a secret is short.",
            Self::NotText => "Save it as UTF-8, without anything but the secret in it.",
            Self::Io(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => "Make room on its disk.",
            Self::Io(_) => "Check who may read the file.",
        }
    }
}

/// What is in a file.
pub struct Content {
    /// Its text.
    pub text: String,
    /// Whether other users can read it.
    pub loose: bool,
}

/// Reads a file that holds a secret.
///
/// # Errors
///
/// When it is not there, is not what the rules accept, or is longer than 64 KiB.
pub fn read(path: &Path, rules: Rules) -> Result<Content, PrivateFileError> {
    let (file, meta) = open(path, rules, OpenOptions::new().read(true))?;
    if meta.len() > LONGEST {
        return Err(PrivateFileError::TooLong);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default() + 1);
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| PrivateFileError::Io(error.kind()))?;
    if bytes.len() as u64 > LONGEST {
        return Err(PrivateFileError::TooLong);
    }
    let text = String::from_utf8(bytes).map_err(|_| PrivateFileError::NotText)?;
    Ok(Content { text, loose: meta.mode() & 0o077 != 0 })
}

/// Opens a file without a secret that a person names, as a symbol master: whoever's it is and however long, a regular one.
///
/// # Errors
///
/// When it is not there, is none, or may not be read.
pub fn open_public(path: &Path) -> Result<File, PrivateFileError> {
    // NONBLOCK: opening a FIFO must not wait for its other end.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(|error| refused(&error))?;
    let meta = file.metadata().map_err(|error| PrivateFileError::Io(error.kind()))?;
    if meta.is_file() { Ok(file) } else { Err(PrivateFileError::NotAFile) }
}

/// Opens an own file, for writing too, and closes it to other users if it was not. Makes nothing.
///
/// # Errors
///
/// When it is not there, or is not the keeper's own regular file.
pub fn open_own(path: &Path) -> Result<File, PrivateFileError> {
    let (file, meta) = open(path, Rules::OWN, OpenOptions::new().read(true).write(true))?;
    if meta.mode() & 0o777 != 0o600 {
        let closed = file.set_permissions(Permissions::from_mode(0o600));
        closed.map_err(|error| PrivateFileError::Io(error.kind()))?;
    }
    Ok(file)
}

/// Makes a new file for its owner only.
///
/// # Errors
///
/// `AlreadyExists` when anything has the name, be it a link that leads nowhere.
pub fn create_new(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

/// Opens an own file, or makes it.
///
/// # Errors
///
/// As the two it is made of.
pub fn open_or_create(path: &Path) -> Result<File, PrivateFileError> {
    match create_new(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open_own(path),
        Err(error) => Err(PrivateFileError::Io(error.kind())),
    }
}

fn open(path: &Path, rules: Rules, options: &mut OpenOptions) -> Result<(File, Metadata), PrivateFileError> {
    // NONBLOCK: opening a FIFO must not wait for its other end.
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if !rules.links {
        flags |= OFlags::NOFOLLOW;
    }
    let file =
        options.custom_flags(flags.bits().cast_signed()).open(path).map_err(|error| refused(&error))?;
    let meta = file.metadata().map_err(|error| PrivateFileError::Io(error.kind()))?;
    check(&meta, || Chosen::of(&file, path), rules)?;
    Ok((file, meta))
}

fn refused(error: &std::io::Error) -> PrivateFileError {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::LOOP) => PrivateFileError::Link,
        Some(rustix::io::Errno::ISDIR | rustix::io::Errno::NXIO) => PrivateFileError::NotAFile,
        Some(rustix::io::Errno::NOENT) => PrivateFileError::Missing,
        _ => PrivateFileError::Io(error.kind()),
    }
}

/// What is known beside a file's owner of how it came to its place.
#[derive(Debug, Clone, Copy)]
struct Chosen {
    /// Whose folder it is in.
    folder: Option<u32>,
    /// It is mounted by itself, as a container has a file of its host: whoever may mount has put it there, and its owner has
    /// the number that he has on the host.
    is_mounted: bool,
}

impl Chosen {
    fn of(file: &File, path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.metadata().ok().map(|meta| meta.uid());
        Self { folder, is_mounted: is_mounted(file).unwrap_or_default() }
    }
}

/// Whether an open file is mounted by itself. `None` where the kernel does not tell: older than 5.8, or something that
/// stands in for it.
pub(crate) fn is_mounted(file: &File) -> Option<bool> {
    let told = statx(file, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS).ok()?;
    let is_told = told.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT);
    is_told.then(|| told.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

fn check(meta: &Metadata, chosen: impl FnOnce() -> Chosen, rules: Rules) -> Result<(), PrivateFileError> {
    if !meta.is_file() {
        return Err(PrivateFileError::NotAFile);
    }
    let (owner, user) = (meta.uid(), geteuid().as_raw());
    if owner != user && !belongs(owner, (user, chosen()), rules) {
        return Err(PrivateFileError::Foreign { owner, user });
    }
    if meta.mode() & 0o022 != 0 {
        return Err(PrivateFileError::Writable);
    }
    Ok(())
}

/// Whether a file of this owner may be used by `user`: his own always. What brings a secret may be root's, who can do
/// anything anyway, as secrets of Docker and Kubernetes and of systemd's `LoadCredential=` are; or be mounted by itself, as
/// Compose has secrets of the host. Of nobody else, whoever runs the keeper: who owns a file can change it later. Where the
/// keeper is root, its own files may be of the user whose folder they are in, as where a container has a folder of its
/// host: what another user has put into root's folder, or into one for everybody, that user could read and change later.
fn belongs(owner: u32, (user, chosen): (u32, Chosen), rules: Rules) -> bool {
    let is_chosen = match rules.is_brought {
        true => owner == 0 || chosen.is_mounted,
        false => user == 0 && chosen.folder == Some(owner),
    };
    owner == user || is_chosen
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::*;

    fn file(folder: &Path, name: &str, content: &[u8], mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn problem(path: &Path, rules: Rules) -> Option<PrivateFileError> {
        read(path, rules).err()
    }

    #[test]
    fn only_a_short_regular_file_that_others_cannot_write_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let good = file(folder.path(), "good", b"secret\n", 0o600);
        let link = folder.path().join("link");
        symlink(&good, &link).unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        for rules in [Rules::OWN, Rules::BROUGHT] {
            let content = read(&good, rules).unwrap();
            assert_eq!((content.text.as_str(), content.loose), ("secret\n", false));
            assert_eq!(problem(folder.path(), rules), Some(PrivateFileError::NotAFile));
            assert_eq!(problem(&fifo, rules), Some(PrivateFileError::NotAFile));
            assert_eq!(problem(Path::new("/dev/zero"), rules), Some(PrivateFileError::NotAFile));
            assert_eq!(problem(&folder.path().join("none"), rules), Some(PrivateFileError::Missing));
            let long = file(folder.path(), "long", &[b'x'; 70_000], 0o600);
            assert_eq!(problem(&long, rules), Some(PrivateFileError::TooLong));
            let open = file(folder.path(), "open", b"x", 0o622);
            assert_eq!(problem(&open, rules), Some(PrivateFileError::Writable));
            let binary = file(folder.path(), "binary", b"\xff\xfes\0", 0o600);
            assert_eq!(problem(&binary, rules), Some(PrivateFileError::NotText));
        }
        assert!(read(&file(folder.path(), "loose", b"x", 0o644), Rules::OWN).unwrap().loose);
        assert_eq!(problem(&link, Rules::OWN), Some(PrivateFileError::Link));
        assert_eq!(
            read(&link, Rules::BROUGHT).unwrap().text,
            "secret\n",
            "Kubernetes mounts secrets as links"
        );
    }

    #[test]
    fn a_file_of_another_user_is_nobodys_own() {
        let (root, own, other) = (0, 1_000, 1_001);
        let in_folder = |folder| Chosen { folder: Some(folder), is_mounted: false };
        let may = |owner, user, folder, rules| belongs(owner, (user, in_folder(folder)), rules);
        for rules in [Rules::OWN, Rules::BROUGHT] {
            assert!(may(own, own, own, rules) && may(root, root, root, rules) && may(own, own, root, rules));
            assert!(
                !may(other, own, own, rules) && !may(other, own, other, rules),
                "of another user, wherever"
            );
            assert!(!may(other, root, root, rules), "root takes nothing that somebody has put there");
            assert!(!may(other, root, own, rules));
        }
        assert!(may(own, root, own, Rules::OWN), "root in somebody's folder");
        assert!(!may(own, root, own, Rules::BROUGHT), "whose it is can change it later");
        assert!(may(root, own, own, Rules::BROUGHT) && !may(root, own, own, Rules::OWN));
    }

    #[test]
    fn a_secret_that_is_mounted_by_itself_may_be_anybodys() {
        let mounted = Chosen { folder: Some(0), is_mounted: true };
        for user in [0, 65_532] {
            assert!(belongs(1_000, (user, mounted), Rules::BROUGHT), "Compose has it of the host");
            assert!(!belongs(1_000, (user, mounted), Rules::OWN));
        }
        let folder = tempfile::tempdir().unwrap();
        let plain = File::open(file(folder.path(), "plain", b"x", 0o600)).unwrap();
        assert!(!is_mounted(&plain).unwrap_or_default());
    }

    #[test]
    fn a_new_file_is_private_and_takes_nothing_that_was_put_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        symlink("/nowhere/at/all", &path).unwrap();
        assert_eq!(create_new(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(open_or_create(&path).unwrap_err(), PrivateFileError::Link);
        fs::remove_file(&path).unwrap();
        drop(create_new(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        drop(open_own(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "closed again");
    }
}
