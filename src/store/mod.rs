//! The keeper's memory on disk: one SQLite database in a locked, private folder.
//!
//! Tokens are stored as they are: the folder is 0700 and the files 0600, and whoever can read them as this user or
//! as root could read the settings too. Errors never quote a stored value.

mod committer;
pub(crate) mod copy;
mod database;
mod examine;
mod outbox;
mod read;
mod rows;
mod sqlite;
mod state_dir;
#[cfg(test)]
mod tests;
mod write;

pub use database::OpenError;
pub use examine::{Counts, Examined, Label, Unfit, examine};
pub use sqlite::SqliteStore;
pub use state_dir::{StateDir, StateDirError};
