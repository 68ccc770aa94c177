//! Which control path does what.

use serde_json::json;

use super::actions::{act, add_faults, killed, log_in, mint, set_login, set_refresh};
use super::bodies::{Kill, Orders, Outage, Redirect, Skew};
use super::result::{ControlResult, body, done, shown};
use super::sockets::{set_prices, set_walk, sockets, step_walk};
use crate::http::{Request, Response};
use crate::state::{Snapshot, World};

/// Answers one request below `/control`.
pub(crate) fn handle(world: &mut World, request: &Request) -> Response {
    match route(world, request) {
        Ok(body) => Response::ok(&body),
        Err((status, message)) => Response::json(status, &json!({"error": message})),
    }
}

fn route(world: &mut World, request: &Request) -> ControlResult {
    let path = request.path.trim_start_matches("/control/");
    match (request.method.as_str(), path) {
        ("GET", "state") => shown(&Snapshot::of(world)),
        ("GET", "calls") => shown(&world.calls.calls()),
        ("GET", "telegram/messages") => shown(&world.phone.messages),
        ("GET", "telegram/heard") => shown(&world.phone.heard),
        ("GET", "telegram/answers") => shown(&world.phone.answers),
        ("DELETE", "faults") => {
            world.faults.clear();
            done()
        }
        ("POST", "faults") => add_faults(world, request),
        ("POST", "refresh") => set_refresh(world, request),
        ("POST", "orders") => body::<Orders>(request).and_then(|orders| {
            world.order_restricted = orders.restricted;
            done()
        }),
        ("POST", "outage") => body::<Outage>(request).and_then(|outage| {
            world.set_outage(outage.service, outage.on);
            done()
        }),
        ("POST", "skew") => body::<Skew>(request).and_then(|skew| {
            world.date_skew_seconds = skew.seconds;
            done()
        }),
        ("POST", "prices") => set_prices(world, request),
        ("POST", "walk") => set_walk(world, request),
        ("POST", "walk/step") => step_walk(world, request),
        ("POST", "tokens/mint") => mint(world, request),
        ("POST", "tokens/kill") => body::<Kill>(request).map(|kill| json!({"killed": killed(world, kill)})),
        ("POST", "login") => log_in(world, request),
        ("POST", "login/settings") => set_login(world, request),
        ("POST", "redirect") => body::<Redirect>(request).and_then(|redirect| {
            world.app.redirect_uri = redirect.uri;
            done()
        }),
        ("POST", "telegram/updates") => act(world, request),
        _ => sockets(world, request, path).unwrap_or_else(|| Err((404, "no such control".into()))),
    }
}
