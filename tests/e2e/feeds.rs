//! Market data and order updates for bots, through the real program.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, SocketEnd, SocketKind, TokenKind, endpoint};
use tokio_tungstenite::tungstenite::Error;

use crate::{
    bot::Bot,
    card::{press_through, wait_card},
    feed_client::{Socket, key},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const FOLLOW: &str = r#"{"type":"subscribe","symbols":["NSE:SBIN-EQ"],"kinds":["quote"]}"#;
const ORDERS: &str = r#"{"type":"subscribe","kinds":["orders"]}"#;

/// A keeper in Live mode.
fn live() -> (Home, Keeper) {
    with_token("live")
}

fn with_token(mode: &str) -> (Home, Keeper) {
    let sandbox = (mode == "sandbox").to_string();
    let home =
        Home::at("2026-11-25T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", sandbox).with_telegram();
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let page = format!("http://127.0.0.1:{}", home.port);
    let home = home.set("KEEPER_PUBLIC_URL", page).set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status(mode, |status| status["mode"] == mode);
    (home, keeper)
}

fn tick(price: f64) -> impl Fn(&Value) -> bool {
    move |message| message["type"] == "tick" && message["symbol"] == SBIN && message["ltp"] == price
}

fn followed(home: &Home, kind: SocketKind) -> usize {
    home.sim.sockets().open_of(kind).filter(|socket| !socket.subscriptions.is_empty()).count()
}

/// Waits until a price that is set now arrives: subscriptions take a moment to be there again.
fn alive_within(home: &Home, socket: &mut Socket, limit: Duration, price: f64) {
    let began = Instant::now();
    wait_for("a subscription at FYERS", || (followed(home, SocketKind::Data) > 0).then_some(()));
    home.sim.set_price(SBIN, price);
    socket.until("the tick", tick(price));
    assert!(began.elapsed() < limit, "{:?}", began.elapsed());
}

#[test]
fn a_tick_and_an_order_come_through_all_three_doors() {
    let (home, keeper) = live();
    let (mut feed, hello) = Socket::feed(&home, &keeper);
    assert_eq!((&hello["mode"], &hello["version"]), (&json!("live"), &json!(1)));
    feed.send(FOLLOW);
    feed.send(ORDERS);
    let first = feed.until("the snapshot", |message| message["type"] == "tick");
    assert_eq!((&first["ltp"], &first["origin"]), (&json!(801.5), &json!("live")));
    let mut hsm = Socket::hsm(&home, &keeper, &["sf|nse_cm|3045", "if|nse_cm|Nifty 50"]);
    hsm.until_ltp(|ltp| ltp == 80_150);
    let mut orders = Socket::orders(&home, &keeper);
    wait_for("one subscription at FYERS of each kind", || {
        let sockets = home.sim.sockets();
        let symbols: Vec<_> =
            sockets.open_of(SocketKind::Data).flat_map(|socket| socket.symbols.clone()).collect();
        (symbols == ["NSE:NIFTY50-INDEX", SBIN] && followed(&home, SocketKind::Orders) == 1).then_some(())
    });

    home.sim.set_price(SBIN, 805.25);
    feed.until("the tick", tick(805.25));
    hsm.until_ltp(|ltp| ltp == 80_525);

    let id = Bot::of(&home, &keeper).buy(SBIN).body["id"].as_str().unwrap().to_owned();
    let told = orders.until("the order", |message| {
        message["orders"]["id"] == id && message["orders"]["org_ord_status"] == 2
    });
    assert_eq!(told["s"], "ok");
    let order =
        feed.until("the order", |message| message["order"]["id"] == id && message["status"] == "traded");
    assert_eq!(order["venue"], "fyers");
    feed.until("the position", |message| message["position"]["net_qty"] == 10);

    let sockets = home.sim.sockets();
    assert_eq!((sockets.most_open_data, sockets.most_open_orders), (1, 1), "however many bots");
    let status = keeper.status();
    assert_eq!(
        (&status["feeds"]["sources"]["data"]["open"], &status["feeds"]["clients"]["feed"]),
        (&json!(true), &json!(1)),
        "{status}"
    );
    assert!(!keeper.log().contains(&key(&home)));
    drop((feed, hsm, orders));
    wait_for("no connection to FYERS", || home.sim.sockets().open.is_empty().then_some(()));
}

#[test]
fn after_every_fault_all_is_followed_again() {
    let (home, keeper) = live();
    let (mut feed, _) = Socket::feed(&home, &keeper);
    feed.send(FOLLOW);
    feed.until("the snapshot", |message| message["type"] == "tick");
    let limit = Duration::from_secs(35);
    for (number, end) in [SocketEnd::Reset, SocketEnd::Drop].into_iter().enumerate() {
        home.sim.close_sockets(SocketKind::Data, end);
        feed.until("the news of it", |message| message["type"] == "source" && message["state"] == "lost");
        alive_within(&home, &mut feed, limit, 810.0 + number as f64);
    }
    home.sim.script(
        endpoint::DATA_SOCKET,
        [Fault::EmptyBody { status: 403 }, Fault::Reset, Fault::TornFrame { after: 4 }],
    );
    home.sim.close_sockets(SocketKind::Data, SocketEnd::Drop);
    feed.until("the news of it", |message| message["type"] == "source" && message["state"] == "lost");
    feed.until("its return", |message| message["type"] == "source" && message["state"] == "open");
    alive_within(&home, &mut feed, limit, 820.0);
    home.sim.set_socket_fault(SocketKind::Data, Some(&Fault::ShortFrame { after: 0 }));
    home.sim.set_price(SBIN, 821.0);
    alive_within(&home, &mut feed, limit, 822.0);
    assert_eq!(keeper.status()["actors"]["feeds"]["restarts"], 0);
}

#[test]
fn a_connection_that_tells_nothing_is_replaced() {
    let (home, keeper) = live();
    home.sim.inject(FaultRule::once(endpoint::DATA_SOCKET, Fault::Mute { after: 0 }));
    let (mut feed, _) = Socket::feed(&home, &keeper);
    feed.send(FOLLOW);
    let lost =
        feed.until("the news of it", |message| message["type"] == "source" && message["state"] == "lost");
    assert_eq!(lost["reason"], "mute");
    alive_within(&home, &mut feed, Duration::from_secs(35), 811.0);
    let lines = keeper.wait_logged("feed.lost");
    assert!(lines.iter().any(|line| line["event"] == "feed.lost" && line["reason"] == "mute"));
}

#[test]
fn outside_sessions_silence_is_no_fault() {
    let home = Home::at("2026-11-25T20:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let (mut feed, _) = Socket::feed(&home, &keeper);
    feed.send(FOLLOW);
    feed.until("the snapshot", |message| message["type"] == "tick");
    // Longer than the watchdog's patience: the keeper's own keep-alives tell the time.
    wait_for("four keep-alives", || {
        home.sim.sockets().open_of(SocketKind::Data).any(|socket| socket.pings >= 5).then_some(())
    });
    assert_eq!(home.sim.sockets().closed.len(), 0);
}

#[test]
fn sockets_stay_open_over_a_token_death_and_a_login() {
    let (home, keeper) = live();
    let (mut feed, _) = Socket::feed(&home, &keeper);
    feed.send(FOLLOW);
    feed.send(ORDERS);
    feed.until("the snapshot", |message| message["origin"] == "live");
    let mut hsm = Socket::hsm(&home, &keeper, &["sf|nse_cm|3045"]);
    hsm.until_ltp(|ltp| ltp == 80_150);
    let mut orders = Socket::orders(&home, &keeper);
    home.sim.set_price(SBIN, 1234.5);
    hsm.until_ltp(|ltp| ltp == 123_450);

    let token = home.newest(TokenKind::Access);
    assert!(home.sim.kill(&token));
    let bot = Bot::of(&home, &keeper);
    bot.get("/api/v3/funds");
    feed.until("the news of it", |message| message["type"] == "mode" && message["mode"] == "mock");
    let made_up =
        feed.until("a made-up price", |message| message["type"] == "tick" && message["origin"] == "walk");
    let begins = made_up["ltp"].as_f64().unwrap();
    assert!((begins - 1234.5).abs() < 25.0, "made-up prices begin at the last real one: {begins}");
    let snapshot = hsm.until_snapshot();
    assert!((snapshot - 123_450).abs() < 2_500, "nothing of the real quote stays: {snapshot}");
    let simulated = bot.buy("NSE:INFY-EQ").body["id"].as_str().unwrap().to_owned();
    let told = orders.until("the simulated order", |message| {
        message["orders"]["id"] == simulated && message["orders"]["org_ord_status"] == 2
    });
    assert!(told["orders"]["oms_msg"].as_str().unwrap().starts_with("SIMULATED by fyers-keeper"), "{told}");
    orders.until("the fill", |message| message["trades"]["id"] == simulated);
    let order = feed
        .until("the same", |message| message["order"]["id"] == simulated && message["status"] == "traded");
    assert_eq!(order["venue"], "mock");

    let card = wait_card(&home);
    press_through(&card.buttons().into_iter().find_map(|button| button.url).unwrap());
    feed.until("the news of it", |message| message["type"] == "mode" && message["mode"] == "live");
    wait_for("a subscription at FYERS", || (followed(&home, SocketKind::Data) > 0).then_some(()));
    home.sim.set_price(SBIN, 833.0);
    let real = feed.until("a real price", tick(833.0));
    assert_eq!(real["origin"], "live");
    hsm.until_ltp(|ltp| ltp == 83_300);
    wait_for("the order socket", || (followed(&home, SocketKind::Orders) == 1).then_some(()));
    let id = bot.buy(SBIN).body["id"].as_str().unwrap().to_owned();
    orders.until("the real order", |message| message["orders"]["id"] == id);
}

#[test]
fn a_new_token_brings_a_new_connection_before_the_old_one_closes() {
    let (home, keeper) = live();
    let (mut feed, _) = Socket::feed(&home, &keeper);
    feed.send(FOLLOW);
    feed.send(ORDERS);
    feed.until("the snapshot", |message| message["type"] == "tick");
    wait_for("the order socket", || (followed(&home, SocketKind::Orders) == 1).then_some(()));
    // A login although the token is good.
    press_through(&keeper.url("/fyers/login"));
    wait_for("the new connections", || {
        let closed = home.sim.sockets().closed;
        (closed.iter().any(|one| one.kind == SocketKind::Data)
            && closed.iter().any(|one| one.kind == SocketKind::Orders))
        .then_some(())
    });
    let sockets = home.sim.sockets();
    assert_eq!((sockets.most_open_data, sockets.most_open_orders), (2, 2), "there is never none");
    for kind in [SocketKind::Data, SocketKind::Orders] {
        let open = sockets.open_of(kind).next().unwrap();
        assert!(
            open.opened_at <= sockets.closed.iter().find(|one| one.kind == kind).unwrap().closed_at.unwrap()
        );
    }
    alive_within(&home, &mut feed, Duration::from_secs(35), 812.0);
    let id = Bot::of(&home, &keeper).buy(SBIN).body["id"].as_str().unwrap().to_owned();
    feed.until("the position", |message| message["position"]["net_qty"] == 10);
    let told =
        feed.seen.iter().filter(|text| text.contains(&id) && text.contains(r#""status":"traded""#)).count();
    assert_eq!(told, 1, "once");
}

#[test]
fn a_bot_that_does_not_read_is_closed_and_holds_up_nobody() {
    let (home, keeper) = live();
    let symbols: Vec<String> = (0..300).map(|number| format!("NSE:SLOW{number}-EQ")).collect();
    let listed: Vec<(String, f64)> = symbols.iter().map(|symbol| (symbol.clone(), 100.0)).collect();
    home.sim.set_prices(&listed);
    let (mut slow, _) = Socket::feed(&home, &keeper);
    slow.send(&json!({"type": "subscribe", "symbols": symbols, "kinds": ["quote", "depth"]}).to_string());
    let (mut fast, _) = Socket::feed(&home, &keeper);
    fast.send(FOLLOW);
    fast.until("the snapshot", |message| message["type"] == "tick");
    home.sim.walk_prices(Some(Duration::from_millis(5)), 1);
    keeper.wait_logged("feed.slow_client");
    wait_for("its end", || (keeper.status()["feeds"]["clients"]["feed"] == 1).then_some(()));
    home.sim.walk_prices(None, 1);
    home.sim.set_price(SBIN, 799.0);
    fast.until("the tick", tick(799.0));
    assert_eq!(keeper.status()["feeds"]["slow_clients_closed"], 1);
    assert!(keeper.status()["feeds"]["values_conflated"].as_u64().unwrap() > 0);
}

#[test]
fn nobody_comes_in_without_the_key() {
    let home = Home::at("2026-11-25T12:00:00", RefreshMode::Disabled);
    let keeper = home.start_ready();
    for path in ["/trade/v3", "/feed"] {
        let refused = Socket::try_open(&keeper, path, Some("ANY-100:wrong"));
        let Err(Error::Http(response)) = refused.map(|_| ()) else { panic!("{path} lets anybody in") };
        assert_eq!(response.status(), 403, "{path}");
    }
    let mut late = Socket::try_open(&keeper, "/feed", None).unwrap();
    late.send(&json!({"type": "auth", "key": key(&home)}).to_string());
    assert_eq!(late.until("the hello", |message| message["type"] == "hello")["mode"], "mock");
    let mut wrong = Socket::try_open(&keeper, "/feed", None).unwrap();
    wrong.send(FOLLOW);
    let told = wrong.until("the refusal", |_| true);
    assert_eq!(told["code"], "not_authenticated");
}

#[test]
fn without_an_app_bots_have_a_made_up_market() {
    let home = Home::bare(simulator::Options::default());
    let home = home.set("KEEPER_DEMO_CLOCK", "2026-11-25T12:00:00+05:30");
    let keeper = home.start_ready();
    let (mut feed, hello) = Socket::feed(&home, &keeper);
    assert_eq!(hello["mode"], "mock");
    feed.send(r#"{"type":"subscribe","symbols":["NSE:SBIN-EQ","NSE:NIFTY50-INDEX","NSE:NO SUCH THING"],"kinds":["quote","depth"]}"#);
    feed.send(ORDERS);
    let unknown = feed.until("the error", |message| message["code"] == "unknown_symbol");
    assert_eq!(unknown["symbols"], json!(["NSE:NO SUCH THING"]));
    feed.until("an index", |message| message["symbol"] == "NSE:NIFTY50-INDEX" && message["kind"] == "quote");
    let first = feed.until("a price", |message| message["symbol"] == SBIN && message["kind"] == "quote");
    feed.until("another price", |message| {
        message["symbol"] == SBIN && message["kind"] == "quote" && message["ltp"] != first["ltp"]
    });

    let bot = Bot::of(&home, &keeper);
    let tokens = bot.post("/data/symbol-token", json!({"symbols": [SBIN, "NSE:NO SUCH THING"]}));
    assert_eq!(
        (&tokens["s"], &tokens["invalidSymbol"]),
        (&json!("ok"), &json!(["NSE:NO SUCH THING"])),
        "{tokens}"
    );
    let token = tokens["validSymbol"][SBIN].as_str().unwrap();
    let mut hsm = Socket::hsm(&home, &keeper, &[&format!("sf|nse_cm|{}", &token[10..])]);
    hsm.until_ltp(|ltp| ltp > 0);

    // What the socket tells and what the books show.
    for _ in 0..3 {
        bot.buy(SBIN);
    }
    let positions = bot.get("/api/v3/positions").body;
    let net = positions["netPositions"][0]["netQty"].clone();
    feed.until("the position of the books", |message| message["position"]["net_qty"] == net);
    let book = bot.get("/api/v3/orders").body;
    for row in book["orderBook"].as_array().unwrap() {
        let told: Vec<Value> = feed.seen.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        let last = told.iter().rfind(|message: &&Value| message["order"]["id"] == row["id"]).unwrap();
        assert_eq!(
            (&last["order"]["org_ord_status"], &last["order"]["qty_filled"]),
            (&row["status"], &row["filledQty"])
        );
    }
}

#[test]
fn simulated_orders_fill_at_prices_of_the_data_socket() {
    let (home, keeper) = with_token("sandbox");
    let (mut feed, hello) = Socket::feed(&home, &keeper);
    assert_eq!(hello["mode"], "sandbox");
    feed.send(FOLLOW);
    feed.send(ORDERS);
    feed.until("the snapshot", |message| message["origin"] == "live");
    let bot = Bot::of(&home, &keeper);
    let placed = bot.post(
        "/api/v3/orders/sync",
        json!({"symbol": SBIN, "qty": 1, "type": 1, "side": 1, "productType": "CNC", "limitPrice": 780.0,
            "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false}),
    );
    let id = placed["id"].as_str().unwrap_or_else(|| panic!("{placed}")).to_owned();
    home.sim.inject(FaultRule::forever(endpoint::QUOTES, Fault::Html { status: 503 }));
    home.sim.set_price(SBIN, 777.25);
    let trade = feed.until("the fill", |message| message["trade"]["id"] == id);
    assert_eq!((&trade["venue"], &trade["trade"]["price_traded"]), (&json!("mock"), &json!(780)), "{trade}");
}

#[test]
fn a_key_below_live_hears_nothing_of_orders_at_fyers() {
    let (home, keeper) = live();
    let answer = home.run(&["key", "add", "--json", "trial", "--mode", "sandbox"]).exits(0).json();
    let token = answer["token"].as_str().unwrap();
    let mut trial = Socket::try_open(&keeper, "/feed", None).unwrap();
    trial.send(&json!({"type": "auth", "key": token}).to_string());
    let hello = trial.until("the hello", |message| message["type"] == "hello");
    assert_eq!(hello["mode"], "sandbox", "as its requests are answered");
    let mut headed = Socket::try_open(&keeper, "/feed", Some(&format!("Bearer {token}"))).unwrap();
    let (mut owner, hello) = Socket::feed(&home, &keeper);
    assert_eq!(hello["mode"], "live");
    for socket in [&mut trial, &mut headed, &mut owner] {
        socket.send(ORDERS);
        socket.until("the subscription", |message| message["type"] == "subscribed");
    }
    wait_for("the order socket", || (followed(&home, SocketKind::Orders) == 1).then_some(()));
    let real = Bot::of(&home, &keeper).buy(SBIN).body["id"].as_str().unwrap().to_owned();
    owner.until("the real order", |message| message["order"]["id"] == real);
    // What a bot is sent keeps its order: an event of the real order would be there before this one.
    let simulated = Bot::with_token(&keeper, token).buy(SBIN).body["id"].as_str().unwrap().to_owned();
    for socket in [&mut trial, &mut headed] {
        socket.until("its own order", |message| message["order"]["id"] == simulated);
        assert!(!socket.seen.iter().any(|text| text.contains(&format!("\"{real}\""))), "{:?}", socket.seen);
    }
}
