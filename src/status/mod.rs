//! What the keeper says of itself: `/api/status` and `status --json`.

mod checks;
mod contact;
mod day;
mod feeds;
mod model;

pub use day::{Day, MarketDay};
pub use feeds::{FeedsStatus, SourceStatus};
pub use model::{
    ActorStatus, CalendarStatus, Check, Checks, ContactStatus, DiskStatus, Health, HolidayStatus,
    LeaseStatus, OutboxStatus, SessionStatus, Status, TickStatus, token_end,
};
