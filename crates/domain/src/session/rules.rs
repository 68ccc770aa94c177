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

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::{
    broker_error::BrokerError,
    session::{
        SessionView, StateName,
        login::LoginFailure,
        stored::{Grant, StoredSession},
        window,
    },
};
use crate::{
    event::Event,
    ports::{Change, FreshTokens, TickRecord},
    reason::Reason,
    secret::{AccessToken, AuthCode, Fingerprint, RefreshToken},
};
use fyers_api::claims as jwt;
use fyers_api::{ist, model::Profile};

mod announce;
mod call;
mod login;
#[cfg(test)]
mod login_tests;
mod refresh;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walk;

/// What the settings say; fixed while the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The configured app, as `ABCD1234EF-100`; `None` when there is none.
    pub app_id: Option<String>,
    /// The PIN for the refresh call is configured.
    pub has_pin: bool,
    /// See [`crate::session::stored::RefreshBlock::credentials`].
    pub credentials: String,
    /// Days a refresh token without an `exp` claim is good for, counted from its `iat`.
    pub refresh_days: i64,
}

/// When an input happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The wall clock.
    pub now: DateTime<Utc>,
    /// Whether today (IST) is a trading day.
    pub trading_day: bool,
    /// Uniform in `0..1`, for the jitter.
    pub dice: f64,
    /// How far the broker's clock is ahead of this machine's, if it is known.
    pub skew: Option<TimeDelta>,
}

/// Marks a call or a wait, so that a late outcome of an abandoned one is recognised.
pub type Ask = u64;

/// Marks a login, so that whoever waits for its outcome can be told.
pub type LoginId = u64;

/// What can happen to the session.
#[derive(Debug, Clone)]
pub enum Input {
    /// The actor has loaded its state.
    Started,
    /// The daily tick.
    Tick {
        /// The trading day (IST).
        trade_date: NaiveDate,
        /// Whether it is caught up.
        late: bool,
    },
    /// The broker refused this token on some other call.
    TokenRejected(Fingerprint),
    /// A person's login brought a code.
    CodeCame(LoginId, AuthCode),
    /// The call that turns a code into tokens ended.
    CodeRedeemed(Ask, Result<FreshTokens, BrokerError>),
    /// A person wants the session to end.
    LogOut,
    /// A person wants a refresh now.
    RefreshNow,
    /// Somebody wants to know whether the token works.
    Verify,
    /// A profile call ended.
    Profiled(Ask, Result<Profile, BrokerError>),
    /// A refresh call ended.
    Refreshed(Ask, Result<FreshTokens, BrokerError>),
    /// A wait ended.
    Waited(Ask),
    /// Time passes; comes at least every 30 s.
    Watch,
}

/// What must be done after the commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Call the broker's profile with this token.
    CheckToken(Ask, AccessToken),
    /// The same for a token that is new here: profile and funds, the whole of what it is for.
    ProveToken(Ask, AccessToken),
    /// Turn a login's code into tokens.
    CallLogin(Ask, AuthCode),
    /// Tell the broker that this token is no longer needed.
    CallLogout(AccessToken),
    /// Tell whoever waits for this login.
    LoginEnded(LoginId, Result<(), LoginFailure>),
    /// Call the broker's refresh with this token.
    CallRefresh(Ask, RefreshToken),
    /// Come back after this long.
    Wait(Ask, std::time::Duration),
    /// Tell everyone.
    Announce {
        /// Before.
        from: StateName,
        /// After.
        to: StateName,
        /// Why.
        why: Reason,
        /// What everyone may know.
        view: SessionView,
    },
    /// Copy the tokens to the `.env` file.
    Mirror(AccessToken, Option<RefreshToken>),
}

/// The answer to one input: commit first, then carry out the effects in order.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// To be committed before anything else; `None` when nothing changed.
    pub change: Option<Change>,
    /// To be done after the commit.
    pub effects: Vec<Effect>,
}

/// A new token under check.
#[derive(Debug, Clone)]
struct Candidate {
    grant: Grant,
    /// Refresh calls it took; 0 for a login.
    attempts: u32,
    /// The login that brought it.
    login: Option<LoginId>,
}

/// What the machine is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    Call(Ask),
    Wait(Ask),
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
    tick: Option<TickRecord>,
    /// Calls that failed in the present series.
    failures: u32,
    pending: Pending,
    /// The refresh call that has not been answered yet, even if its outcome is no longer awaited.
    refresh_in_flight: Option<Ask>,
    /// The call that redeems a login's code, and that login.
    login_in_flight: Option<(Ask, LoginId)>,
    /// The account holder's name, once the broker told it.
    holder: Option<String>,
    next_ask: Ask,
    trouble: Option<Trouble>,
    /// What went wrong with the latest way to a new token; forgotten when one comes.
    problem: Option<Reason>,
}

