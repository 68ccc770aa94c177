//! What happens to orders while FYERS' order socket is away is told afterwards, once.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, SocketEnd, SocketKind, TokenKind, endpoint};

use crate::{
    bot::Bot,
    feed_client::Socket,
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const ORDERS: &str = r#"{"type":"subscribe","kinds":["orders"]}"#;

fn live() -> (Home, Keeper) {
    let home = Home::at("2026-11-25T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    (home, keeper)
}

/// Both doors for order events, with the connection to FYERS behind them.
fn listening(home: &Home, keeper: &Keeper) -> (Socket, Socket) {
    let (mut feed, _) = Socket::feed(home, keeper);
    feed.send(ORDERS);
    feed.until("the subscription", |message| message["type"] == "subscribed");
    let official = Socket::orders(home, keeper);
    wait_source(home);
    (feed, official)
}

/// Waits until the keeper follows orders at FYERS.
pub(crate) fn wait_source(home: &Home) {
    let subscribed = || {
        let sockets = home.sim.sockets();
        sockets.open_of(SocketKind::Orders).any(|socket| !socket.subscriptions.is_empty()).then_some(())
    };
    wait_for("the order socket", subscribed);
}

fn limit_order(bot: &Bot, limit: f64) -> String {
    let placed = bot
        .place(json!({"symbol": SBIN, "qty": 10, "type": 1, "side": 1, "productType": "INTRADAY",
        "limitPrice": limit, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false}));
    placed.body["id"].as_str().unwrap_or_else(|| panic!("{}", placed.body)).to_owned()
}

/// How often each order was told in each status, and how often its fill.
pub(crate) fn told(socket: &Socket) -> BTreeMap<(String, String), usize> {
    let mut times = BTreeMap::new();
    for text in &socket.seen {
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        let order = [&message["order"], &message["orders"]].into_iter().find(|order| order.is_object());
        let trade = [&message["trade"], &message["trades"]].into_iter().find(|trade| trade.is_object());
        let of = |event: &Value| event["id"].as_str().unwrap().to_owned();
        if let Some(order) = order {
            let price = order["price_limit"].as_f64().unwrap_or(0.0);
            let state = format!("{} at {price}", order["org_ord_status"]);
            *times.entry((of(order), state)).or_default() += 1;
        }
        if let Some(trade) = trade {
            *times.entry((of(trade), "trade".to_owned())).or_default() += 1;
        }
    }
    times
}

fn once(states: &[(&str, &str)]) -> BTreeMap<(String, String), usize> {
    states.iter().map(|(id, state)| (((*id).to_owned(), (*state).to_owned()), 1)).collect()
}

#[test]
fn what_happens_while_the_order_socket_is_away_is_told_once() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    let before = limit_order(&bot, 700.0);
    let (mut feed, mut official) = listening(&home, &keeper);
    let waits = limit_order(&bot, 790.0);
    feed.until("the order", |message| message["order"]["id"] == waits);
    official.until("the order", |message| message["orders"]["id"] == waits);

    home.sim.inject(FaultRule::forever(endpoint::ORDER_SOCKET, Fault::EmptyBody { status: 503 }));
    home.sim.close_sockets(SocketKind::Orders, SocketEnd::Reset);
    feed.until("the news of it", |message| message["type"] == "source" && message["state"] == "lost");
    home.sim.set_price(SBIN, 789.0);
    let bought = bot.buy(SBIN).body["id"].as_str().unwrap().to_owned();
    let changed = limit_order(&bot, 750.0);
    let change = json!({"id": changed, "type": 1, "limitPrice": 755.0, "stopPrice": 0, "qty": 10});
    assert_eq!(bot.ask(reqwest::Method::PATCH, "/api/v3/orders/sync", Some(change)).body["s"], "ok");
    assert!(!feed.seen.iter().any(|text| text.contains(&bought)), "{:?}", feed.seen);
    home.sim.clear_faults();
    // The first try to read the books fails.
    home.sim.inject(FaultRule::once(endpoint::TRADEBOOK, Fault::Html { status: 503 }));
    feed.until("its return", |message| message["type"] == "source" && message["state"] == "open");

    let position = feed.until("the position", |message| message["position"]["net_qty"] == 20);
    assert_eq!((&position["position"]["buy_qty"], &position["venue"]), (&json!(20), &json!("fyers")));
    official.until("the position", |message| message["positions"]["net_qty"] == 20);
    // What happens from now on comes through the socket.
    home.sim.set_price(SBIN, 754.0);
    feed.until("the fill", |message| message["position"]["net_qty"] == 30);
    official.until("the fill", |message| message["positions"]["net_qty"] == 30);

    let want = once(&[
        (&waits, "6 at 790"),
        (&waits, "2 at 790"),
        (&waits, "trade"),
        (&bought, "2 at 0"),
        (&bought, "trade"),
        (&changed, "6 at 755"),
        (&changed, "2 at 755"),
        (&changed, "trade"),
    ]);
    for socket in [&feed, &official] {
        assert_eq!(told(socket), want, "{:#?}", socket.seen);
        assert!(
            !socket.seen.iter().any(|text| text.contains(&format!("\"{before}\""))),
            "nobody asked for it"
        );
    }
    let lines = keeper.wait_logged("feed.recovered");
    assert!(lines.iter().any(|line| line["event"] == "feed.books_unread"), "the first books did not come");
}

/// An order every 400 ms while the connection breaks again and again, each time after a few messages.
#[test]
fn no_event_is_lost_or_doubled_while_the_order_socket_breaks_again_and_again() {
    let (home, keeper) = live();
    let (mut feed, mut official) = listening(&home, &keeper);
    let bot = Bot::of(&home, &keeper);
    let mut ids = vec![];
    for number in 0..24 {
        if number % 6 == 1 {
            home.sim.close_sockets(SocketKind::Orders, SocketEnd::Drop);
        }
        if number % 6 == 4 {
            home.sim.set_socket_fault(SocketKind::Orders, Some(&Fault::Disconnect { after: 2 }));
        }
        ids.push(bot.buy(SBIN).body["id"].as_str().unwrap().to_owned());
        std::thread::sleep(Duration::from_millis(400));
    }
    feed.until("the position", |message| message["position"]["net_qty"] == 240);
    official.until("the position", |message| message["positions"]["net_qty"] == 240);
    for socket in [&feed, &official] {
        let told = told(socket);
        for id in &ids {
            for state in ["2 at 0", "trade"] {
                assert_eq!(
                    told.get(&(id.clone(), state.to_owned())),
                    Some(&1),
                    "{id} {state}: {:#?}",
                    socket.seen
                );
            }
        }
        assert!(told.values().all(|times| *times == 1), "{told:#?}");
    }
    assert!(home.sim.sockets().closed.iter().filter(|one| one.kind == SocketKind::Orders).count() >= 3);
}
