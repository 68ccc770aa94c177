//! Writing down: log and Notifier hear of a change when it is on disk, and what a failing store did not take is kept.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture, fut};
use fyers_api::order_socket::{OrderTopic, ServerText};
use keeper_domain::{
    feeds::{news::OrderNews, state::Feeds},
    note::NoteChange,
    notes::{BOT_BOOKS, CONDITIONAL_ORDERS, SIMULATED_IN_GAP, SIMULATED_TOLD},
    ports::{Change, StoreError, StoreErrorKind},
    routing::Venue,
};
use mock_exchange::{
    Record,
    api::events::{BookEvent, events},
};

use crate::{
    exchange::{
        actor::{ExchangeActor, Turn, give_up},
        facts::{Facts, is_empty},
        messages::Unwritten,
        pipeline::{After, Outcome},
    },
    journal,
};

/// Events kept in memory while the store fails; older ones are dropped first.
const MOST_UNSAVED: usize = 1_000;

impl Handler<Unwritten> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, Unwritten(change): Unwritten, _: &mut Context<Self>) {
        self.keep_unsaved(change);
    }
}

impl ExchangeActor {
    /// Queues facts of the MockExchange that no bot's request has brought, and books them for the bots.
    pub(super) fn queue_own_facts(&mut self, mut change: Change, after: After, ctx: &mut Context<Self>) {
        if !change.mock_records.is_empty() {
            self.book_for_bots(&change.mock_records, None);
            self.note_books(&mut change);
        }
        self.queue_facts(change, after, ctx);
    }

    /// What is to be done for these facts before they are written, and after.
    pub(super) fn facts(&self, mut change: Change) -> (Change, Facts) {
        let engine = self.volatile.book.engine();
        if change.mock_records.iter().any(|record| matches!(record, Record::DayOpened { .. })) {
            change.mock_snapshot = engine.opening().cloned();
        }
        // Who begins to follow after this finds it in the books.
        let is_followed = self.deps.hub.with(|feeds, _| feeds.tells_orders());
        let facts = Facts {
            prices: change.mock_prices.clone(),
            told: if is_followed { events(engine, &change.mock_records) } else { vec![] },
            opens_day: change.mock_snapshot.is_some(),
        };
        (change, facts)
    }

    /// Bots that follow their orders hear of facts when they are on disk.
    pub(super) fn facts_ended(&mut self, facts: Facts, outcome: &Outcome, ctx: &mut Context<Self>) {
        match outcome {
            Ok(()) => self.tell_bots(facts.told),
            Err(_) => self.volatile.book.keep_unsaved_prices(facts.prices),
        }
        if outcome.is_ok() && facts.opens_day {
            self.trim(ctx);
        }
        self.note_failure(outcome, ctx);
    }

    pub(super) fn note_failure(&self, outcome: &Outcome, ctx: &mut Context<Self>) {
        match outcome {
            Ok(()) => {}
            Err(error) if error.kind == StoreErrorKind::Damaged => give_up(error, ctx),
            Err(error) => tracing::error!(event = "store.failed", actor = "exchange", "{error}"),
        }
    }

    /// Commits, and then tells log and Notifier. An error means that nothing of it is on disk.
    pub(super) fn commit(&self, change: Change) -> Turn<Outcome> {
        if is_empty(&change) {
            return Box::pin(fut::ready(Ok(())));
        }
        let opens_day = change.mock_snapshot.is_some();
        let (store, wake) = (Arc::clone(&self.deps.store), self.deps.journal.clone());
        let commit = async move { journal::commit(store.as_ref(), change, "exchange", &wake).await };
        Box::pin(commit.into_actor(self).map(move |committed, act, ctx| {
            if committed.is_ok() && opens_day {
                act.trim(ctx);
            }
            act.note_failure(&committed, ctx);
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
            act.keep_unless(&committed, kept);
        }))
    }

    /// The same for what nobody waits for.
    pub(super) fn queue_or_keep(&mut self, change: Change, ctx: &mut Context<Self>) {
        if !is_empty(&change) {
            let kept = change.clone();
            self.queue_beside(change, Box::new(|act, outcome, _| act.keep_unless(outcome, kept)), ctx);
        }
    }

    pub(super) fn keep_unless(&mut self, outcome: &Outcome, change: Change) {
        if outcome.is_err() {
            self.keep_unsaved(change);
        }
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

    fn renew_notes(&self, change: &mut Change) {
        let had = |note: &NoteChange| {
            let (gap, told) = (SIMULATED_IN_GAP.is_in(note), SIMULATED_TOLD.is_in(note));
            [BOT_BOOKS.is_in(note), gap, told, CONDITIONAL_ORDERS.is_in(note)]
        };
        let [books, gap, told, conditional] =
            [0, 1, 2, 3].map(|which: usize| change.notes.iter().any(|note| had(note)[which]));
        change.notes.retain(|note| had(note) == [false; 4]);
        if books {
            self.note_books(change);
        }
        if gap {
            change.notes.extend(SIMULATED_IN_GAP.set(&self.volatile.gap));
        }
        if told {
            change.notes.extend(SIMULATED_TOLD.set(self.volatile.leftovers.told()));
        }
        if conditional {
            change.notes.extend(self.deps.conditional.note());
        }
    }

    /// Tries again to write what could not be written. Of what has changed since, it is what is true now.
    pub(super) fn save_unsaved(&mut self, ctx: &mut Context<Self>) {
        if is_empty(&self.volatile.unsaved) {
            return;
        }
        ctx.wait(self.written().then(|(), act, _| {
            let mut unsaved = std::mem::take(&mut act.volatile.unsaved);
            act.renew_notes(&mut unsaved);
            act.commit_or_keep(unsaved)
        }));
    }
}
