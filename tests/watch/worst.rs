//! Everything that a client can make the keeper hold, all of it at once: the most memory stays below the container's.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use simulator::{Fault, FaultRule, endpoint};
use socket2::{Domain, Socket, Type};

use crate::{
    browserless::{day, key, log_in},
    pressure::{StopAtTheEnd, peak},
    support::{Home, Keeper, wait_for},
};

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Load {
    /// Hundreds of requests, one behind the other, and no answer is taken.
    Pipelined,
    /// The same behind a body that is told in chunks, and with an upgrade that is none.
    PipelinedOddly,
    /// Headers as long as they may be, without an end.
    LongHead,
    /// Bodies as long as they may be, but for one byte. With the key.
    LongBody,
    /// Long answers of FYERS, of which nothing is taken. With the key.
    LongAnswer,
    /// Long answers of the keeper's own, of which nothing is taken. With the key.
    OwnAnswer,
    /// Sockets that follow many symbols and read nothing. With the key.
    Socket,
}

const ALL: [Load; 7] = [
    Load::Pipelined,
    Load::PipelinedOddly,
    Load::LongHead,
    Load::LongBody,
    Load::LongAnswer,
    Load::OwnAnswer,
    Load::Socket,
];
/// Connections of each kind: more than the listener takes of all together.
const EACH: usize = 400;
/// Symbols that a socket follows.
const SYMBOLS: usize = 200;
/// Bytes of an answer of FYERS.
const LONG: usize = 8 * 1024 * 1024;
/// A long request is written in so many bytes at once, and for so long at most.
const PART: usize = 64 * 1024;
const TRIES: u32 = 50;

impl Load {
    fn opening(self, port: u16, key: &str) -> Vec<u8> {
        let get =
            |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n{more}\r\n");
        let bot = format!("authorization: X:{key}\r\n");
        match self {
            Self::Pipelined => get("/metrics", "").repeat(400).into_bytes(),
            Self::PipelinedOddly => {
                let head = format!("POST /livez HTTP/1.1\r\nhost: localhost:{port}\r\n");
                let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
                let upgrade = get("/metrics", "upgrade: h2c\r\nconnection: upgrade\r\n");
                (chunked + &upgrade + &get("/metrics", "")).repeat(150).into_bytes()
            }
            Self::LongHead => {
                format!("GET /livez HTTP/1.1\r\nhost: k\r\nx: {}", "x".repeat(16_000)).into_bytes()
            }
            Self::LongBody => {
                let head = format!(
                    "POST /api/v3/orders/sync HTTP/1.1\r\nhost: k\r\n{bot}content-length: 1000000\r\n\r\n"
                );
                [head.as_bytes(), &vec![b'x'; 999_999]].concat()
            }
            Self::LongAnswer => get("/data/quotes?symbols=NSE:SBIN-EQ", &bot).into_bytes(),
            Self::OwnAnswer => {
                get("/api/orders?limit=1000", &format!("authorization: Bearer {key}\r\n")).into_bytes()
            }
            Self::Socket => {
                let upgrade = format!(
                    "{bot}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                     sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                );
                let symbols: Vec<String> = (0..SYMBOLS).map(|n| format!("NSE:SYMBOL{n}-EQ")).collect();
                let wish =
                    serde_json::json!({"type": "subscribe", "symbols": symbols, "kinds": ["quote", "depth"]});
                [get("/feed", &upgrade).as_bytes(), &text_frame(&wish.to_string())].concat()
            }
        }
    }

    fn open(self, port: u16, key: &str) -> Option<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
        socket.set_recv_buffer_size(2_048).ok()?;
        socket.connect(&SocketAddr::from(([127, 0, 0, 1], port)).into()).ok()?;
        let mut stream = TcpStream::from(socket);
        stream.set_write_timeout(Some(Duration::from_millis(100))).ok()?;
        let opening = self.opening(port, key);
        let mut tries = 0;
        for part in opening.chunks(PART) {
            // What a keeper that reads no more does not take is not waited for.
            while stream.write_all(part).is_err() {
                tries += 1;
                if tries > TRIES || matches!(stream.take_error(), Ok(Some(_)) | Err(_)) {
                    break;
                }
                if self == Self::Pipelined || self == Self::PipelinedOddly {
                    break;
                }
            }
        }
        stream.set_nonblocking(true).ok()?;
        Some(stream)
    }
}

