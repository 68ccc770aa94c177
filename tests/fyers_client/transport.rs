//! No answer, half an answer, too much of an answer.

use std::{io::Write, net::TcpListener, sync::atomic::Ordering, time::Duration};

use chrono::{TimeDelta, Utc};
use fyers_keeper::fyers::{FyersClient, SetupError};
use keeper_domain::{
    broker_error::{BrokerError, Garble, Transport},
    ports::Broker,
};
use wiremock::{MockServer, ResponseTemplate};

use crate::support::{
    Rude, access, answering, answering_json, client, config, hasty, limiter, read_request, refresh,
};

async fn error_of(client: &FyersClient) -> BrokerError {
    client.refresh(&refresh()).await.unwrap_err()
}

fn garbled(status: u16, garble: Garble) -> BrokerError {
    BrokerError::Garbled { status, garble }
}

#[tokio::test]
async fn pages_of_the_edge_are_no_answers() {
    let html = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>";
    for (status, want) in [
        (200, garbled(200, Garble::NotJson)),
        (401, garbled(401, Garble::NotJson)),
        (403, garbled(403, Garble::NotJson)),
        (502, BrokerError::Fault { status: 502, retry_after: None }),
        (503, BrokerError::Fault { status: 503, retry_after: None }),
        (520, BrokerError::Fault { status: 520, retry_after: None }),
    ] {
        let (_server, client) = answering_json(status, html).await;
        assert_eq!(error_of(&client).await, want);
    }
    let (_server, client) = answering_json(403, "error code: 1010").await;
    assert_eq!(error_of(&client).await, garbled(403, Garble::NotJson));
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "20");
    let (_server, client) = answering(busy).await;
    let retry_after = Some(Duration::from_secs(20));
    assert_eq!(error_of(&client).await, BrokerError::Fault { status: 503, retry_after });
}

#[tokio::test]
async fn nothing_and_half_of_something() {
    for (status, body, garble) in [
        (200, "", Garble::Empty),
        (204, "", Garble::Empty),
        (400, " ", Garble::Empty),
        (200, r#"{"s":"ok","access_token":"eyJ.a"#, Garble::Truncated),
    ] {
        let (_server, client) = answering_json(status, body).await;
        assert_eq!(error_of(&client).await, garbled(status, garble));
    }
}

#[tokio::test]
async fn a_body_shorter_than_promised_is_truncated_even_when_it_parses() {
    let cut: [&[u8]; 2] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"s\":\"ok\",\"access_token\":\"eyJ.a.b\"}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n23\r\n{\"s\":\"ok\",\"access_token\":\"eyJ.a.b\"}\r\n",
    ];
    for answer in cut {
        let server = Rude::saying(answer);
        assert_eq!(error_of(&client(&server.url())).await, garbled(200, Garble::Truncated));
        assert_eq!(server.seen(), 1);
    }
    let server = Rude::saying(b"HTTP/1.1 503 Busy\r\nContent-Length: 500\r\n\r\n<html>");
    let fault = BrokerError::Fault { status: 503, retry_after: None };
    assert_eq!(error_of(&client(&server.url())).await, fault);
}

#[tokio::test]
async fn no_more_is_read_than_an_answer_needs() {
    let padding = " ".repeat(64 * 1024);
    let good = r#"{"s":"ok","access_token":"eyJ.a.b"}"#;
    let (_server, at_the_limit) = answering_json(200, &format!("{good}{}", &padding[good.len()..])).await;
    assert!(at_the_limit.refresh(&refresh()).await.is_ok());
    let (_server, over) = answering_json(200, &format!("{good}{}", &padding[good.len() - 1..])).await;
    assert_eq!(error_of(&over).await, garbled(200, Garble::Oversized));
}

/// A body that never says its length and never ends: it must be cut off, not collected.
#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let server = Rude::start(|stream, requests| {
        read_request(stream, requests);
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"1000\r\n".as_slice(), &[b' '; 4096], b"\r\n"].concat();
        while stream.write_all(&chunk).is_ok() {}
    });
    let client = client(&server.url());
    assert_eq!(error_of(&client).await, garbled(200, Garble::Oversized));
}

#[tokio::test]
async fn a_promise_of_too_much_is_refused_before_reading() {
    let server = Rude::saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
    assert_eq!(error_of(&client(&server.url())).await, garbled(200, Garble::Oversized));
}

