//! Bots' requests under fire: who answers, how often FYERS is called, what is on disk.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix::{Actor, Addr};
use async_trait::async_trait;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::time;

use crate::exchange::{
    ExchangeActor, ExchangeDeps,
    conditional::ConditionalOrders,
    execution::{FaultPoint, InFlight, Tasks},
    market::MockMarket,
    messages::{ClearSimulated, Forward, Forwarded, GetMode, SetHalted, StopOrders},
    nothing_known,
    watched::WatchedProxy,
};
use crate::{
    recipient_cell::RecipientCell,
    testing::{Fault, MemoryStore, PausedTime},
    token::messages::SessionChanged,
};
use fyers_api::{
    http::{ApiRequest, ApiResponse, Method, Surface},
    model::{Position, Product},
};
use keeper_domain::{
    broker_error::Transport,
    clock::{calendar::Calendar, token_hours::TokenHours},
    event::Event,
    keys::BotName,
    mode::{Mode, ShownMode},
    order_journal::{IntentOutcome, OrderIntent, Search},
    ports::{Change, ChangeStore, OrderJournalStore, Store, Time},
    reason::Reason,
    secret::AccessToken,
    session::{SessionView, StateName},
};
use keeper_domain::{
    ports::{BrokerProxy, ProxyError},
    routing::{OnTokenLoss, Venue, live_positions::LivePositions},
};
use mock_exchange::{Config, Instruments, Record};

mod baskets;
mod disk;
mod exits;
mod first_word;
mod fyers;
mod may_be_there;
mod pipeline;
mod positions;
mod segments;
mod shares;
mod starting;
mod switches;
mod turns;
mod unread;
mod waiting;

use fyers::Fyers;

struct Floor {
    fyers: Arc<Fyers>,
    store: Arc<MemoryStore>,
    actor: Addr<ExchangeActor>,
}

fn start(fyers: &Arc<Fyers>, store: &Arc<MemoryStore>, sandbox: bool) -> Addr<ExchangeActor> {
    ExchangeActor::new(deps(fyers, store, sandbox)).start()
}

fn deps(fyers: &Arc<Fyers>, store: &Arc<MemoryStore>, sandbox: bool) -> ExchangeDeps {
    let (inner, died) = (Arc::new(shares::Shares(Arc::clone(fyers))), RecipientCell::new());
    ExchangeDeps {
        epoch: 0,
        app: "ABCD1234EF-100".into(),
        outgoing: None,
        proxy: Some(Arc::new(WatchedProxy { inner, died: died.clone() })),
        died,
        store: Arc::clone(store) as Arc<dyn Store>,
        time: PausedTime::at("2026-11-23T10:00"),
        sandbox,
        on_token_loss: OnTokenLoss::Mock,
        rules: Config::new(Decimal::from(1_000_000)),
        market: MockMarket::walking(Arc::new(Calendar::embedded())),
        instruments: Instruments::default(),
        session: RecipientCell::new(),
        rejected: RecipientCell::new(),
        journal: RecipientCell::new(),
        tasks: Tasks::new(|task| {
            #[allow(clippy::disallowed_methods, reason = "there is no supervisor here")]
            actix_rt::spawn(task);
        }),
        in_flight: InFlight::default(),
        conditional: ConditionalOrders::default(),
        keys: Arc::default(),
        snapshot: nothing_known(sandbox, OnTokenLoss::Mock),
        hours: Arc::new(TokenHours::usual(Arc::new(Calendar::embedded()))),
        fault: FaultPoint::default(),
        hub: crate::hub::Hub::default(),
    }
}

async fn floor(sandbox: bool, usable: bool) -> Floor {
    time::pause();
    open(sandbox, usable).await
}

async fn open(sandbox: bool, usable: bool) -> Floor {
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    *fyers.store.lock().unwrap() = Some(Arc::clone(&store));
    fyers.books(&[], &[]);
    let actor = start(&fyers, &store, sandbox);
    actor.send(session(usable)).await.unwrap();
    // The books are read once.
    time::sleep(Duration::from_millis(100)).await;
    Floor { fyers, store, actor }
}

fn session(usable: bool) -> SessionChanged {
    let token = AccessToken::new("a token");
    let (to, why) = if usable {
        (StateName::Valid, Reason::Verified)
    } else {
        (StateName::LoginRequired, Reason::RefreshDisabled)
    };
    let view = SessionView {
        state: to,
        reason: why,
        fingerprint: Some(token.fingerprint()),
        usable: usable.then(|| Arc::new(token)),
        ..SessionView::default()
    };
    SessionChanged { from: StateName::Checking, to, why, view }
}

