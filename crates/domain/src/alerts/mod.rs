//! From journal events to alerts: texts, merging of repeats, and what follows a failed delivery.

mod asked;
pub mod coalesce;
pub mod delivery;
pub mod render;
pub mod texts;
pub mod words;

#[cfg(test)]
pub(crate) mod tests;
