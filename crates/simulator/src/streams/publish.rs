//! Ticks to data sockets, order events to order sockets.

use std::collections::BTreeSet;

use super::order_updates::push;
use crate::hsm;
use crate::sockets::{Outgoing, Payload, SocketFilter, SocketKind};
use crate::state::World;

/// Sends what changed in these symbols to the data sockets that subscribed to them.
pub(super) fn ticks(world: &mut World, symbols: &BTreeSet<&str>) {
    let now = world.now();
    let market = &world.market;
    for socket in world.sockets.matching(SocketFilter::from(SocketKind::Data)) {
        let records = socket.data.updates(symbols, |symbol, kind| {
            market.ticker(symbol).map(|ticker| hsm::values(kind, ticker, now))
        });
        let frames = socket.data.feed.frames(&records);
        frames.into_iter().for_each(|frame| socket.send(Outgoing::Data(Payload::Binary(frame))));
    }
}

/// Sends what happened to orders since the last call.
pub(crate) fn order_events(world: &mut World) {
    for (account, event) in world.take_order_events() {
        push(world, event.topic, Some(&account), &event.body);
    }
}
