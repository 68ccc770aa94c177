//! A machine under test with its clock, and what brokers and people tell it.

pub(super) use std::time::Duration;

pub(super) use chrono::TimeDelta;
pub(super) use fyers_api::model::Profile;
pub(super) use serde_json::json;

use super::*;
pub(super) use crate::{
    broker_error::{BrokerError, Garble, Transport},
    clock::token_hours::MarketSession,
    note::NoteChange,
    ports::FreshTokens,
    secret::{AuthCode, RefreshToken},
    session::login::LoginFailure,
    session_state::{FAILED_LOGIN, FailedLogin},
};

/// A test's backend: a machine, a clock, and everything it has said so far.
pub(super) struct Backend {
    pub(super) machine: Machine,
    pub(super) now: DateTime<Utc>,
    pub(super) events: Vec<Event>,
    pub(super) effects: Vec<Effect>,
    pub(super) trading_day: bool,
    pub(super) skew: Option<TimeDelta>,
    /// All notes that were committed.
    pub(super) notes: Vec<NoteChange>,
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+05:30")).unwrap().to_utc()
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn access(end: DateTime<Utc>, mark: u32) -> AccessToken {
    let claims = json!({"sub": "access_token", "exp": end.timestamp(), "fy_id": "XX00001", "mark": mark});
    AccessToken::new(jwt::fake(&claims))
}

pub(super) fn refresh(end: DateTime<Utc>) -> RefreshToken {
    RefreshToken::new(jwt::fake(&json!({"sub": "refresh_token", "exp": end.timestamp()})))
}

pub(super) fn facts() -> Facts {
    Facts {
        app_id: Some("ABCD1234EF-100".into()),
        has_pin: true,
        credentials: "first".into(),
        account: None,
        asks_owner: false,
        refresh_days: 15,
    }
}

pub(super) fn profile(account: &str) -> Profile {
    Profile { fy_id: account.into(), name: "A B".into() }
}

pub(super) fn no(code: i64, message: &str) -> BrokerError {
    BrokerError::Refused { status: 400, code, message: message.into() }
}

pub(super) fn down() -> BrokerError {
    BrokerError::Transport(Transport::Connect)
}

pub(super) const DISABLED: &str = "Refresh token API is currently disabled to comply with SEBI regulations.";

impl Backend {
    pub(super) fn new(stored: StoredSession, now: &str) -> Self {
        Self::with(facts(), stored, now)
    }

    pub(super) fn with(facts: Facts, stored: StoredSession, now: &str) -> Self {
        let machine = Machine::new(facts, stored, None);
        Self {
            machine,
            now: at(now),
            events: vec![],
            effects: vec![],
            trading_day: true,
            skew: None,
            notes: vec![],
        }
    }

    /// A keeper that has a refresh token for ten more days, and yesterday's access token, on a Monday.
    pub(super) fn monday() -> Self {
        let stored = StoredSession {
            access: Some(access(at("2026-11-23T06:00"), 1)),
            refresh: Some(refresh(at("2026-12-03T06:00"))),
            account: Some("XX00001".into()),
            state: StateName::Expired,
            reason: Some(Reason::TokenExpired),
            ..StoredSession::default()
        };
        Self::new(stored, "2026-11-23T08:45")
    }

    pub(super) fn tell(&mut self, input: Input) -> &mut Self {
        let moment = Moment { now: self.now, session: self.session(), dice: 1.0, skew: self.skew };
        let (machine, step) = self.machine.clone().step(input, moment);
        self.machine = machine;
        self.effects = step.effects;
        let change = step.change.unwrap_or_default();
        self.events.extend(change.events.into_iter().map(|(_, event)| event));
        self.notes.extend(change.notes);
        self
    }

    /// The day's session, while it is open or coming.
    pub(super) fn session(&self) -> Option<MarketSession> {
        let today = ist::date(self.now);
        let at = |hour, minute| ist::instant(today, ist::at(hour, minute));
        let session = MarketSession { opens: at(9, 15), closes: at(15, 30) };
        Some(session).filter(|session| self.trading_day && self.now < session.closes)
    }

    pub(super) fn tick(&mut self) -> &mut Self {
        let trade_date = ist::date(self.now);
        self.tell(Input::Tick { trade_date, late: false })
    }

    pub(super) fn later(&mut self, seconds: i64) -> &mut Self {
        self.now += TimeDelta::seconds(seconds);
        self
    }

    pub(super) fn until(&mut self, when: &str) -> &mut Self {
        self.now = at(when);
        self
    }

    /// Answers the open refresh call.
    pub(super) fn refresh_says(&mut self, outcome: Result<FreshTokens, BrokerError>) -> &mut Self {
        let id = self.find(|effect| matches!(effect, Effect::CallRefresh(..)));
        self.tell(Input::Refreshed(id, outcome))
    }

    /// Answers the open login call.
    pub(super) fn login_says(&mut self, outcome: Result<FreshTokens, BrokerError>) -> &mut Self {
        let id = self.find(|effect| matches!(effect, Effect::CallLogin(..)));
        self.tell(Input::CodeRedeemed(id, outcome))
    }

    /// Answers the open profile call.
    pub(super) fn profile_says(&mut self, outcome: Result<Profile, BrokerError>) -> &mut Self {
        let id = self.find(|effect| matches!(effect, Effect::CheckToken(..) | Effect::ProveToken(..)));
        self.tell(Input::Profiled(id, outcome))
    }

    /// Lets the open wait pass; gives its length.
    pub(super) fn wait_over(&mut self) -> Duration {
        let wait = self.effects.iter().find_map(|effect| match effect {
            Effect::Wait(id, wait) => Some((*id, *wait)),
            _ => None,
        });
        let (id, wait) = wait.expect("nothing to wait for");
        self.later(wait.as_secs() as i64).tell(Input::Waited(id));
        wait
    }

    pub(super) fn find(&self, wanted: impl Fn(&Effect) -> bool) -> CallId {
        match self.effects.iter().find(|effect| wanted(effect)) {
            Some(
                Effect::CheckToken(id, _)
                | Effect::ProveToken(id, _)
                | Effect::CallRefresh(id, _)
                | Effect::CallLogin(id, _)
                | Effect::Wait(id, _),
            ) => *id,
            _ => panic!("no such call among {:?}", self.effects),
        }
    }

    /// The login that failed, as it is on disk.
    pub(super) fn noted_failure(&self) -> Option<FailedLogin> {
        let note = self.notes.iter().rev().find(|note| FAILED_LOGIN.is_in(note))?;
        serde_json::from_str(&note.json).unwrap()
    }

    pub(super) fn calls_refresh(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::CallRefresh(..)))
    }

    pub(super) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    pub(super) fn state(&self) -> (StateName, Reason) {
        (self.machine.state, self.machine.reason)
    }

    pub(super) fn usable(&self) -> Option<Fingerprint> {
        self.machine.view(self.now).usable.map(|token| token.fingerprint())
    }
}

pub(super) fn tomorrow() -> AccessToken {
    access(at("2026-11-24T06:00"), 2)
}

pub(super) fn fresh() -> FreshTokens {
    FreshTokens { access: tomorrow(), refresh: None }
}
