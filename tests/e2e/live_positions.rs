//! What is open at FYERS is known however it came about, and what is not known protects: no exit of a real position is
//! ever simulated.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    card::buy,
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const INFY: &str = "NSE:INFY-EQ";

/// A live keeper with the token it uses.
pub(crate) struct Live {
    pub(crate) home: Home,
    pub(crate) keeper: Keeper,
    pub(crate) token: String,
    pub(crate) bot: Bot,
}

impl Live {
    /// At noon; the positions are answered like this from the start, or as they are.
    pub(crate) fn start(positions: Option<&Fault>) -> Self {
        let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
        // Simulated orders need prices of their own while there is no token.
        let home = home.set("KEEPER_MOCK_PRICES", "walk");
        home.sim.set_price(INFY, 1_500.0);
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        positions.into_iter().for_each(|fault| answer(&home, fault));
        let keeper = home.start_ready();
        keeper.wait_status("live", |status| status["mode"] == "live");
        let bot = Bot::of(&home, &keeper);
        let live = Self { home, keeper, token, bot };
        live.wait_readings(0, 1);
        live
    }

    pub(crate) fn readings(&self) -> u64 {
        self.home.sim.call_count(endpoint::POSITIONS).total
    }

    /// Waits for so many readings of the positions beyond `before`.
    pub(crate) fn wait_readings(&self, before: u64, more: u64) {
        wait_for("a reading of the positions", || (self.readings() >= before + more).then_some(()));
    }

