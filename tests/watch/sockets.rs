//! What holders of a key can make the keeper hold by the sockets for bots: the most memory stays below the container's.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use fyers_api::hsm::ClientFrame;
use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::{
    browserless::{day, get, key},
    pressure::peak,
    support::{DEADLINE, Home, Keeper},
};

/// Sockets that are open at once.
const SOCKETS: usize = 120;
/// Names that each of them follows.
const NAMES: usize = 4_990;
/// Messages that are begun and not ended.
const UNFINISHED: usize = 2_000;
/// What the container has, in MiB.
const CONTAINER: u64 = 128;

/// A keeper as the image runs it.
fn started() -> (Home, Keeper) {
    let home = day().set("MALLOC_ARENA_MAX", "1");
    let keeper = home.start_ready();
    println!("at rest: at most {} MiB", peak(&keeper));
    (home, keeper)
}

/// A connection that takes as little as it can.
fn connect(home: &Home) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    socket.connect(&SocketAddr::from(([127, 0, 0, 1], home.port)).into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// A socket that is open, or the status of the refusal.
pub(crate) fn socket(home: &Home, door: &str) -> Result<TcpStream, String> {
    let mut stream = connect(home);
    let head = format!(
        "GET {door} HTTP/1.1\r\nhost: k\r\nauthorization: X:{}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        key(home)
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let status = String::from_utf8_lossy(&answer[9..12]).into_owned();
    if status == "101" { Ok(stream) } else { Err(status) }
}

/// The head of a client's frame that is so long, with a mask of nothing.
fn head(first: u8, length: usize) -> Vec<u8> {
    [&[first, 0xff], (length as u64).to_be_bytes().as_slice(), &[0; 4]].concat()
}

pub(crate) fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    [&head(first, content.len()), content].concat()
}

/// Writes as much as is taken within a while: whoever is not read from any more is held back.
fn write(stream: &mut TcpStream, bytes: &[u8]) {
    write_within(stream, bytes, Duration::from_millis(300));
}

/// Writes all that the keeper takes when it is this key's turn.
fn wish(stream: &mut TcpStream, bytes: &[u8]) {
    write_within(stream, bytes, DEADLINE);
}

fn write_within(stream: &mut TcpStream, bytes: &[u8], limit: Duration) {
    stream.set_write_timeout(Some(limit)).unwrap();
    for part in bytes.chunks(64 * 1024) {
        if stream.write_all(part).is_err() {
            return;
        }
    }
}

/// Takes so many messages of the keeper's, which are short.
fn take(stream: &mut TcpStream, messages: usize) {
    let mut taken = 0;
    while taken < messages {
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            short => usize::from(short),
        };
        stream.read_exact(&mut vec![0; length]).unwrap();
        // A keep-alive is no answer.
        taken += usize::from(head[0] & 0x0f != 0x09);
    }
}

/// Waits for the beginning of an answer, or for the end, and takes nothing of it.
fn is_heard(stream: &TcpStream) {
    let _ended = stream.peek(&mut [0]);
}

/// The longest names that there may be, of nobody else.
fn names(nth: usize) -> Vec<String> {
    (0..NAMES).map(|n| format!("NSE:{nth:0>4}X{n:0>38}-EQ")).collect()
}

/// Everything in it has been handled: the keeper serves all connections on one thread.
fn settle(keeper: &Keeper) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        assert_eq!(get(keeper, "/livez", &[]).status, 200);
    }
}

fn is_small(keeper: &Keeper, tried: &str) {
    settle(keeper);
    println!("tried: {tried}; at most {} MiB", peak(keeper));
    assert!(peak(keeper) < CONTAINER, "{tried}: {} MiB", peak(keeper));
}

#[test]
fn sockets_that_follow_all_they_can_stay_below_the_containers_memory() {
    let (home, keeper) = started();
    let mut held = Vec::new();
    for nth in 0..SOCKETS {
        let mut stream = socket(&home, "/feed").unwrap();
        take(&mut stream, 1);
        let wished = json!({"type": "subscribe", "symbols": names(nth), "kinds": ["quote"]});
        wish(&mut stream, &frame(0x81, wished.to_string().as_bytes()));
        held.push(stream);
    }
    held.iter().for_each(is_heard);
    is_small(&keeper, &format!("{SOCKETS} sockets with {NAMES} names each"));
}

