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
