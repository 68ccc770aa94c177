//! The end of patience: told once, and nobody else suffers.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use tokio::time;

use super::*;

#[actix::test]
async fn an_actor_that_cannot_start_is_given_up_once_and_its_neighbours_live() {
    time::pause();
    let garden = plant(Limits::default());
    let sick = Rc::new(Disk::default());
    sick.bad_starts.store(u32::MAX, SeqCst);
    let sick_addr = grow(&garden.tree, "sick", &sick);
    let culprit = time::timeout(Duration::from_secs(60), garden.tree.gave_up()).await;
    assert_eq!(culprit, Ok("sick"));
    for number in 0..100 {
        garden.addr.send(Keep(number)).await.expect("the neighbour answers");
    }
    time::sleep(Duration::from_secs(600)).await;
    let counters = garden.tree.counters("sick");
    assert_eq!(counters, Counters { panics: 6, restarts: 5, ..Counters::default() });
    assert_eq!(*garden.witness.gave_up.lock().unwrap(), ["sick"]);
    assert_eq!(garden.tree.counters("mortal"), Counters::default());
    drop(sick_addr);
}

#[actix::test]
async fn many_actors_that_die_now_and_then_are_too_much_together() {
    time::pause();
    let garden = plant(Limits::default());
    let disks: Vec<_> = (0..6).map(|_| Rc::new(Disk::default())).collect();
    let names = ["a", "b", "c", "d", "e", "f"];
    let addrs: Vec<_> = names.iter().zip(&disks).map(|(name, disk)| grow(&garden.tree, name, disk)).collect();
    for _round in 0..3 {
        for addr in &addrs {
            addr.do_send(Die::InHandler);
        }
        time::sleep(Duration::from_secs(25)).await;
    }
    assert!(garden.witness.gave_up.lock().unwrap().is_empty(), "18 deaths of 20");
    for addr in &addrs[..3] {
        addr.do_send(Die::InHandler);
        time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(*garden.witness.gave_up.lock().unwrap(), ["c"], "the 21st death within five minutes");
}
