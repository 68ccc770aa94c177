//! A Telegram group that becomes a supergroup: every call to its old id is refused, and the keeper goes on in the new
//! one.

use serde_json::Value;
use simulator::{RefreshMode, TelegramMessage, TokenKind, UserAction, Writing};

use crate::{
    card::{open_cards, press_through},
    support::{Home, Keeper, wait_for},
};

const OLD: i64 = -4001;
const NEW: i64 = -1_002_001;
const OWNER: i64 = 42;

/// A morning without a token, with the phone in a group.
fn home() -> Home {
    let home = Home::at("2026-11-23T08:45:05", RefreshMode::Disabled).with_telegram();
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    // Whoever wrote to the bot can be written to.
    write(&home, OLD, "hello");
    let page = format!("http://127.0.0.1:{}", home.port);
    home.set("KEEPER_PUBLIC_URL", page)
        .set("FYERS_SANDBOX", "false")
        .set("TELEGRAM_CHAT_ID", OLD.to_string())
        .set("TELEGRAM_ALLOWED_USERS", OWNER.to_string())
}

fn write(home: &Home, chat: i64, text: &str) {
    home.sim.write(Writing { from: OWNER, chat: Some(chat), text: text.into(), ..Writing::default() });
}

/// The first message of the bot in a chat with these words.
fn wait_said(home: &Home, chat: i64, words: &str) -> TelegramMessage {
    wait_for(&format!("{words:?} in {chat}"), || {
        home.sim.telegram_messages().into_iter().find(|said| said.chat == chat && said.text.contains(words))
    })
}

fn wait_card_in(home: &Home, chat: i64) -> TelegramMessage {
    wait_for("a login card in the chat", || open_cards(home).into_iter().find(|card| card.chat == chat))
}

fn press(home: &Home, message: &TelegramMessage, label: &str) {
    let mut buttons = message.buttons().into_iter();
    let data = buttons.find(|button| button.text.contains(label)).unwrap().callback_data.unwrap();
    home.sim.act(&UserAction::Press { from: OWNER, message_id: message.id, data }).unwrap();
}

/// Halts by command and button in the new group.
fn halt(home: &Home, keeper: &Keeper) {
    write(home, NEW, "/halt");
    press(home, &wait_said(home, NEW, "Halt trading?"), "Yes");
    keeper.wait_status("halted", |status| status["halted"] == true);
}

/// Logs in by the card's link and waits for the receipt, which is that card in other words.
fn log_in(home: &Home, keeper: &Keeper, card: &TelegramMessage) {
    press_through(&card.buttons().into_iter().find_map(|button| button.url).unwrap());
    keeper.wait_status("a token", |status| status["session"]["state"] == "valid");
    wait_for("the receipt in place of the card", || {
        let now = home.sim.telegram_messages().into_iter().find(|message| message.id == card.id)?;
        now.text.starts_with('✅').then_some(())
    });
}

#[test]
fn a_group_that_moves_takes_its_card_and_its_commands_along_over_a_restart_too() {
    let home = home();
    let keeper = home.start_ready();
    wait_card_in(&home, OLD);
    home.sim.move_group(OLD, NEW);
    home.sim.announce_move(OLD, NEW);
    let card = wait_card_in(&home, NEW);
    press(&home, &card, "Snooze");
    wait_for("the snooze on the card", || {
        let now = home.sim.telegram_messages().into_iter().find(|message| message.id == card.id)?;
        now.text.contains("rest until").then_some(())
    });
    write(&home, NEW, "/status");
    wait_said(&home, NEW, &format!("set TELEGRAM_CHAT_ID={NEW}"));
    halt(&home, &keeper);
    keeper.kill9();

    let keeper = home.start_ready();
    keeper.wait_status("still halted", |status| status["halted"] == true);
    write(&home, NEW, "/version");
    wait_said(&home, NEW, "fyers-keeper ");
    log_in(&home, &keeper, &wait_card_in(&home, NEW));
    let told_again = keeper.lines().iter().any(|entry| entry["event"] == "chat.moved");
    assert!(!told_again, "it was on disk");
    assert_eq!(open_cards(&home).iter().filter(|card| card.chat == NEW).count(), 0);
    let doctor = home.run(&["doctor", "--json"]);
    let checks: Value = doctor.json()["checks"].clone();
    let found = checks.as_array().unwrap().iter().find(|check| check["check"] == "Telegram chat").unwrap();
    assert_eq!(found["mark"], "warn", "{found}");
    assert_eq!(found["advice"], format!("Set TELEGRAM_CHAT_ID={NEW}."));
}

#[test]
fn a_move_that_nobody_announced_is_learnt_from_the_refusal() {
    let home = home();
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    wait_said(&home, OLD, "has started");
    keeper.wait_status("live", |status| status["mode"] == "live");
    home.sim.move_group(OLD, NEW);
    assert!(home.sim.kill(&token));
    let card = wait_card_in(&home, NEW);
    keeper.wait_logged("chat.moved");
    write(&home, NEW, "/whoami");
    wait_said(&home, NEW, &OWNER.to_string());
    halt(&home, &keeper);
    log_in(&home, &keeper, &card);
}
