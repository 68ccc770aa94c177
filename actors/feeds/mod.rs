//! Market data and order updates for bots: the rules are in `keeper_domain::feeds`.

pub mod actor;
mod catch_up;
mod link;
mod look_up;
mod mock_prices;
mod order_events;
mod order_link;

pub use actor::{FeedsActor, FeedsDeps};
