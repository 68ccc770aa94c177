//! Bots that tell over and over what they want to follow: everybody else is answered in between.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    browserless::{day, get, key, log_in},
    pressure::{StopAtTheEnd, peak},
    sockets::{frame, socket},
    support::{Home, Keeper, wait_for},
};

/// Sockets that wish as fast as they are heard.
const SOCKETS: usize = 40;
/// Names in each wish.
const NAMES: usize = 4_001;
/// How often each of the others asks.
const ROUNDS: usize = 20;
/// What ends the answer to a wish, and nothing else that a bot is told.
const HEARD: &[u8] = b"subscribed\"";

/// One wish, of names that nobody else has.
fn wish(nth: usize, round: usize, what: &str) -> Vec<u8> {
    let names: Vec<String> = (0..NAMES).map(|n| format!("NSE:W{nth}R{round}N{n}-EQ")).collect();
    frame(0x81, json!({"type": what, "symbols": names, "kinds": ["quote"]}).to_string().as_bytes())
}

/// Takes all that the keeper says, and counts the wishes that it has heard.
fn count_answers(mut stream: TcpStream, heard: &AtomicU64) {
    let (mut known, mut part) = (Vec::new(), vec![0; 1 << 16]);
    while let Ok(length @ 1..) = stream.read(&mut part) {
        known.extend_from_slice(&part[..length]);
        let found = known.windows(HEARD.len()).filter(|window| *window == HEARD).count();
        heard.fetch_add(found as u64, Ordering::Relaxed);
        // So much may be the beginning of the next one.
        known.drain(..known.len().saturating_sub(HEARD.len() - 1));
    }
}

/// Wishes until it is told to stop.
fn wish_on(mut stream: TcpStream, nth: usize, stop: &AtomicBool) {
    let both = |round| [wish(nth, round, "subscribe"), wish(nth, round, "unsubscribe")];
    let wishes = [both(0), both(1)].concat();
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut bytes = wishes.iter().flat_map(|wish| wish.chunks(16 * 1024)).cycle();
    let mut left: &[u8] = &[];
    while !stop.load(Ordering::Relaxed) {
        if left.is_empty() {
            left = bytes.next().unwrap();
        }
        // A keeper that does not read holds it back.
        if let Ok(written) = stream.write(left) {
            left = &left[written..];
        }
    }
    let _closed = stream.shutdown(Shutdown::Both);
}

/// How long it took, and how many wishes were heard meanwhile.
fn asked(keeper: &Keeper, path: &str, bearer: &str, heard: &AtomicU64) -> (Duration, u64) {
    let (began, before) = (Instant::now(), heard.load(Ordering::Relaxed));
    assert_eq!(get(keeper, path, &[("authorization", bearer)]).status, 200, "{path}");
    (began.elapsed(), heard.load(Ordering::Relaxed) - before)
}

fn median<T: Ord + Copy>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    all[all.len() / 2]
}

/// Health check and page, alone and beside the wishes: what is heard while one of them is answered is few.
fn under_wishes(home: &Home, keeper: &Keeper) {
    let (bearer, heard) = (format!("Bearer {}", key(home)), AtomicU64::new(0));
    let ask = |path: &str| asked(keeper, path, &bearer, &heard);
    let rounds = || (0..ROUNDS).map(|_| [ask("/livez"), ask("/")]).collect::<Vec<_>>();
    let quiet = rounds();
    let stop = AtomicBool::new(false);
    let beside = std::thread::scope(|scope| {
        let stops = StopAtTheEnd(&stop);
        for nth in 0..SOCKETS {
            let stream = socket(home, "/feed").unwrap();
            stream.set_read_timeout(None).unwrap();
            let (reader, heard, stop) = (stream.try_clone().unwrap(), &heard, &stop);
            scope.spawn(move || count_answers(reader, heard));
            scope.spawn(move || wish_on(stream, nth, stop));
        }
        wait_for("some wishes to be heard", || (heard.load(Ordering::Relaxed) > 20).then_some(()));
        let beside = rounds();
        drop(stops);
        beside
    });
    for (which, what) in ["livez", "page"].into_iter().enumerate() {
        let times = |all: &[[(Duration, u64); 2]]| median(all.iter().map(|row| row[which].0).collect());
        let worst = beside.iter().map(|row| row[which]).max().unwrap();
        let meanwhile = median(beside.iter().map(|row| row[which].1).collect());
        println!(
            "{what}: {:?} alone, {:?} beside, {worst:?} at worst; {meanwhile} wishes heard meanwhile",
            times(&quiet),
            times(&beside)
        );
    }
    let livez = median(beside.iter().map(|row| row[0].1).collect());
    println!(
        "tried: wishes of {NAMES} names on {SOCKETS} sockets, {} heard, {livez} of them during a health check; at most {} MiB",
        heard.into_inner(),
        peak(keeper)
    );
    assert!(livez <= 4, "{livez} wishes were heard before a health check was answered");
    assert!(peak(keeper) < 128, "{} MiB", peak(keeper));
    assert_eq!(keeper.status()["actors"]["feeds"]["restarts"], 0);
    assert!(!keeper.log().contains("actor.hung"), "{}", keeper.log());
}

#[test]
fn wishes_on_many_sockets_keep_nobody_waiting() {
    let home = day();
    let keeper = home.start_ready();
    under_wishes(&home, &keeper);
}

#[test]
fn wishes_of_a_keeper_that_is_live_keep_nobody_waiting() {
    let home = day();
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("live", |status| status["mode"] == "live");
    under_wishes(&home, &keeper);
}
