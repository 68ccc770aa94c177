//! What the keeper says at `/feed` fits docs/feed.schema.json, and nothing else does.

use serde_json::{Value, json};
use simulator::{OrderTopic, SocketEnd, SocketKind, TokenKind};

use crate::{
    bot::Bot,
    feed_client::{
        Socket,
        feed_schema::{is_message, is_request},
    },
    order_recovery::wait_source,
    support::{Home, Keeper},
};

/// A run in which the keeper says everything it can say but for a new day.
fn everything() -> Vec<Value> {
    let home = Home::at("2026-11-25T11:00:00", simulator::RefreshMode::Disabled)
        .set("FYERS_SANDBOX", "false")
        .set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let (mut feed, hello) = Socket::feed(&home, &keeper);
    let requests = [
        json!({"type": "ping", "id": 7}),
        json!({"type": "subscribe", "symbols": ["NSE:SBIN-EQ", "NSE:NIFTY50-INDEX", "NSE:NO SUCH"],
            "kinds": ["ltp", "quote", "depth", "orders"], "id": "all"}),
    ];
    for request in &requests {
        is_request(request).unwrap();
        feed.send(&request.to_string());
    }
    for kind in ["ltp", "quote", "depth"] {
        feed.until_seen(kind, |message| message["kind"] == kind && message["symbol"] == "NSE:SBIN-EQ");
    }
    feed.until_seen("the error", |message| message["code"] == "unknown_symbol");
    feed.until_seen("the index", |message| message["symbol"] == "NSE:NIFTY50-INDEX");
    tell_of_orders(&home, &keeper, &mut feed);
    feed.send(r#"{"type":"subscribe","kinds":["nonsense"]}"#);
    feed.until("the refusal", |message| message["code"] == "bad_request");
    feed.send(r#"{"type":"unsubscribe","symbols":["NSE:SBIN-EQ"],"kinds":["depth"]}"#);
    feed.until("the answer", |message| message["type"] == "unsubscribed");
    let mut wrong = Socket::try_open(&keeper, "/feed", None).unwrap();
    wrong.send("{}");
    let refused = wrong.until("the refusal", |_| true);
    let seen = feed.seen.iter().map(|text| serde_json::from_str(text).unwrap());
    [hello, refused].into_iter().chain(seen).collect()
}

fn tell_of_orders(home: &Home, keeper: &Keeper, feed: &mut Socket) {
    wait_source(home);
    let bot = Bot::of(home, keeper);
    bot.buy("NSE:SBIN-EQ");
    feed.until("the position", |message| message["type"] == "position");
    home.sim.push(OrderTopic::PriceAlerts, &json!({"s": "ok", "pricealerts": {"id": 1}}));
    home.sim.close_sockets(SocketKind::Orders, SocketEnd::Reset);
    feed.until("the loss", |message| message["type"] == "source" && message["state"] == "lost");
    feed.until("its return", |message| message["source"] == "orders" && message["state"] == "open");
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    bot.get("/api/v3/funds");
    feed.until("the mode", |message| message["type"] == "mode");
    bot.buy("NSE:INFY-EQ");
    feed.until("the simulated order", |message| message["venue"] == "mock" && message["type"] == "position");
}

/// Names of a message without which it is none.
fn needed(message: &Value) -> Vec<&'static str> {
    match message["type"].as_str().unwrap() {
        "hello" => vec!["type", "version", "mode", "reason", "at", "server"],
        "subscribed" | "unsubscribed" => vec!["type", "symbols", "kinds"],
        "tick" => match message["kind"].as_str().unwrap() {
            "ltp" => vec!["type", "kind", "symbol", "origin", "at", "ltp"],
            "quote" => vec!["type", "kind", "symbol", "origin", "at", "ltp", "prev_close", "change"],
            _ => vec!["type", "kind", "symbol", "origin", "at", "bids", "asks"],
        },
        "order" => vec!["type", "venue", "order"],
        "trade" => vec!["type", "venue", "trade"],
        "position" => vec!["type", "venue", "position"],
        "mode" => vec!["type", "mode", "reason", "at"],
        "source" => vec!["type", "source", "state", "reason"],
        "error" => vec!["type", "code", "message"],
        _ => vec!["type"],
    }
}

#[test]
fn what_the_keeper_says_fits_the_schema_and_nothing_else_does() {
    let messages = everything();
    let said = |kind: &str| messages.iter().any(|message| message["type"] == kind || message["kind"] == kind);
    for kind in [
        "hello",
        "pong",
        "subscribed",
        "unsubscribed",
        "ltp",
        "quote",
        "depth",
        "order",
        "trade",
        "position",
        "general",
        "mode",
        "source",
        "error",
    ] {
        assert!(said(kind), "{kind} was not said");
    }
    for message in &messages {
        is_message(message).unwrap();
        for name in needed(message) {
            let mut without = message.clone();
            without.as_object_mut().unwrap().remove(name);
            assert!(is_message(&without).is_err(), "without {name}: {without}");
        }
        for name in
            message.as_object().unwrap().keys().filter(|name| !["id", "general"].contains(&name.as_str()))
        {
            let mut odd = message.clone();
            odd[name] = json!({"odd": []});
            assert!(is_message(&odd).is_err(), "odd {name}: {odd}");
        }
        for odd in [json!([message]), message["type"].clone(), Value::Null, json!({"type": "nonsense"})] {
            assert!(is_message(&odd).is_err(), "{odd}");
        }
    }
}

#[test]
fn requests_fit_the_schema() {
    for good in [
        json!({"type": "auth", "key": "k"}),
        json!({"type": "subscribe", "symbol": "NSE:SBIN-EQ", "kind": "ltp"}),
        json!({"type": "unsubscribe", "symbols": ["MCX:GOLD26DECFUT"], "kinds": ["depth"]}),
    ] {
        is_request(&good).unwrap();
    }
    for bad in [
        json!({"type": "auth"}),
        json!({"type": "subscribe", "symbols": ["SBIN"], "kinds": ["ltp"]}),
        json!({"type": "subscribe", "symbols": ["NSE:SBIN-EQ"], "kinds": []}),
        json!({"type": "subscribe", "symbols": ["NSE:SBIN-EQ"], "kinds": ["price"]}),
        json!({"type": "hello"}),
    ] {
        assert!(is_request(&bad).is_err(), "{bad}");
    }
}