fn call(method: Method, path: &str, body: &Value) -> ApiRequest {
    let surface = if path == "/quotes" { Surface::Data } else { Surface::Api };
    let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
    ApiRequest { surface, method, path: path.into(), query: String::new(), content_type: None, body }
}

fn order(symbol: &str, quantity: i64, side: i64, tag: &str) -> Value {
    json!({"symbol": symbol, "qty": quantity, "type": 2, "side": side, "productType": "INTRADAY", "limitPrice": 0,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "orderTag": tag})
}

impl Floor {
    async fn ask(&self, method: Method, path: &str, body: Value) -> (Forwarded, Value) {
        let done = self
            .actor
            .send(Forward(call(method, path, &body), BotName::owner()))
            .await
            .unwrap()
            .answered()
            .await;
        let body = serde_json::from_slice(&done.answer.body).unwrap_or_default();
        (done, body)
    }

    async fn place(&self, symbol: &str, quantity: i64, side: i64) -> (Forwarded, Value) {
        self.ask(Method::Post, "/orders/sync", order(symbol, quantity, side, "t")).await
    }

    async fn hold(&self, symbol: &str, net: i64) {
        let (average, realized) = (Decimal::from(800), Decimal::ZERO);
        let position = Position {
            symbol: symbol.into(),
            product: Product::Intraday,
            net,
            average,
            realized,
            today: None,
        };
        let read_at = Some("2026-11-23T04:00:00Z".parse().unwrap());
        let live =
            LivePositions { positions: vec![position], was_live: true, read_at, ..LivePositions::default() };
        let change = Change { live_positions: Some(live), ..Change::default() };
        self.store.commit(change).await.unwrap();
    }
}

#[actix::test]
async fn live_is_byte_for_byte_and_once() {
    let floor = floor(false, true).await;
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.mode, done.venue, done.answer.status), (Mode::Live, Venue::Fyers, 200));
    assert_eq!(done.answer.headers, [("x-odd".to_owned(), vec![255])]);
    assert_eq!(body["id"], "26112300000001");
    assert_eq!(floor.fyers.calls("/orders/sync").len(), 1);
    assert_eq!(*floor.fyers.intents.lock().unwrap(), [1], "on disk before it left");
    let outcomes = floor.store.shelf.lock().unwrap().outcomes.clone();
    let ids = vec!["26112300000001".to_owned()];
    assert!(
        matches!(&outcomes[..], [(1, IntentOutcome::Answered { status: 200, ids: told, is_refused: false, at: Some(_) })] if *told == ids)
    );
    assert_eq!(floor.store.count(|event| matches!(event, Event::OrderPlaced { .. })), 1);
    let journal = floor.store.order_journal(9).await.unwrap();
    assert_eq!((journal.len(), journal[0].venue, journal[0].code), (1, Venue::Fyers, 1101));
    let (unknown, _) = floor.ask(Method::Post, "/something/new", json!({})).await;
    assert_eq!((unknown.answer.status, floor.fyers.calls("/something/new").len()), (400, 0));
    let (read, _) = floor.ask(Method::Get, "/something/new", Value::Null).await;
    assert_eq!((read.answer.status, floor.fyers.calls("/something/new").len()), (200, 1));
}

