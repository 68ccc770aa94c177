//! Reading the ExchangeActor's state from the store: all of it when a life begins, the book alone after a failed write.

use std::{sync::Arc, time::Duration};

use actix::{ActorFutureExt, WrapFuture};
use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::ist;
use keeper_domain::{
    bots::{books::BotBooks, changed::SentChanges, leftovers::ToldLeftovers},
    notes::{BOT_BOOKS, CANDLES, CHANGED_ORDERS, CONDITIONAL_ORDERS, SIMULATED_IN_GAP, SIMULATED_TOLD},
    order_journal::{
        LostOrders, OpenIntents, OrderEntry, OrderIntent, PlacedToday, SentRequest, TakenOrders, unread,
    },
    ports::{Change, Store, StoreError},
    routing::{
        Venue, conditional::Conditional, known_rows::KnownRows, live_positions::LivePositions,
        settling::UnreadRequest, shown_fills::ShownFills,
    },
};
use mock_exchange::{Config, Engine, Instruments, KeptCandles, KeptPrice};

use crate::exchange::{
    actor::{ExchangeActor, Turn, give_up},
    book,
    state::Answered,
};

/// Entries of the order journal that are read at once, for the day's counts.
const PAGE_OF_ORDERS: u32 = 10_000;

/// The pause before what could not be read is read again.
const NEXT_READ: Duration = Duration::from_millis(500);

/// What is read from the store when a life begins.
struct Loaded {
    engine: Engine,
    prices: Vec<KeptPrice>,
    gap: u64,
    leftovers: ToldLeftovers,
    live: LivePositions,
    conditional: Vec<Conditional>,
    halted: bool,
    intents: OpenIntents,
    sent: Vec<SentRequest>,
    orders: Vec<OrderEntry>,
    books: Option<BotBooks>,
    changes: SentChanges,
    candles: KeptCandles,
}

async fn read_store(
    store: Arc<dyn Store>,
    rules: Config,
    instruments: Instruments,
    now: DateTime<Utc>,
) -> Result<Loaded, StoreError> {
    let live = store.live_positions().await?;
    let (newest, since) = live.unread_from(now);
    Ok(Loaded {
        // When the number cannot be read, it is told that there were some.
        gap: SIMULATED_IN_GAP.read(store.as_ref()).await?.or_unreadable(1).unwrap_or_default(),
        leftovers: ToldLeftovers::new(
            SIMULATED_TOLD.read(store.as_ref()).await?.readable().unwrap_or_default(),
        ),
        conditional: CONDITIONAL_ORDERS
            .read(store.as_ref())
            .await?
            .or_unreadable(vec![Conditional::unreadable(now)])
            .unwrap_or_default(),
        halted: store.halted().await?,
        intents: store.open_intents().await?,
        sent: store.intents_after(newest, since).await?,
        orders: read_orders(store.as_ref(), live.was_live.then(|| ist::date(now))).await?,
        live,
        candles: read_candles(store.as_ref()).await?,
        engine: book::load(store.as_ref(), rules, instruments).await?,
        prices: store.mock_prices().await?,
        books: BOT_BOOKS.read(store.as_ref()).await?.readable(),
        changes: CHANGED_ORDERS.read(store.as_ref()).await?.readable().unwrap_or_default(),
    })
}

/// The newest entries, newest first. Of an account with orders at FYERS also all of those that are older and of this day,
/// however many simulated ones came after them: an id that is not known as a bot's could be taken for that of a lost order.
async fn read_orders(store: &dyn Store, day: Option<NaiveDate>) -> Result<Vec<OrderEntry>, StoreError> {
    let (mut orders, mut before) = (vec![], None);
    loop {
        let page = store.orders_before(before, PAGE_OF_ORDERS).await?;
        let Some((first, oldest)) = page.last().map(|(number, entry)| (*number, ist::date(entry.at))) else {
            return Ok(orders);
        };
        let is_newest = before.replace(first).is_none();
        let entries = page.into_iter().map(|(_, entry)| entry);
        let is_needed = |entry: &OrderEntry| {
            is_newest || (entry.venue == Venue::Fyers && Some(ist::date(entry.at)) == day)
        };
        orders.extend(entries.filter(is_needed));
        if day.is_none_or(|day| oldest < day) {
            return Ok(orders);
        }
    }
}

