//! What the port promises.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::{
    model::{OrderRequest, OrderType, Position, Product, Side},
    operation::Operation,
};
use keeper_actors::exchange::book;
use keeper_domain::{
    alert::{Alert, Outgoing, Severity},
    event::Event,
    keys::StoredKey,
    mode::Mode,
    note::{Note, Remembered},
    order_journal::{IntentOutcome, OpenIntents, OrderEntry, OrderIntent},
    ports::{AlertTotals, Change, KeyChange, MockPage, Store, TickRecord},
    reason::Reason,
    routing::{Venue, live_positions::LivePositions},
    secret::{AccessToken, RefreshToken},
    session::{Source, StateName},
    session_state::{RefreshBlock, StoredSession},
};
use mock_exchange::{
    Command, Config, Engine, Instruments, KeptPrice, PriceUpdate, Record, exchange::MockExchange,
};
use rust_decimal::Decimal;

use crate::Place;

on_both!(
    an_empty_store_has_defaults,
    a_whole_change_is_there_after_a_restart,
    what_a_change_does_not_name_stays,
    ticks_are_kept_by_date,
    a_change_that_fails_in_the_middle_changes_nothing_and_takes_no_other_with_it,
    changes_happen_in_the_order_of_the_calls,
    the_cursor_and_the_alerts_move_together,
    a_waiting_alert_can_be_merged_and_a_sent_one_cannot,
    failed_deliveries_are_counted,
    a_start_reads_the_snapshot_and_the_tail,
);

const CARD: Note<u64> = Note::new("card");

/// `n` seconds after an arbitrary beginning.
pub(crate) fn at(n: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_000_000_000).unwrap() + TimeDelta::seconds(n)
}

fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 2).unwrap() + chrono::Days::new(n)
}

pub(crate) fn tick(n: u64) -> TickRecord {
    TickRecord { date: day(n), begun_at: at(n.cast_signed()), done_at: n.is_multiple_of(2).then(|| at(99)) }
}

pub(crate) fn note(text: &str) -> Event {
    Event::EnvFileFailed { problem: text.to_owned() }
}

pub(crate) fn notes(texts: &[&str]) -> Change {
    Change { events: texts.iter().map(|text| (at(0), note(text))).collect(), ..Change::default() }
}

pub(crate) async fn journal(store: &dyn Store) -> Vec<Event> {
    store.unread_events(10_000).await.unwrap().into_iter().map(|recorded| recorded.event).collect()
}

pub(crate) fn alert(event_id: i64, text: &str) -> Alert {
    let (event, item) = ("order.refused".to_owned(), "09:31 buy 10".to_owned());
    Alert {
        event_id,
        event,
        at: at(event_id),
        severity: Severity::Warning,
        key: "key".into(),
        text: text.into(),
        item,
    }
}

pub(crate) fn session(access: &str) -> StoredSession {
    StoredSession {
        state: StateName::Valid,
        reason: Some(Reason::Refreshed),
        access: Some(AccessToken::new(access)),
        source: Some(Source::Refresh),
        verified_at: Some(at(7)),
        refresh: Some(RefreshToken::new("refresh-token-of-the-test")),
        previous_refresh: Some(RefreshToken::new("the-one-before")),
        account: Some("XX00001".to_owned()),
        refresh_block: Some(RefreshBlock {
            reason: Reason::PinRejected,
            day: day(0),
            credentials: "0123456789abcdef".to_owned(),
        }),
        login_asked: Some((day(1), Reason::PinRejected)),
        ending_announced: Some(3),
    }
}

pub(crate) fn position(net: i64) -> Position {
    Position {
        symbol: "NSE:SBIN-EQ".to_owned(),
        product: Product::Intraday,
        net,
        average: Decimal::new(81_255, 2),
        realized: Decimal::new(-125, 1),
        today: None,
    }
}

pub(crate) fn live(positions: Vec<Position>) -> LivePositions {
    LivePositions { positions, was_live: true, read_at: Some(at(4)), ..LivePositions::default() }
}

pub(crate) fn kept_price(symbol: &str, last: &str) -> KeptPrice {
    let mut exchange = MockExchange::open(Config::new(Decimal::from(1)), Instruments::default(), [], 1);
    exchange.observe(symbol, last.parse().unwrap(), at(0));
    exchange.take_unsaved_prices().remove(0)
}

