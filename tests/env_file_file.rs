//! The `.env` keeper on a real file system: links, owners, permissions, mounts, full disks, other writers.

// clippy's leave for tests does not reach their helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use fyers_keeper::env_file::{EnvFile, EnvFileError, How, Kind};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

const CHILD: &str = "KEEPER_ENVFILE_FILE_CHILD";
const NOBODY: u32 = 65534;

struct Place {
    root: PathBuf,
    _dir: Option<TempDir>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::at(dir.path().to_owned(), Some(dir))
    }

    fn at(root: PathBuf, dir: Option<TempDir>) -> Self {
        fs::create_dir_all(root.join("state")).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        let place = Self { root, _dir: dir };
        fs::write(place.env(), "# mine\r\nexport A=\"old\" # c\r\nB=1").unwrap();
        fs::set_permissions(place.env(), Permissions::from_mode(0o600)).unwrap();
        place
    }

    fn env(&self) -> PathBuf {
        self.root.join("home/.env")
    }

    fn keeper(&self) -> EnvFile {
        EnvFile::new(self.env(), self.root.join("state"))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.join("home")).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

const NEW: &str = "# mine\r\nexport A=\"new\" # c\r\nB=1";

fn set(keeper: &EnvFile, key: &str, value: &str) -> Result<How, EnvFileError> {
    keeper.update(&[(key, &SecretString::from(value))])
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn the_file_is_replaced_and_keeps_its_text_mode_and_name() {
    let place = Place::new();
    // Kept open, so that its inode number is not given to a later file.
    let original = fs::File::open(place.env()).unwrap();
    for bits in [0o600, 0o400, 0o640] {
        fs::set_permissions(place.env(), Permissions::from_mode(bits)).unwrap();
        if bits & 0o200 == 0 && !is_root() {
            continue;
        }
        assert_eq!(set(&place.keeper(), "A", &format!("v{bits}")).unwrap(), How::Replaced);
        assert_eq!(mode(&place.env()), bits);
    }
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::Replaced);
    assert_eq!(text(place.env()), NEW);
    assert_ne!(fs::metadata(place.env()).unwrap().ino(), original.metadata().unwrap().ino());
    assert_eq!(place.keeper().read().unwrap().get("A").unwrap().expose_secret(), "new");
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::Unchanged);
    assert_eq!(place.names(), [".env"]);
}

#[test]
fn a_bom_stays_and_a_missing_key_gets_a_line() {
    let place = Place::new();
    fs::write(place.env(), "\u{feff}B=1\r\nC='2'").unwrap();
    let _ = set(&place.keeper(), "A", "new").unwrap();
    assert_eq!(text(place.env()), "\u{feff}B=1\r\nC='2'\r\nA=new\r\n");
}

#[test]
fn the_target_of_a_link_is_updated_and_the_link_stays() {
    let place = Place::new();
    let real = place.root.join("real.env");
    fs::rename(place.env(), &real).unwrap();
    symlink("../middle", place.env()).unwrap();
    symlink(&real, place.root.join("middle")).unwrap();
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::Replaced);
    assert!(place.env().is_symlink());
    assert!(!real.is_symlink());
    assert_eq!(text(&real), NEW);

    fs::remove_file(&real).unwrap();
    assert_eq!(place.keeper().read().unwrap_err().kind(), Kind::Missing);
    assert_eq!(set(&place.keeper(), "A", "new").unwrap_err().kind(), Kind::Missing);
}

#[test]
fn both_names_of_a_hard_linked_file_stay_one_file() {
    let place = Place::new();
    fs::hard_link(place.env(), place.root.join("other")).unwrap();
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::InPlace);
    assert_eq!(text(place.root.join("other")), NEW);
    assert_eq!(place.names(), [".env"]);
    assert!(!place.root.join("state/env-journal").exists());
}

#[test]
fn a_missing_file_is_not_created() {
    let place = Place::new();
    fs::remove_file(place.env()).unwrap();
    assert_eq!(set(&place.keeper(), "A", "new").unwrap_err().kind(), Kind::Missing);
    assert!(place.names().is_empty());
}

#[test]
fn a_file_open_to_others_is_warned_about_and_not_changed_in_mode() {
    let place = Place::new();
    assert_eq!(place.keeper().warnings(), [""; 0]);
    for bits in [0o644, 0o640, 0o602] {
        fs::set_permissions(place.env(), Permissions::from_mode(bits)).unwrap();
        let _ = set(&place.keeper(), "A", &format!("v{bits}")).unwrap();
        let [warning] = &place.keeper().warnings()[..] else { panic!("one warning") };
        assert!(warning.contains(&format!("(mode {bits:04o}). Run: chmod 600 ")), "{warning}");
        assert_eq!(mode(&place.env()), bits);
    }
}

