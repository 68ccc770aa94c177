//! The `.env` keeper and what the system allows: owners, permissions, access lists, mounts, full disks.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use fyers_keeper::env_file::{EnvFile, EnvFileErrorKind, How};

use crate::place::{NEW, Place, is_root, mode, set, text};

const CHILD: &str = "KEEPER_ENVFILE_FILE_CHILD";
const NOBODY: u32 = 65534;

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
        in_child(&wrapper, "owners::as_an_ordinary_user", dir.path());
    } else {
        println!("SKIPPED: a file of another owner, which takes root to prepare");
        in_child(&["env"], "owners::as_an_ordinary_user", dir.path());
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
        (0o755, 0o400, Err(EnvFileErrorKind::NotAllowed)),
        (0o555, 0o400, Err(EnvFileErrorKind::NotAllowed)),
        (0o755, 0o000, Err(EnvFileErrorKind::NotAllowed)),
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
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    in_child(&["unshare", "-m", "--propagation", "private"], "owners::with_mounts", dir.path());
}

fn mount(args: &[&str], at: &Path) {
    assert!(Command::new("mount").args(args).arg(at).status().unwrap().success(), "mount {args:?}");
}

#[test]
#[ignore = "started by another test in a mount namespace of its own"]
fn with_mounts() {
    let Some(root) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    a_mounted_file_is_written_in_place(&root);
    a_mounted_file_of_another_user_is_used(&root);
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
    assert_eq!(error.kind(), EnvFileErrorKind::Detached, "{error}");
    // What is in it can still be read, with a warning.
    assert!(place.keeper().read().is_ok());
    let warnings = place.keeper().warnings();
    assert!(
        warnings.iter().any(|w| w.contains("was replaced outside the container. Restart")),
        "{warnings:?}"
    );
    assert_eq!((text(&host).as_str(), text(place.env()).as_str()), ("A=by hand\n", NEW));
}

/// As where a container that runs as a user of its own has a file of its host.
fn a_mounted_file_of_another_user_is_used(root: &Path) {
    let place = Place::at(root.join("foreign-bind"), None);
    let host = place.root.join("host.env");
    fs::copy(place.env(), &host).unwrap();
    for path in [host.clone(), place.env()] {
        chown(&path, Some(1_000), Some(NOBODY)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
    }
    for path in [place.root.clone(), place.root.join("home"), place.root.join("state")] {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let wrapper = format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups");
    let as_nobody = || {
        let wrapper: Vec<&str> = wrapper.split(' ').collect();
        in_child(&wrapper, "owners::of_another_user", &place.root);
    };
    as_nobody();
    mount(&["--bind", host.to_str().unwrap()], &place.env());
    fs::write(place.root.join("is-mounted"), "").unwrap();
    as_nobody();
    assert_eq!(text(&host), NEW);
}

#[test]
#[ignore = "started by another test as an ordinary user"]
fn of_another_user() {
    let Some(root) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let keeper = EnvFile::new(root.join("home/.env"), root.join("state"));
    if root.join("is-mounted").exists() {
        assert_eq!(set(&keeper, "A", "new").unwrap(), How::InPlace);
        let warnings = keeper.warnings();
        assert!(warnings.iter().any(|w| w.contains("belongs to user 1000")), "{warnings:?}");
    } else {
        assert_eq!(keeper.read().unwrap_err().kind(), EnvFileErrorKind::Foreign);
        assert_eq!(set(&keeper, "A", "new").unwrap_err().kind(), EnvFileErrorKind::Foreign);
    }
}

fn a_read_only_mount_is_refused(root: &Path) {
    let place = Place::at(root.join("ro"), None);
    let host = place.root.join("host.env");
    fs::copy(place.env(), &host).unwrap();
    mount(&["--bind", host.to_str().unwrap()], &place.env());
    mount(&["-o", "remount,bind,ro"], &place.env());
    let error = set(&place.keeper(), "A", "new").unwrap_err();
    assert_eq!(error.kind(), EnvFileErrorKind::NotAllowed, "{error}");
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
        assert_eq!(error.kind(), EnvFileErrorKind::NoSpace, "{error}");
        assert_eq!(text(place.env()), before);
        assert!(!place.names().iter().any(|name| name.contains("tmp")));
        assert!(!place.root.join("state/env-journal").exists());
    }
    fs::remove_file(filler).unwrap();
    assert_eq!(set(&place.keeper(), "A", "new").unwrap(), How::InPlace);
}
