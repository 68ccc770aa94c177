//! Limits of keys through the real program: what is refused before it leaves, and what passes.

use serde_json::json;
use simulator::{Fault, FaultRule, endpoint};

use crate::{
    bot::Bot,
    keys::{SBIN, add, home, live, orders_at_fyers, refused, taken},
    support::{Home, Keeper, block_on, get_with_key, wait_for},
};

/// Until FYERS' order book has shown the fill. A price stands beside the position then, but none of the last five seconds.
fn wait_filled(home: &Home) {
    let is_filled = || home.run(&["orders"]).exits(0).out.contains("filled");
    wait_for("the fill to be known", || is_filled().then_some(()));
}

#[test]
fn limits_are_checked_before_an_order_leaves_and_exits_pass() {
    let home = home();
    let keeper = live(&home);
    let token = |args: &[&str]| Bot::with_token(&keeper, &add(&home, args));
    let viewer = token(&["viewer", "--read-only"]);
    refused(&viewer.buy(SBIN), "may only read");
    assert_eq!(viewer.get("/api/v3/orders").status, 200);

    let small = token(&["small", "--max-order-value", "5000"]);
    refused(&small.order(SBIN, 10), "is worth INR 8,000.00");
    taken(&small.order(SBIN, 5), "fyers");
    let order = small.get("/api/v3/orders").body["orderBook"][0]["id"].clone();
    let larger = json!({"id": order, "qty": 100});
    refused(&small.ask(reqwest::Method::PATCH, "/api/v3/orders/sync", Some(larger)), "max-order-value");

    // A limit order that is made a market order is worth the market's price.
    let resting = small.place(json!({"symbol": SBIN, "qty": 7, "type": 1, "side": 1, "productType": "CNC",
        "limitPrice": 700, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false}));
    taken(&resting, "fyers");
    let at_market = json!({"id": resting.body["id"], "type": 2});
    refused(&small.ask(reqwest::Method::PATCH, "/api/v3/orders/sync", Some(at_market)), "max-order-value");

    let few = token(&["few", "--mode", "sandbox", "--max-orders-per-day", "2"]);
    taken(&few.order(SBIN, 1), "mock");
    taken(&few.order(SBIN, 1), "mock");
    refused(&few.order(SBIN, 1), "max-orders-per-day is 2");
    refused(&few.order(SBIN, 1), "max-orders-per-day is 2");
    taken(&few.order(SBIN, -2), "mock");

    let careful = token(&["careful", "--mode", "sandbox", "--max-loss", "500"]);
    taken(&careful.order(SBIN, 10), "mock");
    home.sim.set_price(SBIN, 740.0);
    // A market order fills a tick beyond the last price: 10 shares, 60 INR and a tick of 0.10 each. The price at which it
    // filled counts for five seconds; then the keeper asks, and nobody else does. One more share changes little.
    let lost = "today, and its key's max-loss is INR 500.00";
    wait_for("the loss to be known", || {
        let told = careful.order(SBIN, 1);
        (told.venue == "none").then(|| refused(&told, lost))
    });
    taken(&careful.order(SBIN, -10), "mock");
    refused(&careful.order(SBIN, 1), lost);

    let list = home.run(&["key", "list"]).exits(0).out;
    for words in ["orders used up: its entries are refused", "loss limit reached: its entries are refused"] {
        assert!(list.contains(words) && list.matches("at limit").count() == 2, "{list}");
    }
    let keys = home.run(&["key", "list", "--json"]).exits(0).json()["keys"].clone();
    let of = |name: &str| keys.as_array().unwrap().iter().find(|key| key["name"] == name).cloned().unwrap();
    assert_eq!(of("careful")["limits_reached"], json!(["loss"]));
    assert_eq!(of("small")["limits_reached"], json!([]));

    assert_eq!(orders_at_fyers(&home), 2, "nothing that was refused left the keeper");
    for words in [
        "Bot few: its number of orders a day is reached",
        "Bot careful: its loss limit of the day is reached",
    ] {
        home.wait_alert(words);
        assert_eq!(home.alerts().iter().filter(|alert| alert.contains(words)).count(), 1, "told once a day");
    }
}

