//! Every fault of the sockets, as a real client meets it.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::websocket::{Client, NIFTY, SBIN, ServerFrame, decode, until};
use common::{APP_ID, call_as, client as http, morning, start};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{
    Fault, FaultRule, Service, Simulator, SocketEnd, SocketFilter, SocketKind, TokenKind, endpoint,
};
use tokio_tungstenite::tungstenite::{Error, Message};

const SBIN_SYMBOL: &str = "NSE:SBIN-EQ";

/// A simulator, and a client that met the fault at its handshake.
async fn struck(fault: Fault) -> (Simulator, Client) {
    let simulator = start(&morning());
    simulator.inject(FaultRule::once(endpoint::DATA_SOCKET, fault));
    let client = Client::ready(&simulator).await;
    (simulator, client)
}

async fn ended_by_error(client: &mut Client) -> Error {
    loop {
        match client.message().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => return error,
            None => panic!("an orderly end"),
        }
    }
}

#[tokio::test]
async fn a_handshake_can_be_refused_like_any_request() {
    let simulator = start(&morning());
    let faults =
        [Fault::EmptyBody { status: 403 }, Fault::EmptyBody { status: 404 }, Fault::Html { status: 502 }];
    simulator.script(endpoint::DATA_SOCKET, faults);
    for status in [403, 404, 502] {
        let refused = tokio_tungstenite::connect_async(simulator.data_socket_url()).await;
        let Err(Error::Http(response)) = refused else { panic!() };
        assert_eq!(response.status(), status);
    }
    simulator.inject(FaultRule::once(endpoint::DATA_SOCKET, Fault::Reset));
    assert!(tokio_tungstenite::connect_async(simulator.data_socket_url()).await.is_err());
    Client::ready(&simulator).await;
    assert_eq!(simulator.call_count(endpoint::DATA_SOCKET).total, 5);
}

#[tokio::test]
async fn a_mute_connection_acknowledges_and_says_nothing_else() {
    let (simulator, mut client) = struck(Fault::Mute { after: 0 }).await;
    client.request_topics(&[SBIN]).await;
    client.acknowledged(4).await;
    simulator.set_price(SBIN_SYMBOL, 810.0);
    assert!(client.silent().await);
    assert_eq!(simulator.set_socket_fault(SocketKind::Data, None), 1);
    simulator.set_price(SBIN_SYMBOL, 811.0);
    assert_eq!(client.records().await[0].ltp(), 81_100);
}

#[tokio::test]
async fn a_half_open_connection_stays_open_without_a_byte() {
    let simulator = start(&morning());
    let mut client = Client::ready(&simulator).await;
    client.subscribe(&[SBIN]).await;
    simulator.set_socket_fault(SocketFilter::ALL, Some(&Fault::HalfOpen { after: 0 }));
    client.websocket_ping().await;
    assert!(client.silent().await);
    client.request_topics(&[NIFTY]).await;
    assert!(client.silent().await);
    assert_eq!(simulator.sockets().open.len(), 1);
    drop(client);
    until(|| simulator.sockets().open.is_empty()).await;
    let mut client = Client::ready(&simulator).await;
    simulator.set_socket_fault(SocketFilter::ALL, Some(&Fault::HalfOpen { after: 0 }));
    client.websocket_ping().await;
    assert!(client.silent().await);
    simulator.close_sockets(SocketFilter::ALL, SocketEnd::Reset);
    ended_by_error(&mut client).await;
}

#[tokio::test]
async fn a_torn_frame_is_half_a_frame_and_a_reset() {
    let (simulator, mut client) = struck(Fault::TornFrame { after: 3 }).await;
    client.subscribe(&[SBIN]).await;
    simulator.set_price(SBIN_SYMBOL, 810.0);
    let error = ended_by_error(&mut client).await;
    assert!(matches!(error, Error::Io(_) | Error::Protocol(_)), "{error:?}");
    until(|| simulator.sockets().closed.len() == 1).await;
}

#[tokio::test]
async fn a_short_frame_is_half_a_payload_on_a_connection_that_goes_on() {
    let (simulator, mut client) = struck(Fault::ShortFrame { after: 3 }).await;
    client.subscribe(&[SBIN]).await;
    simulator.set_price(SBIN_SYMBOL, 810.0);
    let Some(Ok(Message::Binary(bytes))) = client.message().await else { panic!() };
    assert_eq!(decode(&bytes), None);
    simulator.set_socket_fault(SocketFilter::ALL, None);
    simulator.set_price(SBIN_SYMBOL, 811.0);
    assert_eq!(client.records().await[0].ltp(), 81_100);
}

