//! Keeps the `.env` file of other programs up to date with the newest tokens.
//!
//! The keeper's truth is its database. The `.env` file is a courtesy copy: scripts and bots that read
//! `FYERS_ACCESS_TOKEN` from it go on working. It belongs to a person, though, who edits it by hand, mounts it into
//! containers and links to it, so the keeper behaves as a careful guest.
//!
//! What always holds:
//!
//! - **Only our values change.** Every other byte stays: comments, order, quotes, `export`, CRLF, a byte order mark,
//!   unknown and even broken lines. See [`set`].
//! - **Old or new, never torn.** A kill, a full disk or an I/O error at any system call leaves the old or the new
//!   content once [`EnvFile::recover`] has run. Success is reported only when the new content is on the disk.
//! - **Permissions never widen**, the owner stays, and no temporary file with a secret survives a recovery.
//! - **Edits by others are kept.** A file that changed between reading and writing is read again and only our keys are
//!   set in it.
//! - **No error, warning or `Debug` output holds a value or a line of the file**: line numbers, key names and paths only.
//!
//! Two ways to write, chosen for each write:
//!
//! | way | when | a reader can see |
//! |---|---|---|
//! | [`How::Replaced`] | normally: temporary file, fsync, rename, fsync of the folder | old or new |
//! | [`How::InPlace`] | rename impossible (single-file bind mount), folder not writable, owner or access list could not be kept, hard links | for some microseconds a mix |
//!
//! Before a write in place both contents go to a journal in the state folder, which [`EnvFile::recover`] uses to
//! finish the work after a crash. Call `recover` once at start, before [`EnvFile::read`].
//!
//! Everything here blocks on the disk: call it from a thread that may block.

mod atomic;
mod edit;
mod error;
mod in_place;
mod journal;
mod lock;
mod parse;
mod recover;
mod target;
#[cfg(test)]
mod tests;
mod write;

pub use edit::{EditError, set};
pub use error::{EnvWriteError, Kind};
pub use parse::{Entry, Problem, Reading, What, read};
pub use recover::{JournalOutcome, Recovered};
pub use write::{EnvFile, How, Warning, Written};
