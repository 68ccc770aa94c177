//! Orders whose answers were lost: found whenever FYERS' order book shows them, and nobody else's is taken for one.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    card::{press_through, trade, wait_card},
    support::{Home, Keeper, wait_for},
    unconfirmed::is_on_disk,
};

const SBIN: &str = "NSE:SBIN-EQ";

fn live() -> (Home, String) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    (home, token)
}

fn start(home: &Home) -> Keeper {
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    keeper
}

fn on_orders(method: &str) -> Scope {
    let path = if method == "GET" { endpoint::ORDERS } else { endpoint::ORDERS_SYNC };
    Scope::exact(path).method(method)
}

/// The newest row of `orders`, once its search says this.
fn wait_known(home: &Home, known: &str) -> Value {
    wait_for(known, || {
        let rows = home.run(&["orders", "--json"]).exits(0).json()["orders"].clone();
        rows.as_array()?.first().filter(|row| row["unanswered"]["known"] == known).cloned()
    })
}

#[test]
fn an_order_that_enters_the_book_after_the_search_is_told_when_a_bot_reads_the_book() {
    let (home, _) = live();
    let keeper = start(&home);
    let empty = json!({"s": "ok", "code": 200, "message": "", "orderBook": []});
    home.sim.inject(FaultRule::forever(on_orders("GET"), Fault::Json { status: 200, body: empty }));
    home.sim.inject(FaultRule::once(on_orders("POST"), Fault::LostAnswer));
    // The clocks of the two lives are apart; a tag tells the order all the same.
    assert_eq!(Bot::of(&home, &keeper).tagged(SBIN, 10, "t1").body["code"], 201, "nobody knows");
    wait_known(&home, "not_found");
    home.wait_alert("it is not in FYERS' order book");
    // An alert of which the keeper does not know yet that it has arrived is sent once more by the next life.
    keeper.wait_status("an empty outbox", |status| status["outbox"]["waiting"] == 0);
    keeper.kill9();
    // A reading that begins more than two minutes after the order ends the search.
    home.jump("2026-11-23T12:10:00");
    let keeper = start(&home);
    home.sim.clear_faults();
    let book = Bot::of(&home, &keeper).get("/api/v3/orders");
    assert_eq!(book.venue, "fyers");
    let id = book.body["orderBook"][0]["id"].as_str().unwrap();
    assert_eq!(wait_known(&home, "found")["id"], id);
    let found = home.wait_alert("FYERS' order book has it");
    assert!(found.contains(&format!("{id}: buy 10 {SBIN}")), "the row is named: {found}");
    let told = home.alerts().iter().filter(|alert| alert.contains("answer lost")).count();
    assert_eq!(told, 2, "{:#?}", home.alerts());
}

/// A person places an equal order half a minute after the bot's, and FYERS' order book shows that one first.
#[test]
fn a_persons_equal_order_is_not_taken_for_the_bots_and_the_bots_own_is_told_when_it_comes() {
    let (home, _) = live();
    home.sim.set_price("NSE:INFY-EQ", 1_500.0);
    let keeper = start(&home);
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order("NSE:INFY-EQ", 10).body["code"], 1101);
    let known = bot.get("/api/v3/orders").body["orderBook"][0].clone();
    let stamp = |row: &Value| {
        let text = row["orderDateTime"].as_str().unwrap();
        chrono::NaiveDateTime::parse_from_str(text, "%d-%b-%Y %H:%M:%S").unwrap()
    };
    let later = stamp(&known) + chrono::TimeDelta::seconds(40);
    let mut persons = known.clone();
    persons["id"] = json!("26112300009999");
    persons["symbol"] = json!(SBIN);
    persons["orderDateTime"] = json!(later.format("%d-%b-%Y %H:%M:%S").to_string());
    let book = json!({"s": "ok", "code": 200, "message": "", "orderBook": [known, persons]});
    home.sim.inject(FaultRule::forever(on_orders("GET"), Fault::Json { status: 200, body: book }));
    home.sim.inject(FaultRule::once(on_orders("POST"), Fault::LostAnswer));
    assert_eq!(bot.order(SBIN, 10).body["code"], 201, "nobody knows");
    let alert = home.wait_alert("this may be it: 26112300009999: buy 10 NSE:SBIN-EQ");
    assert!(alert.contains("or one of your own"), "{alert}");
    assert_eq!(wait_known(&home, "look_yourself")["id"], Value::Null, "it is nobody's");

    home.sim.clear_faults();
    let own = home.sim.state().orders.into_iter().find(|order| order["symbol"] == SBIN).unwrap();
    home.wait_alert(&format!("{}: buy 10 {SBIN}", own["id"].as_str().unwrap()));
    let told = home.alerts().iter().filter(|alert| alert.contains("answer lost")).count();
    assert_eq!(told, 2, "{:#?}", home.alerts());
}

