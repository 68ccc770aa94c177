//! The state cannot be written while orders come: they are refused in words, reads go on, a person is told once by the
//! direct path, and all of it ends by itself. (A disk that is really full is in `tests/store_faults`.)

use serde_json::json;
use simulator::{RefreshMode, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::{self, open_cards, wait_card},
    chat::{OWNER, ask, press},
    credentials::Held,
    support::{Home, get, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

fn told(home: &Home, words: &str) -> Vec<String> {
    home.alerts().into_iter().filter(|alert| alert.contains(words)).collect()
}

#[test]
fn a_state_that_cannot_be_written_is_told_once_and_heals_by_itself() {
    for sandbox in ["false", "true"] {
        let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
        let home = home.set("FYERS_SANDBOX", sandbox);
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        let keeper = home.start_ready();
        keeper.wait_status("all well", |status| {
            status["status"] == "pass" && status["session"]["usable"] == true
        });
        let bot = Bot::of(&home, &keeper);
        let before = home.sim.call_count(endpoint::ORDERS_SYNC).total;

        let held = Held::hold(&home);
        let order = bot.order(SBIN, 10);
        assert_eq!((order.status, order.venue.as_str()), (503, "none"), "{}", order.body);
        let why = wait_for("it is not ready", || {
            get(&keeper.url("/readyz")).filter(|(ready, _)| *ready == 503).map(|(_, why)| why)
        });
        assert!(why.contains("orders cannot be put on record"), "{why}");
        home.wait_alert("The keeper cannot write its state");
        let status = keeper.status();
        assert_eq!(
            (&status["status"], &status["checks"]["state:writes"][0]["status"]),
            (&"fail".into(), &"fail".into())
        );
        let page = keeper.get_with_own_key("/").unwrap().1;
        assert!(
            page.contains("the state cannot be written since 12:") && !page.contains("All is well"),
            "{page}"
        );
        for path in ["/api/v3/funds", "/api/v3/positions", "/api/v3/orders"] {
            let read = bot.get(path);
            assert_eq!(
                (read.status, &read.body["s"]),
                (200, &"ok".into()),
                "FYERS_SANDBOX={sandbox} {path}: {}",
                read.body
            );
        }
        assert_eq!(bot.order(SBIN, 10).venue, "none");
        assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, before, "nothing left");
        held.let_go();

        home.wait_alert("The keeper can write its state again");
        let status = keeper.wait_status("all well again", |status| status["status"] == "pass");
        assert_eq!(get(&keeper.url("/readyz")).unwrap(), (200, "ready\n".to_owned()));
        let restarts =
            status["actors"].as_object().unwrap().values().map(|actor| actor["restarts"].as_u64().unwrap());
        let crashed: Vec<_> = keeper
            .lines()
            .into_iter()
            .filter(|line| line["actor"] == "exchange" && line["level"] == "ERROR")
            .collect();
        assert_eq!(restarts.sum::<u64>(), 0, "{crashed:#?}\n{status:#}");
        wait_for("an order", || (bot.order(SBIN, 10).status == 200).then_some(()));
        assert_eq!(told(&home, "The keeper cannot write its state").len(), 1, "{:#?}", home.alerts());
        assert_eq!(told(&home, "The keeper can write its state again").len(), 1);
    }
}

/// What has happened meanwhile cannot be kept, so it has not happened, and is not shown.
#[test]
fn in_the_sandbox_reads_show_what_is_on_disk_while_nothing_can_be_written() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    home.sim.set_price(SBIN, 800.0);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("sandbox", |status| status["mode"] == "sandbox");
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 10).venue, "mock");
    let waits = json!({"symbol": SBIN, "qty": 3, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 790,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    assert_eq!(bot.place(waits).body["code"], 1101);
    let open = || bot.body("/api/v3/positions")["netPositions"][0]["netQty"].clone();
    let states = || {
        let book = bot.body("/api/v3/orders")["orderBook"].clone();
        book.as_array().unwrap().iter().filter(|row| row["status"] == 6).count()
    };
    assert_eq!((open(), states()), (json!(10), 1));

    let held = Held::hold(&home);
    // Whoever could write would see it filled.
    home.sim.set_price(SBIN, 780.0);
    let refused = bot.order(SBIN, 1);
    assert_eq!((refused.status, refused.venue.as_str()), (503, "none"), "{}", refused.body);
    for path in
        ["/api/v3/funds", "/api/v3/positions", "/api/v3/orders", "/api/v3/tradebook", "/api/v3/holdings"]
    {
        let read = bot.get(path);
        assert_eq!((read.status, read.venue.as_str()), (200, "mock"), "{path}: {}", read.body);
    }
    assert_eq!((open(), states()), (json!(10), 1), "as on disk");
    held.let_go();
    wait_for("the fill", || (open() == json!(13) && states() == 0).then_some(()));
    wait_for("an order", || (bot.order(SBIN, 1).status == 200).then_some(()));
}

/// A person finds out what is wrong and stops the bots meanwhile; what must not happen twice is refused in words.
#[test]
fn the_chat_answers_and_halts_while_the_state_cannot_be_written() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let bot = Bot::of(&home, &keeper);
    ask(&home, "/version", env!("CARGO_PKG_VERSION"));

    let held = Held::hold(&home);
    ask(&home, "/status", "Live");
    ask(&home, "/positions", "No open positions");
    let question = ask(&home, "/halt", "Halt trading?");
    press(&home, OWNER, &question, "Yes");
    keeper.wait_status("halted", |status| status["halted"] == true);
    wait_for("words about the disk", || {
        let all = home.sim.telegram_messages();
        all.iter().any(|message| message.text.contains("It is not on disk yet")).then_some(())
    });
    ask(&home, "/test", "Not done: the keeper cannot write its state");
    assert_eq!(bot.order(SBIN, 10).venue, "none", "an entry in a halt");
    home.wait_alert("The keeper cannot write its state");
    held.let_go();
    home.wait_alert("The keeper can write its state again");
    let status = keeper.status();
    let restarts =
        status["actors"].as_object().unwrap().values().map(|actor| actor["restarts"].as_u64().unwrap());
    assert_eq!(restarts.sum::<u64>(), 0, "{status:#}");
    keeper.wait_logged("exchange.halt");
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("halted still", |status| status["halted"] == true);
}

/// Neither the switch of the mode nor a card can be written, so that no outbox tells of it.
#[test]
fn a_token_that_dies_while_the_state_cannot_be_written_is_told_at_once_and_asked_for_afterwards() {
    let home = card::home("2026-11-23T12:00:00");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    card::buy(&home, &token, SBIN, 10);
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    let bot = Bot::of(&home, &keeper);
    let held = Held::hold(&home);
    assert!(home.sim.kill(&token));
    let read = bot.get("/api/v3/funds");
    assert_ne!(
        (read.venue.as_str(), &read.body["code"]),
        ("fyers", &(-16).into()),
        "no bot sees a dead token"
    );
    let words = "No token, and the keeper cannot write its state";
    let alert = home.wait_alert(words);
    assert!(alert.contains(&format!("+10 {SBIN}")) && alert.contains("put the disk right first"), "{alert}");
    for quantity in [-10, 1] {
        assert_eq!(bot.order(SBIN, quantity).venue, "none", "{quantity}");
    }
    assert!(open_cards(&home).is_empty());
    held.let_go();

    home.wait_alert("The keeper can write its state again");
    wait_card(&home);
    home.wait_alert("Orders are simulated now");
    assert_eq!(told(&home, words).len(), 1, "{:#?}", home.alerts());
    assert_eq!(told(&home, "The keeper cannot write its state").len(), 1);
}
