//! The response without any fault, long polls included.

use std::time::{Duration, Instant};

use actix_web::HttpRequest;

use super::shared::Shared;
use super::tcp::Connection;
use crate::http::{Request, Response};
use crate::state::Service;
use crate::{fyers, streams, telegram};

/// How often a waiting `getUpdates` call looks for updates, in real time.
const POLL_EVERY: Duration = Duration::from_millis(10);

/// The answer without any fault; `None` when the caller left first, or an outage cut a waiting call off.
pub(super) async fn response_of(
    http: &HttpRequest,
    world: &Shared,
    service: Service,
    request: &Request,
) -> Option<Response> {
    if service == Service::Fyers {
        let mut world = world.lock();
        let response = fyers::handle(&mut world, request);
        streams::order_events(&mut world);
        return Some(response);
    }
    let Some(connection) = http.conn_data::<Connection>() else {
        return telegram_reply(world, request).await;
    };
    tokio::select! {
        biased;
        reply = telegram_reply(world, request) => reply,
        () = connection.closed_by_peer() => None,
    }
}

/// `getUpdates` waits for something to report, as the real one does, unless a later poller takes its place.
async fn telegram_reply(world: &Shared, request: &Request) -> Option<Response> {
    let begun = Instant::now();
    let (ticket, wait) = {
        let mut world = world.lock();
        (telegram::begin_poll(&mut world, request), telegram::longest_wait(&world, request))
    };
    loop {
        let reply = {
            let mut world = world.lock();
            if world.is_out(Service::Telegram) {
                return None;
            }
            if let Some(conflict) = ticket.and_then(|ticket| telegram::conflict(&mut world, ticket)) {
                return Some(conflict);
            }
            telegram::handle(&mut world, request)
        };
        let nothing_yet = ticket.is_some() && reply.body.ends_with(br#""result":[]}"#);
        if !nothing_yet || begun.elapsed() >= wait {
            return Some(reply);
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
}
