//! `/metrics` has every metric with its real value, and Prometheus' own tool finds nothing to complain of.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use fyers_keeper::build_info;
use serde_json::{Value, json};
use simulator::{FaultRule, Options, endpoint};

use crate::{
    browserless::{Answer, day, get, key, log_in, send},
    support::{Home, Keeper, wait_for},
};

/// Runs `promtool` with this input and returns what it says.
pub(crate) fn promtool(args: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new("promtool")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is missing: scripts/test installs it");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    (output.status.success(), said)
}

pub(crate) fn scrape(keeper: &Keeper) -> String {
    let answer = get(keeper, "/metrics", &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    answer.body
}

/// The value of one series, as it is written.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("fyers_keeper_{series} ")));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

fn ask(keeper: &Keeper, key: &str, path: &str) -> Answer {
    send(|client| client.get(keeper.url(path)).header("authorization", format!("X:{key}")))
}

/// How many alerts of all severities ended so.
fn alerts(text: &str, outcome: &str) -> f64 {
    let of = |severity| {
        value(
            text,
            &format!("alerts_total{{channel=\"chat\",outcome=\"{outcome}\",severity=\"{severity}\"}}"),
        )
    };
    ["info", "warning", "critical"].map(of).iter().sum()
}

/// The metrics, when the status before and after them says the same of the alerts: they come behind what they tell of,
/// so one may be queued at any moment. Both count the same then, and all that was queued has been delivered.
fn settled(keeper: &Keeper) -> Option<String> {
    let outbox = || keeper.status()["outbox"].clone();
    let (before, text, after) = (outbox(), scrape(keeper), outbox());
    let quiet = before == after && after["waiting"] == 0 && after["queued"] == after["delivered"];
    (quiet && Some(alerts(&text, "queued")) == after["queued"].as_f64()).then_some(text)
}

#[test]
fn a_morning_in_numbers() {
    let home = day().with_telegram().set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    let before = scrape(&keeper);
    assert_eq!(value(&before, "mode{mode=\"mock\"}"), 1.0);
    assert_eq!(value(&before, "token_state{state=\"login_required\"}"), 1.0);
    assert_eq!(value(&before, "token_expiry_timestamp_seconds"), 0.0);
    assert_eq!((value(&before, "token_needed"), value(&before, "token_usable")), (1.0, 0.0));

    let key = key(&home);
    let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY", "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let placed = send(|client| {
        client
            .post(keeper.url("/api/v3/orders/sync"))
            .header("authorization", format!("X:{key}"))
            .json(&order)
    });
    assert_eq!(placed.status, 200, "{placed:?}");
    log_in(&home, &keeper);
    let status = keeper.wait_status("live", |status| status["mode"] == "live");
    assert_eq!(ask(&keeper, &key, "/api/v3/profile").status, 200);
    assert_eq!(ask(&keeper, "wrong", "/api/v3/profile").status, 401);
    assert_eq!(ask(&keeper, "wrong", "/api/v3/no/such/path").status, 401);
    let text = wait_for("numbers of a quiet moment", || settled(&keeper));
    let until = chrono::DateTime::parse_from_rfc3339(status["session"]["expires_at"].as_str().unwrap());
    assert_eq!(value(&text, "token_expiry_timestamp_seconds"), until.unwrap().timestamp() as f64);
    for (series, wanted) in [
        ("mode{mode=\"live\"}", 1.0),
        ("mode{mode=\"mock\"}", 0.0),
        ("token_state{state=\"valid\"}", 1.0),
        ("mode_switches_total{from=\"mock\",reason=\"logged_in\",to=\"live\"}", 1.0),
        ("logins_total{outcome=\"success\"}", 1.0),
        ("logins_total{outcome=\"failure\"}", 0.0),
        ("orders_simulated_today", 1.0),
        ("actor_restarts_total{actor=\"token\"}", 0.0),
        ("alert_outbox_size{channel=\"chat\"}", 0.0),
        (
            "gateway_requests_total{bot=\"default\",mode=\"mock\",route=\"/api/v3/orders/sync\",status=\"200\"}",
            1.0,
        ),
        (
            "gateway_requests_total{bot=\"default\",mode=\"live\",route=\"/api/v3/profile\",status=\"200\"}",
            1.0,
        ),
        ("gateway_requests_total{bot=\"none\",mode=\"none\",route=\"/api/v3/profile\",status=\"401\"}", 1.0),
        ("gateway_requests_total{bot=\"none\",mode=\"none\",route=\"other\",status=\"401\"}", 1.0),
        ("gateway_request_duration_seconds_count{mode=\"live\"}", 1.0),
        ("gateway_request_duration_seconds_count{mode=\"none\"}", 2.0),
        ("broker_request_duration_seconds_count{answer=\"2xx\",endpoint=\"/validate-authcode\"}", 1.0),
        ("calendar_valid_until_timestamp_seconds", 1_798_741_800.0),
    ] {
        assert_eq!(value(&text, series), wanted, "{series}");
    }
    // The keeper's own checks of the token, and the bot's call.
    assert!(
        value(&text, "broker_request_duration_seconds_count{answer=\"2xx\",endpoint=\"/profile\"}") >= 2.0
    );
    assert!(alerts(&text, "sent") >= 1.0 && alerts(&text, "failed") == 0.0);
    assert!(value(&text, "resident_memory_bytes") > 1e6);
    assert!(!text.contains(&key) && !text.contains("XX00001"), "a secret or an account in a label");

    let (good, said) = promtool(&["check", "metrics"], &text);
    assert!(good && said.is_empty(), "{said}");
}

#[test]
fn every_metric_is_there_from_the_start_and_well_formed() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let text = scrape(&keeper);
    for name in [
        "token_expiry_timestamp_seconds gauge",
        "token_state gauge",
        "mode gauge",
        "mode_switches_total counter",
        "refresh_attempts_total counter",
        "logins_total counter",
        "actor_restarts_total counter",
        "alerts_total counter",
        "alert_outbox_size gauge",
        "gateway_requests_total counter",
        "gateway_request_duration_seconds histogram",
        "broker_request_duration_seconds histogram",
        "calendar_valid_until_timestamp_seconds gauge",
        "build_info gauge",
    ] {
        assert!(text.contains(&format!("# TYPE fyers_keeper_{name}\n")), "no {name} in\n{text}");
    }
    let (version, commit) = (build_info::VERSION, build_info::COMMIT);
    assert_eq!(value(&text, &format!("build_info{{commit=\"{commit}\",version=\"{version}\"}}")), 1.0);
    let (good, said) = promtool(&["check", "metrics"], &text);
    assert!(good && said.is_empty(), "{said}");
}

