//! In Live an answer through the gateway is FYERS' answer: status, useful headers and every byte.

use reqwest::{Method, header::HeaderMap};
use simulator::{RefreshMode, TokenKind};

use crate::support::{DEADLINE, Home, block_on};

/// One of each kind of answer the simulator gives, good ones and refusals.
const CALLS: &[(&str, &str, &str)] = &[
    ("GET", "/api/v3/profile", ""),
    ("GET", "/api/v3/funds", ""),
    ("GET", "/api/v3/holdings", ""),
    ("GET", "/api/v3/positions", ""),
    ("GET", "/api/v3/orders", ""),
    ("GET", "/api/v3/orders?id=1,2", ""),
    ("GET", "/api/v3/orders??order_tag=1%3Aa", ""),
    ("GET", "/api/v3/tradebook", ""),
    ("GET", "/api/v3/gtt/orders", ""),
    ("GET", "/api/v3/order-history?page_no=1&page_size=10", ""),
    ("GET", "/api/v3/order-history?page_size=101", ""),
    ("GET", "/api/v3/price-alert", ""),
    ("GET", "/api/v3/smart-order/orderbook", ""),
    ("GET", "/api/v3/nothing/here", ""),
    ("GET", "/data/quotes?symbols=NSE:SBIN-EQ,NSE:M%26M-EQ", ""),
    ("GET", "/data/quotes?&symbols=NSE:NOWHERE-EQ", ""),
    ("GET", "/data/depth?symbol=NSE:SBIN-EQ&ohlcv_flag=1", ""),
    ("GET", "/data/marketStatus", ""),
    (
        "GET",
        "/data/history?symbol=NSE:SBIN-EQ&resolution=1&date_format=1&range_from=2026-10-01&range_to=2026-11-20",
        "",
    ),
    ("GET", "/data/options-chain-v3?symbol=NSE:NIFTY50-INDEX&strikecount=50&timestamp=&greeks=1", ""),
    ("POST", "/data/quotes", r#"{"symbols":["NSE:SBIN-EQ"]}"#),
    ("POST", "/api/v3/multiorder/margin", r#"{"data":[{"symbol":"NSE:SBIN-EQ","qty":5,"side":1}]}"#),
    ("POST", "/api/v3/orders/sync", r#"{"symbol":"NSE:SBIN-EQ"}"#),
    ("PATCH", "/api/v3/orders/sync", r#"{"id":"1","type":1}"#),
    ("DELETE", "/api/v3/orders/sync", r#"{"id":"1"}"#),
    ("DELETE", "/api/v3/positions", r#"{"exit_all":1}"#),
    ("DELETE", "/api/v3/gtt/orders/sync", r#"{"id":"1"}"#),
    ("POST", "/api/v3/multileg/orders/sync", r#"{"orderType":"2L"}"#),
];

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    content_type: Option<Vec<u8>>,
    body: Vec<u8>,
}

fn ask(base: &str, (method, path, body): (&str, &str, &str), key: &str) -> (Answer, HeaderMap) {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = client.request(method, format!("{base}{path}")).header("authorization", key);
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let content_type = headers.get("content-type").map(|value| value.as_bytes().to_vec());
        (Answer { status, content_type, body: answer.bytes().await.unwrap().to_vec() }, headers)
    })
}

#[test]
fn live_answers_are_the_brokers_byte_for_byte() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let (broker, bot) = (format!("ABCD1234EF-200:{token}"), format!("ANY-100:{}", key.trim()));
    let fyers = home.sim.api_url();
    let fyers = fyers.strip_suffix("/api/v3").unwrap();
    let mut bytes = 0;
    for call in CALLS {
        // Some answers have the second in them: then the next try agrees.
        let agree = (0..5).any(|_| {
            let (direct, _) = ask(fyers, *call, &broker);
            let (through, headers) = ask(&keeper.url(""), *call, &bot);
            assert_eq!(headers["x-keeper-order-venue"], "fyers", "{call:?}");
            assert!(headers.contains_key("date"), "{call:?}");
            bytes = direct.body.len();
            direct == through
        });
        assert!(agree, "{call:?}");
        assert!(bytes > 0, "{call:?}");
    }
}
