//! Messages of the bot, and its answers to pressed buttons.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::buttons::{self, Button};

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
    /// `link_preview_options`, as sent.
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
    /// The text shown to the person, if any.
    pub text: Option<String>,
    /// Whether the text is shown as an alert that the person must close.
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
pub(crate) struct OpenQuery {
    pub(crate) id: String,
    pub(crate) from: i64,
    pub(crate) message_id: i64,
    pub(crate) data: String,
}