#[actix::test]
async fn a_dead_token_is_never_seen_by_the_bot() {
    let floor = floor(false, true).await;
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    floor.fyers.says("/funds", 401, &dead);
    let (done, body) = floor.ask(Method::Get, "/funds", Value::Null).await;
    assert_eq!((done.mode, done.venue, done.answer.status), (Mode::Mock, Venue::Mock, 200));
    assert_eq!(body["fund_limit"].as_array().unwrap().len(), 10);
    assert_eq!(floor.fyers.calls("/funds").len(), 1);
    assert_eq!(floor.actor.send(GetMode).await.unwrap().reason, Reason::TokenDoubted, "nobody has said so");
    let (order, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!(order.venue, Venue::Mock);
    assert!(body["id"].as_str().unwrap().starts_with("MOCK"), "{body}");
    floor.actor.send(session(true)).await.unwrap();
    let meanwhile = |event: &Event| matches!(event, Event::SimulatedMeanwhile { orders: 1 });
    assert_eq!(floor.store.count(meanwhile), 1, "told once the token is back");
}

#[actix::test]
async fn a_token_that_is_refused_after_its_end_has_expired_and_is_not_doubted() {
    let floor = floor(false, true).await;
    let mut over = session(true);
    over.view.expires_at = Some(PausedTime::at("2026-11-23T10:00").now());
    floor.actor.send(over).await.unwrap();
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    floor.fyers.says("/funds", 401, &dead);
    let (done, _) = floor.ask(Method::Get, "/funds", Value::Null).await;
    assert_eq!((done.mode, done.venue), (Mode::Mock, Venue::Mock));
    assert_eq!(floor.actor.send(GetMode).await.unwrap().reason, Reason::TokenExpired);
}

#[actix::test]
async fn an_order_of_unknown_fate_is_said_to_be_so_looked_for_and_never_repeated() {
    let floor = floor(false, true).await;
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    floor.fyers.books(&[row("77", 5, 6)], &[]);
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.answer.status, body["code"].as_i64(), body["s"].as_str()), (200, Some(201), Some("ok")));
    time::sleep(Duration::from_secs(1)).await;
    assert_eq!(floor.fyers.calls("/orders/sync").len(), 1);
    let found =
        |event: &Event| matches!(event, Event::OrderOutcomeUnknown { found: Some(id), .. } if id == "77");
    assert_eq!(floor.store.count(found), 1);
    assert!(floor.store.shelf.lock().unwrap().mock_records.is_empty(), "nothing was simulated");

    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Connect));
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    let shown = (done.answer.status, body["s"].as_str(), done.venue);
    assert_eq!(shown, (503, Some("error"), Venue::None), "it never left");
}

#[actix::test]
async fn sandbox_prices_orders_at_fyers_and_sends_none_there() {
    let floor = floor(true, true).await;
    let quote = json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": 801.5}}]});
    floor.fyers.says("/quotes", 200, &quote);
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.mode, done.venue), (Mode::Sandbox, Venue::Mock));
    assert_eq!(body["code"], 1101, "{body}");
    let (_, book) = floor.ask(Method::Get, "/orders", Value::Null).await;
    let row = &book["orderBook"][0];
    assert_eq!((row["tradedPrice"].as_f64(), row["status"].as_i64()), (Some(801.5), Some(2)), "{book}");
    assert_eq!(row["orderTag"], "1:t");
    let (_, positions) = floor.ask(Method::Get, "/positions", Value::Null).await;
    assert_eq!(positions["netPositions"][0]["netQty"], 5);
    let (_, trades) = floor.ask(Method::Get, "/tradebook", Value::Null).await;
    assert_eq!(trades["tradeBook"][0]["tradePrice"], 801.5);
    let (profile, _) = floor.ask(Method::Get, "/profile", Value::Null).await;
    assert_eq!(profile.venue, Venue::Fyers, "whose account it is FYERS says");
    let (funds, _) = floor.ask(Method::Get, "/funds", Value::Null).await;
    assert_eq!(funds.venue, Venue::Mock, "the money is that of the orders");
    assert!(floor.fyers.calls("/orders/sync").is_empty() && floor.fyers.calls("/orders").is_empty());
}

