//! Ways to a token: the refresh call where it can work, else a person.

use std::time::Duration;

use crate::session::rules::{CallId, Effect, Pending, Transition};
use crate::session_state::{Grant, RefreshBlock};
use crate::{
    broker_error::BrokerError,
    event::Event,
    ports::FreshTokens,
    reason::Reason,
    secret::RefreshToken,
    session::{
        Source, StateName,
        retry::{self, CallFailure},
        window,
    },
};

impl Transition {
    /// Finds a way to a new token.
    pub(super) fn obtain(&mut self) {
        self.m.candidate = None;
        self.m.failures = 0;
        self.forget_older_loss();
        match self.refresh_hindrance() {
            None => self.call_refresh(),
            Some(Reason::NoCredentials) => self.no_app(),
            Some(reason) => self.require_login(reason, None),
        }
    }

    /// A token that FYERS ended on another day, or when nobody was asked for a login, would be over today anyway.
    fn forget_older_loss(&mut self) {
        let is_settled = self.m.state == StateName::LoginRequired && self.m.reason == Reason::TokenRejected;
        let is_told_today = self.m.stored.login_asked.is_some_and(|(day, _)| day == self.today());
        if is_settled && !is_told_today {
            self.m.reason = Reason::TokenExpired;
        }
    }

    /// The same for a person who asks. Where there is no way but a login, a token that nobody has refused yet is asked
    /// about again: it may be all that is needed.
    pub(super) fn obtain_or_check(&mut self) {
        let is_asked = matches!(self.m.reason, Reason::TokenUnconfirmed | Reason::TokenDoubted);
        let is_open = is_asked && !self.held_is_over();
        if is_open && self.refresh_hindrance().is_some() { self.check_held() } else { self.obtain() }
    }

    /// Why a refresh call would be pointless; `None` when it may work.
    fn refresh_hindrance(&self) -> Option<Reason> {
        let facts = &self.m.facts;
        let today = self.today();
        let blocked = self.m.stored.refresh_block.as_ref().filter(|block| match block.reason {
            Reason::RefreshDisabled => block.day == today,
            _ => block.credentials == facts.credentials,
        });
        if facts.app_id.is_none() {
            return Some(Reason::NoCredentials);
        }
        if self.m.stored.refresh.is_none() {
            return Some(self.why_no_token());
        }
        if self.m.refresh_until().is_some_and(|end| self.at.now >= end) {
            return Some(Reason::RefreshTokenExpired);
        }
        // Without a PIN there is no refresh, and nothing is wrong: the daily login is the way.
        blocked.map(|block| block.reason).or_else(|| (!facts.has_pin).then(|| self.why_no_token()))
    }

    /// Where no refresh can be made, the honest reason is what happened to the access token.
    fn why_no_token(&self) -> Reason {
        match self.m.reason {
            Reason::Starting | Reason::NoCredentials if self.m.stored.access.is_none() => {
                Reason::NeverLoggedIn
            }
            Reason::Starting
            | Reason::TokenUnconfirmed
            | Reason::Verified
            | Reason::Refreshed
            | Reason::LoggedIn
                if self.m.stored.refresh.is_none() =>
            {
                Reason::RefreshTokenMissing
            }
            Reason::Starting
            | Reason::TokenUnconfirmed
            | Reason::Verified
            | Reason::Refreshed
            | Reason::LoggedIn => Reason::TokenExpired,
            Reason::TokenDoubted => Reason::TokenRejected,
            reason => reason,
        }
    }

    pub(super) fn call_refresh(&mut self) {
        let Some(token) = self.m.stored.refresh.clone() else { return self.obtain() };
        if let Some(id) = self.m.refresh_in_flight {
            // One refresh at a time: the answer to the call that is still out there is as good as another.
            self.become_state(StateName::Refreshing, self.m.reason);
            self.m.pending = Pending::Call(id);
            return;
        }
        let current = self.current_token_in_words();
        let id = self.call_id();
        self.events.push(Event::RefreshStarted { attempt: self.m.failures + 1, current });
        self.become_state(StateName::Refreshing, self.m.reason);
        self.m.pending = Pending::Call(id);
        self.m.refresh_in_flight = Some(id);
        self.effects.push(Effect::CallRefresh(id, token));
    }

    fn current_token_in_words(&self) -> String {
        match (&self.m.stored.access, self.held_is_over(), self.m.trusted) {
            (None, ..) => "There is no access token",
            (_, true, _) => "Current token has expired",
            (_, _, true) => "Current token is valid",
            _ => "Current token is not verified",
        }
        .to_owned()
    }

    pub(super) fn refreshed(&mut self, id: CallId, outcome: Result<FreshTokens, BrokerError>) {
        if self.m.refresh_in_flight == Some(id) {
            self.m.refresh_in_flight = None;
        }
        if self.m.pending != Pending::Call(id) {
            return self.learn_from_late_answer(outcome);
        }
        self.m.pending = Pending::Nothing;
        let attempt = self.m.failures + 1;
        match outcome.map_err(|error| retry::judge_refresh(&error)) {
            Ok(fresh) => self.tokens_came(fresh, attempt),
            Err(CallFailure::Transient { reason, retry_after }) => {
                let wait = self.wait_after_failure(reason, retry_after);
                let retry_in_s = Some(wait.as_secs().max(1));
                self.events.push(Event::RefreshFailed { attempt, reason, code: None, retry_in_s });
            }
            Err(CallFailure::Final { reason, code }) => {
                self.events.push(Event::RefreshFailed { attempt, reason, code, retry_in_s: None });
                self.block_refresh(reason);
                self.require_login(reason, code);
            }
        }
    }

