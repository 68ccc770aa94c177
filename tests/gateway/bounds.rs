//! Too much, too slow, too strange: every end is an answer.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use fyers_keeper::fyers::FyersProxy;

use crate::support::{Behind, Gateway, KEY, Upstream, config, fyers_proxy};

const MIB: usize = 1024 * 1024;

#[test]
fn a_body_may_have_a_mebibyte() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    let body = vec![b'x'; MIB];
    assert_eq!(gateway.ask("POST", "/data/quotes", "", &body).status(), 200);
    assert_eq!(upstream.last().body.len(), MIB);

    for length in [MIB + 1, 3 * MIB] {
        let answer = gateway.ask("POST", "/api/v3/orders/sync", "", &vec![b'x'; length]);
        assert_eq!((answer.status(), answer.json()["code"].as_i64()), (413, Some(-50)));
    }
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn an_answer_longer_than_the_bound_is_cut_off() {
    let endless = Upstream::start(|_, stream| {
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = [b"1000\r\n".as_slice(), &[b' '; 4096], b"\r\n"].concat();
        while stream.write_all(&chunk).is_ok() {}
    });
    let bounded =
        |upstream: &Upstream| Behind::BrokerProxy(Arc::new(fyers_proxy(upstream).answers_up_to(100_000)));
    let answer = Gateway::start(bounded(&endless)).get("/data/history");
    assert_eq!((answer.status(), answer.text().contains("TooLong")), (502, true), "{answer:?}");

    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".as_slice();
    let full = Upstream::saying([head, &vec![b'y'; 100_000]].concat());
    assert_eq!(Gateway::start(bounded(&full)).get("/data/history").body.len(), 100_000);
}

#[test]
fn long_answers_share_their_room_and_a_short_one_needs_none() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let upstream = Upstream::start(move |request, stream| {
        let length = if request.first.contains("/short") { 60_000 } else { 500_000 };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        if request.first.contains("/slow") {
            gone.lock().unwrap().recv().unwrap();
        }
        let _closed = stream.write_all(&vec![b'y'; length]);
    });
    let proxy = fyers_proxy(&upstream).answers_together_up_to(600_000);
    let gateway = Gateway::start(Behind::BrokerProxy(Arc::new(proxy)));
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| gateway.get("/data/history/slow").body.len());
        while upstream.seen().is_empty() {
            std::thread::yield_now();
        }
        let crowded = loop {
            let answer = gateway.get("/data/history/fast");
            if answer.status() != 200 {
                break answer;
            }
        };
        assert_eq!((crowded.status(), crowded.text().contains("TooMany")), (502, true), "{crowded:?}");
        assert_eq!(gateway.get("/data/history/short").body.len(), 60_000);
        go.send(()).unwrap();
        assert_eq!(slow.join().unwrap(), 500_000);
    });
    assert_eq!(gateway.get("/data/history/fast").body.len(), 500_000, "the room is given back");
}

#[test]
fn bodies_that_wait_for_a_slow_fyers_share_one_budget() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let upstream = Upstream::start(move |request, stream| {
        if request.first.contains("/slow") {
            gone.lock().unwrap().recv().unwrap();
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    let gateway = Gateway::before(&upstream);
    let post = |path: &str| gateway.ask("POST", path, "", &vec![b'x'; MIB]);
    // Each is held twice: as it came, and as it is sent.
    let held = 10;
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..held).map(|_| scope.spawn(|| post("/data/slow").status())).collect();
        while upstream.seen().len() < held {
            std::thread::yield_now();
        }
        let crowded = post("/data/quotes");
        assert_eq!((crowded.status(), crowded.json()["code"].as_i64()), (503, Some(-503)), "{crowded:?}");
        (0..held).for_each(|_| go.send(()).unwrap());
        assert!(slow.into_iter().all(|answer| answer.join().unwrap() == 200));
    });
    assert_eq!(upstream.seen().len(), held, "the one without room was not sent");
    assert_eq!(post("/data/quotes").status(), 200, "the room is given back");
}

