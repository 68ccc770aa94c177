//! What a commit costs: `COMMITS=2000 cargo test --test stores -- --nocapture cost` for the figures in docs/scaling.md.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keeper_domain::ports::Change;

use crate::{
    Place,
    suite::{intent, notes},
};

on_both!(the_cost_of_a_commit);

/// As before each order for FYERS: the intent, and an event.
fn change(id: i64) -> Change {
    Change { intents: vec![intent(id)], ..notes(&["an order"]) }
}

async fn the_cost_of_a_commit(place: Place) {
    let wanted = std::env::var("COMMITS").ok().and_then(|text| text.parse().ok()).unwrap_or(50);
    let name = if matches!(place, Place::Sqlite(_)) { "SQLite" } else { "PostgreSQL" };
    let open = place.open().await;
    let mut times = vec![];
    for id in 0..wanted {
        let began = Instant::now();
        open.store.commit(change(id)).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    let shown = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    let at = |part: usize| shown(times[(times.len() - 1) * part / 100]);
    println!("{name}, one after another: median {}, 99 of 100 within {}, of {wanted}", at(50), at(99));
    let began = Instant::now();
    let all = join_all((wanted..2 * wanted).map(|id| open.store.commit(change(id)))).await;
    assert!(all.iter().all(Result::is_ok));
    let each = began.elapsed() / u32::try_from(wanted).unwrap();
    println!("{name}, all at once: {} each, of {wanted}", shown(each));
    let stored = open.store.open_intents().await.unwrap();
    assert_eq!(i64::try_from(stored.open.len()).unwrap(), 2 * wanted, "acknowledged is stored");
    open.close().await;
}
