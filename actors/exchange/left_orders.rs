//! Nothing is carried from Mock to Live: what waits in the MockExchange when orders begin to go to FYERS is cancelled there,
//! and told. Filled later it would be taken for real.

use actix::Context;
use keeper_domain::{
    bots::leftovers::{LeftOrder, leftovers, orders_left},
    event::Event,
    mode::Mode,
};

use crate::exchange::ExchangeActor;

/// What bots that follow their orders are told.
const WHY: &str = "Cancelled by fyers-keeper: orders go to FYERS now, and this one was simulated";

impl ExchangeActor {
    /// Those that wait although orders go to FYERS.
    pub(super) fn orders_left(&self) -> Vec<LeftOrder> {
        match self.volatile.mode {
            Mode::Live => {
                orders_left(self.volatile.book.engine(), &self.volatile.books, &self.deps.keys.load())
            }
            Mode::Sandbox | Mode::Mock => vec![],
        }
    }

    /// Ends them before any price can fill them. When it cannot be written it has not happened, and comes again.
    pub(super) fn cancel_left_orders(&mut self, ctx: &mut Context<Self>) {
        let left = self.orders_left();
        if left.is_empty() {
            return;
        }
        let now = self.deps.time.now();
        let (ids, cancelled) = left.into_iter().map(|order| (order.id, order.words)).unzip();
        let records = self.volatile.book.withdraw(ids, WHY, now);
        let positions = leftovers(&self.owns(now), &self.deps.keys.load());
        let mut change = self.mock_change(records);
        change.events.push((now, Event::SimulatedLeft { positions, cancelled }));
        self.queue_own_facts(change, Box::new(|_, _, _| ()), ctx);
    }
}
