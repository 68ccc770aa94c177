//! FYERS with books that are behind it, each by itself.

use fyers_api::model::Traded;

use super::*;

#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) left: i64,
    pub(super) filled: i64,
    pub(super) waits: bool,
    pub(super) at: i64,
    /// It was there before the halt, and is no exit.
    pub(super) is_early: bool,
}

/// What FYERS was like, each state with its moment.
pub(super) type States = Vec<(i64, Vec<Order>, i64)>;

/// FYERS as it is, and as it was.
pub(super) struct Broker {
    pub(super) now: i64,
    /// What was open before the day.
    pub(super) carried: i64,
    /// Whether the positions tell what of them is of today.
    pub(super) tells_today: bool,
    pub(super) net: i64,
    pub(super) orders: Vec<Order>,
    /// Each state with its moment.
    pub(super) states: States,
    /// Which of them the order book and the positions show.
    pub(super) shows: (usize, usize),
    /// Of so many rows that the order book has shown, those that are left out, and until when.
    pub(super) left_out: (usize, u8, i64),
}

impl Broker {
    pub(super) fn note(&mut self) {
        self.states.push((self.now, self.orders.clone(), self.net));
    }

    pub(super) fn add(&mut self, quantity: i64) -> String {
        let (id, left, at) = (self.orders.len().to_string(), quantity, self.now);
        self.orders.push(Order { id: id.clone(), left, filled: 0, waits: true, at, is_early: false });
        id
    }

    /// Whether an exit has turned the position or made it larger.
    pub(super) fn fill(&mut self, which: usize, by: i64) -> bool {
        let Some(order) = self.orders.get_mut(which).filter(|order| order.waits && order.left != 0) else {
            return false;
        };
        let filled = by.min(order.left.abs()) * order.left.signum();
        (order.left, order.filled) = (order.left - filled, order.filled + filled);
        order.waits = order.left != 0;
        let (before, is_early) = (self.net, order.is_early);
        self.net += filled;
        self.note();
        !is_early && (self.net.abs() > before.abs() || self.net * before < 0)
    }

    pub(super) fn end(&mut self, which: usize) {
        if let Some(order) = self.orders.get_mut(which) {
            order.waits = false;
            self.note();
        }
    }

    pub(super) fn wait(&mut self, seconds: i64, (book, net): (usize, usize)) {
        self.now += seconds;
        let oldest = self.states.partition_point(|(until, ..)| *until <= self.now - LAG).saturating_sub(1);
        let last = self.states.len() - 1;
        let next = |shown: usize, more: usize| (shown + more).clamp(oldest.max(shown), last);
        self.shows = (next(self.shows.0, book), next(self.shows.1, net));
    }

    pub(super) fn positions(&self) -> Vec<Position> {
        let (_, orders, net) = &self.states[self.shows.1];
        let [bought, sold] = [1, -1].map(|side| {
            let filled = orders.iter().map(|order| order.filled).filter(|filled| filled.signum() == side);
            filled.map(i64::abs).sum()
        });
        let today = self.tells_today.then_some(Traded { bought, sold });
        let has_row = self.carried != 0 || bought != 0 || sold != 0;
        has_row.then(|| Position { today, ..position(A, *net) }).into_iter().collect()
    }

    pub(super) fn book(&self) -> Vec<BookRow> {
        let row = |order: &Order| BookRow {
            id: order.id.clone(),
            leg: leg(A, if order.left == 0 { order.filled } else { order.left }),
            whole: order.left + order.filled,
            waits: order.waits,
            filled: order.filled,
            average: rust_decimal::Decimal::ZERO,
            stop: rust_decimal::Decimal::ZERO,
            is_unfilled: !order.waits && order.filled == 0,
            at: Some(moment(order.at)),
        };
        let (shown, left_out, until) = self.left_out;
        let is_there =
            |number: &usize| self.now > until || *number >= shown || left_out & (1 << (number % 8)) == 0;
        let shown = self.states[self.shows.0].1.iter().enumerate();
        shown.filter(|(number, _)| is_there(number)).map(|(_, order)| row(order)).collect()
    }
}

pub(super) fn moment(seconds: i64) -> DateTime<Utc> {
    at() + TimeDelta::seconds(seconds)
}
