//! What of the inbox is on disk.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use keeper_domain::chat::inbox::reaction::{Cursor, Origin};
use keeper_domain::{
    chat::talk::MessageId,
    ports::{Change, Store, StoreError},
};

/// Its name in the store.
pub(super) const NAME: &str = "inbox_cursor";

/// What must not be forgotten, whatever crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Note {
    /// The last update that was heard.
    pub(super) cursor: Cursor,
    /// The day (IST) for which Control has heard of a stranger.
    pub(super) stranger_told: Option<NaiveDate>,
    /// What is being carried out. Found after a start, it says that this was cut short.
    #[serde(default)]
    pub(super) underway: Option<Place>,
}

/// A message to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) chat: i64,
    pub(super) message: MessageId,
}

impl From<&Origin> for Place {
    fn from(origin: &Origin) -> Self {
        Self { chat: origin.chat, message: origin.message }
    }
}

impl Note {
    /// One that cannot be read counts as none: what is old is not acted on anyway.
    pub(super) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let note = store.note(NAME).await?;
        Ok(note.and_then(|note| serde_json::from_value(note).ok()).unwrap_or_default())
    }

    pub(super) async fn write(self, store: &dyn Store) -> Result<(), StoreError> {
        let note = serde_json::to_value(self)
            .map_err(|error| StoreError::refused("noted the cursor", error.to_string()))?;
        store.commit(Change { notes: vec![(NAME, note)], ..Change::default() }).await
    }
}
