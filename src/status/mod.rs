//! What the keeper says of itself: `/api/status` and `status --json`.

mod checks;
mod contact;
mod counts;
mod day;
mod feeds;
mod model;
mod session;

pub use day::{Day, MarketDay};
pub use feeds::{FeedsStatus, SourceStatus};
pub use model::{
    ActorStatus, CalendarStatus, Check, Checks, ContactStatus, DiskStatus, Health, HolidayStatus,
    LeaseStatus, OutboxStatus, Status, TickStatus,
};
pub use session::{SessionStatus, token_end};
