//! The end of the service while everybody asks for something: nothing of it is a crash.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use simulator::Options;

use crate::support::{Home, Keeper, wait_for};

/// How often it is ended.
const TIMES: usize = 20;
/// So many ask at the same time, each on a connection of its own.
const ASKING: usize = 24;

/// Most of what reads the store.
const PATHS: [&str; 4] = ["/api/orders?limit=1000", "/api/status", "/", "/metrics"];

/// Asks again and again until it is over.
fn ask(port: u16, key: &str, nth: usize, (stop, asked): (&AtomicBool, &AtomicU64)) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        let _limit = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let path = PATHS[nth % PATHS.len()];
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nauthorization: Bearer {key}\r\n\r\n");
        while !stop.load(Ordering::Relaxed) && stream.write_all(head.as_bytes()).is_ok() {
            if !matches!(stream.read(&mut [0; 65_536]), Ok(1..)) {
                break;
            }
            asked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Ends a keeper of whom everybody asks something; its log.
fn ended_under_load(home: &Home, keeper: Keeper, key: &str) -> String {
    let (stop, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    let log = keeper.log_path();
    std::thread::scope(|scope| {
        for nth in 0..ASKING {
            let both = (&stop, &asked);
            scope.spawn(move || ask(home.port, key, nth, both));
        }
        wait_for("some answers", || (asked.load(Ordering::Relaxed) > 200).then_some(()));
        let ended = keeper.stop();
        stop.store(true, Ordering::Relaxed);
        assert!(ended.success(), "{ended}");
    });
    std::fs::read_to_string(log).unwrap()
}

#[test]
fn the_end_under_load_is_no_crash() {
    let home = Home::bare(Options::default());
    let mut crashes = vec![];
    for _ in 0..TIMES {
        let keeper = home.start_ready();
        let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
        let bot = crate::bot::Bot::with_key(&keeper, key.trim());
        for _ in 0..10 {
            bot.buy("NSE:SBIN-EQ");
        }
        let log = ended_under_load(&home, keeper, key.trim());
        assert!(log.contains("keeper.stopping"), "{log}");
        crashes.extend(log.lines().filter(|line| line.contains("keeper.panicked")).map(str::to_owned));
    }
    println!("tried: {TIMES} ends under load, {} crashes", crashes.len());
    assert_eq!(crashes, [""; 0]);
}