    /// Nobody waits for this answer any more, but what it teaches still holds.
    fn learn_from_late_answer(&mut self, outcome: Result<FreshTokens, BrokerError>) {
        match outcome.map_err(|error| retry::judge_refresh(&error)) {
            Ok(FreshTokens { refresh: Some(refresh), .. }) => self.replace_refresh_token(refresh),
            Err(CallFailure::Final { reason, .. }) => self.block_refresh(reason),
            Ok(_) | Err(CallFailure::Transient { .. }) => {}
        }
    }

    /// A refresh token that was exchanged for another may be dead, so the new one goes to disk before the
    /// access token is even tried.
    fn tokens_came(&mut self, fresh: FreshTokens, attempt: u32) {
        if let Some(refresh) = fresh.refresh {
            self.replace_refresh_token(refresh);
        }
        let grant = Grant { access: fresh.access, refresh: None, source: Source::Refresh };
        self.check_candidate(grant, attempt);
    }

    pub(super) fn replace_refresh_token(&mut self, new: RefreshToken) {
        if self.m.stored.refresh.as_ref() == Some(&new) {
            return;
        }
        self.m.stored.previous_refresh = self.m.stored.refresh.replace(new);
        self.m.stored.ending_announced = None;
    }

    fn block_refresh(&mut self, reason: Reason) {
        if reason == Reason::PinRejected {
            self.count_wrong_pin();
        }
        let credentials = self.m.facts.credentials.clone();
        self.m.stored.refresh_block = Some(RefreshBlock { reason, day: self.today(), credentials });
    }

    /// After the first one each is told anew, on the same day too: FYERS locks the account after a few.
    fn count_wrong_pin(&mut self) {
        if self.m.wrong_pins > 0 {
            self.m.stored.login_asked = None;
        }
        self.m.wrong_pins = self.m.wrong_pins.saturating_add(1);
    }

    /// Comes back later, and remembers since when things go wrong.
    pub(super) fn wait_after_failure(&mut self, reason: Reason, asked: Option<Duration>) -> Duration {
        self.m.failures += 1;
        self.m.problem = Some(reason);
        let wait = retry::wait(self.m.failures, asked, self.at.dice);
        let id = self.call_id();
        self.m.pending = Pending::Wait(id);
        self.effects.push(Effect::Wait(id, wait));
        let since = self.m.trouble.map_or(self.at.now, |trouble| trouble.since);
        let told = self.m.trouble.map_or(window::Stage::Silent, |trouble| trouble.told);
        self.m.trouble = Some(crate::session::rules::Trouble { since, reason, told });
        wait
    }

    /// Nothing but a person can help now. A held token that still works stays in use, and one that lasts
    /// for today's session, or as long as a new one would, is all that is needed.
    pub(super) fn require_login(&mut self, reason: Reason, code: Option<i64>) {
        self.m.problem = Some(reason);
        if self.held_lasts() {
            self.m.problem = Some(self.why_no_other(reason));
            self.m.pending = Pending::Nothing;
            self.m.trouble = None;
            self.close_tick();
            return self.become_state(StateName::Valid, Reason::Verified);
        }
        let (reason, code) = self.why_now(reason, code);
        self.ask_for_login(reason, code);
        self.m.pending = Pending::Nothing;
        self.m.trouble = None;
        self.close_tick();
        self.become_state(StateName::LoginRequired, reason);
    }

    /// Beside a token that works nothing has expired and nothing was refused: what a refresh lacks then is the PIN.
    fn why_no_other(&self, reason: Reason) -> Reason {
        match reason {
            Reason::TokenExpired | Reason::TokenRejected | Reason::NeverLoggedIn | Reason::LoggedOut
                if !self.m.facts.has_pin =>
            {
                Reason::PinMissing
            }
            reason => reason,
        }
    }

    /// That there is no refresh is so every day: what FYERS did to a token before its end says more.
    fn why_now(&self, reason: Reason, code: Option<i64>) -> (Reason, Option<i64>) {
        match (reason, self.m.reason) {
            (Reason::RefreshDisabled, Reason::TokenRejected) => (Reason::TokenRejected, None),
            _ => (reason, code),
        }
    }

    /// Once a day for a reason, and not while nobody trades.
    fn ask_for_login(&mut self, reason: Reason, code: Option<i64>) {
        let asking = Some((self.today(), reason));
        let timely =
            self.m.open_tick().is_some() || (self.at.session.is_some() && window::may_ask(self.at.now));
        if timely && self.m.stored.login_asked != asking {
            self.m.stored.login_asked = asking;
            let wrong_pins = if reason == Reason::PinRejected { self.m.wrong_pins } else { 0 };
            self.events.push(Event::LoginRequired { reason, code, wrong_pins });
        }
    }

    fn held_lasts(&self) -> bool {
        let enough = window::long_enough(self.at.session, self.at.now);
        self.m.usable(self.at.now).is_some() && self.m.held_until().is_some_and(|end| end >= enough)
    }

    fn no_app(&mut self) {
        self.m.pending = Pending::Nothing;
        self.close_tick();
        self.become_state(StateName::NoToken, Reason::NoCredentials);
    }

    pub(super) fn call_id(&mut self) -> CallId {
        let id = self.m.next_call;
        self.m.next_call += 1;
        id
    }
}
