//! The `.env` file: the text, the file on a real file system, faults at every system call, and what the program says.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod edit;
mod faults;
mod file;
mod owners;
mod place;
mod settings;
