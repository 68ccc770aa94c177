//! What is learned of an order later takes the place of what was written down before: by a search for one whose answer was lost,
//! and of one that FYERS rejects after it has taken it.

use keeper_domain::{
    order_journal::{IntentOutcome, LookedUp, OrderEntry, Rejection, Search},
    ports::Change,
};

use crate::{
    Place,
    suite::{at, entry, intent},
};

on_both!(
    a_rejection_is_written_down_with_its_order_and_no_other,
    a_search_settles_the_entry_of_its_order_and_no_other,
    the_first_outcome_stays_unless_the_order_turns_up_later,
);

async fn a_search_settles_the_entry_of_its_order_and_no_other(place: Place) {
    let open = place.open().await;
    let lost = |id, place| OrderEntry {
        tag: Some("nul \u{0}".into()),
        ..entry().without_answer(&intent(id), place, None)
    };
    let commit = |orders| open.store.commit(Change { orders, ..Change::default() });
    commit(vec![lost(1, 0), lost(1, 1), lost(11, 0), entry()]).await.unwrap();
    let found = |id, place| {
        let mut found = OrderEntry { id: Some("26".into()), ..lost(id, place) };
        found.unanswered.as_mut().unwrap().known = LookedUp::Found;
        found
    };
    commit(vec![found(1, 1), found(2, 0)]).await.unwrap();
    let mut rows = open.store.order_journal(9).await.unwrap();
    rows.reverse();
    assert_eq!(rows, [lost(1, 0), found(1, 1), lost(11, 0), entry(), found(2, 0)]);
    open.close().await;
}

async fn the_first_outcome_stays_unless_the_order_turns_up_later(place: Place) {
    let open = place.open().await;
    let found = |id: &str| IntentOutcome::Searched(Search::Found { ids: vec![id.to_owned()] });
    let not_found = || IntentOutcome::Searched(Search::NotFound);
    let answered = || IntentOutcome::Answered {
        status: 200,
        ids: vec!["26".to_owned()],
        at: Some(at(4)),
        is_refused: false,
    };
    let intents = (1..=3).map(intent).collect();
    open.store.commit(Change { intents, ..Change::default() }).await.unwrap();
    for outcomes in [
        vec![(1, not_found()), (2, answered()), (3, found("27"))],
        vec![(1, found("28")), (2, not_found()), (3, not_found())],
    ] {
        open.store.commit(Change { outcomes, ..Change::default() }).await.unwrap();
    }
    assert!(open.store.open_intents().await.unwrap().open.is_empty());
    open.close().await;
    // What is as it should be becomes an open intent again, which can be counted.
    let open_again = r#"UPDATE order_intents SET outcome = NULL WHERE (id = 1 AND outcome LIKE '%"28"%')
        OR (id = 2 AND outcome LIKE '%"26"%') OR (id = 3 AND outcome LIKE '%"27"%')"#;
    place.run(open_again).await;
    let open = place.open().await;
    assert_eq!(open.store.open_intents().await.unwrap().open.len(), 3);
    open.close().await;
}

async fn a_rejection_is_written_down_with_its_order_and_no_other(place: Place) {
    let open = place.open().await;
    let taken = |id: &str, tag: &str| OrderEntry {
        id: Some(id.to_owned()).filter(|id| !id.is_empty()),
        tag: Some(tag.to_owned()),
        ..entry()
    };
    let rejected = |entry: OrderEntry| {
        let (id, message) = ("26".to_owned(), "RED:\"RULE\" \u{0}".to_owned());
        OrderEntry { rejected: Some(Rejection { at: entry.at, id, message }), ..entry }
    };
    let commit = |orders| open.store.commit(Change { orders, ..Change::default() });
    commit(vec![taken("26", "a"), taken("27", "a"), taken("", "a"), taken("", "\u{0}\"")]).await.unwrap();
    commit(vec![rejected(taken("26", "a")), rejected(taken("", "\u{0}\"")), rejected(taken("28", "a"))])
        .await
        .unwrap();
    let mut rows = open.store.order_journal(9).await.unwrap();
    rows.reverse();
    let (unlike, quoted) = (taken("", "a"), taken("", "\u{0}\""));
    assert_eq!(
        rows,
        [rejected(taken("26", "a")), taken("27", "a"), unlike, rejected(quoted), rejected(taken("28", "a"))]
    );
    open.close().await;
}
