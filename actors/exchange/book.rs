//! The MockExchange's book from disk: the last snapshot, and the records since, a page at a time.

use keeper_domain::ports::{MockJournalStore, StoreError};
use mock_exchange::{Config, Engine, Instruments};

/// Records in memory at once.
const PAGE: u32 = 2_000;

/// The engine as its journal has it.
///
/// # Errors
/// The store cannot be read, or neither its snapshots nor what they stand for can.
pub async fn load<S: MockJournalStore + ?Sized>(
    store: &S,
    rules: Config,
    instruments: Instruments,
) -> Result<Engine, StoreError> {
    let (mut engine, mut after) = match store.mock_start().await? {
        Some(start) => (Engine::resume(rules, instruments, start.snapshot), start.after),
        None => (Engine::new(rules, instruments), 0),
    };
    loop {
        let page = store.mock_records(after, PAGE).await?;
        page.records.iter().for_each(|record| engine.apply(record));
        let Some(last) = page.last else { return Ok(engine) };
        after = last;
    }
}
