//! Strangers who open connections and never finish anything, through a morning.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use simulator::{RefreshMode, TokenKind};

use crate::{
    browserless::get,
    support::{Home, wait_for},
};

/// What a stranger sends before he only drips.
const KINDS: [&str; 5] = [
    "POST /fyers/callback HTTP/1.1\r\nhost: k\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\n",
    "POST /nowhere HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\n\r\n",
    "POST /api/v3/orders/sync HTTP/1.1\r\nhost: k\r\ncontent-length: 1000000\r\n\r\n",
    "GET /livez HTTP/1.1\r\nhost: k\r\nx-slow: ",
    "GET /livez HTTP/1.1\r\nhost: k\r\n\r\n",
];

/// Connections of each kind. 2,000 in all need more files than every machine allows.
fn of_each_kind() -> u64 {
    let told = std::env::var("KEEPER_TEST_CONNECTIONS").ok().and_then(|text| text.parse::<u64>().ok());
    let limit = getrlimit(Resource::Nofile);
    let wanted = told.unwrap_or(1_200);
    let files = limit.maximum.map_or(wanted + 500, |maximum| maximum.min(wanted + 500));
    setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum: limit.maximum }).unwrap();
    wanted.min(files - 400) / KINDS.len() as u64
}

/// Opens connections of one kind, keeps them all open with a byte now and then, and opens a closed one again.
fn hold(port: u16, kind: &str, count: u64, stop: &AtomicBool, opened: &AtomicU64) {
    let open = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_nonblocking(true).ok()?;
        stream.write_all(kind.as_bytes()).ok()?;
        opened.fetch_add(1, Ordering::Relaxed);
        Some(stream)
    };
    let mut held: Vec<Option<TcpStream>> = (0..count).map(|_| open()).collect();
    while !stop.load(Ordering::Relaxed) {
        for stream in &mut held {
            let is_open = stream.as_mut().is_some_and(|stream| {
                let closed = matches!(stream.read(&mut [0; 512]), Ok(0));
                if !closed && !kind.ends_with("k\r\n\r\n") {
                    let _full = stream.write(b"x");
                }
                !closed
            });
            if !is_open {
                *stream = open();
            }
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn the_morning_comes_off_while_strangers_hold_connections() {
    let count = of_each_kind();
    let home = Home::at("2026-11-23T08:44:20", RefreshMode::Enabled).with_telegram();
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_REFRESH_TOKEN={refresh}\n"));
    let keeper = home.start_ready();
    let (stop, opened) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for kind in KINDS {
            let (stop, opened) = (&stop, &opened);
            scope.spawn(move || hold(home.port, kind, count, stop, opened));
        }
        let stops = StopAtTheEnd(&stop);
        let all = count * KINDS.len() as u64;
        wait_for("all connections", || (opened.load(Ordering::Relaxed) >= all).then_some(()));
        let (mut asked, mut slowest) = (0, Duration::ZERO);
        wait_for("the tick", || {
            let began = Instant::now();
            assert_eq!(get(&keeper, "/livez", &[]).status, 200);
            (asked, slowest) = (asked + 1, slowest.max(began.elapsed()));
            (keeper.status()["last_tick"]["done_at"].is_string()).then_some(())
        });
        home.wait_alert("Keeper");
        wait_for("all alerts", || (keeper.status()["outbox"]["waiting"] == 0).then_some(()));
        println!("{all} connections, {asked} times /livez, the slowest {slowest:?}");
        drop(stops);
    });
    assert_eq!(keeper.status()["session"]["state"], "valid");
    assert!(home.refresh_calls() >= 1, "FYERS was called");
    // When they have gone, everything is as before.
    assert_eq!(get(&keeper, "/livez", &[]).status, 200);
    assert!(keeper.stop().success());
}

/// A failing test must not wait for its strangers for ever.
struct StopAtTheEnd<'a>(&'a AtomicBool);

impl Drop for StopAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_body_that_does_not_come_ends_its_connection() {
    let home = Home::bare(simulator::Options::default());
    let keeper = home.start_ready();
    for kind in &KINDS[..4] {
        let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
        stream.write_all(kind.as_bytes()).unwrap();
        stream.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 4"), "{kind:?}: {answer}");
    }
    drop(keeper);
}
