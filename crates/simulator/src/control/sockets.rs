//! Control of prices and of the WebSocket connections.

use std::time::Duration;

use serde_json::json;

use super::bodies::{CloseSockets, Price, Prices, Push, SocketFault, SocketSettings, Steps, Walk, filter};
use super::result::{ControlResult, body, done, shown};
use crate::broker::PriceWalk;
use crate::http::Request;
use crate::state::World;
use crate::streams;

/// Everything below `/control/sockets`; `None` for any other path.
pub(super) fn sockets(world: &mut World, request: &Request, path: &str) -> Option<ControlResult> {
    Some(match (request.method.as_str(), path) {
        ("GET", "sockets") => shown(&world.sockets.report()),
        ("POST", "sockets/fault") => body(request).map(|change: SocketFault| {
            let found = world.sockets.matching(filter(change.id, change.kind));
            json!({"changed": found.map(|socket| socket.set_fault(change.fault.clone())).count()})
        }),
        ("POST", "sockets/close") => body(request).map(|close: CloseSockets| {
            json!({"closed": world.sockets.end(filter(close.id, close.kind), close.how)})
        }),
        ("POST", "sockets/push") => body(request)
            .map(|push: Push| json!({"sent": streams::push(world, push.topic, None, &push.message)})),
        ("POST", "sockets/settings") => set_settings(world, request),
        _ => return None,
    })
}

fn set_settings(world: &mut World, request: &Request) -> ControlResult {
    let wanted = body::<SocketSettings>(request)?;
    world.sockets.symbol_limit = wanted.symbol_limit.unwrap_or(world.sockets.symbol_limit);
    world.sockets.ack_every = wanted.ack_every.unwrap_or(world.sockets.ack_every);
    done()
}

/// One price, or a list of them in one step.
pub(super) fn set_prices(world: &mut World, request: &Request) -> ControlResult {
    let prices = match body::<Prices>(request)? {
        Prices::One(price) => vec![price],
        Prices::Many(prices) => prices,
    };
    let pair = |price: Price| (price.symbol, price.price);
    streams::set_prices(world, &prices.into_iter().map(pair).collect::<Vec<_>>());
    done()
}

pub(super) fn set_walk(world: &mut World, request: &Request) -> ControlResult {
    let walk = body::<Walk>(request)?;
    world.walk = PriceWalk::new(walk.seed);
    world.walk_every = walk.every_ms.map(|ms| Duration::from_millis(ms.max(1)));
    done()
}

pub(super) fn step_walk(world: &mut World, request: &Request) -> ControlResult {
    streams::walk(world, body::<Steps>(request)?.steps);
    done()
}
