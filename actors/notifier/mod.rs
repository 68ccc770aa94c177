//! Alerts: which events are worth one, what it says, and how it gets through.
//!
//! The journal is the source: `texts` turns an event into at most one alert, `coalesce` merges repeats that
//! still wait, `delivery` says what to do after each attempt and how fast to go, `render` puts the final
//! message together. `actor` carries these out; `intake` and `courier` are its two awaits.

pub mod actor;
pub mod messages;

pub mod courier;
mod intake;

#[cfg(test)]
mod tests;
