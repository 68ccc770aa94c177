//! What `run` prints: one JSON object a line, with the seed's lines to the letter.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use serde_json::Value;
use simulator::{RefreshMode, Service, TokenKind};

use crate::{
    bot::Bot,
    card::{press_through, wait_card},
    log_table::documented,
    support::{Home, wait_for},
};

/// A home whose keeper refreshes its token right at the start.
fn refreshing() -> Home {
    let home = Home::with_app(RefreshMode::Enabled);
    let old = home.sim.mint_at(TokenKind::Access, home.sim.now() - TimeDelta::days(2));
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={old}\nFYERS_REFRESH_TOKEN={refresh}\n"));
    home
}

#[test]
fn every_line_is_one_json_object_and_the_seeds_lines_are_there() {
    let home = refreshing();
    let keeper = home.start_ready();
    keeper.wait_status("a refreshed token", |status| status["session"]["state"] == "valid");
    wait_for("the mirror", || home.env().contains(&home.newest(TokenKind::Access)).then_some(()));
    keeper.wait_logged("token.refresh.succeeded");
    let lines = keeper.wait_logged("exchange.switched");
    assert!(lines.len() >= 5);
    for line in &lines {
        for name in ["timestamp", "ist", "level", "event", "message"] {
            assert!(line[name].is_string(), "no {name}: {line}");
        }
        let utc = line["timestamp"].as_str().unwrap();
        assert!(utc.ends_with('Z') && utc.len() == "2026-11-23T07:32:12.467Z".len(), "{line}");
        let time = |name: &str| DateTime::parse_from_rfc3339(line[name].as_str().unwrap()).unwrap();
        assert_eq!(time("timestamp"), time("ist"), "{line}");
        assert!(line["ist"].as_str().unwrap().ends_with("+05:30"), "{line}");
    }
    let message_of = |event: &str| {
        let line = lines.iter().find(|line| line["event"] == event);
        line.unwrap_or_else(|| panic!("no {event}: {}", keeper.log()))["message"].as_str().unwrap()
    };
    assert_eq!(message_of("token.refresh.started"), "🔄 FYERS TOKEN REFRESH - Scheduled Daily Maintenance");
    assert_eq!(message_of("token.refresh.succeeded"), "✅ TOKEN REFRESH SUCCESSFUL");
    assert!(message_of("keeper.started").contains(env!("CARGO_PKG_VERSION")));
    assert!(message_of("exchange.switched").contains("sandbox"));
    assert_eq!(keeper.err(), "", "the service has one stream");
    for token in home.sim.state().tokens {
        assert!(!keeper.log().contains(&token.token), "a token is in the log");
    }
}

#[test]
fn a_failed_refresh_says_the_seeds_words() {
    let home = refreshing();
    home.write_env(&home.env().replace("1234\n", "4321\n"));
    let keeper = home.start_ready();
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    let lines = keeper.wait_logged("token.refresh.failed");
    let failed = lines.iter().find(|line| line["event"] == "token.refresh.failed").unwrap();
    assert_eq!(failed["message"], "❌ TOKEN REFRESH FAILED");
    assert_eq!(failed["reason"], "pin_rejected");
    assert_eq!(failed["level"], "error");
}

/// The seed's words of an expired refresh token stand for one that there was.
#[test]
fn a_first_start_asks_for_the_first_login_and_says_of_nothing_that_it_has_expired() {
    let expired = "🔑 FYERS REFRESH TOKEN EXPIRED - MANUAL RENEWAL REQUIRED";
    let asked = |home: &Home| {
        let keeper = home.start_ready();
        let lines = keeper.wait_logged("login.required");
        lines.into_iter().find(|line| line["event"] == "login.required").unwrap()
    };
    let first = asked(&Home::at("2026-11-23T11:00:00", RefreshMode::Disabled));
    assert_eq!((&first["reason"], &first["banner"]), (&"never_logged_in".into(), &Value::Null), "{first}");
    assert_eq!(first["message"], "a person must log in: there has been no login yet");
    assert!(first["next"].as_str().unwrap().contains("fyers-keeper login"), "{first}");
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled);
    let old = home.sim.mint_at(TokenKind::Access, home.sim.now() - TimeDelta::days(2));
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={old}\nFYERS_REFRESH_TOKEN={refresh}\n"));
    let renewal = asked(&home);
    assert_eq!((&renewal["reason"], &renewal["message"]), (&"refresh_disabled".into(), &expired.into()));
}

