//! What goes through is what comes out.

use std::io::Write;

use fyers_api::http::ApiResponse;
use proptest::prelude::*;

use crate::support::{APP, Behind, Gateway, TOKEN, Upstream, live};

#[test]
fn methods_bodies_and_labels_go_out_as_they_came() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    let odd: Vec<u8> = (0..=255).collect();
    for (method, label, body) in [
        ("GET", Some("application/json"), b"".as_slice()),
        ("GET", None, b""),
        ("POST", Some("application/x-www-form-urlencoded"), br#"{"qty": 1.0, "side":-1 }"#),
        ("POST", None, b"null"),
        ("POST", Some("application/x-www-form-urlencoded"), b""),
        ("PUT", Some("text/plain; charset=\"utf-8\""), &odd),
        ("PATCH", Some("application/json;charset=UTF-8"), b"\r\n\r\n"),
        ("DELETE", Some("application/json"), br#"{"id":"26112300000017"}"#),
        ("DELETE", None, b""),
    ] {
        let more = label.map_or(String::new(), |label| format!("Content-Type: {label}\r\n"));
        assert_eq!(gateway.ask(method, "/api/v3/orders/sync", &more, body).status(), 200);
        let sent = upstream.last();
        assert_eq!(sent.first, format!("{method} /api/v3/orders/sync HTTP/1.1"));
        assert_eq!(sent.header("content-type"), label);
        assert_eq!(sent.body, body, "{method}");
        assert_eq!(sent.header("accept-encoding"), None);
    }
}

#[test]
fn a_chunked_body_arrives_whole() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    let more = "transfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n";
    assert_eq!(gateway.ask("DELETE", "/api/v3/positions", more, b"").status(), 200);
    assert_eq!(upstream.last().text(), "{\"a\":1}");
}

#[test]
fn json_as_a_query_goes_out_escaped_and_its_body_as_it_came() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    let body = br#"{"id":"26112300000017"}"#;
    let answer = gateway.ask("DELETE", r#"/api/v3/orders/sync?{"id":"26112300000017"}"#, "", body);
    assert_eq!(answer.status(), 200);
    let sent = upstream.last();
    assert_eq!(sent.first, "DELETE /api/v3/orders/sync?{%22id%22:%2226112300000017%22} HTTP/1.1");
    assert_eq!(sent.body, body);
}

#[test]
fn queries_go_out_as_they_came() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    for target in [
        "/api/v3/orders??order_tag=1:Tag",
        "/api/v3/orders?&client_id=x&&y=&",
        "/api/v3/orders?order_tag=1%3aTag&x=%3A%zz%",
        "/data/quotes?symbols=NSE%3ASBIN-EQ%2CNSE%3AM%26M-EQ",
        "/data/quotes?symbols=NSE:SBIN-EQ,NSE:NIFTY50-INDEX",
        "/data/history?x=a+b%20c/../../d?e",
        "/api/v3/positions?side=%5B1%2C+-1%5D&exchange=%5B%27NSE%27%5D",
        "/api/v3/smart-order/orderbook?side[]=1&side[]=-1",
        "/api/v3/orders?u=http://evil.example@x/;|{}[]^`\\",
    ] {
        assert_eq!(gateway.get(target).status(), 200, "{target}");
        assert_eq!(upstream.last().first, format!("GET {target} HTTP/1.1"));
    }
    gateway.get("/api/v3/orders?");
    assert_eq!(upstream.last().first, "GET /api/v3/orders HTTP/1.1");
    gateway.get("/api/v3/orders?exchange=['NSE']");
    assert_eq!(upstream.last().first, "GET /api/v3/orders?exchange=[%27NSE%27] HTTP/1.1");
}