#[actix::test]
async fn an_answer_of_the_edge_changes_neither_token_nor_venue() {
    time::pause();
    for (status, body) in
        [(401, "<html>"), (401, ""), (403, r#"{"message":"Forbidden"}"#), (200, r#"{"x":1}"#)]
    {
        let floor = open(false, true).await;
        let answer = ApiResponse { status, headers: vec![], body: body.as_bytes().to_vec() };
        floor.fyers.script.lock().unwrap().insert("/orders/sync".into(), Ok(answer.clone()));
        floor.fyers.script.lock().unwrap().insert("/funds".into(), Ok(answer.clone()));
        let (funds, _) = floor.ask(Method::Get, "/funds", Value::Null).await;
        let (done, _) = floor.place("NSE:SBIN-EQ", 5, 1).await;
        assert_eq!((done.venue, done.mode, &done.answer), (Venue::Fyers, Mode::Live, &answer), "{body}");
        assert_eq!((funds.venue, funds.answer), (Venue::Fyers, answer));
        time::sleep(Duration::from_secs(30)).await;
        let told = floor.store.count(|event| matches!(event, Event::OrderOutcomeUnknown { found: None, .. }));
        assert_eq!(told, 1, "what became of it is not known, and a person hears so");
        assert_eq!(floor.actor.send(GetMode).await.unwrap().mode, Mode::Live);
        let shelf = floor.store.shelf.lock().unwrap();
        let simulated =
            shelf.mock_records.iter().any(|record| matches!(record, Record::OrderAccepted { .. }));
        assert!(!simulated, "nothing was simulated");
    }
}

#[actix::test]
async fn refusals_of_fyers_are_news() {
    let floor = floor(false, true).await;
    let red = json!({"s": "error", "code": -99, "message": "RED:Margin Shortfall", "id": "26112300000018"});
    floor.fyers.says("/orders/sync", 400, &red);
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, -1).await;
    assert_eq!((done.answer.status, body), (400, red));
    let told = |event: &Event| {
        matches!(event, Event::OrderRejected { symbol, quantity: -5, code: -99, price, .. }
            if symbol == "NSE:SBIN-EQ" && price == "0")
    };
    assert_eq!(floor.store.count(told), 1);
}

#[actix::test]
async fn the_exit_of_a_simulated_position_is_refused_until_a_person_clears_it() {
    let floor = floor(false, false).await;
    let (bought, _) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!(bought.venue, Venue::Mock);
    floor.actor.send(session(true)).await.unwrap();
    let left = |event: &Event| matches!(event, Event::SimulatedLeft { positions, .. } if positions == &["5 NSE:SBIN-EQ"]);
    assert_eq!(floor.store.count(left), 1);
    let (exit, words) = floor.place("NSE:SBIN-EQ", 5, -1).await;
    assert_eq!((exit.answer.status, exit.venue), (400, Venue::None), "{words}");
    assert!(words["message"].as_str().unwrap().contains("simulated"), "{words}");
    assert!(floor.fyers.calls("/orders/sync").is_empty());
    let cleared = floor.actor.send(ClearSimulated { by: "Asha".into() }).await.unwrap().unwrap();
    assert_eq!((cleared.closed, cleared.shut.len()), (1, 0));
    let (short, _) = floor.place("NSE:SBIN-EQ", 5, -1).await;
    assert_eq!(short.venue, Venue::Fyers, "now it is what the bot means");
}

#[actix::test]
async fn an_order_that_waits_in_simulation_is_cancelled_when_orders_go_to_fyers() {
    let floor = floor(false, false).await;
    let mut far = order("NSE:SBIN-EQ", 5, 1, "far");
    (far["type"], far["limitPrice"]) = (json!(1), json!(1));
    let (taken, words) = floor.ask(Method::Post, "/orders/sync", far).await;
    assert_eq!(taken.venue, Venue::Mock, "{words}");
    // The switch itself is written, the end of the order is not.
    floor.store.fault.lock().unwrap().extend([Fault::Pass, Fault::Refuse]);
    floor.actor.send(session(true)).await.unwrap();
    let told = |event: &Event| matches!(event, Event::SimulatedLeft { positions, cancelled } if positions.is_empty() && cancelled == &["buy 5 NSE:SBIN-EQ"]);
    time::sleep(Duration::from_secs(1)).await;
    assert_eq!(floor.store.count(told), 0);
    time::sleep(Duration::from_secs(30)).await;
    assert_eq!(floor.store.count(told), 1, "once, when it is on disk");
    let shelf = floor.store.shelf.lock().unwrap();
    let ended = shelf.mock_records.iter().filter(|record| matches!(record, Record::OrderCancelled { .. }));
    assert_eq!(ended.count(), 1);
}

#[actix::test]
async fn nothing_new_leaves_while_the_keeper_stops() {
    let floor = floor(false, true).await;
    floor.actor.send(StopOrders).await.unwrap();
    let (done, _) = floor.place("NSE:SBIN-EQ", 1, 1).await;
    assert_eq!((done.answer.status, done.venue), (503, Venue::None));
    let retry_after = done.answer.headers.iter().find(|(name, _)| name == "retry-after");
    assert!(retry_after.is_some(), "the next keeper takes it: {:?}", done.answer.headers);
    let told = floor.store.count(|event| matches!(event, Event::OrderRefused { .. }));
    assert_eq!(told, 0, "nobody is alarmed about a keeper that was told to stop");
}

/// A position of another day.
fn held(net: i64) -> Value {
    json!({"symbol": "NSE:SBIN-EQ", "productType": "INTRADAY", "netQty": net, "netAvg": 800, "realized_profit": 0,
        "cfBuyQty": net.max(0), "cfSellQty": (-net).max(0), "dayBuyQty": 0, "daySellQty": 0})
}

/// A row of FYERS' order book.
fn row(id: &str, quantity: i64, status: i64) -> Value {
    json!({"id": id, "symbol": "NSE:SBIN-EQ", "side": quantity.signum(), "qty": quantity.abs(), "orderTag": "1:t",
        "remainingQuantity": if status == 6 { quantity.abs() } else { 0 }, "productType": "INTRADAY", "status": status})
}
