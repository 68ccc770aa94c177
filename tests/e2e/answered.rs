//! Requests that FYERS has answered, of whatever kind, before the keeper could read what they have done: the token dies, the
//! program ends and starts again, and no exit of what is real is simulated.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    live_positions::{Live, answer, is_refused},
    support::{Home, Keeper, block_on, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const FUT: &str = "NSE:NIFTY26NOVFUT";
const ANYTHING: &str = "it is not known yet what your last order did at FYERS";

fn order(symbol: &str, quantity: i64, product: &str) -> Value {
    json!({"symbol": symbol, "qty": quantity.abs(), "type": 2, "side": quantity.signum(), "productType": product,
        "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
}

fn live() -> Live {
    let live = Live::start(None);
    live.home.sim.set_price(FUT, 100.0);
    live
}

/// From now on no reading of FYERS' books comes to an end.
fn hide_the_books(home: &Home) {
    for path in [endpoint::ORDERS, endpoint::POSITIONS] {
        home.sim.inject(FaultRule::forever(Scope::exact(path).method("GET"), Fault::Hang));
    }
}

/// Buys, and waits until the keeper knows what is open.
fn holds(live: &Live, symbol: &str, quantity: i64) {
    let told = live.bot.place(order(symbol, quantity, "INTRADAY"));
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    // The order is settled when readings come at their usual pace.
    let before = live.readings();
    live.wait_readings(before, 3);
}

/// FYERS takes this request, and nobody reads anything of it before the token is dead.
fn sends_unread(live: &Live, (method, path, body): (Method, &str, Value)) {
    hide_the_books(&live.home);
    let told = live.bot.ask(method, path, Some(body));
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    live.lose_the_token();
}

fn starts_again((home, keeper): (&Home, Keeper), with_sigterm: bool) -> (Keeper, Bot) {
    if with_sigterm {
        assert!(keeper.stop().success());
    } else {
        keeper.kill9();
    }
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    let bot = Bot::of(home, &keeper);
    (keeper, bot)
}

fn is_simulated(told: &Told) {
    assert_eq!((told.venue.as_str(), &told.body["code"]), ("mock", &json!(1101)), "{}", told.body);
}

/// Refused before and after a restart, and told where a person looks.
fn is_protected(live: Live, exit: &Value, why: &str, with_sigterm: bool) -> (Home, Keeper, Bot) {
    is_refused(&live.bot.place(exit.clone()), why);
    let Live { home, keeper, .. } = live;
    let (keeper, bot) = starts_again((&home, keeper), with_sigterm);
    is_refused(&bot.place(exit.clone()), why);
    let open = keeper.status()["open_at_fyers"].as_str().unwrap_or_default().to_owned();
    assert!(open.contains("not read yet") || open.contains("is not known"), "{open}");
    (home, keeper, bot)
}

/// After a login the books are read; then that token dies too.
fn is_read((home, keeper): (&Home, Keeper)) -> (Keeper, Bot) {
    home.sim.clear_faults();
    let before = home.sim.call_count(endpoint::POSITIONS).total;
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let pasted = json!({"pasted": home.sim.mint(TokenKind::AuthCode)});
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let login = client.post(keeper.url("/api/login/complete")).bearer_auth(key.trim()).json(&pasted);
    assert!(block_on(async { login.send().await.unwrap().status().is_success() }));
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    wait_for("readings", || (home.sim.call_count(endpoint::POSITIONS).total >= before + 3).then_some(()));
    keeper.wait_status("read", |status| {
        let open = status["open_at_fyers"].as_str().unwrap_or_default();
        !open.contains("not read yet") && !open.contains("is not known")
    });
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    assert_eq!(Bot::of(home, &keeper).get("/api/v3/funds").mode, "mock");
    starts_again((home, keeper), false)
}

#[test]
fn a_conversion_that_was_answered_and_not_read_protects_over_a_restart() {
    for with_sigterm in [false, true] {
        let live = live();
        holds(&live, FUT, 75);
        let body = json!({"symbol": format!("{FUT}-INTRADAY"), "positionSide": 1, "convertQty": 75,
            "convertFrom": "INTRADAY", "convertTo": "MARGIN"});
        sends_unread(&live, (Method::POST, "/api/v3/positions", body));
        let exit = order(FUT, -75, "MARGIN");
        let (home, keeper, bot) = is_protected(live, &exit, ANYTHING, with_sigterm);
        is_refused(&bot.order(SBIN, 1), ANYTHING);

        let (_keeper, bot) = is_read((&home, keeper));
        is_refused(&bot.place(exit), "it would reduce your live position of 75 NSE:NIFTY26NOVFUT");
        is_simulated(&bot.order(SBIN, 1));
    }
}

#[test]
fn an_async_order_that_was_answered_and_not_read_protects_its_symbol_over_a_restart() {
    for with_sigterm in [false, true] {
        let live = live();
        sends_unread(&live, (Method::POST, "/api/v3/orders/async", order(SBIN, 10, "INTRADAY")));
        let why = "an order in NSE:SBIN-EQ at FYERS may have filled";
        let exit = order(SBIN, -10, "INTRADAY");
        let (home, keeper, bot) = is_protected(live, &exit, why, with_sigterm);
        is_simulated(&bot.order("NSE:TCS-EQ", 1));

        let (_keeper, bot) = is_read((&home, keeper));
        is_refused(&bot.place(exit), "it would reduce your live position of 10 NSE:SBIN-EQ");
    }
}

#[test]
fn whatever_was_answered_and_not_read_protects_over_a_restart() {
    let legs = json!({"productType": "MARGIN", "offlineOrder": false, "orderType": "2L", "validity": "IOC", "legs": {
        "leg1": {"symbol": FUT, "qty": 75, "side": 1, "type": 1, "limitPrice": 110},
        "leg2": {"symbol": "NSE:NIFTY26NOV26000CE", "qty": 75, "side": -1, "type": 1, "limitPrice": 200}}});
    let basket = json!([order(SBIN, 10, "INTRADAY"), order("NSE:INFY-EQ", 5, "INTRADAY")]);
    for (request, exit, why) in [
        ((Method::POST, "/api/v3/multileg/orders/sync", legs), order(FUT, -75, "MARGIN"), ANYTHING),
        (
            (Method::POST, "/api/v3/multi-order/sync", basket),
            order("NSE:INFY-EQ", -5, "INTRADAY"),
            "an order in NSE:INFY-EQ at FYERS may have filled",
        ),
        (
            (Method::DELETE, "/api/v3/positions", json!({"exit_all": 1})),
            order(SBIN, -10, "INTRADAY"),
            "it would reduce your live position of 10 NSE:SBIN-EQ",
        ),
    ] {
        println!("{} {}", request.0, request.1);
        let live = live();
        if request.0 == Method::DELETE {
            holds(&live, SBIN, 10);
        }
        sends_unread(&live, request);
        is_protected(live, &exit, why, false);
    }
}

/// Each answer says that nothing is open, and somewhere that something is: ten, opened in the app.
#[test]
fn positions_that_contradict_themselves_are_not_taken_for_none() {
    let row = |fields: Value| {
        let mut row = json!({"symbol": SBIN, "id": format!("{SBIN}-INTRADAY"), "productType": "INTRADAY",
            "netQty": 0, "netAvg": 800.5, "realized_profit": 0, "ltp": 801});
        row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        row
    };
    let under = |status: u16, (code, open): (i64, i64), rows: Vec<Value>| {
        let overall = json!({"count_total": open, "count_open": open});
        let body = json!({"s": "ok", "code": code, "message": "", "netPositions": rows, "overall": overall});
        Fault::Json { status, body }
    };
    let all = |code: i64, open: i64, rows: Vec<Value>| under(200, (code, open), rows);
    let is_open = row(json!({"qty": 10, "side": 1, "buyQty": 10, "sellQty": 0}));
    let is_bought = row(json!({"qty": 0, "side": 0, "buyQty": 10, "sellQty": 0}));
    for (fault, why) in [
        (all(-50, 0, vec![]), "that the keeper could not read"),
        (all(200, 1, vec![]), "that the keeper could not read"),
        (under(206, (200, 0), vec![]), "that the keeper could not read"),
        (all(200, 1, vec![is_open]), "you have a position in NSE:SBIN-EQ that the keeper could not read"),
        (all(200, 1, vec![is_bought]), "you have a position in NSE:SBIN-EQ that the keeper could not read"),
    ] {
        println!("{fault:?}, from the start");
        let live = Live::start(Some(&fault));
        live.lose_the_token();
        let told = live.bot.order(SBIN, -10);
        let words = told.body["message"].as_str().unwrap_or_default();
        assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
        assert!(words.contains(why) || words.contains("your live positions are not known"), "{words}");

        println!("{fault:?}, after nothing was open");
        let live = Live::start(None);
        let before = live.readings();
        answer(&live.home, &fault);
        live.bot.order("NSE:TCS-EQ", 1);
        live.wait_readings(before, 2);
        live.lose_the_token();
        let told = live.bot.order(SBIN, -10);
        assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
        let Live { home, keeper, .. } = live;
        let (_keeper, bot) = starts_again((&home, keeper), false);
        let told = bot.order(SBIN, -10);
        assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    }
}

/// FYERS has told of an order that waits, in a row that cannot be read: what is known is not all.
#[test]
fn an_order_book_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    for (field, status) in
        [("side", 200), ("symbol", 200), ("id", 200), ("qty", 200), ("productType", 200), ("", 206)]
    {
        println!("{field} {status}");
        let live = Live::start(None);
        let mut row = json!({"id": "26112300000001", "symbol": SBIN, "side": 1, "qty": 10, "remainingQuantity": 10,
            "filledQty": 0, "productType": "INTRADAY", "status": 6, "type": 1, "limitPrice": 780});
        row[field] = Value::Null;
        let rows = if status == 200 { vec![row] } else { vec![] };
        let body = json!({"s": "ok", "code": 200, "message": "", "orderBook": rows});
        let scope = Scope::exact(endpoint::ORDERS).method("GET");
        live.home.sim.inject(FaultRule::forever(scope, Fault::Json { status, body }));
        let before = live.readings();
        live.bot.order("NSE:TCS-EQ", 1);
        live.wait_readings(before, 2);
        live.lose_the_token();
        let is_refused_here = |bot: &Bot| {
            let told = bot.order(SBIN, -10);
            assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
        };
        is_refused_here(&live.bot);
        let Live { home, keeper, .. } = live;
        let (_keeper, bot) = starts_again((&home, keeper), false);
        is_refused_here(&bot);
    }
}
