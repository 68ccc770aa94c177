//! Where bots' connections and everything that tells them something meet.

mod handle;
pub mod status;

pub use handle::{CloseReason, Hub, Seat};