#[test]
fn an_answer_that_nobody_takes_makes_room_for_others() {
    const LONG: usize = 15 * MIB;
    let upstream = Upstream::start(|request, stream| {
        let length = if request.first.contains("/long") { LONG } else { 10 };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let _closed = stream.write_all(&[head.as_bytes(), &vec![b'y'; length]].concat());
    });
    let gateway = Gateway::before(&upstream);
    let head = format!("GET /data/long HTTP/1.1\r\nhost: k\r\nauthorization: {KEY}\r\n\r\n");
    let mut slow = TcpStream::connect(gateway.addr).unwrap();
    slow.write_all(head.as_bytes()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // Read to the end of the first line, and no further. There is no room for a second answer of this length.
    let mut first = [0; 15];
    slow.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    assert_eq!(gateway.get("/data/short").status(), 200, "short answers need no room");
    let end = std::time::Instant::now() + Duration::from_secs(120);
    loop {
        let other = gateway.get("/data/long");
        match other.status() {
            200 => break assert_eq!(other.body.len(), LONG),
            503 => assert_eq!(other.json()["code"], -503),
            status => panic!("{status}"),
        }
        assert!(std::time::Instant::now() < end, "whoever takes nothing has given its room back");
    }
    let mut rest = vec![];
    let _cut_off = slow.read_to_end(&mut rest);
    assert!(rest.len() < LONG, "the answer that nobody took was given up: {} bytes came", rest.len());
}

#[test]
fn half_an_answer_is_none() {
    let upstream = Upstream::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"s\":\"ok\"}").unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let answer = Gateway::before(&upstream).get("/api/v3/orders");
    assert_eq!((answer.status(), answer.text().contains("Broken")), (502, true), "{answer:?}");
}

#[test]
fn a_silent_and_a_dripping_upstream_are_given_up() {
    let (never, hold) = mpsc::channel::<()>();
    let hold = Mutex::new(hold);
    let silent = Upstream::start(move |_, _| {
        let _until_the_test_ends = hold.lock().unwrap().recv();
    });
    let dripping = Upstream::start(|_, stream| {
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    for upstream in [&silent, &dripping] {
        let mut config = config(upstream);
        config.timeouts.total = Duration::from_millis(300);
        let gateway = Gateway::start(Behind::BrokerProxy(Arc::new(FyersProxy::new(config).unwrap())));
        let answer = gateway.get("/data/history");
        assert_eq!((answer.status(), answer.text().contains("Timeout")), (502, true), "{answer:?}");
    }
    drop(never);
}

#[test]
fn methods_fyers_does_not_know_are_refused_in_its_shape() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    for method in ["OPTIONS", "TRACE", "BREW"] {
        let answer = gateway.ask(method, "/api/v3/orders", "", b"");
        assert_eq!((answer.status(), answer.json()["code"].as_i64()), (405, Some(-50)), "{method}");
        assert_eq!(answer.header("allow"), Some("GET, POST, PUT, PATCH, DELETE"));
    }
    let answer = gateway.ask("POST", "/api/v3/orders/sync", "content-encoding: gzip\r\n", b"{}");
    assert_eq!((answer.status(), answer.json()["code"].as_i64()), (415, Some(-50)));
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_keeper_that_does_not_answer_says_what_is_not_known() {
    let gateway = Gateway::start(Behind::Nobody);
    let answer = gateway.ask("POST", "/api/v3/orders/sync", "", b"{}");
    assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("5")));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!((&body["s"], &body["code"]), (&"error".into(), &(-503).into()));
    assert!(body["message"].as_str().unwrap().contains("look in the order book"));
    let keys = |text: &str| (text.find("code"), text.find("message"));
    let (code, message) = keys(answer.text());
    assert!(code < message, "as FYERS writes it there");
    let answer = gateway.get("/data/quotes");
    let (code, message) = keys(answer.text());
    assert!(message < code, "as FYERS writes it here");
}
