//! The ExchangeActor under fire, and the MockExchange's arithmetic.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use actix::{Actor, Addr};
use async_trait::async_trait;
use rust_decimal::Decimal;
use tokio::time;

use crate::exchange::{
    actor::{ExchangeActor, ExchangeDeps},
    messages::{Answer, Answered, Ask, AskError, GetMode, Request, SetHalted},
};
use crate::{
    recipient_cell::RecipientCell,
    testing::{MemoryStore, PausedTime},
    token::messages::SessionChanged,
};
use fyers_api::model::*;
use keeper_domain::routing::{OnTokenLoss, Venue};
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    event::Event,
    mode::Mode,
    ports::{Exchange, Store},
    reason::Reason,
    secret::AccessToken,
    session::{SessionView, StateName},
};
use mock_exchange::{Config, Instruments, exchange::MockExchange};

/// A scripted broker: slow, counting, and failing when told.
#[derive(Default)]
struct Broker {
    calls: AtomicU32,
    placed: Mutex<BTreeMap<String, u32>>,
    positions: Mutex<Vec<Position>>,
    fails: Mutex<Option<BrokerError>>,
    slow: Duration,
}

impl Broker {
    async fn call(&self) -> Result<(), BrokerError> {
        self.calls.fetch_add(1, SeqCst);
        time::sleep(self.slow).await;
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Exchange for Broker {
    async fn profile(&self, _: &AccessToken) -> Result<Profile, BrokerError> {
        self.call().await.map(|()| Profile { fy_id: "XX00001".into(), name: String::new() })
    }

    async fn funds(&self, _: &AccessToken) -> Result<Funds, BrokerError> {
        let zero = Decimal::ZERO;
        self.call().await.map(|()| Funds { total: zero, utilized: zero, available: zero })
    }

    async fn quotes(&self, _: &AccessToken, symbols: &[String]) -> Result<Vec<Quote>, BrokerError> {
        let quote = |symbol: &String| Quote { symbol: symbol.clone(), last: Decimal::from(800) };
        self.call().await.map(|()| symbols.iter().map(quote).collect())
    }

    async fn place(&self, _: &AccessToken, order: &OrderRequest) -> Result<OrderAck, BrokerError> {
        self.call().await?;
        let tag = order.tag.clone().unwrap_or_default();
        *self.placed.lock().unwrap().entry(tag.clone()).or_default() += 1;
        Ok(OrderAck { id: format!("LIVE-{tag}"), confirmed: true })
    }

    async fn orders(&self, _: &AccessToken) -> Result<Vec<Order>, BrokerError> {
        self.call().await.map(|()| vec![])
    }

    async fn positions(&self, _: &AccessToken) -> Result<Vec<Position>, BrokerError> {
        Ok(self.positions.lock().unwrap().clone())
    }
}

struct Floor {
    broker: Arc<Broker>,
    store: Arc<MemoryStore>,
    actor: Addr<ExchangeActor>,
}

fn open(sandbox: bool, on_token_loss: OnTokenLoss, broker: Broker) -> Floor {
    let (broker, store) = (Arc::new(broker), Arc::new(MemoryStore::default()));
    let actor = open_on(sandbox, on_token_loss, &broker, &store);
    Floor { broker, store, actor }
}

fn open_on(
    sandbox: bool,
    on_token_loss: OnTokenLoss,
    broker: &Arc<Broker>,
    store: &Arc<MemoryStore>,
) -> Addr<ExchangeActor> {
    ExchangeActor::new(ExchangeDeps {
        app: "ABCD1234EF-100".into(),
        outgoing: None,
        proxy: None,
        live: Some(Arc::clone(broker) as Arc<dyn Exchange>),
        store: Arc::clone(store) as Arc<dyn Store>,
        time: PausedTime::at("2026-11-23T10:00"),
        sandbox,
        on_token_loss,
        rules: Config::new(Decimal::from(1_000_000)),
        instruments: Instruments::default(),
        session: RecipientCell::new(),
        rejected: RecipientCell::new(),
        journal: RecipientCell::new(),
    })
    .start()
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

fn order(symbol: &str, quantity: i64, side: Side, tag: &str) -> OrderRequest {
    OrderRequest {
        symbol: symbol.into(),
        quantity,
        side,
        order_type: OrderType::Market,
        product: Product::Intraday,
        limit_price: Decimal::ZERO,
        stop_price: Decimal::ZERO,
        tag: Some(tag.into()),
    }
}

async fn place(actor: &Addr<ExchangeActor>, order: OrderRequest) -> Result<Answered, AskError> {
    actor.send(Ask(Request::Place(order))).await.expect("the actor lives")
}

#[actix::test]
async fn a_thousand_orders_across_a_hundred_switches_none_lost_none_doubled() {
    time::pause();
    let slow = Duration::from_millis(7);
    let floor = open(false, OnTokenLoss::Mock, Broker { slow, ..Broker::default() });
    let mut flying = Vec::new();
    for round in 0..100 {
        floor.actor.do_send(session(round % 2 == 0));
        for number in 0..10 {
            let tag = format!("{round}x{number}");
            // Ten different symbols, so that no exit of a live position is among them.
            let order = order(&format!("NSE:S{round}X{number}-EQ"), 1, Side::Buy, &tag);
            flying.push((round, tag, floor.actor.send(Ask(Request::Place(order)))));
        }
        time::sleep(Duration::from_millis(3)).await;
    }
    let (mut live, mut mock) = (0, 0);
    for (round, tag, answer) in flying {
        let answered = answer.await.unwrap().unwrap_or_else(|error| panic!("{tag} failed: {error}"));
        let wanted = if round % 2 == 0 { Mode::Live } else { Mode::Mock };
        assert_eq!(answered.mode, wanted, "{tag} was handled in the mode it arrived in");
        let Answer::Placed(ack) = answered.answer else { panic!("{tag}: not an order's answer") };
        assert_eq!(ack.id.starts_with("MOCK"), answered.venue == Venue::Mock);
        assert_eq!(answered.venue == Venue::Fyers, wanted == Mode::Live);
        *(if answered.venue == Venue::Fyers { &mut live } else { &mut mock }) += 1;
    }
    let placed = floor.broker.placed.lock().unwrap();
    assert_eq!((live, mock), (500, 500));
    assert_eq!(placed.len(), 500);
    assert!(placed.values().all(|times| *times == 1), "an order reached the broker twice");
    let records = floor.store.shelf.lock().unwrap().mock_records.clone();
    let book = MockExchange::open(Config::new(Decimal::from(1_000_000)), Instruments::default(), &records, 0);
    let orders = book.engine().order_rows();
    assert_eq!(orders.len(), 500);
    assert!(orders.iter().all(|order| !placed.contains_key(order.request.tag.as_ref().unwrap())));
    assert_eq!(floor.store.count(|event| matches!(event, Event::ModeChanged { .. })), 100);
}

#[actix::test]
async fn a_read_with_a_dead_token_is_answered_by_mock_and_says_so() {
    let floor = open(false, OnTokenLoss::Mock, Broker::default());
    floor.actor.send(session(true)).await.unwrap();
    let dead = BrokerError::Refused { status: 401, code: -16, message: String::new() };
    *floor.broker.fails.lock().unwrap() = Some(dead);
    let answered = floor.actor.send(Ask(Request::Funds)).await.unwrap().unwrap();
    assert_eq!((answered.mode, answered.venue), (Mode::Mock, Venue::Mock));
    let mode = floor.actor.send(GetMode).await.unwrap();
    assert_eq!((mode.mode, mode.reason), (Mode::Mock, Reason::TokenRejected), "out of use at once");
    assert_eq!(floor.broker.calls.load(SeqCst), 1);
}

#[actix::test]
async fn a_live_position_is_protected_when_the_token_dies_and_after_a_restart() {
    let broker = Broker::default();
    let (average, realized) = (Decimal::from(800), Decimal::ZERO);
    let long =
        Position { symbol: "NSE:SBIN-EQ".into(), product: Product::Intraday, net: 10, average, realized };
    broker.positions.lock().unwrap().push(long);
    let floor = open(false, OnTokenLoss::Mock, broker);
    floor.actor.send(session(true)).await.unwrap();
    floor.actor.send(Ask(Request::Positions)).await.unwrap().unwrap();
    floor.actor.send(session(false)).await.unwrap();

    let reborn = open_on(false, OnTokenLoss::Mock, &floor.broker, &floor.store);
    for actor in [&floor.actor, &reborn] {
        let exit = place(actor, order("NSE:SBIN-EQ", 10, Side::Sell, "exit")).await;
        assert!(matches!(exit, Err(AskError::Unsafe(_))), "{exit:?}");
        let entry = place(actor, order("NSE:INFY-EQ", 1, Side::Buy, "entry")).await.unwrap();
        assert_eq!(entry.venue, Venue::Mock);
    }
    assert_eq!(floor.store.count(|event| matches!(event, Event::OrderRefused { .. })), 2);
    assert!(floor.broker.placed.lock().unwrap().is_empty());
}

#[actix::test]
async fn an_order_whose_outcome_is_unknown_is_neither_repeated_nor_simulated() {
    let floor = open(false, OnTokenLoss::Mock, Broker::default());
    floor.actor.send(session(true)).await.unwrap();
    *floor.broker.fails.lock().unwrap() = Some(BrokerError::Transport(Transport::Timeout));
    let outcome = place(&floor.actor, order("NSE:SBIN-EQ", 1, Side::Buy, "x")).await;
    assert!(matches!(outcome, Err(AskError::UnknownOutcome(_))), "{outcome:?}");
    assert_eq!(floor.broker.calls.load(SeqCst), 1);
    assert!(floor.store.shelf.lock().unwrap().mock_records.is_empty());
}

#[actix::test]
async fn sandbox_reads_from_fyers_and_never_sends_an_order_there() {
    let floor = open(true, OnTokenLoss::Mock, Broker::default());
    floor.actor.send(session(true)).await.unwrap();
    let quotes = floor.actor.send(Ask(Request::Quotes(vec!["NSE:SBIN-EQ".into()]))).await.unwrap().unwrap();
    assert_eq!((quotes.mode, quotes.venue), (Mode::Sandbox, Venue::Fyers));
    let ack = place(&floor.actor, order("NSE:SBIN-EQ", 2, Side::Buy, "x")).await.unwrap();
    assert_eq!((ack.mode, ack.venue), (Mode::Sandbox, Venue::Mock));
    let Answer::Orders(orders) = floor.actor.send(Ask(Request::Orders)).await.unwrap().unwrap().answer else {
        panic!("not the order book")
    };
    assert_eq!(orders[0].average, Decimal::from(800), "filled at the price FYERS gave");
    assert!(floor.broker.placed.lock().unwrap().is_empty());
}

#[actix::test]
async fn reject_refuses_and_halt_means_mock_until_resumed() {
    let floor = open(false, OnTokenLoss::Reject, Broker::default());
    let refused = place(&floor.actor, order("NSE:SBIN-EQ", 1, Side::Buy, "x")).await;
    assert!(matches!(refused, Err(AskError::Unsafe(_))));
    floor.actor.send(session(true)).await.unwrap();
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    assert_eq!(floor.actor.send(GetMode).await.unwrap().reason, Reason::Halted);
    assert!(floor.store.shelf.lock().unwrap().halted, "a restart does not resume by itself");
    floor.actor.send(SetHalted { halted: false, by: "a person".into() }).await.unwrap();
    assert_eq!(floor.actor.send(GetMode).await.unwrap().mode, Mode::Live);
}

#[actix::test]
async fn an_app_that_may_not_trade_is_explained_to_a_person() {
    for message in [
        "Request rejected: Order placement restricted. Algo orders are not allowed from this app ABCD1234EF-100",
        "Order placement are not allowed from this app ABCD1234EF-100",
    ] {
        let floor = open(false, OnTokenLoss::Mock, Broker::default());
        floor.actor.send(session(true)).await.unwrap();
        let refusal = BrokerError::Refused { status: 400, code: -50, message: message.into() };
        *floor.broker.fails.lock().unwrap() = Some(refusal.clone());
        let outcome = place(&floor.actor, order("NSE:SBIN-EQ", 2, Side::Buy, "x")).await;
        assert_eq!(outcome, Err(AskError::Broker(refusal)), "the bot hears FYERS' own words");
        for _ in 0..100 {
            time::sleep(Duration::from_millis(1)).await;
            if floor.store.count(|event| matches!(event, Event::OrdersNotAllowed { .. })) > 0 {
                break;
            }
        }
        let said =
            |event: &Event| matches!(event, Event::OrdersNotAllowed { app, .. } if app.ends_with("-100"));
        assert_eq!(floor.store.count(said), 1);
    }
}
