//! The profile call: proof that a token works, for the held token and for a new one.

use chrono::TimeDelta;

use crate::session::rules::{CallId, Candidate, Effect, Pending, Transition};
use crate::session_state::Grant;
use crate::{
    broker_error::BrokerError,
    event::Event,
    login_origin::LoginOrigin,
    reason::Reason,
    secret::AccessToken,
    session::{
        Source, StateName,
        retry::{self, CallFailure},
    },
};
use fyers_api::model::Profile;

/// How far this machine's clock may be off before a new token is not trusted.
const MOST_SKEW: TimeDelta = TimeDelta::seconds(30);

impl Transition {
    /// Asks whether the held token works. It stays in use meanwhile if it was trusted before.
    pub(super) fn check_held(&mut self) {
        self.m.failures = 0;
        self.m.candidate = None;
        self.become_state(StateName::Checking, self.m.reason);
        self.call_profile();
    }

    /// Asks whether a new token works. The old one stays in use until this is known and on disk.
    pub(super) fn check_candidate(&mut self, grant: Grant, attempts: u32) {
        self.m.failures = 0;
        let candidate = Candidate { grant, attempts };
        if self.is_over(&candidate.grant) {
            return self.candidate_failed(&candidate, Reason::ClockSkew, None);
        }
        self.m.candidate = Some(candidate);
        self.become_state(StateName::Checking, self.m.reason);
        self.call_profile();
    }

    /// Asks whether a newer token of the settings works, before the held one.
    pub(super) fn check_newer(&mut self, newer: AccessToken) {
        if !self.m.trusted {
            self.m.reason = Reason::TokenUnconfirmed;
        }
        self.check_candidate(Grant { access: newer, refresh: None, source: Source::Settings }, 0);
    }

    pub(super) fn is_over(&self, grant: &Grant) -> bool {
        !self.runs(&grant.access)
    }

    pub(super) fn runs(&self, token: &AccessToken) -> bool {
        token.ends_at().is_some_and(|end| self.at.now < end)
    }

    pub(super) fn call_profile(&mut self) {
        let id = self.call_id();
        let new = self.m.candidate.as_ref().map(|new| Effect::ProveToken(id, new.grant.access.clone()));
        let held = || self.m.stored.access.clone().map(|held| Effect::CheckToken(id, held));
        let Some(effect) = new.or_else(held) else { return self.obtain() };
        self.m.pending = Pending::Call(id);
        self.effects.push(effect);
    }

    pub(super) fn profiled(&mut self, id: CallId, outcome: Result<Profile, BrokerError>) {
        if self.m.pending != Pending::Call(id) {
            return self.login_profiled(id, outcome);
        }
        self.m.pending = Pending::Nothing;
        let candidate = self.m.candidate.take();
        match outcome.map_err(|error| retry::judge_profile(&error)) {
            Ok(profile) => self.profile_came(candidate, &profile),
            Err(CallFailure::Transient { reason, retry_after }) => {
                self.m.candidate = candidate;
                self.wait_after_failure(reason, retry_after);
            }
            Err(CallFailure::Final { reason, code }) => match candidate {
                Some(candidate) if candidate.is_of_settings() => self.newer_failed(reason),
                Some(candidate) => self.candidate_failed(&candidate, reason, code),
                None => self.held_failed(reason),
            },
        }
    }

    fn profile_came(&mut self, candidate: Option<Candidate>, profile: &Profile) {
        match candidate {
            Some(candidate) if candidate.is_of_settings() => self.newer_works(candidate.grant, profile),
            Some(candidate) => match self.objection(&candidate.grant, profile) {
                Some(reason) => self.candidate_failed(&candidate, reason, None),
                None => self.promote(candidate.grant, candidate.attempts, profile, None),
            },
            None if self.is_strangers(profile) => self.held_failed(Reason::AccountMismatch),
            None => self.confirm(profile),
        }
    }

    /// As if it had been the held one: nobody has logged in.
    fn newer_works(&mut self, grant: Grant, profile: &Profile) {
        if self.is_strangers(profile) {
            return self.newer_failed(Reason::AccountMismatch);
        }
        if self.is_over(&grant) {
            return self.newer_failed(Reason::TokenExpired);
        }
        self.m.stored.source = Some(grant.source);
        self.m.stored.access = Some(grant.access);
        self.confirm(profile);
    }

