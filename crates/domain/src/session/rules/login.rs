//! A person's login and logout.

use crate::session::rules::{Ask, Effect, LoginId, Pending, Turn};
use crate::{
    broker_error::BrokerError,
    event::Event,
    ports::FreshTokens,
    reason::Reason,
    secret::AuthCode,
    session::{
        Source, StateName,
        login::{LoginFailure, is_for_another_app},
        retry::{self, Verdict},
        stored::Grant,
    },
};

impl Turn {
    /// A code works once, so it is spent only when nothing that is known speaks against it.
    pub(super) fn code_came(&mut self, login: LoginId, code: AuthCode) {
        if self.m.login_in_flight.is_some() {
            return self.login_ended(login, Err(LoginFailure::Busy));
        }
        let hindrance = match &self.m.facts.app_id {
            None => Some(Reason::NoCredentials),
            Some(app) => is_for_another_app(&code, app).then_some(Reason::AppMismatch),
        };
        if let Some(reason) = hindrance {
            return self.login_failed(login, reason, None);
        }
        self.events.push(Event::LoginStarted);
        let ask = self.ask();
        self.m.login_in_flight = Some((ask, login));
        self.effects.push(Effect::CallLogin(ask, code));
    }

    pub(super) fn code_redeemed(&mut self, ask: Ask, outcome: Result<FreshTokens, BrokerError>) {
        let Some((_, login)) = self.m.login_in_flight.take_if(|(waiting, _)| *waiting == ask) else { return };
        match outcome.map_err(|error| retry::judge_login(&error)) {
            Ok(FreshTokens { access, refresh }) => {
                // What was being waited for is no longer needed; a refresh that still flies teaches its lesson.
                self.m.pending = Pending::Nothing;
                self.check_candidate(Grant { access, refresh, source: Source::Login }, 0, Some(login));
            }
            Err(Verdict::Transient { reason, .. }) => self.login_failed(login, reason, None),
            Err(Verdict::Final { reason, code }) => self.login_failed(login, reason, code),
        }
    }

    pub(super) fn login_failed(&mut self, login: LoginId, reason: Reason, code: Option<i64>) {
        self.events.push(Event::LoginFailed { reason, code });
        self.login_ended(login, Err(LoginFailure::Refused { reason, code }));
    }

    pub(super) fn login_ended(&mut self, login: LoginId, outcome: Result<(), LoginFailure>) {
        self.effects.push(Effect::LoginEnded(login, outcome));
    }

    /// Lets go of the token, here first: whether FYERS hears of it or not, it is not used again.
    pub(super) fn log_out(&mut self) {
        let Some(token) = self.m.stored.access.take() else { return };
        self.m.trusted = false;
        self.m.candidate = None;
        self.m.pending = Pending::Nothing;
        self.m.trouble = None;
        self.m.stored.source = None;
        self.m.stored.verified_at = None;
        self.close_tick();
        self.events.push(Event::LoggedOut);
        self.become_state(StateName::NoToken, Reason::LoggedOut);
        self.effects.push(Effect::CallLogout(token));
    }
}
