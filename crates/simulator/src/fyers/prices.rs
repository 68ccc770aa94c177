//! Price changes and the orders they reach.

use super::gtt;
use super::orders::fill_if_marketable;
use crate::state::World;

/// Lists a symbol or moves its price, and fills the orders of every account that the price reaches.
pub(crate) fn set_price(world: &mut World, symbol: &str, price: f64) {
    world.market.set_price(symbol, price);
    for fy_id in world.client_ids() {
        world.seen_by(&fy_id, match_waiting);
    }
}

/// Fills every waiting order that the present prices reach, then triggers GTT orders.
fn match_waiting(world: &mut World) {
    let waiting: Vec<_> = world.book.orders.iter().filter(|order| order.status == 6).cloned().collect();
    for order in waiting {
        fill_if_marketable(world, &order);
    }
    gtt::trigger_reached(world);
}