#[test]
fn failures_are_counted_by_what_they_are() {
    let home = day();
    let refresh = home.sim.mint(simulator::TokenKind::Refresh);
    home.append_env(&format!("FYERS_REFRESH_TOKEN={refresh}\n"));
    home.sim.inject(FaultRule::once(endpoint::VALIDATE_REFRESH_TOKEN, simulator::Fault::Reset));
    let keeper = home.start_ready();
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    let refused = "refresh_attempts_total{outcome=\"failure\",reason=\"refresh_disabled\"}";
    let unreachable = "refresh_attempts_total{outcome=\"failure\",reason=\"unreachable\"}";
    // The numbers come behind what they tell of.
    let text = wait_for("both attempts", || {
        let text = scrape(&keeper);
        ((value(&text, refused), value(&text, unreachable)) == (1.0, 1.0)).then_some(text)
    });
    let calls = |answer: &str| {
        let labels = format!("answer=\"{answer}\",endpoint=\"/validate-refresh-token\"");
        value(&text, &format!("broker_request_duration_seconds_count{{{labels}}}"))
    };
    assert_eq!((calls("none"), calls("4xx")), (1.0, 1.0));
}

#[test]
fn a_muted_alert_is_counted_as_what_it_is() {
    let home = day().with_telegram();
    let keeper = home.start_ready();
    let settled = || keeper.wait_status("an empty outbox", |status| status["outbox"]["waiting"] == 0);
    let say = |text: &str, answer: &str| {
        home.sim.write(simulator::Writing { from: 42, text: text.into(), ..Default::default() });
        home.wait_alert(answer);
    };
    let sent = |severity: &str| {
        value(
            &scrape(&keeper),
            &format!("alerts_total{{channel=\"chat\",outcome=\"sent\",severity=\"{severity}\"}}"),
        )
    };
    home.wait_alert("login needed");
    say("/mute 30", "No sound until");
    settled();
    let before = ["info", "warning", "critical"].map(sent);
    say("/test", "Three test alerts");
    wait_for("three more", || {
        let after = ["info", "warning", "critical"].map(sent);
        (after == before.map(|count| count + 1.0)).then_some(())
    });
}

#[test]
fn a_crash_shows_in_the_numbers() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let fault = crate::support::post(&keeper.url("/api/fault/clock"), Some(&key(&home)));
    assert_eq!(fault.unwrap().0, 202);
    wait_for("the restart", || {
        (value(&scrape(&keeper), "actor_restarts_total{actor=\"clock\"}") == 1.0).then_some(())
    });
    keeper.wait_status("up again", |status| status["actors"]["clock"]["alive"] == true);
    assert_eq!(value(&scrape(&keeper), "actor_up{actor=\"clock\"}"), 1.0);
}

#[test]
fn the_status_is_health_json() {
    let home = day();
    let keeper = home.start_ready();
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    let answer = get(&keeper, "/api/status", &[]);
    assert_eq!(answer.header("content-type"), "application/health+json");
    let status: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(status["status"], "warn", "a trading day without a token");
    let check = &status["checks"]["session:token"][0];
    assert_eq!((&check["status"], &check["observedValue"]), (&json!("warn"), &json!("login_required")));
    assert!(check["output"].is_string() && check["time"].is_string(), "{check}");
    for (name, checks) in status["checks"].as_object().unwrap() {
        assert!(name.contains(':') && !checks.as_array().unwrap().is_empty(), "{name}");
        for check in checks.as_array().unwrap() {
            assert!(check["componentType"].is_string(), "{check}");
            assert!(["pass", "warn", "fail"].contains(&check["status"].as_str().unwrap()));
        }
    }
    let actors = status["checks"]["actors:restarts"].as_array().unwrap();
    assert_eq!(actors.len(), status["actors"].as_object().unwrap().len());
    log_in(&home, &keeper);
    let status = keeper.wait_status("well", |status| status["status"] == "pass");
    assert_eq!(status["checks"]["session:token"][0]["status"], "pass");
    assert_eq!(status["calendar"]["next_holiday"]["date"], "2026-11-24");
}