pub(crate) fn intent(id: i64) -> OrderIntent {
    let (what, path, body) = ("place".to_owned(), "/orders/sync".to_owned(), "00ff".to_owned());
    OrderIntent {
        id,
        at: at(3),
        bot: None,
        epoch: 0,
        what,
        path,
        body,
        legs: vec![],
        ids: vec![],
        is_opaque: None,
        effect: None,
        closed_orders: vec![],
    }
}

pub(crate) fn entry() -> OrderEntry {
    let outcome = (200, 1101, "taken", Some("MOCK1".to_owned()));
    OrderEntry::new((Operation::Place, Mode::Sandbox, Venue::Mock), None, outcome, at(5))
}

pub(crate) fn rules() -> Config {
    Config { around_the_clock: true, ..Config::new(Decimal::from(100_000_000)) }
}

async fn an_empty_store_has_defaults(place: Place) {
    let open = place.open().await;
    let store = &open.store;
    assert_eq!(store.session().await.unwrap(), StoredSession::default());
    assert_eq!(store.last_tick().await.unwrap(), None);
    assert!(store.tick_dates().await.unwrap().is_empty());
    assert_eq!(store.mock_start().await.unwrap(), None);
    assert_eq!(store.mock_records(0, 9).await.unwrap(), MockPage::default());
    assert!(store.order_journal(9).await.unwrap().is_empty());
    assert_eq!(store.live_positions().await.unwrap(), LivePositions::default());
    assert_eq!(store.open_intents().await.unwrap(), OpenIntents::default());
    assert!(!store.halted().await.unwrap());
    assert!(store.unread_events(10).await.unwrap().is_empty());
    assert!(store.waiting_alerts().await.unwrap().is_empty());
    assert_eq!(store.alert_totals().await.unwrap(), AlertTotals::default());
    assert!(!store.trim().await.unwrap());
    open.close().await;
}

async fn a_whole_change_is_there_after_a_restart(place: Place) {
    let open = place.open().await;
    let records = trade(&mut Engine::new(rules(), Instruments::default()), open.store.as_ref(), 1, 0).await;
    let change = Change {
        session: Some(session("access-token-of-the-test")),
        tick: Some(tick(1)),
        mock_records: records.clone(),
        mock_prices: vec![kept_price("NSE:SBIN-EQ", "800.05")],
        keys: vec![KeyChange::Put(StoredKey::owner(at(1)))],
        orders: vec![entry()],
        intents: vec![intent(1), intent(2)],
        outcomes: vec![(1, IntentOutcome::NotSent)],
        live_positions: Some(live(vec![position(10), position(-3)])),
        halted: Some(true),
        notes: vec![CARD.set(&7).unwrap()],
        events: vec![(at(1), note("one")), (at(2), note("two"))],
        ..Change::default()
    };
    open.store.commit(change.clone()).await.unwrap();
    open.close().await;
    let open = place.open().await;
    let store = &open.store;
    assert_eq!(Some(store.session().await.unwrap()), change.session);
    assert_eq!(store.last_tick().await.unwrap(), change.tick);
    assert_eq!(store.mock_records(0, 9).await.unwrap().records, [records.clone(), records].concat());
    assert_eq!(store.mock_prices().await.unwrap(), change.mock_prices);
    assert_eq!(store.keys().await.unwrap(), [StoredKey::owner(at(1))]);
    assert_eq!(store.order_journal(9).await.unwrap(), change.orders);
    assert_eq!(Some(store.live_positions().await.unwrap()), change.live_positions);
    assert_eq!(store.open_intents().await.unwrap(), OpenIntents { last: 2, open: vec![intent(2)] });
    let sent = [(intent(1), Some(IntentOutcome::NotSent)), (intent(2), None)];
    assert_eq!(store.intents_after(0, at(3)).await.unwrap(), sent);
    assert_eq!(store.intents_after(1, DateTime::UNIX_EPOCH).await.unwrap(), sent[1..]);
    assert!(store.intents_after(0, at(4)).await.unwrap().is_empty());
    assert!(store.halted().await.unwrap());
    assert_eq!(CARD.read(store.as_ref()).await.unwrap(), Remembered::Value(7));
    let events = store.unread_events(9).await.unwrap();
    assert_eq!(events.into_iter().map(|all| (all.at, all.event)).collect::<Vec<_>>(), change.events);
    assert_eq!(store.events_after(1, 9).await.unwrap().len(), 1);
    open.close().await;
}

