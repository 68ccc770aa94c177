//! The summary of the day: looks every half minute whether one is due, and writes it into the journal.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::ist;
use keeper_actors::{journal, notifier::messages::JournalGrew, recipient_cell::RecipientCell};
use keeper_domain::{
    clock::token_hours::TokenHours,
    day_summary::{due, summarize},
    event::Event,
    keys::BotName,
    notes::SUMMARY_TOLD,
    order_journal::OrderEntry,
    ports::{Change, Store, StoreError, Time},
};
use rust_decimal::Decimal;

use crate::{
    app::{Parts, backend::KeeperBackend},
    http::account,
};

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(30);
/// Orders and events that are read for a day at most.
const PAGE: u32 = 1_000;
const EVENTS: u32 = 20_000;

/// What the summary is made from.
pub(super) struct Summarist {
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    hours: Arc<TokenHours>,
    backend: Arc<KeeperBackend>,
    journal: RecipientCell<JournalGrew>,
}

impl Summarist {
    pub(super) fn new(
        parts: &Parts,
        backend: &Arc<KeeperBackend>,
        journal: &RecipientCell<JournalGrew>,
    ) -> Self {
        Self {
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            hours: Arc::clone(&parts.hours),
            backend: Arc::clone(backend),
            journal: journal.clone(),
        }
    }

    /// Tells each day once, as long as the keeper runs. A store that fails now is asked again later.
    pub(super) async fn run(self) {
        loop {
            self.time.sleep(LOOK).await;
            if let Err(error) = self.look(self.time.now()).await {
                tracing::error!(event = "store.failed", actor = "summary", "{error}");
            }
        }
    }

    async fn look(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let told = SUMMARY_TOLD.read(self.store.as_ref()).await?.readable();
        let tick = self.store.last_tick().await?;
        let Some(date) = due(&self.hours, tick, told, now) else { return Ok(()) };
        let mut events = self.store.recent_events(EVENTS).await?;
        events.reverse();
        let mut summary = summarize(date, &self.orders_of(date).await?, &events);
        if let Ok(read) = account::positions(self.backend.as_ref(), BotName::owner()).await {
            summary.pnl = read.part.pnl.and_then(plain);
            summary.venue = read.venue;
        }
        let notes = vec![SUMMARY_TOLD.set(&date)?];
        let events = vec![(now, Event::DaySummary { day: summary })];
        let change = Change { events, notes, ..Change::default() };
        journal::commit(self.store.as_ref(), change, "summary", &self.journal).await
    }

    async fn orders_of(&self, date: NaiveDate) -> Result<Vec<OrderEntry>, StoreError> {
        let (mut orders, mut before) = (vec![], None);
        loop {
            let page = self.store.orders_before(before, PAGE).await?;
            before = page.last().map(|(number, _)| *number);
            let older = page.iter().any(|(_, order)| ist::date(order.at) < date);
            orders
                .extend(page.into_iter().map(|(_, order)| order).filter(|order| ist::date(order.at) == date));
            if older || before.is_none() {
                return Ok(orders);
            }
        }
    }
}

/// As the journal keeps it; how it is shown is another thing.
fn plain(amount: f64) -> Option<String> {
    Decimal::try_from(amount).ok().map(|amount| format!("{:.2}", amount.round_dp(2)))
}
