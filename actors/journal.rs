//! The one way for an actor to write: commit, then log, then wake the Notifier. What failed to be written is
//! neither logged as done nor told to anybody.

use crate::{event_log::LogEvent, notifier::messages::JournalGrew, recipient_cell::RecipientCell};
use keeper_domain::ports::{Change, Store, StoreError};

/// Commits the change. Its events are logged in the name of `actor` only once they are on disk.
pub async fn commit(
    store: &dyn Store,
    change: Change,
    actor: &str,
    wake: &RecipientCell<JournalGrew>,
) -> Result<(), StoreError> {
    let events = change.events.clone();
    store.commit(change).await?;
    if !events.is_empty() {
        events.iter().for_each(|(_, event)| event.log(actor));
        wake.say(JournalGrew);
    }
    Ok(())
}
