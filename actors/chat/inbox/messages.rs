//! What others may ask the InboxActor.

use actix::{Message, MessageResponse};
use chrono::{DateTime, Utc};

/// Asks how the chat is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "InboxView")]
pub struct GetInbox;

/// How the chat is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, MessageResponse)]
pub struct InboxView {
    /// The bot's name, when it is known.
    pub bot: Option<String>,
    /// When the keeper last had all that Telegram had for it.
    pub caught_up: Option<DateTime<Utc>>,
    /// Updates from strangers since the start.
    pub strangers: u64,
    /// Whether another program polled with the same bot token a short while ago.
    pub has_rival: bool,
}