#[test]
fn data_sockets_that_follow_all_they_can_stay_below_the_containers_memory() {
    let (home, keeper) = started();
    let (mut held, key) = (Vec::new(), key(&home));
    for nth in 0..SOCKETS {
        let mut stream = socket(&home, "/hsm/v1-5/prod").unwrap();
        let auth = ClientFrame::Auth { key: key.clone(), mode: "P".into(), source: "JS_API".into() };
        wish(&mut stream, &frame(0x82, &auth.encode()));
        for part in 0..20 {
            // As long as a topic may be.
            let topics =
                (0..250).map(|n| format!("sf|nse_cm|{:0>54}", format!("{nth}x{part}x{n}"))).collect();
            wish(&mut stream, &frame(0x82, &ClientFrame::Subscribe { topics, channel: 11 }.encode()));
        }
        held.push(stream);
    }
    held.iter_mut().for_each(|stream| take(stream, 20));
    held.iter().for_each(is_heard);
    is_small(&keeper, &format!("{SOCKETS} data sockets with 5,000 topics each"));
}

#[test]
fn unfinished_messages_stay_below_the_containers_memory() {
    let (home, keeper) = started();
    let (mut held, mut refused) = (Vec::new(), 0);
    for nth in 0..UNFINISHED {
        // One frame without its end, or a message in parts without its last one.
        let begun = match nth % 2 {
            0 => [head(0x81, 1 << 20), vec![b'x'; (1 << 20) - 1]].concat(),
            _ => [frame(0x01, &[b'x'; 60_000]), frame(0x00, &[b'x'; 60_000]).repeat(16)].concat(),
        };
        match socket(&home, "/feed") {
            Ok(mut stream) => {
                write(&mut stream, &begun);
                held.push(stream);
            }
            Err(status) => {
                assert_eq!(status, "503");
                refused += 1;
            }
        }
    }
    is_small(&keeper, &format!("{UNFINISHED} unfinished messages, {refused} refused at the door"));
}

#[test]
fn odd_wishes_stay_below_the_containers_memory() {
    let (home, keeper) = started();
    const LONGEST: usize = (1 << 20) - 100;
    let mut held = Vec::new();
    let zeros = "0,".repeat(LONGEST / 2);
    let deep = "[".repeat(100) + &"]".repeat(100);
    let wishes = [
        format!(r#"{{"type":"ping","id":"{}"}}"#, r"\u0001".repeat(LONGEST / 6)),
        format!(r#"{{"type":"ping","id":[{zeros}0]}}"#),
        format!(r#"{{"type":"subscribe","kinds":["ltp"],"symbols":[{zeros}0]}}"#),
        format!(r#"{{"type":"subscribe","kinds":["ltp"],"symbols":[{}"x"]}}"#, r#""x","#.repeat(LONGEST / 4)),
        format!(
            r#"{{"type":"subscribe","kinds":[{}"ltp"],"symbol":"NSE:SBIN-EQ"}}"#,
            r#""ltp","#.repeat(LONGEST / 6)
        ),
        format!(r#"{{"type":"subscribe","kinds":["ltp"],"symbol":"NSE:{}"}}"#, "X".repeat(LONGEST)),
        format!(r#"{{"type":"x","other":[{}0]}}"#, (deep + ",").repeat(LONGEST / 201)),
    ];
    for nth in 0..SOCKETS {
        let mut stream = socket(&home, "/feed").unwrap();
        take(&mut stream, 1);
        wish(&mut stream, &frame(0x81, wishes[nth % wishes.len()].as_bytes()));
        held.push(stream);
    }
    held.iter().for_each(is_heard);
    is_small(&keeper, &format!("{SOCKETS} odd wishes of a MiB"));
}
