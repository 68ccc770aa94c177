//! A person's login and logout. A login is proven beside the pending work: its failure leaves everything as it was.

use std::time::Duration;

use crate::session::rules::{CallId, Effect, LoginId, Pending, Transition};
use crate::{
    broker_error::BrokerError,
    event::Event,
    login_origin::LoginOrigin,
    ports::FreshTokens,
    reason::Reason,
    secret::AuthCode,
    session::{
        bound,
        login::{LoginFailure, is_for_another_app},
        logins::{Admission, Login, Stage},
        retry::{self, CallFailure},
    },
    session_state::{FailedLogin, Grant, Source, StateName},
};
use fyers_api::model::Profile;

impl Transition {
    /// A code works once, so it is spent only when nothing that is known speaks against it.
    pub(super) fn code_came(&mut self, id: LoginId, code: AuthCode, by: LoginOrigin) {
        let hindrance = match &self.m.facts.app_id {
            None => Some(Reason::NoCredentials),
            Some(app) => is_for_another_app(&code, app).then_some(Reason::AppMismatch),
        };
        if let Some(reason) = hindrance {
            return self.login_failed(id, reason, None);
        }
        self.admit(Login { id, by, stage: Stage::Code(code), failures: 0 });
    }

    fn admit(&mut self, login: Login) {
        let id = login.id;
        match self.m.logins.admit(login) {
            Admission::Queued => {}
            Admission::Displaced(other) => self.login_ended(other, Err(LoginFailure::Busy)),
            Admission::Full => return self.login_ended(id, Err(LoginFailure::Busy)),
        }
        self.next_login();
    }

    /// Calls FYERS for the first login, one call at a time.
    fn next_login(&mut self) {
        if self.m.logins.pending != Pending::Nothing {
            return;
        }
        let Some(stage) = self.m.logins.first().map(|login| login.stage.clone()) else { return };
        let call = self.call_id();
        self.m.logins.pending = Pending::Call(call);
        match stage {
            Stage::Code(code) => {
                self.events.push(Event::LoginStarted);
                self.effects.push(Effect::CallLogin(call, code));
            }
            Stage::Proving(grant) => self.effects.push(Effect::ProveToken(call, grant.access)),
            // Its call has not ended, so it is not called again.
            Stage::Abandoned => {}
        }
    }

    pub(super) fn code_redeemed(&mut self, call: CallId, outcome: Result<FreshTokens, BrokerError>) {
        if self.m.logins.pending != Pending::Call(call) {
            return;
        }
        self.m.logins.pending = Pending::Nothing;
        if self.m.logins.was_abandoned() {
            return self.next_login();
        }
        match outcome.map_err(|error| retry::judge_login(&error)) {
            Ok(FreshTokens { access, refresh }) => {
                let grant = Grant { access, refresh, source: Source::Login };
                if self.is_over(&grant) {
                    return self.first_login_failed(Reason::ClockSkew, None);
                }
                if let Some(login) = self.m.logins.first_mut() {
                    login.stage = Stage::Proving(grant);
                }
                self.next_login();
            }
            Err(CallFailure::Transient { reason: Reason::LoginsHeld, retry_after }) => {
                self.first_login_held(retry_after.unwrap_or_default());
            }
            Err(CallFailure::Transient { reason, .. }) => self.first_login_failed(reason, None),
            Err(CallFailure::Final { reason, code }) => self.first_login_failed(reason, code),
        }
    }

    /// FYERS has not heard of it, so that what it said of the login before stays the news.
    fn first_login_held(&mut self, wait: Duration) {
        if let Some(login) = self.m.logins.end_first() {
            self.events.push(Event::LoginFailed { reason: Reason::LoginsHeld, code: None });
            self.login_ended(login.id, Err(LoginFailure::Held { until: self.at.now + wait }));
        }
        self.next_login();
    }

    /// The proof of a login's token ended.
    pub(super) fn login_profiled(&mut self, call: CallId, outcome: Result<Profile, BrokerError>) {
        if self.m.logins.pending != Pending::Call(call) {
            return;
        }
        self.m.logins.pending = Pending::Nothing;
        if self.m.logins.was_abandoned() {
            return self.next_login();
        }
        match outcome.map_err(|error| retry::judge_profile(&error)) {
            Ok(profile) => self.login_proven(&profile),
            Err(CallFailure::Transient { retry_after, .. }) => {
                let Some(login) = self.m.logins.first_mut() else { return };
                login.failures = login.failures.saturating_add(1);
                let wait = retry::wait(login.failures, retry_after, self.at.dice);
                self.m.logins.rotate();
                let call = self.call_id();
                self.m.logins.pending = Pending::Wait(call);
                self.effects.push(Effect::Wait(call, wait));
            }
            Err(CallFailure::Final { reason, code }) => self.first_login_failed(reason, code),
        }
    }