/// What may have reached FYERS without an answer, and was not seen there since.
fn may_arrive(
    orders: &[OrderEntry],
    live: &LivePositions,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Answered> {
    let read_at = live.read_at;
    orders.iter().filter_map(move |entry| {
        let (id, until, reserved) = entry.may_arrive(now, read_at)?;
        let (ids, sent, at, effect, closed_orders) = (vec![], entry.at, entry.at, None, vec![]);
        let request = UnreadRequest { id, ids, sent, at, reserved, effect, closed_orders };
        Some(Answered::from(request).until(until))
    })
}

async fn read_candles(store: &dyn Store) -> Result<KeptCandles, StoreError> {
    let mut kept = KeptCandles::default();
    for note in &CANDLES {
        if let Some(series) = note.read(store).await?.readable() {
            kept.restore(series);
        }
    }
    Ok(kept)
}

impl ExchangeActor {
    /// Everything, when a life begins. A database that is started again is waited for: lives that end of it at once would
    /// soon be too many. One that stays away is for the supervisor, which sees an actor that hangs.
    pub(super) fn load(&self) -> Turn<()> {
        let deps = self.deps.clone();
        let read = async move {
            loop {
                // What an earlier life has queued is on disk or refused before anything is read.
                deps.store.settled().await;
                let (store, rules) = (Arc::clone(&deps.store), deps.rules);
                let now = deps.time.now();
                match read_store(store, rules, deps.instruments.clone(), now).await {
                    Ok(loaded) => return loaded,
                    Err(error) => tracing::error!(event = "store.failed", actor = "exchange", "{error}"),
                }
                deps.time.sleep(NEXT_READ).await;
            }
        };
        Box::pin(read.into_actor(self).then(|loaded, act, _| {
            let listed = act.take(loaded);
            act.commit_or_keep(listed)
        }))
    }

    /// Takes it over. Each order that may have left has a row from now on, whether FYERS can be asked or not.
    fn take(&mut self, loaded: Loaded) -> Change {
        let Loaded {
            engine,
            prices,
            gap,
            leftovers,
            live,
            conditional,
            halted,
            intents,
            sent,
            orders,
            candles,
            books,
            changes,
        } = loaded;
        self.deps.conditional.restore(conditional);
        let now = self.deps.time.now();
        let today = ist::date(now);
        let refused = |entry: &&OrderEntry| entry.venue == Venue::Fyers && entry.is_rejected_on(today);
        let rejected = orders.iter().filter(refused).count() as u64;
        self.volatile.book = self.deps.exchange(engine, &prices);
        self.take_books(books);
        let in_flight = &self.deps.in_flight;
        let open: Vec<OrderIntent> =
            intents.open.iter().filter(|intent| !in_flight.has(intent.id)).cloned().collect();
        let is_listed = |intent: &&OrderIntent| orders.iter().any(|entry| entry.is_of(intent));
        let unlisted: Vec<OrderIntent> =
            intents.open.iter().filter(|intent| !is_listed(intent)).cloned().collect();
        let of_nobody = unlisted.iter().filter(|intent| !in_flight.has(intent.id));
        let listed: Vec<OrderEntry> = of_nobody.flat_map(|intent| intent.unknown_entries(now)).collect();
        self.volatile.books.recall(today, &orders, &unlisted);
        self.volatile.books.recall_changes(changes, today);
        let volatile = &mut self.volatile;
        let sent = sent.into_iter().filter(|(intent, _)| !in_flight.has(intent.id)).collect();
        volatile.answered = unread(sent, &live).into_iter().map(Answered::from).collect();
        volatile.answered.extend(may_arrive(&orders, &live, now));
        volatile.fills = ShownFills::recall(&live, today);
        volatile.rows = KnownRows::recall(&live, today);
        volatile.book.keep_candles(candles);
        volatile.lost = LostOrders::recall(open, &orders, today);
        volatile.placed = PlacedToday::recall(&orders, today);
        // As they came: of two that are alike the first has the first row.
        let oldest_first: Vec<OrderEntry> = orders.into_iter().rev().collect();
        volatile.taken = TakenOrders::recall(&oldest_first, now);
        (volatile.gap, volatile.live, volatile.halted) = (gap, live, halted);
        volatile.leftovers = leftovers;
        volatile.rejected = (Some(today), rejected);
        volatile.last_intent = volatile.last_intent.max(intents.last);
        // An earlier life may have ended before it could see to it.
        let may_be_there = intents.open.iter().flat_map(|intent| &intent.legs);
        let joined = self.notice_mcx(may_be_there.map(|leg| leg.symbol.as_str()));
        Change { orders: listed, ..joined }
    }

    /// After a failed write the book in memory may be ahead of the disk: it is read again.
    pub(super) fn reload_book(&self) -> Turn<()> {
        let store = Arc::clone(&self.deps.store);
        let (rules, instruments) = (self.deps.rules, self.deps.instruments.clone());
        let read = async move {
            // Where it was not known what is on disk, it is when this has ended.
            store.settled().await;
            let engine = book::load(store.as_ref(), rules, instruments).await?;
            Ok((engine, store.mock_prices().await?, BOT_BOOKS.read(store.as_ref()).await?.readable()))
        };
        Box::pin(read.into_actor(self).map(|read: Result<_, StoreError>, act, ctx| match read {
            Ok((engine, mut prices, books)) => {
                let unsaved = act.volatile.book.take_unsaved_prices();
                prices.extend(unsaved.iter().cloned());
                let candles = act.volatile.book.kept_candles().clone();
                act.volatile.book = act.deps.exchange(engine, &prices);
                act.volatile.book.keep_unsaved_prices(unsaved);
                act.volatile.book.keep_candles(candles);
                let known = std::mem::take(&mut act.volatile.books);
                act.take_books(books);
                act.volatile.books.keep_day_of(known);
            }
            Err(error) => give_up(&error, ctx),
        }))
    }
}
