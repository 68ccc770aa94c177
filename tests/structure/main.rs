//! The promises about the source that its text shows: which package may know which, that imports never go in a circle,
//! who opens private files, what builds for service have, and that the sections and tests which texts name are there.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod build_script;
mod circles;
mod doors;
mod fyers_api_document;
mod imports;
mod packages;
mod private_files;
mod security;