#[tokio::test]
async fn silence_and_dripping_are_timeouts() {
    let (never, hold) = std::sync::mpsc::channel::<()>();
    let silent = Rude::start(move |stream, requests| {
        read_request(stream, requests);
        let _until_the_test_ends = hold.recv();
    });
    assert_eq!(error_of(&hasty(&silent.url())).await, BrokerError::Transport(Transport::Timeout));
    drop(never);

    let dripping = Rude::start(|stream, requests| {
        read_request(stream, requests);
        let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(error_of(&hasty(&dripping.url())).await, BrokerError::Transport(Transport::Timeout));
}

#[tokio::test]
async fn a_closed_door_is_told_from_a_broken_line() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = error_of(&client(&format!("http://{nobody}"))).await;
    assert_eq!(refused, BrokerError::Transport(Transport::Connect));

    for answer in [b"".as_slice(), b"HTTP/1.1 200 OK\r\nContent-Le", b"SSH-2.0-OpenSSH\r\n"] {
        let server = Rude::saying(answer);
        assert_eq!(error_of(&client(&server.url())).await, BrokerError::Transport(Transport::Broken));
        assert_eq!(server.seen(), 1, "sent once");
    }
}

/// Closing with unread bytes in the socket makes the kernel send RST instead of an orderly end.
#[tokio::test]
async fn a_reset_is_a_broken_line() {
    let server = Rude::start(|stream, _| {
        let mut one = [0];
        let _first_byte_only = std::io::Read::read(stream, &mut one);
    });
    assert_eq!(error_of(&client(&server.url())).await, BrokerError::Transport(Transport::Broken));
}

/// A server that does not speak TLS gets nothing in the clear.
#[tokio::test]
async fn https_is_never_downgraded() {
    let server = Rude::saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let url = server.url().replace("http://", "https://");
    // The server waits for the end of an HTTP request that never comes, so either side may give up first.
    let error = error_of(&hasty(&url)).await;
    assert!(matches!(error, BrokerError::Transport(_)), "{error:?}");
    assert_eq!(server.seen(), 0);
    for bad in ["http://fyers.example", "http://192.0.2.1"] {
        assert!(matches!(
            FyersClient::new(config(bad), limiter()),
            Err(SetupError::NotHttps("FYERS_API_URL"))
        ));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        let to = ResponseTemplate::new(status).insert_header("location", elsewhere.uri().as_str());
        let (_server, client) = answering(to).await;
        assert_eq!(error_of(&client).await, garbled(status, Garble::Redirect));
        assert_eq!(Broker::profile(&client, &access()).await.unwrap_err(), garbled(status, Garble::Redirect));
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

const KEPT: &[u8] = b"HTTP/1.1 200 OK
Content-Length: 40

{\"s\":\"ok\",\"code\":200,\"access_token\":\"t\"}";

/// The kept connection dies after it took a request: hyper must not send it again.
#[tokio::test]
async fn a_request_on_a_dying_connection_is_sent_once() {
    let server = Rude::start(|stream, requests| {
        if read_request(stream, requests) {
            let _kept = stream.write_all(KEPT);
            read_request(stream, requests);
        }
    });
    let client = client(&server.url());
    assert!(client.refresh(&refresh()).await.is_ok());
    let second = client.refresh(&refresh()).await.unwrap_err();
    assert_eq!(second, BrokerError::Transport(Transport::Broken));
    assert_eq!(server.seen(), 2);
}

/// The kept connection was closed while idle: a fresh one is used, and the server still sees one request a call.
#[tokio::test]
async fn a_call_after_an_idle_close_is_seen_once_at_most() {
    let server = Rude::start(|stream, requests| {
        if read_request(stream, requests) {
            let _kept = stream.write_all(KEPT);
        }
    });
    let client = client(&server.url());
    for calls in 1..=50 {
        let before = server.requests.load(Ordering::SeqCst);
        let sent = client.refresh(&refresh()).await;
        let seen = server.requests.load(Ordering::SeqCst) - before;
        assert!(seen <= 1, "call {calls} was seen {seen} times");
        assert!(seen == 1 || sent.is_err());
    }
}

#[tokio::test]
async fn the_skew_of_the_brokers_clock_is_remembered() {
    let ahead = (Utc::now() + TimeDelta::hours(2)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let (_server, client) = answering(ResponseTemplate::new(500).insert_header("date", ahead.as_str())).await;
    assert_eq!(client.last_skew(), None);
    assert!(client.refresh(&refresh()).await.is_err());
    let skew = client.last_skew().unwrap();
    assert!(skew > TimeDelta::minutes(110) && skew < TimeDelta::minutes(121), "{skew}");
}
