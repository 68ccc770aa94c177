//! What one of the answers to a request was about.

use crate::{asked::Asked, order_journal::OrderIntent};

impl Asked {
    /// Of one of the answers to a request. `of` is its place among so many.
    pub fn of(intent: &OrderIntent, (place, answers): (usize, usize)) -> Self {
        let one = intent.ids.get(place).filter(|_| intent.ids.len() == answers);
        let ids = one.map_or_else(|| intent.ids.clone(), |id| vec![id.clone()]);
        Self { what: intent.what.clone(), ids }
    }
}
