//! Orders whose answer was lost: what a search finds out takes the place of what was written down before it.

use keeper_domain::{
    order_journal::{LookedUp, OrderEntry},
    ports::Change,
};

use crate::{
    Place,
    suite::{entry, intent},
};

on_both!(a_search_settles_the_entry_of_its_order_and_no_other);

async fn a_search_settles_the_entry_of_its_order_and_no_other(place: Place) {
    let open = place.open().await;
    let lost = |id, place| OrderEntry {
        tag: Some("nul \u{0}".into()),
        ..entry().without_answer(&intent(id), place)
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