    fn login_proven(&mut self, profile: &Profile) {
        let Some(Login { id, by, stage: Stage::Proving(grant), .. }) = self.m.logins.first().cloned() else {
            return;
        };
        if let Some(reason) = self.objection(&grant, profile) {
            return self.first_login_failed(reason, None);
        }
        if self.must_be_confirmed(by) {
            self.events.push(Event::AccountUnconfirmed {
                account: profile.fy_id.clone(),
                holder: profile.name.clone(),
            });
            self.m.logins.keep_unconfirmed(profile.fy_id.clone(), grant, self.at.now);
            return self.first_login_failed(Reason::AccountUnconfirmed, None);
        }
        // What was being waited for is no longer needed; a refresh that still flies teaches its lesson.
        self.m.pending = Pending::Nothing;
        self.m.candidate = None;
        self.m.logins.end_first();
        self.promote(grant, 0, profile, Some(by));
        self.login_ended(id, Ok(()));
        self.next_login();
    }

    /// Whether anybody could have made this keeper their own: no account is known, and there is an owner to ask.
    fn must_be_confirmed(&self, by: LoginOrigin) -> bool {
        let unknown = self.m.facts.account.is_none() && self.m.stored.account.is_none();
        unknown && self.m.facts.asks_owner && !by.is_vouched()
    }

    /// The owner says whose keeper this is; the token that waited for that is proven once more.
    pub(super) fn account_confirmed(&mut self, id: LoginId, account: &str) {
        let waiting = self.m.logins.take_confirmed(account, self.at.now);
        let Some(grant) = waiting.filter(|_| self.m.facts.app_id.is_some()) else {
            let (reason, code) = (Reason::AccountUnconfirmed, None);
            return self.login_ended(id, Err(LoginFailure::Refused { reason, code }));
        };
        self.admit(Login { id, by: LoginOrigin::Chat, stage: Stage::Proving(grant), failures: 0 });
    }

    /// A pause before another try ended.
    pub(super) fn login_waited(&mut self, call: CallId) {
        if self.m.logins.pending == Pending::Wait(call) {
            self.m.logins.pending = Pending::Nothing;
            self.next_login();
        }
    }

    fn first_login_failed(&mut self, reason: Reason, code: Option<i64>) {
        if let Some(login) = self.m.logins.end_first() {
            self.login_failed(login.id, reason, code);
        }
        self.next_login();
    }

    fn login_failed(&mut self, login: LoginId, reason: Reason, code: Option<i64>) {
        // Beside a token that works there is nothing to explain, and one that waits for the owner has not failed.
        let tells = reason != Reason::AccountUnconfirmed && self.m.usable(self.at.now).is_none();
        let (day, credentials) = (self.today(), self.m.facts.credentials.clone());
        self.m.failed_login = tells.then_some(FailedLogin { reason, day, credentials });
        self.events.push(Event::LoginFailed { reason, code });
        self.login_ended(login, Err(LoginFailure::Refused { reason, code }));
    }

    fn login_ended(&mut self, login: LoginId, outcome: Result<(), LoginFailure>) {
        self.effects.push(Effect::LoginEnded(login, outcome));
    }

    /// Lets go of all tokens, here first: whether FYERS hears of it or not, they are not used again, and no old
    /// copy in the settings brings them back.
    pub(super) fn log_out(&mut self) {
        let token = self.m.stored.access.clone();
        if token.is_none() && self.m.stored.refresh.is_none() {
            return;
        }
        let forgotten = bound::let_go(&mut self.m.stored);
        self.m.bound.forget(forgotten);
        self.m.trusted = false;
        self.m.candidate = None;
        self.m.pending = Pending::Nothing;
        self.m.trouble = None;
        for login in self.m.logins.end_all() {
            self.login_failed(login, Reason::LoggedOut, None);
        }
        self.m.failed_login = None;
        self.close_tick();
        self.events.push(Event::LoggedOut);
        self.become_state(StateName::NoToken, Reason::LoggedOut);
        self.effects.extend(token.map(Effect::CallLogout));
    }
}
