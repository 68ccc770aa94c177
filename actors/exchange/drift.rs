//! What is odd in FYERS' books and not needed: a warning, and never more.

use fyers_api::response::Parsed;

use crate::exchange::ExchangeActor;

impl ExchangeActor {
    /// The value, after a warning about what was odd beside it and was not told yet. Names of fields only: what they hold
    /// may be private.
    pub(super) fn warned<T>(&mut self, call: &'static str, parsed: Parsed<T>) -> T {
        let news = self.volatile.drift.news(call, &parsed.drift);
        if !news.is_empty() {
            let (count, fields) = (news.len() as u64, news.join(", "));
            tracing::warn!(
                event = "fyers.drift",
                actor = "exchange",
                call,
                count,
                fields,
                "FYERS' answer differs from its documentation in fields that are not needed; trading goes on, told once"
            );
        }
        parsed.value
    }
}
