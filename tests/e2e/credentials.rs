//! Tokens that could not be written down, and tokens of another app.

use std::thread;

use keeper_domain::secret::AccessToken;
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    card::{home, link, press_through, wait_card, wait_receipt, with_yesterdays_refresh_token},
    support::{APP, Home, Keeper, block_on, post, wait_for},
};

/// Another process that holds the database, so that nothing can be written: it lets go when told.
pub(crate) struct Held(std::sync::mpsc::Sender<()>, thread::JoinHandle<()>);

impl Held {
    pub(crate) fn hold(home: &Home) -> Self {
        let (let_go, told) = std::sync::mpsc::channel();
        let (ready, is_held) = std::sync::mpsc::channel();
        let file = SqliteConnectOptions::new().filename(home.path("state/keeper.db"));
        let thread = thread::spawn(move || {
            block_on(async {
                let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
                sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
                ready.send(()).unwrap();
                told.recv().unwrap();
                sqlx::query("ROLLBACK").execute(&mut connection).await.unwrap();
            });
        });
        is_held.recv().unwrap();
        Self(let_go, thread)
    }

    pub(crate) fn let_go(self) {
        self.0.send(()).unwrap();
        self.1.join().unwrap();
    }
}

/// How often the session could not be written down.
fn failures(keeper: &Keeper) -> usize {
    let of_token = |entry: &&serde_json::Value| {
        entry["event"] == "store.failed" && entry["actor"] == "token" && entry["attempt"].is_u64()
    };
    keeper.lines().iter().filter(of_token).count()
}

/// Nothing says that there is a token, and none is used.
#[track_caller]
fn nothing_is_told(home: &Home, keeper: &Keeper, events: &[&str], words: &[&str]) {
    let log = keeper.lines();
    let told = log.iter().find(|entry| events.iter().any(|event| entry["event"] == *event));
    assert!(told.is_none(), "{told:?}");
    let alert = home.alerts().into_iter().find(|text| words.iter().any(|words| text.contains(words)));
    assert_eq!(alert, None);
    let status = keeper.status();
    assert_eq!(
        (&status["mode"], &status["session"]["usable"]),
        (&"mock".into(), &false.into()),
        "{status:#}"
    );
    assert!(!home.env().contains("FYERS_ACCESS_TOKEN"), "{}", home.env());
}

/// A person logs in, and the database is held from the moment in which FYERS has the code.
fn log_in_and_hold(home: &Home, link: String) -> (thread::JoinHandle<thread::Result<String>>, Held) {
    let scope = Scope::exact(endpoint::VALIDATE_AUTHCODE);
    home.sim.inject(FaultRule::once(scope, Fault::Latency { ms: 2_000 }));
    let person = thread::spawn(move || std::panic::catch_unwind(|| press_through(&link)));
    wait_for("the code at FYERS", || {
        (home.sim.call_count(endpoint::VALIDATE_AUTHCODE).in_flight == 1).then_some(())
    });
    (person, Held::hold(home))
}

#[test]
fn while_nothing_can_be_written_no_code_is_spent_and_the_page_says_so() {
    let home = home("2026-11-23T08:45:05");
    with_yesterdays_refresh_token(&home);
    let keeper = home.start_ready();
    let card = wait_card(&home);
    let held = Held::hold(&home);
    let page = press_through(&link(&card));
    // A slow machine finds out after the page has stopped waiting.
    let told = page.contains("cannot write to its disk") && page.contains("Nothing was begun");
    assert!(told || page.contains("did not answer in time"), "{page}");
    assert_eq!(home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total, 0);
    nothing_is_told(&home, &keeper, &["login.started", "login.completed"], &["✅", "Live"]);
    held.let_go();
    wait_for("the login by the same card", || {
        press_through(&link(&card));
        (keeper.status()["mode"] == "live").then_some(())
    });
}

#[test]
fn a_login_is_told_when_it_is_on_disk_and_not_before() {
    let home = home("2026-11-23T08:45:05");
    with_yesterdays_refresh_token(&home);
    let keeper = home.start_ready();
    let card = wait_card(&home);
    let (person, held) = log_in_and_hold(&home, link(&card));
    wait_for("a second failure to write it down", || (failures(&keeper) >= 2).then_some(()));
    nothing_is_told(&home, &keeper, &["login.completed", "exchange.switched"], &["✅", "Live"]);
    held.let_go();
    keeper.wait_status("live", |status| status["mode"] == "live");
    keeper.wait_logged("login.completed");
    wait_receipt(&home, &card);
    let page = person.join().unwrap().unwrap();
    // The page waits half a minute.
    assert!(page.contains("Live until") || page.contains("did not answer in time"), "{page}");
    home.wait_env(&home.newest(TokenKind::Access));
    let redeemed = home.sim.call_count(endpoint::VALIDATE_AUTHCODE).total;
    assert_eq!(redeemed, 1, "the token was held in memory: a code works once");
}

