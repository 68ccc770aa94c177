//! What happens because time passes.

use crate::{
    event::Event,
    reason::Reason,
    session::{
        StateName,
        calls::Pending,
        rules::{Transition, Trouble},
        window,
    },
};

impl Transition {
    pub(super) fn watch(&mut self) {
        self.expire();
        self.revive();
        self.notice_silence();
        self.tell_trouble();
        self.tell_refresh_ending();
        self.give_up_the_day();
        self.forget_failed_login();
    }

    /// Why yesterday's login failed explains nothing today.
    pub(super) fn forget_failed_login(&mut self) {
        let today = self.today();
        self.m.failed_login.take_if(|failed| failed.day != today);
    }

    pub(super) fn expire(&mut self) {
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

    /// A clock that jumped past the token's end and came back: the token may well be good, so it is checked again, also where
    /// a login was asked for meanwhile. One that FYERS has refused is not held any more.
    fn revive(&mut self) {
        let idle = self.m.pending == Pending::Nothing && self.m.candidate.is_none();
        let is_without = matches!(self.m.state, StateName::Expired | StateName::LoginRequired);
        if is_without && idle && !self.m.trusted && !self.held_is_over() {
            self.check_held();
        }
    }

    /// A call that takes long while a token is needed is trouble as well, though nothing has failed yet.
    fn notice_silence(&mut self) {
        let pressing = self.at.session.is_some_and(|session| session.is_pressing(self.at.now));
        let waiting = self.m.pending != Pending::Nothing && self.m.usable(self.at.now).is_none();
        if pressing && waiting && self.m.trouble.is_none() {
            let (since, reason, told) = (self.at.now, self.m.reason, window::Stage::Silent);
            self.m.trouble = Some(Trouble { since, reason, told });
        }
    }

    /// The market has closed and no token came: stop asking until the next tick.
    fn give_up_the_day(&mut self) {
        let Some(tick) = self.m.open_tick() else { return };
        let goes_on = tick.date == self.today() && self.at.session.is_some();
        if self.is_calling() || goes_on {
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
}
