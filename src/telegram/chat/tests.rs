//! The chat against the simulator's Bot API, on real ports.

mod answers;
mod errors;
mod hearing;
mod oddities;
mod whole;

use std::time::{Duration, Instant};

use keeper_domain::chat::talk::{Bubble, Button};
use secrecy::SecretString;
use simulator::{Options, Simulator, Telegram};
use url::Url;

use crate::config::TelegramSettings;
use crate::telegram::chat::TelegramChat;

/// A bot token that must never be seen again outside a request's path.
const CANARY: &str = "110201543:CANARYdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
/// The owner, and the private chat.
const OWNER: i64 = 42;
const GROUP: i64 = -100_200;

/// Long enough for a busy machine, short enough for a test that must wait for it.
const PATIENT: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(300);

fn simulator() -> Simulator {
    let telegram = Telegram { bot_token: CANARY.into(), chats: vec![OWNER, GROUP], ..Telegram::default() };
    Simulator::start(Options { telegram, ..Options::default() }).unwrap()
}

fn chat_with(api_url: &str, limit: Duration, held: Duration) -> TelegramChat {
    let settings = TelegramSettings {
        bot_token: SecretString::from(CANARY),
        chat_id: OWNER,
        allowed_users: vec![],
        api_url: Url::parse(api_url).unwrap(),
    };
    TelegramChat::with_limits(&settings, limit, held).unwrap()
}

fn chat(simulator: &Simulator) -> TelegramChat {
    chat_with(&simulator.telegram_url(), PATIENT, Duration::from_secs(25))
}

fn words(text: &str) -> Bubble {
    Bubble { text: text.into(), ..Bubble::default() }
}

fn press(label: &str, data: &str) -> Button {
    Button::Press { label: label.into(), data: data.into() }
}

/// Fails when the token, or an address that could hold it, is in what a log would show.
fn assert_clean(seen: &str) {
    assert!(!seen.contains("CANARY") && !seen.contains("110201543") && !seen.contains("http"), "{seen}");
}

/// Waits for something to become true.
async fn until(what: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENT;
    while !what() {
        assert!(Instant::now() < deadline, "it never happened");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
