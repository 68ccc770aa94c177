//! The session's state machine: values in, values out.
//!
//! [`Machine::step`] takes one input and the moment it happened, and answers with what must be committed and
//! what must be done after that. It reads no clock, makes no call and draws no random number.
//!
//! What it guarantees, and `tests` checks on random histories:
//! a token is usable only after a profile call with it succeeded for the right account · the old token stays
//! in use until the new one has passed and is committed · one call at a time · no refresh after a final
//! refusal until something changed · every tick ends in a known outcome.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::{claims as jwt, ist};

use crate::{
    event::Event,
    ports::TickRecord,
    reason::Reason,
    secret::{AccessToken, Fingerprint},
    session::{SessionView, Source, StateName, bound::Bound, calls::Pending, logins::Logins, window},
    session_state::{FailedLogin, Grant, StoredSession},
};

pub use crate::session::{calls::CallId, logins::LoginId};
use announce::Before;
pub use inputs::{Decision, Effect, Facts, Input, Moment};

mod announce;
mod call;
mod inputs;
mod login;
#[cfg(test)]
mod login_tests;
#[cfg(test)]
mod login_walk;
#[cfg(test)]
mod newer_tests;
mod refresh;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;
mod watch;
#[cfg(test)]
mod wrong_pin_tests;

/// A refreshed token under check.
#[derive(Debug, Clone)]
struct Candidate {
    grant: Grant,
    /// Refresh calls it took.
    attempts: u32,
}

impl Candidate {
    /// See [`Machine::with_newer`].
    fn is_of_settings(&self) -> bool {
        self.grant.source == Source::Settings
    }
}

/// How loudly the present trouble has been told.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    since: DateTime<Utc>,
    reason: Reason,
    told: window::Stage,
}

/// The session, whole.
#[derive(Debug, Clone)]
pub struct Machine {
    facts: Facts,
    state: StateName,
    reason: Reason,
    stored: StoredSession,
    /// The held token passed a profile call and nothing has been said against it since.
    trusted: bool,
    candidate: Option<Candidate>,
    /// A newer token of the settings, which is proven before it takes the place of the held one.
    newer: Option<AccessToken>,
    tick: Option<TickRecord>,
    /// Calls that failed in the present series.
    failures: u32,
    pending: Pending,
    /// The refresh call that has not been answered yet, even if its outcome is no longer awaited.
    refresh_in_flight: Option<CallId>,
    /// Logins beside all that: they neither end nor delay the pending work, whoever made them.
    logins: Logins,
    /// Digests of tokens that were let go of: no old copy in the settings brings them back.
    bound: Bound,
    /// The account holder's name, once the broker told it.
    holder: Option<String>,
    next_call: CallId,
    trouble: Option<Trouble>,
    /// What went wrong with the latest way to a new token; forgotten when one comes.
    problem: Option<Reason>,
    /// Why the latest login failed; forgotten when a token comes or is let go of, and at the day's end.
    failed_login: Option<FailedLogin>,
    /// How many PINs FYERS has refused since it last gave a token: it locks the account after a few.
    wrong_pins: u32,
}

/// A machine in the middle of a step, with what has gathered so far.
struct Transition {
    m: Machine,
    at: Moment,
    events: Vec<Event>,
    effects: Vec<Effect>,
    tick: Option<TickRecord>,
}

impl Machine {
    /// A machine that remembers what the store says. Nothing is trusted until the broker was asked.
    pub fn new(facts: Facts, stored: StoredSession, last_tick: Option<TickRecord>) -> Self {
        let reason = stored.reason.unwrap_or(Reason::Starting);
        Self {
            facts,
            state: stored.state,
            reason,
            stored,
            trusted: false,
            candidate: None,
            newer: None,
            tick: last_tick,
            failures: 0,
            pending: Pending::Nothing,
            refresh_in_flight: None,
            logins: Logins::default(),
            bound: Bound::default(),
            holder: None,
            next_call: 1,
            trouble: None,
            problem: None,
            failed_login: None,
            wrong_pins: 0,
        }
    }

