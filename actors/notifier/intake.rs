//! Reading the journal into the outbox.

use std::collections::VecDeque;

use keeper_domain::alert::Outgoing;
use keeper_domain::alerts::{
    coalesce,
    texts::{Context, alert_for},
};
use keeper_domain::ports::{AlertTotals, OutboxStore, StoreError};

/// Events read at once.
const BATCH: u32 = 500;

/// The outbox after a look.
#[derive(Debug)]
pub(super) struct Seen {
    /// What waits, oldest first.
    pub(super) waiting: VecDeque<Outgoing>,
    /// How many there have been.
    pub(super) totals: AlertTotals,
}

/// Turns all unread events into alerts and commits them together with the cursor. `known` is the outbox as
/// the last look and the deliveries since left it; without it everything is read anew.
pub(super) async fn look(
    store: &dyn OutboxStore,
    context: &Context,
    known: Option<Seen>,
) -> Result<Seen, StoreError> {
    let mut seen = match known {
        Some(seen) => seen,
        None => load(store).await?,
    };
    loop {
        let events = store.unread_events(BATCH).await?;
        if events.is_empty() {
            return Ok(seen);
        }
        let context = Context { halted: store.is_halted().await?, ..context.clone() };
        let plan = coalesce::plan(&seen.waiting, &events, |event| alert_for(event, &context));
        let outbox_changes = !plan.new.is_empty() || !plan.merged.is_empty();
        store.queue_alerts(plan.read_to, plan.new, plan.merged).await?;
        if outbox_changes {
            let last_known = seen.waiting.back().map_or(i64::MIN, |alert| alert.id);
            seen = load(store).await?;
            announce(seen.waiting.iter().filter(|alert| alert.id > last_known));
        }
    }
}

async fn load(store: &dyn OutboxStore) -> Result<Seen, StoreError> {
    Ok(Seen { waiting: store.waiting_alerts().await?.into(), totals: store.alert_totals().await? })
}

fn announce<'a>(queued: impl Iterator<Item = &'a Outgoing>) {
    for alert in queued {
        tracing::info!(
            event = "alert.queued",
            id = alert.id,
            severity = alert.severity.slug(),
            count = alert.count,
            "alert queued"
        );
    }
}
