//! Writing down: log and Notifier hear of a change when it is on disk, and what a failing store did not take is kept.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture, fut};
use fyers_api::order_socket::{OrderTopic, ServerText};
use keeper_domain::{
    feeds::{news::OrderNews, state::Feeds},
    ports::{Change, StoreError, StoreErrorKind},
    routing::Venue,
};
use mock_exchange::{
    Record,
    api::events::{BookEvent, events},
};

use crate::{
    exchange::actor::{ExchangeActor, Turn, give_up},
    journal,
};

/// Events kept in memory while the store fails; older ones are dropped first.
const MOST_UNSAVED: usize = 1_000;

impl ExchangeActor {
    /// Commits facts of the MockExchange that no bot's request has brought, and books them for the bots.
    pub(super) fn commit_facts(&mut self, mut change: Change) -> Turn<Result<(), StoreError>> {
        if !change.mock_records.is_empty() {
            self.book_for_bots(&change.mock_records, None);
            self.note_books(&mut change);
        }
        self.commit(change)
    }

    /// Commits, and then tells log and Notifier. An error means that nothing of it is on disk.
    pub(super) fn commit(&self, mut change: Change) -> Turn<Result<(), StoreError>> {
        if change.mock_records.iter().any(|record| matches!(record, Record::DayOpened { .. })) {
            change.mock_snapshot = self.volatile.book.engine().opening().cloned();
        }
        if is_empty(&change) {
            return Box::pin(fut::ready(Ok(())));
        }
        let opens_day = change.mock_snapshot.is_some();
        let prices = change.mock_prices.clone();
        let told = events(self.volatile.book.engine(), &change.mock_records);
        let (store, wake) = (Arc::clone(&self.deps.store), self.deps.journal.clone());
        let commit = async move { journal::commit(store.as_ref(), change, "exchange", &wake).await };
        Box::pin(commit.into_actor(self).map(move |committed, act, ctx| {
            if committed.is_err() {
                act.volatile.book.keep_unsaved_prices(prices);
            } else {
                act.tell_bots(told);
            }
            match &committed {
                Ok(()) if opens_day => act.trim(ctx),
                Ok(()) => {}
                Err(error) if error.kind == StoreErrorKind::Damaged => give_up(error, ctx),
                Err(error) => tracing::error!(event = "store.failed", actor = "exchange", "{error}"),
            }
            committed
        }))
    }

    /// What is on disk now, for bots that follow their orders.
    fn tell_bots(&self, events: Vec<BookEvent>) {
        let order = |topic, text: ServerText| OrderNews {
            venue: Venue::Mock,
            topic: Some(topic),
            text: text.write().into(),
        };
        for event in events {
            let news = match event {
                BookEvent::Order(event) => order(OrderTopic::Orders, ServerText::Order(event)),
                BookEvent::Trade(event) => order(OrderTopic::Trades, ServerText::Trade(event)),
                BookEvent::Position(event) => order(OrderTopic::Positions, ServerText::Position(event)),
                BookEvent::Day => {
                    self.deps.hub.with(Feeds::day);
                    continue;
                }
            };
            self.deps.hub.with(|feeds, now| feeds.order(news, now));
        }
    }

    /// Once a day the store loses what nobody needs any more, a little at a time.
    fn trim(&self, ctx: &mut Context<Self>) {
        let store = Arc::clone(&self.deps.store);
        let trim = async move {
            while store.trim().await? {}
            Ok::<_, StoreError>(())
        };
        ctx.spawn(trim.into_actor(self).map(|trimmed, _, _| {
            // The next day tries again.
            if let Err(error) = trimmed {
                tracing::warn!(event = "store.failed", actor = "exchange", "{error}");
            }
        }));
    }

    /// Commits; what cannot be written now is written when the store works again.
    pub(super) fn commit_or_keep(&self, change: Change) -> Turn<()> {
        let kept = change.clone();
        Box::pin(self.commit(change).map(move |committed, act: &mut Self, _| {
            if committed.is_err() {
                act.keep_unsaved(kept);
            }
        }))
    }

    pub(super) fn keep_unsaved(&mut self, change: Change) {
        let unsaved = &mut self.volatile.unsaved;
        unsaved.events.extend(change.events);
        unsaved.orders.extend(change.orders);
        unsaved.outcomes.extend(change.outcomes);
        unsaved.notes.extend(change.notes);
        unsaved.halted = change.halted.or(unsaved.halted);
        unsaved.live_positions = change.live_positions.or(unsaved.live_positions.take());
        let surplus = unsaved.events.len().saturating_sub(MOST_UNSAVED);
        unsaved.events.drain(..surplus);
        let surplus = unsaved.orders.len().saturating_sub(MOST_UNSAVED);
        unsaved.orders.drain(..surplus);
    }

    /// Tries again to write what could not be written.
    pub(super) fn save_unsaved(&mut self, ctx: &mut Context<Self>) {
        let unsaved = std::mem::take(&mut self.volatile.unsaved);
        if !is_empty(&unsaved) {
            let again = self.commit_or_keep(unsaved);
            ctx.wait(again);
        }
    }
}

fn is_empty(change: &Change) -> bool {
    let lists = change.events.is_empty()
        && change.mock_records.is_empty()
        && change.mock_prices.is_empty()
        && change.orders.is_empty()
        && change.outcomes.is_empty()
        && change.notes.is_empty();
    lists && change.mock_snapshot.is_none() && change.halted.is_none() && change.live_positions.is_none()
}
