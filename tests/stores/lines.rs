//! Changes that build on each other.

use futures_util::future::join_all;
use keeper_domain::ports::{Change, ChangeLine};

use crate::{
    Place,
    suite::{intent, journal, note, notes},
};

on_both!(behind_a_change_that_is_not_made_none_of_its_line_is, who_waits_for_the_queue_waits_for_all_of_it);

async fn behind_a_change_that_is_not_made_none_of_its_line_is(place: Place) {
    let open = place.open().await;
    open.store.commit(Change { intents: vec![intent(1)], ..Change::default() }).await.unwrap();
    let (line, other) = (ChangeLine::default(), ChangeLine::default());
    let of = |line: &ChangeLine, change| open.store.commit(Change { line: Some(line.clone()), ..change });
    let twice = Change { intents: vec![intent(1)], ..notes(&["refused"]) };
    // Queued in one go, so that they are made together.
    let made = join_all([
        of(&line, notes(&["first"])),
        of(&line, twice),
        of(&line, notes(&["behind"])),
        of(&other, notes(&["other"])),
        open.store.commit(notes(&["alone"])),
    ])
    .await;
    let is_made: Vec<bool> = made.iter().map(Result::is_ok).collect();
    assert_eq!(is_made, [true, false, false, true, true], "{made:?}");
    let later = of(&line, notes(&["later"])).await.unwrap_err();
    assert!(later.problem.contains("a change before it was refused"), "{later}");
    of(&other, notes(&["last"])).await.unwrap();
    let wanted = ["first", "other", "alone", "last"].map(note);
    assert_eq!(journal(open.store.as_ref()).await, wanted);
    open.close().await;
}

async fn who_waits_for_the_queue_waits_for_all_of_it(place: Place) {
    let open = place.open().await;
    let waiting: Vec<_> = (0..200).map(|n| open.store.commit(notes(&[&n.to_string()]))).collect();
    open.store.settled().await;
    assert_eq!(journal(open.store.as_ref()).await.len(), 200);
    drop(waiting);
    open.close().await;
}
