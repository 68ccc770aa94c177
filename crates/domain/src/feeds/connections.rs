//! When a connection to FYERS is opened, replaced and closed: at most one that is in use, and one on its way to take its
//! place. A new token's connection is open and subscribed before the old one is closed.

use std::time::Duration;

use super::news::EndReason;
use crate::{backoff::SHORTEST, secret::Fingerprint};

/// Longest pause before the next try.
const LONGEST: Duration = Duration::from_secs(30);
/// Not longer than this after a connection that worked: subscriptions are back within 35 seconds after any fault.
const AFTER_SUCCESS: Duration = Duration::from_secs(2);

/// Which connection, of all in this run.
pub type Generation = u64;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAction {
    /// Open one with the present token.
    Open(Generation),
    /// Close one.
    Close(Generation),
    /// Call [`Connections::retry`] after this time.
    RetryIn(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Connection {
    generation: Generation,
    token: Fingerprint,
}

/// The connections to one of FYERS' sockets.
#[derive(Debug, Default)]
pub struct Connections {
    wanted: Option<Fingerprint>,
    current: Option<Connection>,
    coming: Option<Connection>,
    failures: u32,
    waits: bool,
    last: Generation,
}

impl Connections {
    /// There is to be a connection with this token, or none.
    pub fn want(&mut self, token: Option<Fingerprint>) -> Vec<SocketAction> {
        let is_new = self.wanted != token;
        self.wanted = token;
        if is_new {
            self.failures = 0;
        }
        let Some(token) = self.wanted.clone() else {
            let all = [self.current.take(), self.coming.take()].into_iter().flatten();
            return all.map(|one| SocketAction::Close(one.generation)).collect();
        };
        let has = |one: &Option<Connection>| one.as_ref().is_some_and(|one| one.token == token);
        if has(&self.coming) || (has(&self.current) && self.coming.is_none()) || (self.waits && !is_new) {
            return vec![];
        }
        let outdated = self.coming.take().map(|one| SocketAction::Close(one.generation));
        if has(&self.current) {
            return outdated.into_iter().collect();
        }
        outdated.into_iter().chain([self.open(token)]).collect()
    }

    fn open(&mut self, token: Fingerprint) -> SocketAction {
        self.last += 1;
        self.coming = Some(Connection { generation: self.last, token });
        SocketAction::Open(self.last)
    }

    /// A connection is open and subscribed: it takes the place of the one before.
    pub fn ready(&mut self, generation: Generation) -> Vec<SocketAction> {
        let Some(coming) = self.coming.take_if(|one| one.generation == generation) else { return vec![] };
        self.failures = 0;
        let old = self.current.replace(coming);
        old.into_iter().map(|one| SocketAction::Close(one.generation)).collect()
    }

    /// A connection has ended by itself. `dice` is uniform in `0..1`.
    pub fn ended(&mut self, generation: Generation, reason: EndReason, dice: f64) -> Vec<SocketAction> {
        let is = |one: &mut Connection| one.generation == generation;
        let was_current = self.current.take_if(is).is_some();
        let was_coming = self.coming.take_if(is).is_some();
        if !was_current && !was_coming {
            return vec![];
        }
        if self.wanted.is_none() || self.coming.is_some() || self.waits {
            return vec![];
        }
        self.failures = if was_current { 1 } else { self.failures.saturating_add(1) };
        self.waits = true;
        vec![SocketAction::RetryIn(pause(self.failures, reason, dice))]
    }

    /// The pause is over.
    pub fn retry(&mut self) -> Vec<SocketAction> {
        self.waits = false;
        let wanted = self.wanted.clone();
        self.want(wanted)
    }

    /// Whether one is in use.
    pub fn is_open(&self) -> bool {
        self.current.is_some()
    }

    /// Whether this one is in use.
    pub fn is_current(&self, generation: Generation) -> bool {
        self.current.as_ref().is_some_and(|one| one.generation == generation)
    }
}

/// Full jitter between one second and a cap that doubles from two seconds to thirty. A refusal is not a matter of
/// seconds.
fn pause(failures: u32, reason: EndReason, dice: f64) -> Duration {
    let dice = if dice.is_finite() { dice.clamp(0.0, 1.0) } else { 1.0 };
    let doubled = AFTER_SUCCESS.saturating_mul(1 << failures.saturating_sub(1).min(5)).min(LONGEST);
    let cap = if reason == EndReason::Refused { LONGEST } else { doubled };
    SHORTEST + (cap - SHORTEST).mul_f64(dice)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(name: &str) -> Option<Fingerprint> {
        Some(Fingerprint::of(name))
    }

    #[test]
    fn a_new_tokens_connection_is_open_before_the_old_one_closes() {
        let mut all = Connections::default();
        assert_eq!(all.want(token("a")), [SocketAction::Open(1)]);
        assert_eq!(all.ready(1), []);
        assert_eq!(all.want(token("a")), []);
        assert_eq!(all.want(token("b")), [SocketAction::Open(2)]);
        assert!(all.is_current(1), "bots still have it");
        assert_eq!(all.want(token("c")), [SocketAction::Close(2), SocketAction::Open(3)]);
        assert_eq!(all.ready(3), [SocketAction::Close(1)]);
        assert_eq!(all.want(None), [SocketAction::Close(3)]);
        assert_eq!(all.ended(3, EndReason::Lost, 0.5), []);
    }

    #[test]
    fn what_is_lost_is_opened_again_after_a_pause() {
        let mut all = Connections::default();
        all.want(token("a"));
        all.ready(1);
        let SocketAction::RetryIn(first) = all.ended(1, EndReason::Lost, 1.0).remove(0) else { panic!() };
        assert_eq!(first, AFTER_SUCCESS);
        assert_eq!(all.want(token("a")), [], "not before the pause is over");
        assert_eq!(all.retry(), [SocketAction::Open(2)]);
        let SocketAction::RetryIn(second) = all.ended(2, EndReason::Unreachable, 1.0).remove(0) else {
            panic!()
        };
        assert_eq!(second, AFTER_SUCCESS * 2);
        assert_eq!(all.want(token("b")), [SocketAction::Open(3)], "a new token need not wait");
        assert_eq!(all.retry(), []);
    }

    #[test]
    fn pauses_are_between_one_and_thirty_seconds() {
        for failures in 1..40 {
            assert_eq!(pause(failures, EndReason::Lost, 0.0), SHORTEST);
            assert!(pause(failures, EndReason::Lost, f64::NAN) <= LONGEST);
        }
        assert_eq!(pause(9, EndReason::Unreachable, 1.0), LONGEST);
        assert_eq!(pause(1, EndReason::Refused, 1.0), LONGEST);
    }

    proptest! {
        #[test]
        fn there_are_never_more_than_two_and_never_none_for_good(
            steps in proptest::collection::vec((0u8..6, 0usize..4), 1..200),
        ) {
            let (mut all, mut open, mut timer) = (Connections::default(), Vec::<u64>::new(), false);
            for (what, pick) in steps {
                let one = open.get(pick % open.len().max(1)).copied().unwrap_or(0);
                let actions = match what {
                    0 => all.want(None),
                    1 => all.want(token("a")),
                    2 => all.want(token("b")),
                    3 => all.ready(one),
                    4 if timer => { timer = false; all.retry() }
                    _ => { open.retain(|known| *known != one); all.ended(one, EndReason::Lost, 0.1) }
                };
                for action in actions {
                    match action {
                        SocketAction::Open(generation) => open.push(generation),
                        SocketAction::Close(generation) => open.retain(|known| *known != generation),
                        SocketAction::RetryIn(_) => { prop_assert!(!timer); timer = true; }
                    }
                }
                prop_assert!(open.len() <= 2, "{open:?}");
                prop_assert_eq!(open.is_empty(), all.current.is_none() && all.coming.is_none());
                prop_assert!(all.wanted.is_none() || !open.is_empty() || timer, "nobody opens it again");
            }
        }
    }
}
