//! Fails the system calls that write the state database, kills the program after it, and reads what is on disk.
//!
//! The test starts itself again as a child that makes changes and says after each whether it was acknowledged.
//! `strace` fails one call, two in a row or all from one on; the child goes on with its changes and is killed with
//! SIGKILL. Then: every acknowledged change is on disk, none is there twice, none is half there, and one that was
//! refused does not come back once a later one was acknowledged. A second part has a real disk that is really full.

// clippy's leave for tests does not reach their helper functions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod disk;
mod ending;
mod injected;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod support;
mod verify;
mod writer;

use writer::{Plan, Workload};

/// The child's side.
#[test]
#[ignore = "started by the other tests"]
fn child() {
    if let Some(task) = writer::task() {
        writer::work(task);
    }
}

#[test]
fn one_change_after_the_other_survives_every_fault() {
    injected::everywhere(Plan { workload: Workload::Single, first: 6 });
}

#[test]
fn changes_that_arrive_together_survive_every_fault() {
    injected::everywhere(Plan { workload: Workload::Together, first: 24 });
}

/// Changes so large that the log is copied into the database on the way.
#[test]
fn checkpoints_survive_every_fault() {
    injected::everywhere(Plan { workload: Workload::Large, first: 5 });
}

#[test]
fn an_order_too_large_for_the_disk_and_then_room_again() {
    disk::history("room_again");
}

#[test]
fn a_disk_that_stays_full_and_then_heals() {
    disk::history("stays_full");
}

/// Started in a mount namespace of its own by the two above.
#[test]
#[ignore = "started by the other tests"]
fn inside() {
    disk::inside();
}
