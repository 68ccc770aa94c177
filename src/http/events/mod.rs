//! `/events`: session and mode as server-sent events, while they happen.

mod seats;
mod stream;

pub(super) use seats::Seats;
pub(super) use stream::routes;
