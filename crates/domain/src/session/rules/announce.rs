//! What a step leaves behind: the commit, the announcement, and the words about trouble.

use crate::session::rules::{Decision, Effect, Machine, Transition, Trouble};
use crate::session_state::{FAILED_LOGIN, FailedLogin, StoredSession, WRONG_PINS};
use crate::{
    event::Event,
    ports::Change,
    reason::Reason,
    session::{SessionView, StateName, bound::Bound, window},
};
use fyers_api::ist;

/// Days before the end of the refresh token on which the end is announced.
const ENDING_DAYS: [i64; 4] = [5, 3, 1, 0];

/// The machine before a step, as far as the step's end is compared with it.
pub(super) struct Before {
    pub(super) state: StateName,
    pub(super) view: SessionView,
    pub(super) stored: StoredSession,
    pub(super) bound: Bound,
    pub(super) failed_login: Option<FailedLogin>,
    pub(super) wrong_pins: u32,
}

impl Transition {
    pub(super) fn finish(mut self, before: &Before) -> (Machine, Decision) {
        let (from, to, why) = (before.state, self.m.state, self.m.reason);
        self.m.stored.state = to;
        self.m.stored.reason = Some(why);
        let view = self.m.view(self.at.now);
        if (from, before.view.reason) != (to, why) || before.view.usable.is_some() != view.usable.is_some() {
            self.events.push(Event::SessionChanged {
                from,
                to,
                why,
                expires_at: view.expires_at,
                fingerprint: view.fingerprint.clone(),
            });
        }
        let change = self.change(before);
        let mut effects = self.effects;
        if view != before.view {
            // Everyone hears of the new token before it is copied to `.env`, and before the next call.
            effects.insert(0, Effect::Announce { from, to, why, view });
        }
        (self.m, Decision { change, effects })
    }

    fn change(&mut self, before: &Before) -> Option<Change> {
        let session = (self.m.stored != before.stored).then(|| self.m.stored.clone());
        let bound = (self.m.bound != before.bound).then(|| self.m.bound.note()).flatten();
        let failed = (self.m.failed_login != before.failed_login).then_some(&self.m.failed_login);
        let failed = failed.and_then(|failed| FAILED_LOGIN.set(failed).ok());
        let pins = (self.m.wrong_pins != before.wrong_pins).then_some(&self.m.wrong_pins);
        let pins = pins.and_then(|pins| WRONG_PINS.set(pins).ok());
        let notes: Vec<_> = bound.into_iter().chain(failed).chain(pins).collect();
        let events: Vec<_> =
            std::mem::take(&mut self.events).into_iter().map(|event| (self.at.now, event)).collect();
        if session.is_none() && self.tick.is_none() && events.is_empty() && notes.is_empty() {
            return None;
        }
        Some(Change { session, tick: self.tick, events, notes, ..Change::default() })
    }

    /// Says that the broker has been failing: after two minutes, at 09:00, and urgently from 09:10.
    pub(super) fn tell_trouble(&mut self) {
        let Some(trouble) = self.m.trouble else { return };
        let due = window::stage(trouble.since, self.at.session, self.at.now);
        let concerns_today = self.m.open_tick().is_some() || self.in_session();
        if !concerns_today || due <= trouble.told {
            return;
        }
        self.m.trouble = Some(Trouble { told: due, ..trouble });
        self.events.push(Event::TokenDelayed {
            reason: trouble.reason,
            since: trouble.since,
            attempts: self.m.failures,
            urgent: due == window::Stage::Urgent,
            unconfirmed: matches!(self.m.reason, Reason::TokenUnconfirmed | Reason::TokenDoubted),
        });
    }

    /// Says that the refresh token ends soon, once for each of the announced days. Not where refresh is
    /// switched off anyway, and not at night.
    pub(super) fn tell_refresh_ending(&mut self) {
        let Some(ends_at) = self.m.refresh_until() else { return };
        let switched_off =
            self.m.stored.refresh_block.as_ref().is_some_and(|block| block.reason == Reason::RefreshDisabled);
        let days_left = (ist::date(ends_at) - self.today()).num_days();
        let announced = self.m.stored.ending_announced.is_some_and(|told| told <= days_left);
        if switched_off || announced || ends_at <= self.at.now || !window::is_daytime(self.at.now) {
            return;
        }
        if ENDING_DAYS.contains(&days_left) {
            self.m.stored.ending_announced = Some(days_left);
            self.events.push(Event::RefreshTokenEnding { days_left, ends_at });
        }
    }
}