/// A machine in the middle of a step, with what has gathered so far.
struct Turn {
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
            tick: last_tick,
            failures: 0,
            pending: Pending::Nothing,
            refresh_in_flight: None,
            login_in_flight: None,
            holder: None,
            next_ask: 1,
            trouble: None,
            problem: None,
        }
    }

    /// The same after a restart of the actor alone: the program has seen the token proven and nobody has said
    /// anything against it, so it stays in use while it is proven again.
    pub fn resumed(self) -> Self {
        let trusted = self.state == StateName::Valid && self.stored.verified_at.is_some();
        Self { trusted, ..self }
    }

    /// One input, one answer.
    pub fn step(self, input: Input, at: Moment) -> (Self, Step) {
        let before = (self.state, self.view(at.now), self.stored.clone());
        let mut turn = Turn { m: self, at, events: Vec::new(), effects: Vec::new(), tick: None };
        turn.take(input);
        turn.finish(before)
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
        jwt::claims(self.stored.access.as_ref()?.expose()).expires_at
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

impl Turn {
    fn take(&mut self, input: Input) {
        match input {
            Input::Started => self.started(),
            Input::Tick { trade_date, late } => self.ticked(trade_date, late),
            Input::TokenRejected(fingerprint) => self.rejected(&fingerprint),
            Input::CodeCame(login, code) => self.code_came(login, code),
            Input::CodeRedeemed(ask, outcome) => self.code_redeemed(ask, outcome),
            Input::LogOut => self.log_out(),
            Input::RefreshNow => self.refresh_now(),
            Input::Verify => self.verify(),
            Input::Profiled(ask, outcome) => self.profiled(ask, outcome),
            Input::Refreshed(ask, outcome) => self.refreshed(ask, outcome),
            Input::Waited(ask) => self.waited(ask),
            Input::Watch => self.watch(),
        }
    }

    /// After a start or restart: prove the token, or find a way to one. A tick that was cut off goes on.
    fn started(&mut self) {
        if self.m.stored.access.is_some() && !self.held_is_over() {
            if !self.m.trusted {
                self.m.reason = Reason::Starting;
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
        let covers = self.m.held_until().is_some_and(|end| end >= window::close(trade_date));
        if covers && !self.held_is_over() { self.check_held() } else { self.obtain() }
    }

    /// Doubt about the token in use: not a moment longer, until the broker has been asked.
    fn rejected(&mut self, fingerprint: &Fingerprint) {
        let held = self.m.stored.access.as_ref().map(AccessToken::fingerprint);
        if held.as_ref() != Some(fingerprint) {
            return; // about a token that is no longer in use
        }
        self.m.trusted = false;
        self.m.reason = Reason::TokenRejected;
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
        self.obtain();
    }

    fn verify(&mut self) {
        if self.is_calling() || self.m.candidate.is_some() || self.m.stored.access.is_none() {
            return;
        }
        if !self.held_is_over() {
            self.check_held();
        }
    }

    fn watch(&mut self) {
        self.expire();
        self.tell_trouble();
        self.tell_refresh_ending();
        self.give_up_the_day();
    }

    fn expire(&mut self) {
        let holding = matches!(self.m.state, StateName::Valid | StateName::Checking);
        if !holding || self.m.candidate.is_some() || !self.held_is_over() {
            return;
        }
        self.m.trusted = false;
        self.m.pending = Pending::Nothing;
        self.become_state(StateName::Expired, Reason::TokenExpired);
        if self.in_session() {
            self.obtain();
        }
    }

    /// The market has closed and no token came: stop asking until the next tick.
    fn give_up_the_day(&mut self) {
        let Some(tick) = self.m.open_tick() else { return };
        if self.is_calling() || self.at.now < window::close(tick.date) {
            return;
        }
        let reason = self.m.trouble.map_or(self.m.reason, |trouble| trouble.reason);
        self.events.push(Event::DayGivenUp { trade_date: tick.date, reason });
        self.m.pending = Pending::Nothing;
        self.m.candidate = None;
        self.m.trouble = None;
        self.close_tick();
        if self.m.usable(self.at.now).is_some() {
            self.become_state(StateName::Valid, Reason::Verified);
        } else {
            self.become_state(StateName::Expired, reason);
        }
    }

    fn waited(&mut self, ask: Ask) {
        if self.m.pending != Pending::Wait(ask) {
            return;
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

    /// Today's tick is past and the market has not closed: now is when a token matters.
    fn in_session(&self) -> bool {
        let today = self.today();
        self.at.trading_day
            && self.at.now < window::close(today)
            && self.m.tick.is_some_and(|tick| tick.date == today)
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
