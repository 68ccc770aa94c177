//! Price changes and the orders they reach.

use super::gtt;
use super::orders::{WAITING, fill_if_marketable};
use crate::state::World;

/// Lists symbols or moves their prices, and fills the orders of every account that the prices reach.
pub(crate) fn set_prices(world: &mut World, prices: &[(String, f64)]) {
    let now = world.now();
    for (symbol, price) in prices {
        world.market.set_price(symbol, *price, now);
    }
    for fy_id in world.client_ids() {
        world.seen_by(&fy_id, match_waiting);
    }
}

/// Fills every waiting order that the present prices reach, then triggers GTT orders.
fn match_waiting(world: &mut World) {
    let waiting: Vec<_> = world.book.orders.iter().filter(|order| order.status == WAITING).cloned().collect();
    for order in waiting {
        fill_if_marketable(world, &order);
    }
    gtt::trigger_reached(world);
}
