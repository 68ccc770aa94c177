//! The gateway's door and the `orders` verb of the real program.

use serde_json::Value;
use simulator::RefreshMode;

use crate::support::{Home, get, get_with_key, wait_for};

#[test]
fn the_verb_asks_the_running_keeper() {
    let home = Home::with_app(RefreshMode::Disabled);
    let nobody = home.run(&["orders"]).exits(69);
    assert!(nobody.err.contains("no keeper answers on"), "{nobody:?}");
    home.run(&["orders", "--limit", "0"]).exits(2);

    let _keeper = home.start_ready();
    assert!(home.run(&["orders", "--json", "--limit", "3"]).exits(0).json()["orders"].is_array());
    assert!(!home.run(&["orders"]).exits(0).out.is_empty());
}

#[test]
fn bots_come_in_with_the_key_and_are_told_where_their_answer_is_from() {
    let home = Home::with_app(RefreshMode::Disabled);
    let keeper = home.start_ready();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    for (path, code) in [("/api/v3/profile", -16), ("/data/quotes?symbols=NSE:SBIN-EQ", -15)] {
        let (status, body) = get(&keeper.url(path)).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["s"], &body["code"]), (401, &"error".into(), &code.into()));
        let (status, body) = get_with_key(&keeper.url(path), key.trim()).unwrap();
        assert_ne!(status, 401, "{body}");
    }
    assert!(
        home.sim.calls().iter().all(|call| !call.path.starts_with("/data")),
        "without a token nothing goes out"
    );
    assert!(!keeper.log().contains(key.trim()), "the key is in the log");
}

#[test]
fn the_table_fits_a_terminal_and_tells_what_a_trader_looks_for() {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    let bot = crate::bot::Bot::of(&home, &keeper);
    bot.buy("NSE:SBIN-EQ");
    bot.buy("NSE:\u{1b}[31mNOSUCH");
    let text = home.run(&["orders"]).exits(0).out;
    let row = text.lines().find(|line| line.contains("NSE:SBIN-EQ")).unwrap_or_else(|| panic!("{text}"));
    for word in ["23 Nov 11:", "BUY", "10", "filled", "mock"] {
        assert!(row.contains(word), "no {word}: {row}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert!(!row.contains("market"), "it is known at what price: {row}");
}

#[test]
fn an_order_at_fyers_is_told_as_filled_once_the_keeper_has_read_it() {
    let (home, keeper) = crate::halt::live(None);
    let bot = crate::bot::Bot::of(&home, &keeper);
    home.sim.set_price("NSE:SBIN-EQ", 801.5);
    assert_eq!(bot.order("NSE:SBIN-EQ", 6).venue, "fyers");
    let row = wait_for("the fill", || {
        let text = home.run(&["orders"]).exits(0).out;
        text.lines().find(|line| line.contains("filled")).map(str::to_owned)
    });
    assert!(row.contains("801.50") && row.contains("fyers"), "{row}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    let orders = page.split("id=\"orders\"").nth(1).unwrap();
    assert!(orders.contains("at ₹801.50") && orders.contains(">filled<"), "{orders}");
}

/// What hides in a text or commands a terminal: C0, C1, marks of direction, line separators, characters without width.
const HIDDEN: [char; 16] = [
    '\u{7}',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{61c}',
    '\u{200b}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{feff}',
    '\u{e0041}',
];

#[track_caller]
fn nothing_hidden(place: &str, text: &str) {
    let found = text.chars().find(|c| HIDDEN.contains(c) || (c.is_control() && !matches!(c, '\n' | '\t')));
    assert_eq!(found, None, "in {place}: {text:?}");
}

#[test]
fn nothing_hidden_goes_out_raw() {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).set("KEEPER_LOG", "trace");
    let keeper = home.start_ready();
    let bot = crate::bot::Bot::of(&home, &keeper);
    let odd: String = HIDDEN.iter().flat_map(|c| [*c, 'x']).collect();
    let symbol = format!("NSE:{odd}");
    bot.buy(&symbol);
    let tagged = serde_json::json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": odd,
        "orderTag": odd});
    bot.place(tagged);
    // What is refused by a halt is logged with its symbol.
    home.run(&["key", "halt", "default"]).exits(0);
    bot.buy(&symbol);
    keeper.wait_logged("order.refused");
    for verb in ["orders", "positions", "pnl", "status", "key list"] {
        for json in [&["--json"][..], &[]] {
            let args: Vec<&str> = verb.split(' ').chain(json.iter().copied()).collect();
            nothing_hidden(&format!("{args:?}"), &home.run(&args).text());
        }
    }
    let told = home.run(&["orders", "--json"]).exits(0);
    let symbols: Vec<Value> =
        told.json()["orders"].as_array().unwrap().iter().map(|order| order["symbol"].clone()).collect();
    assert!(symbols.contains(&Value::from(symbol)), "the text itself is the same: {symbols:?}");
    for path in ["/api/orders", "/api/status", "/api/positions", "/api/orderbook", "/metrics", "/"] {
        nothing_hidden(path, &keeper.get_with_own_key(path).unwrap().1);
    }
    let log = keeper.log();
    assert!(log.contains("\\u202e"), "the refused orders are in the log");
    nothing_hidden("the log", &log);
    nothing_hidden("standard error", &keeper.err());
}
