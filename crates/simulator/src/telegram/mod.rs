//! The Telegram Bot API.

mod answers;
mod compose;
mod markup;
mod methods;
mod params;
mod path;
mod polling;

pub(crate) use answers::{error, too_many_requests};
pub(crate) use methods::handle;
pub(crate) use path::endpoint;
pub(crate) use polling::{begin_poll, conflict, longest_wait};