    /// A limit order far below the price: it waits at FYERS.
    fn buy_below(&self, quantity: u32, limit: f64) {
        let order = json!({"symbol": SBIN, "qty": quantity, "type": 1, "side": 1, "productType": "INTRADAY",
            "limitPrice": limit, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
        let told = self.bot.ask(reqwest::Method::POST, "/api/v3/orders/sync", Some(order));
        assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    }

    /// FYERS ends the token, and a request of the bot meets it.
    pub(crate) fn lose_the_token(&self) {
        assert!(self.home.sim.kill(&self.token));
        assert_eq!(self.bot.get("/api/v3/funds").mode, "mock");
    }

    /// An order of the bot that FYERS takes.
    pub(crate) fn sends(&self, symbol: &str, quantity: i64) {
        let told = self.bot.order(symbol, quantity);
        assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    }

    pub(crate) fn refuses(&self, symbol: &str, quantity: i64, why: &str) {
        is_refused(&self.bot.order(symbol, quantity), why);
    }
}

pub(crate) fn answer(home: &Home, positions: &Fault) {
    home.sim.inject(FaultRule::forever(Scope::exact(endpoint::POSITIONS).method("GET"), positions.clone()));
}

pub(crate) fn is_refused(told: &Told, why: &str) {
    let words = told.body["message"].as_str().unwrap_or_default();
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    assert!(words.contains(why) && words.contains("refused, not simulated"), "{words}");
}

fn row(symbol: &str, net: &Value, product: &Value) -> Value {
    json!({"symbol": symbol, "id": format!("{symbol}-INTRADAY"), "netQty": net, "productType": product, "netAvg": 800.5,
        "side": 1, "qty": net, "realized_profit": 0, "unrealized_profit": 0, "pl": 0, "ltp": 801})
}

fn book(rows: &[Value]) -> Fault {
    Fault::Json { status: 200, body: json!({"s": "ok", "code": 200, "message": "", "netPositions": rows}) }
}

#[test]
fn a_position_in_whatever_writing_is_protected_when_the_token_dies() {
    let good = || row(INFY, &json!(3), &json!("INTRADAY"));
    for (net, product) in [
        (json!(5.0), json!("INTRADAY")),
        (json!("5"), json!("INTRADAY")),
        (json!(5), json!("CO")),
        (json!(5), json!("BO")),
        (json!(5), Value::Null),
        (Value::Null, json!("INTRADAY")),
    ] {
        let case = format!("netQty {net}, productType {product}");
        println!("{case}");
        let live = Live::start(Some(&book(&[row(SBIN, &net, &product), good()])));
        live.keeper.wait_status(&case, |status| status["positions_known"] == "known");
        live.lose_the_token();
        live.refuses(SBIN, -5, SBIN);
        live.refuses(INFY, -3, "it would reduce your live position of 3 NSE:INFY-EQ");
        let other = live.bot.order("NSE:TCS-EQ", 1);
        assert_eq!((other.venue.as_str(), &other.body["code"]), ("mock", &json!(1101)), "{}", other.body);
    }
}

#[test]
fn an_answer_that_cannot_be_read_leaves_what_was_known_and_never_means_none() {
    let error = json!({"s": "error", "code": -99, "message": "try again", "netPositions": []});
    for fault in [
        Fault::Json { status: 200, body: error },
        Fault::Json { status: 503, body: json!({"s": "error", "code": -503, "message": "down"}) },
        Fault::Html { status: 503 },
    ] {
        println!("{fault:?}, after the positions were known");
        let live = Live::start(None);
        live.sends(SBIN, 5);
        let before = live.readings();
        live.wait_readings(before, 2);
        answer(&live.home, &fault);
        // An order makes the keeper look again.
        live.sends(INFY, 1);
        let before = live.readings();
        live.wait_readings(before, 2);
        live.lose_the_token();
        live.refuses(SBIN, -5, "it would reduce your live position of 5 NSE:SBIN-EQ");
        live.refuses(INFY, -1, "an order in NSE:INFY-EQ at FYERS may have filled");

        println!("{fault:?}, from the start");
        let live = Live::start(Some(&fault));
        live.keeper.wait_status("not known", |status| status["positions_known"] == "unknown");
        live.lose_the_token();
        live.refuses("NSE:TCS-EQ", 1, "your live positions are not known");
    }
}

#[test]
fn a_position_opened_in_the_fyers_app_is_known_a_while_later() {
    let live = Live::start(None);
    live.keeper.wait_status("no position", |status| status["positions_known"] == "known");
    buy(&live.home, &live.token, SBIN, 10);
    // Nothing but time makes the keeper look.
    let before = live.readings();
    live.wait_readings(before, 2);
    live.lose_the_token();
    live.refuses(SBIN, -10, "it would reduce your live position of 10 NSE:SBIN-EQ");
}

#[test]
fn an_order_that_fills_after_its_answer_is_looked_at_until_it_has() {
    let live = Live::start(None);
    live.buy_below(10, 700.0);
    let before = live.readings();
    live.wait_readings(before, 1);
    home_price(&live, 699.0);
    let before = live.readings();
    live.wait_readings(before, 2);
    live.lose_the_token();
    live.refuses(SBIN, -10, "it would reduce your live position of 10 NSE:SBIN-EQ");
}

fn home_price(live: &Live, price: f64) {
    live.home.sim.set_price(SBIN, price);
    let orders = live.home.sim.state().orders;
    assert!(orders.iter().any(|order| order["filledQty"] == 10), "{orders:?}");
}

#[test]
fn an_order_that_may_have_filled_since_the_token_died_is_no_entry_to_simulate_after_a_kill_too() {
    let live = Live::start(None);
    live.buy_below(10, 700.0);
    let before = live.readings();
    live.wait_readings(before, 2);
    // The order that the keeper has not seen in any book yet: its reading fails.
    answer(&live.home, &Fault::Html { status: 503 });
    live.sends(INFY, 2);
    live.lose_the_token();
    let is_protected = |bot: &Bot| {
        is_refused(&bot.order(SBIN, -10), "an order in NSE:SBIN-EQ at FYERS may have filled");
        is_refused(&bot.order(INFY, -2), "an order in NSE:INFY-EQ at FYERS may have filled");
    };
    is_protected(&live.bot);
    let Live { home, keeper, .. } = live;
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("mock", |status| status["session"]["state"] == "login_required");
    let bot = Bot::of(&home, &keeper);
    is_protected(&bot);
}

#[test]
fn without_a_token_the_page_names_what_is_open_at_fyers() {
    let live = Live::start(None);
    live.sends(SBIN, 5);
    let before = live.readings();
    live.wait_readings(before, 2);
    live.lose_the_token();
    let page = live.keeper.get_with_own_key("/").unwrap().1;
    let open =
        page.split("id=\"open-at-fyers\"").nth(1).expect("the real position").split("</p>").next().unwrap();
    assert!(
        open.contains("At FYERS, with real money, when last read at")
            && open.contains("5\u{a0}<span class=\"symbol\">NSE:SBIN-EQ<"),
        "{open}"
    );
    assert!(open.contains("cannot manage it until there is a token"), "{open}");
    assert!(
        page.contains("Orders that could close what is open at FYERS are refused, all others are"),
        "{page}"
    );
}

/// The memory of a keeper that has traded can be lost; the token in the settings tells that there was one.
#[test]
fn a_keeper_whose_state_was_lost_simulates_nothing_until_the_positions_were_read() {
    let live = Live::start(None);
    live.sends(SBIN, 10);
    let Live { home, keeper, token, .. } = live;
    keeper.kill9();
    std::fs::remove_dir_all(home.path("state")).unwrap();
    assert!(home.sim.kill(&token));
    let unknown = |home: &Home| {
        let keeper = home.start_ready();
        let status = keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
        assert_eq!((&status["mode"], &status["positions_known"]), (&json!("mock"), &json!("unknown")));
        for symbol in [SBIN, INFY] {
            is_refused(&Bot::of(home, &keeper).order(symbol, -10), "your live positions are not known");
        }
        keeper
    };
    unknown(&home).kill9();
    // A second start has a memory, and the doubt is in it.
    let keeper = unknown(&home);
    assert!(keeper.stop().success());
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("known", |status| status["mode"] == "live" && status["positions_known"] == "known");
    assert!(home.sim.kill(&token));
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    is_refused(&bot.order(SBIN, -10), "it would reduce your live position");
    assert_eq!(bot.order(INFY, -10).venue, "mock");
}

/// Whoever has never had a token starts with nothing open.
#[test]
fn a_first_start_without_a_token_simulates() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    let status = keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    assert_eq!(status["positions_known"], "never", "{status:#}");
    assert_eq!(Bot::of(&home, &keeper).order(SBIN, -10).venue, "mock");
}
