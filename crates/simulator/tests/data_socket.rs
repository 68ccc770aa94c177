//! The data socket, as clients of FYERS know it.

#![allow(clippy::unwrap_used)]

mod common;

use common::websocket::{Client, NIFTY, Record, SBIN, SBIN_DEPTH, ServerFrame, hsm_key, until};
use common::{APP_ID, call_as, morning, start};
use reqwest::Method;
use serde_json::json;
use simulator::{Simulator, SocketKind, TokenKind, endpoint};

const CHANNEL_11: u64 = 1 << 11;
const ABSENT: i32 = i32::MIN;

#[tokio::test]
async fn snapshots_have_every_field_of_the_contract() {
    let simulator = start(&morning());
    let mut client = Client::ready(&simulator).await;
    let records = client.subscribe(&[SBIN, NIFTY, SBIN_DEPTH]).await;
    let sizes: Vec<_> = records
        .iter()
        .map(|record| match record {
            Record::Snapshot { topic, values, multiplier: 1, precision: 2, .. } => {
                (topic.as_str(), values.len())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [(SBIN, 21), (NIFTY, 6), (SBIN_DEPTH, 30)]);
    let Record::Snapshot { values, names, .. } = &records[0] else { unreachable!() };
    assert_eq!(names, &["NSE", "3045", "NSE:SBIN-EQ"]);
    let seconds = i32::try_from(simulator.now().timestamp()).unwrap();
    let [ltp, volume, _, feed_time] = values[..4] else { unreachable!() };
    assert_eq!((ltp, volume, feed_time, values[20]), (80_150, 12_345, seconds, 80_150));
    let Record::Snapshot { values, .. } = &records[2] else { unreachable!() };
    assert_eq!((values[0], values[1], values[5], values[10], values[20]), (80_150, 80_140, 80_160, 100, 1));
}

#[tokio::test]
async fn a_price_change_is_an_update_of_what_changed() {
    let simulator = start(&morning());
    let mut client = Client::ready(&simulator).await;
    client.subscribe(&[SBIN, NIFTY]).await;
    simulator.set_price("NSE:SBIN-EQ", 805.0);
    let ServerFrame::Feed { number, records } = client.frame().await else { panic!() };
    assert_eq!((number, records.len()), (2, 1));
    let Record::Update { id: 1, values } = &records[0] else { panic!("{records:?}") };
    assert_eq!(
        (values[0], values[14], values[13]),
        (80_500, 80_500, ABSENT),
        "last and high moved, low did not"
    );
    simulator.set_price("NSE:SBIN-EQ", 805.0);
    let Record::Update { values, .. } = &client.records().await[0] else { panic!() };
    assert_eq!((values[0], values[1]), (ABSENT, 12_347), "only the volume moved");
    simulator.set_price("NSE:RELIANCE-EQ", 1.0);
    assert!(client.silent().await, "nobody subscribed to it");
}

#[tokio::test]
async fn lite_mode_pause_and_resume_follow_their_channels() {
    let simulator = start(&morning());
    let mut client = Client::ready(&simulator).await;
    client.subscribe(&[SBIN]).await;
    client.mode(CHANNEL_11, b'L').await;
    simulator.set_price("NSE:SBIN-EQ", 802.0);
    assert_eq!(client.records().await, [Record::Lite { id: 1, ltp: 80_200 }]);
    client.channels(7, 0x7fff_f7fe).await;
    simulator.set_price("NSE:SBIN-EQ", 803.0);
    assert_eq!(client.records().await[0].ltp(), 80_300, "npm's bitmap pauses all channels but 11");
    client.channels(7, CHANNEL_11).await;
    simulator.set_price("NSE:SBIN-EQ", 804.0);
    assert!(client.silent().await);
    client.channels(8, CHANNEL_11).await;
    client.mode(CHANNEL_11, b'F').await;
    simulator.set_price("NSE:SBIN-EQ", 805.0);
    assert!(matches!(client.records().await[0], Record::Update { .. }));
}

#[tokio::test]
async fn an_unsubscribed_topic_is_silent_and_a_repeated_one_keeps_its_id() {
    let simulator = start(&morning());
    let mut client = Client::ready(&simulator).await;
    client.subscribe(&[SBIN, NIFTY]).await;
    let again = client.subscribe(&[NIFTY]).await;
    assert!(matches!(again[0], Record::Snapshot { id: 2, .. }), "{again:?}");
    client.unsubscribe(&[SBIN]).await;
    simulator.set_price("NSE:SBIN-EQ", 810.0);
    assert!(client.silent().await);
    let report = simulator.sockets();
    assert_eq!(
        (&report.open[0].subscriptions, &report.open[0].symbols),
        (&vec![NIFTY.to_owned()], &vec!["NSE:NIFTY50-INDEX".to_owned()])
    );
}

#[tokio::test]
async fn only_a_live_token_authenticates() {
    let simulator = start(&morning());
    let token = simulator.mint(TokenKind::Access);
    let verdict = |frame: ServerFrame| match frame {
        ServerFrame::Fields { kind: 1, fields } => fields[&1] == b"K",
        other => panic!("{other:?}"),
    };
    let mut client = Client::data(&simulator).await;
    client.request_topics(&[SBIN]).await;
    let ServerFrame::Fields { kind: 51, fields } = client.frame().await else { panic!() };
    assert_eq!(fields[&1], 11_001_i32.to_be_bytes());
    assert!(!verdict(client.authenticate("nonsense").await));
    assert!(verdict(client.authenticate(&hsm_key(&token)).await));
    assert!(verdict(client.authenticate(&format!("{APP_ID}:{token}")).await), "SDK 3.0.0");
    assert!(simulator.kill(&token));
    assert!(!verdict(client.authenticate(&hsm_key(&token)).await));
}

#[tokio::test]
async fn keep_alives_and_acknowledgements_are_counted() {
    let simulator = start(&morning());
    simulator.set_ack_every(50);
    let mut client = Client::data(&simulator).await;
    let ServerFrame::Fields { fields, .. } =
        client.authenticate(&hsm_key(&simulator.mint(TokenKind::Access))).await
    else {
        panic!()
    };
    assert_eq!(fields[&2], 50_u32.to_be_bytes());
    client.send(vec![0, 1, 11]).await;
    client.say("Ping").await;
    client.acknowledge(17).await;
    client.send(vec![1]).await;
    until(|| simulator.sockets().open[0].malformed == 1).await;
    let socket = simulator.sockets().open.remove(0);
    assert_eq!((socket.pings, socket.last_ack, socket.source.as_str()), (3, Some(17), "PythonSDK-3.2.0"));
    assert_eq!((socket.kind, socket.account.as_deref()), (SocketKind::Data, Some("XX00001")));
}

#[tokio::test]
async fn symbols_become_tokens_before_they_become_topics() {
    let simulator = start(&morning());
    let token = simulator.mint(TokenKind::Access);
    let body = json!({"symbols": ["NSE:SBIN-EQ", "NSE:NIFTY50-INDEX", "NSE:NOSUCH-EQ"]});
    for header in [token.clone(), format!("{APP_ID}:{token}")] {
        let (status, answer) =
            call_as(&simulator, Method::POST, endpoint::SYMBOL_TOKEN, Some(body.clone()), Some(&header))
                .await;
        assert_eq!(status, 200);
        assert_eq!(answer["validSymbol"]["NSE:SBIN-EQ"], "10100000003045");
        assert_eq!(answer["invalidSymbol"], json!(["NSE:NOSUCH-EQ"]));
    }
    let many = json!({"symbols": vec!["NSE:SBIN-EQ"; 501]});
    let (status, answer) =
        call_as(&simulator, Method::POST, endpoint::SYMBOL_TOKEN, Some(many), Some(&token)).await;
    assert_eq!((status.as_u16(), &answer["s"]), (400, &json!("error")));
    assert_eq!(call_as(&simulator, Method::POST, endpoint::SYMBOL_TOKEN, Some(body), None).await.0, 401);
    let (_, names) = call_as(&simulator, Method::GET, endpoint::INDEX_MAPPING, None, None).await;
    assert_eq!(names["NSE:NIFTY50-INDEX"], "Nifty 50");
}

#[tokio::test]
async fn thousands_of_symbols_tick_in_one_step() {
    let simulator = start(&morning());
    let prices: Vec<_> = (0..2_000).map(|n| (format!("NSE:S{n}-EQ"), 100.0)).collect();
    simulator.set_prices(&prices);
    let token = simulator.mint(TokenKind::Access);
    let mut topics = Vec::new();
    for part in prices.chunks(500) {
        let symbols: Vec<_> = part.iter().map(|(symbol, _)| symbol).collect();
        let body = Some(json!({"symbols": symbols}));
        let (_, answer) = call_as(&simulator, Method::POST, endpoint::SYMBOL_TOKEN, body, Some(&token)).await;
        let tokens = answer["validSymbol"].as_object().unwrap().values();
        topics.extend(tokens.map(|token| format!("sf|nse_cm|{}", &token.as_str().unwrap()[10..])));
    }
    let mut client = Client::ready(&simulator).await;
    client.request_topics(&topics.iter().map(String::as_str).collect::<Vec<_>>()).await;
    client.acknowledged(4).await;
    assert_eq!(records_of(&mut client, 2_000).await, 2_000);
    let raised: Vec<_> = prices.iter().map(|(symbol, price)| (symbol.clone(), price + 1.0)).collect();
    simulator.set_prices(&raised);
    assert_eq!(records_of(&mut client, 2_000).await, 2_000);
}

async fn records_of(client: &mut Client, wanted: usize) -> usize {
    let mut count = 0;
    while count < wanted {
        count += client.records().await.len();
    }
    count
}

#[tokio::test]
async fn the_walk_ticks_by_itself_and_the_same_seed_repeats_it() {
    let simulators: [Simulator; 2] = [start(&morning()), start(&morning())];
    let mut ends = Vec::new();
    for simulator in &simulators {
        let mut client = Client::ready(simulator).await;
        client.subscribe(&[NIFTY]).await;
        simulator.walk_prices(Some(std::time::Duration::from_millis(5)), 7);
        client.records().await;
        simulator.walk_prices(None, 7);
        simulator.set_prices(&[("NSE:NIFTY50-INDEX".into(), 26_000.0)]);
        simulator.step_prices(20);
        ends.push(simulator.state().prices["NSE:NIFTY50-INDEX"]);
    }
    assert_eq!(ends[0], ends[1]);
    assert_ne!(ends[0], 26_000.0);
}
