//! What the inbox must not forget, whatever crashes.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::chat::{
    inbox::reaction::{CommandOrigin, Cursor},
    talk::MessageId,
};

/// What is on disk before an update is acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InboxMemory {
    /// The last update that was heard.
    pub cursor: Cursor,
    /// The day (IST) for which Control has heard of a stranger.
    pub stranger_told: Option<NaiveDate>,
    /// What is being carried out. Found after a start, it says that this was cut short.
    #[serde(default)]
    pub underway: Option<Place>,
}

/// A message to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its chat.
    pub chat: i64,
    /// The message.
    pub message: MessageId,
}

impl From<&CommandOrigin> for Place {
    fn from(origin: &CommandOrigin) -> Self {
        Self { chat: origin.chat, message: origin.message }
    }
}
