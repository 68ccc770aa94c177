//! Wrong gateway keys: limited for each client, counted, and told once.
//!
//! Only wrong keys spend a budget, and the right key is never refused: a stranger behind the same address as the
//! owner's bot cannot lock it out. What keeps a guess from ever being right is the key's length.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use keeper_domain::address::Network;

use crate::http::access::budget::Budgets;

/// Wrong keys at once for each client, and how long one more takes. A bot with an old key asks often.
const BUDGET: (u32, Duration) = (100, Duration::from_secs(1));
/// Wrong keys within [`WINDOW`] from which on a person is told.
const TELL_FROM: u32 = 20;
/// The time in which they are counted, and the shortest time between two messages.
const WINDOW: Duration = Duration::from_secs(60 * 60);

/// What comes of one wrong key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The client has spent its budget: it is told to wait.
    pub(super) limited: bool,
    /// A person should know: so many wrong keys in the last hour.
    pub(super) tell: Option<u32>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct KeyAttempts {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    budgets: Budgets,
    window_began: Duration,
    wrong: u32,
    told_at: Option<Duration>,
}

impl Default for KeyAttempts {
    fn default() -> Self {
        Self { began: Instant::now(), state: Mutex::new(State::new()) }
    }
}

impl KeyAttempts {
    /// Notes a wrong key.
    pub(super) fn wrong(&self, client: Network) -> Outcome {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.wrong(client, self.began.elapsed())
    }
}

impl State {
    fn new() -> Self {
        let budgets = Budgets::new(BUDGET.0, BUDGET.1);
        Self { budgets, window_began: Duration::ZERO, wrong: 0, told_at: None }
    }

    fn wrong(&mut self, client: Network, now: Duration) -> Outcome {
        if now - self.window_began > WINDOW {
            (self.window_began, self.wrong) = (now, 0);
        }
        self.wrong = self.wrong.saturating_add(1);
        let is_due = self.told_at.is_none_or(|told_at| now - told_at > WINDOW);
        let tell = (is_due && self.wrong >= TELL_FROM).then_some(self.wrong);
        if tell.is_some() {
            self.told_at = Some(now);
        }
        Outcome { limited: !self.budgets.take(client, now), tell }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guesser_is_limited_and_told_of_once_an_hour() {
        let client = Network::of_client([203, 0, 113, 7].into());
        let other = Network::of_client([203, 0, 113, 8].into());
        let mut state = State::new();
        let hour = |n: u32| WINDOW * n + Duration::from_secs(1) * n;
        let outcomes: Vec<Outcome> = (0..150).map(|_| state.wrong(client, hour(0))).collect();
        assert!(outcomes[..100].iter().all(|outcome| !outcome.limited));
        assert!(outcomes[100..].iter().all(|outcome| outcome.limited));
        let told: Vec<u32> = outcomes.iter().filter_map(|outcome| outcome.tell).collect();
        assert_eq!(told, [20]);
        assert_eq!(state.wrong(other, hour(0)), Outcome { limited: false, tell: None });
        let later: Vec<u32> = (0..100).filter_map(|_| state.wrong(client, hour(1)).tell).collect();
        assert_eq!(later, [20]);
        assert_eq!(state.wrong(client, hour(2)).tell, None, "one mistyped key is no news");
    }
}
