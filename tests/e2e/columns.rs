//! Whatever a verb prints fits the terminal, and nothing of it is cut.

use serde_json::json;
use simulator::{Options, RefreshMode};

use crate::{
    bot::Bot,
    support::{Home, Ran},
};

/// Columns on a terminal: pictures take two.
fn columns(line: &str) -> usize {
    let column = |c: char| match c {
        '\u{fe0f}' => 0,
        '\u{1f000}'.. | '\u{2705}' | '\u{274c}' => 2,
        _ => 1,
    };
    line.chars().map(column).sum()
}

/// All lines fit; one word alone is a link or a key, to be copied whole, and the log is for programs where it is no terminal.
#[track_caller]
pub(crate) fn fits(text: &str, most: usize) {
    for line in text.lines() {
        let is_whole =
            !line.trim().contains(' ') || (line.starts_with('{') && line.contains("\"timestamp\""));
        assert!(is_whole || columns(line) <= most, "{} columns: {line}\nin:\n{text}", columns(line));
    }
}

const VERBS: [&[&str]; 19] = [
    &["config", "check"],
    &["doctor"],
    &["check"],
    &["refresh"],
    &["status"],
    &["orders"],
    &["positions"],
    &["pnl"],
    &["key", "list"],
    &["key", "show"],
    &["key", "show", "a-bot-with-a-long-name-2"],
    &["key", "add", "a-bot-with-a-long-name-2"],
    &["calendar", "list"],
    &["calendar", "next"],
    &["calendar", "check", "2026-11-24"],
    &["healthcheck"],
    &["restore", "no-such-file"],
    &["--help"],
    &["key", "add", "--help"],
];

fn redirect() -> String {
    format!("https://keeper.example.com/{}", "a-long-way/".repeat(10))
}

/// Settings whose values are long, and an order whose refusal is.
fn long_home() -> Home {
    let home = Home::at("2026-11-23T11:02:00", RefreshMode::Disabled).set("FYERS_REDIRECT_URI", redirect());
    home.append_env("FYERS_CLIENT_IDD=1\nKEEPER_ON_TOKEN_LOS=mock\n");
    home
}

fn all(home: &Home) -> Vec<(String, Ran)> {
    VERBS.iter().map(|verb| (verb.join(" "), home.run(verb))).collect()
}

fn wide(home: Home, columns: &str) -> Home {
    home.set("COLUMNS", columns)
}

#[test]
fn every_verb_fits_80_columns() {
    let home = wide(long_home(), "80");
    // First where no keeper runs, then beside one.
    for (_, ran) in all(&home) {
        fits(&ran.text(), 80);
    }
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let order = |symbol: &str, qty: i64| json!({"symbol": symbol, "qty": qty, "type": 2, "side": 1, "productType": "INTRADAY", "validity": "DAY"});
    for (symbol, qty) in [("NSE:BANKNIFTY26NOV59000CE", 35), ("NSE:SBIN-EQ", 10), ("NSE:SBIN-EQ", 9_999_999)]
    {
        bot.post("/api/v3/orders/sync", order(symbol, qty));
    }
    for (verb, ran) in all(&home) {
        fits(&ran.text(), 80);
        assert!(!ran.text().contains('…'), "{verb} is cut: {ran:?}");
    }
    let orders = home.run(&["orders"]).exits(0).out;
    assert!(orders.contains("NSE:BANKNIFTY26NOV59000CE"), "the letters that say call or put: {orders}");
    assert!(keeper.stop().success());
}

#[test]
fn a_wide_terminal_is_used_and_a_program_gets_whole_lines() {
    let home = wide(long_home(), "140");
    let doctor = home.run(&["doctor"]);
    fits(&doctor.text(), 140);
    assert!(doctor.out.lines().any(|line| columns(line) > 80), "{doctor:?}");
    let table = home.run(&["config", "check"]).exits(0).out;
    fits(&table, 140);
    assert!(table.lines().any(|line| columns(line) > 90), "{table}");

    let home = long_home();
    let piped = home.run(&["config", "check"]).exits(0).out;
    assert!(piped.lines().any(|line| columns(line) > 90), "{piped}");
}

#[test]
fn mistakes_in_the_settings_fit_too() {
    let home = Home::bare(Options::default()).set("COLUMNS", "80").set("KEEPER_GATEWAY_KEY", "short");
    home.write_env("FYERS_CLIENT_ID=SECRETSECRET\nKEEPER_TRUSTED_PROXIES=a,b\nKEEPER_SEGMENTS=crypto\n");
    let ran = home.run(&["config", "check"]).exits(78);
    fits(&ran.text(), 80);
    let words = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the app's secret is another value."), "{ran:?}");
}
