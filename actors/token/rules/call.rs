//! The profile call: proof that a token works, for the held token and for a new one.

use super::{Candidate, Effect, Pending, Turn};
use crate::{
    event::Event,
    exchange::model::Profile,
    reason::Reason,
    token::{
        Source, StateName,
        error::BrokerError,
        jwt,
        retry::{self, Verdict},
        stored::Grant,
    },
};

impl Turn {
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
        if jwt::claims(grant.access.expose()).expires_at.is_none_or(|end| end <= self.at.now) {
            return self.candidate_failed(attempts, Reason::ClockSkew, None);
        }
        self.m.candidate = Some(Candidate { grant, attempts });
        self.become_state(StateName::Checking, self.m.reason);
        self.call_profile();
    }

    pub(super) fn call_profile(&mut self) {
        let new = self.m.candidate.as_ref().map(|candidate| candidate.grant.access.clone());
        let Some(token) = new.or_else(|| self.m.stored.access.clone()) else { return self.obtain() };
        let ask = self.ask();
        self.m.pending = Pending::Call(ask);
        self.effects.push(Effect::CheckToken(ask, token));
    }

    pub(super) fn profiled(&mut self, ask: super::Ask, outcome: Result<Profile, BrokerError>) {
        if self.m.pending != Pending::Call(ask) {
            return;
        }
        self.m.pending = Pending::Nothing;
        let candidate = self.m.candidate.take();
        match outcome.map_err(|error| retry::judge_profile(&error)) {
            Ok(profile) => self.profile_came(candidate, &profile),
            Err(Verdict::Transient { reason, retry_after }) => {
                self.m.candidate = candidate;
                self.wait_after_failure(reason, retry_after);
            }
            Err(Verdict::Final { reason, code }) => match candidate {
                Some(candidate) => self.candidate_failed(candidate.attempts, reason, code),
                None => self.held_failed(reason),
            },
        }
    }

    fn profile_came(&mut self, candidate: Option<Candidate>, profile: &Profile) {
        let stranger = self.m.stored.account.as_ref().is_some_and(|account| *account != profile.fy_id);
        match candidate {
            Some(candidate) if stranger => {
                self.candidate_failed(candidate.attempts, Reason::AccountMismatch, None);
            }
            None if stranger => self.held_failed(Reason::AccountMismatch),
            Some(candidate) => self.promote(candidate, profile),
            None => self.confirm(profile),
        }
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
        self.become_state(StateName::Valid, Reason::Verified);
    }

    /// The new token works: it takes the place of the old one, in the store and everywhere.
    fn promote(&mut self, candidate: Candidate, profile: &Profile) {
        let Candidate { grant, attempts } = candidate;
        let fingerprint = grant.access.fingerprint();
        let expires_at = jwt::claims(grant.access.expose()).expires_at.unwrap_or(self.at.now);
        if let Some(refresh) = grant.refresh {
            self.replace_refresh_token(refresh);
        }
        self.m.problem = None;
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
                (Event::LoginSucceeded { fingerprint, expires_at }, Reason::LoggedIn)
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
        self.m.trouble = None;
        self.m.stored.verified_at = Some(self.at.now);
        self.m.stored.login_asked = None;
        self.m.stored.account.get_or_insert_with(|| profile.fy_id.clone());
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
    fn candidate_failed(&mut self, attempts: u32, reason: Reason, code: Option<i64>) {
        if attempts > 0 {
            self.events.push(Event::RefreshFailed { attempt: attempts, reason, code, retry_in_s: None });
        }
        self.require_login(reason, code);
    }
}
