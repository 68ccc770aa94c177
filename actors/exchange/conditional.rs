//! GTT and smart orders that wait at FYERS: remembered in the same commit as the intent and as the answer to them, and by every
//! life of the actor.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::{ist, response::GttRow};
use keeper_domain::{
    note::NoteChange,
    notes::CONDITIONAL_ORDERS,
    routing::{
        conditional::{
            Conditional, ConditionalKind, GTT_BOOK_EVERY, NotWaiting, Step, forget, learn, learn_gtts,
            trading_day,
        },
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
    /// Those that FYERS' GTT book does not show as waiting.
    not_waiting: NotWaiting,
    /// When the book was asked for last.
    asked_at: Option<DateTime<Utc>>,
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

    /// What was remembered before the answer came is so no longer.
    pub(super) fn forget(&self, order: &Conditional) -> Option<NoteChange> {
        forget(&mut self.kept().orders, order);
        self.note()
    }

    /// All of it, to be written.
    pub(super) fn note(&self) -> Option<NoteChange> {
        CONDITIONAL_ORDERS.set(&self.kept().orders).ok()
    }

    /// Whether FYERS' GTT book is to be read now.
    pub(super) fn asks_for_book(&self, now: DateTime<Utc>) -> bool {
        let kept = self.kept();
        let is_in_book =
            |order: &Conditional| matches!(order.kind, ConditionalKind::Gtt | ConditionalKind::Unreadable);
        let is_due = kept.asked_at.is_none_or(|at| (now - at).abs() >= GTT_BOOK_EVERY);
        kept.orders.iter().any(is_in_book) && (is_due || !kept.not_waiting.is_empty())
    }

    /// The book is being read.
    pub(super) fn asked(&self, now: DateTime<Utc>) {
        self.kept().asked_at = Some(now);
    }

    /// FYERS does not cancel one: it may be over, and its book says so.
    pub(super) fn ask_soon(&self) {
        self.kept().asked_at = None;
    }

    /// When the book is to be read again before its usual time.
    pub(super) fn reads_again_in(&self) -> Option<TimeDelta> {
        self.kept().not_waiting.reads_again_in()
    }

    /// Learns a reading of the book, and gives what is to be written of it.
    fn learn_book(&self, rows: &[GttRow], when: (DateTime<Utc>, NaiveDate)) -> Option<NoteChange> {
        let mut kept = self.kept();
        let Kept { orders, not_waiting, .. } = &mut *kept;
        let before = orders.clone();
        learn_gtts(orders, rows, not_waiting, when);
        if *orders == before { None } else { CONDITIONAL_ORDERS.set(orders).ok() }
    }

    fn waiting(&self, today: NaiveDate) -> Vec<Conditional> {
        self.kept().orders.iter().filter(|order| !order.is_over(today)).cloned().collect()
    }
}

impl ExchangeActor {
    /// Learns FYERS' GTT book, when order book and positions were read behind it.
    pub(super) fn learn_gtts(&self, rows: &[GttRow], began: DateTime<Utc>) -> Option<NoteChange> {
        let day = trading_day(began, |date| self.deps.hours.on(date).map(|day| day.closes));
        self.deps.conditional.learn_book(rows, (began, day.unwrap_or_else(|| ist::date(began))))
    }

    /// What is known of FYERS, with what no reading shows, and without the rows that are for the disk alone.
    pub(super) fn live(&self) -> LivePositions {
        let conditional = self.deps.conditional.waiting(ist::date(self.deps.time.now()));
        LivePositions { conditional, filled: vec![], ..self.volatile.live.clone() }
    }
}
