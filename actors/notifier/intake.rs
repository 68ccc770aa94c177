//! Reading the journal into the outbox.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

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

/// Alerts that are through and that the store has for waiting, each with the time of that: it could not be written down.
pub(super) type Unnoted = BTreeMap<i64, DateTime<Utc>>;

/// Writes down what is through, and gives what the store still does not take.
pub(super) async fn note(store: &dyn OutboxStore, mut unnoted: Unnoted) -> Unnoted {
    while let Some((id, at)) = unnoted.pop_first() {
        if store.alert_sent(id, at).await.is_err() {
            unnoted.insert(id, at);
            break;
        }
    }
    unnoted
}

/// Turns all unread events into alerts and commits them together with the cursor. `known` is the outbox as
/// the last look and the deliveries since left it; without it everything is read anew. What is `unnoted` does not wait: it is
/// not sent again, and nothing is added to it.
pub(super) async fn look(
    store: &dyn OutboxStore,
    context: &Context,
    known: Option<Seen>,
    unnoted: &Unnoted,
) -> Result<Seen, StoreError> {
    let mut seen = match known {
        Some(seen) => seen,
        None => load(store, unnoted).await?,
    };
    loop {
        let events = store.unread_events(BATCH).await?;
        if events.is_empty() {
            return Ok(seen);
        }
        let context = Context { halted: store.is_halted().await?, ..context.clone() };
        let plan = coalesce::plan(&seen.waiting, &events, |event| alert_for(event, &context));
        let outbox_changes = !plan.new.is_empty() || !plan.merged.is_empty();
        match store.queue_alerts(plan.read_to, plan.new, plan.merged).await {
            Ok(()) => {}
            // A full disk takes nothing new. What waits on it can go out all the same.
            Err(_) if !seen.waiting.is_empty() => return Ok(seen),
            Err(error) => return Err(error),
        }
        if outbox_changes {
            let last_known = seen.waiting.back().map_or(i64::MIN, |alert| alert.id);
            seen = load(store, unnoted).await?;
            announce(seen.waiting.iter().filter(|alert| alert.id > last_known));
        }
    }
}

async fn load(store: &dyn OutboxStore, unnoted: &Unnoted) -> Result<Seen, StoreError> {
    let waiting = store.waiting_alerts().await?.into_iter();
    let waiting = waiting.filter(|alert| !unnoted.contains_key(&alert.id)).collect();
    Ok(Seen { waiting, totals: store.alert_totals().await? })
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
