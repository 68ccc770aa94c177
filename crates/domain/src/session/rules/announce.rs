//! What a step leaves behind: the commit, the announcement, and the words about trouble.

use crate::session::rules::{Decision, Effect, Machine, Transition, Trouble};
use crate::session_state::StoredSession;
use crate::{
    event::Event,
    ports::Change,
    reason::Reason,
    session::{SessionView, StateName, bound::Bound, window},
};
use fyers_api::ist;

/// Days before the end of the refresh token on which the end is announced.
const ENDING_DAYS: [i64; 4] = [5, 3, 1, 0];

type Before = (StateName, SessionView, StoredSession, Bound);

impl Transition {
    pub(super) fn finish(
        mut self,
        (from, view_before, stored_before, bound_before): Before,
    ) -> (Machine, Decision) {
        let (to, why) = (self.m.state, self.m.reason);
        self.m.stored.state = to;
        self.m.stored.reason = Some(why);
        let view = self.m.view(self.at.now);
        if (from, view_before.reason) != (to, why) || view_before.usable.is_some() != view.usable.is_some() {
            self.events.push(Event::SessionChanged {
                from,
                to,
                why,
                expires_at: view.expires_at,
                fingerprint: view.fingerprint.clone(),
            });
        }
        let change = self.change(&stored_before, &bound_before);
        let mut effects = self.effects;
        if view != view_before {
            // Everyone hears of the new token before it is copied to `.env`, and before the next call.
            effects.insert(0, Effect::Announce { from, to, why, view });
        }
        (self.m, Decision { change, effects })
    }

    fn change(&mut self, stored_before: &StoredSession, bound_before: &Bound) -> Option<Change> {
        let session = (self.m.stored != *stored_before).then(|| self.m.stored.clone());
        let notes: Vec<_> =
            (self.m.bound != *bound_before).then(|| self.m.bound.note()).flatten().into_iter().collect();
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
