//! Ten thousand panics, and everything that was queued arrives, once, in order.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::time;

use super::*;

const PANICS: u64 = 10_000;
const NAMES: [&str; 4] = ["token", "clock", "exchange", "notifier"];

#[actix::test]
async fn ten_thousand_panics_lose_nothing() {
    time::pause();
    install_panic_hook();
    let before = panics_here();
    let witness = Arc::new(Witness::default());
    let tree = Tree::new(Limits::tireless(), Arc::clone(&witness) as Arc<dyn CrashSink>);
    let disks: Vec<_> = NAMES.iter().map(|_| Rc::new(Disk::default())).collect();
    let addrs: Vec<_> = NAMES.iter().zip(&disks).map(|(name, disk)| grow(&tree, name, disk)).collect();

    let ways = [Die::InHandler, Die::InFuture, Die::InTask, Die::InStart, Die::InRestart];
    let mut dice = StdRng::seed_from_u64(20_261_123);
    let mut sent = [0; NAMES.len()];
    while tree.accounted_panics() < PANICS {
        for _ in 0..50 {
            let who = dice.random_range(0..NAMES.len());
            addrs[who].do_send(ways[dice.random_range(0..ways.len())]);
            for _ in 0..dice.random_range(0..4) {
                addrs[who].do_send(Keep(sent[who]));
                sent[who] += 1;
            }
        }
        time::sleep(Duration::from_millis(dice.random_range(0..3))).await;
    }
    // The last questions queue up behind everything else, on the addresses of the first minute.
    for addr in &addrs {
        while addr.send(Loaded).await.is_err() {}
    }
    time::sleep(Duration::from_secs(1)).await;

    println!(
        "{:<10}{:>9}{:>9}{:>12}{:>10}{:>10}",
        "actor", "sent", "handled", "panics", "in tasks", "restarts"
    );
    for (index, name) in NAMES.iter().enumerate() {
        let numbers = disks[index].numbers.lock().unwrap();
        let Counters { panics, task_panics, restarts, .. } = tree.counters(name);
        println!(
            "{name:<10}{:>9}{:>9}{panics:>12}{task_panics:>10}{restarts:>10}",
            sent[index],
            numbers.len()
        );
        assert_eq!(*numbers, (0..sent[index]).collect::<Vec<_>>(), "{name}: lost, doubled or out of order");
    }
    let (seen, accounted) = (panics_here() - before, tree.accounted_panics());
    println!("panic hook {seen}, accounted {accounted}");
    assert!(accounted >= PANICS);
    assert_eq!(seen, accounted, "every panic has an owner");
}
