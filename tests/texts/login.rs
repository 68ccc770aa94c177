//! Reasons, and how a login went.

use fyers_keeper::app::login::LoginReport;
use keeper_domain::{
    mode::ShownMode,
    reason::Reason,
    session::{
        SessionView,
        login::{LoginFailure, StateRefusal},
    },
};

fn reasons() -> Vec<Reason> {
    let all: Vec<Reason> = include_str!("../../crates/domain/src/reason.rs")
        .split('"')
        .skip(1)
        .step_by(2)
        .filter_map(|slug| serde_json::from_value(serde_json::Value::String(slug.to_owned())).ok())
        .collect();
    assert!(all.len() > 30, "the names are found in the source");
    all
}

#[test]
fn reasons_and_logins() {
    let because: Vec<String> =
        reasons().iter().map(|reason| format!("{}: Because {}.", reason.slug(), reason.words())).collect();
    let states = [StateRefusal::Unknown, StateRefusal::Expired, StateRefusal::Used, StateRefusal::Unfinished]
        .map(LoginFailure::State);
    let refused = reasons().into_iter().map(|reason| LoginFailure::Refused { reason, code: Some(-16) });
    let held = LoginFailure::Held { until: "2026-11-23T03:33:20Z".parse().unwrap() };
    let failures =
        states.into_iter().chain([LoginFailure::Busy, LoginFailure::NotWritten, held]).chain(refused);
    let session = SessionView {
        holder: Some("ASHA RAO".to_owned()),
        expires_at: Some("2026-11-24T00:30:00Z".parse().unwrap()),
        ..SessionView::default()
    };
    let mut reports: Vec<LoginReport> = failures.map(LoginReport::failed).collect();
    let modes = [ShownMode::Live, ShownMode::Sandbox, ShownMode::Mock, ShownMode::Halted];
    reports.extend(modes.map(|mode| LoginReport::done(&session, mode, false)));
    reports.push(LoginReport::done(&session, ShownMode::Live, true));
    reports.extend([
        LoginReport::denied(Some(-1), "user cancelled"),
        LoginReport::denied(None, ""),
        LoginReport::unreadable("hello"),
        LoginReport::unreadable("https://keeper.example/fyers/callback?s=ok&code=200"),
        LoginReport::unreadable("https://keeper.example/fyers/callback?auth_code=eyJ0.cut"),
        LoginReport::not_back_from_login("s=ok&code=200"),
        LoginReport::not_back_from_login("auth_code=eyJ0.cut"),
        LoginReport::not_back_from_login("auth_code=eyJ0.eyJ0.cut"),
        LoginReport::silent(),
    ]);
    let mut texts: Vec<String> = reports.iter().map(LoginReport::text).collect();
    texts.dedup();
    crate::golden("login", &format!("{}\n\n{}", because.join("\n"), texts.join("\n\n")));
}