    /// The same after a restart of the actor alone: the program has seen the token proven and nobody has said
    /// anything against it, so it stays in use while it is proven again.
    pub fn resumed(self) -> Self {
        let trusted = self.state == StateName::Valid && self.stored.verified_at.is_some();
        Self { trusted, ..self }
    }

    /// With what its credentials are bound to.
    #[must_use]
    pub fn bound_to(self, bound: Bound) -> Self {
        Self { bound, ..self }
    }

    /// With a newer token of the settings that nobody has proven yet.
    #[must_use]
    pub fn with_newer(self, newer: Option<AccessToken>) -> Self {
        Self { newer, ..self }
    }

    /// With the login that failed before a restart, unless the credentials are others by now.
    #[must_use]
    pub fn recalling(self, failed: Option<FailedLogin>) -> Self {
        let failed_login = failed.filter(|failed| failed.credentials == self.facts.credentials);
        Self { failed_login, ..self }
    }

    /// With the PINs that FYERS has refused so far.
    #[must_use]
    pub fn after_wrong_pins(self, wrong_pins: u32) -> Self {
        Self { wrong_pins, ..self }
    }

    /// One input, one answer.
    pub fn step(self, input: Input, at: Moment) -> (Self, Decision) {
        let before = Before {
            state: self.state,
            view: self.view(at.now),
            stored: self.stored.clone(),
            bound: self.bound.clone(),
            failed_login: self.failed_login.clone(),
            wrong_pins: self.wrong_pins,
        };
        let mut turn = Transition { m: self, at, events: Vec::new(), effects: Vec::new(), tick: None };
        turn.take(input);
        turn.finish(&before)
    }

    /// What everyone may know.
    pub fn view(&self, now: DateTime<Utc>) -> SessionView {
        let claims = self.stored.access.as_ref().map(|token| jwt::claims(token.expose()));
        SessionView {
            state: self.state,
            reason: self.reason,
            expires_at: claims.as_ref().and_then(|claims| claims.expires_at),
            fingerprint: self.stored.access.as_ref().map(AccessToken::fingerprint),
            source: self.stored.source,
            account: self.stored.account.clone(),
            holder: self.holder.clone(),
            verified_at: self.stored.verified_at,
            problem: self.problem,
            failed_login: self.failed_login.as_ref().map(|failed| failed.reason),
            to_confirm: self.logins.to_confirm(now),
            usable: self.usable(now).cloned().map(Arc::new),
        }
    }

    /// The token that may be used right now.
    fn usable(&self, now: DateTime<Utc>) -> Option<&AccessToken> {
        let token = self.stored.access.as_ref()?;
        (self.trusted && self.held_until().is_some_and(|end| now < end)).then_some(token)
    }

    /// End of the held token. A token that does not tell its end is not one the keeper dares to use.
    fn held_until(&self) -> Option<DateTime<Utc>> {
        self.stored.access.as_ref()?.ends_at()
    }

    /// End of the refresh token: its `exp`, else its `iat` plus the configured days.
    pub fn refresh_until(&self) -> Option<DateTime<Utc>> {
        let claims = jwt::claims(self.stored.refresh.as_ref()?.expose());
        let days = chrono::TimeDelta::days(self.facts.refresh_days);
        claims.expires_at.or_else(|| claims.issued_at?.checked_add_signed(days))
    }

    /// The tick that still waits for its outcome.
    fn open_tick(&self) -> Option<TickRecord> {
        self.tick.filter(|tick| tick.done_at.is_none())
    }
}

impl Transition {
    fn take(&mut self, input: Input) {
        match input {
            Input::Started => self.started(),
            Input::Tick { trade_date, late } => self.ticked(trade_date, late),
            Input::TokenRejected(fingerprint) => self.rejected(&fingerprint),
            Input::CodeCame(login, code, by) => self.code_came(login, code, by),
            Input::AccountConfirmed(login, account) => self.account_confirmed(login, &account),
            Input::CodeRedeemed(id, outcome) => self.code_redeemed(id, outcome),
            Input::LogOut => self.log_out(),
            Input::RefreshNow => self.refresh_now(),
            Input::Verify => self.verify(),
            Input::Profiled(id, outcome) => self.profiled(id, outcome),
            Input::Refreshed(id, outcome) => self.refreshed(id, outcome),
            Input::Waited(id) => self.waited(id),
            Input::Watch => self.watch(),
        }
    }