#[test]
fn what_is_not_utf8_text_of_one_mebibyte_is_refused_in_words_and_left_alone() {
    let place = Place::new();
    let utf16 = |order: fn(u16) -> [u8; 2]| "A=old\r\n".encode_utf16().flat_map(order).collect::<Vec<_>>();
    let marked = |order: fn(u16) -> [u8; 2]| [&order(0xfeff)[..], &utf16(order)].concat();
    let cases = [
        (b"A=\xff\xfe".to_vec(), Kind::NotUtf8, "is not UTF-8 text"),
        (marked(u16::to_le_bytes), Kind::NotUtf8, "is UTF-16"),
        (marked(u16::to_be_bytes), Kind::NotUtf8, "is UTF-16"),
        (utf16(u16::to_le_bytes), Kind::NotUtf8, "is UTF-16"),
        (b"A=old\0\n".to_vec(), Kind::NotUtf8, "binary data"),
        (vec![b'#'; 1024 * 1024 + 1], Kind::TooLarge, "larger than 1 MiB"),
    ];
    for (content, kind, words) in cases {
        fs::write(place.env(), &content).unwrap();
        for error in [set(&place.keeper(), "A", "new").unwrap_err(), place.keeper().read().unwrap_err()] {
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.advice() == "Save it as UTF-8.", kind != Kind::TooLarge);
        }
        assert_eq!(fs::read(place.env()).unwrap(), content);
    }
    fs::write(place.env(), vec![b'#'; 1024 * 1024]).unwrap();
    assert!(place.keeper().read().is_ok(), "1 MiB itself is allowed");
}

#[test]
fn what_is_not_a_regular_file_is_refused_and_never_waited_for() {
    let place = Place::new();
    fs::remove_file(place.env()).unwrap();
    for kind in ["folder", "pipe", "socket", "device"] {
        make_special(kind, &place.env());
        let (keeper, (done, answer)) = (place.keeper(), std::sync::mpsc::channel());
        thread::spawn(move || done.send([set(&keeper, "A", "new").err(), keeper.read().err()]));
        let errors = answer.recv_timeout(Duration::from_secs(20)).expect("it does not hang");
        for error in errors.map(Option::unwrap) {
            assert_eq!(error.kind(), Kind::NotAFile, "{kind}: {error}");
            assert!(error.to_string().contains("is not a regular file"), "{kind}: {error}");
        }
        fs::remove_file(place.env()).or_else(|_| fs::remove_dir(place.env())).unwrap();
    }
}

fn make_special(kind: &str, path: &Path) {
    match kind {
        "folder" => fs::create_dir(path).unwrap(),
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "socket" => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        _ => symlink("/dev/zero", path).unwrap(),
    }
}

#[test]
fn all_places_of_a_repeated_key_are_changed() {
    let place = Place::new();
    fs::write(place.env(), "A=1\n# A=2\nexport A='3' # c\nB=1\nA=4\n").unwrap();
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::Replaced);
    assert_eq!(text(place.env()), "A=new\n# A=2\nexport A='new' # c\nB=1\nA=new\n");
    let found = place.keeper().read().unwrap().duplicates();
    assert_eq!((found[0].key.as_str(), &found[0].lines[..]), ("A", &[1, 3, 5][..]));
}

#[test]
fn stale_temporary_files_are_removed_and_nothing_else() {
    let place = Place::new();
    let home = place.root.join("home");
    for name in [
        ".env.keeper-tmp-0123456789abcdef",
        ".env.keeper-tmp-notes",
        "x.env.keeper-tmp-0123456789abcdef",
        ".env.bak",
    ] {
        fs::write(home.join(name), "A=secret").unwrap();
    }
    place.keeper().recover().unwrap();
    assert_eq!(
        place.names(),
        [".env", ".env.bak", ".env.keeper-tmp-notes", "x.env.keeper-tmp-0123456789abcdef"]
    );
}

#[test]
fn no_error_shows_a_secret() {
    let place = Place::new();
    fs::write(place.env(), "A='SEKRET\nSEKRET\n").unwrap();
    let keeper = place.keeper();
    let mut said = format!("{:?}{keeper:?}", keeper.read().unwrap());
    for bad in ["SEKRET SEKRET", "SEKRET\n"] {
        let error = set(&keeper, "A", bad).unwrap_err();
        assert_eq!(error.kind(), Kind::BadChange);
        said.push_str(&format!("{error}{error:?}"));
    }
    said.push_str(&format!("{:?}", set(&keeper, "A", "SEKRET").unwrap()));
    fs::write(place.env(), b"A=SEKRET\xff").unwrap();
    for error in [set(&keeper, "A", "SEKRET").unwrap_err(), keeper.read().unwrap_err()] {
        said.push_str(&format!("{error}{error:?}"));
    }
    assert!(!said.contains("SEKRET"), "{said}");
    assert!(said.contains("is not UTF-8 text"), "{said}");
}