#[tokio::test]
async fn slow_frames_are_late() {
    let simulator = start(&morning());
    let mut client = Client::ready(&simulator).await;
    client.subscribe(&[SBIN]).await;
    simulator.set_socket_fault(SocketKind::Data, Some(&Fault::SlowFrames { ms: 200 }));
    let begun = Instant::now();
    simulator.set_price(SBIN_SYMBOL, 810.0);
    client.records().await;
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn every_connection_ends_after_so_many_frames() {
    let simulator = start(&morning());
    simulator.inject(FaultRule::forever(endpoint::DATA_SOCKET, Fault::Disconnect { after: 3 }));
    for round in 1..=3 {
        let mut client = Client::ready(&simulator).await;
        client.subscribe(&[SBIN]).await;
        let end = client.message().await;
        assert!(!matches!(end, Some(Ok(_))), "an end without a close frame: {end:?}");
        until(|| simulator.sockets().closed.len() == round).await;
    }
    let report = simulator.sockets();
    assert_eq!((report.most_open_data, report.open.len()), (1, 0));
    assert!(report.closed.iter().all(|socket| socket.frames_sent == 3 && socket.symbols == [SBIN_SYMBOL]));
}

#[tokio::test]
async fn beyond_the_symbol_limit_is_code_51001() {
    let (simulator, mut client) = struck(Fault::SymbolLimit { limit: 1 }).await;
    client.request_topics(&[SBIN, NIFTY]).await;
    client.acknowledged(4).await;
    let ServerFrame::Fields { kind: 51, fields } = client.frame().await else { panic!() };
    assert_eq!(fields[&1], 51_001_i32.to_be_bytes());
    assert_eq!(client.records().await.len(), 1);
    assert_eq!(simulator.sockets().open[0].subscriptions, [SBIN]);
    simulator.set_socket_fault(SocketFilter::ALL, None);
    assert_eq!(client.subscribe(&[NIFTY]).await.len(), 1);
}

#[tokio::test]
async fn connections_end_in_each_way() {
    let simulator = start(&morning());
    let mut client = Client::ready(&simulator).await;
    assert_eq!(simulator.close_sockets(SocketKind::Orders, SocketEnd::Close), 0);
    assert_eq!(simulator.close_sockets(1, SocketEnd::Close), 1);
    let Some(Ok(Message::Close(Some(reason)))) = client.message().await else { panic!() };
    assert_eq!(u16::from(reason.code), 1001);
    let mut client = Client::ready(&simulator).await;
    simulator.close_sockets(SocketFilter::ALL, SocketEnd::Drop);
    assert!(!matches!(client.message().await, Some(Ok(_))));
    let mut client = Client::ready(&simulator).await;
    simulator.set_outage(Service::Fyers, true);
    ended_by_error(&mut client).await;
    assert!(tokio_tungstenite::connect_async(simulator.data_socket_url()).await.is_err());
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let simulator = start(&morning());
    let (one, two) = (Client::ready(&simulator).await, Client::ready(&simulator).await);
    drop(one);
    until(|| simulator.sockets().open.len() == 1).await;
    let report = simulator.sockets();
    assert_eq!((report.most_open_data, report.most_open_orders), (2, 0));
    assert_eq!((report.closed[0].id, report.open[0].id), (1, 2));
    assert_eq!(report.open_of(SocketKind::Data).count(), 1);
    drop(two);
}

#[tokio::test]
async fn socket_faults_leave_requests_alone() {
    let simulator = start(&morning());
    simulator.inject(FaultRule::once(endpoint::PROFILE, Fault::Mute { after: 0 }));
    let header = format!("{APP_ID}:{}", simulator.mint(TokenKind::Access));
    assert_eq!(call_as(&simulator, Method::GET, endpoint::PROFILE, None, Some(&header)).await.0, 200);
}

async fn control(simulator: &Simulator, method: Method, path: &str, body: Value) -> Value {
    let url = format!("{}/{path}", simulator.control_url());
    let response = http().request(method, url).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

#[tokio::test]
async fn everything_can_be_done_over_http() {
    let simulator = start(&morning());
    let fault = json!({"scope": {"path": "/hsm/v1-5/prod"}, "fault": {"kind": "mute"}});
    control(&simulator, Method::POST, "faults", fault).await;
    control(&simulator, Method::POST, "sockets/settings", json!({"symbol_limit": 1, "ack_every": 9})).await;
    let mut client = Client::ready(&simulator).await;
    client.request_topics(&[SBIN]).await;
    client.acknowledged(4).await;
    let report = control(&simulator, Method::GET, "sockets", Value::Null).await;
    assert_eq!(report["open"][0]["fault"], json!({"kind": "mute", "after": 0}));
    assert_eq!(
        (&report["most_open_data"], &report["open"][0]["symbols"]),
        (&json!(1), &json!([SBIN_SYMBOL]))
    );
    let cleared =
        control(&simulator, Method::POST, "sockets/fault", json!({"kind": "data", "fault": null})).await;
    assert_eq!(cleared, json!({"changed": 1}));
    let prices = json!([{"symbol": SBIN_SYMBOL, "price": 820.0}, {"symbol": "NSE:NEW-EQ", "price": 5.0}]);
    control(&simulator, Method::POST, "prices", prices).await;
    assert_eq!(client.records().await[0].ltp(), 82_000);
    control(&simulator, Method::POST, "walk", json!({"every_ms": 5, "seed": 3})).await;
    client.records().await;
    control(&simulator, Method::POST, "walk", json!({"every_ms": null})).await;
    control(&simulator, Method::POST, "walk/step", json!({"steps": 3})).await;
    let push = json!({"topic": "pricealerts", "message": {"s": "ok"}});
    assert_eq!(control(&simulator, Method::POST, "sockets/push", push).await, json!({"sent": 0}));
    let closed = control(&simulator, Method::POST, "sockets/close", json!({"id": 1, "how": "drop"})).await;
    assert_eq!(closed, json!({"closed": 1}));
    until(|| simulator.sockets().open.is_empty()).await;
}
