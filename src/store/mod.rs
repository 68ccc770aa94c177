//! The keeper's memory on disk: one SQLite database in a locked, private folder.
//!
//! Tokens are stored as they are: the folder is 0700 and the files 0600, and whoever can read them as this user or
//! as root could read the settings too. Errors never quote a stored value.

mod caller;
mod droppable;
pub mod postgres;
mod rows;
pub(crate) mod sqlite;
pub(crate) mod state_dir;

pub use sqlite::{Counts, Examined, Label, OpenError, SqliteStore, Unfit, examine};
pub use state_dir::{StateDir, StateDirError};