#[test]
fn concurrent_writers_lose_nothing() {
    for tied in [false, true] {
        let place = Place::new();
        if tied {
            fs::hard_link(place.env(), place.root.join("other")).unwrap();
        }
        thread::scope(|scope| {
            for writer in 0..6 {
                let keeper = place.keeper();
                scope.spawn(move || {
                    for round in 0..20 {
                        let value = format!("{writer}-{}", "x".repeat(round));
                        let _ = set(&keeper, &format!("KEY_{writer}"), &value).unwrap();
                    }
                });
            }
        });
        let parsed = place.keeper().read().unwrap();
        for writer in 0..6 {
            let value = parsed.get(&format!("KEY_{writer}")).unwrap().expose_secret();
            assert_eq!(value, format!("{writer}-{}", "x".repeat(19)));
        }
        assert_eq!((parsed.entries.len(), parsed.problems.len()), (2 + 6, 0));
        assert_eq!(place.names(), [".env"]);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn the_owner_stays() {
    if !is_root() {
        println!("SKIPPED: only root can give a file away");
        return;
    }
    let place = Place::new();
    chown(place.env(), Some(1234), Some(4321)).unwrap();
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::Replaced);
    let meta = fs::metadata(place.env()).unwrap();
    assert_eq!((meta.uid(), meta.gid(), meta.mode() & 0o7777), (1234, 4321, 0o600));
}

#[test]
fn an_access_list_stays_and_grants_nobody_more() {
    let place = Place::new();
    // Owner rw, user 1234 r, owning group nothing, mask r, others nothing; the mode shows the mask as group bits.
    let entries =
        [(1_u16, 6_u16, u32::MAX), (2, 4, 1234), (4, 0, u32::MAX), (0x10, 4, u32::MAX), (0x20, 0, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        list.extend([&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat());
    }
    let name = "system.posix_acl_access";
    if let Err(e) = rustix::fs::setxattr(place.env(), name, &list, rustix::fs::XattrFlags::empty()) {
        println!("SKIPPED: no access lists on this file system ({e})");
        return;
    }
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::InPlace);
    let mut now = vec![0; 256];
    let len = rustix::fs::getxattr(place.env(), name, &mut now[..]).unwrap();
    assert_eq!((&now[..len], text(place.env()).as_str()), (&list[..], NEW));
}

/// Runs the ignored test `name` of this file in a child that `wrapper` starts, from a folder that anybody can read.
fn in_child(wrapper: &[&str], name: &str, root: &Path) {
    let program = root.join("test-program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(program)
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env(CHILD, root)
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{complained}");
}

#[test]
fn permissions_of_file_and_folder_decide_how_to_write() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    if is_root() {
        let ids = NOBODY.to_string();
        prepare_foreign_file(dir.path());
        chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let wrapper = ["setpriv", "--reuid", &ids, "--regid", &ids, "--clear-groups"];
        in_child(&wrapper, "as_an_ordinary_user", dir.path());
    } else {
        println!("SKIPPED: a file of another owner, which takes root to prepare");
        in_child(&["env"], "as_an_ordinary_user", dir.path());
    }
}

/// A file of root that the group of the ordinary user may write, in a folder of that user.
fn prepare_foreign_file(root: &Path) {
    let place = Place::at(root.join("foreign"), None);
    chown(place.env(), Some(0), Some(NOBODY)).unwrap();
    fs::set_permissions(place.env(), Permissions::from_mode(0o660)).unwrap();
    for path in [place.root.join("home"), place.root.join("state"), place.root.clone()] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

#[test]
#[ignore = "started by another test as an ordinary user"]
fn as_an_ordinary_user() {
    let Some(root) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let cases = [
        (0o755, 0o600, Ok(How::Replaced)),
        (0o555, 0o600, Ok(How::InPlace)),
        (0o311, 0o600, Ok(How::InPlace)),
        (0o755, 0o400, Err(Kind::NotAllowed)),
        (0o555, 0o400, Err(Kind::NotAllowed)),
        (0o755, 0o000, Err(Kind::NotAllowed)),
    ];
    for (folder, file, expected) in cases {
        let place = Place::at(root.join(format!("{folder:o}-{file:o}")), None);
        fs::set_permissions(place.env(), Permissions::from_mode(file)).unwrap();
        fs::set_permissions(place.root.join("home"), Permissions::from_mode(folder)).unwrap();
        let inode = fs::metadata(place.env()).unwrap().ino();
        let outcome = set(&place.keeper(), "A", "new").map_err(|e| e.kind());
        assert_eq!(outcome, expected, "folder {folder:o}, file {file:o}");
        assert_eq!(mode(&place.env()), file);
        assert_eq!(fs::metadata(place.env()).unwrap().ino() == inode, expected != Ok(How::Replaced));
        fs::set_permissions(place.root.join("home"), Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(place.env(), Permissions::from_mode(0o600)).unwrap();
        assert_eq!(text(place.env()) == NEW, expected.is_ok());
        assert_eq!(place.names(), [".env"]);
    }
    // Giving a file to root is not possible, so it is written over and keeps its owner.
    let foreign = root.join("foreign/home/.env");
    if foreign.exists() {
        let keeper = EnvFile::new(&foreign, root.join("foreign/state"));
        assert_eq!(set(&keeper, "A", "new").unwrap(), How::InPlace);
        let meta = fs::metadata(&foreign).unwrap();
        assert_eq!((meta.uid(), meta.mode() & 0o7777, text(&foreign).as_str()), (0, 0o660, NEW));
    }
}

#[test]
fn mounted_files_and_full_disks() {
    if !is_root() || !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|s| s.success()) {
        println!("SKIPPED: mounting takes root with the right to make mount namespaces");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    in_child(&["unshare", "-m", "--propagation", "private"], "with_mounts", dir.path());
}

fn mount(args: &[&str], at: &Path) {
    assert!(Command::new("mount").args(args).arg(at).status().unwrap().success(), "mount {args:?}");
}

#[test]
#[ignore = "started by another test in a mount namespace of its own"]
fn with_mounts() {
    let Some(root) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    a_mounted_file_is_written_in_place(&root);
    a_read_only_mount_is_refused(&root);
    a_full_disk_changes_nothing(&root);
}

fn a_mounted_file_is_written_in_place(root: &Path) {
    let place = Place::at(root.join("bind"), None);
    let host = place.root.join("host.env");
    fs::copy(place.env(), &host).unwrap();
    mount(&["--bind", host.to_str().unwrap()], &place.env());
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::InPlace);
    assert_eq!((text(&host).as_str(), text(place.env()).as_str()), (NEW, NEW));
    assert_eq!(place.names(), [".env"]);

    // An editor on the host saves by rename: the mount goes on showing the old file, which has no name any more.
    let saved = place.root.join("saved.env");
    fs::write(&saved, "A=by hand\n").unwrap();
    fs::rename(&saved, &host).unwrap();
    let error = set(&place.keeper(), "A", "newer").unwrap_err();
    assert_eq!(error.kind(), Kind::Detached, "{error}");
    // What is in it can still be read, with a warning.
    assert!(place.keeper().read().is_ok());
    let warnings = place.keeper().warnings();
    assert!(
        warnings.iter().any(|w| w.contains("was replaced outside the container. Restart")),
        "{warnings:?}"
    );
    assert_eq!((text(&host).as_str(), text(place.env()).as_str()), ("A=by hand\n", NEW));
}

fn a_read_only_mount_is_refused(root: &Path) {
    let place = Place::at(root.join("ro"), None);
    let host = place.root.join("host.env");
    fs::copy(place.env(), &host).unwrap();
    mount(&["--bind", host.to_str().unwrap()], &place.env());
    mount(&["-o", "remount,bind,ro"], &place.env());
    let error = set(&place.keeper(), "A", "new").unwrap_err();
    assert_eq!(error.kind(), Kind::NotAllowed, "{error}");
    assert!(text(&host).contains("old"));
    assert_eq!(place.names(), [".env"]);
}

fn a_full_disk_changes_nothing(root: &Path) {
    let home = root.join("full/home");
    fs::create_dir_all(&home).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"], &home);
    let place = Place::at(root.join("full"), None);
    let filler = home.join("filler");
    assert!(fs::write(&filler, vec![b'x'; 128 * 1024]).is_err(), "the disk is full");
    for tied in [false, true] {
        if tied {
            fs::hard_link(place.env(), home.join("other")).unwrap();
        }
        let before = text(place.env());
        // Too long for the page that the file has already.
        let error = set(&place.keeper(), "A", &"long".repeat(2000)).unwrap_err();
        assert_eq!(error.kind(), Kind::NoSpace, "{error}");
        assert_eq!(text(place.env()), before);
        assert!(!place.names().iter().any(|name| name.contains("tmp")));
        assert!(!place.root.join("state/env-journal").exists());
    }
    fs::remove_file(filler).unwrap();
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::InPlace);
}
