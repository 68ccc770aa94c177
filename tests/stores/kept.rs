//! What is kept by a name of its own: keys, prices, and the places of channels.

use chrono::{DateTime, TimeDelta, Utc};
use keeper_domain::{
    alert::Alert,
    event::Event,
    keys::{BotName, StoredKey},
    login_origin::LoginOrigin,
    mornings::KEPT,
    ports::{AlertTotals, Change, KeyChange},
    secret::Fingerprint,
};

use crate::{
    Place,
    suite::{alert, at, journal, kept_price, note, notes},
};

on_both!(
    keys_are_added_replaced_and_removed,
    a_newer_price_takes_the_place_of_the_one_before,
    prices_that_were_seen_longest_ago_are_trimmed,
    a_second_channel_is_independent,
    what_a_merged_alert_stands_for_is_kept,
    mornings_outlast_the_rest_of_the_journal,
    numbers_go_on_above_one_and_the_journal_stays,
);

async fn keys_are_added_replaced_and_removed(place: Place) {
    let open = place.open().await;
    let owner = StoredKey::owner(at(1));
    let trial = StoredKey { name: BotName::new("trial").unwrap(), ..owner.clone() };
    let halted = StoredKey { halted: true, ..trial.clone() };
    let change = |keys: Vec<KeyChange>| Change { keys, ..Change::default() };
    let both = vec![KeyChange::Put(owner.clone()), KeyChange::Put(trial.clone())];
    open.store.commit(change(both)).await.unwrap();
    open.store.commit(change(vec![KeyChange::Put(halted.clone())])).await.unwrap();
    open.close().await;
    let open = place.open().await;
    assert_eq!(open.store.keys().await.unwrap(), [owner.clone(), halted]);
    open.store.commit(change(vec![KeyChange::Remove(trial.name)])).await.unwrap();
    assert_eq!(open.store.keys().await.unwrap(), [owner]);
    open.close().await;
}

async fn a_newer_price_takes_the_place_of_the_one_before(place: Place) {
    let open = place.open().await;
    for last in ["800.05", "801.10"] {
        let change = Change { mock_prices: vec![kept_price("NSE:SBIN-EQ", last)], ..Change::default() };
        open.store.commit(change).await.unwrap();
    }
    assert_eq!(open.store.mock_prices().await.unwrap(), [kept_price("NSE:SBIN-EQ", "801.10")]);
    open.close().await;
}

async fn prices_that_were_seen_longest_ago_are_trimmed(place: Place) {
    let open = place.open().await;
    let seen = kept_price("NSE:SBIN-EQ", "800");
    let named = |number: usize| {
        let mut price = seen.clone();
        price.symbol = format!("NSE:S{number}-EQ");
        price
    };
    for first in (0..20_003).step_by(500) {
        let mock_prices = (first..20_003.min(first + 500)).map(named).collect();
        open.store.commit(Change { mock_prices, ..Change::default() }).await.unwrap();
    }
    open.store.commit(Change { mock_prices: vec![named(0)], ..Change::default() }).await.unwrap();
    while open.store.trim().await.unwrap() {}
    let left = open.store.mock_prices().await.unwrap();
    let is_there = |number: usize| left.iter().any(|price| price.symbol == named(number).symbol);
    let ends = (is_there(0), is_there(1), is_there(3), is_there(4));
    assert_eq!((left.len(), ends), (20_000, (true, false, false, true)));
    open.close().await;
}

/// Each channel has alerts and a place of its own; a new one does not begin with old news, and one that is gone leaves
/// nothing.
async fn a_second_channel_is_independent(place: Place) {
    let open = place.open().await;
    open.store.commit(notes(&["old"])).await.unwrap();
    let old = open.store.recent_events(1).await.unwrap()[0].id;
    open.store.queue_alerts(old, vec![alert(old, "old")], vec![]).await.unwrap();
    let webhook = open.webhook().await;
    open.store.commit(notes(&["new"])).await.unwrap();
    let new = open.store.recent_events(1).await.unwrap()[0].id;
    assert_eq!(journal(webhook.as_ref()).await, [note("new")]);
    assert_eq!(webhook.waiting_alerts().await.unwrap(), []);
    webhook.queue_alerts(new, vec![alert(new, "new")], vec![]).await.unwrap();
    assert_eq!(journal(open.store.as_ref()).await, [note("new")], "the chat has not read it");
    let id = webhook.waiting_alerts().await.unwrap()[0].id;
    webhook.alert_sent(id, at(9)).await.unwrap();
    assert_eq!(webhook.alert_totals().await.unwrap(), AlertTotals { queued: 1, delivered: 1 });
    assert_eq!(open.store.alert_totals().await.unwrap(), AlertTotals { queued: 1, delivered: 0 });
    // Its place survives a restart, and is given up with the channel.
    drop(webhook);
    open.close().await;
    let open = place.open().await;
    let webhook = open.webhook().await;
    assert_eq!(journal(webhook.as_ref()).await, []);
    webhook.queue_alerts(new, vec![alert(new, "waits")], vec![]).await.unwrap();
    open.without_webhook().await;
    assert_eq!(webhook.waiting_alerts().await.unwrap(), []);
    let webhook = open.webhook().await;
    assert_eq!(journal(webhook.as_ref()).await, [note("new")], "it begins where the chat is");
    assert_eq!(open.store.waiting_alerts().await.unwrap().len(), 1);
    open.close().await;
}

