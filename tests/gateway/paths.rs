//! Confusing paths: none of them leaves the prefix or reaches another host.

use crate::support::{APP, Gateway, KEY, Upstream};

const CONFUSIONS: &[&str] = &[
    "/api/v3/..",
    "/api/v3/../v2/x",
    "/api/v3/../../admin",
    "/api/v3/%2e%2e/v2",
    "/api/v3/.%2E/%2e./x",
    "/api/v3/x/../../../y",
    "/api/v3/./orders",
    "/api/v3//orders",
    "/api/v3/orders//sync",
    "/api/v3/orders/",
    "/api/v3/orders%2fsync",
    "/api/v3/orders%2Fsync",
    "/api/v3/%2F%2Fevil.example/x",
    "/api/v3/..%2f..%2fx",
    "/api/v3/..%5cx",
    "/api/v3/%252e%252e/x",
    "/api/v3/orders;/sync",
    "/api/v3/orders%3b/sync",
    "/api/v3/order%73/sync",
    "/api/v3/orders/sync%00",
    "/api/v3/orders%0d%0ahost:%20evil.example",
    "/api/v3/orders%3Fx",
    "/api/v3/orders%23x",
    "/api/v3/http://evil.example/",
    "/api/v3///evil.example/",
    "/data/..",
    "/data/../api/v3/orders",
    "/data/%2e%2e/api/v3/orders/sync",
    "/data//evil.example",
];

#[test]
fn a_path_that_can_be_read_in_two_ways_is_not_carried() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    for target in CONFUSIONS {
        for method in ["GET", "POST", "DELETE"] {
            let answer = gateway.ask(method, target, "", b"");
            assert_eq!(
                (answer.status(), answer.json()["code"].as_i64()),
                (400, Some(-50)),
                "{method} {target}"
            );
        }
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn what_only_looks_like_a_prefix_is_not_one() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    for target in [
        "/api/v3",
        "/api/v3orders",
        "/api/v3@evil.example/x",
        "/api/v3.evil.example/x",
        "/api/v3:80/x",
        "/API/v3/x",
        "/api//v3/x",
        "//api/v3/x",
        "/api/v3%2fx",
        "/api%2fv3/x",
        "/data",
        "/database/x",
        "/api/v2/x",
        "/x/../api/v3/orders",
        "/api/./v3/orders",
    ] {
        let status = gateway.get(target).status();
        assert!(status == 404 || status == 400, "{target}: {status}");
    }
    // Decoded it is the prefix, but it is not written so.
    let answer = gateway.get("/%61pi/v3/orders");
    assert_eq!((answer.status(), answer.json()["code"].as_i64()), (400, Some(-50)));
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_host_in_the_request_changes_nothing() {
    let (upstream, elsewhere) = (Upstream::ok(), Upstream::ok());
    let gateway = Gateway::before(&upstream);
    let evil = elsewhere.addr;
    for (target, host) in [
        (format!("http://{evil}/api/v3/profile"), evil.to_string()),
        (format!("http://user:pass@{evil}/api/v3/profile"), "keeper".to_owned()),
        ("/api/v3/profile".to_owned(), evil.to_string()),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\nx-forwarded-host: {evil}\r\nauthorization: {APP}:{KEY}\r\n\r\n"
        );
        let answer = gateway.write(request);
        assert!([200, 400].contains(&answer.status()), "{target}");
    }
    for sent in upstream.seen() {
        assert_eq!(sent.first, "GET /api/v3/profile HTTP/1.1");
        assert_eq!(sent.header("host"), Some(upstream.addr.to_string().as_str()));
        assert_eq!(sent.header("x-forwarded-host"), None);
    }
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn two_lengths_are_no_way_to_smuggle_a_second_request() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    for framing in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "content-length: 4\r\ncontent-length: 40\r\n",
        "transfer-encoding: xchunked\r\n",
    ] {
        let head =
            format!("POST /api/v3/orders/sync HTTP/1.1\r\nhost: k\r\nauthorization: {KEY}\r\n{framing}");
        let body = "0\r\n\r\nDELETE /api/v3/positions HTTP/1.1\r\nhost: k\r\n\r\n";
        let _refused_or_one = gateway.write(format!("{head}\r\n{body}")).status();
    }
    assert!(upstream.seen().iter().all(|sent| !sent.first.contains("positions")));
}

#[test]
fn the_keepers_own_pages_stay_its_own() {
    let upstream = Upstream::ok();
    let gateway = Gateway::before(&upstream);
    assert_eq!(gateway.get("/livez").text(), "alive\n");
    let page = |target: &str| {
        gateway
            .write(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\n\r\n"))
    };
    assert_eq!(page("/api/orders?limit=7").text(), r#"{"orders":[{"limit":7}]}"#);
    assert_eq!(page("/api/orders").json()["orders"][0]["limit"], 50);
    assert_eq!(page("/api/orders?limit=999999").json()["orders"][0]["limit"], 1_000);
    assert_eq!(page("/api/orders?limit=x").status(), 400);
    assert!(upstream.seen().is_empty());
}
