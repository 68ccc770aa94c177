//! `/events`: session and mode as server-sent events, while they happen.

mod stream;

pub(super) use stream::{Seats, routes};
