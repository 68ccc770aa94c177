use chrono::DateTime;
use keeper_domain::{keys::BotName, reason::Reason, secret::Fingerprint};

use super::*;

fn status() -> Status {
    let text = r#"{"status": "pass", "mode": "live", "reason": "verified", "halted": true, "token_needed": true,
        "session": {"state": "valid", "reason": "verified", "expires_at": "2026-11-24T06:00:00+05:30",
            "fingerprint": null, "source": "login", "account": null, "problem": null, "usable": true},
        "next_tick": "2026-11-24T08:45:00+05:30", "last_tick": null,
        "calendar": {"trading_day": true, "next_holiday": null, "covered_until": "2026-12-31"},
        "actors": {"token": {"alive": true, "restarts": 3}, "clock": {"alive": false, "restarts": 0}},
        "outbox": {"waiting": 2, "oldest": "2026-11-23T08:45:00+05:30", "queued": 5, "delivered": 3},
        "orders_simulated_today": 7, "version": "0", "time": "2026-11-23T09:00:00+05:30"}"#;
    serde_json::from_str(text).unwrap()
}

#[track_caller]
fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no {line:?} in\n{text}");
}

#[test]
fn gauges_are_what_the_status_says() {
    let text = Metrics::new().text(&status(), None).unwrap();
    let until = DateTime::parse_from_rfc3339("2026-11-24T06:00:00+05:30").unwrap().timestamp();
    let year_end = DateTime::parse_from_rfc3339("2027-01-01T00:00:00+05:30").unwrap().timestamp();
    has(&text, &format!("fyers_keeper_token_expiry_timestamp_seconds {until}"));
    has(&text, &format!("fyers_keeper_calendar_valid_until_timestamp_seconds {year_end}"));
    for line in [
        "token_state{state=\"valid\"} 1",
        "token_state{state=\"expired\"} 0",
        "mode{mode=\"live\"} 1",
        "mode{mode=\"mock\"} 0",
        "health{status=\"pass\"} 1",
        "token_usable 1",
        "token_needed 1",
        "trading_halted 1",
        "actor_up{actor=\"clock\"} 0",
        "actor_restarts_total{actor=\"token\"} 3",
        "alert_outbox_size{channel=\"chat\"} 2",
        "alert_outbox_size{channel=\"webhook\"} 0",
        "orders_simulated_today 7",
        "last_tick_timestamp_seconds 0",
    ] {
        has(&text, &format!("fyers_keeper_{line}"));
    }
    let (version, commit) = (crate::build_info::VERSION, crate::build_info::COMMIT);
    has(&text, &format!("fyers_keeper_build_info{{commit=\"{commit}\",version=\"{version}\"}} 1"));
}

#[test]
fn restarts_are_told_again_not_added_up() {
    let metrics = Metrics::new();
    metrics.text(&status(), None).unwrap();
    has(&metrics.text(&status(), None).unwrap(), "fyers_keeper_actor_restarts_total{actor=\"token\"} 3");
}

#[test]
fn counters_come_from_events() {
    let metrics = Metrics::new();
    let expires_at = chrono::Utc::now();
    let fingerprint = || Fingerprint::of("x");
    metrics.note(&Event::ModeChanged {
        from: keeper_domain::mode::Mode::Live,
        to: keeper_domain::mode::Mode::Mock,
        why: Reason::TokenRejected,
        open: None,
    });
    metrics.note(&Event::LoginSucceeded { fingerprint: fingerprint(), expires_at, by: None });
    metrics.note(&Event::LoginFailed { reason: Reason::CodeRejected, code: None });
    metrics.note(&Event::RefreshSucceeded { fingerprint: fingerprint(), expires_at, attempts: 2 });
    metrics.note(&Event::RefreshFailed {
        attempt: 1,
        reason: Reason::Unreachable,
        code: None,
        retry_in_s: Some(1),
    });
    metrics.alert(Channel::Chat, Severity::Critical, AlertOutcome::Failed);
    let text = metrics.text(&status(), None).unwrap();
    for line in [
        "mode_switches_total{from=\"live\",reason=\"token_rejected\",to=\"mock\"} 1",
        "mode_switches_total{from=\"mock\",reason=\"verified\",to=\"live\"} 0",
        "logins_total{outcome=\"success\"} 1",
        "logins_total{outcome=\"failure\"} 1",
        "refresh_attempts_total{outcome=\"success\",reason=\"refreshed\"} 1",
        "refresh_attempts_total{outcome=\"failure\",reason=\"unreachable\"} 1",
        "alerts_total{channel=\"chat\",outcome=\"failed\",severity=\"critical\"} 1",
        "alerts_total{channel=\"chat\",outcome=\"sent\",severity=\"info\"} 0",
    ] {
        has(&text, &format!("fyers_keeper_{line}"));
    }
}

#[test]
fn strangers_cannot_make_series() {
    let metrics = Metrics::new();
    let before = metrics.text(&status(), None).unwrap().lines().count();
    for n in 0..1_000 {
        metrics.gateway((None, None), &format!("/api/v3/{n}"), 401, Duration::from_millis(1));
        metrics.broker_timer()(&format!("/{n}"), None, Duration::from_millis(1));
    }
    let text = metrics.text(&status(), None).unwrap();
    has(
        &text,
        "fyers_keeper_gateway_requests_total{bot=\"none\",mode=\"none\",route=\"other\",status=\"401\"} 1000",
    );
    has(&text, "fyers_keeper_broker_request_duration_seconds_count{answer=\"none\",endpoint=\"other\"} 1000");
    assert!(text.lines().count() < before + 40);
}

#[test]
fn a_bot_reads_no_series_of_another() {
    let metrics = Metrics::new();
    let asked = |bot| metrics.gateway((Some(ShownMode::Mock), bot), "/profile", 200, Duration::ZERO);
    [Some("trial"), Some("other"), Some("default"), None].into_iter().for_each(asked);
    metrics.place_refused("other");
    let own = metrics.text(&status(), Some(&BotName::new("trial").unwrap())).unwrap();
    assert!(own.contains("bot=\"trial\"") && own.contains("bot=\"none\""), "{own}");
    assert!(!own.contains("bot=\"other\""), "{own}");
    assert!(!own.contains("bot=\"default\"") && own.contains("fyers_keeper_token_usable 1"), "{own}");
    assert!(metrics.text(&status(), None).unwrap().contains("bot=\"other\""));
}
