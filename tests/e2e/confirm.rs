//! `/confirm`: whose keeper this is, asked and answered in the chat.

use simulator::Writing;

use crate::{
    card::{home, press_through},
    support::{Home, Keeper},
};

/// What the bot says to this.
fn says(home: &Home, text: &str, answer: &str) {
    home.sim.write(Writing { from: 42, text: text.into(), ..Writing::default() });
    home.wait_alert(answer);
}

fn logged_in(home: &Home, keeper: &Keeper) {
    press_through(&keeper.url("/fyers/login"));
    keeper.wait_status("live", |status| status["mode"] == "live");
    home.wait_alert("Live until");
}

#[test]
fn a_first_account_from_the_public_page_counts_once_the_owner_confirms_it() {
    let home = home("2026-11-23T07:30:00").set("FYERS_ACCOUNT_ID", "");
    let keeper = home.start_ready();
    let page = press_through(&keeper.url("/fyers/login"));
    assert!(page.contains("Confirm this account in Telegram"), "{page}");
    let asked = home.wait_alert("Is this your FYERS account: XX00001");
    assert!(asked.contains("tap /confirm_XX00001 within"), "one tap: {asked}");
    assert_eq!(keeper.status()["mode"], "mock");
    let waits = "send /confirm XX00001 to the bot";
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains(waits), "{page}");
    let because = "a login with XX00001 waits for /confirm_XX00001 in Telegram";
    let terminal = home.run(&["status"]).out;
    assert!(terminal.contains(waits) && terminal.contains(because), "{terminal}");
    assert!(!terminal.contains("no login yet"), "{terminal}");
    for (text, answer) in [
        ("/status", format!("Because {because}.")),
        ("/mode", format!("Mock: everything is simulated\nBecause {because}.")),
        ("/token", format!("No token: {because}.")),
        (
            "/confirm",
            "A login with XX00001 waits: if that account is yours, tap /confirm_XX00001.".to_owned(),
        ),
    ] {
        home.sim.write(Writing { from: 42, text: text.into(), ..Writing::default() });
        home.wait_alert(&answer);
    }
    home.sim.write(Writing { from: 42, text: "/confirm_XX00001".into(), ..Writing::default() });
    let status = keeper.wait_status("live", |status| status["mode"] == "live");
    assert!(status["session"].get("to_confirm").is_none(), "nothing waits any more");
    home.wait_alert("Live until");
    home.sim.write(Writing { from: 42, text: "/confirm XX00001".into(), ..Writing::default() });
    home.wait_alert("XX00001 is this keeper's account already: nothing to confirm.");
}

#[test]
fn before_any_login_a_confirm_says_how_to_log_in() {
    let home = home("2026-11-23T07:30:00").set("FYERS_ACCOUNT_ID", "");
    let _keeper = home.start_ready();
    says(
        &home,
        "/confirm",
        "No login waits: log in with /login, and confirm the account when the bot asks for that.",
    );
    says(
        &home,
        "/confirm XX00001",
        "No login with XX00001 came within the last 10 minutes: log in with /login, and confirm the account when the bot asks for that.",
    );
}

#[test]
fn an_account_of_the_settings_is_never_confirmed() {
    let home = home("2026-11-23T07:30:00").set("FYERS_ACCOUNT_ID", "XX00001");
    let keeper = home.start_ready();
    let known = "XX00001 is this keeper's account already, as FYERS_ACCOUNT_ID says: nothing to confirm";
    says(&home, "/confirm_XX00001", &format!("{known}; log in with /login."));
    let other = "FYERS_ACCOUNT_ID names XX00001, so no login with YY00002 counts: log in with XX00001, or change that setting and \
                 start the keeper again.";
    says(&home, "/confirm YY00002", other);
    logged_in(&home, &keeper);
    says(&home, "/confirm XX00001", &format!("{known}."));
}

#[test]
fn another_account_than_the_first_one_is_not_confirmed() {
    let home = home("2026-11-23T07:30:00").set("FYERS_ACCOUNT_ID", "");
    let keeper = home.start_ready();
    press_through(&keeper.url("/fyers/login"));
    home.wait_alert("Is this your FYERS account: XX00001");
    let waits = "No login with YY00002 waits, but one with XX00001 does: if that account is yours, tap /confirm_XX00001.";
    says(&home, "/confirm YY00002", waits);
    says(&home, "/confirm_XX00001", "Live until");
    says(
        &home,
        "/confirm YY00002",
        "This keeper serves XX00001, so no login with YY00002 counts: log in with XX00001;",
    );
}
