//! All texts, as a phone shows them, and the rules they keep.

use chrono::{DateTime, Utc};
use mock_exchange::sessions::Segment;
use proptest::prelude::*;

use super::context;
use crate::alert::{Outgoing, Severity};
use crate::{
    alerts::{
        render::plain,
        texts::{Context, alert_for},
        words::{ROWS, WIDTH},
    },
    event::{Death, Event, Recorded},
    keys::{BotName, LimitKind},
    mode::Mode,
    reason::Reason,
    secret::Fingerprint,
    session::StateName,
};

fn t(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn bot() -> BotName {
    BotName::new("scalper").unwrap()
}

fn expires_at() -> DateTime<Utc> {
    t("2026-11-24T00:30:00Z")
}

/// The reasons that end in a login.
const LOGIN_REASONS: [Reason; 18] = [
    Reason::RefreshDisabled,
    Reason::RefreshTokenExpired,
    Reason::RefreshTokenRejected,
    Reason::RefreshTokenMissing,
    Reason::PinMissing,
    Reason::PinRejected,
    Reason::AppHashRejected,
    Reason::AppUnknown,
    Reason::PermissionMissing,
    Reason::Refused,
    Reason::AppMismatch,
    Reason::AccountMismatch,
    Reason::ClockSkew,
    Reason::NeverLoggedIn,
    Reason::NoCredentials,
    Reason::LoggedOut,
    Reason::TokenRejected,
    Reason::TokenExpired,
];

fn token_events() -> Vec<Event> {
    let fingerprint = Fingerprint::of("x");
    let expires_at = expires_at();
    let since = t("2026-11-23T03:15:00Z");
    let reason = Reason::Unreachable;
    let late = |urgent, unconfirmed| Event::TokenDelayed { reason, since, attempts: 7, urgent, unconfirmed };
    let mut all = vec![
        Event::RefreshSucceeded { fingerprint: fingerprint.clone(), expires_at, attempts: 1 },
        Event::LoginSucceeded { fingerprint: fingerprint.clone(), expires_at, by: None },
        Event::TokenGood { fingerprint, expires_at },
        Event::LoginFailed { reason: Reason::AccountMismatch, code: None },
        Event::StrangerWrote { user: 123_456_789 },
        Event::SecondPoller,
        Event::WrongKeys { client: "203.0.113.7".into(), count: 20 },
        Event::SimulatedMeanwhile { orders: 1 },
        Event::SimulatedMeanwhile { orders: 3 },
        Event::OrderOutcomeUnknown {
            symbol: "NSE:SBIN-EQ".into(),
            quantity: 10,
            found: None,
            searched: false,
        },
        Event::OrderOutcomeUnknown {
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -10,
            found: Some("26112300000017".into()),
            searched: true,
        },
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
        Event::HaltChanged { halted: true, by: "A B".into() },
        Event::HaltChanged { halted: false, by: "A B".into() },
        Event::TestAlert { severity: Severity::Warning },
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
        Event::KeyAdded { bot: bot(), ceiling: Mode::Sandbox, read_only: false, by: "A B".into() },
        Event::KeyAdded { bot: bot(), ceiling: Mode::Live, read_only: true, by: "A B".into() },
        Event::KeyRotated { bot: bot(), by: "A B".into() },
        Event::KeyRemoved { bot: bot(), by: "A B".into() },
        Event::KeyHalted { bot: bot(), halted: true, by: "A B".into() },
        Event::KeyHalted { bot: bot(), halted: false, by: "A B".into() },
        Event::KeyLimitReached {
            bot: bot(),
            limit: LimitKind::Loss,
            words: "bot scalper has lost 512.5 INR today, and its key's max-loss is 500 INR: entries are refused \
                    until tomorrow; exits pass"
                .into(),
        },
        Event::OrderRejected {
            bot: Some(bot()),
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -10,
            price: "800.5".into(),
            code: -99,
            message: "RED:Margin Shortfall".into(),
        },
        Event::OrdersNotAllowed {
            symbol: "NSE:SBIN-EQ".into(),
            app: "ABCD1234EF-100".into(),
            address: Some("203.0.113.7".into()),
            expected: Some("203.0.113.9".into()),
        },
        late(false, false),
        late(true, false),
        late(false, true),
        late(true, true),
        Event::DayGivenUp { trade_date: "2026-11-23".parse().unwrap(), reason: Reason::BrokerFault },
    ];
    let ends_at = t("2026-11-28T04:00:00Z");
    all.extend([5, 1, 0].map(|days_left| Event::RefreshTokenEnding { days_left, ends_at }));
    all.extend(LOGIN_REASONS.map(|reason| {
        let code = match reason {
            Reason::RefreshDisabled => Some(-16),
            Reason::AppHashRejected => Some(-371),
            _ => None,
        };
        Event::LoginRequired { reason, code }
    }));
    all
}

fn trading_events() -> Vec<Event> {
    use Mode::{Live, Mock, Sandbox};
    let changed = |from, to, why| Event::ModeChanged { from, to, why };
    let (symbol, why) = (
        "NSE:SBIN-EQ".to_owned(),
        "there is no good token, and the order would close a live position".to_owned(),
    );
    vec![
        changed(Live, Mock, Reason::TokenRejected),
        changed(Sandbox, Mock, Reason::TokenRejected),
        changed(Live, Mock, Reason::Halted),
        changed(Mock, Live, Reason::Verified),
        changed(Mock, Sandbox, Reason::Verified),
        changed(Live, Mock, Reason::TokenExpired),
        changed(Mock, Live, Reason::Refreshed),
        Event::OrderSimulated {
            bot: None,
            id: "MOCK1".into(),
            symbol: symbol.clone(),
            quantity: -75,
            mode: Mock,
            why: None,
        },
        Event::OrderSimulated {
            bot: None,
            id: "MOCK1".into(),
            symbol: symbol.clone(),
            quantity: -75,
            mode: Mock,
            why: Some(Reason::TokenUnconfirmed),
        },
        Event::OrderSimulated {
            bot: None,
            id: "MOCK1".into(),
            symbol: symbol.clone(),
            quantity: 75,
            mode: Sandbox,
            why: None,
        },
        Event::OrderPlaced { bot: None, id: "1".into(), symbol: symbol.clone(), quantity: 75 },
        Event::OrderRefused { bot: None, symbol, quantity: -75, why },
    ]
}

fn keeper_events() -> Vec<Event> {
    let missing: Vec<String> =
        ["Telegram: alerts go to the log only", "FYERS_PIN: no refresh", "a", "b"].map(str::to_owned).into();
    let started = |missing: &[String], after_crash| Event::KeeperStarted {
        version: "0.1.0".into(),
        commit: String::new(),
        missing: missing.to_vec(),
        after_crash,
    };
    vec![
        started(&[], false),
        started(&missing[..2], false),
        started(&missing, true),
        Event::KeeperStopping,
        Event::Ticked { trade_date: "2026-11-23".parse().unwrap(), late: true },
        Event::TickSkipped { date: "2026-11-24".parse().unwrap(), holiday: "Guru Nanak Jayanti".into() },
        Event::CalendarUncovered { year: 2027 },
        Event::ClockStepped { seconds: -45 },
        Event::ClockStepped { seconds: 7_500 },
        Event::SessionChanged {
            from: StateName::Valid,
            to: StateName::Checking,
            why: Reason::TokenRejected,
            expires_at: None,
            fingerprint: None,
        },
        Event::RefreshStarted { attempt: 1, current: "expired".into() },
        Event::RefreshFailed { attempt: 1, reason: Reason::BadAnswer, code: None, retry_in_s: Some(2) },
        Event::SymbolsNotRenewed { why: "NSE_FO: HTTP 503".into(), as_of: Some(t("2026-11-22T02:30:00Z")) },
        Event::SymbolsNotRenewed {
            why: "NSE_FO: HTTP 503; NSE_CM: the connection failed".into(),
            as_of: None,
        },
        Event::SymbolsLoaded { symbols: 80_787, as_of: t("2026-11-23T02:30:00Z") },
        Event::EnvFileFailed {
            problem: ".env: no space left on the disk. Free some space; the keeper's own copy is safe."
                .into(),
        },
        Event::ActorCrashed { actor: "token".into(), death: Death::Panic },
        Event::ActorCrashed { actor: "exchange".into(), death: Death::TaskPanic },
        Event::ActorRestarted { actor: "token".into(), restarts: 1 },
        Event::ActorGaveUp { actor: "exchange".into() },
    ]
}

fn all_events() -> Vec<Event> {
    [keeper_events(), token_events(), trading_events()].concat()
}

/// Live and sandbox, simulating and refusing.
fn contexts() -> Vec<(&'static str, Context)> {
    let hint = "get an access token by the FYERS login, put it in FYERS_ACCESS_TOKEN in .env and restart.";
    let without_page = |live, reject_without_token| Context {
        login_hint: hint.to_owned(),
        live,
        reject_without_token,
        ..context()
    };
    vec![
        ("live", context()),
        ("live, without a login page", without_page(true, false)),
        ("live, refusing without a token", without_page(true, true)),
        ("sandbox", without_page(false, false)),
        ("sandbox, refusing without a token", without_page(false, true)),
    ]
}

/// The message as it is sent.
fn message(event: &Event, context: &Context) -> Option<Outgoing> {
    let recorded = Recorded { id: 7, at: t("2026-11-23T04:32:00Z"), event: event.clone() };
    alert_for(&recorded, context).map(|alert| Outgoing {
        id: 7,
        event_id: alert.event_id,
        event: alert.event,
        at: alert.at,
        last_at: alert.at,
        count: 1,
        severity: alert.severity,
        key: alert.key,
        text: alert.text,
        items: vec![alert.item],
        attempts: 0,
    })
}

/// What a person sees for each event; `told` holds the messages already shown.
fn shown(context: &Context, told: &mut Vec<String>) -> String {
    let mut sheet = String::new();
    for event in all_events() {
        let heading = format!("{event:?}").chars().take(96).collect::<String>();
        let text = match message(&event, context) {
            None => "(no message)".to_owned(),
            Some(alert) => format!("[{}] [{}]\n{}", alert.severity.slug(), alert.key, plain(&alert)),
        };
        if !told.contains(&text) || text == "(no message)" && told.is_empty() {
            sheet.push_str(&format!("-- {heading}\n{text}\n\n"));
        }
        told.push(text);
    }
    sheet
}

#[test]
fn every_text_as_a_person_reads_it() {
    let mut told = Vec::new();
    let mut settings = insta::Settings::clone_current();
    // With all other texts, for review in one place.
    settings.set_snapshot_path("../../../../../tests/texts/golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, context) in contexts() {
        let name = format!("alerts_{}", name.replace([' ', ','], "_"));
        settings.bind(|| insta::assert_snapshot!(name, shown(&context, &mut told)));
    }
}

fn check(event: &Event, context: &Context) {
    let Some(alert) = message(event, context) else { return };
    let text = plain(&alert);
    assert!(text.lines().count() <= ROWS + 1, "too many rows:\n{text}");
    assert!(text.encode_utf16().count() <= 4096);
    let long = text.lines().find(|row| row.chars().count() > WIDTH + 4);
    assert_eq!(long, None, "too long a row");
    assert!(text.ends_with("#K-20261123-7"), "{text}");
    assert!(["ℹ️ ", "⚠️ ", "🚨 "].iter().any(|sign| text.starts_with(sign)), "{text}");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}

#[test]
fn every_text_keeps_the_rules() {
    for (_, context) in contexts() {
        all_events().iter().for_each(|event| check(event, &context));
    }
}

#[test]
fn every_loud_text_says_what_it_means_for_trading() {
    for (_, context) in contexts() {
        for event in all_events() {
            let Some(alert) = message(&event, &context) else { continue };
            assert!(alert.text.contains("\nTrading: ") || alert.text.contains("\nNot set"), "{}", alert.text);
            // A holiday wants nothing; three causes are three things to look at.
            let tells_else = matches!(event, Event::TickSkipped { .. } | Event::OrdersNotAllowed { .. });
            assert!(tells_else || alert.text.contains("\nNext: "), "{}", alert.text);
        }
    }
}

#[test]
fn a_login_hint_is_whole_wherever_a_login_helps() {
    let helpless = [Reason::AppHashRejected, Reason::AppUnknown, Reason::NoCredentials];
    for (_, context) in contexts() {
        for reason in LOGIN_REASONS.into_iter().filter(|reason| !helpless.contains(reason)) {
            let text = message(&Event::LoginRequired { reason, code: Some(-1) }, &context).unwrap().text;
            assert!(text.replace('\n', " ").contains(&context.login_hint), "{text}");
        }
    }
}

#[test]
fn a_person_is_never_shown_an_internal_name() {
    let setting = |word: &str| {
        ["FYERS_", "TELEGRAM_"].iter().any(|own| word.starts_with(own)) || word.starts_with("KEEPER_")
    };
    for (_, context) in contexts() {
        for event in all_events() {
            let Some(alert) = message(&event, &context) else { continue };
            for word in alert.text.split_whitespace().filter(|word| !setting(word)) {
                let internal = ["_", "Actor", "panic", "None", "Some("].iter().find(|it| word.contains(**it));
                assert_eq!(internal, None, "{}", alert.text);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_hostile_string_breaks_a_text(hostile in any::<String>(), number in any::<i64>(), year in any::<i32>()) {
        let (symbol, quantity) = (hostile.clone(), number);
        let long = hostile.repeat(40);
        for event in [
            Event::KeeperStarted { version: long.clone(), commit: long.clone(), missing: vec![long.clone(), hostile.clone()], after_crash: true },
            Event::TickSkipped { date: "2026-11-24".parse().unwrap(), holiday: long.clone() },
            Event::CalendarUncovered { year },
            Event::ClockStepped { seconds: number },
            Event::EnvFileFailed { problem: long.clone() },
            Event::SymbolsNotRenewed { why: long.clone(), as_of: None },
            Event::OrderRefused { bot: None, symbol: symbol.clone(), quantity, why: long.clone() },
            Event::OrderSimulated { bot: None, id: long.clone(), symbol, quantity, mode: Mode::Mock, why: None },
            Event::ActorRestarted { actor: long.clone(), restarts: 1 },
            Event::ActorGaveUp { actor: long },
            Event::RefreshTokenEnding { days_left: number, ends_at: DateTime::<Utc>::MAX_UTC },
        ] {
            check(&event, &context());
        }
    }
}
