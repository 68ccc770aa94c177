//! What people can do in their chats with the bot.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message a person writes; the defaults are a plain message, sent now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Writing {
    /// The person, any id; in a private chat also the chat.
    pub from: i64,
    /// The chat; `None` means the private one.
    pub chat: Option<i64>,
    /// What they write.
    pub text: String,
    /// When it was sent, for one that reaches the bot late; `None` means now.
    pub sent_at: Option<DateTime<Utc>>,
    /// Who wrote it first, for a forwarded message.
    pub forwarded_from: Option<i64>,
    /// The message it answers.
    pub reply_to: Option<i64>,
}

/// A message a person wrote, as the chat shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonMessage {
    /// Message id, counting up over all chats.
    pub id: i64,
    /// The chat it is in.
    pub chat: i64,
    /// The person.
    pub from: i64,
    /// The text as it stands now.
    pub text: String,
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// Whether the person changed it since.
    pub edited: bool,
    /// Whether the bot deleted it.
    pub deleted: bool,
    /// The message as the Bot API shows it.
    pub(super) wire: Value,
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
    /// Sends callback data for a message of the bot, whether it has such a button or not: a forged press too.
    Press {
        /// The person.
        from: i64,
        /// The message with the button.
        message_id: i64,
        /// The button's callback data.
        data: String,
    },
    /// Writes a message that is old, forwarded, or an answer to another.
    Write(Writing),
    /// Changes a message a person wrote.
    Edit {
        /// The message.
        message_id: i64,
        /// Its new text.
        text: String,
    },
    /// Presses the callback button with this data on the newest message that shows it to the person.
    PressButton {
        /// The person.
        from: i64,
        /// The button's callback data.
        data: String,
    },
}
