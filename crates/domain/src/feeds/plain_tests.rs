use chrono::DateTime;
use fyers_api::hsm::{FeedSnapshot, SCRIP_FIELDS};
use mock_exchange::PriceOrigin;

use super::*;
use crate::{
    mode::{Mode, ShownMode},
    reason::Reason,
    routing::Venue,
};

fn ask(client: &mut PlainClient, request: &Value) -> (Value, PlainChange) {
    let (answer, change) = client.received(&request.to_string());
    assert_eq!(client.keep(change.follow.clone(), &[]), None);
    (serde_json::from_str(&answer).unwrap(), change)
}

fn quote(item: Item, values: Vec<i32>) -> FeedQuote {
    let snapshot = FeedSnapshot {
        topic: 0,
        name: String::new(),
        values,
        multiplier: 1,
        precision: 2,
        exchange: String::new(),
        token: String::new(),
        symbol: String::new(),
    };
    FeedQuote::new(item, snapshot, PriceOrigin::Live, DateTime::default())
}

fn parsed(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Value> {
    texts.into_iter().map(|text| serde_json::from_str(text.as_ref()).unwrap()).collect()
}

#[test]
fn a_bot_gets_the_kinds_it_asked_for() {
    let mut client = PlainClient::default();
    let request = json!({"type": "subscribe", "symbols": ["NSE:SBIN-EQ"], "kinds": ["ltp", "quote", "depth", "orders"], "id": 7});
    let (answer, change) = ask(&mut client, &request);
    assert_eq!(
        answer,
        json!({"type": "subscribed", "symbols": ["NSE:SBIN-EQ"], "kinds": ["ltp", "quote", "depth", "orders"], "id": 7})
    );
    assert_eq!((change.follow.len(), change.orders.map(|all| all.len())), (3, Some(6)));
    let mut values: Vec<i32> = (0..SCRIP_FIELDS.len() as i32).collect();
    (values[0], values[20]) = (80_110, 80_000);
    let ticks = parsed(client.ticks(&quote(Item::quote("NSE:SBIN-EQ"), values)));
    assert_eq!(
        (&ticks[0]["kind"], &ticks[0]["ltp"], &ticks[0]["origin"]),
        (&json!("ltp"), &json!(801.1), &json!("live"))
    );
    assert_eq!(ticks[0].get("bid"), None);
    assert_eq!(
        (&ticks[1]["bid"], &ticks[1]["volume"], &ticks[1]["change"]),
        (&json!(0.06), &json!(1), &json!(1.1))
    );
    let depth = quote(Item::depth("NSE:SBIN-EQ").unwrap(), (100..130).collect());
    let ticks = parsed(client.ticks(&depth));
    assert_eq!(ticks[0]["bids"][0], json!({"price": 1.0, "quantity": 110, "orders": 120}));
    assert_eq!(ticks[0]["asks"][4], json!({"price": 1.09, "quantity": 119, "orders": 129}));
    let (_, change) =
        ask(&mut client, &json!({"type": "unsubscribe", "symbol": "NSE:SBIN-EQ", "kind": "ltp"}));
    assert_eq!(change, PlainChange::default(), "the quote is still wanted");
    let (_, change) =
        ask(&mut client, &json!({"type": "unsubscribe", "symbol": "NSE:SBIN-EQ", "kind": "quote"}));
    assert_eq!(change.leave, [Item::quote("NSE:SBIN-EQ")]);
}

#[test]
fn what_cannot_be_understood_is_answered() {
    let mut client = PlainClient::default();
    for bad in [
        json!({}),
        json!({"type": "x"}),
        json!({"type": "subscribe"}),
        json!({"type": "subscribe", "kinds": ["ltp"]}),
        json!({"type": "subscribe", "kinds": ["all"], "symbols": ["NSE:SBIN-EQ"]}),
        json!({"type": "subscribe", "kinds": ["ltp"], "symbols": ["SBIN"]}),
        json!({"type": "subscribe", "kinds": ["ltp"], "symbols": ["NSE:A|B"]}),
    ] {
        let (answer, change) = ask(&mut client, &bad);
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("bad_request")), "{bad}");
        assert_eq!(change, PlainChange::default());
    }
    assert_eq!(client.received("{").1, PlainChange::default());
    assert_eq!(ask(&mut client, &json!({"type": "ping", "id": "x"})).0, json!({"type": "pong", "id": "x"}));
}

