//! Price changes by a call and by the random walk.

use std::collections::BTreeSet;

use super::publish;
use crate::fyers;
use crate::state::World;

/// Lists symbols or moves their prices; orders that are reached fill, and sockets hear of both.
pub(crate) fn set_prices(world: &mut World, prices: &[(String, f64)]) {
    fyers::set_prices(world, prices);
    let symbols: BTreeSet<&str> = prices.iter().map(|(symbol, _)| symbol.as_str()).collect();
    publish::ticks(world, &symbols);
    publish::order_events(world);
}

/// Takes steps of the random walk.
pub(crate) fn walk(world: &mut World, steps: u32) {
    for _ in 0..steps {
        let prices = world.walk.step(&world.market);
        set_prices(world, &prices);
    }
}
