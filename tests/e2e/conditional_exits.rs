//! GTT and smart orders beside exits under a halt: what may come of one keeps out no exit that is safe beside it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use simulator::TokenKind;

use crate::{
    bot::{Bot, Told},
    card::trade,
    halt::{halt, live},
    lagging_books::{lags, shown, wait_readings},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const INFY: &str = "NSE:INFY-EQ";
const GTTS: &str = "/api/v3/gtt/orders";
const GTT: &str = "/api/v3/gtt/orders/sync";
/// Far less than the two minutes for which a request counts that no book shows.
const SOON: Duration = Duration::from_secs(30);

/// With ten of both, opened in the FYERS app.
fn holding() -> (Home, Keeper, Bot) {
    let (home, keeper) = live(None);
    let token = home.newest(TokenKind::Access);
    home.sim.set_price(INFY, 1_500.0);
    trade(&home, &token, SBIN, 10);
    trade(&home, &token, INFY, 10);
    let bot = Bot::of(&home, &keeper);
    (home, keeper, bot)
}

fn taken(told: &Told) -> Value {
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    told.body["id"].clone()
}

fn leg(quantity: u32) -> Value {
    json!({"leg1": {"price": 8_990, "triggerPrice": 9_000, "qty": quantity}})
}

/// A GTT order that sells, and that FYERS' book has shown.
fn waits(home: &Home, bot: &Bot) -> Value {
    let gtt = json!({"side": -1, "symbol": SBIN, "productType": "MARGIN", "orderInfo": leg(10)});
    let id = taken(&bot.ask(Method::POST, GTT, Some(gtt)));
    wait_readings(home, 3);
    id
}

fn passes_soon(bot: &Bot, symbol: &str, since: Instant) {
    wait_for("the exit", || (bot.order(symbol, -10).venue == "fyers").then_some(()));
    assert!(since.elapsed() < SOON, "{symbol}: {:?}", since.elapsed());
}

fn is_refused(bot: &Bot, symbol: &str) {
    let told = bot.order(symbol, -10);
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
}

#[test]
fn a_changed_gtt_order_that_waits_keeps_no_exit_out() {
    let (home, keeper, bot) = holding();
    let id = waits(&home, &bot);
    taken(&bot.ask(Method::PATCH, GTT, Some(json!({"id": id, "orderInfo": leg(8)}))));
    let since = Instant::now();
    halt(&home, &keeper);
    passes_soon(&bot, SBIN, since);
}

/// FYERS' book does not show the change: it may have triggered.
#[test]
fn a_changed_gtt_order_that_is_not_shown_keeps_out_the_exits_of_its_own_symbol() {
    let (home, keeper, bot) = holding();
    let id = waits(&home, &bot);
    lags(&home, &shown(&bot, &[GTTS]));
    taken(&bot.ask(Method::PATCH, GTT, Some(json!({"id": id, "orderInfo": leg(8)}))));
    let since = Instant::now();
    halt(&home, &keeper);
    is_refused(&bot, SBIN);
    passes_soon(&bot, INFY, since);
    is_refused(&bot, SBIN);
    let part = bot.order(SBIN, -2);
    assert_eq!(part.venue, "fyers", "what it leaves is closed: {}", part.body);
    home.sim.clear_faults();
    taken(&bot.ask(Method::DELETE, GTT, Some(json!({"id": id}))));
    wait_for("the exit of the rest", || (bot.order(SBIN, -8).venue == "fyers").then_some(()));
}

#[test]
fn a_smart_order_keeps_out_the_exits_of_its_own_symbol_alone() {
    let (home, keeper, bot) = holding();
    let smart = json!({"side": 1, "symbol": INFY, "productType": "INTRADAY", "qty": 10, "limitPrice": 700,
        "orderType": 1, "stopPrice": 0, "validity": "DAY"});
    taken(&bot.ask(Method::POST, "/api/v3/smart-order/limit", Some(smart)));
    let since = Instant::now();
    halt(&home, &keeper);
    passes_soon(&bot, SBIN, since);
    is_refused(&bot, INFY);
}
