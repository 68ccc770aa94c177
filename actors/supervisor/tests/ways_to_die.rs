//! Each way to die: the address stays, what was queued is handled in order, the state comes from disk.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use tokio::time;

use super::*;

/// Queues numbers around a death and checks what is left of the actor.
async fn dies(die: Die, expected: Counters) {
    let before = panics_here();
    let garden = plant(Limits::default());
    let handled = |count: u32| (0..count).collect::<Vec<_>>();
    // Its life has begun.
    time::sleep(Duration::from_secs(2)).await;
    (0..10).for_each(|number| garden.addr.do_send(Keep(number)));
    garden.addr.do_send(die);
    (10..30).for_each(|number| garden.addr.do_send(Keep(number)));
    time::sleep(Duration::from_secs(15)).await;

    let loaded = garden.addr.send(Loaded).await.expect("the same address answers");
    assert_eq!(*garden.disk.numbers.lock().unwrap(), handled(30), "{die:?}: nothing lost, order kept");
    assert_eq!(garden.tree.counters("mortal"), expected, "{die:?}");
    assert_eq!(panics_here() - before, garden.tree.accounted_panics(), "{die:?}: every panic has an owner");
    let least = if matches!(die, Die::InTask | Die::InFuture) { 0 } else { 10 };
    assert!(loaded.is_some_and(|count| count >= least), "{die:?}: the state was loaded again, not kept");
    assert_eq!(garden.witness.restarts.load(SeqCst) as u64, expected.restarts);
}

#[actix::test]
async fn by_a_panic_in_a_handler() {
    time::pause();
    dies(Die::InHandler, Counters { panics: 1, restarts: 1, ..Counters::default() }).await;
}

#[actix::test]
async fn by_a_panic_in_a_future_of_the_actor() {
    time::pause();
    dies(Die::InFuture, Counters { panics: 1, restarts: 1, ..Counters::default() }).await;
}

#[actix::test]
async fn by_a_panic_in_a_spawned_task() {
    time::pause();
    dies(Die::InTask, Counters { task_panics: 1, restarts: 1, ..Counters::default() }).await;
}

#[actix::test]
async fn by_a_panic_in_started() {
    time::pause();
    dies(Die::InStart, Counters { panics: 2, restarts: 2, ..Counters::default() }).await;
}

#[actix::test]
async fn by_a_panic_in_restarting() {
    time::pause();
    dies(Die::InRestart, Counters { panics: 2, restarts: 1, ..Counters::default() }).await;
}

#[actix::test]
async fn by_a_stop_nobody_asked_for() {
    time::pause();
    dies(Die::ByStop, Counters { stops: 1, restarts: 1, ..Counters::default() }).await;
}

#[actix::test]
async fn by_an_await_that_never_ends() {
    time::pause();
    dies(Die::ByHang, Counters { hangs: 1, restarts: 1, ..Counters::default() }).await;
}

#[actix::test]
async fn a_wait_of_some_seconds_is_no_hang() {
    time::pause();
    let garden = plant(Limits::default());
    for _ in 0..60 {
        time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(garden.tree.counters("mortal"), Counters::default());
}

/// To read the state of a long day again would take as long as the first time.
#[actix::test]
async fn a_slow_beginning_is_no_hang_and_one_without_end_is() {
    time::pause();
    let garden = plant(Limits::default());
    garden.disk.slow.store(45, SeqCst);
    garden.addr.do_send(Die::InHandler);
    time::sleep(Duration::from_secs(50)).await;
    assert_eq!(garden.tree.counters("mortal"), Counters { panics: 1, restarts: 1, ..Counters::default() });
    assert_eq!(garden.addr.send(Loaded).await.unwrap(), Some(0));

    garden.disk.slow.store(1_000, SeqCst);
    garden.addr.do_send(Die::InHandler);
    time::sleep(Duration::from_secs(70)).await;
    assert_eq!(garden.tree.counters("mortal").hangs, 1);
}

#[actix::test]
async fn timers_are_not_doubled_by_restarts() {
    time::pause();
    let garden = plant(Limits::tireless());
    for _ in 0..20 {
        garden.addr.do_send(Die::InHandler);
        time::sleep(Duration::from_millis(1)).await;
    }
    garden.disk.ticks.store(0, SeqCst);
    time::sleep(Duration::from_millis(100_500)).await;
    let ticks = garden.disk.ticks.load(SeqCst);
    assert!((99..=101).contains(&ticks), "{ticks} ticks in 100 s");
    assert_eq!(garden.disk.started.load(SeqCst), 21);
}

#[actix::test]
async fn a_task_without_an_owner_is_counted_too() {
    let before = panics_here();
    let garden = plant(Limits::default());
    garden.tree.spawn("nobody", async { panic!("in nobody's task") });
    while garden.tree.accounted_panics() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(panics_here() - before, 1);
    assert_eq!(*garden.witness.crashes.lock().unwrap(), [("nobody", Death::TaskPanic)]);
}

#[actix::test]
async fn an_asked_for_shutdown_is_no_death() {
    time::pause();
    let garden = plant(Limits::default());
    garden.tree.shutdown().await;
    assert_eq!(garden.tree.counters("mortal"), Counters::default());
    assert!(garden.witness.crashes.lock().unwrap().is_empty());
    assert!(!garden.tree.actors()["mortal"].0);
}
