//! Pairing with a Telegram chat: the bot's name, the code that finds the chat, and the first message. What a terminal and
//! the set-up pages have in common.

use std::time::Duration;

use keeper_domain::chat::talk::{Bubble, Chat, Heard, PollError, SHOW_BOT_TOKEN, Update};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::cli::{failure::Failure, init::place::Place, setup::CliConfig};
use crate::{
    config::TelegramSettings,
    telegram::{CheckupError, TelegramChat, checkup},
};

/// How long the code is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// What a chat is told that has sent another code, or none.
const OTHER_CODE: &str = "This is not the code that the set-up of fyers-keeper shows now. Send /start and the six digits \
                          that are on its screen. It answers this once.";
/// Chats that are told so, for one code.
const TOLD: usize = 3;
/// How long one question to Telegram may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Where the code came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paired {
    pub(super) chat: i64,
    user: i64,
}

impl Paired {
    /// Whether others are in the chat: then only the person who has sent the code may command.
    pub(super) fn is_group(self) -> bool {
        self.chat != self.user
    }
}

/// A bot that answers and waits for its code.
pub(super) struct Candidate {
    token: SecretString,
    pub(super) chat: TelegramChat,
    /// As `@keeper_bot`.
    pub(super) bot: String,
    /// Six digits.
    pub(super) code: String,
    /// The newest update that was heard.
    after: i64,
    /// Chats that were told that theirs is another code.
    told: Vec<i64>,
}

impl Candidate {
    /// Asks Telegram for the bot's name. An error is one line for a person.
    pub(super) async fn of(token: &SecretString, api_url: Url) -> Result<Self, String> {
        let settings = TelegramSettings {
            bot_token: token.clone(),
            // Nobody's, until the code has come.
            chat_id: 0,
            allowed_users: vec![],
            api_url,
        };
        let bot = match checkup(&settings, LIMIT).await.bot {
            Ok(bot) => bot,
            Err(CheckupError::Refused(why)) => {
                return Err(format!(
                    "Telegram does not know this bot: {why}. Copy the token again: {SHOW_BOT_TOKEN}."
                ));
            }
            Err(CheckupError::Silent(why)) => return Err(format!("Telegram cannot be reached: {why}.")),
            Err(CheckupError::Setup(why)) => {
                return Err(format!("{why}. Copy the token again: {SHOW_BOT_TOKEN}."));
            }
            // The bot itself cannot move.
            Err(CheckupError::Moved(_)) => {
                return Err("Telegram answers for another chat. Try again.".to_owned());
            }
        };
        let chat = TelegramChat::new(&settings).map_err(|error| error.to_string())?;
        let code = format!("{:06}", rand::rng().random_range(0..1_000_000));
        // What was written to the bot before the code was there is no try of it.
        let before = chat.pending(0).await.unwrap_or_default();
        let after = before.iter().map(|update| update.id).max().unwrap_or_default();
        Ok(Self { token: token.clone(), chat, bot, code, after, told: vec![] })
    }

    /// Waits for what is written to the bot, up to half a minute: the code's chat, if it is among it.
    pub(super) async fn listen(&mut self) -> Result<Option<Paired>, PollError> {
        let updates = self.chat.updates(self.after).await?;
        Ok(self.hear(&updates).await)
    }

    /// The same without waiting.
    pub(super) async fn look(&mut self) -> Result<Option<Paired>, PollError> {
        let updates = self.chat.pending(self.after).await?;
        Ok(self.hear(&updates).await)
    }

    async fn hear(&mut self, updates: &[Update]) -> Option<Paired> {
        self.after = updates.iter().map(|update| update.id).max().unwrap_or(self.after).max(self.after);
        let Some(paired) = updates.iter().find_map(|update| paired(update, &self.code)) else {
            self.answer_others(updates).await;
            return None;
        };
        // Told to Telegram, so that a keeper that starts next does not hear it again.
        let _next = self.chat.pending(self.after).await;
        Some(paired)
    }

    /// Whoever slipped is told so, once. A stranger learns nothing that the bot's being there does not say, and few chats
    /// are answered at all.
    async fn answer_others(&mut self, updates: &[Update]) {
        for chat in updates.iter().filter_map(begins) {
            if self.told.contains(&chat) || self.told.len() >= TOLD {
                continue;
            }
            self.told.push(chat);
            let bubble = Bubble { text: OTHER_CODE.to_owned(), ..Bubble::default() };
            // It is a courtesy: whoever does not get it looks at the screen.
            let _sent = self.chat.say(chat, &bubble).await;
        }
    }

    /// In a group the person who has sent the code is the one who may command.
    pub(super) fn save(&self, place: &Place, paired: Paired) -> Result<CliConfig, Failure> {
        let chat = SecretString::from(paired.chat.to_string());
        let user = SecretString::from(paired.user.to_string());
        let mut values = vec![("TELEGRAM_BOT_TOKEN", &self.token), ("TELEGRAM_CHAT_ID", &chat)];
        if paired.is_group() {
            values.push(("TELEGRAM_ALLOWED_USERS", &user));
        }
        place.save(&values)
    }

    /// A test message; false when it did not arrive.
    pub(super) async fn greet(&self, paired: Paired) -> bool {
        let text = "✅ fyers-keeper is paired with this chat\nAlerts and the login card of each trading day come here. \
                    /help lists what you can ask.";
        let bubble = Bubble { text: text.to_owned(), loud: true, ..Bubble::default() };
        self.chat.say(paired.chat, &bubble).await.is_ok()
    }
}

/// A failed poll that will not pass by itself, in words.
pub(super) fn lasting(error: &PollError) -> Option<&'static str> {
    match error {
        PollError::Conflict => {
            Some("Another program uses this bot. Stop it, or make a bot of the keeper's own.")
        }
        PollError::Refused => {
            Some("Telegram refuses this bot token now. Copy it again: /mybots to @BotFather shows it.")
        }
        PollError::Wait(_) | PollError::Failed(_) => None,
    }
}

/// Whether this is the code, written by a person and not passed on.
fn paired(update: &Update, code: &str) -> Option<Paired> {
    let Heard::Message { chat, from: Some(from), text, forwarded: false, edited: false, .. } = &update.heard
    else {
        return None;
    };
    let mut said = text.expose_secret().split_whitespace();
    let is_code = said.next().is_some_and(is_start) && said.next() == Some(code) && said.next().is_none();
    is_code.then_some(Paired { chat: *chat, user: from.id })
}

/// The chat in which a person tries to begin.
fn begins(update: &Update) -> Option<i64> {
    let Heard::Message { chat, from: Some(_), text, forwarded: false, edited: false, .. } = &update.heard
    else {
        return None;
    };
    let is_try = text.expose_secret().split_whitespace().next().is_some_and(is_start);
    is_try.then_some(*chat)
}

fn is_start(word: &str) -> bool {
    word == "/start" || word.starts_with("/start@")
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
    fn a_try_is_told_from_other_words() {
        for (text, is_try) in [
            ("/start 999999", true),
            ("/start", true),
            ("/start@keeper_bot 1", true),
            ("hello", false),
            ("/started", false),
        ] {
            assert_eq!(begins(&written(text, false)).is_some(), is_try, "{text}");
        }
        assert_eq!(begins(&written("/start 1", true)), None, "passed on");
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
