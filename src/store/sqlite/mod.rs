//! The `Store` port on SQLite: one writer thread, readers beside it.

mod committer;
pub(crate) mod copy;
mod database;
mod examine;
mod mock_journal;
mod outbox;
mod read;
mod session_row;
mod spare_room;
mod store;
#[cfg(test)]
mod tests;
pub(crate) mod transfer;
mod views;
mod write;

pub(in crate::store) use write::put_session_digest as write_session_digest;

pub use database::OpenError;
pub use examine::{Counts, Examined, Label, Unfit, examine};
pub use store::SqliteStore;
