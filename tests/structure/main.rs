//! The promises about the structure of the source: which package may know which, and that imports never go in a
//! circle, neither between files nor between folders.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod circles;
mod imports;
mod packages;
