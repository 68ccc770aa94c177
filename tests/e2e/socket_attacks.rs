//! Attacks on the sockets for bots: keys that open nothing, frames without measure, floods of wishes.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use fyers_api::hsm::{ClientFrame, ServerFrame};
use serde_json::json;
use simulator::TokenKind;
use tokio_tungstenite::tungstenite::Error;

use crate::{
    bot::Bot,
    feed_client::{Socket, key},
    keys::{add, home, live},
    support::{DEADLINE, Home, Keeper, wait_for},
};

const DOORS: [&str; 3] = ["/feed", "/hsm/v1-5/prod", "/trade/v3"];
/// The most memory that the program has had, in MiB.
fn peak(keeper: &Keeper) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", keeper.pid())).unwrap();
    let row = status.lines().find_map(|row| row.strip_prefix("VmHWM:")).unwrap();
    row.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// What is shown instead of a key: made up, ended, of somebody else, or nearly right.
fn wrong_keys(home: &Home, keeper: &Keeper) -> Vec<String> {
    let rotated = add(home, &["rotated"]);
    home.run(&["key", "rotate", "rotated"]).exits(0);
    let removed = add(home, &["removed", "--mode", "sandbox"]);
    home.run(&["key", "remove", "removed"]).exits(0);
    let other = crate::keys::home();
    let _others = other.start_ready();
    let good = key(home);
    let token = home.newest(TokenKind::Access);
    assert_eq!(Bot::with_token(keeper, &good).get("/api/v3/profile").status, 200);
    let (head, _) = removed.rsplit_once('.').unwrap();
    vec![
        String::new(),
        "wrong".into(),
        good[1..].to_owned(),
        format!("{good}x"),
        good.to_uppercase(),
        format!("{good}\u{0}"),
        key(&other),
        add(&other, &["foreign"]),
        format!("{head}."),
        rotated,
        removed,
        token,
        "k".repeat(10_000),
    ]
}

fn told_no(keeper: &Keeper, door: &str, shown: &str) {
    if let Ok(text) = format!("ANY-100:{shown}").parse::<reqwest::header::HeaderValue>()
        && door != "/hsm/v1-5/prod"
    {
        let refused = Socket::try_open(keeper, door, Some(text.to_str().unwrap())).map(|_| ());
        let Err(Error::Http(response)) = refused else { panic!("{door} opens to {shown:?}: {refused:?}") };
        assert!([403, 429].contains(&response.status().as_u16()), "{door} {shown:?}: {response:?}");
    }
    if door == "/trade/v3" {
        return;
    }
    let mut socket = Socket::try_open(keeper, door, None).unwrap();
    if door == "/feed" {
        socket.send(&json!({"type": "auth", "key": shown}).to_string());
        assert_eq!(socket.until("the refusal", |_| true)["code"], "not_authenticated", "{shown:?}");
    } else {
        socket.frame(&ClientFrame::Auth { key: shown.into(), mode: "P".into(), source: "test".into() });
        assert!(matches!(socket.next_frame(), ServerFrame::Auth { is_ok: false, .. }), "{shown:?}");
    }
    socket.wait_closed();
}

