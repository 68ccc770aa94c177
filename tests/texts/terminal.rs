//! What a person at a terminal is told: mistakes in the settings, and verbs without what they need.

use simulator::{Options, RefreshMode};

use crate::{
    golden, steady,
    support::{Home, Ran},
};

fn shown(home: &Home, args: &[&str]) -> String {
    let Ran { code, out, err, .. } = home.run(args);
    let code = code.map_or_else(String::new, |code| code.to_string());
    format!("$ fyers-keeper {}\n{}{}[exit {code}]\n", args.join(" "), out, err)
}

#[test]
fn verbs_that_cannot_do_what_they_are_for() {
    let home = Home::bare(Options::default());
    let verbs: [&[&str]; 19] = [
        &["check"],
        &["refresh"],
        &["login"],
        &["status"],
        &["orders"],
        &["positions"],
        &["pnl"],
        &["healthcheck"],
        &["key", "list"],
        &["key", "add", "Not A Name"],
        &["key", "show", "nobody"],
        &["calendar", "check", "2026-11-24"],
        &["calendar", "check", "2026-11-23"],
        &["calendar", "check", "tomorrow"],
        &["restore", "no-such-file"],
        &["migrate", "--to", "mysql://x"],
        &["handover"],
        &["nonsense"],
        &["check", "--nonsense"],
    ];
    let mut sheets: Vec<String> = verbs.iter().map(|args| shown(&home, args)).collect();
    home.run(&["key", "add", "scalper", "--mode", "mock"]).exits(0);
    let keys: [&[&str]; 3] = [&["key", "list"], &["key", "show", "nobody"], &["key", "remove", "nobody"]];
    sheets.extend(keys.iter().map(|args| shown(&home, args)));
    golden("terminal", &steady(&sheets.join("\n"), &home));
}

#[test]
fn settings_that_are_not_possible() {
    let bad = [
        ("FYERS_CLIENT_ID", "SECRET"),
        ("FYERS_SECRET_KEY", " "),
        ("FYERS_PIN", "12"),
        ("FYERS_SANDBOX", "maybe"),
        ("FYERS_REDIRECT_URI", "keeper"),
        ("FYERS_REFRESH_TOKEN_VALID_DAYS", "-1"),
        ("FYERS_ACCOUNT_ID", "a b"),
        ("TELEGRAM_BOT_TOKEN", "token"),
        ("TELEGRAM_CHAT_ID", "me"),
        ("TELEGRAM_ALLOWED_USERS", "me,you"),
        ("KEEPER_HTTP_ADDR", "here"),
        ("KEEPER_PUBLIC_URL", "http://keeper.example.com"),
        ("KEEPER_GATEWAY_KEY", "1234"),
        ("KEEPER_TICK_TIME", "8.45"),
        ("KEEPER_LOG_FORMAT", "xml"),
        ("KEEPER_ON_TOKEN_LOSS", "panic"),
        ("KEEPER_MOCK_CAPITAL", "much"),
        ("KEEPER_MOCK_FILL", "all"),
        ("KEEPER_MOCK_PRICES", "any"),
        ("KEEPER_TRUSTED_PROXIES", "proxy"),
        ("KEEPER_WEBHOOK_URL", "hook"),
        ("KEEPER_SEGMENTS", "crypto"),
        ("KEEPER_DATABASE_URL", "mysql://x"),
        ("KEEPER_PING_URL", "ping"),
        ("KEEPER_EXPECTED_IP", "1.2.3"),
        ("KEEPER_TICK_TMIE", "08:45"),
    ];
    let home = bad.iter().fold(Home::bare(Options::default()), |home, (name, value)| home.set(name, *value));
    golden("settings", &steady(&shown(&home, &["config", "check"]), &home));
}

/// A keeper with an app and no token, asked on the command line.
#[test]
fn verbs_while_a_login_is_needed() {
    let home = Home::at("2026-11-23T11:02:00", RefreshMode::Disabled);
    let _keeper = home.start_ready();
    let verbs: [&[&str]; 5] =
        [&["check"], &["refresh"], &["positions"], &["key", "add", "scalper"], &["run"]];
    let sheets: Vec<String> = verbs.iter().map(|args| shown(&home, args)).collect();
    let token = regex::Regex::new(r"eyJ[\w.-]+").unwrap();
    golden("terminal_login", &token.replace_all(&steady(&sheets.join("\n"), &home), "KEY"));
}
