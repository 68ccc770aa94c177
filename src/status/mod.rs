//! What the keeper says of itself: `/api/status` and `status --json`.

mod checks;
mod day;
mod model;

pub use day::{Day, Market};
pub use model::{
    ActorStatus, CalendarStatus, Check, Checks, Health, HolidayStatus, LeaseStatus, OutboxStatus,
    SessionStatus, Status, TickStatus,
};