#[test]
fn a_login_that_never_reached_the_disk_is_asked_for_again() {
    let home = home("2026-11-23T08:45:05");
    with_yesterdays_refresh_token(&home);
    let keeper = home.start_ready();
    // The keeper dies over it, so nobody asks what the page says.
    let (person, held) = log_in_and_hold(&home, link(&wait_card(&home)));
    wait_for("a failure to write it down", || (failures(&keeper) >= 1).then_some(()));
    keeper.kill9();
    held.let_go();
    let _interrupted = person.join();
    let keeper = home.start_ready();
    let status = keeper.wait_status("the truth", |status| status["session"]["state"] == "login_required");
    assert_eq!((&status["mode"], &status["session"]["usable"]), (&"mock".into(), &false.into()));
    press_through(&link(&wait_card(&home)));
    keeper.wait_status("live", |status| status["mode"] == "live");
}

#[test]
fn a_refresh_is_told_when_it_is_on_disk_and_not_before() {
    let home =
        Home::at("2026-11-23T08:30:00", RefreshMode::Enabled).with_telegram().set("FYERS_SANDBOX", "false");
    home.append_env("KEEPER_TICK_TIME=08:40\n");
    let refresh = home.sim.mint(TokenKind::Refresh);
    // The keeper starts without a token and without a try: FYERS is away until the database is held.
    home.sim.set_outage(simulator::Service::Fyers, true);
    home.append_env(&format!("FYERS_REFRESH_TOKEN={refresh}\n"));
    let keeper = home.start_ready();
    home.wait_alert("has started");
    keeper.wait_logged("token.refresh.failed");
    let held = Held::hold(&home);
    home.sim.set_outage(simulator::Service::Fyers, false);
    wait_for("two failures to write it down", || (failures(&keeper) >= 2).then_some(()));
    let said = ["token.refresh.succeeded", "exchange.switched"];
    nothing_is_told(&home, &keeper, &said, &["TOKEN REFRESH SUCCESSFUL", "Live:"]);
    assert!(!keeper.log().contains("TOKEN REFRESH SUCCESSFUL"));
    held.let_go();
    keeper.wait_status("live", |status| status["mode"] == "live");
    home.wait_alert("✅ TOKEN REFRESH SUCCESSFUL");
    home.wait_env(&home.newest(TokenKind::Access));
}

#[test]
fn under_another_app_nothing_of_the_old_one_is_sent() {
    let home =
        Home::at("2026-11-23T05:00:00", RefreshMode::Enabled).with_telegram().set("FYERS_SANDBOX", "false");
    let (access, refresh) = (home.sim.mint(TokenKind::Access), home.sim.mint(TokenKind::Refresh));
    let tokens = format!("FYERS_ACCESS_TOKEN={access}\nFYERS_REFRESH_TOKEN={refresh}\nFYERS_PIN=1234\n");
    home.write_env(&format!("{APP}{tokens}"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    assert!(keeper.stop().success());

    // The tokens stay in the file: nobody takes them out when he changes the app.
    home.write_env(&format!("FYERS_CLIENT_ID=WXYZ9876AB-200\nFYERS_SECRET_KEY=ANOTHER001\n{tokens}"));
    let to_fyers = || {
        let fyers = |call: &simulator::Call| !call.path.starts_with("/telegram");
        home.sim.calls().into_iter().filter(fyers).map(|call| call.path).collect::<Vec<_>>()
    };
    let before = to_fyers().len();
    for _ in 0..2 {
        let keeper = home.start_ready();
        let status =
            keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
        assert_eq!((&status["mode"], &status["session"]["reason"]), (&"mock".into(), &"app_changed".into()));
        // Asked for by a person, nothing goes out either.
        let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
        post(&keeper.url("/api/refresh"), Some(key.trim())).unwrap();
        assert_eq!(to_fyers()[before..], [] as [String; 0], "with the token, or with the PIN");
        assert!(!keeper.log().contains(&AccessToken::new(access.clone()).fingerprint().to_string()));
        assert!(keeper.stop().success());
    }
}