async fn what_a_merged_alert_stands_for_is_kept(place: Place) {
    let open = place.open().await;
    let of = |text: &str, item: &str| Alert { item: item.to_owned(), ..alert(1, text) };
    open.store.queue_alerts(1, vec![of("a", "one"), of("b", "")], vec![]).await.unwrap();
    let mut waiting = open.store.waiting_alerts().await.unwrap();
    assert_eq!((&waiting[0].items[..], waiting[1].items.len()), (&["one".to_owned()][..], 0));
    waiting[0].items.push("two".to_owned());
    open.store.queue_alerts(1, vec![], waiting.clone()).await.unwrap();
    open.close().await;
    let open = place.open().await;
    assert_eq!(open.store.waiting_alerts().await.unwrap(), waiting);
    open.close().await;
}

/// A busy bot fills the journal in days; the last thirty mornings are told all the same.
async fn mornings_outlast_the_rest_of_the_journal(place: Place) {
    let open = place.open().await;
    let store = &open.store;
    let ticked = |at: DateTime<Utc>| (at, Event::Ticked { trade_date: at.date_naive(), late: false });
    let (fingerprint, expires_at) = (Fingerprint::of("token"), at(86_400));
    let logged_in = Event::LoginSucceeded { fingerprint, expires_at, by: Some(LoginOrigin::Card) };
    let long_ago = at(0) - KEPT - TimeDelta::days(1);
    let first = vec![ticked(long_ago), ticked(at(0)), (at(1), logged_in.clone()), (at(2), note("gone"))];
    store.commit(Change { events: first, ..Change::default() }).await.unwrap();
    open.close().await;
    // A hundred thousand other entries have come meanwhile.
    let text = serde_json::to_string(&note("busy")).unwrap();
    let millis = at(3).timestamp_millis();
    let busy = format!(
        "INSERT INTO journal (id, at, kind, event)
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
         SELECT 200000 + n, {millis}, 'token.env_file_failed', '{text}' FROM numbers"
    );
    place.run(&busy).await;
    let open = place.open().await;
    let store = &open.store;
    let newest = store.recent_events(1).await.unwrap()[0].id;
    store.queue_alerts(newest, vec![], vec![]).await.unwrap();
    while store.trim().await.unwrap() {}
    let left = store.events_after(0, 10).await.unwrap();
    let texts = left.iter().map(|entry| entry.event.name()).take(3).collect::<Vec<_>>();
    assert_eq!(texts, ["clock.tick", "login.completed", "token.env_file_failed"], "the old tick is gone too");
    assert!(!left.iter().any(|entry| entry.event == note("gone")));
    let mornings: Vec<Event> =
        store.morning_events().await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert_eq!(mornings, [ticked(at(0)).1, logged_in]);
    open.close().await;
}

/// After a database was put back: numbers of before have been given, to what is not there any more.
async fn numbers_go_on_above_one_and_the_journal_stays(place: Place) {
    const ABOVE: i64 = 1_795_000_000_000;
    let open = place.open().await;
    open.store.commit(notes(&["before"])).await.unwrap();
    open.store.commit(Change { numbers_above: Some(ABOVE), ..notes(&["put back"]) }).await.unwrap();
    open.store.commit(Change { numbers_above: Some(7), ..notes(&["once more"]) }).await.unwrap();
    let numbers: Vec<i64> =
        open.store.unread_events(10).await.unwrap().iter().map(|event| event.id).collect();
    assert_eq!(numbers[1..], [ABOVE + 1, ABOVE + 2]);
    open.store.queue_alerts(numbers[2], vec![alert(numbers[1], "put back")], vec![]).await.unwrap();
    assert_eq!(open.store.waiting_alerts().await.unwrap()[0].id, ABOVE + 1);
    while open.store.trim().await.unwrap() {}
    assert_eq!(open.store.recent_events(10).await.unwrap().len(), 3, "what came before is as new as it was");
    open.close().await;
}
