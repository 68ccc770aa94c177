//! Events of every kind, as the texts are looked at with.

mod lost;

use chrono::{DateTime, Utc};
use mock_exchange::sessions::Segment;

use lost::{lost_basket, taken_all_the_same, told_by_its_time, unread};

use crate::{
    alert::Severity,
    asked::Asked,
    event::{Death, Event, UnreadBook},
    keys::{BotName, LimitKind},
    mode::Mode,
    reason::Reason,
    routing::refused::Refused,
    secret::Fingerprint,
    session::StateName,
};

fn refused_request(what: &str, ids: &[&str]) -> Event {
    Event::OrderRejected {
        bot: Some(bot()),
        asked: Asked { what: what.into(), ids: ids.iter().map(|id| (*id).to_owned()).collect() },
        symbol: String::new(),
        quantity: 0,
        price: "0".into(),
        code: -51,
        message: "Please provide a valid order id".into(),
        taken_as: None,
    }
}

fn refused(quantity: i64, why: String, is_halted_entry: bool, is_simulated: bool) -> Event {
    Event::OrderRefused {
        bot: None,
        symbol: "NSE:SBIN-EQ".into(),
        quantity,
        why,
        is_halted_entry,
        is_bots_halt: false,
        is_simulated,
    }
}

pub(super) fn t(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn bot() -> BotName {
    BotName::new("scalper").unwrap()
}

pub(super) fn expires_at() -> DateTime<Utc> {
    t("2026-11-24T00:30:00Z")
}

/// The reasons that end in a login.
pub(super) const LOGIN_REASONS: [Reason; 18] = [
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

pub(super) fn token_events() -> Vec<Event> {
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
        Event::DatabasePutBack,
        Event::WrongKeys { client: "203.0.113.7".into(), count: 20 },
        Event::SimulatedMeanwhile { orders: 1 },
        Event::SimulatedMeanwhile { orders: 3 },
        Event::OrderOutcomeUnknown {
            bot: None,
            asked: Asked::default(),
            symbol: "NSE:SBIN-EQ".into(),
            quantity: 10,
            found: None,
            searched: false,
            orders: vec![],
            rows: vec![],
            token_refused: false,
            is_by_time: false,
            unread: None,
        },
        Event::OrderOutcomeUnknown {
            bot: None,
            asked: Asked::default(),
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -10,
            found: Some("26112300000017".into()),
            searched: true,
            orders: vec![],
            rows: vec!["26112300000017: sell 10 NSE:SBIN-EQ at ₹801.50 (10:00:01)".into()],
            token_refused: false,
            is_by_time: false,
            unread: None,
        },
        Event::OrderRejected {
            bot: None,
            asked: Asked::default(),
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -10,
            price: "800.5".into(),
            code: -99,
            message: "RED:Margin Shortfall".into(),
            taken_as: None,
        },
        Event::OrderOutcomeUnknown {
            bot: Some(bot()),
            asked: Asked { what: "place".into(), ids: vec![] },
            symbol: "NSE:SBIN-EQ".into(),
            quantity: 11,
            found: Some("26112300000017".into()),
            searched: true,
            orders: [("SBIN", 11, 17), ("INFY", 12, 18), ("ITC", 13, 19)]
                .map(|(name, quantity, id)| format!("buy {quantity} NSE:{name}-EQ as 261123000000{id}"))
                .into(),
            rows: [("SBIN", 11, 17), ("INFY", 12, 18), ("ITC", 13, 19)]
                .map(|(name, quantity, id)| {
                    format!("261123000000{id}: buy {quantity} NSE:{name}-EQ at market (10:00:00)")
                })
                .into(),
            token_refused: false,
            is_by_time: false,
            unread: None,
        },
        told_by_its_time(Some("26112300000017"), true),
        told_by_its_time(None, false),
        told_by_its_time(Some("26112300000017"), false),
        taken_all_the_same(),
        unread(UnreadBook::Yet, 10, false),
        unread(UnreadBook::Yet, -10, true),
        unread(UnreadBook::DayOver, 10, true),
        lost_basket(true),
        lost_basket(false),
        Event::OrderOutcomeUnknown {
            bot: Some(bot()),
            asked: Asked { what: "cancel".into(), ids: vec!["26112300000017".into()] },
            symbol: String::new(),
            quantity: 0,
            found: None,
            searched: false,
            orders: vec![],
            rows: vec![],
            token_refused: false,
            is_by_time: false,
            unread: None,
        },
        refused_request("cancel", &["26112300000017"]),
        refused_request("modify", &["26112300000017", "26112300000018"]),
        refused_request("exit", &[]),
        refused_request("convert", &[]),
        Event::PositionsUnreadable { over: false },
        Event::PositionsUnreadable { over: true },
        Event::PositionUnknown { symbol: "NSE:SBIN-EQ".into() },
        Event::PositionTurned { symbol: "NSE:SBIN-EQ".into(), from: 10, to: -10 },
        Event::PositionGrew { symbol: "NSE:SBIN-EQ".into(), from: 0, to: 10 },
        Event::SegmentJoined { segment: Segment::Mcx, symbol: "MCX:GOLDM26DECFUT".into() },
        Event::SimulatedLeft { positions: vec!["10 NSE:SBIN-EQ".into()], cancelled: vec![] },
        Event::SimulatedLeft {
            positions: vec!["10 NSE:SBIN-EQ".into()],
            cancelled: vec!["sell 10 NSE:SBIN-EQ".into()],
        },
        Event::SimulatedLeft {
            positions: vec![],
            cancelled: vec!["buy 10 NSE:SBIN-EQ".into(), "buy 5 NSE:INFY-EQ (GTT)".into()],
        },
        Event::SimulatedCleared { by: "Asha".into(), positions: 2 },
        Event::HaltChanged { halted: true, by: "A B".into(), waiting: vec![] },
        Event::HaltChanged { halted: true, by: "A B".into(), waiting: vec!["+50 NSE:TCS-EQ".into()] },
        Event::HaltChanged { halted: false, by: "A B".into(), waiting: vec![] },
        Event::TestAlert { severity: Severity::Warning },
        Event::DaySummary {
            day: crate::trading_day::DaySummary {
                date: "2026-11-23".parse().unwrap(),
                at_fyers: 12,
                simulated: 3,
                rejected: 2,
                rejected_by_mock: 4,
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
            words:
                "bot scalper has lost ₹512.50 today, and its key's max-loss is ₹500.00: entries are refused \
                    until tomorrow; exits pass"
                    .into(),
        },
        Event::OrderRejected {
            bot: Some(bot()),
            asked: Asked::default(),
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -10,
            price: "800.5".into(),
            code: -99,
            message: "RED:Margin Shortfall".into(),
            taken_as: None,
        },
        Event::OrderRejected {
            bot: Some(bot()),
            asked: Asked::default(),
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -10,
            price: "800.5".into(),
            code: 0,
            message: "RED:RULE:{Check circuit limit}".into(),
            taken_as: Some("26112300000017".into()),
        },
        Event::OrderRejected {
            bot: None,
            asked: Asked { what: "exit".into(), ids: vec![] },
            symbol: "NSE:SBIN-EQ".into(),
            quantity: -50,
            price: "0".into(),
            code: 0,
            message: "RED:Margin Shortfall".into(),
            taken_as: Some("26112300000018".into()),
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
        Event::LoginRequired { reason, code, wrong_pins: 0 }
    }));
    all
}

pub(super) fn trading_events() -> Vec<Event> {
    use Mode::{Live, Mock, Sandbox};
    let changed = |from, to, why| Event::ModeChanged { from, to, why, open: Some(vec![]) };
    let lost = |why, open| Event::ModeChanged { from: Live, to: Mock, why, open };
    let open = || vec!["+6 NSE:SBIN-EQ".to_owned(), "-75 NSE:NIFTY26NOV25000CE".to_owned()];
    let (symbol, why) = (
        "NSE:SBIN-EQ".to_owned(),
        "there is no good token, and the order would close a live position".to_owned(),
    );
    let simulated = Refused::SimulatedPosition { symbol: symbol.clone(), net: 10, real: Some(0) };
    vec![
        changed(Live, Mock, Reason::TokenRejected),
        lost(Reason::TokenRejected, Some(open())),
        lost(Reason::TokenRejected, None),
        lost(Reason::BrokerFault, Some((0..9).flat_map(|_| open()).collect())),
        lost(Reason::AppMismatch, Some(open())),
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
            sent: false,
        },
        Event::OrderSimulated {
            bot: None,
            id: "MOCK1".into(),
            symbol: symbol.clone(),
            quantity: -75,
            mode: Mock,
            why: Some(Reason::TokenUnconfirmed),
            sent: false,
        },
        Event::OrderSimulated {
            bot: None,
            id: "MOCK1".into(),
            symbol: symbol.clone(),
            quantity: 75,
            mode: Mock,
            why: Some(Reason::TokenRejected),
            sent: true,
        },
        Event::OrderSimulated {
            bot: None,
            id: "MOCK1".into(),
            symbol: symbol.clone(),
            quantity: 75,
            mode: Sandbox,
            why: None,
            sent: false,
        },
        Event::OrderPlaced { bot: None, id: "1".into(), symbol, quantity: 75 },
        refused(-75, why, false, false),
        refused(-10, simulated.to_string(), false, true),
        refused(75, Refused::Halted.to_string(), true, false),
    ]
}

pub(super) fn keeper_events() -> Vec<Event> {
    let missing: Vec<String> =
        ["Telegram: alerts go to the log only", "FYERS_PIN: no refresh", "a", "b"].map(str::to_owned).into();
    let started = |missing: &[String], (after_crash, after_loss, needs_login)| Event::KeeperStarted {
        version: "0.1.0".into(),
        commit: String::new(),
        missing: missing.to_vec(),
        after_crash,
        after_loss,
        needs_login,
    };
    vec![
        started(&[], (true, true, false)),
        started(&[], (false, false, false)),
        started(&[], (false, false, true)),
        started(&missing[..2], (false, false, false)),
        started(&missing, (true, false, false)),
        started(&missing, (true, false, true)),
        Event::KeeperStopping { handed_over: false, stands_by: false },
        Event::KeeperStopping { handed_over: true, stands_by: false },
        Event::KeeperStopping { handed_over: true, stands_by: true },
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

pub(crate) fn all_events() -> Vec<Event> {
    [keeper_events(), token_events(), trading_events(), lost::wrong_pins()].concat()
}
