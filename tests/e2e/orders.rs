//! The gateway's door and the `orders` verb of the real program.

use serde_json::Value;
use simulator::RefreshMode;

use crate::support::{Home, get, get_with_key};

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
    for word in ["23 Nov 11:", "BUY", "10", "market", "accepted", "mock"] {
        assert!(row.contains(word), "no {word}: {row}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}
