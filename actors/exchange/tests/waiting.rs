//! Orders that wait in the MockExchange for their price.

use super::*;
use crate::exchange::{
    bots::SharedKeys,
    messages::{BotGone, SocketPrices},
};
use chrono::{DateTime, Utc};
use fyers_api::model::SeenPrice;
use keeper_domain::{
    feeds::quote::ObservedPrice,
    keys::{KeyRing, StoredKey},
};

#[actix::test]
async fn a_limit_order_waits_until_the_price_comes_and_survives_a_restart() {
    let floor = floor(true, true).await;
    let price = |last: f64| json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": last}}]});
    floor.fyers.says("/quotes", 200, &price(801.0));
    let mut limit = order("NSE:SBIN-EQ", 5, 1, "t");
    (limit["type"], limit["limitPrice"]) = (json!(1), json!(800.0));
    let (_, body) = floor.ask(Method::Post, "/orders/sync", limit).await;
    let id = body["id"].as_str().unwrap().to_owned();
    let reborn = Floor { actor: start(&floor.fyers, &floor.store, true), ..floor };
    reborn.actor.send(session(true)).await.unwrap();
    let status = async |floor: &Floor| {
        floor.ask(Method::Get, "/orders", Value::Null).await.1["orderBook"][0]["status"].clone()
    };
    let (_, book) = reborn.ask(Method::Get, "/orders", Value::Null).await;
    assert_eq!(book["orderBook"][0]["status"], 6, "{book}");
    reborn.fyers.says("/quotes", 200, &price(799.5));
    time::sleep(Duration::from_secs(30)).await;
    assert_eq!(status(&reborn).await, 2, "filled by a look at FYERS' prices");
    let (_, gone) = reborn.ask(Method::Delete, "/orders/sync", json!({"id": id})).await;
    assert_eq!(gone["s"], "error", "{gone}");
}

#[actix::test]
async fn a_gtt_order_waits_through_a_restart_and_becomes_an_order_at_its_price() {
    let floor = floor(true, true).await;
    let price = |last: f64| json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": last}}]});
    floor.fyers.says("/quotes", 200, &price(800.0));
    let leg = json!({"price": 822.0, "triggerPrice": 820.0, "qty": 3});
    let gtt = json!({"side": 1, "symbol": "NSE:SBIN-EQ", "productType": "CNC", "orderInfo": {"leg1": leg}, "orderTag": "up"});
    let (done, placed) = floor.ask(Method::Post, "/gtt/orders/sync", gtt).await;
    assert_eq!((done.venue, placed["code"].as_i64()), (Venue::Mock, Some(1101)), "{placed}");
    let reborn = Floor { actor: start(&floor.fyers, &floor.store, true), ..floor };
    reborn.actor.send(session(true)).await.unwrap();
    let status = async |floor: &Floor| {
        floor.ask(Method::Get, "/gtt/orders", Value::Null).await.1["orderBook"][0]["ord_status"].clone()
    };
    assert_eq!(status(&reborn).await, 6);
    reborn.fyers.says("/quotes", 200, &price(820.5));
    time::sleep(Duration::from_secs(30)).await;
    assert_eq!(status(&reborn).await, 2);
    let (_, book) = reborn.ask(Method::Get, "/orders", Value::Null).await;
    let row = &book["orderBook"][0];
    assert_eq!(
        (row["tradedPrice"].as_f64(), row["orderTag"].as_str()),
        (Some(820.5), Some("1:GTTup")),
        "{book}"
    );
    let (_, late) = reborn.ask(Method::Delete, "/gtt/orders/sync", json!({"id": placed["id"]})).await;
    assert_eq!(late["code"], -52, "{late}");
    assert!(
        reborn.fyers.calls("/gtt/orders").is_empty() && reborn.fyers.calls("/gtt/orders/sync").is_empty()
    );
}