#[test]
fn every_status_and_every_byte_comes_back() {
    let odd: Vec<u8> = (0..=255).rev().collect();
    for (status, label, body) in [
        (200, "application/json", br#"{ "s":"ok", "lp":195.0,"x":1e3 }"#.as_slice()),
        (200, "application/octet-stream", &odd),
        (202, "text/plain", b""),
        (400, "application/json", br#"{"code":-50,"message":"Invalid input","s":"error"}"#),
        (401, "application/json", br#"{"code":-16,"message":"Could not authenticate the user","s":"error"}"#),
        (403, "text/html; charset=UTF-8", b"<!DOCTYPE html>error code: 1010"),
        (418, "x/y", b"?"),
        (500, "application/json", b"{"),
        (503, "text/html", b"<html>"),
        (520, "text/html", b"<html>"),
    ] {
        let head = format!(
            "HTTP/1.1 {status} Whatever\r\ncontent-type: {label}\r\ncontent-length: {}\r\n\
             date: Mon, 23 Nov 2026 03:15:00 GMT\r\nretry-after: 7\r\nX-RateLimit-Remaining: 3\r\n\
             x-retry-after-ms: 6500\r\ncache-control: private\r\nserver: cloudflare\r\nvary: *\r\n\
             x-keeper-mode: forged\r\nlocation: http://evil.example/\r\nkeep-alive: timeout=1\r\n\r\n",
            body.len()
        );
        let upstream = Upstream::saying([head.as_bytes(), body].concat());
        let answer = Gateway::before(&upstream).get("/data/depth");
        assert_eq!((answer.status(), answer.body.as_slice()), (status, body));
        let mut headers: Vec<_> =
            answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.sort_unstable();
        let length = body.len().to_string();
        assert_eq!(
            headers,
            [
                ("cache-control", "private"),
                ("content-length", length.as_str()),
                ("content-type", label),
                ("date", "Mon, 23 Nov 2026 03:15:00 GMT"),
                ("referrer-policy", "no-referrer"),
                ("retry-after", "7"),
                ("x-content-type-options", "nosniff"),
                ("x-keeper-mode", "live"),
                ("x-keeper-order-venue", "fyers"),
                ("x-ratelimit-remaining", "3"),
                ("x-retry-after-ms", "6500"),
            ]
        );
    }
}

#[test]
fn a_compressed_answer_is_not_unpacked() {
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n".as_slice();
    let upstream = Upstream::saying([head, &packed].concat());
    let answer = Gateway::before(&upstream).get("/api/v3/profile");
    assert_eq!(
        (answer.header("content-encoding"), answer.body.as_slice()),
        (Some("gzip"), packed.as_slice())
    );
}

/// The head of a request as an error page might quote it.
fn quoting() -> String {
    format!(r#"{{"s":"error","message":"bad head: authorization: {APP}:{TOKEN}"}}"#)
}

#[test]
fn an_answer_that_quotes_the_token_does_not_tell_it() {
    let body = quoting();
    let (start, end) = body.split_at(body.find(TOKEN).unwrap() + TOKEN.len() / 2);
    let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
    let heads = [
        format!("HTTP/1.1 400 No\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
        format!(
            "HTTP/1.1 400 No\r\ntransfer-encoding: chunked\r\n\r\n{}{}0\r\n\r\n",
            chunk(start),
            chunk(end)
        ),
        format!(
            "HTTP/1.1 400 No\r\nx-request-id: for {TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    ];
    for answer in heads {
        let told = Gateway::before(&Upstream::saying(answer)).get("/api/v3/profile");
        assert_eq!((told.status(), told.body.len()), (400, body.len()), "{told:?}");
        assert!(!told.everything().contains("CANARY"), "{told:?}");
        let json = told.json();
        assert!(
            json["message"].as_str().unwrap().starts_with("bad head: authorization: ABCD1234EF-100:***"),
            "{json}"
        );
    }
    // In two writes with a pause between them: the head first, then a part of the token, then the rest.
    let slow = Upstream::start(|_, stream| {
        let body = quoting();
        let (start, end) = body.split_at(body.find(TOKEN).unwrap() + 3);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{start}", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        std::thread::yield_now();
        stream.write_all(end.as_bytes()).unwrap();
    });
    let told = Gateway::before(&slow).get("/data/history");
    assert!(told.status() == 200 && !told.everything().contains("CANARY"), "{told:?}");
}

#[test]
fn a_redirect_is_handed_back_and_not_followed() {
    let elsewhere = Upstream::ok();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/stolen", elsewhere.addr);
        let head = format!("HTTP/1.1 {status} Go\r\nlocation: {location}\r\ncontent-length: 2\r\n\r\n{{}}");
        let upstream = Upstream::saying(head);
        let answer = Gateway::before(&upstream).ask("POST", "/api/v3/orders/sync", "", b"{}");
        assert_eq!((answer.status(), answer.text(), answer.header("location")), (status, "{}", None));
        assert_eq!(upstream.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn the_connection_to_fyers_is_kept() {
    let upstream = Upstream::start(|_, stream| {
        let port = stream.peer_addr().unwrap().port().to_string();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{port}", port.len()).unwrap();
    });
    let gateway = Gateway::before(&upstream);
    let ports: std::collections::BTreeSet<_> =
        (0..20).map(|_| gateway.get("/api/v3/profile").text().to_owned()).collect();
    assert_eq!(ports.len(), 1, "one connection carried all");
}

#[test]
fn an_answer_of_the_mock_says_so_and_cannot_break_the_connection() {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let answer = ApiResponse {
        status: 200,
        headers: vec![
            header("content-type", "application/json"),
            header("bad name", "x"),
            header("x", "a\r\nb: c"),
        ],
        body: b"{}".to_vec(),
    };
    let mut forwarded = live(answer);
    forwarded.mode = keeper_domain::mode::Mode::Sandbox;
    forwarded.venue = keeper_domain::routing::Venue::Mock;
    let answer = Gateway::start(Behind::Canned(Box::new(forwarded))).get("/api/v3/orders");
    assert_eq!(answer.header("x-keeper-mode"), Some("sandbox"));
    assert_eq!(answer.header("x-keeper-order-venue"), Some("mock"));
    assert_eq!((answer.header("b"), answer.text()), (None, "{}"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_query_and_any_body_arrive_as_they_were(query in "[!$-&(-;=?-~]{0,40}", body: Vec<u8>) {
        thread_local! {
            static PAIR: (Upstream, Gateway) = {
                let upstream = Upstream::ok();
                let gateway = Gateway::before(&upstream);
                (upstream, gateway)
            };
        }
        PAIR.with(|(upstream, gateway)| {
            let mark = if query.is_empty() { "" } else { "?" };
            let target = format!("/data/quotes{mark}{query}");
            prop_assert_eq!(gateway.ask("POST", &target, "", &body).status(), 200);
            let sent = upstream.last();
            prop_assert_eq!(sent.first, format!("POST {target} HTTP/1.1"));
            prop_assert_eq!(sent.body, body);
            Ok(())
        })?;
    }
}