/// A text of a client: its length, a mask of nothing, and the text.
fn text_frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    [&[0x81, 0x80 | 126, length[0], length[1], 0, 0, 0, 0], text.as_bytes()].concat()
}

/// Opens connections of one kind, keeps them, and opens closed ones again.
fn hold(load: Load, (port, key): (u16, &str), stop: &AtomicBool, opened: &AtomicU64) {
    let going = || !stop.load(Ordering::Relaxed);
    let mut held: Vec<Option<TcpStream>> = Vec::new();
    while going() {
        for nth in 0..EACH {
            if !going() {
                return;
            }
            let open = |stream: &mut TcpStream| {
                // Only heads and bodies are looked at: of an answer nothing is taken.
                let peeks = matches!(load, Load::LongHead | Load::LongBody);
                let has_ended = peeks && matches!(stream.read(&mut [0; 4_096]), Ok(0));
                !has_ended && !matches!(stream.take_error(), Ok(Some(_)) | Err(_))
            };
            if held.get_mut(nth).is_some_and(|stream| stream.as_mut().is_some_and(open)) {
                continue;
            }
            let fresh = load.open(port, key);
            match held.get_mut(nth) {
                Some(place) => *place = fresh,
                None => held.push(fresh),
            }
            opened.fetch_add(1, Ordering::Relaxed);
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Holds these until each has been opened as often as it is to be, and a health check has come through many times.
fn under(home: &Home, loads: &[Load]) {
    let (stop, key) = (AtomicBool::new(false), key(home));
    let opened: Vec<AtomicU64> = loads.iter().map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        for (load, opened) in loads.iter().zip(&opened) {
            let (stop, key) = (&stop, key.as_str());
            scope.spawn(move || hold(*load, (home.port, key), stop, opened));
        }
        let stops = StopAtTheEnd(&stop);
        wait_for("all connections", || {
            knock(home.port);
            opened.iter().all(|opened| opened.load(Ordering::Relaxed) >= EACH as u64).then_some(())
        });
        for _ in 0..50 {
            knock(home.port);
        }
        drop(stops);
    });
}

/// A health check comes through. Where everybody has one address, it may be the one that makes room, and comes again.
fn knock(port: u16) {
    wait_for("a health check", || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: k\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).ok()?;
        (&answer == b"HTTP/1.1 200 OK").then_some(())
    });
}

/// So many orders that a list of them is long.
fn order(keeper: &Keeper, key: &str) {
    let order = serde_json::json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY",
        "orderTag": "a".repeat(20)});
    let basket = vec![order; 10];
    crate::support::block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..40 {
            let request = client
                .post(keeper.url("/api/v3/multi-order/sync"))
                .header("authorization", format!("X:{key}"));
            request.json(&basket).send().await.unwrap();
        }
    });
}

/// A keeper with orders to list, and a FYERS whose answers are long.
pub(crate) fn ready() -> (Home, Keeper) {
    // As the image and the units have it (Dockerfile, ops).
    let home = day().set("FYERS_SANDBOX", "true").set("MALLOC_ARENA_MAX", "1");
    let keeper = home.start_ready();
    order(&keeper, &key(&home));
    log_in(&home, &keeper);
    home.sim.inject(FaultRule::forever(endpoint::QUOTES, Fault::Oversized { bytes: LONG }));
    println!("at rest: at most {} MiB", peak(&keeper));
    (home, keeper)
}

/// Holds each of these in turn.
fn one_by_one(home: &Home, keeper: &Keeper, loads: &[Load]) {
    for load in loads {
        under(home, &[*load]);
        println!("{load:?}: at most {} MiB since the start", peak(keeper));
    }
}

#[test]
fn all_worst_cases_at_once_stay_below_the_containers_memory() {
    let (home, keeper) = ready();
    one_by_one(&home, &keeper, &ALL);
    under(&home, &ALL);
    println!("tried: {} connections; at most {} MiB", 2 * EACH * ALL.len(), peak(&keeper));
    assert!(peak(&keeper) < 128, "{} MiB", peak(&keeper));
    // And it goes on.
    assert!(crate::browserless::get(&keeper, "/livez", &[]).status == 200);
    assert!(keeper.stop().success());
}
