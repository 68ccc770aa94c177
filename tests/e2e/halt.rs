//! A halt is a state of its own, and every screen says the same of it: which orders pass is said once and is true.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::{home as with_card, link, press_through, wait_card, wait_receipt},
    chat::{OWNER, ask, press},
    support::{Home, Keeper, get, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

/// Live at noon, with the positions answered like this.
pub(crate) fn live(positions: Option<Fault>) -> (Home, Keeper) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    if let Some(fault) = positions {
        home.sim.inject(FaultRule::forever(Scope::exact(endpoint::POSITIONS).method("GET"), fault));
    }
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    (home, keeper)
}

pub(crate) fn halt(home: &Home, keeper: &Keeper) {
    press(home, OWNER, &ask(home, "/halt", "Halt trading?"), "Yes");
    keeper.wait_status("halted", |status| status["mode"] == "halted");
}

fn positions(rows: &Value) -> Fault {
    Fault::Json { status: 200, body: json!({"s": "ok", "code": 200, "message": "", "netPositions": rows}) }
}

fn delivered(keeper: &Keeper) {
    keeper.wait_status("all alerts delivered", |status| {
        status["outbox"]["waiting"] == 0 && status["outbox"]["queued"] == status["outbox"]["delivered"]
    });
}

#[test]
fn every_screen_says_halted_and_one_message_tells_of_it() {
    let (home, keeper) = live(None);
    home.wait_alert("Live:");
    delivered(&keeper);
    let before = home.alerts().len();
    halt(&home, &keeper);
    home.wait_alert("Trading is halted by");
    delivered(&keeper);
    let told: Vec<String> = home.alerts().split_off(before);
    let news: Vec<&String> = told.iter().filter(|text| text.contains("#K-")).collect();
    assert_eq!(news.len(), 1, "one message: {told:#?}");
    assert!(
        news[0].contains("Entries are refused") || news[0].contains("entries are refused"),
        "{}",
        news[0]
    );
    assert!(!told.iter().any(|text| text.contains("no longer reach FYERS")), "one truth: {told:#?}");

    let status = keeper.status();
    assert_eq!((&status["mode"], &status["halted"]), (&json!("halted"), &json!(true)), "{status:#}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains("id=\"mode\"") && page.contains("wide halted"), "{page}");
    assert!(page.contains("HALTED") && !page.contains("All is well"), "{page}");
    assert_eq!(status["mode_below_halt"], "live");
    assert!(page.contains("still go to FYERS, with real money"), "what is below the halt: {page}");
    let metrics = get(&keeper.url("/metrics")).unwrap().1;
    assert!(metrics.contains("fyers_keeper_mode{mode=\"halted\"} 1\n"), "{metrics}");
    assert!(metrics.contains("fyers_keeper_mode{mode=\"live\"} 0\n"), "{metrics}");
    ask(&home, "/status", "until /resume, which leads to Live: real money");

    // What is said of the orders is true.
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.get("/api/v3/funds").mode, "halted");
    assert_eq!(bot.get("/api/v3/funds").venue, "fyers", "reads go on");
    let entry = bot.order(SBIN, 10);
    assert_eq!(
        (entry.status, entry.mode.as_str(), entry.venue.as_str()),
        (400, "halted", "none"),
        "{}",
        entry.body
    );
    assert!(home.sim.state().orders.is_empty());
    let alert = home.wait_alert("Order refused: buy 10 NSE:SBIN-EQ");
    assert!(alert.starts_with("⚠️") && alert.contains("Next: /resume ends the halt"), "{alert}");
    let shown = home.run(&["status"]).out;
    assert!(
        shown
            .contains("halted by a person; /resume in Telegram or the button on the page ends it, then live"),
        "{shown}"
    );
    press(&home, OWNER, &ask(&home, "/resume", "Resume trading?"), "Yes");
    keeper.wait_status("live", |status| status["mode"] == "live" && status["status"] == "pass");
    assert_eq!(bot.order(SBIN, 10).venue, "fyers");
}

