//! Heads of requests that two programs could read in two ways, against the real program, and connections on which nothing
//! is asked.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use simulator::endpoint;

use crate::{
    browserless::{day, key, log_in},
    support::{DEADLINE, Home},
};

/// Writes this and reads all that comes until the keeper closes.
fn exchange(home: &Home, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let _refused_early = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Each is a whole request to somebody who reads it kindly. With the key it would be carried.
fn odd(own: &str, key: &str) -> Vec<String> {
    let rest = format!("host: {own}\r\nauthorization: X:{key}\r\n\r\n");
    let head = "GET /api/v3/profile HTTP/1.1\r\n";
    let lines = [
        "GET /api/v3/profile\r\n",
        "GET /api/v3/profile HTTP/0.9\r\n",
        "GET /api/v3/profile HTTP/1.2\r\n",
        "GET /api/v3/profile HTTP/1.1\n",
        "GET /api/v3/profile HTTP/1.1\r",
        "GET  /api/v3/profile HTTP/1.1\r\n",
        "GET /api/v3/profile  HTTP/1.1\r\n",
        "GET\t/api/v3/profile\tHTTP/1.1\r\n",
        "get /api/v3/profile HTTP/1.1\r\n",
        "GET /api/v3/profile#x HTTP/1.1\r\n",
        "GET /api/v3/profile\0 HTTP/1.1\r\n",
        "GET http://evil.example/api/v3/profile HTTP/1.1\r\n",
        "GET http://user@OWN/api/v3/profile HTTP/1.1\r\n",
        "GET http://localhost/api/v3/profile HTTP/1.1\r\n",
        "CONNECT OWN HTTP/1.1\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "\nGET /api/v3/profile HTTP/1.1\r\n",
        "\r\n\r\n\r\n\r\nGET /api/v3/profile HTTP/1.1\r\n",
    ];
    let headers = [
        "x: y\n",
        "x: y\r",
        "x: a\rb\r\n",
        "x: a\0b\r\n",
        "x: a\u{1b}b\r\n",
        "x: a\r\n folded\r\n",
        "x\r\n",
        "x y: z\r\n",
        "x : z\r\n",
        ": z\r\n",
        "host: OWN\r\n",
        "Host: evil.example\r\n",
        "authorization: X:other\r\n",
        "content-length: +0\r\n",
        "content-length: 0, 0\r\n",
        "content-length: 0\r\ncontent-length: 0\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 0\r\n",
    ];
    let of_lines = lines.map(|line| format!("{line}{rest}"));
    let of_headers = headers.map(|header| format!("{head}{header}{rest}"));
    let both = of_lines.into_iter().chain(of_headers).map(|request| request.replace("OWN", own));
    let lone_feeds = [head, &rest].concat().replace("\r\n", "\n");
    let foreign =
        format!("GET http://evil.example/api/v3/profile HTTP/1.1\r\n{}", rest.replace(own, "evil.example"));
    let no_host = format!("{head}authorization: X:{key}\r\n\r\n");
    both.chain([lone_feeds, foreign, no_host]).collect()
}

#[test]
fn a_head_that_can_be_read_in_two_ways_is_refused_and_the_last_on_its_connection() {
    let home = day();
    let keeper = home.start_ready();
    log_in(&home, &keeper);
    keeper.wait_status("live", |status| status["mode"] == "live");
    let (own, key) = (format!("localhost:{}", home.port), key(&home));
    let order = format!(
        "POST /api/v3/orders/sync HTTP/1.1\r\nhost: {own}\r\nauthorization: X:{key}\r\nconnection: close\r\n\
         content-length: 2\r\n\r\n{{}}"
    );
    let sent = || home.sim.call_count(endpoint::ORDERS_SYNC).total;
    let (before, requests) = (sent(), odd(&own, &key));
    for request in &requests {
        let answer = exchange(&home, format!("{request}{order}").as_bytes());
        let statuses = answer.matches("HTTP/1.1 ").count();
        assert!(answer.starts_with("HTTP/1.1 400 ") && statuses == 1, "{request:?}: {answer}");
    }
    assert_eq!(sent(), before, "nothing came through");
    let errors = keeper
        .lines()
        .into_iter()
        .filter(|line| line["level"] == "error" && line["event"] != "login.required")
        .collect::<Vec<_>>();
    assert!(errors.is_empty(), "what strangers send is no trouble of the keeper's: {errors:?}");
    // Read in one way it is carried: also by a target that names this listener as Host does, and by an old program.
    for line in
        ["GET /api/v3/profile HTTP/1.1".to_owned(), format!("GET http://{own}/api/v3/profile HTTP/1.1")]
    {
        let request = format!("{line}\r\nhost: {own}\r\nauthorization: X:{key}\r\n\r\n{order}");
        assert_eq!(exchange(&home, request.as_bytes()).matches("HTTP/1.1 ").count(), 2, "{line}");
    }
    assert!(exchange(&home, b"GET /livez HTTP/1.0\r\n\r\n").contains(" 200 OK"));
    println!("tried: {} heads", requests.len());
}

#[test]
fn where_nothing_is_asked_the_connection_ends_without_a_word() {
    let home = Home::bare(simulator::Options::default());
    let _keeper = home.start_ready();
    let ends = |sent: &'static [u8]| {
        let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
        stream.write_all(sent).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut answer = Vec::new();
        std::thread::spawn(move || {
            stream.read_to_end(&mut answer).unwrap();
            String::from_utf8_lossy(&answer).into_owned()
        })
    };
    let (silent, empty, begun) = (ends(b""), ends(b"\r\n"), ends(b"GET /liv"));
    assert_eq!((silent.join().unwrap(), empty.join().unwrap()), (String::new(), String::new()));
    assert!(begun.join().unwrap().starts_with("HTTP/1.1 408 "));
}
