//! Whatever text is written comes back as it was.

use keeper_domain::{alert::Alert, ports::Change, session_state::StoredSession};
use proptest::prelude::*;

use crate::{
    Place,
    suite::{alert, note, notes, session},
};

on_both!(any_text_comes_back,);

/// Other scripts, emoji, control characters, quotes. PostgreSQL's texts hold no NUL, and the keeper's have none.
async fn any_text_comes_back(place: Place) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let text = prop_oneof!["\\PC{0,60}", "[\\x01-\\x1f'\"\\\\%🔑हि\u{202e}]{0,20}", "[^\\x00]{0,60}"];
    let mut next = || {
        let tree = text.new_tree(&mut runner).unwrap();
        proptest::strategy::ValueTree::current(&tree)
    };
    let open = place.open().await;
    for n in 0..40_i64 {
        let (token, account, told, alerted) = (next(), next(), next(), next());
        let session = StoredSession { account: Some(account), ..session(&token) };
        let change = Change { session: Some(session.clone()), ..notes(&[&told]) };
        open.store.commit(change).await.unwrap();
        let read_to = open.store.recent_events(1).await.unwrap()[0].id;
        let new = Alert { key: told.clone(), ..alert(n, &alerted) };
        open.store.queue_alerts(read_to, vec![new], vec![]).await.unwrap();
        assert_eq!(open.store.session().await.unwrap(), session);
        assert_eq!(open.store.recent_events(1).await.unwrap()[0].event, note(&told));
        let waiting = open.store.waiting_alerts().await.unwrap();
        let last = waiting.last().unwrap();
        assert_eq!((&last.text, &last.key), (&alerted, &told));
    }
    open.close().await;
}