/// FYERS refuses the token, and has taken the order all the same.
#[test]
fn an_order_that_fyers_took_while_it_refused_the_token_is_told_once_a_token_works() {
    let (home, _) = live();
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let page = format!("http://127.0.0.1:{}", home.port);
    let home = home.set("KEEPER_PUBLIC_URL", page).set("KEEPER_MOCK_PRICES", "walk");
    let keeper = start(&home);
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    let answered = Fault::Answered { status: 401, body: dead.clone() };
    home.sim.inject(FaultRule::once(on_orders("POST"), answered));
    let profile = Scope::exact(endpoint::PROFILE);
    home.sim.inject(FaultRule::forever(profile, Fault::Json { status: 401, body: dead }));
    let bot = Bot::of(&home, &keeper);
    let order = bot.order(SBIN, 10);
    assert_eq!((order.venue.as_str(), order.mode.as_str()), ("mock", "mock"), "{}", order.body);
    let own = home.sim.state().orders[0]["id"].as_str().unwrap().to_owned();
    home.sim.clear_faults();
    press_through(&wait_card(&home).buttons().into_iter().find_map(|button| button.url).unwrap());
    let alert = home.wait_alert("refused with the token, and may be at FYERS");
    assert!(alert.contains(&format!("{own}: buy 10 {SBIN}")), "{alert}");
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 1, "it was not sent again");
}

/// FYERS refuses one order with a token that it takes for everything else, and has taken the order.
#[test]
fn an_order_that_fyers_took_while_it_refused_a_good_token_is_told() {
    let (home, _) = live();
    let keeper = start(&home);
    let body = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    home.sim.inject(FaultRule::once(on_orders("POST"), Fault::Answered { status: 401, body }));
    let order = Bot::of(&home, &keeper).order(SBIN, 10);
    is_unknown(&order);
    let words = order.body["message"].as_str().unwrap();
    assert!(words.contains("Could not authenticate the user"), "FYERS' words too: {words}");
    let own = home.sim.state().orders[0]["id"].as_str().unwrap().to_owned();
    let alert = home.wait_alert("Order sent, answer lost");
    assert!(alert.contains(&format!("{own}: buy 10 {SBIN}")), "{alert}");
    assert!(!home.alerts().iter().any(|alert| alert.contains("not in the market")), "{:#?}", home.alerts());
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 1, "it was not sent again");
}

/// The answer of an order of which nobody knows, and never a refusal.
fn is_unknown(told: &Told) {
    assert_eq!(
        (told.status, told.venue.as_str(), told.mode.as_str()),
        (200, "fyers", "live"),
        "{}",
        told.body
    );
    assert_eq!(
        (&told.body["s"], &told.body["code"], &told.body["id"]),
        (&json!("ok"), &json!(201), &json!(""))
    );
    assert!(told.body["message"].as_str().unwrap().contains("outcome is not known"), "{}", told.body);
}

/// The exit of a real position is refused with a dead token, and FYERS has taken it: the bot must not take it for undone.
#[test]
fn an_exit_that_fyers_refuses_with_a_dead_token_may_be_there_and_the_bot_hears_so() {
    let (home, token) = live();
    let keeper = start(&home);
    trade(&home, &token, SBIN, 10);
    let bot = Bot::of(&home, &keeper);
    // What differs is read again.
    bot.get("/api/v3/positions");
    wait_for("the position on disk", || is_on_disk(&home, SBIN).then_some(()));
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    home.sim.inject(FaultRule::once(on_orders("POST"), Fault::Answered { status: 401, body: dead.clone() }));
    home.sim
        .inject(FaultRule::forever(Scope::exact(endpoint::PROFILE), Fault::Json { status: 401, body: dead }));
    is_unknown(&bot.order(SBIN, -10));
    let alert = home.wait_alert("Order refused with the token, and may be at FYERS: sell 10");
    assert!(alert.contains("FYERS may have it or not"), "{alert}");
    assert_eq!(
        home.sim.call_count(endpoint::ORDERS_SYNC).total,
        2,
        "a person's and this one: not sent again"
    );
    let again = bot.order(SBIN, -10);
    assert_eq!((again.status, again.venue.as_str()), (400, "none"), "nothing more goes out: {}", again.body);
}

/// The same with the order's id in the answer: then nothing is simulated either.
#[test]
fn an_error_about_the_token_that_names_an_order_proves_nothing() {
    let (home, _) = live();
    let keeper = start(&home);
    let body = json!({"s": "error", "code": -16, "message": "Could not authenticate the user", "id": "26112300000001"});
    home.sim.inject(FaultRule::once(on_orders("POST"), Fault::Answered { status: 401, body }));
    let order = Bot::of(&home, &keeper).order(SBIN, 10);
    assert_eq!((order.venue.as_str(), &order.body["code"]), ("fyers", &json!(201)), "{}", order.body);
    home.wait_alert("FYERS' order book has it");
}

#[test]
fn an_equal_order_that_a_person_has_placed_before_is_not_the_bots() {
    let (home, token) = live();
    let keeper = start(&home);
    let bot = Bot::of(&home, &keeper);
    trade(&home, &token, SBIN, 10);
    let readings = || home.sim.call_count(endpoint::ORDERS).total;
    let before = readings();
    assert_eq!(bot.get("/api/v3/positions").body["netPositions"][0]["netQty"], 10);
    // What differs is read again; the reading after that begins when this one has been learnt.
    wait_for("two readings", || (readings() >= before + 2).then_some(()));
    home.sim.inject(FaultRule::once(on_orders("POST"), Fault::Reset));
    assert_eq!(bot.order(SBIN, 10).body["code"], 201, "nobody knows");
    let rows = wait_for("the verdict", || {
        let rows = home.run(&["orders", "--json"]).exits(0).json()["orders"].clone();
        (rows[0]["unanswered"]["known"] != "looked_for").then_some(rows)
    });
    assert_eq!(rows[0]["unanswered"]["known"], "not_found", "{rows:#}");
    assert_eq!(home.sim.state().orders.len(), 1, "the person's");
}
