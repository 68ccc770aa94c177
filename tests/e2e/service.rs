//! `run`: the service from its start to its end.

use std::time::Instant;

use simulator::{Options, RefreshMode, TokenKind};

use crate::support::{Home, Keeper, get, get_with_key, post, wait_for};

fn key(home: &Home) -> String {
    std::fs::read_to_string(home.path("state/gateway.key")).unwrap().trim().to_owned()
}

#[test]
fn an_empty_folder_is_enough_to_run_in_mock_mode() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let status = keeper.wait_status("no credentials", |status| status["reason"] == "no_credentials");
    for name in [
        "status",
        "mode",
        "reason",
        "session",
        "next_tick",
        "last_tick",
        "actors",
        "outbox",
        "orders_simulated_today",
        "version",
    ] {
        assert!(status.get(name).is_some(), "no {name}: {status:#}");
    }
    for name in ["state", "reason", "expires_at", "fingerprint", "source"] {
        assert!(status["session"].get(name).is_some(), "no session.{name}: {status:#}");
    }
    assert_eq!(status["mode"], "mock");
    assert_eq!(status["session"]["state"], "no_token");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert!(status["outbox"]["waiting"].is_u64(), "{status:#}");
    assert!(status["outbox"].get("oldest").is_some(), "{status:#}");
    let tick = chrono::DateTime::parse_from_rfc3339(status["next_tick"].as_str().unwrap()).unwrap();
    assert!(tick > chrono::Utc::now());
    for actor in ["token", "clock", "exchange", "notifier"] {
        assert_eq!(status["actors"][actor]["alive"], true, "{actor}: {status:#}");
        assert_eq!(status["actors"][actor]["restarts"], 0, "{actor}: {status:#}");
    }
    assert!(!home.path(".env").exists(), "the keeper makes no .env file of its own");
}

#[test]
fn the_command_line_tells_the_same_as_the_listener() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let by_http = keeper.wait_status("no credentials", |status| status["reason"] == "no_credentials");
    let by_command = home.run(&["status", "--json"]).exits(0).json();
    let names = |value: &serde_json::Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&by_command), names(&by_http));
    assert_eq!(by_command["session"], by_http["session"]);
    let table = home.run(&["status"]).exits(0);
    assert!(table.out.contains("mock"), "{table:?}");
    home.run(&["healthcheck"]).exits(0);
    assert!(keeper.stop().success());
}

#[test]
fn nobody_running_is_told_by_exit_codes() {
    let home = Home::bare(Options::default());
    home.run(&["healthcheck"]).exits(1);
    let ran = home.run(&["status", "--json"]).exits(69);
    assert!(ran.json()["error"].to_string().contains("fyers-keeper run"), "{ran:?}");
    let ran = home.run(&["status"]).exits(69);
    assert!(ran.out.is_empty() && ran.err.contains("fyers-keeper run"), "{ran:?}");
}

#[test]
fn a_lost_session_shows_in_the_exit_code_of_status() {
    let home = Home::with_app(RefreshMode::Disabled);
    let keeper = home.start_ready();
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    home.run(&["status", "--json"]).exits(77);
}

#[test]
fn a_request_to_stop_is_followed_soon_and_in_good_order() {
    let home = Home::bare(Options::default()).with_telegram();
    let keeper = home.start_ready();
    home.wait_alert("has started");
    keeper.wait_logged("keeper.started");
    let begun = Instant::now();
    let status = keeper.stop();
    println!("stopped after {:?}", begun.elapsed());
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed().as_secs() < 20);
    assert!(home.alerts().iter().any(|alert| alert.contains("is stopping")), "{:?}", home.alerts());
    assert!(!home.path("state/running").exists(), "a good end leaves no mark of a crash");

    let again = home.start_ready();
    assert!(again.stop().success(), "the folder is free again");
    assert!(!home.alerts().iter().any(|alert| alert.contains("ended without notice")), "{:?}", home.alerts());
}

#[test]
fn a_request_to_stop_amid_an_outage_of_everything_is_followed_too() {
    let home = Home::with_app(RefreshMode::Enabled).with_telegram();
    let (access, refresh) = (home.sim.mint(TokenKind::Access), home.sim.mint(TokenKind::Refresh));
    home.append_env(&format!("FYERS_ACCESS_TOKEN={access}\nFYERS_REFRESH_TOKEN={refresh}\n"));
    for path in ["/api", "/telegram"] {
        home.sim.inject(simulator::FaultRule::forever(path, simulator::Fault::Hang));
    }
    let keeper = home.start_ready();
    wait_for("a call that hangs", || {
        (home.sim.call_count(simulator::endpoint::PROFILE).in_flight > 0).then_some(())
    });
    let begun = Instant::now();
    assert_eq!(keeper.stop().code(), Some(0));
    println!("stopped after {:?}", begun.elapsed());
    assert!(begun.elapsed().as_secs() < 20);
}

