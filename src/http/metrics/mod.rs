//! What Prometheus is told. One registry for each account, nothing global.
//!
//! Counters come from the values that are journalled, so that log, alert and metric never disagree; gauges are
//! set from the status when somebody asks; durations are noted where the waiting happens. Every label has a
//! closed list of values: enums of the keeper, or FYERS' map of paths (`routes`).

mod counters;
mod feeds;
mod gauges;
mod instrumented;
mod keys;
mod outcome;
mod registry;
pub mod routes;

pub use instrumented::{CountedMessenger, WatchedStore};
pub use keys::of_keys;
pub use outcome::AlertOutcome;
pub use registry::Metrics;