    /// After a start or restart: prove the token, or find a way to one. A tick that was cut off goes on.
    fn started(&mut self) {
        self.forget_failed_login();
        if let Some(newer) = self.m.newer.take().filter(|newer| self.runs(newer)) {
            return self.check_newer(newer);
        }
        if self.m.stored.access.is_some() && !self.held_is_over() {
            if !self.m.trusted {
                self.m.reason = Reason::TokenUnconfirmed;
            }
            return self.check_held();
        }
        if self.m.stored.access.is_some() {
            self.m.reason = Reason::TokenExpired;
        }
        self.obtain();
    }

    fn ticked(&mut self, trade_date: NaiveDate, late: bool) {
        if self.m.tick.is_some_and(|tick| tick.date >= trade_date && tick.date <= self.today()) {
            return; // never twice for a date
        }
        let record = TickRecord { date: trade_date, begun_at: self.at.now, done_at: None };
        self.m.tick = Some(record);
        self.tick = Some(record);
        self.events.push(Event::Ticked { trade_date, late });
        if self.is_calling() || self.m.candidate.is_some() {
            return; // one way to a token at a time: its outcome is this tick's outcome
        }
        let closes = self.at.session.map_or(self.at.now, |session| session.closes);
        let covers = self.m.held_until().is_some_and(|end| end >= closes);
        if covers && !self.held_is_over() { self.check_held() } else { self.obtain() }
    }

    /// Doubt about the token in use: not a moment longer, until the broker has been asked.
    fn rejected(&mut self, fingerprint: &Fingerprint) {
        let held = self.m.stored.access.as_ref().map(AccessToken::fingerprint);
        if held.as_ref() != Some(fingerprint) {
            return; // about a token that is no longer in use
        }
        if self.held_is_over() {
            return self.expire(); // that is known without FYERS
        }
        self.m.trusted = false;
        self.m.reason = Reason::TokenDoubted;
        if !self.is_calling() && self.m.candidate.is_none() {
            self.check_held();
        }
    }

    /// A person asks, so what was refused before gets one more chance: one call.
    fn refresh_now(&mut self) {
        if self.is_calling() || self.m.candidate.is_some() {
            return;
        }
        self.m.stored.refresh_block = None;
        self.obtain_or_check();
    }

    fn verify(&mut self) {
        if self.is_calling() || self.m.candidate.is_some() || self.m.stored.access.is_none() {
            return;
        }
        if !self.held_is_over() {
            self.check_held();
        }
    }

    fn waited(&mut self, id: CallId) {
        if self.m.pending != Pending::Wait(id) {
            return self.login_waited(id);
        }
        self.m.pending = Pending::Nothing;
        match (self.m.state, self.m.candidate.is_some()) {
            (StateName::Refreshing, false) => self.call_refresh(),
            (_, true) => self.call_profile(),
            (StateName::Checking, false) if !self.held_is_over() => self.call_profile(),
            _ => self.expire(),
        }
    }

    fn today(&self) -> NaiveDate {
        ist::date(self.at.now)
    }

    /// Today's tick is past and a session is open or coming: now is when a token matters.
    fn in_session(&self) -> bool {
        let today = self.today();
        self.at.session.is_some() && self.m.tick.is_some_and(|tick| tick.date == today)
    }

    fn held_is_over(&self) -> bool {
        self.m.held_until().is_none_or(|end| self.at.now >= end)
    }

    fn is_calling(&self) -> bool {
        matches!(self.m.pending, Pending::Call(_))
    }

    fn become_state(&mut self, state: StateName, reason: Reason) {
        self.m.state = state;
        self.m.reason = reason;
    }

    fn close_tick(&mut self) {
        if let Some(tick) = self.m.open_tick() {
            let closed = TickRecord { done_at: Some(self.at.now), ..tick };
            self.m.tick = Some(closed);
            self.tick = Some(closed);
        }
    }
}