/// A series of the bot, whatever else its labels say; its value.
fn series(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let begins = format!("fyers_keeper_{name}{{");
    let line =
        text.lines().find(|line| line.starts_with(&begins) && labels.iter().all(|one| line.contains(one)));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

#[test]
fn a_bot_reads_what_it_has_used_of_its_limits_and_what_has_refused_it() {
    let home = home();
    let keeper = live(&home);
    let limits = ["--max-order-value", "5000", "--max-orders-per-day", "2", "--max-loss", "500"];
    let few = [["few", "--mode", "sandbox"].as_slice(), &limits].concat();
    let token = add(&home, &few);
    let few = Bot::with_token(&keeper, &token);
    add(&home, &["second", "--max-orders-per-day", "9"]);
    let waiting = few
        .place(json!({"symbol": SBIN, "qty": 1, "type": 1, "side": 1, "productType": "INTRADAY",
        "limitPrice": 790, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false}));
    taken(&waiting, "mock");
    refused(&few.order(SBIN, 10), "max-order-value");
    let larger = json!({"id": waiting.body["id"], "qty": 100});
    refused(&few.ask(reqwest::Method::PATCH, "/api/v3/orders/sync", Some(larger)), "max-order-value");
    taken(&few.order(SBIN, 1), "mock");
    refused(&few.order(SBIN, 1), "max-orders-per-day is 2");

    let told = |path: &str| get_with_key(&keeper.url(path), &token).unwrap().1;
    let keys = serde_json::from_str::<serde_json::Value>(&told("/api/status")).unwrap()["keys"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 1, "its own key alone: {keys}");
    let own = &keys[0];
    assert_eq!((&own["name"], &own["orders_today"]), (&json!("few"), &json!(2)));
    assert_eq!((&own["max_orders_per_day"], &own["orders_left_today"]), (&json!(2), &json!(0)));
    assert_eq!((&own["max_loss_inr"], &own["max_order_value_inr"]), (&json!(500.0), &json!(5000.0)));
    assert!(own["result_today_inr"].is_f64() && own["loss_left_today_inr"].is_f64(), "{own}");
    assert_eq!(own["limits_reached"], json!(["orders_per_day"]));

    let text = told("/metrics");
    for (name, labels, value) in [
        ("key_orders_today", ["bot=\"few\"", "", ""], Some(2.0)),
        ("key_orders_per_day_limit", ["bot=\"few\"", "", ""], Some(2.0)),
        ("key_loss_per_day_limit_rupees", ["bot=\"few\"", "", ""], Some(500.0)),
        ("key_order_value_limit_rupees", ["bot=\"few\"", "", ""], Some(5_000.0)),
        ("key_refusals_total", ["limit=\"order_value\"", "request=\"order\"", "few"], Some(1.0)),
        ("key_refusals_total", ["limit=\"order_value\"", "request=\"change\"", "few"], Some(1.0)),
        ("key_refusals_total", ["limit=\"orders_per_day\"", "request=\"order\"", "few"], Some(1.0)),
        ("key_orders_per_day_limit", ["bot=\"second\"", "", ""], None),
    ] {
        assert_eq!(series(&text, name, &labels), value, "{name} {labels:?}: {text}");
    }
    let all = keeper.get_with_own_key("/metrics").unwrap().1;
    assert_eq!(series(&all, "key_orders_per_day_limit", &["bot=\"second\""]), Some(9.0));
    assert_eq!(series(&all, "key_loss_per_day_limit_rupees", &["bot=\"second\""]), None, "no such limit");
    assert_eq!(keeper.status()["keys"].as_array().unwrap().len(), 3, "the owner's and both");
}

#[test]
fn a_live_bots_loss_at_fyers_is_its_own() {
    let home = home();
    let keeper = live(&home);
    let careful = Bot::with_token(&keeper, &add(&home, &["careful", "--max-loss", "500"]));
    let main = Bot::with_token(&keeper, &add(&home, &["main", "--max-loss", "500"]));
    taken(&careful.order(SBIN, 10), "fyers");
    wait_filled(&home);
    home.sim.set_price(SBIN, 740.0);
    // Nobody asks for the price but the keeper itself.
    refused(&careful.order(SBIN, 1), "has lost INR 600.00 today");
    taken(&main.order(SBIN, 1), "fyers");
    taken(&careful.order(SBIN, -10), "fyers");
}

#[test]
fn a_loss_that_cannot_be_known_stops_entries_and_lets_exits_pass() {
    let home = home();
    let keeper = live(&home);
    let careful = Bot::with_token(&keeper, &add(&home, &["careful", "--max-loss", "500"]));
    taken(&careful.order(SBIN, 10), "fyers");
    wait_filled(&home);
    home.sim.inject(FaultRule::forever(endpoint::QUOTES, Fault::EmptyBody { status: 503 }));
    refused(&careful.order(SBIN, 1), "the price of NSE:SBIN-EQ, which it holds, is not known now");
    refused(&careful.order("NSE:IDEA-EQ", 1), "its loss of today is not known; entries wait, exits pass");
    let sent = orders_at_fyers(&home);
    taken(&careful.order(SBIN, -10), "fyers");
    assert_eq!(orders_at_fyers(&home), sent + 1);
    home.sim.clear_faults();
    taken(&careful.order(SBIN, 1), "fyers");
}

#[test]
fn a_field_that_comes_twice_never_reaches_fyers() {
    let home = home();
    let keeper = live(&home);
    let (small, free) = (add(&home, &["small", "--max-order-value", "5000"]), add(&home, &["free"]));
    let resting = Bot::with_token(&keeper, &small)
        .place(json!({"symbol": SBIN, "qty": 1, "type": 1, "side": 1, "productType": "INTRADAY",
        "limitPrice": 700, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false}));
    taken(&resting, "fyers");
    let id = &resting.body["id"];
    let calls = || {
        home.sim.calls().iter().filter(|call| call.method != "GET" && call.path.starts_with("/api/")).count()
    };
    let before = calls();
    let gtt = format!(
        r#"{{"side":1,"symbol":"{SBIN}","productType":"CNC","orderInfo":{{"leg1":{{"price":700,"triggerPrice":701,"qty":1,"qty":999}}}}}}"#
    );
    let bodies = [
        ("PATCH", "/api/v3/orders/sync", format!(r#"{{"id":{id},"qty":1,"qty":999}}"#)),
        ("PATCH", "/api/v3/orders/sync", format!(r#"{{"id":{id},"QTY":999}}"#)),
        ("PATCH", "/api/v3/multi-order/sync", format!(r#"[{{"id":{id},"qty":1,"qty":999}}]"#)),
        (
            "POST",
            "/api/v3/orders/sync",
            format!(r#"{{"symbol":"{SBIN}","qty":1,"qty":999,"type":2,"side":1,"productType":"CNC"}}"#),
        ),
        ("POST", "/api/v3/multileg/orders/sync", r#"{"legs":{"leg1":{"qty":1,"qty":999}}}"#.to_owned()),
        ("POST", "/api/v3/gtt/orders/sync", gtt.clone()),
        ("PATCH", "/api/v3/gtt/orders/sync", gtt),
        ("PUT", "/api/v3/positions", r#"{"symbol":"NSE:SBIN-EQ","convertQty":1,"convertQty":9}"#.to_owned()),
    ];
    for token in [&small, &free] {
        for (method, path, body) in &bodies {
            let (status, answer) = raw(&keeper, method, path, token, body);
            assert_eq!(status, 400, "{method} {path} {body}: {answer}");
            assert!(
                answer.contains("a field comes twice") && answer.contains("-50"),
                "{method} {path}: {answer}"
            );
        }
    }
    // A program that cannot read on there sees no second field; one that can does.
    for hidden in [r#"1e400"#, r#""\ud800""#, &format!("{}{}", "[".repeat(200), "]".repeat(200))] {
        let body = format!(
            r#"{{"symbol":"{SBIN}","qty":1,"type":2,"side":1,"productType":"CNC","x":{hidden},"QTY":999}}"#
        );
        for token in [&small, &free] {
            let (status, answer) = raw(&keeper, "POST", "/api/v3/orders/sync", token, &body);
            assert_eq!(status, 400, "{body}: {answer}");
            assert!(answer.contains("must be JSON") && answer.contains("-50"), "{answer}");
        }
    }
    assert_eq!(calls(), before, "nothing of it left");
}

fn raw(keeper: &Keeper, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = client.request(method, keeper.url(path)).header("authorization", format!("X:{key}"));
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}
