//! The login card: what the chat should show, and the next step towards it.

pub mod model;
pub mod reminders;
pub mod rules;
pub mod words;

#[cfg(test)]
mod day_walk;
#[cfg(test)]
mod tests;
