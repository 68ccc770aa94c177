//! Connections that subscribe to everything: one of them looks at each tick, the others count.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use fyers_api::hsm::{ClientFrame, FeedRecord, ServerFrame};
use serde_json::{Value, json};

use crate::{age, numbers, topics, wire::Wire};

/// Before this has passed nothing is measured: subscriptions and snapshots are on their way.
const WARM_UP: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// FYERS' data socket
    Hsm,
    /// The keeper's /feed
    Feed,
    /// A relay that needs no subscription
    Relay,
    /// The Python bus
    Bus,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    kind: Kind,
    /// Host and port
    addr: String,
    #[arg(long, default_value = "")]
    key: String,
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// Of connections beside them that subscribe and never read
    #[arg(long, default_value_t = 0)]
    dead: usize,
    #[arg(long, default_value_t = 2_000)]
    symbols: usize,
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The server's processes, whose processor time and memory are counted
    #[arg(long)]
    pid: Vec<u32>,
}

/// What all connections share.
#[derive(Default)]
struct Shared {
    measures: AtomicBool,
    ends: AtomicBool,
    ticks: AtomicU64,
    ended: AtomicU64,
}

pub(crate) fn run(args: &Args) -> io::Result<()> {
    let shared = Arc::new(Shared::default());
    let mut dead = vec![];
    for _ in 0..args.dead {
        dead.push(open(args)?);
    }
    let mut threads = vec![];
    for number in 0..args.count {
        let (wire, kind, shared) = (open(args)?, args.kind, Arc::clone(&shared));
        threads.push(thread::spawn(move || listen(wire, kind, number == 0, &shared)));
    }
    thread::sleep(WARM_UP);
    let before = used(&args.pid);
    let began = Instant::now();
    shared.measures.store(true, Ordering::Relaxed);
    thread::sleep(Duration::from_secs(args.seconds));
    shared.measures.store(false, Ordering::Relaxed);
    let (passed, after) = (began.elapsed().as_secs_f64(), used(&args.pid));
    shared.ends.store(true, Ordering::Relaxed);
    let mut ages: Vec<u64> = threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect();
    ages.sort_unstable();
    let ticks = shared.ticks.load(Ordering::Relaxed) as f64 / passed;
    let processor = (after.0 - before.0) as f64 / 100.0 / passed;
    println!(
        "{}",
        json!({"clients": args.count, "dead": args.dead, "p50_us": numbers::part(&ages, 0.5),
            "p99_us": numbers::part(&ages, 0.99), "most_us": ages.last(), "ticks_a_second": ticks.round(),
            "cores": (processor * 1000.0).round() / 1000.0, "ticks_a_core_second": (ticks / processor).round(),
            "resident_kib": after.1, "ended": shared.ended.load(Ordering::Relaxed)})
    );
    drop(dead);
    Ok(())
}

fn used(pids: &[u32]) -> (u64, u64) {
    let all = pids.iter().filter_map(|pid| numbers::usage(*pid));
    all.fold((0, 0), |sum, usage| (sum.0 + usage.ticks, sum.1 + usage.resident))
}

fn open(args: &Args) -> io::Result<Wire> {
    let path = match args.kind {
        Kind::Hsm => "/hsm/v1-5/prod",
        Kind::Feed => "/feed",
        Kind::Relay | Kind::Bus => "/",
    };
    let authorization = if args.kind == Kind::Feed { format!("Bearer {}", args.key) } else { String::new() };
    let mut wire = Wire::open(&args.addr, path, &authorization)?;
    match args.kind {
        Kind::Hsm => {
            let auth = ClientFrame::Auth { key: args.key.clone(), mode: "P".into(), source: "bench".into() };
            wire.send(false, &auth.encode())?;
            for topics in topics(args.symbols).chunks(1_000) {
                wire.send(false, &ClientFrame::Subscribe { topics: topics.to_vec(), channel: 11 }.encode())?;
            }
        }
        Kind::Feed | Kind::Bus => {
            let symbols: Vec<String> = (0..args.symbols).map(|number| format!("NSE:S{number}-EQ")).collect();
            let wanted = json!({"type": "subscribe", "symbols": symbols, "kinds": ["quote"]});
            wire.send(true, wanted.to_string().as_bytes())?;
        }
        Kind::Relay => {}
    }
    Ok(wire)
}

/// Ages of ticks, in microseconds, when it `looks`.
fn listen(mut wire: Wire, kind: Kind, looks: bool, shared: &Shared) -> Vec<u64> {
    let mut ages = vec![];
    while !shared.ends.load(Ordering::Relaxed) {
        let measures = shared.measures.load(Ordering::Relaxed);
        let mut count = 0;
        let read = wire.read(|message| match kind {
            Kind::Hsm | Kind::Relay => {
                count += records(message);
                if looks && measures {
                    look_at_frame(message, &mut ages);
                }
            }
            Kind::Feed | Kind::Bus => {
                count += 1;
                if looks && measures {
                    look_at_text(message, &mut ages);
                }
            }
        });
        if read.is_err() {
            shared.ended.fetch_add(1, Ordering::Relaxed);
            return ages;
        }
        if measures {
            shared.ticks.fetch_add(count, Ordering::Relaxed);
        }
    }
    ages
}

/// How many records a feed frame has, without a look at them.
fn records(message: &[u8]) -> u64 {
    match message {
        [_, _, 6, _, _, _, _, high, low, ..] => u64::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    }
}

fn look_at_frame(message: &[u8], ages: &mut Vec<u64>) {
    let Ok(ServerFrame::Feed(feed)) = ServerFrame::decode(message) else { return };
    ages.extend(feed.records.iter().filter_map(|record| match record {
        FeedRecord::Update { values, .. } => values.get(1).map(|made| age(*made)),
        _ => None,
    }));
}

fn look_at_text(message: &[u8], ages: &mut Vec<u64>) {
    let Ok(tick) = serde_json::from_slice::<Value>(message) else { return };
    let made = tick["volume"].as_i64().and_then(|made| i32::try_from(made).ok());
    ages.extend(made.map(age));
}
