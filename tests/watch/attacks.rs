//! The standing suite of attacks on the listener: bytes on a socket against the real program.

use std::{
    cell::Cell,
    io::{Read, Write},
    net::TcpStream,
};

use simulator::endpoint;

use crate::{
    browserless::{day, get, key, log_in, open},
    support::{DEADLINE, Home, Keeper},
};

/// Every route, with what a stranger may be told there.
const ROUTES: [(&str, &[u16]); 15] = [
    ("/livez", &[200]),
    ("/readyz", &[200]),
    // To FYERS, or a page that says why not.
    ("/fyers/login", &[303, 302, 503]),
    ("/fyers/callback", &[200, 400]),
    ("/", &[]),
    ("/metrics", &[]),
    ("/events", &[]),
    ("/api/status", &[]),
    ("/api/orders", &[]),
    ("/api/refresh", &[]),
    ("/api/login", &[]),
    ("/api/login/complete", &[]),
    ("/act/halt", &[]),
    ("/api/v3/profile", &[]),
    ("/data/quotes", &[]),
];

/// What strangers write to look like somebody else.
const DISGUISES: [&str; 9] = [
    "",
    "x-forwarded-for: 127.0.0.1\r\n",
    "x-forwarded-host: localhost\r\n",
    "forwarded: for=127.0.0.1;host=localhost\r\n",
    "x-real-ip: 127.0.0.1\r\n",
    "via: 1.1 localhost\r\n",
    "origin: http://localhost\r\nsec-fetch-site: same-origin\r\n",
    "authorization: Bearer \r\n",
    "cookie: keeper_session=; keeper_session_80=; __Host-keeper_session=\r\nauthorization: X:\r\n",
];

thread_local! {
    /// Requests of this test, for the table of scripts/attack.
    static REQUESTS: Cell<u32> = const { Cell::new(0) };
}

fn print_count() {
    println!("tried: {} requests", REQUESTS.get());
}

