//! How many logins each client may finish, and how many all strangers together.
//!
//! Whoever begins a login at the page without the card's link is a stranger: each code that is made up costs a call to
//! FYERS, and failed calls are few by the hour (`fyers::limits`). Strangers get a part of these only, so that the owner,
//! who comes by the card or with the key, always has some left.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use keeper_domain::address::Network;

use crate::http::access::budget::Budgets;

/// Logins at once, and how long one more takes.
const BUDGET: (u32, Duration) = (30, Duration::from_secs(2));
/// Attempts of all strangers in an hour that did not end logged in.
const STRANGERS: usize = 5;
/// From then on, the time between two of them.
const GAP: Duration = Duration::from_secs(10 * 60);
/// Logins that are remembered: more than strangers can begin to finish in an hour.
const REMEMBERED: usize = 64;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The budgets of one listener's clients.
pub(super) struct LoginBudget {
    began: Instant,
    budgets: Mutex<Budgets>,
    strangers: Mutex<VecDeque<Duration>>,
    counted: Mutex<VecDeque<Counted>>,
}

/// A stranger's login that was counted.
struct Counted {
    /// The one-time state that it began with.
    state: String,
    was_good: bool,
}

impl Default for LoginBudget {
    fn default() -> Self {
        let budgets = Mutex::new(Budgets::new(BUDGET.0, BUDGET.1));
        Self { began: Instant::now(), budgets, strangers: Mutex::default(), counted: Mutex::default() }
    }
}

impl LoginBudget {
    /// Whether a stranger may finish this login now. One that is sent again, by a second tap or a reload, costs FYERS no
    /// call and is told what came of the first: it is always admitted.
    pub(super) fn admits(&self, client: Network, state: &str) -> bool {
        let now = self.began.elapsed();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.iter().any(|login| login.state == state) {
            return true;
        }
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = budgets.take(client, now)
            && admit(&mut self.strangers.lock().unwrap_or_else(PoisonError::into_inner), now);
        if admitted {
            counted.push_back(Counted { state: state.to_owned(), was_good: false });
            if counted.len() > REMEMBERED {
                counted.pop_front();
            }
        }
        admitted
    }

    /// A stranger's login was good: it counts no more.
    pub(super) fn was_good(&self, state: &str) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let login = counted.iter_mut().find(|login| login.state == state);
        if login.is_some_and(|login| !std::mem::replace(&mut login.was_good, true)) {
            self.strangers.lock().unwrap_or_else(PoisonError::into_inner).pop_back();
        }
    }
}

fn admit(attempts: &mut VecDeque<Duration>, now: Duration) -> bool {
    while attempts.front().is_some_and(|at| *at + HOUR <= now) {
        attempts.pop_front();
    }
    let newest = attempts.back().filter(|_| attempts.len() >= STRANGERS);
    let admitted = newest.is_none_or(|at| *at + GAP <= now);
    if admitted {
        attempts.push_back(now);
    }
    admitted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_is_sent_again_is_counted_once() {
        let (budget, client) = (LoginBudget::default(), "127.0.0.1".parse().unwrap());
        assert!((0..20).all(|_| budget.admits(client, "one")), "the same login");
        budget.was_good("one");
        budget.was_good("one");
        let others = (0..20).filter(|number| budget.admits(client, &number.to_string())).count();
        assert_eq!(others, STRANGERS, "a good one takes back what it took, and no more");
        assert!(budget.admits(client, "one"));
    }

    /// FYERS' limit of failed logins is ten by the hour: some of them are left for the owner.
    #[test]
    fn strangers_together_have_a_few_attempts_an_hour() {
        let mut attempts = VecDeque::new();
        let admitted = (0..3_600).filter(|second| admit(&mut attempts, Duration::from_secs(*second))).count();
        assert_eq!(admitted, STRANGERS + 5, "five at once, then one each ten minutes");
        assert!((0..100).filter(|_| admit(&mut attempts, HOUR * 2)).count() == STRANGERS, "a new hour");
    }
}