#[test]
fn no_socket_opens_to_a_wrong_an_ended_or_a_foreign_key() {
    let home = home();
    let keeper = live(&home);
    let keys = wrong_keys(&home, &keeper);
    for shown in &keys {
        DOORS.iter().for_each(|door| told_no(&keeper, door, shown));
    }
    let (mut feed, _) = Socket::feed(&home, &keeper);
    feed.send(r#"{"type":"subscribe","kinds":["orders"]}"#);
    Socket::orders(&home, &keeper);
    Socket::hsm(&home, &keeper, &[]);
    let log = keeper.log();
    assert!(
        keys.iter().filter(|key| key.len() > 20).all(|key| !log.contains(key.as_str())),
        "a key is in the log"
    );
    println!("tried: {} keys at {} doors", keys.len(), DOORS.len());
}

/// A socket of which each byte is ours.
fn raw(home: &Home, door: &str, key: Option<&str>) -> TcpStream {
    let shown = key.map_or(String::new(), |key| format!("authorization: ANY-100:{key}\r\n"));
    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
    let head = format!(
        "GET {door} HTTP/1.1\r\nhost: k\r\nconnection: upgrade\r\nupgrade: websocket\r\n{shown}\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// The head of a masked frame that says it is so long.
fn head(first: u8, length: u64) -> Vec<u8> {
    [&[first, 0xff], length.to_be_bytes().as_slice(), &[0; 4]].concat()
}

/// Writes this over and over until the other side has closed or so many bytes have gone.
fn pour(stream: &mut TcpStream, part: &[u8], most: usize) {
    let mut sent = 0;
    while sent < most && stream.write_all(part).is_ok() {
        sent += part.len();
    }
}

fn wait_end(mut stream: TcpStream) {
    let _reset = stream.read_to_end(&mut Vec::new());
}

/// The next frame of the keeper, which are short here.
fn next_frame(stream: &mut TcpStream) -> ServerFrame {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[0], 0x82, "no binary message but {head:?}");
    let mut content = vec![0; usize::from(head[1])];
    stream.read_exact(&mut content).unwrap();
    ServerFrame::decode(&content).unwrap()
}

/// FYERS' SDKs subscribe without waiting for the answer to their key.
#[test]
fn a_long_subscription_may_come_in_one_piece_with_the_key() {
    let home = home();
    let _keeper = live(&home);
    let mut stream = raw(&home, "/hsm/v1-5/prod", None);
    let topics = (0..1_500).map(|number| format!("sf|nse_cm|{}", 100_000 + number)).collect();
    let auth = ClientFrame::Auth { key: key(&home), mode: "P".into(), source: "test".into() }.encode();
    let subscribe = ClientFrame::Subscribe { topics, channel: 11 }.encode();
    let frame = |content: &[u8]| [&head(0x82, content.len() as u64), content].concat();
    stream.write_all(&[frame(&auth), frame(&subscribe)].concat()).unwrap();
    assert!(matches!(next_frame(&mut stream), ServerFrame::Auth { is_ok: true, .. }));
    let answer = next_frame(&mut stream);
    assert!(matches!(answer, ServerFrame::Done { is_ok: true, .. }), "{answer:?}");
}

#[test]
fn a_message_without_measure_is_cut_off_and_not_kept() {
    let home = home();
    let keeper = live(&home);
    let good = key(&home);
    let before = peak(&keeper);
    const MOST: usize = 64 << 20;
    let part = vec![b'x'; 64 * 1024];
    let mut tried = 0;
    for (door, shown) in
        [(DOORS[0], None), (DOORS[1], None), (DOORS[0], Some(&*good)), (DOORS[2], Some(&*good))]
    {
        // One frame; one that comes in parts; parts that are each as long as they may be; more than there are bytes.
        let fragments = [head(0x01, 60_000), vec![b'x'; 60_000]].concat();
        let next = [head(0x00, 60_000), vec![b'x'; 60_000]].concat();
        for (first, more) in [
            (head(0x82, MOST as u64 * 2), &part),
            (head(0x01, MOST as u64 * 2), &part),
            (head(0x81, u64::MAX >> 1), &part),
            (fragments, &next),
        ] {
            let mut stream = raw(&home, door, shown);
            stream.write_all(&first).unwrap();
            pour(&mut stream, more, MOST);
            wait_end(stream);
            tried += 1;
        }
    }
    // What no client may send: without a mask, of no kind, a long ping, a part of nothing.
    for odd in [
        &b"\x81\x05hello"[..],
        b"\x83\x80\0\0\0\0",
        b"\x89\xfe\x01\x00\0\0\0\0",
        b"\x00\x80\0\0\0\0",
        &[0xff; 64],
    ] {
        for (door, shown) in [(DOORS[0], None), (DOORS[0], Some(&*good))] {
            let mut stream = raw(&home, door, shown);
            stream.write_all(&[odd, &[0; 300]].concat()).unwrap();
            wait_end(stream);
            tried += 1;
        }
    }
    // All that may be open, each one byte short of the longest message.
    let almost = [head(0x81, 1 << 20), vec![b'x'; (1 << 20) - 1]].concat();
    let held: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = raw(&home, DOORS[0], Some(&good));
            let _full = stream.write_all(&almost);
            stream
        })
        .collect();
    tried += held.len();
    wait_for("an answer", || crate::support::get(&keeper.url("/livez")).filter(|(status, _)| *status == 200));
    println!("tried: {tried} messages; from {before} to {} MiB", peak(&keeper));
    assert!(peak(&keeper) < before + 48, "from {before} to {} MiB", peak(&keeper));
    drop(held);
    let (mut feed, _) = Socket::feed(&home, &keeper);
    let names: Vec<String> = (0..400).map(|n| format!("NSE:LONGNAME{n:0>20}-EQ")).collect();
    feed.send(&json!({"type": "subscribe", "symbols": names, "kinds": ["quote"]}).to_string());
    feed.until("an answer to a long message", |message| message["type"] == "subscribed");
}

#[test]
fn a_flood_of_wishes_holds_up_no_other_bot() {
    let home = home().set("KEEPER_MOCK_PRICES", "walk");
    let keeper = live(&home);
    let (mut bot, _) = Socket::feed(&home, &keeper);
    bot.send(r#"{"type":"subscribe","symbols":["NSE:SBIN-EQ"],"kinds":["quote"]}"#);
    bot.until("the snapshot", |message| message["type"] == "tick");
    let good = key(&home);
    let wish = |round: usize, what: &str| {
        let names: Vec<String> = (0..5_000).map(|n| format!("NSE:FLOOD{round}X{n}-EQ")).collect();
        let text = json!({"type": what, "symbols": names, "kinds": ["quote", "depth"]}).to_string();
        [&head(0x81, text.len() as u64), text.as_bytes()].concat()
    };
    let mut tried = 0;
    std::thread::scope(|scope| {
        for door in ["/feed", "/trade/v3"] {
            let (home, good, wish) = (&home, &good, &wish);
            scope.spawn(move || {
                let mut flood = raw(home, door, Some(good));
                flood.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
                // What the keeper does not take any more has been held back, or the connection has ended.
                for round in 0..20 {
                    let both = [wish(round, "subscribe"), wish(round, "unsubscribe")].concat();
                    if flood.write_all(&both).is_err() {
                        break;
                    }
                }
                let small = [&head(0x81, 2)[..], b"{}"].concat().repeat(5_000);
                let _held_back = flood.write_all(&small);
            });
            tried += 20 * 2 + 5_000;
        }
        for nth in 0..20 {
            let price = 810.0 + f64::from(nth);
            home.sim.set_price("NSE:SBIN-EQ", price);
            bot.until("the tick", |message| message["type"] == "tick" && message["ltp"] == price);
        }
    });
    println!("tried: {tried} wishes; at most {} MiB", peak(&keeper));
    assert!(peak(&keeper) < 128, "{} MiB", peak(&keeper));
    assert_eq!(keeper.status()["actors"]["feeds"]["restarts"], 0);
    assert_eq!(keeper.status()["mode"], "live");
}