/// Writes this and reads all that comes until the keeper closes.
fn exchange(home: &Home, bytes: &[u8]) -> String {
    REQUESTS.set(REQUESTS.get() + 1);
    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let _refused_early = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<u16> {
    let rows = answer.split("HTTP/1.1 ").skip(1);
    rows.map(|row| row[..3].parse().unwrap()).collect()
}

fn orders(home: &Home) -> u64 {
    home.sim.call_count(endpoint::ORDERS_SYNC).total
}

/// What stands behind a body in chunks is read and left out; what is no header there is refused at once.
#[test]
fn a_request_with_lines_behind_its_body_is_served_and_takes_nothing_from_them() {
    let (home, _keeper) = live(day());
    let shown = format!("authorization: X:{}\r\n", key(&home));
    let request = |shown: &str, trailer: &str| {
        format!(
            "POST /data/quotes HTTP/1.1\r\nhost: k\r\n{shown}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n{trailer}\r\n"
        )
    };
    let last = "GET /livez HTTP/1.1\r\nhost: k\r\nconnection: close\r\n\r\n";
    for trailer in ["x-checksum: 1\r\n", "a: b\r\nc:\r\n", "content-length: 9\r\nhost: evil.example\r\n"] {
        let answer = exchange(&home, format!("{}{last}", request(&shown, trailer)).as_bytes());
        assert_eq!(statuses(&answer).len(), 2, "{answer}");
        assert!(![401, 408].contains(&statuses(&answer)[0]) && statuses(&answer)[1] == 200, "{answer}");
    }
    let answer = exchange(&home, format!("{}{last}", request("", &shown)).as_bytes());
    assert_eq!(statuses(&answer)[0], 401, "a key that stands there opens nothing: {answer}");
    for trailer in ["no header\r\n", "x : y\r\n", "x: y\n", " folded: y\r\n"] {
        let answer = exchange(&home, format!("{}{last}", request(&shown, trailer)).as_bytes());
        assert_eq!(statuses(&answer), [400], "{trailer:?}: {answer}");
    }
    print_count();
}

fn live(home: Home) -> (Home, Keeper) {
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("live", |status| status["mode"] == "live");
    (home, keeper)
}

#[test]
fn no_route_is_open_to_strangers_in_any_mode_of_the_listener() {
    let public = || day().set("KEEPER_PUBLIC_URL", "https://keeper.example");
    let modes: [(&str, Home, &[&str]); 4] = [
        ("this machine", day(), &["evil.example", "localhost", "127.0.0.1.evil.example"]),
        ("everybody", open(day()), &["localhost:PORT", "127.0.0.1:PORT", "[::1]:PORT", "evil.example"]),
        ("public", public(), &["localhost:PORT", "127.0.0.1:PORT", "keeper.example"]),
        (
            "trusted proxy",
            public().set("KEEPER_TRUSTED_PROXIES", "127.0.0.1"),
            &["localhost:PORT", "keeper.example"],
        ),
    ];
    for (mode, home, hosts) in modes {
        let keeper = home.start_ready();
        for host in hosts {
            let host = host.replace("PORT", &home.port.to_string());
            for (route, allowed) in ROUTES {
                for method in ["GET", "POST", "HEAD", "DELETE"] {
                    for disguise in DISGUISES {
                        let length = if method == "POST" { "content-length: 0\r\n" } else { "" };
                        let request = format!(
                            "{method} {route} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{disguise}{length}\r\n"
                        );
                        let answer = exchange(&home, request.as_bytes());
                        let status = statuses(&answer)[0];
                        let refused = (400..500).contains(&status);
                        assert!(refused || allowed.contains(&status), "{mode}: {request}{answer}");
                        for word in ["XX00001", "\"mode\"", "fyers_keeper_", "gateway.key\":"] {
                            assert!(!answer.contains(word), "{mode} tells {word}: {request}{answer}");
                        }
                    }
                }
            }
        }
        let own = format!(
            "GET /api/status HTTP/1.1\r\nhost: k\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
            key(&home)
        );
        assert_eq!(statuses(&exchange(&home, own.as_bytes())), [200], "{mode}: the key opens");
        assert_eq!(keeper.status()["halted"], false);
        assert_eq!(home.sim.call_count(endpoint::VALIDATE_REFRESH_TOKEN).total, 0);
    }
    print_count();
}

/// Requests whose end two programs could see in two places. Each is followed by a whole request with the key.
fn ambiguous(port: u16) -> Vec<String> {
    let head = format!("POST /api/v3/profile HTTP/1.1\r\nhost: localhost:{port}\r\n");
    let framings = [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
        "content-length: 0\r\ncontent-length: 5\r\n\r\n",
        "content-length: 5, 5\r\n\r\nabcde",
        "content-length: +5\r\n\r\nabcde",
        "content-length: -1\r\n\r\n",
        "content-length: 0x5\r\n\r\nabcde",
        "content-length: 99999999999999999999999\r\n\r\n",
        "content-length : 5\r\n\r\nabcde",
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: identity, chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "x-a: b\r\n content-length: 5\r\n\r\nabcde",
        "x-a: b\0\r\n\r\n",
        "x-a\r\n\r\n",
        "transfer-encoding:\u{b}chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1;a=\nx\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n1\nx\n0\n\n",
        "content-length: 0\rcontent-length: 5\r\n\r\n",
        "content-length: \r\n\r\n",
        "content-length: 5\r\ncontent_length: 0\r\nconnection: close\r\n\r\nabcde",
        "expect: 100-continue\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ];
    // HTTP/1.0 knows no chunks and keeps no connection.
    let old = head.replace("HTTP/1.1", "HTTP/1.0");
    let olds = ["transfer-encoding: chunked\r\n\r\n0\r\n\r\n", "content-length: 3\r\n\r\nabc", "\r\n"];
    let all = framings.iter().map(|framing| format!("{head}{framing}"));
    all.chain(olds.iter().map(|framing| format!("{old}{framing}"))).collect()
}

#[test]
fn a_request_that_ends_in_two_places_is_the_last_on_its_connection() {
    let (home, _keeper) = live(day());
    let smuggled = format!(
        "POST /api/v3/orders/sync HTTP/1.1\r\nhost: localhost\r\nauthorization: X:{}\r\nconnection: close\r\n\
         content-length: 2\r\n\r\n{{}}",
        key(&home)
    );
    // With one end it is a request of its own.
    let plain = format!("GET /livez HTTP/1.1\r\nhost: localhost:{}\r\n\r\n{smuggled}", home.port);
    let before = orders(&home);
    assert_eq!(statuses(&exchange(&home, plain.as_bytes())).len(), 2);
    assert_eq!(orders(&home), before + 1);
    let before = orders(&home);
    for start in ambiguous(home.port) {
        let answer = exchange(&home, format!("{start}{smuggled}").as_bytes());
        let statuses = statuses(&answer);
        assert!(statuses.len() <= 1, "{start:?}: {answer}");
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "{start:?}: {answer}");
    }
    assert_eq!(orders(&home), before, "nothing came through");
    // A key in a trailer opens nothing.
    let trailer = format!(
        "POST /api/v3/orders/sync HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\
         trailer: authorization\r\n\r\n2\r\n{{}}\r\n0\r\nauthorization: X:{}\r\n\r\n",
        key(&home)
    );
    let answer = exchange(&home, trailer.as_bytes());
    assert!(statuses(&answer).iter().all(|status| (400..500).contains(status)), "{answer}");
    assert_eq!(orders(&home), before);
    print_count();
}

#[test]
fn a_path_is_read_in_one_way_or_not_at_all() {
    let (home, keeper) = live(day());
    let before = orders(&home);
    let key = key(&home);
    let paths = [
        "/api/v3/../../api/v3/profile",
        "/api/v3/%2e%2e/v3/profile",
        "/api/v3//profile",
        "/api/v3/profile/",
        "/api/v3/profile%00",
        "/api/v3/profile%0d%0ax:%20y",
        "/api/v3/orders/%73ync",
        "/api/v3/orders;x/sync",
        "/api/v3/orders\\sync",
        "/%61pi/v3/profile",
        "//api/v3/profile",
        "http://evil.example/api/v3/../profile",
        "/api/v3/http://evil.example/",
        "/data/../api/v3/orders/sync",
        "/api/v3/logout",
        "/api/v3/logout%20",
        "/api/v3/%20logout",
        "/api/v3/logout%09",
        "/api/v3/logout+",
        "/api/v3/logout.",
        "/api/v3/logout~",
        "/api/v3/log-out",
        "/api/v3/LOGOUT",
        "/api/v3/logout;x",
        "/data/logout",
        "/api/v3/Validate-Refresh-Token",
        "/api/v3/Profile",
        "/api/v3/orders/SYNC",
        "/api/v3/%6cogout",
        "/api/v3/validate-refresh-token",
        "*",
        "/api/v3/..;/profile",
        "/api%2fv3%2fprofile",
        "/api/v3%2f..%2fv3/profile",
        "/api/v3/%252e%252e/v3/profile",
        "/api/v3/./profile",
        "/api/v3/profile/..%00/",
        "/livez/../api/v3/profile",
        "/api/v3/profile%ef%bc%8f",
    ];
    for path in paths {
        for method in ["GET", "POST", "DELETE"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: X:{key}\r\nconnection: close\r\n\
                 content-length: 0\r\n\r\n",
                home.port
            );
            let answer = exchange(&home, request.as_bytes());
            assert!(statuses(&answer).iter().all(|status| (400..500).contains(status)), "{request}{answer}");
        }
    }
    assert_eq!(keeper.status()["mode"], "live");
    assert_eq!(orders(&home), before);
    for own in [endpoint::LOGOUT, endpoint::VALIDATE_REFRESH_TOKEN] {
        assert_eq!(home.sim.call_count(own).total, 0, "{own}");
    }
    print_count();
}