/// Whatever becomes well under a halt promises no order, and names the halt.
#[test]
fn a_start_and_a_login_under_a_halt_promise_no_order() {
    let (home, keeper) = live(None);
    halt(&home, &keeper);
    home.wait_alert("Trading is halted by");
    delivered(&keeper);
    let before = home.alerts().len();
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("its token", |status| status["session"]["usable"] == true);
    home.wait_alert("is back");
    delivered(&keeper);
    let told = home.alerts().split_off(before);
    assert!(told.iter().any(|text| text.contains("is back") && text.contains("it is halted")), "{told:#?}");
    assert!(!told.iter().any(|text| text.contains("rders go to FYERS")), "{told:#?}");

    let home = with_card("2026-11-23T12:00:00");
    let keeper = home.start_ready();
    let card = wait_card(&home);
    halt(&home, &keeper);
    press_through(&link(&card));
    let receipt = wait_receipt(&home, &card).text;
    assert!(receipt.starts_with("✅ Good until") && receipt.contains("Trading is halted"), "{receipt}");
    assert!(!receipt.contains("real money"), "{receipt}");
    ask(&home, "/login", "Already logged in, good until");
}

/// The keeper ended between the question and the press: the chat says that the halt was not taken, and what to do.
#[test]
fn a_yes_that_comes_after_a_restart_is_told_in_the_chat_as_not_taken() {
    let (home, keeper) = live(None);
    let question = ask(&home, "/halt", "Halt trading?");
    keeper.kill9();
    press(&home, OWNER, &question, "Yes");
    let keeper = home.start_ready();
    let told = wait_for("the end of the question", || {
        let all = home.sim.telegram_messages();
        all.into_iter().find(|message| message.id == question.id && message.text.contains("Not taken"))
    });
    assert!(told.text.contains("send the command again") && told.buttons().is_empty(), "{told:?}");
    assert_eq!(keeper.status()["halted"], false);
    halt(&home, &keeper);
}

#[test]
fn under_a_halt_the_exit_of_a_position_in_whatever_writing_goes_to_fyers() {
    for net in [json!(5), json!(5.0), json!("5")] {
        println!("netQty {net}");
        let row = json!({"symbol": SBIN, "id": format!("{SBIN}-INTRADAY"), "netQty": net, "productType": "INTRADAY",
            "netAvg": 800.5, "side": 1, "qty": 5, "realized_profit": 0, "unrealized_profit": 0, "pl": 0, "ltp": 801,
            "dayBuyQty": 0, "daySellQty": 0, "cfBuyQty": net, "cfSellQty": 0});
        let (home, keeper) = live(Some(positions(&json!([row]))));
        keeper.wait_status("the position", |status| status["positions_known"] == "known");
        halt(&home, &keeper);
        let bot = Bot::of(&home, &keeper);
        let more = bot.order(SBIN, 1);
        assert_eq!((more.status, more.venue.as_str()), (400, "none"), "{}", more.body);
        let exit = bot.order(SBIN, -5);
        assert_eq!((exit.mode.as_str(), exit.venue.as_str()), ("halted", "fyers"), "{}", exit.body);
        let twice = bot.order(SBIN, -1);
        assert_eq!(
            (twice.status, twice.venue.as_str()),
            (400, "none"),
            "at most what is open: {}",
            twice.body
        );
        assert_eq!(home.sim.state().orders.len(), 1);
    }
}

#[test]
fn under_a_halt_nothing_is_an_exit_while_positions_are_not_known() {
    let (home, keeper) = live(Some(Fault::Html { status: 503 }));
    keeper.wait_status("not known", |status| status["positions_known"] == "unknown");
    halt(&home, &keeper);
    let told = Bot::of(&home, &keeper).order(SBIN, -5);
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    let words = told.body["message"].as_str().unwrap();
    assert!(words.contains("your live positions are not known"), "{words}");
    // Once they are known, what is open can be closed.
    home.sim.clear_faults();
    crate::card::buy(&home, &home.newest(TokenKind::Access), SBIN, 5);
    let bot = Bot::of(&home, &keeper);
    wait_for("the exit", || (bot.order(SBIN, -5).venue == "fyers").then_some(()));
}
