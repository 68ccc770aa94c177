//! Orders that FYERS rejects are news: on the phone, on the page, in the status and in the metrics.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Scope, Service, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::home,
    chat::ask,
    lagging_books::wait_readings,
    support::{Home, Keeper, wait_for},
};

const ASYNC: &str = "/api/v3/orders/async";

/// What the alerts tell: how many refused orders they stand for, and their texts.
pub(crate) fn told(home: &Home) -> (u32, Vec<String>) {
    let texts: Vec<String> =
        home.alerts().into_iter().filter(|alert| alert.contains("FYERS rejected: ")).collect();
    let times = |text: &String| {
        let stamp = text.lines().last().unwrap();
        stamp.strip_prefix('×').map_or(1, |rest| rest.split(',').next().unwrap().parse().unwrap())
    };
    (texts.iter().map(times).sum(), texts)
}

pub(crate) fn counted(keeper: &Keeper, count: usize) {
    keeper.wait_status("the count", |status| status["orders_refused_today"] == count);
    let metrics = keeper.get_with_own_key("/metrics").unwrap().1;
    assert!(metrics.contains(&format!("fyers_keeper_orders_refused_today {count}\n")), "{metrics}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    let (_, row) = page.split_once("Orders that FYERS rejected today").unwrap_or_else(|| panic!("{page}"));
    assert!(row.split("</").take(2).any(|cell| cell.ends_with(&format!(">{count}"))), "{row:.200}");
}

/// So many have been told, counted and listed, and are not told once more by a keeper that comes after a kill.
pub(crate) fn stay_told_over_a_kill(
    (home, keeper): (&Home, Keeper),
    count: usize,
    listed: impl Fn(&Keeper),
) -> Keeper {
    counted(&keeper, count);
    listed(&keeper);
    keeper.wait_status("an empty outbox", |status| status["outbox"]["waiting"] == 0);
    keeper.kill9();

    let keeper = start(home);
    counted(&keeper, count);
    listed(&keeper);
    wait_readings(home, 2);
    keeper.wait_status("an empty outbox", |status| status["outbox"]["waiting"] == 0);
    assert_eq!(told(home).0 as usize, count, "{:#?}", home.alerts());
    keeper
}

#[test]
fn twenty_refused_orders_are_told_listed_and_counted() {
    let home = home("2026-11-23T12:00:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let bot = Bot::of(&home, &keeper);
    // However long the orders take: what waits for its delivery gathers what comes meanwhile.
    home.sim.set_outage(Service::Telegram, true);
    for number in 0..20 {
        // The money that is missing differs from order to order; the reason is one.
        let message = format!("RED:Margin Shortfall:INR {}.50", 990 + number);
        let body = json!({"s": "error", "code": -99, "message": message});
        let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
        home.sim.inject(FaultRule::once(scope, Fault::Json { status: 400, body }));
        let symbol = if number % 2 == 0 { "NSE:SBIN-EQ" } else { "NSE:INFY-EQ" };
        let order = json!({"symbol": symbol, "qty": 10, "type": 1, "side": -1, "productType": "INTRADAY",
            "limitPrice": 801.5, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
        let told = bot.ask(reqwest::Method::POST, "/api/v3/orders/sync", Some(order));
        assert_eq!(
            (told.status, told.venue.as_str(), &told.body["message"]),
            (400, "fyers", &json!(message))
        );
    }
    assert!(home.sim.state().orders.is_empty());
    counted(&keeper, 20);
    home.sim.set_outage(Service::Telegram, false);
    let texts = wait_for("all twenty on the phone", || {
        let (count, texts) = told(&home);
        assert!(count <= 20, "{texts:#?}");
        (count == 20).then_some(texts)
    });
    assert!(texts.len() <= 3, "one reason is one alert, and a second one for its repeats: {texts:#?}");
    // The one that gathered most; the very last refusal may come alone behind it.
    let last = texts.iter().max_by_key(|text| text.lines().count()).unwrap();
    assert!(last.contains("Why: RED:Margin Shortfall:INR 10") && last.contains("(code -99)"), "{last}");
    let listed: Vec<&str> = last.lines().filter(|row| row.starts_with("• 12:")).collect();
    for symbol in ["NSE:SBIN-EQ", "NSE:INFY-EQ"] {
        assert!(listed.iter().any(|row| row.ends_with(&format!(" sell 10 {symbol} at ₹801.50"))), "{last}");
    }
    assert!(home.sim.telegram_messages().iter().any(|m| m.text == *last && !m.silent), "it has a sound");
    ask(&home, "/status", "FYERS rejected 20 orders today: /orders and the page list them");
    // FYERS' order book has none of them.
    let listed = ask(&home, "/orders", "Rejected by FYERS outright").text;
    assert!(listed.starts_with("🧾 No orders today at FYERS"), "{listed}");
    assert_eq!(listed.matches(" sell 10 NSE:").count(), 15, "{listed}");
    assert!(listed.ends_with("and 5 more: see the status page or the command line"), "{listed}");
    keeper.kill9();
    counted(&home.start_ready(), 20);
}

pub(crate) fn live() -> (Home, Keeper) {
    let home = home("2026-11-23T12:00:00").set("FYERS_SANDBOX", "false");
    for symbol in ["NSE:INFY-EQ", "NSE:TCS-EQ"] {
        home.sim.set_price(symbol, 800.0);
    }
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = start(&home);
    (home, keeper)
}

pub(crate) fn start(home: &Home) -> Keeper {
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    keeper
}

fn limit(symbol: &str, tag: &str) -> Value {
    let mut order = json!({"symbol": symbol, "qty": 10, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 700.5,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    if !tag.is_empty() {
        order["orderTag"] = json!(tag);
    }
    order
}

/// From now on FYERS' order book has all that is in it now, as its risk checks leave it.
pub(crate) fn reject_all(home: &Home, bot: &Bot) {
    let mut book = bot.body("/api/v3/orders")["orderBook"].clone();
    for row in book.as_array_mut().unwrap() {
        (row["status"], row["remainingQuantity"]) = (json!(5), json!(0));
        row["message"] = json!("RED:RULE:{Check circuit limit}");
    }
    let body = json!({"s": "ok", "code": 200, "message": "", "orderBook": book});
    let scope = Scope::exact(endpoint::ORDERS).method("GET");
    home.sim.inject(FaultRule::forever(scope, Fault::Json { status: 200, body }));
}

/// Its checks and the exchange come after its answer, so this is how most rejects come.
#[test]
fn orders_that_fyers_takes_and_rejects_later_are_told_listed_and_counted_once() {
    let (home, keeper) = live();
    let added = home.run(&["key", "add", "--json", "scalper", "--mode", "live"]).exits(0).json();
    let scalper = added["token"].as_str().unwrap();
    let (first, scalper) = (Bot::of(&home, &keeper), Bot::with_key(&keeper, scalper));
    for (bot, symbol) in [(&first, "NSE:SBIN-EQ"), (&first, "NSE:INFY-EQ"), (&scalper, "NSE:SBIN-EQ")] {
        assert_eq!(bot.place(limit(symbol, "")).body["code"], 1101);
    }
    reject_all(&home, &first);
    // The books are read after it.
    assert_eq!(first.place(limit("NSE:TCS-EQ", "")).body["code"], 1101);
    counted(&keeper, 3);
    let texts = wait_for("all three on the phone", || {
        let (count, texts) = told(&home);
        (count == 3).then_some(texts)
    });
    for text in &texts {
        assert!(text.contains("Why: RED:RULE:{Check circuit limit}\n"), "{text}");
        assert!(text.contains("FYERS had taken it first") && !text.contains("own answer"), "{text}");
    }
    let all = texts.join("\n");
    assert!(
        all.contains("buy 10 NSE:SBIN-EQ at ₹700.50") && all.contains("buy 10 NSE:INFY-EQ at ₹700.50"),
        "{all}"
    );
    assert!(texts.iter().any(|text| text.contains("Bot: scalper")), "{all}");
    ask(&home, "/status", "FYERS rejected 3 orders today: /orders and the page list them");
    let listed = |keeper: &Keeper| {
        let table = home.run(&["orders"]).exits(0).out;
        assert_eq!(table.matches(" rejected fyers").count(), 3, "{table}");
        assert_eq!(table.matches("RED:RULE:{Check circuit limit}").count(), 3, "{table}");
        let page = keeper.get_with_own_key("/").unwrap().1;
        assert_eq!(page.matches("rejected: RED:RULE:{Check circuit limit}").count(), 3, "{page}");
    };
    stay_told_over_a_kill((&home, keeper), 3, listed);
}

#[test]
fn an_order_by_the_async_path_is_known_by_its_mark_when_fyers_rejects_it() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    let queued = bot.post("/api/v3/orders/async", limit("NSE:SBIN-EQ", "a1"));
    assert_eq!((&queued["code"], &queued["id"]), (&json!(1101), &Value::Null), "{queued}");
    reject_all(&home, &bot);
    assert_eq!(bot.place(limit("NSE:TCS-EQ", "")).body["code"], 1101);
    counted(&keeper, 1);
    home.wait_alert("FYERS rejected: buy 10 NSE:SBIN-EQ at ₹700.50");
    let table = home.run(&["orders"]).exits(0).out;
    assert!(table.lines().any(|row| row.contains(" BUY ") && row.contains(" rejected fyers")), "{table}");
}

#[test]
fn an_order_by_the_async_path_whose_answer_was_lost_is_found_by_its_mark() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    home.sim.inject(FaultRule::once(Scope::exact(ASYNC).method("POST"), Fault::LostAnswer));
    let lost = bot.post(ASYNC, limit("NSE:SBIN-EQ", "a1"));
    assert_eq!(lost["code"], 201, "nobody knows: {lost}");
    let id = home.sim.state().orders[0]["id"].as_str().unwrap().to_owned();
    let alert = home.wait_alert("FYERS' order book has it");
    assert!(alert.contains(&format!("{id}: buy 10 NSE:SBIN-EQ")), "{alert}");
    // Without a mark nothing tells it from another one that FYERS has answered without an id.
    home.sim.inject(FaultRule::once(Scope::exact(ASYNC).method("POST"), Fault::LostAnswer));
    bot.post(ASYNC, limit("NSE:INFY-EQ", ""));
    home.wait_alert("look at orders and positions in the FYERS app yourself");
    let table = home.run(&["orders"]).exits(0).out;
    let row = |symbol: &str| table.lines().find(|row| row.contains(symbol)).unwrap().to_owned();
    assert!(row("NSE:SBIN-EQ").contains(" BUY ") && row("NSE:SBIN-EQ").contains(" found "), "{table}");
    assert!(row("NSE:INFY-EQ").contains(" BUY ") && row("NSE:INFY-EQ").contains(" unknown "), "{table}");
}

#[test]
fn what_is_refused_without_a_token_is_not_called_simulated() {
    let home = home("2026-11-23T12:00:00").set("KEEPER_ON_TOKEN_LOSS", "reject");
    let keeper = home.start_ready();
    keeper.wait_status("mock", |status| status["mode"] == "mock");
    let bot = Bot::of(&home, &keeper);
    let refused = bot.order("NSE:SBIN-EQ", 10);
    assert_eq!((refused.status, refused.venue.as_str()), (400, "none"), "{}", refused.body);
    let words = "rders are refused until there is a good token";
    let shown = home.run(&["status"]).out;
    let page = keeper.get_with_own_key("/").unwrap().1;
    for text in [&shown, &page, &ask(&home, "/mode", words).text] {
        assert!(text.contains(words), "{text}");
        assert!(
            !text.contains("No order goes to FYERS") && !text.contains("everything is simulated"),
            "{text}"
        );
    }
}
