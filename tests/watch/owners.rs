//! Files of another user: what one user has put in the way of the other is not taken, whoever of the two is root.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Stdio,
};

use simulator::Options;

use crate::support::{Home, Ran};

const ROOT: u32 = 0;
const NOBODY: u32 = 65_534;
const SOMEBODY: u32 = 1_234;

/// A key that nobody can guess, but whoever put it there.
const PLANTED: &str = "planted-3f9c1d7a52e84b06";

/// Whether this test can be two users: as root, where others may run the program.
fn is_two_users() -> bool {
    let home = home_of(ROOT);
    let is_root = rustix::process::geteuid().is_root();
    let is_run = is_root && home.command(&["--version"]).uid(NOBODY).gid(NOBODY).output().is_ok();
    if !is_run {
        println!("SKIPPED: only root can be two users, where both may run the program");
    }
    is_run
}

fn put(path: &Path, text: &str, (owner, mode): (u32, u32)) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    chown(path, Some(owner), Some(owner)).unwrap();
}

/// A folder of this user's in which the program works, with a state folder in it.
fn home_of(user: u32) -> Home {
    let home = Home::bare(Options::default());
    fs::create_dir(home.path("state")).unwrap();
    for (path, mode) in [(home.dir.path(), 0o755), (&home.path("state"), 0o700)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        // Who is not root has only what is his.
        let _is_his = chown(path, Some(user), Some(user));
    }
    home
}