#[test]
fn a_second_keeper_on_the_same_folder_is_refused_by_name() {
    let home = Home::bare(Options::default());
    let first: Keeper = home.start_ready();
    let ran = home.run(&["run"]).exits(73);
    assert!(ran.err.contains(&format!("process {}", first.pid())), "{ran:?}");
    assert!(ran.err.contains("KEEPER_STATE_DIR"), "it must say what to do: {ran:?}");
    home.run(&["healthcheck"]).exits(0);
}

#[test]
fn an_address_in_use_is_refused_with_advice() {
    let home = Home::bare(Options::default());
    let _taken = std::net::TcpListener::bind(("127.0.0.1", home.port)).unwrap();
    let ran = home.run(&["run"]).exits(71);
    assert!(ran.err.contains("KEEPER_HTTP_ADDR") && ran.err.contains(&home.port.to_string()), "{ran:?}");
}

#[test]
fn acting_needs_the_key_even_on_this_machine() {
    let home = Home::with_app(RefreshMode::Enabled);
    let keeper = home.start_ready();
    let url = keeper.url("/api/refresh");
    assert_eq!(post(&url, None).unwrap().0, 401);
    assert_eq!(post(&url, Some("wrong")).unwrap().0, 401);
    assert_eq!(post(&url, Some("")).unwrap().0, 401);
    let short = key(&home)[..20].to_owned();
    assert_eq!(post(&url, Some(&short)).unwrap().0, 401);
    assert_eq!(home.refresh_calls(), 0);
    assert_eq!(post(&url, Some(&key(&home))).unwrap().0, 200);
    assert!(!keeper.log().contains(&key(&home)), "the key is in the log");
}

#[test]
fn reading_needs_the_key_where_others_can_reach_the_listener() {
    let home = Home::bare(Options::default());
    let home = {
        let port = home.port;
        home.set("KEEPER_HTTP_ADDR", format!("0.0.0.0:{port}"))
    };
    let keeper = home.start_ready();
    let url = keeper.url("/api/status");
    assert_eq!(get(&url).unwrap().0, 401);
    assert_eq!(get_with_key(&url, "wrong").unwrap().0, 401);
    let (code, body) = get_with_key(&url, &key(&home)).unwrap();
    assert_eq!(code, 200);
    assert!(!body.contains(&key(&home)));
    for open in ["/livez", "/readyz"] {
        assert_eq!(get(&keeper.url(open)).unwrap().0, 200, "{open} must be open for a container's checks");
    }
    assert_eq!(get(&keeper.url("/nothing")).unwrap().0, 404);
    home.run(&["healthcheck"]).exits(0);
    home.run(&["status", "--json"]).exits(0);
}

#[test]
fn what_is_on_disk_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::bare(Options::default());
    let _keeper = home.start_ready();
    let mode = |name: &str| home.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("state"), 0o700);
    for entry in std::fs::read_dir(home.path("state")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
    }
}

/// Telegram is away when the keeper stops: the next start says that it was stopped, and never that bots get no answer.
#[test]
fn a_farewell_that_could_not_be_sent_is_told_as_what_was() {
    let home = Home::bare(Options::default()).with_telegram();
    let keeper = home.start_ready();
    home.wait_alert("has started");
    home.sim.inject(simulator::FaultRule::forever("/telegram", simulator::Fault::Html { status: 503 }));
    assert!(keeper.stop().success());
    home.sim.clear_faults();
    let _again = home.start_ready();
    home.wait_alert("was stopped at");
    let alerts = home.alerts();
    assert!(!alerts.iter().any(|alert| alert.contains("until it is back")), "{alerts:#?}");
}

/// More waits than can be sent in the time that is left: the farewell goes first, and the rest after the next start.
#[test]
fn the_farewell_does_not_wait_behind_what_can_wait() {
    let home = Home::bare(Options::default()).with_telegram();
    let keeper = home.start_ready();
    home.wait_alert("has started");
    for name in ["one", "two", "three", "four", "five", "six"] {
        home.run(&["key", "add", name]).exits(0);
    }
    assert!(keeper.stop().success());
    let alerts = home.alerts();
    assert!(alerts.last().unwrap().contains("bots get no answer until it is back"), "{alerts:#?}");
    let before = alerts.len();
    assert!(before < 8, "some are still waiting: {alerts:#?}");
    let _again = home.start_ready();
    wait_for("the rest", || (home.alerts().len() >= 9).then_some(()));
    let told = home.alerts();
    assert_eq!(told.iter().filter(|alert| alert.contains("stop")).count(), 1, "{told:#?}");
}
