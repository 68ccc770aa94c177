//! Keeps the `.env` file of other programs up to date with the newest tokens.
//!
//! The database holds the authoritative tokens. The `.env` file is a courtesy copy, so that scripts and bots that read
//! `FYERS_ACCESS_TOKEN` from it go on working. It belongs to a person, who edits it by hand, mounts it into containers
//! and links to it. The keeper never creates it.
//!
//! What always holds:
//!
//! - **Only our values change.** Every other byte stays: comments, order, quotes, `export`, CRLF, a byte order mark,
//!   unknown and malformed lines. A key that is set several times is changed in all places. See [`set`].
//! - **Old or new, never torn.** A kill, a full disk or an I/O error at any system call leaves the old or the new
//!   content once [`EnvFile::recover`] has run. Success is reported only when the new content is on the disk.
//! - **Permissions never widen**, the owner stays, and no temporary file with a secret survives a recovery.
//! - **Edits by others are kept.** A file that changed between reading and writing is read again.
//! - **No error, warning or `Debug` output holds a value of the file**: line numbers, key names and paths only.
//! - **Only a regular file of at most 256 KiB of UTF-8 text** is read. Pipes, devices and folders are refused at once.
//! - **Only a file that is nobody else's to change** is used: one that everybody can write, or of another user whom root has
//!   not chosen, is refused (`access`).
//!
//! Each write chooses one of two ways:
//!
//! | way | when | a reader can see |
//! |---|---|---|
//! | [`How::Replaced`] | normally: temporary file, fsync, rename, fsync of the folder | old or new |
//! | [`How::InPlace`] | rename impossible (single-file bind mount), folder not writable, owner or access list could not be kept, hard links | for some microseconds a mix |
//!
//! Before a write in place both contents go to a journal in the state folder, which [`EnvFile::recover`] uses to
//! finish the work after a crash. Call `recover` once at start; it also removes temporary files.
//!
//! Everything here blocks on the disk: call it from a thread that may block.

mod access;
mod edit;
mod error;
mod file;
mod in_place;
mod parse;
mod replace;
mod snapshot;
#[cfg(test)]
mod tests;

pub use edit::{EditError, set};
pub use error::{EnvFileError, EnvFileErrorKind};
pub use file::{EnvFile, How};
pub use parse::{Duplicate, Entry, EnvText, parse};
