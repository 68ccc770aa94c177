//! The `.env` keeper on a real file system: links, special files, other encodings, other writers.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use fyers_keeper::env_file::{EnvFileErrorKind, How};
use secrecy::ExposeSecret;

use crate::place::{NEW, Place, is_root, mode, set, text};

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
    assert_eq!(place.keeper().read().unwrap_err().kind(), EnvFileErrorKind::Missing);
    assert_eq!(set(&place.keeper(), "A", "new").unwrap_err().kind(), EnvFileErrorKind::Missing);
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
    assert_eq!(set(&place.keeper(), "A", "new").unwrap_err().kind(), EnvFileErrorKind::Missing);
    assert!(place.names().is_empty());
}

#[test]
fn a_file_open_to_others_is_warned_about_and_not_changed_in_mode() {
    let place = Place::new();
    assert_eq!(place.keeper().warnings(), [""; 0]);
    for bits in [0o644, 0o640, 0o664] {
        fs::set_permissions(place.env(), Permissions::from_mode(bits)).unwrap();
        let _ = set(&place.keeper(), "A", &format!("v{bits}")).unwrap();
        let [warning] = &place.keeper().warnings()[..] else { panic!("one warning") };
        assert!(warning.contains(&format!("(mode {bits:04o}). Run: chmod 600 ")), "{warning}");
        assert_eq!(mode(&place.env()), bits);
    }
}

#[test]
fn a_file_that_everybody_can_write_is_neither_read_nor_written() {
    let place = Place::new();
    let before = text(place.env());
    for bits in [0o666, 0o602, 0o777] {
        fs::set_permissions(place.env(), Permissions::from_mode(bits)).unwrap();
        let errors = [place.keeper().read().unwrap_err(), set(&place.keeper(), "A", "new").unwrap_err()];
        for error in errors {
            assert_eq!(error.kind(), EnvFileErrorKind::Writable, "{error}");
            assert!(error.advice().contains("chmod 600"), "{}", error.advice());
        }
        assert_eq!((mode(&place.env()), text(place.env())), (bits, before.clone()));
    }
}

#[test]
fn what_is_not_utf8_text_of_one_mebibyte_is_refused_in_words_and_left_alone() {
    let place = Place::new();
    let utf16 = |order: fn(u16) -> [u8; 2]| "A=old\r\n".encode_utf16().flat_map(order).collect::<Vec<_>>();
    let marked = |order: fn(u16) -> [u8; 2]| [&order(0xfeff)[..], &utf16(order)].concat();
    let cases = [
        (b"A=\xff\xfe".to_vec(), EnvFileErrorKind::NotUtf8, "is not UTF-8 text"),
        (marked(u16::to_le_bytes), EnvFileErrorKind::NotUtf8, "is UTF-16"),
        (marked(u16::to_be_bytes), EnvFileErrorKind::NotUtf8, "is UTF-16"),
        (utf16(u16::to_le_bytes), EnvFileErrorKind::NotUtf8, "is UTF-16"),
        (b"A=old\0\n".to_vec(), EnvFileErrorKind::NotUtf8, "binary data"),
        (vec![b'#'; 256 * 1024 + 1], EnvFileErrorKind::TooLarge, "larger than 256 KiB"),
    ];
    for (content, kind, words) in cases {
        fs::write(place.env(), &content).unwrap();
        for error in [set(&place.keeper(), "A", "new").unwrap_err(), place.keeper().read().unwrap_err()] {
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.advice() == "Save it as UTF-8.", kind != EnvFileErrorKind::TooLarge);
        }
        assert_eq!(fs::read(place.env()).unwrap(), content);
    }
    fs::write(place.env(), vec![b'#'; 256 * 1024]).unwrap();
    assert!(place.keeper().read().is_ok(), "256 KiB itself is allowed");
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
            assert_eq!(error.kind(), EnvFileErrorKind::NotAFile, "{kind}: {error}");
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
        assert_eq!(error.kind(), EnvFileErrorKind::BadChange);
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
