//! The journal's reader and the outbox.

use keeper_domain::{
    alert::{Channel, Outgoing},
    ports::AlertTotals,
};

use super::*;

#[tokio::test]
async fn the_cursor_and_the_alerts_move_together() {
    let home = Home::new().await;
    home.store.commit(notes(&["one", "two", "three"])).await.unwrap();
    let read = home.store.unread_events(2).await.unwrap();
    assert_eq!(read.len(), 2);
    home.store.queue_alerts(read[1].id, vec![alert(1, "one"), alert(2, "two")], vec![]).await.unwrap();
    let Home { store, folder: _folder, .. } = home.reopened().await;
    assert_eq!(journal(&store).await, [note("three")]);
    let waiting = store.waiting_alerts().await.unwrap();
    assert_eq!(waiting.iter().map(|alert| alert.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert!(waiting[0].id < waiting[1].id);
    let first = &waiting[0];
    assert_eq!((first.at, first.last_at, first.count, first.attempts), (at(1), at(1), 1, 0));
}

#[tokio::test]
async fn alerts_that_cannot_be_queued_leave_the_cursor_where_it_was() {
    let home = Home::new().await;
    home.store.commit(notes(&["one", "two"])).await.unwrap();
    home.store.queue_alerts(1, vec![alert(1, "old")], vec![]).await.unwrap();
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON alerts WHEN NEW.text = 'second'
                BEGIN SELECT RAISE(ABORT, 'trap'); END";
    meddle(&home.path(), trap).await;
    let merged =
        Outgoing { text: "merged".to_owned(), ..home.store.waiting_alerts().await.unwrap().remove(0) };
    let new = vec![alert(2, "first"), alert(2, "second")];
    home.store.queue_alerts(2, new, vec![merged.clone()]).await.unwrap_err();
    assert_eq!(journal(&home.store).await, [note("two")]);
    assert_eq!(home.store.waiting_alerts().await.unwrap().len(), 1);
    // The same when it is the merging that fails.
    let trap = "CREATE TRIGGER trap2 BEFORE UPDATE ON alerts BEGIN SELECT RAISE(ABORT, 'trap'); END";
    meddle(&home.path(), trap).await;
    home.store.queue_alerts(2, vec![alert(2, "first")], vec![merged]).await.unwrap_err();
    let Home { store, folder: _folder, .. } = home.reopened().await;
    assert_eq!(journal(&store).await, [note("two")]);
    assert_eq!(store.waiting_alerts().await.unwrap()[0].text, "old");
}

#[tokio::test]
async fn a_waiting_alert_can_be_merged_and_a_sent_one_cannot() {
    let Home { store, folder: _folder, .. } = Home::new().await;
    store.queue_alerts(0, vec![alert(1, "a"), alert(2, "b")], vec![]).await.unwrap();
    let waiting = store.waiting_alerts().await.unwrap();
    store.alert_sent(waiting[0].id, at(50)).await.unwrap();
    let merged: Vec<Outgoing> = waiting
        .iter()
        .map(|alert| Outgoing {
            last_at: at(60),
            count: 7,
            severity: Severity::Critical,
            text: format!("{} again", alert.text),
            ..alert.clone()
        })
        .collect();
    store.queue_alerts(0, vec![], merged.clone()).await.unwrap();
    assert_eq!(store.waiting_alerts().await.unwrap(), merged[1..]);
    assert_eq!(store.alert_totals().await.unwrap(), AlertTotals { queued: 2, delivered: 1 });
}

#[tokio::test]
async fn failed_deliveries_are_counted() {
    let home = Home::new().await;
    home.store.queue_alerts(0, vec![alert(1, "a"), alert(2, "b")], vec![]).await.unwrap();
    let id = home.store.waiting_alerts().await.unwrap()[1].id;
    for _ in 0..3 {
        home.store.alert_failed(id).await.unwrap();
    }
    let Home { store, folder: _folder, .. } = home.reopened().await;
    let attempts: Vec<u32> =
        store.waiting_alerts().await.unwrap().iter().map(|alert| alert.attempts).collect();
    assert_eq!(attempts, [0, 3]);
}

#[tokio::test]
async fn an_alert_number_is_never_used_twice() {
    let home = Home::new().await;
    home.store.queue_alerts(0, vec![alert(1, "a")], vec![]).await.unwrap();
    let first = home.store.waiting_alerts().await.unwrap()[0].id;
    meddle(&home.path(), "DELETE FROM alerts").await;
    home.store.queue_alerts(0, vec![alert(2, "b")], vec![]).await.unwrap();
    assert!(home.store.waiting_alerts().await.unwrap()[0].id > first);
}

#[tokio::test]
async fn an_entry_of_an_unknown_kind_is_passed_over() {
    let home = Home::new().await;
    home.store.commit(notes(&["before"])).await.unwrap();
    meddle(
        &home.path(),
        "INSERT INTO journal (at, kind, event) VALUES (0, 'x', '{\"kind\":\"from_the_future\"}')",
    )
    .await;
    home.store.commit(notes(&["after"])).await.unwrap();
    assert_eq!(journal(&home.store).await, [note("before"), note("after")]);
    assert_eq!(home.store.recent_events(9).await.unwrap().len(), 2);
}

/// A reader that got an empty page would believe that it has read everything, and ask for the same page again.
#[tokio::test]
async fn a_page_full_of_unreadable_entries_does_not_stop_the_reader() {
    let home = Home::new().await;
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                INSERT INTO journal (at, kind, event) SELECT 0, 'x', '{\"kind\":\"unknown\"}' FROM n";
    meddle(&home.path(), many).await;
    home.store.commit(notes(&["one", "two", "three"])).await.unwrap();
    let page = home.store.unread_events(2).await.unwrap();
    assert_eq!(
        page.iter().map(|recorded| recorded.event.clone()).collect::<Vec<_>>(),
        [note("one"), note("two")]
    );
    home.store.queue_alerts(page[1].id, vec![], vec![]).await.unwrap();
    assert_eq!(journal(&home.store).await, [note("three")]);
    assert!(home.store.unread_events(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_unreadable_alert_does_not_stop_the_others() {
    let home = Home::new().await;
    home.store.queue_alerts(0, vec![alert(1, "a"), alert(2, "b")], vec![]).await.unwrap();
    meddle(&home.path(), "UPDATE alerts SET severity = 'apocalyptic' WHERE text = 'a'").await;
    let waiting = home.store.waiting_alerts().await.unwrap();
    assert_eq!(waiting.iter().map(|alert| alert.text.as_str()).collect::<Vec<_>>(), ["b"]);
}

/// Each channel has alerts and a place of its own; a new one does not begin with old news, and one that is gone leaves nothing.
#[tokio::test]
async fn a_second_channel_is_independent() {
    let home = Home::new().await;
    home.store.commit(notes(&["old"])).await.unwrap();
    home.store.queue_alerts(1, vec![alert(1, "old")], vec![]).await.unwrap();
    let webhook = home.store.with_channel(Channel::Webhook).await.unwrap();
    home.store.commit(notes(&["new"])).await.unwrap();
    assert_eq!(journal(&webhook).await, [note("new")]);
    assert_eq!(webhook.waiting_alerts().await.unwrap(), []);
    webhook.queue_alerts(2, vec![alert(2, "new")], vec![]).await.unwrap();
    assert_eq!(journal(&home.store).await, [note("new")], "the chat has not read it");
    let id = webhook.waiting_alerts().await.unwrap()[0].id;
    webhook.alert_sent(id, at(9)).await.unwrap();
    assert_eq!(webhook.alert_totals().await.unwrap(), AlertTotals { queued: 1, delivered: 1 });
    assert_eq!(home.store.alert_totals().await.unwrap(), AlertTotals { queued: 1, delivered: 0 });
    // Its place survives a restart, and is given up with the channel.
    let home = home.reopened().await;
    let webhook = home.store.with_channel(Channel::Webhook).await.unwrap();
    assert_eq!(journal(&webhook).await, []);
    webhook.queue_alerts(2, vec![alert(2, "waits")], vec![]).await.unwrap();
    home.store.without_channel(Channel::Webhook).await.unwrap();
    assert_eq!(webhook.waiting_alerts().await.unwrap(), []);
    let webhook = home.store.with_channel(Channel::Webhook).await.unwrap();
    assert_eq!(journal(&webhook).await, [note("new")], "it begins where the chat is");
    assert_eq!(home.store.waiting_alerts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_merged_alert_stands_for_is_kept() {
    let home = Home::new().await;
    let of = |text: &str, item: &str| keeper_domain::alert::Alert { item: item.to_owned(), ..alert(1, text) };
    home.store.queue_alerts(1, vec![of("a", "one"), of("b", "")], vec![]).await.unwrap();
    let mut waiting = home.store.waiting_alerts().await.unwrap();
    assert_eq!((&waiting[0].items[..], waiting[1].items.len()), (&["one".to_owned()][..], 0));
    waiting[0].items.push("two".to_owned());
    home.store.queue_alerts(1, vec![], waiting.clone()).await.unwrap();
    let Home { store, folder: _folder, .. } = home.reopened().await;
    assert_eq!(store.waiting_alerts().await.unwrap(), waiting);
    assert_eq!((waiting[0].event_id, waiting[0].event.as_str()), (1, "keeper.stopping"));
}
