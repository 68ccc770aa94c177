use crate::{
    alert::Severity, clock::sessions::Segment, event::Death, login_origin::LoginOrigin, mode::Mode,
    reason::Reason, secret::Fingerprint, session::StateName,
};

use super::*;

/// One of each.
fn all() -> Vec<Event> {
    let at = DateTime::parse_from_rfc3339("2026-11-24T06:00:00+05:30").unwrap().to_utc();
    let (date, reason, code) = (ist(at).date_naive(), Reason::Unreachable, None);
    let (fingerprint, symbol) = (|| Fingerprint::of("x"), || "NSE:SBIN-EQ".to_owned());
    let (quantity, id) = (-10, || "26112300000001".to_owned());
    vec![
        Event::KeeperStarted {
            version: "1.2.3".into(),
            commit: String::new(),
            missing: vec![],
            after_crash: false,
        },
        Event::KeeperStarted {
            version: "1.2.3".into(),
            commit: String::new(),
            missing: vec![],
            after_crash: true,
        },
        Event::KeeperStopping,
        Event::Ticked { trade_date: date, late: false },
        Event::Ticked { trade_date: date, late: true },
        Event::TickSkipped { date, holiday: "Christmas".into() },
        Event::CalendarUncovered { year: 2027 },
        Event::ClockStepped { seconds: -90 },
        Event::SessionChanged {
            from: StateName::Valid,
            to: StateName::LoginRequired,
            why: Reason::TokenRejected,
            expires_at: None,
            fingerprint: None,
        },
        Event::RefreshStarted { attempt: 2, current: String::new() },
        Event::RefreshFailed { attempt: 2, reason, code, retry_in_s: None },
        Event::RefreshSucceeded { fingerprint: fingerprint(), expires_at: at, attempts: 1 },
        Event::LoginStarted,
        Event::LoginFailed { reason: Reason::CodeRejected, code },
        Event::LoggedOut,
        Event::StrangerWrote { user: 7 },
        Event::SecondPoller,
        Event::OrderRejected {
            bot: None,
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -10,
            price: "800.5".into(),
            code: -99,
            message: "RED:Margin Shortfall".into(),
        },
        Event::PositionsUnreadable { over: false },
        Event::PositionsUnreadable { over: true },
        Event::PositionUnknown { symbol: "NSE:SBIN-EQ".into() },
        Event::SegmentJoined { segment: Segment::Mcx, symbol: "MCX:GOLDM26DECFUT".into() },
        Event::SimulatedLeft { positions: vec!["10 NSE:SBIN-EQ".into()] },
        Event::SimulatedCleared { by: "Asha".into(), positions: 2 },
        Event::WrongKeys { client: "203.0.113.7".into(), count: 20 },
        Event::HaltChanged { halted: true, by: "Asha".into() },
        Event::HaltChanged { halted: false, by: "Asha".into() },
        Event::TestAlert { severity: Severity::Info },
        Event::LoginSucceeded { fingerprint: fingerprint(), expires_at: at, by: None },
        Event::LoginSucceeded { fingerprint: fingerprint(), expires_at: at, by: Some(LoginOrigin::Card) },
        Event::TokenGood { fingerprint: fingerprint(), expires_at: at },
        Event::LoginRequired { reason: Reason::RefreshDisabled, code },
        Event::LoginReminder { urgent: true },
        Event::TokenDelayed { reason, since: at, attempts: 3, urgent: false, unconfirmed: false },
        Event::DayGivenUp { trade_date: date, reason },
        Event::RefreshTokenEnding { days_left: 3, ends_at: at },
        Event::SymbolsLoaded { symbols: 80_787, as_of: at },
        Event::SymbolsNotRenewed { why: "NSE_FO: HTTP 503".into(), as_of: Some(at) },
        Event::EnvFileFailed { problem: String::new() },
        Event::ModeChanged { from: Mode::Live, to: Mode::Mock, why: Reason::TokenExpired },
        Event::OrderSimulated {
            bot: None,
            id: id(),
            symbol: symbol(),
            quantity: 10,
            mode: Mode::Mock,
            why: None,
        },
        Event::SimulatedMeanwhile { orders: 4 },
        Event::OrderOutcomeUnknown { symbol: symbol(), quantity, found: None, searched: true },
        Event::OrderPlaced { bot: None, id: id(), symbol: symbol(), quantity },
        Event::OrderRefused {
            bot: None,
            symbol: symbol(),
            quantity,
            why: "it closes a live position".into(),
        },
        Event::OrdersNotAllowed { symbol: symbol(), app: String::new(), address: None, expected: None },
        Event::DaySummary {
            day: crate::trading_day::DaySummary {
                date: "2026-11-23".parse().unwrap(),
                at_fyers: 12,
                simulated: 3,
                rejected: 2,
                refused: 1,
                pnl: Some("-1234.50".into()),
                venue: crate::routing::Venue::Fyers,
                token: vec!["08:46 logged in".into(), "10:02 lost (FYERS rejected the token)".into()],
            },
        },
        Event::ActorCrashed { actor: "token".into(), death: Death::Panic },
        Event::ActorRestarted { actor: "token".into(), restarts: 1 },
        Event::ActorGaveUp { actor: "token".into() },
    ]
}

#[test]
fn each_event_has_words_of_its_own() {
    for event in all() {
        assert_ne!(line(&event), event.name());
    }
}

#[test]
fn the_words() {
    let lines: Vec<String> = all().iter().map(line).collect();
    let mut settings = insta::Settings::clone_current();
    // With all other texts, for review in one place.
    settings.set_snapshot_path("../../../../tests/texts/golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("events", lines.join("\n")));
}
