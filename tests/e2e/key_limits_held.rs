//! What a bot with limits may try to get round them: an exit that waits while the position goes, a loss that is realised by
//! somebody else's order, a price that comes back.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::endpoint;

use crate::{
    bot::{Bot, Told},
    keys::{SBIN, add, home, live, refused, row, taken},
    support::{Home, wait_for},
};

pub(crate) fn order(quantity: i64, price: i64, product: &str) -> Value {
    json!({"symbol": SBIN, "qty": quantity.abs(), "type": if price == 0 { 2 } else { 1 }, "side": quantity.signum(),
        "productType": product, "limitPrice": price, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
}

pub(crate) fn close(bot: &Bot) -> Told {
    let body = json!({"id": format!("{SBIN}-INTRADAY")});
    bot.ask(Method::DELETE, "/api/v3/positions", Some(body))
}

/// The account's open position at FYERS, of a product.
fn held(bot: &Bot, product: &str) -> i64 {
    let rows = bot.get("/api/v3/positions").body["netPositions"].clone();
    let is_it = |one: &&Value| one["symbol"] == SBIN && one["productType"] == product;
    rows.as_array().unwrap().iter().find(is_it).map_or(0, |one| one["netQty"].as_i64().unwrap())
}

/// Until FYERS' books were read some seconds after an order: they show what came of it, and nothing is on its way.
pub(crate) fn wait_read(home: &Home) {
    let readings = || home.sim.call_count(endpoint::POSITIONS).total;
    let before = readings();
    wait_for("readings of the books", || (readings() >= before + 3).then_some(()));
}

/// Until this key lets no entry through because of its loss.
fn wait_stopped(home: &Home, name: &str) {
    let is_stopped = || row(home, name)["limits_reached"].as_array().unwrap().contains(&json!("loss"));
    wait_for("the loss to be known", || is_stopped().then_some(()));
}

pub(crate) fn closed(told: &Told) {
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
}

#[test]
fn no_exit_of_positions_and_no_conversion_leaves_an_exit_behind_that_would_be_an_entry() {
    let home = home();
    let keeper = live(&home);
    let owner = Bot::of(&home, &keeper);
    let small = Bot::with_token(&keeper, &add(&home, &["small", "--max-order-value", "1000"]));
    taken(&owner.place(order(10, 0, "INTRADAY")), "fyers");
    wait_read(&home);
    let exit = small.place(order(-10, 820, "INTRADAY"));
    taken(&exit, "fyers");
    wait_read(&home);
    let waits = "an order that closes this position waits already";
    refused(&close(&small), waits);
    let convert = json!({"symbol": format!("{SBIN}-INTRADAY"), "positionSide": 1, "convertQty": 10,
        "convertFrom": "INTRADAY", "convertTo": "MARGIN"});
    refused(&small.ask(Method::POST, "/api/v3/positions", Some(convert.clone())), waits);
    refused(&small.place(order(-10, 820, "INTRADAY")), waits);
    // Small entries that close the position would make an entry of the large exit.
    refused(&small.place(order(-1, 801, "INTRADAY")), waits);
    let cancelled = small.ask(Method::DELETE, "/api/v3/orders/sync", Some(json!({"id": exit.body["id"]})));
    assert_eq!(cancelled.venue, "fyers", "{}", cancelled.body);
    wait_for("the conversion to pass", || {
        let told = small.ask(Method::POST, "/api/v3/positions", Some(convert.clone()));
        (told.venue == "fyers").then_some(())
    });
    assert_eq!((held(&owner, "INTRADAY"), held(&owner, "MARGIN")), (0, 10));
    // Not before the books were read again is the position in its new product known.
    refused(&small.place(order(-10, 820, "INTRADAY")), "max-order-value");
    wait_for("the exit to pass", || (small.place(order(-10, 820, "MARGIN")).venue == "fyers").then_some(()));
    let everything = json!({"exit_all": 1, "pending_orders_cancel": 1});
    wait_for("the exit of everything to pass", || {
        let told = small.ask(Method::DELETE, "/api/v3/positions", Some(everything.clone()));
        (told.venue == "fyers").then(|| closed(&told))
    });
    assert_eq!(held(&owner, "MARGIN"), 0);
}

#[test]
fn a_loss_that_somebody_elses_order_realises_is_the_bots_and_holds_until_tomorrow() {
    let home = home();
    let keeper = live(&home);
    let token = add(&home, &["loser", "--max-loss", "100"]);
    let loser = Bot::with_token(&keeper, &token);
    taken(&loser.order(SBIN, 10), "fyers");
    wait_read(&home);
    home.sim.set_price(SBIN, 780.0);
    closed(&close(&loser));
    wait_stopped(&home, "loser");
    home.sim.set_price(SBIN, 800.0);
    refused(&loser.order(SBIN, 1), "max-loss");
    home.wait_alert("Bot loser: its loss limit of the day is reached");
    assert!(home.run(&["key", "list"]).exits(0).out.contains("at limit"));
    keeper.kill9();
    let keeper = live(&home);
    refused(&Bot::with_token(&keeper, &token).order(SBIN, 1), "max-loss");
}

#[test]
fn a_loss_that_has_been_reached_holds_when_the_price_comes_back() {
    let home = home();
    let keeper = live(&home);
    let token = add(&home, &["loser", "--max-loss", "100"]);
    let loser = Bot::with_token(&keeper, &token);
    taken(&loser.order(SBIN, 10), "fyers");
    wait_read(&home);
    home.sim.set_price(SBIN, 780.0);
    wait_for("the loss to be known", || {
        let told = loser.order(SBIN, 1);
        (told.venue == "none").then(|| refused(&told, "has lost INR"))
    });
    home.sim.set_price(SBIN, 900.0);
    // What was heard of the price before counts for five seconds.
    let words = "whatever has become of it since; exits pass";
    wait_for("the new price", || {
        let told = loser.order(SBIN, 1);
        assert_eq!(told.venue, "none", "{}", told.body);
        told.body["message"].as_str().unwrap().contains(words).then_some(())
    });
    keeper.kill9();
    let keeper = live(&home);
    let loser = Bot::with_token(&keeper, &token);
    refused(&loser.order(SBIN, 1), "max-loss");
    assert_eq!(row(&home, "loser")["limits_reached"], json!(["loss"]));
    wait_for("the exit to pass", || (loser.order(SBIN, -10).venue == "fyers").then_some(()));
}

#[test]
fn a_gtt_order_with_a_largest_loss_is_refused_in_words() {
    let home = home();
    let keeper = live(&home);
    let loser = Bot::with_token(&keeper, &add(&home, &["loser", "--max-loss", "100"]));
    let gtt = json!({"side": 1, "symbol": SBIN, "productType": "MARGIN",
        "orderInfo": {"leg1": {"price": 812, "triggerPrice": 805, "qty": 20}}});
    let place = |body: &Value| loser.ask(Method::POST, "/api/v3/gtt/orders/sync", Some(body.clone()));
    refused(&place(&gtt), "FYERS does not tell whose GTT order has filled");
    let mut delivery = gtt.clone();
    (delivery["side"], delivery["productType"]) = (json!(-1), json!("CNC"));
    delivery["orderInfo"]["leg1"] = json!({"price": 790, "triggerPrice": 795, "qty": 1});
    assert_eq!(place(&delivery).venue, "fyers", "a sale of shares passes");
}

#[test]
fn a_contract_of_many_units_is_worth_all_of_them() {
    let gold = "MCX:GOLD26DECFUT";
    let home = home();
    let known = json!({gold: {"segment": 20, "tickSize": 1, "minLotSize": 1, "qtyMultiplier": 100, "expiryDate": "1796428600"},
        SBIN: {"segment": 10, "tickSize": 0.05, "minLotSize": 1}});
    std::fs::write(home.path("master.json"), known.to_string()).unwrap();
    let home = home.set("KEEPER_SYMBOL_MASTER", "master.json");
    home.sim.set_price(gold, 72_256.0);
    let keeper = live(&home);
    let bot = Bot::with_token(&keeper, &add(&home, &["gold", "--max-order-value", "100000"]));
    let buy = |symbol: &str| {
        let mut body = order(1, 72_256, "MARGIN");
        body["symbol"] = json!(symbol);
        bot.place(body)
    };
    refused(&buy(gold), "is worth INR 72,25,600.00");
    refused(
        &buy("MCX:GOLD27FEBFUT"),
        "no symbol master tells how many units one of MCX:GOLD27FEBFUT stands for",
    );
}
