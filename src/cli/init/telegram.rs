//! The Telegram bot: its token, and the chat, which is found by a code that is sent to the bot.

use std::time::Duration;

use keeper_domain::chat::talk::{Bubble, Chat, Heard, PollError, Update};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep};

use crate::cli::{
    failure::Failure,
    init::{
        place::{Place, words},
        terminal::Terminal,
    },
    setup::Config,
};
use crate::{
    config::TelegramSettings,
    telegram::{CheckupError, TelegramChat, checkup},
};

/// How long the code is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long one question to Telegram may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The pause after a failed poll.
const PAUSE: Duration = Duration::from_secs(2);

/// Where the code came from.
struct Paired {
    chat: i64,
    user: i64,
}

/// Asks for a bot, waits for the code, and sends a test message.
pub(super) async fn pair(terminal: &mut Terminal, place: &Place, config: Config) -> Result<Config, Failure> {
    terminal.title("Telegram: alerts, and the login card of each morning");
    if config.settings.telegram.is_some() {
        terminal.say("✓ The bot is set already. `fyers-keeper doctor` looks whether it works.");
        return Ok(config);
    }
    terminal.say("In Telegram write /newbot to @BotFather, and copy the token that it answers with.");
    loop {
        let token = terminal.ask_secret("Bot token. Enter: no Telegram, alerts go to the log")?;
        if token.expose_secret().is_empty() {
            terminal.say("No Telegram for now. Start `fyers-keeper init` again to add it.");
            return Ok(config);
        }
        let settings = TelegramSettings {
            bot_token: token.clone(),
            // Nobody's, until the code has come.
            chat_id: 0,
            allowed_users: vec![],
            api_url: config.settings.telegram_api_url.clone(),
        };
        match ask(terminal, &settings).await {
            Ok((chat, paired)) => {
                let saved = save(place, &token, &paired);
                match saved {
                    Ok(saved) => {
                        greet(terminal, &chat, paired.chat).await;
                        return Ok(saved);
                    }
                    Err(failure) => terminal.say(&words(&failure)),
                }
            }
            Err(why) => terminal.say(&format!("! {why}")),
        }
    }
}

/// The bot's name, then the code. An error is one line for a person.
async fn ask(terminal: &mut Terminal, settings: &TelegramSettings) -> Result<(TelegramChat, Paired), String> {
    let bot = match checkup(settings, LIMIT).await.bot {
        Ok(bot) => bot,
        Err(CheckupError::Refused(why)) => {
            return Err(format!("Telegram does not know this bot: {why}. Copy the token again."));
        }
        Err(CheckupError::Silent(why)) => return Err(format!("Telegram cannot be reached: {why}.")),
        Err(CheckupError::Setup(why)) => return Err(format!("{why}.")),
        // The bot itself cannot move.
        Err(CheckupError::Moved(_)) => return Err("Telegram answers for another chat. Try again.".to_owned()),
    };
    let chat = TelegramChat::new(settings).map_err(|error| error.to_string())?;
    let code = format!("{:06}", rand::rng().random_range(0..1_000_000));
    terminal.say(&format!(
        "✓ {bot} answers. Now write to it, in a chat with you alone or in a group that it is in:\n\n    \
         /start {code}\n\n\
         or open https://t.me/{}?start={code} (waiting, 10 minutes at most)",
        bot.trim_start_matches('@')
    ));
    let paired = wait(&chat, &code).await?;
    Ok((chat, paired))
}

async fn wait(chat: &TelegramChat, code: &str) -> Result<Paired, String> {
    let (end, mut after) = (Instant::now() + PATIENCE, 0);
    while Instant::now() < end {
        match chat.updates(after).await {
            Ok(updates) => {
                after = updates.iter().map(|update| update.id).max().unwrap_or(after).max(after);
                if let Some(paired) = updates.iter().find_map(|update| paired(update, code)) {
                    // Told to Telegram, so that a keeper that starts next does not hear it again.
                    let _next = chat.pending(after).await;
                    return Ok(paired);
                }
            }
            Err(PollError::Conflict) => {
                return Err(
                    "Another program uses this bot. Stop it, or make a bot of the keeper's own.".to_owned()
                );
            }
            Err(PollError::Refused) => return Err("Telegram refuses this bot token.".to_owned()),
            Err(PollError::Wait(pause)) => sleep(pause).await,
            Err(PollError::Failed(_)) => sleep(PAUSE).await,
        }
    }
    Err("The code did not come within 10 minutes.".to_owned())
}

/// Whether this is the code, written by a person and not passed on.
fn paired(update: &Update, code: &str) -> Option<Paired> {
    let Heard::Message { chat, from: Some(from), text, forwarded: false, edited: false, .. } = &update.heard
    else {
        return None;
    };
    let mut said = text.expose_secret().split_whitespace();
    let is_start = said.next().is_some_and(|word| word == "/start" || word.starts_with("/start@"));
    let is_code = is_start && said.next() == Some(code) && said.next().is_none();
    is_code.then_some(Paired { chat: *chat, user: from.id })
}

/// In a group the person who has sent the code is the one who may command.
fn save(place: &Place, token: &SecretString, paired: &Paired) -> Result<Config, Failure> {
    let chat = SecretString::from(paired.chat.to_string());
    let user = SecretString::from(paired.user.to_string());
    let mut values = vec![("TELEGRAM_BOT_TOKEN", token), ("TELEGRAM_CHAT_ID", &chat)];
    if paired.chat != paired.user {
        values.push(("TELEGRAM_ALLOWED_USERS", &user));
    }
    place.save(&values)
}

async fn greet(terminal: &mut Terminal, chat: &TelegramChat, id: i64) {
    let text = "✅ fyers-keeper is paired with this chat\nAlerts and the login card of each trading day come here. \
                /help lists what you can ask.";
    let bubble = Bubble { text: text.to_owned(), loud: true, ..Bubble::default() };
    terminal.say(match chat.say(id, &bubble).await {
        Ok(_message) => "✓ Paired. A test message is in the chat.",
        Err(_) => "! Paired, but the test message did not arrive. `fyers-keeper doctor` looks why.",
    });
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use keeper_domain::chat::talk::{MessageId, Person};

    use super::*;

    fn written(text: &str, forwarded: bool) -> Update {
        let heard = Heard::Message {
            chat: -100,
            private: false,
            from: Some(Person { id: 42, name: "Asha".to_owned() }),
            id: MessageId(1),
            at: Utc::now(),
            text: SecretString::from(text),
            forwarded,
            edited: false,
        };
        Update { id: 7, heard }
    }

    #[test]
    fn only_the_code_itself_pairs_a_chat() {
        for good in ["/start 012345", " /start   012345 ", "/start@keeper_bot 012345"] {
            assert!(paired(&written(good, false), "012345").is_some(), "{good}");
        }
        for bad in ["/start", "/start 12345", "012345", "/start 012345 x", "/started 012345", "start 012345"]
        {
            assert!(paired(&written(bad, false), "012345").is_none(), "{bad}");
        }
        assert!(paired(&written("/start 012345", true), "012345").is_none(), "passed on");
    }
}
