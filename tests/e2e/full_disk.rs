//! A start on a disk that is really full: the keeper comes up, refuses in words what must be written, and heals by itself. The
//! state folder is a small file system of its own, in a mount namespace of the keeper's.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::{self, wait_card},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

/// The folder as it was, on a disk that is then filled to the last byte. Linux counts the pages of such a disk by processor, and
/// may say "full" a few of them too early.
const FULL: &str = "cp -a state kept && mount -t tmpfs -o size=16m keeper-test state && cp -a kept/. state/ && \
    { for once_more in 1 2 3 4 5 6 7 8; do \
        dd if=/dev/zero of=state/filler bs=4096 oflag=append conv=notrunc 2>/dev/null; \
    done; exec \"$0\" \"$@\"; }";

fn may_mount() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mount = ["--mount", "mount", "-t", "tmpfs", "keeper-test"];
    let ran = Command::new("unshare").args(mount).arg(folder.path()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

/// The program with these arguments on a full disk.
fn with_a_full_disk(home: &Home, args: &[&str]) -> Command {
    let program = home.command(args);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", FULL]).arg(program.get_program()).args(program.get_args());
    command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(home.dir.path()).stdin(Stdio::null());
    command
}

/// A keeper that starts on a full disk, and the way to what fills it.
fn on_a_full_disk(home: &Home) -> (Keeper, PathBuf) {
    let keeper = home.adopt(with_a_full_disk(home, &["run"]));
    wait_for("an answer", || crate::support::get(&keeper.url("/livez")).filter(|(status, _)| *status == 200));
    let root = PathBuf::from(format!("/proc/{}/root", keeper.pid()));
    let filler = home.dir.path().canonicalize().unwrap().join("state/filler");
    (keeper, root.join(filler.strip_prefix("/").unwrap()))
}

/// Fills what is left, whatever has become free.
fn to_the_last_byte(filler: &Path) -> PathBuf {
    let more = filler.with_file_name("more");
    let mut writing = std::fs::File::create(&more).unwrap();
    while writing.write_all(&[1; 4096]).is_ok() {}
    more
}

#[test]
fn doctor_calls_a_full_disk_a_fault_and_says_what_to_do() {
    if !may_mount() {
        return println!("SKIPPED: mounting is not permitted here, no disk was filled");
    }
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    assert!(home.start_ready().stop().success());
    for is_full in [false, true] {
        let args = ["doctor", "--json"];
        let mut doctor = if is_full { with_a_full_disk(&home, &args) } else { home.command(&args) };
        let ran = doctor.output().unwrap();
        let told: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let of_folder = |finding: &&serde_json::Value| finding["check"] == "state folder";
        let folder = told["checks"].as_array().unwrap().iter().find(of_folder).unwrap();
        assert_eq!(folder["mark"] == "fail", is_full, "{folder:#}");
        let (what, advice) = (folder["what"].as_str().unwrap(), folder["advice"].as_str().unwrap());
        assert_eq!(what.contains("is on a disk that is full"), is_full, "{folder:#}");
        assert_eq!(
            advice.contains("Make room: a keeper that cannot write refuses orders"),
            is_full,
            "{folder:#}"
        );
        assert!(!is_full || ran.status.code() == Some(1), "{told:#}");
    }
}

#[test]
fn a_start_on_a_full_disk_comes_up_and_heals_by_itself() {
    if !may_mount() {
        return println!("SKIPPED: mounting is not permitted here, no disk was filled");
    }
    for is_killed in [false, true] {
        println!("killed before: {is_killed}");
        let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
        let home = home.set("FYERS_SANDBOX", "false");
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        let keeper = home.start_ready();
        keeper.wait_status("live", |status| status["mode"] == "live");
        if is_killed {
            keeper.kill9();
        } else {
            assert!(keeper.stop().success());
        }

        let (keeper, filler) = on_a_full_disk(&home);
        let bot = Bot::of(&home, &keeper);
        if !is_killed {
            // It was closed in good order, so there is the room that was kept back for the start, until it is used up.
            keeper.wait_status("live", |status| status["mode"] == "live");
        }
        let more = to_the_last_byte(&filler);
        let refused = wait_for("a refusal", || Some(bot.order(SBIN, 1)).filter(|told| told.venue == "none"));
        assert_eq!(refused.status, 503, "{}", refused.body);
        let words = refused.body["message"].as_str().unwrap();
        assert!(words.contains("the disk is full") && !words.contains("token"), "{words}");
        if !is_killed {
            assert_eq!(bot.get("/api/v3/funds").status, 200, "reads go on");
        }
        assert_eq!(keeper.status()["checks"]["state:writes"][0]["status"], "fail");
        home.wait_alert("The keeper cannot write its state");
        std::fs::remove_file(&more).unwrap();
        std::fs::remove_file(&filler).unwrap();
        home.wait_alert("The keeper can write its state again");
        wait_for("an order", || (bot.order(SBIN, 1).venue == "fyers").then_some(()));
        let status = keeper.status();
        let restarts = status["actors"].as_object().unwrap().values().map(|actor| actor["restarts"].as_u64());
        assert_eq!(restarts.flatten().sum::<u64>(), 0, "{status:#}");
        let told = home.alerts().iter().filter(|alert| alert.contains("cannot write its state")).count();
        assert_eq!(told, 1, "{:#?}", home.alerts());
    }
}

#[test]
fn a_token_that_dies_on_a_full_disk_is_told_at_once_and_asked_for_when_there_is_room() {
    if !may_mount() {
        return println!("SKIPPED: mounting is not permitted here, no disk was filled");
    }
    let home = card::home("2026-11-23T12:00:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    assert!(keeper.stop().success());
    let (keeper, filler) = on_a_full_disk(&home);
    keeper.wait_status("live", |status| status["mode"] == "live");
    let (more, bot) = (to_the_last_byte(&filler), Bot::of(&home, &keeper));
    wait_for("a refusal", || (bot.order(SBIN, 1).venue == "none").then_some(()));
    home.wait_alert("The keeper cannot write its state");
    assert!(home.sim.kill(&token));
    bot.get("/api/v3/funds");
    home.wait_alert("No token, and the keeper cannot write its state");
    for path in [&more, &filler] {
        std::fs::remove_file(path).unwrap();
    }
    home.wait_alert("The keeper can write its state again");
    wait_card(&home);
}

/// What waited is through at once, and that cannot be written down: a person gets it once, and it is written down later.
#[test]
fn an_alert_whose_delivery_cannot_be_written_down_is_sent_once() {
    if !may_mount() {
        return println!("SKIPPED: mounting is not permitted here, no disk was filled");
    }
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    home.sim.inject(FaultRule::forever(endpoint::SEND_MESSAGE, Fault::Html { status: 502 }));
    let keeper = home.start_ready();
    keeper.wait_status("an alert that waits", |status| status["outbox"]["waiting"].as_u64() > Some(0));
    keeper.kill9();
    let (keeper, filler) = on_a_full_disk(&home);
    let (more, bot) = (to_the_last_byte(&filler), Bot::of(&home, &keeper));
    wait_for("a refusal", || (bot.order(SBIN, 1).venue == "none").then_some(()));
    home.sim.clear_faults();
    // Each alert has its number in its last line.
    let waited = wait_for("what waited", || {
        home.alerts().into_iter().find(|alert| alert.contains("#K-") && !alert.contains("its state"))
    });
    let is_it = |alert: &&String| **alert == waited;
    // Before, it came again after 3 to 20 s.
    let watched = Instant::now();
    while watched.elapsed() < Duration::from_secs(25) {
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(home.alerts().iter().filter(is_it).count(), 1, "{:#?}", home.alerts());
    }
    for path in [&more, &filler] {
        std::fs::remove_file(path).unwrap();
    }
    keeper.wait_status("all of it written down", |status| status["outbox"]["waiting"] == 0);
    home.wait_alert("The keeper can write its state again");
    assert_eq!(home.alerts().iter().filter(is_it).count(), 1, "{:#?}", home.alerts());
}

/// Where there is no room to open the database either, as before the first start, nothing can run. That is told as it is.
#[test]
fn a_start_that_a_full_disk_makes_impossible_names_the_disk_and_what_to_do() {
    if !may_mount() {
        return println!("SKIPPED: mounting is not permitted here, no disk was filled");
    }
    let new = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    std::fs::create_dir(new.path("state")).unwrap();
    let used = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    assert!(used.start_ready().stop().success());
    std::fs::remove_file(used.path("state/spare-room")).unwrap();
    // A stop on a busy machine may leave SQLite's other files, and with them there is room enough.
    let database = rusqlite::Connection::open(used.path("state/keeper.db")).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    database.close().unwrap();
    assert!(!used.path("state/keeper.db-wal").exists() && !used.path("state/keeper.db-shm").exists());
    for home in [new, used] {
        let start = with_a_full_disk(&home, &["run"]);
        let mut within_two_minutes = Command::new("timeout");
        within_two_minutes.arg("120").arg(start.get_program()).args(start.get_args());
        let settings = start.get_envs().filter_map(|(name, value)| Some((name, value?)));
        within_two_minutes.env_clear().envs(settings).current_dir(home.dir.path()).stdin(Stdio::null());
        let ended = within_two_minutes.output().unwrap();
        let words = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{words}");
        assert!(words.contains("keeper.db cannot be opened: its disk is full"), "{words}");
        assert!(words.contains("Make room on its disk") && !words.contains("SQLite error"), "{words}");
    }
}