#[actix::test]
async fn an_order_fills_at_a_price_of_the_data_socket_unless_a_newer_one_is_known() {
    let floor = floor(true, true).await;
    let price = |last: f64| json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": last}}]});
    floor.fyers.says("/quotes", 200, &price(801.0));
    let mut limit = order("NSE:SBIN-EQ", 5, 1, "t");
    (limit["type"], limit["limitPrice"]) = (json!(1), json!(800.0));
    floor.ask(Method::Post, "/orders/sync", limit).await;
    let row =
        async |floor: &Floor| floor.ask(Method::Get, "/orders", Value::Null).await.1["orderBook"][0].clone();
    let began: DateTime<Utc> = "2026-11-23T10:00:00+05:30".parse().unwrap();
    let told = |last: i64, at: DateTime<Utc>| {
        let seen = SeenPrice { symbol: "NSE:SBIN-EQ".into(), last: last.into(), bids: vec![], asks: vec![] };
        SocketPrices(vec![ObservedPrice { seen, at }])
    };
    floor.actor.send(told(798, began)).await.unwrap();
    assert_eq!(row(&floor).await["status"], 6, "that was before FYERS said 801");
    floor.actor.send(told(799, began + chrono::TimeDelta::seconds(30))).await.unwrap();
    let filled = row(&floor).await;
    assert_eq!((&filled["status"], filled["tradedPrice"].as_f64()), (&json!(2), Some(800.0)), "{filled}");
}

#[actix::test]
async fn made_up_prices_begin_at_the_last_price_of_the_data_socket() {
    use crate::exchange::messages::GetFeedPrices;
    let floor = floor(false, true).await;
    let at: DateTime<Utc> = "2026-11-23T10:00:01+05:30".parse().unwrap();
    let seen =
        SeenPrice { symbol: "NSE:SBIN-EQ".into(), last: Decimal::from(1234), bids: vec![], asks: vec![] };
    floor.actor.send(SocketPrices(vec![ObservedPrice { seen, at }])).await.unwrap();
    floor.actor.send(session(false)).await.unwrap();
    let made = floor.actor.send(GetFeedPrices(vec!["NSE:SBIN-EQ".into()])).await.unwrap().unwrap();
    let (source, tick) = (made.walk.unwrap(), made.ticks[0].1);
    let next = mock_exchange::walk_feed::WalkFeed::default().quote(&source, "NSE:SBIN-EQ", tick, at);
    assert!((next.price.ltp - Decimal::from(1234)).abs() < Decimal::from(25), "{next:?}");
}

/// Added again with real orders, it would take a fill of what it has simulated before for a real one.
#[actix::test]
async fn what_a_removed_bot_has_waiting_is_cancelled_before_any_price_can_fill_it() {
    let floor = floor(false, true).await;
    let trial = BotName::new("trial").unwrap();
    let of_trial = |ceiling: Mode| {
        let owner = StoredKey::owner(DateTime::UNIX_EPOCH);
        Arc::new(KeyRing::default().with(owner.clone()).with(StoredKey {
            name: trial.clone(),
            ceiling,
            ..owner
        }))
    };
    let keys: SharedKeys = Arc::default();
    keys.store(of_trial(Mode::Sandbox));
    let deps = ExchangeDeps { keys: Arc::clone(&keys), ..deps(&floor.fyers, &floor.store, false) };
    let floor = Floor { actor: ExchangeActor::new(deps).start(), ..floor };
    floor.actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_millis(100)).await;
    let quote = json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": 801.0}}]});
    floor.fyers.says("/quotes", 200, &quote);
    let mut limit = order("NSE:SBIN-EQ", 5, 1, "t");
    (limit["type"], limit["limitPrice"]) = (json!(1), json!(800.0));
    let placed = Forward(call(Method::Post, "/orders/sync", &limit), trial.clone());
    assert_eq!(floor.actor.send(placed).await.unwrap().answered().await.venue, Venue::Mock);

    keys.store(Arc::new(keys.load().without(&trial)));
    floor.actor.send(BotGone(trial.clone())).await.unwrap();
    keys.store(of_trial(Mode::Live));
    let at: DateTime<Utc> = "2026-11-23T10:00:30+05:30".parse().unwrap();
    let seen =
        SeenPrice { symbol: "NSE:SBIN-EQ".into(), last: Decimal::from(799), bids: vec![], asks: vec![] };
    floor.actor.send(SocketPrices(vec![ObservedPrice { seen, at }])).await.unwrap();
    time::sleep(Duration::from_secs(60)).await;
    let told = |event: &Event| matches!(event, Event::SimulatedLeft { positions, cancelled } if positions.is_empty() && cancelled == &["buy 5 NSE:SBIN-EQ"]);
    assert_eq!(floor.store.count(told), 1);
    let records = floor.store.shelf.lock().unwrap().mock_records.clone();
    assert!(!records.iter().any(|record| matches!(record, Record::Traded { .. })), "{records:?}");
}