async fn what_a_change_does_not_name_stays(place: Place) {
    let open = place.open().await;
    let of_session = |session: StoredSession| Change { session: Some(session), ..Change::default() };
    open.store.commit(of_session(session("first"))).await.unwrap();
    open.store.commit(Change { halted: Some(true), ..Change::default() }).await.unwrap();
    assert_eq!(open.store.session().await.unwrap(), session("first"));
    assert!(open.store.halted().await.unwrap());
    open.store.commit(of_session(StoredSession::default())).await.unwrap();
    assert_eq!(open.store.session().await.unwrap(), StoredSession::default(), "replaced whole, not merged");
    open.close().await;
}

async fn ticks_are_kept_by_date(place: Place) {
    let open = place.open().await;
    for n in [3, 0, 29, 8] {
        open.store.commit(Change { tick: Some(tick(n)), ..Change::default() }).await.unwrap();
    }
    assert_eq!(open.store.last_tick().await.unwrap(), Some(tick(29)), "by date, not by order of writing");
    let closed = TickRecord { done_at: Some(at(500)), ..tick(29) };
    open.store.commit(Change { tick: Some(closed), ..Change::default() }).await.unwrap();
    assert_eq!(open.store.last_tick().await.unwrap(), Some(closed));
    assert_eq!(open.store.tick_dates().await.unwrap(), BTreeSet::from([day(0), day(3), day(8), day(29)]));
    open.close().await;
}

/// An intent's number that is taken breaks a rule of the table.
async fn a_change_that_fails_in_the_middle_changes_nothing_and_takes_no_other_with_it(place: Place) {
    let open = place.open().await;
    open.store.commit(Change { intents: vec![intent(1)], ..notes(&["first"]) }).await.unwrap();
    let bad = Change {
        session: Some(session("after")),
        tick: Some(tick(4)),
        orders: vec![entry()],
        halted: Some(true),
        intents: vec![intent(1)],
        ..notes(&["bad"])
    };
    // All three wait together, so they are one transaction where the store makes groups.
    let (before, bad, after) = tokio::join!(
        open.store.commit(notes(&["before"])),
        open.store.commit(bad),
        open.store.commit(notes(&["after"])),
    );
    before.unwrap();
    after.unwrap();
    assert!(bad.is_err());
    open.close().await;
    let open = place.open().await;
    assert_eq!(journal(open.store.as_ref()).await, [note("first"), note("before"), note("after")]);
    assert_eq!(open.store.session().await.unwrap(), StoredSession::default());
    assert_eq!(open.store.last_tick().await.unwrap(), None);
    assert!(!open.store.halted().await.unwrap());
    assert!(open.store.order_journal(9).await.unwrap().is_empty());
    open.close().await;
}

async fn changes_happen_in_the_order_of_the_calls(place: Place) {
    let open = place.open().await;
    let texts: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    // Queued by the call: the futures are polled in another order.
    let waiting: Vec<_> = texts.iter().map(|text| open.store.commit(notes(&[text]))).collect();
    for made in waiting.into_iter().rev() {
        made.await.unwrap();
    }
    let wanted: Vec<Event> = texts.iter().map(|text| note(text)).collect();
    assert_eq!(journal(open.store.as_ref()).await, wanted);
    let newest = open.store.recent_events(4).await.unwrap();
    assert!(newest.windows(2).all(|pair| pair[0].id > pair[1].id));
    assert_eq!((newest.len(), &newest[0].event), (4, &note("299")));
    open.close().await;
}

