//! From journal events to alerts: texts, merging of repeats, and what follows a failed delivery.

pub mod coalesce;
pub mod delivery;
pub mod render;
pub mod texts;
pub mod words;

#[cfg(test)]
mod tests;
