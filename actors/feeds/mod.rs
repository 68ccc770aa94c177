//! Market data and order updates for bots: the rules are in `keeper_domain::feeds`.

pub mod actor;
pub mod hub;
mod link;
mod look_up;
mod mock_prices;
mod order_link;
pub mod status;

pub use actor::{FeedsActor, FeedsDeps};
pub use hub::{CloseReason, Hub, Seat};
