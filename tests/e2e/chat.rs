//! Commands from the phone to the real program.

use simulator::{RefreshMode, TelegramMessage, TokenKind, UserAction, Writing};

use crate::support::{Home, Keeper, wait_for};

/// A person who is not on the list.
const STRANGER: i64 = 4_711;
/// The owner: in a private chat the chat has the person's number.
pub(crate) const OWNER: i64 = 42;

fn home() -> Home {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    let home = home.set("FYERS_SANDBOX", "false").with_telegram();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    home
}

fn live(home: &Home) -> Keeper {
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    keeper
}

fn write(home: &Home, from: i64, text: &str) {
    home.sim.write(Writing { from, text: text.to_owned(), ..Writing::default() });
}

/// Says something as the owner, and waits for an answer with these words.
pub(crate) fn ask(home: &Home, text: &str, answer: &str) -> TelegramMessage {
    let before = home.sim.telegram_messages().len();
    write(home, OWNER, text);
    wait_for(&format!("an answer to {text} with {answer:?}"), || {
        let all = home.sim.telegram_messages();
        all.into_iter().skip(before).find(|message| message.text.contains(answer))
    })
}

pub(crate) fn press(home: &Home, from: i64, question: &TelegramMessage, label: &str) {
    let button = question.buttons().into_iter().find(|button| button.text.contains(label)).unwrap();
    let data = button.callback_data.unwrap();
    home.sim.act(&UserAction::Press { from, message_id: question.id, data }).unwrap();
}

#[test]
fn without_a_token_the_real_positions_are_named_beside_the_simulated_ones() {
    let home = home();
    let keeper = live(&home);
    let bot = crate::bot::Bot::of(&home, &keeper);
    assert_eq!(bot.order("NSE:SBIN-EQ", 10).venue, "fyers");
    ask(&home, "/positions", "1 open position at FYERS (real money)");
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    keeper.wait_status("mock", |status| {
        bot.get("/api/v3/funds");
        status["mode"] == "mock"
    });
    let said = ask(&home, "/positions", "At FYERS, with real money, when last read at ");
    assert!(
        said.text.contains("No open positions at the MockExchange") && said.text.contains("+10 NSE:SBIN-EQ"),
        "{said:?}"
    );
    // Wherever the simulated account or the mode is shown, with one text.
    let open = "At FYERS, with real money, when last read at ";
    for command in ["/status", "/pnl", "/funds", "/orders"] {
        assert!(ask(&home, command, open).text.contains("+10 NSE:SBIN-EQ"), "{command}");
    }
    let told = ask(&home, "/status", open).text;
    let first =
        "🟠 Mock: orders that could close what is open at FYERS are refused, all others are simulated\n";
    assert!(told.starts_with(first), "the exits are refused, and that comes first: {told}");
    assert!(told.find(open) < told.find("Next check"), "{told}");
    assert!(bot.order("NSE:SBIN-EQ", -10).venue == "none" && bot.order("NSE:INFY-EQ", 1).venue == "mock");
    for verb in ["positions", "pnl", "status"] {
        let shown = home.run(&[verb]);
        let text = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(open) && text.contains("+10 NSE:SBIN-EQ"), "{verb}: {shown:?}");
    }
    assert!(home.run(&["positions", "--json"]).json()["open_at_fyers"].as_str().unwrap().contains("+10"));
}

#[test]
fn the_status_says_its_reason_once() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    let home = home.set("FYERS_SANDBOX", "false").with_telegram();
    let keeper = home.start_ready();
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    let said = ask(&home, "/status", "Mock").text;
    assert_eq!(said.matches("there has been no login yet").count(), 1, "{said}");
    assert!(said.contains("\nNo token.\n"), "{said}");
}

