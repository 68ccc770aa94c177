//! Orders of several legs that FYERS answers as taken, with one id, and of which it rejects legs afterwards, and those that it
//! refuses at once.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Scope, endpoint};

use crate::{
    bot::Bot,
    chat::ask,
    lagging_books::wait_readings,
    rejects::{live, stay_told_over_a_kill, told},
    support::{Home, Keeper, wait_for},
};

const PATH: &str = "/api/v3/multileg/orders/sync";
const FUT: &str = "NSE:NIFTY26NOVFUT";
const CALL: &str = "NSE:NIFTY26NOV26000CE";
const WHY: &str = "RED:Margin Shortfall later";
const ID: &str = "26112388888801";

fn order(tag: Option<&str>) -> Value {
    let leg = |symbol: &str, side: i64, price: f64| json!({"symbol": symbol, "qty": 75, "side": side, "type": 1, "limitPrice": price});
    let mut order = json!({"productType": "MARGIN", "offlineOrder": false, "orderType": "2L", "validity": "IOC",
        "legs": {"leg1": leg(FUT, 1, 26_010.5), "leg2": leg(CALL, -1, 200.25)}});
    if let Some(tag) = tag {
        order["orderTag"] = json!(tag);
    }
    order
}

/// From now on FYERS takes such an order, and its order book has the legs with these states, 5 for rejected.
fn rejects_legs(home: &Home, bot: &Bot, (tag, states): (Option<&str>, [i64; 2])) {
    let taken = json!({"s": "ok", "code": 1101, "message": "Order submitted successfully.", "id": ID});
    let scope = Scope::exact(PATH).method("POST");
    home.sim.inject(FaultRule::forever(scope, Fault::Json { status: 200, body: taken }));
    let mut book = bot.body("/api/v3/orders")["orderBook"].clone();
    let rows = book.as_array_mut().unwrap();
    let now = fyers_api::ist::ist(home.sim.now()).format("%d-%b-%Y %H:%M:%S").to_string();
    let mark = tag.map_or_else(|| "2:Untagged".to_owned(), |tag| format!("1:{tag}"));
    let legs = [(FUT, 1, 26_010.5, ID), (CALL, -1, 200.25, "26112388888802")];
    for ((symbol, side, price, id), status) in legs.into_iter().zip(states) {
        let mut row = rows[0].clone();
        for (name, value) in [
            ("id", json!(id)),
            ("symbol", json!(symbol)),
            ("productType", json!("MARGIN")),
            ("type", json!(1)),
            ("side", json!(side)),
            ("qty", json!(75)),
            ("limitPrice", json!(price)),
            ("status", json!(status)),
            ("filledQty", json!(0)),
            ("remainingQuantity", json!(0)),
            ("tradedPrice", json!(0)),
            ("message", json!(if status == 5 { WHY } else { "" })),
            ("orderTag", json!(mark)),
            ("orderDateTime", json!(now)),
        ] {
            row[name] = value;
        }
        rows.push(row);
    }
    let body = json!({"s": "ok", "code": 200, "message": "", "orderBook": book});
    let orders = Scope::exact(endpoint::ORDERS).method("GET");
    home.sim.inject(FaultRule::forever(orders, Fault::Json { status: 200, body }));
}

#[test]
fn legs_that_fyers_rejects_later_are_told_listed_and_counted_once() {
    for (tag, states) in [(None, [5, 5]), (Some("m1"), [1, 5])] {
        let (home, keeper) = live();
        let bot = Bot::of(&home, &keeper);
        assert_eq!(bot.order("NSE:SBIN-EQ", 50).body["code"], 1101);
        wait_readings(&home, 2);
        rejects_legs(&home, &bot, (tag, states));
        let taken = bot.post(PATH, order(tag));
        assert_eq!((&taken["s"], &taken["id"]), (&json!("ok"), &json!(ID)), "{taken}");
        let rejected = states.into_iter().filter(|state| *state == 5).count();
        let alert = home.wait_alert("sell 75 NSE:NIFTY26NOV26000CE at ₹200.25");
        assert!(alert.contains("FYERS rejected: ") && alert.contains(WHY), "{alert}");
        let listed = |_: &_| {
            let table = home.run(&["orders"]).exits(0).out;
            let row = |verb: &str, symbol: &str| {
                let is_it = |row: &&str| row.contains(verb) && row.contains(" 75 ") && row.contains(symbol);
                let rows: Vec<&str> = table.lines().filter(is_it).collect();
                let [row] = rows[..] else { panic!("{table}") };
                row.contains(" rejected fyers")
            };
            let states = [row(" BUY ", "26NOVFUT"), row(" SELL ", "26000CE")];
            assert_eq!(states.into_iter().filter(|is_rejected| *is_rejected).count(), rejected, "{table}");
            assert_eq!(table.matches(WHY).count(), rejected, "{table}");
        };
        stay_told_over_a_kill((&home, keeper), rejected, listed);
    }
}

/// FYERS' errors about the legs have the positive code 400, and may come under HTTP 200.
#[test]
fn legs_that_fyers_refuses_with_a_positive_code_are_told_listed_and_counted_once() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    let mut shares = order(Some("m1"));
    shares["legs"]["leg1"]["symbol"] = json!("NSE:SBIN-EQ");
    let refused = bot.ask(reqwest::Method::POST, PATH, Some(shares));
    let words = "Only NFO symbols are allowed";
    assert_eq!(
        (refused.status, refused.venue.as_str(), &refused.body["code"], &refused.body["message"]),
        (400, "fyers", &json!(400), &json!(words)),
    );
    let body = json!({"s": "error", "code": 400, "message": "Group combination not found"});
    home.sim.inject(FaultRule::once(Scope::exact(PATH).method("POST"), Fault::Json { status: 200, body }));
    let refused = bot.ask(reqwest::Method::POST, PATH, Some(order(None)));
    assert_eq!((refused.status, &refused.body["code"]), (200, &json!(400)), "{}", refused.body);
    let texts = wait_for("all four legs on the phone", || {
        let (count, texts) = told(&home);
        (count == 4).then_some(texts)
    });
    for what in
        ["buy 75 NSE:SBIN-EQ at ₹26,010.50", "buy 75 NSE:NIFTY26NOVFUT", "sell 75 NSE:NIFTY26NOV26000CE"]
    {
        assert!(texts.iter().any(|text| text.contains(what)), "{what}: {texts:#?}");
    }
    let all = texts.join("\n");
    assert!(all.contains(words) && all.contains("Group combination not found (code 400)"), "{all}");
    let listed = |keeper: &Keeper| {
        let table = home.run(&["orders"]).exits(0).out;
        assert_eq!(table.matches(" rejected fyers").count(), 4, "{table}");
        let page = keeper.get_with_own_key("/").unwrap().1;
        assert_eq!(page.matches("rejected: Group combination not found").count(), 2, "{page}");
    };
    let shown = ask(&home, "/orders", "Rejected by FYERS outright").text;
    assert_eq!(shown.matches(" 75 NSE:").count(), 4, "{shown}");
    let keeper = stay_told_over_a_kill((&home, keeper), 4, listed);
    // What is refused stands in no exit's way, and nobody has to look for it.
    assert_eq!(Bot::of(&home, &keeper).order("NSE:SBIN-EQ", 5).body["code"], 1101);
    assert!(!home.alerts().iter().any(|alert| alert.contains("FYERS app yourself")), "{:#?}", home.alerts());
}