#[test]
fn news_is_told_in_words_of_its_own() {
    let mut client = PlainClient::default();
    let notice = ModeNotice {
        mode: Mode::Mock,
        shown: ShownMode::Mock,
        reason: Reason::TokenExpired,
        at: DateTime::default(),
    };
    let told = |client: &mut PlainClient, news: FeedNews| parsed(&[client.news(&news)]).remove(0);
    let mode = told(&mut client, FeedNews::Mode(notice));
    assert_eq!(
        (&mode["type"], &mode["mode"], &mode["reason"]),
        (&json!("mode"), &json!("mock"), &json!("token_expired"))
    );
    assert_eq!(parsed(&[PlainClient::hello(notice)])[0]["version"], VERSION);
    let text = json!({"s": "ok", "orders": {"id": "26", "org_ord_status": 2, "lot_size": 1}}).to_string();
    let order = OrderNews { venue: Venue::Fyers, topic: Some(OrderTopic::Orders), text: text.into() };
    let order = told(&mut client, FeedNews::Order(order));
    assert_eq!(
        (&order["type"], &order["venue"], &order["status"]),
        (&json!("order"), &json!("fyers"), &json!("traded"))
    );
    assert_eq!(order["order"]["id"], "26");
    ask(&mut client, &json!({"type": "subscribe", "kinds": ["ltp"], "symbols": ["NSE:X-EQ"]}));
    let unknown =
        told(&mut client, FeedNews::Unknown { symbol: "NSE:X-EQ".into(), why: "Invalid symbol".into() });
    assert_eq!((&unknown["code"], &unknown["symbols"]), (&json!("unknown_symbol"), &json!(["NSE:X-EQ"])));
    assert_eq!(client.ticks(&quote(Item::quote("NSE:X-EQ"), vec![1])).count(), 0);
}

#[test]
fn of_what_is_too_many_nothing_is_kept() {
    let mut client = PlainClient::default();
    let symbols: Vec<String> = (0..5_000).map(|n| format!("NSE:S{n}-EQ")).collect();
    let request = json!({"type": "subscribe", "symbols": symbols, "kinds": ["quote", "depth"]});
    let (_, change) = client.received(&request.to_string());
    let follow = change.follow;
    assert!(follow.len() == 10_000 && client.wants.is_empty());
    let same = Arc::ptr_eq(&follow[0].item.symbol, &follow[1].item.symbol);
    assert!(same, "a name is there once for all kinds");
    let too_many: Vec<Item> = follow.iter().skip(1).map(|wish| wish.item.clone()).collect();
    let told: Value = serde_json::from_str(&client.keep(follow, &too_many).unwrap()).unwrap();
    assert_eq!(
        (&told["code"], told["symbols"].as_array().unwrap().len()),
        (&json!("too_many_symbols"), 5_000)
    );
    assert!(client.wants.len() == 1 && client.wants.capacity() < 16);
}

#[test]
fn what_is_said_back_is_short() {
    let mut client = PlainClient::default();
    let long = "x".repeat(1 << 20);
    for request in [
        json!({"type": "ping", "id": long}),
        json!({"type": "ping", "id": [long]}),
        json!({"type": long}),
        json!({"type": "subscribe", "kinds": ["ltp"], "symbol": long}),
        json!({"type": "subscribe", "kinds": [long], "symbol": "NSE:SBIN-EQ"}),
        json!({"type": "subscribe", "kinds": ["ltp"], "symbols": vec!["NSE:SBIN-EQ"; 5_001]}),
        json!({"type": "subscribe", "kinds": ["orders"], "symbols": vec!["NSE:SBIN-EQ"; 5_001]}),
        json!({"type": "unsubscribe", "kinds": vec!["ltp"; 5_001], "symbol": "NSE:SBIN-EQ"}),
    ] {
        let (answer, change) = client.received(&request.to_string());
        assert!(answer.len() < 500 && change == PlainChange::default(), "{answer}");
    }
}
