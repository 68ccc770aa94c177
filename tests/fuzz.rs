//! The checks that `scripts/fuzz` runs for minutes, over the seeds and some thousand mutations of them.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

#[path = "../fuzz/checks/mod.rs"]
mod checks;

use std::{fs, path::Path};

use checks::{ALL, Check, bounded};
use fyers_api::hsm::{ClientFrame, Feed, FeedRecord, FeedSnapshot, ServerFrame, ServerReply};
use peak_alloc::PeakAlloc;
use rand::{Rng, SeedableRng, rngs::StdRng};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Mutations of each seed.
const MUTATIONS: u64 = 1_000;
/// Bytes of a long input.
const LONG: usize = 128 * 1024;

/// One test for all: memory is counted for the whole program.
#[test]
fn every_reader_keeps_its_promises() {
    for check in &ALL {
        let seeds = seeds(check);
        assert!(!seeds.is_empty(), "{} has seeds", check.name);
        for seed in &seeds {
            bounded(&MEMORY, check.name, seed);
            bounded(&MEMORY, check.name, &seed.repeat(LONG / seed.len().max(1)));
            mutations(seed, &seeds).for_each(|data| bounded(&MEMORY, check.name, &data));
        }
        long_ones().for_each(|data| bounded(&MEMORY, check.name, &data));
    }
}

fn seeds(check: &Check) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(check.name);
    let mut files: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut seeds: Vec<_> = files.into_iter().map(|file| fs::read(file).unwrap()).collect();
    if check.name == "hsm_frame" {
        seeds.extend(frames());
    }
    seeds
}

/// What costs a reader the most for its bytes: depth, many small values, many names, one endless text.
fn long_ones() -> impl Iterator<Item = Vec<u8>> {
    let repeated =
        ["[", "{\"a\":", "[0,", "0,", "\"a\":0,", "A=\n", "A='", "[[holiday]]\n", ",,,,\n", "a", "\0"];
    let lists = repeated.map(|part| part.repeat(LONG / part.len()).into_bytes());
    let closed = [("[", "0,", "0]"), ("{\"d\":[", "{},", "{}]}"), ("{", "\"a\":1,", "\"b\":1}")];
    let closed =
        closed.map(|(open, part, end)| format!("{open}{}{end}", part.repeat(LONG / part.len())).into_bytes());
    let all: Vec<_> = lists.into_iter().chain(closed).collect();
    // Where the first byte chooses something, the rest is still whole.
    let behind_a_byte: Vec<_> = all.iter().map(|data| [b"\0", data.as_slice()].concat()).collect();
    all.into_iter().chain(behind_a_byte)
}

/// Deterministic: a failure shows itself again.
fn mutations(seed: &[u8], others: &[Vec<u8>]) -> impl Iterator<Item = Vec<u8>> {
    (0..MUTATIONS).map(move |number| {
        let mut random = StdRng::seed_from_u64(number);
        let mut data = seed.to_vec();
        for _ in 0..random.random_range(1..5) {
            mutate(&mut data, others, &mut random);
        }
        data
    })
}

fn mutate(data: &mut Vec<u8>, others: &[Vec<u8>], random: &mut StdRng) {
    let place = random.random_range(0..=data.len());
    let end = random.random_range(place..=data.len());
    match random.random_range(0..6) {
        0 => data.truncate(place),
        1 => data.insert(place, random.random()),
        2 => data.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << random.random_range(0..8)),
        3 => drop(data.drain(place..end)),
        4 => {
            let again = data[place..end].to_vec();
            data.splice(place..place, again);
        }
        _ => {
            let other = &others[random.random_range(0..others.len())];
            let from = random.random_range(0..=other.len());
            data.splice(place..end, other[from..].iter().copied());
        }
    }
}

/// A frame of each kind.
fn frames() -> Vec<Vec<u8>> {
    let snapshot = FeedSnapshot {
        topic: 3,
        name: "sf|nse_cm|3045".into(),
        values: vec![80_050, 1, i32::MIN],
        multiplier: 1,
        precision: 2,
        exchange: "nse_cm".into(),
        token: "3045".into(),
        symbol: "SBIN-EQ".into(),
    };
    let records = vec![
        FeedRecord::Snapshot(Box::new(snapshot)),
        FeedRecord::Update { topic: 3, values: vec![80_055] },
        FeedRecord::LastPrice { topic: 3, value: 80_060 },
    ];
    let topics = vec!["sf|nse_cm|3045".to_owned(), "dp|nse_cm|3045".to_owned()];
    vec![
        ServerFrame::Auth { is_ok: true, ack_every: 50, names: None }.encode(),
        ServerFrame::Done { to: ServerReply::Subscribe, is_ok: true }.encode(),
        ServerFrame::Feed(Feed { number: 9, records }).encode(),
        ServerFrame::Notice { code: 51_001, message: "limit".into(), about: 4 }.encode(),
        ClientFrame::Subscribe { topics, channel: 11 }.encode(),
        ClientFrame::Pause { channels: 1 << 11 }.encode(),
        ClientFrame::Ping.encode(),
    ]
}
