//! The Telegram side: a phone that shows what the bot sent, and a person who can answer.

mod markup;
mod methods;
pub(crate) mod wire;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use methods::{endpoint, handle, wants_to_wait};

use crate::options::Telegram;

/// A message as the phone shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TelegramMessage {
    /// Message id, counting up over all chats.
    pub id: i64,
    /// The chat it is in.
    pub chat: i64,
    /// What a person reads: the text without its markup.
    pub text: String,
    /// The text as the bot sent it.
    pub raw: String,
    /// The formatting it was sent in.
    pub parse_mode: Option<String>,
    /// Whether it came without a sound.
    pub silent: bool,
    /// Whether it was edited since.
    pub edited: bool,
    /// Whether it was deleted since; the phone shows it no more.
    pub deleted: bool,
    /// Its buttons, as sent.
    pub reply_markup: Option<Value>,
    /// Simulated time it was sent.
    pub at: DateTime<Utc>,
    /// Simulated time of the last edit or deletion; at first the same as `at`.
    pub changed_at: DateTime<Utc>,
}

/// An answer to the press of a button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackAnswer {
    /// The callback query it answers.
    pub id: String,
    /// The words shown to the person, if any.
    pub text: Option<String>,
}

/// Something a person does in a chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum UserAction {
    /// Writes a message.
    Text {
        /// The person; in a private chat also the chat.
        from: i64,
        /// The chat; `None` means the private one.
        #[serde(default)]
        chat: Option<i64>,
        /// What they write.
        text: String,
    },
    /// Presses a button under a message of the bot.
    Press {
        /// The person.
        from: i64,
        /// The message with the button.
        message_id: i64,
        /// The button's callback data.
        data: String,
    },
}

/// Everything Telegram remembers about the bot.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) settings: Telegram,
    pub(crate) messages: Vec<TelegramMessage>,
    pub(crate) answers: Vec<CallbackAnswer>,
    pub(crate) commands: Value,
    pub(crate) webhook: Option<String>,
    open_queries: Vec<String>,
    updates: Vec<Value>,
    last_message: i64,
    last_update: i64,
}

impl Phone {
    pub(crate) fn new(settings: Telegram) -> Self {
        Self {
            settings,
            messages: Vec::new(),
            answers: Vec::new(),
            commands: json!([]),
            webhook: None,
            open_queries: Vec::new(),
            updates: Vec::new(),
            last_message: 0,
            last_update: 100,
        }
    }

    fn next_message_id(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }

    fn find(&mut self, chat: i64, id: i64) -> Option<&mut TelegramMessage> {
        self.messages.iter_mut().find(|message| message.chat == chat && message.id == id && !message.deleted)
    }

    /// Queues what a person did for `getUpdates`; returns the update's id, or `None` when the message with the
    /// button is not there.
    pub(crate) fn act(&mut self, action: &UserAction, now: DateTime<Utc>) -> Option<i64> {
        let content = match action {
            UserAction::Text { from, chat, text } => self.typed(*from, chat.unwrap_or(*from), text, now),
            UserAction::Press { from, message_id, data } => self.pressed(*from, *message_id, data)?,
        };
        self.last_update += 1;
        let mut update = json!({"update_id": self.last_update});
        if let (Some(update), Value::Object(content)) = (update.as_object_mut(), content) {
            update.extend(content);
        }
        self.updates.push(update);
        Some(self.last_update)
    }

    fn typed(&mut self, from: i64, chat: i64, text: &str, now: DateTime<Utc>) -> Value {
        let id = self.next_message_id();
        let mut message = json!({"message_id": id, "from": wire::person(from), "chat": wire::chat(chat),
            "date": now.timestamp(), "text": text});
        if text.starts_with('/') {
            let length = text.split_whitespace().next().unwrap_or_default().encode_utf16().count();
            message["entities"] = json!([{"type": "bot_command", "offset": 0, "length": length}]);
        }
        json!({"message": message})
    }

    fn pressed(&mut self, from: i64, message_id: i64, data: &str) -> Option<Value> {
        let found = self.messages.iter().find(|message| message.id == message_id && !message.deleted)?;
        let message = wire::message(self, found);
        let id = rand::random::<u64>().to_string();
        self.open_queries.push(id.clone());
        Some(json!({"callback_query": {"id": id, "from": wire::person(from), "message": message,
            "chat_instance": "1", "data": data}}))
    }

    /// Updates from `offset` on; earlier ones are confirmed by the call and forgotten.
    pub(crate) fn updates_from(&mut self, offset: i64, limit: usize) -> Vec<Value> {
        let id = |update: &Value| update["update_id"].as_i64().unwrap_or_default();
        if offset > 0 {
            self.updates.retain(|update| id(update) >= offset);
        }
        self.updates.iter().take(limit).cloned().collect()
    }

    /// Answers a pressed button once.
    fn answer(&mut self, id: &str, text: Option<&str>) -> bool {
        let known = self.open_queries.iter().any(|open| open == id);
        if known {
            self.open_queries.retain(|open| open != id);
            self.answers.push(CallbackAnswer { id: id.to_owned(), text: text.map(str::to_owned) });
        }
        known
    }
}