async fn the_cursor_and_the_alerts_move_together(place: Place) {
    let open = place.open().await;
    open.store.commit(notes(&["one", "two", "three"])).await.unwrap();
    let read = open.store.unread_events(2).await.unwrap();
    open.store.queue_alerts(read[1].id, vec![alert(1, "one"), alert(2, "two")], vec![]).await.unwrap();
    open.close().await;
    let open = place.open().await;
    assert_eq!(journal(open.store.as_ref()).await, [note("three")]);
    let waiting = open.store.waiting_alerts().await.unwrap();
    assert_eq!(waiting.iter().map(|alert| alert.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert!(waiting[0].id < waiting[1].id);
    let first = &waiting[0];
    assert_eq!((first.at, first.last_at, first.count, first.attempts), (at(1), at(1), 1, 0));
    assert_eq!(
        (first.event_id, first.event.as_str(), &first.items[..]),
        (1, "order.refused", &["09:31 buy 10".to_owned()][..])
    );
    open.close().await;
}

async fn a_waiting_alert_can_be_merged_and_a_sent_one_cannot(place: Place) {
    let open = place.open().await;
    let store = &open.store;
    store.queue_alerts(0, vec![alert(1, "a"), alert(2, "b")], vec![]).await.unwrap();
    let waiting = store.waiting_alerts().await.unwrap();
    store.alert_sent(waiting[0].id, at(50)).await.unwrap();
    let again = |alert: &Outgoing| Outgoing {
        last_at: at(60),
        count: 7,
        severity: Severity::Critical,
        text: format!("{} again", alert.text),
        ..alert.clone()
    };
    let merged: Vec<Outgoing> = waiting.iter().map(again).collect();
    store.queue_alerts(0, vec![], merged.clone()).await.unwrap();
    assert_eq!(store.waiting_alerts().await.unwrap(), merged[1..]);
    assert_eq!(store.alert_totals().await.unwrap(), AlertTotals { queued: 2, delivered: 1 });
    open.close().await;
}

async fn failed_deliveries_are_counted(place: Place) {
    let open = place.open().await;
    open.store.queue_alerts(0, vec![alert(1, "a"), alert(2, "b")], vec![]).await.unwrap();
    let id = open.store.waiting_alerts().await.unwrap()[1].id;
    for _ in 0..3 {
        open.store.alert_failed(id).await.unwrap();
    }
    open.close().await;
    let open = place.open().await;
    let waiting = open.store.waiting_alerts().await.unwrap();
    assert_eq!(waiting.iter().map(|alert| alert.attempts).collect::<Vec<_>>(), [0, 3]);
    open.close().await;
}

/// A trading day of so many orders; all records ever made.
pub(crate) async fn trade(engine: &mut Engine, store: &dyn Store, day: i64, orders: usize) -> Vec<Record> {
    let morning = at(day * 86_400);
    let opened = engine.execute(&engine.due(morning).unwrap()).unwrap();
    let mut all = opened.clone();
    let mock_snapshot = engine.opening().cloned();
    store.commit(Change { mock_records: opened, mock_snapshot, ..Change::default() }).await.unwrap();
    for number in 0..orders {
        let symbol = format!("NSE:S{}-EQ", number % 5);
        let price = Decimal::from(100 + number % 7);
        let update = PriceUpdate::last(symbol.as_str(), price, morning);
        let mut records = engine.execute(&Command::Quote(update)).unwrap();
        let order = OrderRequest {
            symbol,
            quantity: 1,
            side: if number.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            order_type: OrderType::Market,
            product: if number.is_multiple_of(6) { Product::Cnc } else { Product::Intraday },
            limit_price: Decimal::ZERO,
            stop_price: Decimal::ZERO,
            tag: Some("bot1".to_owned()),
        };
        records.extend(engine.execute(&Command::Place { order: order.into(), at: morning }).unwrap());
        all.extend(records.clone());
        store.commit(Change { mock_records: records, ..Change::default() }).await.unwrap();
    }
    while store.trim().await.unwrap() {}
    all
}

async fn a_start_reads_the_snapshot_and_the_tail(place: Place) {
    let open = place.open().await;
    let mut engine = Engine::new(rules(), Instruments::default());
    let mut all = vec![];
    for day in 1..=4 {
        all.extend(trade(&mut engine, open.store.as_ref(), day, 30).await);
    }
    open.close().await;
    let open = place.open().await;
    let loaded = book::load(open.store.as_ref(), rules(), Instruments::default()).await.unwrap();
    let whole = Engine::replay(rules(), Instruments::default(), &all);
    assert_eq!(loaded.ledger(), whole.ledger());
    let start = open.store.mock_start().await.unwrap().unwrap();
    let tail = open.store.mock_records(start.after, 10_000).await.unwrap().records;
    assert!(tail.len() < all.len() / 3, "only the last day is replayed: {} of {}", tail.len(), all.len());
    let kept = open.store.mock_records(0, 10_000).await.unwrap().records;
    assert!(kept.len() > tail.len() && kept.len() < all.len(), "the day before it is kept, and no more");
    open.close().await;
}
