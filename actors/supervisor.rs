//! The supervisor: brings back whatever dies, without losing a queued message.
//!
//! actix's own `Supervisor` does not survive a panic: the mailbox closes for good. Here a [`Tree`] wraps every
//! actor's future in a `SupervisedActor` that polls it inside `catch_unwind` and restarts it at the same address, with its
//! queue, after a pause. What a restart does *not* keep decides how actors are written:
//!
//! - it keeps the same struct, so `restarting()` must reset what was loaded, and `started()` loads it again;
//! - it drops every future of the actor's context, so nothing that must happen may live only in one;
//! - it runs `started()` again, so timers are armed there and nowhere else.
//!
//! Ways to die and what notices them: a panic in a handler, a future, `started` or `restarting` (`SupervisedActor`); a
//! panic in a spawned task ([`Tree::spawn`]); `ctx.stop()` (`SupervisedActor`); an await that never ends (`SupervisedActor`, by an
//! unanswered beat); a blocked thread (the [`watchdog`], an OS thread).
//!
//! Too many deaths in a short time and the tree gives up: [`Tree::gave_up`] resolves, and the program says so
//! and ends.

pub mod chaos;
mod hook;
mod record;
mod supervised;
mod tree;
pub mod watchdog;

#[cfg(test)]
mod tests;

pub use hook::{install_panic_hook, panics_here, panics_seen};
pub use tree::{Counters, CrashSink, Tree};

#[cfg(panic = "abort")]
compile_error!("supervision is catch_unwind: build with panic = \"unwind\"");
