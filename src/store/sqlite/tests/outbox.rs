//! The journal's reader and the outbox.

use keeper_domain::alert::Outgoing;

use super::*;

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
