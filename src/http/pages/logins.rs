//! Logins that are being finished, and how they ended: whoever sends the same login again (a reload, a double tap)
//! is told the same, and its code is spent once.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use keeper_domain::{address::Network, secret::AuthCode};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::{
    http::{access::budget::Budgets, backend::Backend},
    login_report::LoginReport,
};

/// How many logins are remembered.
const MOST: usize = 64;
/// Logins that each client may finish at once, and how long one more takes.
const BUDGET: (u32, Duration) = (30, Duration::from_secs(2));

type Outcome = watch::Receiver<Option<LoginReport>>;

/// The logins of one listener, by the digest of their state.
pub(super) struct Logins {
    began: Instant,
    known: Mutex<VecDeque<([u8; 32], Outcome)>>,
    budgets: Mutex<Budgets>,
}

impl Default for Logins {
    fn default() -> Self {
        let budgets = Mutex::new(Budgets::new(BUDGET.0, BUDGET.1));
        Self { began: Instant::now(), known: Mutex::default(), budgets }
    }
}

impl Logins {
    /// Whether a client may finish one more login.
    pub(super) fn admits(&self, client: Network) -> bool {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets.take(client, self.began.elapsed())
    }

    /// How the login with this state ends or has ended, when it was sent before.
    pub(super) fn sent_before(&self, state: &str) -> Option<Outcome> {
        let digest = digest(state);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(of, _)| *of == digest).map(|(_, outcome)| outcome.clone())
    }

    /// Finishes a login; it goes on when the browser that sent it has gone.
    pub(super) fn begin(&self, backend: Arc<dyn Backend>, code: AuthCode, state: String) -> Outcome {
        let (tell, outcome) = watch::channel(None);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.push_back((digest(&state), outcome.clone()));
        if known.len() > MOST {
            known.pop_front();
        }
        actix_web::rt::spawn(async move {
            let report = backend.finish_login(code, Some(SecretString::from(state))).await;
            let _everybody_has_gone = tell.send(Some(report));
        });
        outcome
    }
}

/// Waits for the end of a login. A task that died is one that did not answer.
pub(super) async fn ended(mut outcome: Outcome) -> LoginReport {
    let report = outcome.wait_for(Option::is_some).await.ok().and_then(|report| report.clone());
    report.unwrap_or_else(LoginReport::silent)
}

fn digest(state: &str) -> [u8; 32] {
    Sha256::digest(state.as_bytes()).into()
}
