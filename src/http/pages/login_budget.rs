//! How many logins each client may finish.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use keeper_domain::address::Network;

use crate::http::access::budget::Budgets;

/// Logins at once, and how long one more takes.
const BUDGET: (u32, Duration) = (30, Duration::from_secs(2));

/// The budgets of one listener's clients.
pub(super) struct LoginBudget {
    began: Instant,
    budgets: Mutex<Budgets>,
}

impl Default for LoginBudget {
    fn default() -> Self {
        Self { began: Instant::now(), budgets: Mutex::new(Budgets::new(BUDGET.0, BUDGET.1)) }
    }
}

impl LoginBudget {
    /// Whether a client may finish one more login now.
    pub(super) fn admits(&self, client: Network) -> bool {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.take(client, self.began.elapsed())
    }
}
