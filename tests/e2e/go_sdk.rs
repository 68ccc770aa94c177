//! FYERS' Go SDK repeats the JSON of a DELETE, raw, as its query.

use std::{io::Write, net::TcpStream};

use simulator::RefreshMode;

use crate::support::{DEADLINE, Home};

/// Reads one answer: its head, and its body as JSON.
fn answer(stream: &mut TcpStream) -> (String, serde_json::Value) {
    use std::io::Read;

    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_cancel_as_the_go_sdk_writes_it_is_served_on_a_kept_connection() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    let keeper = home.start_ready();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let body = r#"{"id":"26112300000017"}"#;
    let request = format!(
        "DELETE /api/v3/orders/sync?{body} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ABCD1234EF-100:{}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        key.trim(),
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", home.port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).unwrap();
        let (head, body) = answer(&mut stream);
        assert!(head.contains("x-keeper-mode: mock"), "{head}");
        assert_eq!(
            (&body["s"], &body["code"]),
            (&"error".into(), &(-51).into()),
            "the order is not known: {body}"
        );
    }
    drop(keeper);
}
