//! What the keeper says of itself: `/api/status` and `status --json`.

mod checks;
mod day;
mod feeds;
mod model;

pub use day::{Day, Market};
pub use feeds::{FeedsStatus, SourceStatus};
pub use model::{
    ActorStatus, CalendarStatus, Check, Checks, Health, HolidayStatus, LeaseStatus, OutboxStatus,
    SessionStatus, Status, TickStatus,
};
