//! What is odd in FYERS' answers and not needed: a warning, told once, and never more.

use std::sync::{Arc, Mutex, PoisonError};

use fyers_api::response::Parsed;
use keeper_domain::routing::drift::ToldDrift;

/// What one actor has told of the answers that it reads. All clones are the same.
#[derive(Clone)]
pub(crate) struct DriftLog {
    actor: &'static str,
    told: Arc<Mutex<ToldDrift>>,
}

impl DriftLog {
    pub(crate) fn new(actor: &'static str) -> Self {
        Self { actor, told: Arc::default() }
    }

    /// The value, after a warning about what was odd beside it and was not told yet. Names of fields only: what they hold
    /// may be private.
    pub(crate) fn warned<T>(&self, call: &'static str, parsed: Parsed<T>) -> T {
        let news = self.told.lock().unwrap_or_else(PoisonError::into_inner).news(call, &parsed.drift);
        if !news.is_empty() {
            let (actor, count, fields) = (self.actor, news.len() as u64, news.join(", "));
            tracing::warn!(
                event = "fyers.drift",
                actor,
                call,
                count,
                fields,
                "FYERS' answer differs from its documentation in fields that are not needed; trading goes on, told once"
            );
        }
        parsed.value
    }
}