/// The program as this user.
fn run_as(user: u32, home: &Home, args: &[&str]) -> Ran {
    let output = home.command(args).uid(user).gid(user).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// It refuses in words that name the file, and what the other user has put there is as it was.
#[track_caller]
fn refuses(ran: &Ran, path: &Path, why: &[&str]) {
    let name = path.file_name().unwrap().to_str().unwrap();
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(ran.text().contains(name) && why.iter().any(|why| ran.text().contains(why)), "{ran:?}");
    assert_eq!(fs::read_to_string(path).unwrap(), PLANTED);
}

#[test]
fn a_file_of_another_user_is_not_the_keepers_own() {
    if !is_two_users() {
        return;
    }
    for (keeper, other) in [(NOBODY, ROOT), (NOBODY, SOMEBODY), (ROOT, NOBODY)] {
        for name in ["gateway.key", "keeper.db", "keeper.lock"] {
            // In the keeper's folder, as whoever could write there for a moment; readable, so that it is no question of rights.
            for mode in [0o644, 0o600] {
                let home = home_of(keeper);
                let path = home.path("state").join(name);
                put(&path, PLANTED, (other, mode));
                let ran = run_as(keeper, &home, &["run"]);
                // The kernel stops all but root, who must see it by himself, as anybody does where he may read.
                let is_stopped = keeper != ROOT && (mode == 0o600 || name != "gateway.key");
                let why: &[&str] =
                    if is_stopped { &["permission denied", "another user"] } else { &["another user"] };
                refuses(&ran, &path, why);
                assert_eq!(fs::metadata(&path).unwrap().uid(), other);
            }
        }
    }
    println!("tried: 18 files of other users in the state folder");
}

#[test]
fn a_backup_is_not_written_into_a_file_of_another_user() {
    if !is_two_users() {
        return;
    }
    for (keeper, other) in [(NOBODY, SOMEBODY), (ROOT, NOBODY)] {
        let home = home_of(keeper);
        let mut command = home.command(&["run"]);
        command.uid(keeper).gid(keeper).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = home.adopt(command);
        running.wait_ready();
        assert_eq!(fs::metadata(home.path("state/keeper.db")).unwrap().uid(), keeper);
        let drop_box = home.path("for-all");
        fs::create_dir(&drop_box).unwrap();
        fs::set_permissions(&drop_box, Permissions::from_mode(0o1777)).unwrap();
        let path = drop_box.join(".b.db.partial");
        // The other user holds it open and reads along.
        put(&path, "", (other, 0o600));
        let ran = run_as(keeper, &home, &["backup", "for-all/b.db", "--with-tokens"]);
        assert_ne!(ran.code, Some(0), "{ran:?}");
        assert_eq!(fs::metadata(&path).unwrap().len(), 0, "{ran:?}");
        assert!(!drop_box.join("b.db").exists());
    }
}

#[test]
fn a_secret_that_is_brought_may_be_roots_and_no_other_users() {
    if !is_two_users() {
        return;
    }
    let home = home_of(NOBODY).set("FYERS_PIN_FILE", "pin");
    put(&home.path(".env"), crate::support::APP, (NOBODY, 0o600));
    let check = |owner, mode| {
        put(&home.path("pin"), "7391\n", (owner, mode));
        run_as(NOBODY, &home, &["config", "check"])
    };
    check(NOBODY, 0o600).exits(0);
    check(ROOT, 0o644).exits(0);
    let ran = check(SOMEBODY, 0o644).exits(78);
    assert!(ran.err.contains("FYERS_PIN_FILE") && ran.err.contains("another user"), "{ran:?}");
    let ran = check(ROOT, 0o600).exits(78);
    assert!(ran.err.contains("FYERS_PIN_FILE") && ran.err.contains("cannot be opened"), "{ran:?}");
    assert!(!ran.text().contains("7391"), "{ran:?}");
}

/// Whoever owns the file decides which app, account and chat a keeper of root's uses.
#[test]
fn a_secret_that_is_brought_to_root_is_roots() {
    if !is_two_users() {
        return;
    }
    let home = home_of(ROOT).set("FYERS_PIN_FILE", "pin");
    put(&home.path(".env"), crate::support::APP, (ROOT, 0o600));
    let check = |owner, mode| {
        put(&home.path("pin"), "7391\n", (owner, mode));
        run_as(ROOT, &home, &["config", "check"])
    };
    check(ROOT, 0o400).exits(0);
    check(ROOT, 0o644).exits(0);
    for mode in [0o600, 0o644] {
        let ran = check(SOMEBODY, mode).exits(78);
        let told: Vec<_> = ran.err.lines().filter(|line| line.contains("FYERS_PIN_FILE")).collect();
        assert_eq!(told.len(), 1, "{ran:?}");
        assert!(told[0].contains("another user (1234; the keeper runs as 0)"), "{ran:?}");
        assert!(ran.err.contains("Give the file to root (chown)"), "{ran:?}");
        assert!(!ran.text().contains("7391"), "{ran:?}");
    }
    // As Kubernetes mounts secrets: a link to a file of root's.
    put(&home.path("..data"), "7391\n", (ROOT, 0o400));
    fs::remove_file(home.path("pin")).unwrap();
    std::os::unix::fs::symlink("..data", home.path("pin")).unwrap();
    run_as(ROOT, &home, &["config", "check"]).exits(0);
    println!("tried: secrets of another user, brought to root");
}

/// As Compose has a secret of the host: with the number of the host's user.
#[test]
fn a_secret_that_is_mounted_by_itself_is_used() {
    if !is_two_users() {
        return;
    }
    for user in [ROOT, NOBODY] {
        let home = home_of(user).set("FYERS_PIN_FILE", "pin");
        put(&home.path(".env"), crate::support::APP, (user, 0o600));
        put(&home.path("host"), "7391\n", (SOMEBODY, 0o644));
        put(&home.path("pin"), "", (ROOT, 0o644));
        let mounted = home.command(&["config", "check"]);
        let program = mounted.get_program().to_owned();
        let script = format!(
            "mount --bind host pin && exec setpriv --reuid {user} --regid {user} --clear-groups {} config check",
            program.display()
        );
        let mut unshared = std::process::Command::new("unshare");
        unshared.args(["--mount", "sh", "-c", &script]).current_dir(home.dir.path());
        unshared.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        mounted.get_envs().filter_map(|(name, value)| Some((name, value?))).for_each(|(name, value)| {
            unshared.env(name, value);
        });
        let Ok(output) = unshared.output() else {
            println!("SKIPPED: no unshare here");
            return;
        };
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        if err.contains("unshare failed") || err.contains("mount:") || err.contains("setpriv") {
            println!("SKIPPED: nothing can be mounted here: {err}");
            return;
        }
        assert_eq!(output.status.code(), Some(0), "{err}");
    }
}

/// `.env` decides which app and which account the keeper uses, and where its alerts go.
#[test]
fn an_env_file_that_others_can_change_is_not_used() {
    if !is_two_users() {
        return;
    }
    // Who runs it, whose the file is, its mode, and what is wrong with it.
    let refused = [
        (NOBODY, NOBODY, 0o666, "every user"),
        (ROOT, ROOT, 0o602, "every user"),
        (ROOT, SOMEBODY, 0o666, "every user"),
        (NOBODY, SOMEBODY, 0o644, "another user"),
        (NOBODY, SOMEBODY, 0o664, "another user"),
    ];
    for (user, owner, mode, why) in refused {
        let home = home_of(user);
        put(&home.path(".env"), crate::support::APP, (owner, mode));
        for args in [&["run"][..], &["config", "check"], &["check"]] {
            let ran = run_as(user, &home, args).exits(78);
            let told: Vec<_> = ran.err.lines().filter(|line| line.contains(".env")).collect();
            assert_eq!(told.len(), 1, "{ran:?}");
            assert!(told[0].contains(why) && ran.err.contains("make sure that it"), "{ran:?}");
            assert!(!ran.text().contains("SIMULATED1"), "{ran:?}");
        }
        assert_eq!(home.env(), crate::support::APP);
    }
    // What may be so on purpose is used, and said.
    let used = [
        (NOBODY, NOBODY, 0o600, ""),
        (NOBODY, ROOT, 0o644, "mode 0644"),
        (NOBODY, NOBODY, 0o664, "mode 0664"),
        (ROOT, SOMEBODY, 0o600, "belongs to user 1234"),
        (ROOT, SOMEBODY, 0o664, "belongs to user 1234"),
    ];
    for (user, owner, mode, warning) in used {
        let home = home_of(user);
        put(&home.path(".env"), crate::support::APP, (owner, mode));
        let checked = run_as(user, &home, &["config", "check"]).exits(0).text();
        let note = checked.lines().any(|line| line.starts_with("note: ") && line.contains(".env"));
        assert!(note != warning.is_empty() && checked.contains(warning), "{mode:o}: {checked}");
        assert_eq!(
            checked.contains("can be changed by users of its group"),
            warning == "mode 0664",
            "{checked}"
        );
        let doctor = run_as(user, &home, &["doctor"]).text();
        let line = doctor.lines().find(|line| line.contains(".env file")).unwrap_or_default();
        assert!(line.contains(if warning.is_empty() { "for its owner only" } else { warning }), "{doctor}");
    }
    println!("tried: {} .env files of others or for all", refused.len() + used.len());
}
