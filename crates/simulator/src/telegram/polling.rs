//! Long polling: one `getUpdates` call at a time, and how long it may wait.

use std::time::Duration;

use super::answers::error;
use super::params::Params;
use super::path::{endpoint, token};
use crate::http::{Request, Response};
use crate::phone::POLL_CONFLICT;
use crate::state::World;

/// Lets a `getUpdates` call take over from the one before it; `None` for any other call and for a wrong token.
pub(crate) fn begin_poll(world: &mut World, request: &Request) -> Option<u64> {
    let polls = endpoint(&request.path) == crate::endpoint::GET_UPDATES;
    let ours = token(&request.path) == Some(&world.phone.settings.bot_token);
    (polls && ours).then(|| world.phone.updates.arrive())
}

/// The end of a `getUpdates` call whose place a later one took.
pub(crate) fn conflict(world: &mut World, ticket: u64) -> Option<Response> {
    let taken = world.phone.updates.taken_over(ticket);
    taken.then(|| error(409, POLL_CONFLICT))
}

/// How long a `getUpdates` call wants to wait for something to happen, in real time.
pub(crate) fn longest_wait(world: &World, request: &Request) -> Duration {
    let timeout = Params::read(request).and_then(|params| params.number("timeout")).unwrap_or(0);
    Duration::from_secs(u64::try_from(timeout).unwrap_or(0)).min(world.longest_poll)
}
