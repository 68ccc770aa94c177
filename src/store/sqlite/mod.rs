//! The `Store` port on SQLite: one writer thread, readers beside it.

mod committer;
pub(crate) mod copy;
mod database;
mod examine;
mod outbox;
mod read;
mod rows;
mod store;
pub(crate) mod transfer;
#[cfg(test)]
mod tests;
mod write;

pub use database::OpenError;
pub use examine::{Counts, Examined, Label, Unfit, examine};
pub use store::SqliteStore;
