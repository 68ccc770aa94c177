//! Logins on their way to a proven token. They stand in a short queue beside the pending work of the session, so
//! that whoever logs in can neither end nor delay it, and nobody's code is spent for nothing.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{login_origin::LoginOrigin, secret::AuthCode, session::calls::Pending, session_state::Grant};

/// Marks a login, so that whoever waits for its outcome can be told.
pub type LoginId = u64;

/// The most logins at a time; FYERS is called for one of them at a time.
const MOST: usize = 4;
/// How long the owner may take to confirm the first account.
const CONFIRM_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// How far a login has come.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// Its code has not been turned into tokens.
    Code(AuthCode),
    /// Its tokens must be proven.
    Proving(Grant),
    /// Nobody wants its outcome any more, but its call has not ended.
    Abandoned,
}

/// One login.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) id: LoginId,
    pub(super) by: LoginOrigin,
    pub(super) stage: Stage,
    /// Tries to prove its token that failed in a way that may pass.
    pub(super) failures: u32,
}

/// Whether a login was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It waits for its turn.
    Queued,
    /// It waits, and this login of a stranger had to make room.
    Displaced(LoginId),
    /// There is no room.
    Full,
}

/// A proven token of an account that the owner has not confirmed.
#[derive(Debug, Clone)]
struct Unconfirmed {
    account: String,
    grant: Grant,
    since: DateTime<Utc>,
}

impl Unconfirmed {
    fn may_be_confirmed(&self, now: DateTime<Utc>) -> bool {
        (TimeDelta::zero()..=CONFIRM_WITHIN).contains(&(now - self.since))
    }
}

/// All logins. The first one is being worked on.
#[derive(Debug, Clone, Default)]
pub(super) struct Logins {
    queue: VecDeque<Login>,
    pub(super) pending: Pending,
    unconfirmed: VecDeque<Unconfirmed>,
}

impl Logins {
    /// Lets a login in. The owner's comes before those of strangers, but never breaks into a call.
    pub(super) fn admit(&mut self, login: Login) -> Admission {
        let mut admission = Admission::Queued;
        if self.queue.len() >= MOST {
            let newest_stranger = self.queue.iter().skip(1).rposition(|waiting| !waiting.by.is_vouched());
            let place = newest_stranger.map(|place| place + 1).filter(|_| login.by.is_vouched());
            let Some(displaced) = place.and_then(|place| self.queue.remove(place)) else {
                return Admission::Full;
            };
            admission = Admission::Displaced(displaced.id);
        }
        let first_stranger = self.queue.iter().skip(1).position(|waiting| !waiting.by.is_vouched());
        let place = match (login.by.is_vouched(), first_stranger) {
            (true, Some(stranger)) => stranger + 1,
            _ => self.queue.len(),
        };
        self.queue.insert(place, login);
        admission
    }

    pub(super) fn first(&self) -> Option<&Login> {
        self.queue.front()
    }

    pub(super) fn first_mut(&mut self) -> Option<&mut Login> {
        self.queue.front_mut()
    }

    /// Takes the first one out: it has ended.
    pub(super) fn end_first(&mut self) -> Option<Login> {
        self.pending = Pending::Nothing;
        self.queue.pop_front()
    }

    /// The first one goes behind the others: its trouble may pass, and they should not wait for that.
    pub(super) fn rotate(&mut self) {
        if self.queue.len() > 1 {
            self.queue.rotate_left(1);
        }
    }

    /// Takes all out. A call that is under way keeps its place until it has ended: one call at a time.
    pub(super) fn end_all(&mut self) -> Vec<LoginId> {
        self.unconfirmed.clear();
        let ended = self.queue.iter().filter(|login| !matches!(login.stage, Stage::Abandoned));
        let ended = ended.map(|login| login.id).collect();
        let calling = matches!(self.pending, Pending::Call(_));
        self.queue.truncate(usize::from(calling));
        match self.queue.front_mut() {
            Some(first) => first.stage = Stage::Abandoned,
            None => self.pending = Pending::Nothing,
        }
        ended
    }

    /// Whether the call that just ended is of no interest any more; its login is taken out then.
    pub(super) fn was_abandoned(&mut self) -> bool {
        let abandoned = self.queue.front().is_some_and(|login| matches!(login.stage, Stage::Abandoned));
        if abandoned {
            self.end_first();
        }
        abandoned
    }

    /// Keeps a proven token until the owner says whose it is.
    pub(super) fn keep_unconfirmed(&mut self, account: String, grant: Grant, since: DateTime<Utc>) {
        self.unconfirmed.retain(|known| known.account != account);
        self.unconfirmed.push_back(Unconfirmed { account, grant, since });
        if self.unconfirmed.len() > MOST {
            self.unconfirmed.pop_front();
        }
    }

    /// The accounts that the owner may confirm now.
    pub(super) fn to_confirm(&self, now: DateTime<Utc>) -> Vec<String> {
        let waits = self.unconfirmed.iter().filter(|known| known.may_be_confirmed(now));
        waits.map(|known| known.account.clone()).collect()
    }

    /// The token of the account that the owner confirms, unless that took too long.
    pub(super) fn take_confirmed(&mut self, account: &str, now: DateTime<Utc>) -> Option<Grant> {
        let place = self.unconfirmed.iter().position(|known| known.account.eq_ignore_ascii_case(account))?;
        let known = self.unconfirmed.remove(place)?;
        known.may_be_confirmed(now).then_some(known.grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(id: LoginId, by: LoginOrigin) -> Login {
        Login { id, by, stage: Stage::Code(AuthCode::new("x")), failures: 0 }
    }

    fn ids(logins: &Logins) -> Vec<LoginId> {
        logins.queue.iter().map(|login| login.id).collect()
    }

    #[test]
    fn the_owner_comes_before_strangers_and_never_breaks_into_a_call() {
        let mut logins = Logins::default();
        for id in 1..=4 {
            assert_eq!(logins.admit(login(id, LoginOrigin::Page)), Admission::Queued);
        }
        assert_eq!(logins.admit(login(5, LoginOrigin::Page)), Admission::Full);
        assert_eq!(logins.admit(login(6, LoginOrigin::Chat)), Admission::Displaced(4));
        assert_eq!(ids(&logins), [1, 6, 2, 3]);
        assert_eq!(logins.admit(login(7, LoginOrigin::Chat)), Admission::Displaced(3));
        assert_eq!(ids(&logins), [1, 6, 7, 2]);
        logins.end_first();
        assert_eq!(ids(&logins), [6, 7, 2]);
    }
}
