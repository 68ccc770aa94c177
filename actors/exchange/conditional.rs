//! GTT and smart orders that wait at FYERS: remembered in the same commit as the answer to them, and by every life of the actor.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use fyers_api::ist;
use keeper_domain::{
    note::NoteChange,
    notes::CONDITIONAL_ORDERS,
    routing::{
        conditional::{Conditional, Step, learn},
        live_positions::LivePositions,
    },
};

use crate::exchange::ExchangeActor;

/// Those that are not known to be over. Shared: it survives the actor's crash.
#[derive(Clone, Default)]
pub struct ConditionalOrders(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// Whether the store has been read: from then on memory is ahead of it.
    is_read: bool,
    orders: Vec<Conditional>,
}

impl ConditionalOrders {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store has, when the first life begins.
    pub(super) fn restore(&self, stored: Vec<Conditional>) {
        let mut kept = self.kept();
        if !std::mem::replace(&mut kept.is_read, true) {
            kept.orders.splice(0..0, stored);
        }
    }

    /// Learns what an acknowledged request means, and gives what is to be written of it.
    pub(super) fn learn(&self, step: Step, today: NaiveDate) -> Option<NoteChange> {
        let dropped = learn(&mut self.kept().orders, step, today);
        if let Some(Conditional { id, symbols, .. }) = dropped {
            let symbols = symbols.join(" ");
            tracing::warn!(
                event = "order.forgotten",
                id,
                symbols,
                "too many GTT and smart orders wait: this one is not protected any more"
            );
        }
        self.note()
    }

    /// All of it, to be written.
    pub(super) fn note(&self) -> Option<NoteChange> {
        CONDITIONAL_ORDERS.set(&self.kept().orders).ok()
    }

    fn waiting(&self, today: NaiveDate) -> Vec<Conditional> {
        self.kept().orders.iter().filter(|order| !order.is_over(today)).cloned().collect()
    }
}

impl ExchangeActor {
    /// What is known of FYERS, with what no reading shows.
    pub(super) fn live(&self) -> LivePositions {
        let conditional = self.deps.conditional.waiting(ist::date(self.deps.time.now()));
        LivePositions { conditional, ..self.volatile.live.clone() }
    }
}
