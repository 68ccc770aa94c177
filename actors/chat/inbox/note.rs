//! The inbox's memory on disk.

pub(super) use keeper_domain::chat::inbox::memory::{InboxMemory as Note, Place};
use keeper_domain::{
    notes::INBOX,
    ports::{Change, Store, StoreError},
};

/// One that cannot be read counts as none: what is old is not acted on anyway.
pub(super) async fn read(store: &dyn Store) -> Result<Note, StoreError> {
    Ok(INBOX.read(store).await?.readable().unwrap_or_default())
}

pub(super) async fn write(note: Note, store: &dyn Store) -> Result<(), StoreError> {
    store.commit(Change { notes: vec![INBOX.set(&note)?], ..Change::default() }).await
}
