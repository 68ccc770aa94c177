//! The parts of the tick benchmark (`scripts/ticks`): a data socket that ticks, a relay of its frames that does nothing else,
//! and clients that measure.
//!
//! ```text
//! cargo run --release --example ticks -- source 9001 --rate 10000
//! cargo run --release --example ticks -- relay 9002 ws://127.0.0.1:9001
//! cargo run --release --example ticks -- clients hsm 127.0.0.1:8080 --key KEY --count 16 --seconds 10 --pid PID
//! ```
//!
//! Each tick carries the microsecond at which it was due in the place of the day's volume, so that a client on the same machine
//! knows how old it is.

mod ages;
mod clients;
mod numbers;
mod relay;
mod source;
mod wire;

use std::io;

use clap::{Parser, Subcommand};

/// Stamps begin anew after 17 minutes; nothing here is that old.
const ROUND: u64 = 1 << 30;

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// A data socket that ticks
    Source(source::Args),
    /// What comes in goes out to everybody
    Relay(relay::Args),
    /// Connections that measure
    Clients(clients::Args),
}

/// Microseconds of now, by the clock that all processes of a machine share and nobody sets: since it was started.
fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}

/// A moment as a tick carries it.
fn stamp(micros: u64) -> i32 {
    (micros % ROUND) as i32
}

/// How old a tick is, in microseconds.
fn age(made: i32) -> u64 {
    (now() + ROUND - made as u64) % ROUND
}

/// The topics and symbols of the benchmark, the first `count` of them.
fn topics(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("sf|nse_cm|{}", 100_000 + number)).collect()
}

fn main() -> io::Result<()> {
    match Args::parse().part {
        Part::Source(args) => source::run(&args),
        Part::Relay(args) => relay::run(&args),
        Part::Clients(args) => clients::run(&args),
    }
}
