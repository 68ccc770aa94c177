//! GTT and smart orders wait at FYERS where no reading of the order book shows them, and execute there without a token.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{RefreshMode, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const INFY: &str = "NSE:INFY-EQ";

/// How such an order is placed and cancelled.
struct Way {
    place: (&'static str, fn(&str) -> Value),
    cancel: (&'static str, &'static str),
    kind: &'static str,
}

fn live() -> (Home, Keeper, String) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", "false").set("KEEPER_MOCK_PRICES", "walk");
    home.sim.set_price(INFY, 1_500.0);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    (home, keeper, token)
}

fn acknowledged(told: &Told) -> String {
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    told.body["id"].as_str().unwrap().to_owned()
}

/// Until the books were read some seconds after all that was sent: it is in no reading, and nothing is on its way.
fn wait_readings(home: &Home) {
    let readings = || home.sim.call_count(endpoint::POSITIONS).total;
    let before = readings();
    wait_for("readings of the books", || (readings() >= before + 4).then_some(()));
}

fn goes_on_being_protected(bot: &Bot, kind: &str) {
    for quantity in [-10, 10] {
        let told = bot.order(SBIN, quantity);
        let words = told.body["message"].as_str().unwrap_or_default();
        assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
        assert!(
            words.contains(&format!("a {kind} of yours for {SBIN} may have executed at FYERS")),
            "{words}"
        );
        assert!(words.contains("refused, not simulated"), "{words}");
    }
    let cancelled = bot.order(INFY, -1);
    assert_eq!(
        (cancelled.venue.as_str(), &cancelled.body["code"]),
        ("mock", &json!(1101)),
        "{}",
        cancelled.body
    );
}

fn protects_until_it_is_cancelled(way: &Way) {
    let (home, keeper, token) = live();
    let bot = Bot::of(&home, &keeper);
    let ((place, body), (cancel, name)) = (way.place, way.cancel);
    acknowledged(&bot.ask(Method::POST, place, Some(body(SBIN))));
    let other = acknowledged(&bot.ask(Method::POST, place, Some(body(INFY))));
    acknowledged(&bot.ask(Method::DELETE, cancel, Some(json!({ name: other }))));
    wait_readings(&home);
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    goes_on_being_protected(&bot, way.kind);
    let open = format!("+10 {SBIN} (a {} that waits)", way.kind);
    let switched = home.wait_alert("Orders are simulated now");
    assert!(switched.contains(&open) && !switched.contains("Nothing was open"), "{switched}");

    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    goes_on_being_protected(&Bot::of(&home, &keeper), way.kind);
    let status = keeper.status().to_string();
    assert!(status.contains(&open), "{status}");
}

#[test]
fn no_exit_is_simulated_beside_a_gtt_order_that_waits_at_fyers() {
    protects_until_it_is_cancelled(&Way {
        place: ("/api/v3/gtt/orders/sync", |symbol| {
            json!({"side": 1, "symbol": symbol, "productType": "MARGIN",
                "orderInfo": {"leg1": {"price": 9_010, "triggerPrice": 9_000, "qty": 10}}})
        }),
        cancel: ("/api/v3/gtt/orders/sync", "id"),
        kind: "GTT order",
    });
}

#[test]
fn no_exit_is_simulated_beside_a_smart_order_that_waits_at_fyers() {
    protects_until_it_is_cancelled(&Way {
        place: ("/api/v3/smart-order/limit", |symbol| {
            json!({"side": 1, "symbol": symbol, "productType": "INTRADAY", "qty": 10, "limitPrice": 700,
                "orderType": 1, "stopPrice": 0, "validity": "DAY"})
        }),
        cancel: ("/api/v3/smart-order/cancel", "flowId"),
        kind: "smart order",
    });
}
