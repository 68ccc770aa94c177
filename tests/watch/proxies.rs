//! Who counts as somebody on this machine: nobody for whom a proxy may have passed the request on.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use simulator::Options;

use crate::{
    browserless::{get, key},
    support::{DEADLINE, Home},
};

/// What needs no key of somebody on this machine.
const READ: [&str; 5] = ["/", "/api/status", "/metrics", "/api/keys", "/keys"];

/// The status of an answer to these very bytes.
fn status(port: u16, request: &str) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap()
}

/// As nginx passes a request on when nobody has told it otherwise: HTTP/1.0, a `Host` of its own, and nothing that tells.
#[test]
fn a_proxy_that_says_nothing_and_speaks_http_1_0_is_not_this_machine() {
    let home = Home::bare(Options::default());
    let _keeper = home.start_ready();
    let port = home.port;
    for path in READ {
        let request = |version: &str, more: &str| {
            format!("GET {path} HTTP/{version}\r\nHost: 127.0.0.1:{port}\r\n{more}\r\n")
        };
        assert_eq!(status(port, &request("1.1", "")), 200, "{path}");
        assert_eq!(status(port, &request("1.0", "")), 401, "{path}");
        assert_eq!(
            status(port, &request("1.0", "Connection: close\r\nUser-Agent: curl/8\r\n")),
            401,
            "{path}"
        );
        let bearer = format!("Authorization: bearer {}\r\n", key(&home));
        assert_eq!(status(port, &request("1.0", &bearer)), 200, "{path}: the key is enough");
        assert_eq!(status(port, &format!("GET {path} HTTP/1.0\r\n\r\n")), 401, "{path} without a host");
    }
}

#[test]
fn a_header_that_only_proxies_write_asks_for_the_key() {
    let home = Home::bare(Options::default());
    let keeper = home.start_ready();
    let told = [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-url",
        "x-original-forwarded-for",
        "cf-connecting-ip",
        "cdn-loop",
        "true-client-ip",
        "fly-client-ip",
        "x-envoy-external-address",
        // Of none of these the keeper knows whose they are.
        "x-varnish",
        "x-arr-log-id",
        "incap-client-ip",
        "x-nf-client-connection-ip",
        "cloudfront-viewer-address",
        "remote-user",
        "x-request-start",
        "x-request-id",
        "x-correlation-id",
        "x-proxy-of-somebody",
    ];
    for header in told {
        for path in READ {
            assert_eq!(get(&keeper, path, &[(header, "203.0.113.7")]).status, 401, "{path} by {header}");
        }
    }
    for (header, value) in [
        ("origin", "https://keeper.example"),
        ("referer", "https://keeper.example/"),
        ("origin", "http://10.0.0.7"),
    ] {
        assert_eq!(get(&keeper, "/api/status", &[(header, value)]).status, 401, "a page of {value}");
    }
    for (header, value) in [
        ("user-agent", "Prometheus/3"),
        ("x-prometheus-scrape-timeout-seconds", "10"),
        ("sec-ch-ua", "x"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("baggage", "a=b"),
        ("origin", "http://localhost:1"),
    ] {
        assert_eq!(get(&keeper, "/api/status", &[(header, value)]).status, 200, "{header}");
    }
    println!("tried: {} headers at {} routes", told.len(), READ.len());
}

#[test]
fn the_case_of_the_word_bearer_does_not_matter() {
    let home = crate::browserless::open(Home::bare(Options::default()));
    let keeper = home.start_ready();
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let shown = format!("{scheme} {}", key(&home));
        for path in ["/", "/api/status", "/metrics", "/api/orders", "/api/keys", "/api/v3/profile"] {
            assert_eq!(get(&keeper, path, &[("authorization", &shown)]).status, 200, "{path} by {scheme}");
        }
        let wrong = format!("{scheme} wrong");
        assert_eq!(get(&keeper, "/api/status", &[("authorization", &wrong)]).status, 401);
    }
}