#[test]
fn the_banner_is_drawn_for_people() {
    let home = refreshing().set("KEEPER_LOG_FORMAT", "text");
    let keeper = home.start_ready();
    keeper.wait_status("a refreshed token", |status| status["session"]["state"] == "valid");
    let rule = "=".repeat(80);
    // Both banners are there once both times are.
    let whole = |log: &String| log.matches("⏰ Time: ").count() >= 2 && log.ends_with('\n');
    let log = wait_for("both banners", || Some(keeper.log()).filter(whole));
    for line in ["🔄 FYERS TOKEN REFRESH - Scheduled Daily Maintenance", "✅ TOKEN REFRESH SUCCESSFUL"] {
        assert!(log.contains(&format!("{rule}\n{line}\n{rule}\n⏰ Time: ")), "{log}");
    }
    assert!(!log.contains('\u{1b}'), "no colours in a file");
    assert!(!log.contains(&home.newest(TokenKind::Access)));
}

#[test]
fn answers_and_logs_do_not_mix() {
    let home = refreshing();
    let ran = home.run(&["refresh", "--json"]).exits(0);
    ran.json();
    let events: Vec<serde_json::Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().any(|line| line["event"] == "token.refresh.succeeded"), "{}", ran.err);
}

#[test]
fn debug_logs_hold_no_secret_either() {
    let home = refreshing().with_telegram().set("KEEPER_LOG", "trace");
    let keeper = home.start_ready();
    keeper.wait_status("a refreshed token", |status| status["session"]["state"] == "valid");
    home.wait_alert("TOKEN REFRESH SUCCESSFUL");
    let log = keeper.log() + &keeper.err();
    assert!(log.contains("\"level\":\"debug\"") || log.contains("\"level\":\"trace\""), "nothing to look at");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let bot = simulator::Telegram::default().bot_token;
    let mut secrets = vec![key.trim().to_owned(), bot, "SIMULATED1".to_owned()];
    secrets.extend(home.sim.state().tokens.into_iter().map(|token| token.token));
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {}", line.unwrap_or_default());
    }
}

/// What every line has.
const COMMON: [&str; 6] = ["timestamp", "ist", "level", "event", "message", "actor"];

/// Every line is one of the documented events with fields that are documented for it.
fn is_documented(log: &str, seen: &mut BTreeSet<String>) {
    let table = documented();
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let (event, level) = (line["event"].as_str().unwrap(), line["level"].as_str().unwrap());
        let known = table.get(event).unwrap_or_else(|| panic!("{event} is not documented: {line}"));
        assert!(known.levels.contains(level), "{event} at {level}: {line}");
        for (field, value) in line.as_object().unwrap() {
            let fits = COMMON.contains(&field.as_str()) || known.fields.contains(field);
            assert!(fits, "{field} is not documented for {event}: {line}");
            assert!(!value.is_null() && !value.is_object() && !value.is_array(), "{line}");
        }
        seen.insert(event.to_owned());
    }
}

#[test]
fn every_line_of_an_eventful_day_is_in_the_document() {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).with_telegram();
    home.sim.set_instant_login(true);
    let page = format!("http://127.0.0.1:{}", home.port);
    home.sim.set_redirect_uri(&format!("{page}/fyers/callback"));
    let home = home.set("FYERS_SANDBOX", "false").set("KEEPER_PUBLIC_URL", page);
    let home =
        home.set("KEEPER_PING_URL", "http://127.0.0.1:1/CANARY-0000-1111").set("KEEPER_FAVOURITE", "1234");
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let bot = Bot::of(&home, &keeper);
    bot.buy("NSE:SBIN-EQ");
    let logged = |event: &str| keeper.lines().iter().any(|line| line["event"] == event);
    let wait = |event: &'static str| wait_for(event, || logged(event).then_some(()));

    assert!(home.sim.kill(&token));
    bot.get("/api/v3/funds");
    wait("login.required");
    bot.buy("NSE:INFY-EQ");
    let card = wait_card(&home);
    home.sim.set_outage(Service::Telegram, true);
    press_through(&card.buttons().into_iter().find_map(|button| button.url).unwrap());
    keeper.wait_status("live again", |status| status["mode"] == "live");
    wait("alert.failed");
    home.sim.set_outage(Service::Telegram, false);
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    crate::support::post(&keeper.url("/api/fault/exchange"), Some(key.trim()));
    wait("actor.restarted");
    let log = keeper.log_path();
    assert!(keeper.stop().success());
    let log = std::fs::read_to_string(log).unwrap();

    let mut seen = BTreeSet::new();
    is_documented(&log, &mut seen);
    let wanted = [
        "keeper.started",
        "keeper.settings",
        "keeper.listening",
        "keeper.stopping",
        "token.state",
        "token.rejected",
        "login.required",
        "login.started",
        "login.completed",
        "exchange.switched",
        "order.placed",
        "order.simulated_meanwhile",
        "alert.queued",
        "alert.sent",
        "alert.failed",
        "actor.crashed",
        "actor.restarted",
        "keeper.panicked",
        "ping.failed",
    ];
    for event in wanted {
        assert!(seen.contains(event), "{event} did not happen: {seen:?}");
    }
}
