//! The Telegram side: a phone that shows what the bot sent, and people who can answer.

mod api;
mod buttons;
mod compose;
mod markup;
mod methods;
mod people;
mod updates;
pub(crate) mod wire;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use buttons::Button;
pub(crate) use methods::{POLL_CONFLICT, begin_poll, conflict, endpoint, handle, longest_wait};
pub use people::{PersonMessage, UserAction, Writing};
use updates::Updates;

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
    /// Whether it cannot be forwarded or saved.
    #[serde(default)]
    pub protect_content: bool,
    /// What was asked about the preview of links, as sent.
    #[serde(default)]
    pub link_preview_options: Option<Value>,
    /// The message it answers.
    #[serde(default)]
    pub reply_to: Option<i64>,
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

impl TelegramMessage {
    /// The buttons under it, row by row.
    pub fn buttons(&self) -> Vec<Button> {
        buttons::of(self.reply_markup.as_ref())
    }
}

/// An answer to the press of a button.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackAnswer {
    /// The callback query it answers.
    pub id: String,
    /// The words shown to the person, if any.
    pub text: Option<String>,
    /// Whether the words stay until the person has read them.
    #[serde(default)]
    pub show_alert: bool,
    /// An address opened for the person, if any.
    #[serde(default)]
    pub url: Option<String>,
    /// The person who pressed.
    #[serde(default)]
    pub from: i64,
    /// The message with the button.
    #[serde(default)]
    pub message_id: i64,
    /// The button's callback data.
    #[serde(default)]
    pub data: String,
    /// Simulated time of the answer.
    #[serde(default)]
    pub at: DateTime<Utc>,
}

/// A press that waits for its answer.
#[derive(Debug)]
struct OpenQuery {
    id: String,
    from: i64,
    message_id: i64,
    data: String,
}

/// Everything Telegram remembers about the bot.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) settings: Telegram,
    pub(crate) messages: Vec<TelegramMessage>,
    pub(crate) heard: Vec<PersonMessage>,
    pub(crate) answers: Vec<CallbackAnswer>,
    pub(crate) commands: Value,
    pub(crate) webhook: Option<String>,
    open_queries: Vec<OpenQuery>,
    updates: Updates,
    last_message: i64,
}

impl Phone {
    pub(crate) fn new(settings: Telegram) -> Self {
        Self {
            settings,
            messages: Vec::new(),
            heard: Vec::new(),
            answers: Vec::new(),
            commands: json!([]),
            webhook: None,
            open_queries: Vec::new(),
            updates: Updates::new(),
            last_message: 0,
        }
    }

    /// How often a `getUpdates` call was ended by a later one.
    pub(crate) fn poll_conflicts(&self) -> u64 {
        self.updates.conflicts
    }

    fn next_message_id(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }

    fn find(&mut self, chat: i64, id: i64) -> Option<&mut TelegramMessage> {
        self.messages.iter_mut().find(|message| message.chat == chat && message.id == id && !message.deleted)
    }

    fn find_heard(&mut self, chat: i64, id: i64) -> Option<&mut PersonMessage> {
        self.heard.iter_mut().find(|message| message.chat == chat && message.id == id && !message.deleted)
    }

    /// A message of the bot or of a person as the Bot API shows it inside an answer to it.
    fn wire_of(&self, chat: i64, id: i64) -> Option<Value> {
        let sent = self.messages.iter().find(|message| message.chat == chat && message.id == id);
        let mut found = match sent {
            Some(message) if !message.deleted => wire::message(self, message),
            _ => self.heard.iter().find(|m| m.chat == chat && m.id == id && !m.deleted)?.wire.clone(),
        };
        if let Some(fields) = found.as_object_mut() {
            fields.remove("reply_to_message");
        }
        Some(found)
    }
}