#[test]
fn oversized_and_deep_requests_are_refused_and_the_keeper_goes_on() {
    let (home, keeper) = live(day());
    let before = orders(&home);
    let head = |length: usize| {
        format!(
            "POST /api/v3/orders/sync HTTP/1.1\r\nhost: localhost\r\nauthorization: X:{}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n",
            key(&home)
        )
    };
    let send = |body: &[u8]| exchange(&home, &[head(body.len()).as_bytes(), body].concat());
    // FYERS is to judge what a lone order with odd fields is; what the keeper cannot read is not simulated or halted.
    let deep = [vec![b'['; 500_000], vec![b']'; 500_000]].concat();
    assert_eq!(statuses(&send(&deep)).len(), 1);
    assert_eq!(statuses(&send(&vec![b'x'; 2 * 1024 * 1024])), [413]);
    let long = "x".repeat(1024 * 1024);
    for request in [
        format!("GET /{long} HTTP/1.1\r\nhost: k\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: k\r\nx: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: k\r\n{}\r\n", "a: b\r\n".repeat(10_000)),
        "\0\u{1}\u{2}".repeat(1_000),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\0\u{5}".to_owned() + &long,
    ] {
        let answer = exchange(&home, request.as_bytes());
        let statuses = statuses(&answer);
        assert!(
            statuses.iter().all(|status| (400..=505).contains(status)),
            "{}",
            &answer[..answer.len().min(300)]
        );
    }
    assert!(orders(&home) <= before + 1, "the deep one at most");
    assert_eq!(get(&keeper, "/livez", &[]).status, 200);
    assert_eq!(keeper.status()["mode"], "live");
    print_count();
}
