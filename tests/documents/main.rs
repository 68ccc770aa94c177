//! What guides and files for hosts say is what the program does.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod deploy;
mod guides;
mod install;
mod links;
mod release;