    /// The held token was proven once, and nobody has said a word against it.
    fn newer_failed(&mut self, reason: Reason) {
        self.effects.push(Effect::NewerRefused(reason));
        self.started();
    }

    fn is_strangers(&self, profile: &Profile) -> bool {
        let account = self.m.facts.account.as_ref().or(self.m.stored.account.as_ref());
        account.is_some_and(|account| *account != profile.fy_id)
    }

    /// What speaks against a new token although FYERS takes it.
    pub(super) fn objection(&self, grant: &Grant, profile: &Profile) -> Option<Reason> {
        if self.is_strangers(profile) {
            return Some(Reason::AccountMismatch);
        }
        if self.is_over(grant) {
            return Some(Reason::TokenExpired);
        }
        // A token's end means nothing to a clock that is wrong.
        self.at.skew.is_some_and(|skew| skew.abs() > MOST_SKEW).then_some(Reason::ClockSkew)
    }

    /// The held token works.
    fn confirm(&mut self, profile: &Profile) {
        if self.held_is_over() {
            // It worked a moment ago, but a token past its end is not one to use.
            return self.held_failed(Reason::TokenExpired);
        }
        if let (true, Some(token), Some(end)) =
            (self.m.open_tick().is_some(), self.m.stored.access.as_ref(), self.m.held_until())
        {
            let fingerprint = token.fingerprint();
            self.events.push(Event::TokenGood { fingerprint, expires_at: end });
        }
        self.token_works(profile);
        self.recover();
        self.become_state(StateName::Valid, Reason::Verified);
    }

    /// What was wrong is over with the held token's proof, but for a refresh that was refused.
    fn recover(&mut self) {
        let refused = self.m.stored.refresh_block.as_ref().map(|block| block.reason);
        self.m.problem = self.m.problem.filter(|problem| refused == Some(*problem));
    }

    /// The new token works: it takes the place of the old one, in the store and everywhere.
    pub(super) fn promote(
        &mut self,
        grant: Grant,
        attempts: u32,
        profile: &Profile,
        by: Option<LoginOrigin>,
    ) {
        let fingerprint = grant.access.fingerprint();
        let expires_at = grant.access.ends_at().unwrap_or(self.at.now);
        if let Some(refresh) = grant.refresh {
            self.replace_refresh_token(refresh);
        }
        self.m.problem = None;
        self.m.wrong_pins = 0;
        self.m.stored.previous_refresh = None;
        self.m.stored.refresh_block =
            self.m.stored.refresh_block.take().filter(|_| grant.source != Source::Refresh);
        self.m.stored.source = Some(grant.source);
        self.m.stored.access = Some(grant.access.clone());
        let (event, reason) = match grant.source {
            Source::Refresh => {
                (Event::RefreshSucceeded { fingerprint, expires_at, attempts }, Reason::Refreshed)
            }
            Source::Login | Source::Settings => {
                (Event::LoginSucceeded { fingerprint, expires_at, by }, Reason::LoggedIn)
            }
        };
        self.events.push(event);
        self.token_works(profile);
        self.become_state(StateName::Valid, reason);
        self.effects.push(Effect::Mirror(grant.access, self.m.stored.refresh.clone()));
    }

    fn token_works(&mut self, profile: &Profile) {
        self.m.trusted = true;
        self.m.failures = 0;
        self.m.failed_login = None;
        self.m.trouble = None;
        self.m.stored.verified_at = Some(self.at.now);
        self.m.stored.login_asked = None;
        self.m.stored.account.get_or_insert_with(|| profile.fy_id.clone());
        self.m.holder = Some(profile.name.clone()).filter(|name| !name.trim().is_empty());
        self.close_tick();
    }

    /// The broker says no to the held token: it is gone, and another must come.
    fn held_failed(&mut self, reason: Reason) {
        self.m.trusted = false;
        self.m.stored.access = None;
        self.m.stored.source = None;
        self.m.stored.verified_at = None;
        self.m.reason = reason;
        self.obtain();
    }

    /// The broker says no to the new token. The old one, if it still works, stays.
    fn candidate_failed(&mut self, candidate: &Candidate, reason: Reason, code: Option<i64>) {
        let attempt = candidate.attempts;
        self.events.push(Event::RefreshFailed { attempt, reason, code, retry_in_s: None });
        self.require_login(reason, code);
    }
}