#[test]
fn the_alert_of_a_lost_token_names_what_is_open_and_the_page_is_not_well() {
    let home = home();
    let keeper = live(&home);
    let bot = crate::bot::Bot::of(&home, &keeper);
    assert_eq!(bot.order("NSE:SBIN-EQ", 10).venue, "fyers");
    keeper.wait_status("read", |status| status["positions_known"] == "known");
    wait_for("the position is known", || {
        let page = keeper.get_with_own_key("/").unwrap().1;
        (page.contains("Health: All is well") && page.contains("NSE:SBIN-EQ")).then_some(())
    });
    ask(&home, "/positions", "+10");
    // Read by the keeper itself, which is what it goes by.
    let readings = home.sim.call_count(simulator::endpoint::POSITIONS).total;
    wait_for("two more readings", || {
        (home.sim.call_count(simulator::endpoint::POSITIONS).total >= readings + 2).then_some(())
    });
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    keeper.wait_status("mock", |status| {
        bot.get("/api/v3/funds");
        status["mode"] == "mock"
    });
    let alert = home.wait_alert("Orders are simulated now");
    assert!(alert.contains("cannot close what is open at FYERS, real money: +10 NSE:SBIN-EQ"), "{alert}");
    assert!(alert.contains("fyers-keeper login") && alert.contains("close it in the FYERS app"), "{alert}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(!page.contains("All is well"), "{page}");
    assert!(page.contains("Needs a look · what is open at FYERS with real money"), "{page}");
    assert_eq!(keeper.status()["status"], "warn");
}

#[test]
fn the_alert_of_a_start_without_a_token_says_log_in() {
    let home = Home::at("2026-11-23T07:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let home = home.with_telegram();
    let _keeper = home.start_ready();
    let alert = home.wait_alert("has started");
    assert!(!alert.contains("Next: nothing to do") && !alert.contains("accepts the token"), "{alert}");
    assert!(
        alert.contains("without a token, orders are simulated") && alert.contains("fyers-keeper login"),
        "{alert}"
    );
}

#[test]
fn live_with_an_app_that_only_reads_says_one_thing_everywhere() {
    let home = Home::read_only().set("FYERS_SANDBOX", "false").with_telegram();
    let token = home.sim.mint(TokenKind::Access);
    home.write_env(&format!(
        "FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SECRET_KEY=SIMULATED1\nFYERS_ACCESS_TOKEN={token}\n"
    ));
    let keeper = live(&home);
    let truth = "this app (-100) only reads, and FYERS refuses its orders";
    assert!(home.wait_alert("Live:").contains(truth));
    ask(&home, "/mode", truth);
    ask(&home, "/status", truth);
    let status = home.run(&["status"]);
    assert!(status.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(truth), "{status:?}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains(truth) && !page.contains("All is well"), "{page}");
    assert!(!page.contains("Orders go to FYERS, with real money"), "{page}");
}

#[test]
fn every_command_is_answered_and_none_shows_a_secret() {
    let home = home();
    let keeper = live(&home);
    let token = home.newest(TokenKind::Access);
    for (command, answer) in [
        ("/status", "Live"),
        ("/mode", "real money"),
        ("/token", "by settings"),
        ("/calendar", "Next holidays: Tue 24 Nov"),
        ("/health", "token: alive"),
        ("/logs", "Started, version"),
        ("/positions", "No open positions at FYERS (real money)"),
        ("/orders", "No orders today at FYERS (real money)"),
        ("/funds", "Free for new orders"),
        ("/pnl", "Result of the day"),
        ("/keys", "default: up to live, 0 orders today"),
        ("/feeds", "Data socket: closed"),
        ("/version", env!("CARGO_PKG_VERSION")),
        ("/whoami", "42"),
        ("/help", "/resume"),
        ("/login", "Already logged in: Live"),
        ("/mute 5", "No sound until"),
        ("/unmute", "sound again"),
        ("/snooze", "nothing to be reminded"),
        ("/test", "Three test alerts"),
        ("/hlat", "Did you mean /halt or /flat?"),
        ("good morning", "/help"),
    ] {
        let said = ask(&home, command, answer);
        assert!(said.text.lines().count() <= 28, "{}", said.text);
    }
    let all = home.alerts().concat() + &keeper.log();
    assert!(!all.contains(&token) && !all.contains("SIMULATED1"));
    let menu = wait_for("the menu", || {
        home.sim.state().telegram_commands.as_array().filter(|menu| !menu.is_empty()).cloned()
    });
    assert_eq!(menu.len(), keeper_domain::chat::inbox::commands::COMMANDS.len());
}

#[test]
fn what_changes_trading_is_confirmed_by_the_one_who_asked() {
    let home = home();
    let keeper = live(&home);
    let question = ask(&home, "/halt", "Halt trading?");
    press(&home, STRANGER, &question, "Yes");
    let status = keeper.status();
    assert_eq!(status["mode"], "live", "{status:#}");
    press(&home, OWNER, &question, "Yes");
    keeper.wait_status("halted", |status| status["mode"] == "halted");
    wait_for("the question to be closed", || {
        let all = home.sim.telegram_messages();
        all.into_iter().find(|message| message.id == question.id && message.buttons().is_empty())
    });

    let question = ask(&home, "/resume", "Resume trading?");
    press(&home, OWNER, &question, "Cancel");
    assert_eq!(keeper.status()["mode"], "halted");
    let question = ask(&home, "/resume", "Resume trading?");
    press(&home, OWNER, &question, "Yes");
    keeper.wait_status("live", |status| status["mode"] == "live");

    let question = ask(&home, "/logout", "Log out at FYERS?");
    press(&home, OWNER, &question, "Yes");
    keeper.wait_status("logged out", |status| status["mode"] == "mock");
    assert_eq!(keeper.status()["session"]["reason"], "logged_out");
}

#[test]
fn strangers_forwards_edits_and_old_words_are_not_heard() {
    let home = home();
    let keeper = live(&home);
    let old = home.sim.now() - chrono::TimeDelta::seconds(600);
    for _ in 0..3 {
        write(&home, STRANGER, "/halt");
    }
    home.sim.write(Writing {
        from: OWNER,
        text: "/halt".into(),
        forwarded_from: Some(OWNER),
        ..Writing::default()
    });
    home.sim.write(Writing { from: OWNER, text: "/halt".into(), sent_at: Some(old), ..Writing::default() });
    home.sim.write(Writing { from: OWNER, chat: Some(-100_999), text: "/halt".into(), ..Writing::default() });
    // What comes after all of them has an answer, so they have been looked at.
    ask(&home, "/version", env!("CARGO_PKG_VERSION"));
    assert!(home.alerts().iter().all(|text| !text.contains("Halt trading?")), "{:#?}", home.alerts());
    assert_eq!(keeper.status()["mode"], "live");
    home.wait_alert("Somebody unknown wrote");
    let told = home.alerts().iter().filter(|text| text.contains("Somebody unknown")).count();
    assert_eq!(told, 1, "once a day: {:#?}", home.alerts());
    let to_strangers = home.sim.telegram_messages().into_iter().filter(|message| message.chat == STRANGER);
    assert_eq!(to_strangers.count(), 0, "silence");
}

#[test]
fn nothing_is_done_twice_over_a_kill() {
    let home = home();
    let keeper = live(&home);
    let question = ask(&home, "/halt", "Halt trading?");
    press(&home, OWNER, &question, "Yes");
    keeper.wait_status("halted", |status| status["mode"] == "halted");
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("still halted", |status| status["mode"] == "halted");
    press(&home, OWNER, &question, "Yes");
    ask(&home, "/version", env!("CARGO_PKG_VERSION"));
    let halts = keeper.lines().iter().filter(|line| line["event"] == "exchange.halt").count();
    assert_eq!(halts, 0, "an old button does nothing");
}
