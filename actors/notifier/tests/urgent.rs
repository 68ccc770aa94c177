//! What is urgent does not wait behind what is silent.

use std::time::Duration;

use chrono::TimeDelta;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::notifier::messages::JournalGrew;
use crate::notifier::tests::doubles::{Fate, World, in_virtual_time};
use keeper_domain::{
    alert::{Outgoing, SendError},
    event::Event,
    ports::Time,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Silent; each has a topic of its own, so none is merged.
fn silent(n: u64) -> Event {
    Event::ActorRestarted { actor: format!("actor {n}"), restarts: 1 }
}

fn critical() -> Event {
    let why = "no token".to_owned();
    Event::OrderRefused {
        bot: None,
        symbol: "NSE:SBIN-EQ".into(),
        quantity: -1,
        why,
        is_halted_entry: false,
        is_bots_halt: false,
        is_simulated: false,
    }
}

fn silent_queue(script: Vec<Fate>) -> World {
    let world = World::with(script);
    (1..=60).for_each(|n| world.happens(silent(n)));
    world
}

#[test]
fn after_an_outage_the_critical_alert_is_the_first_and_none_is_lost() {
    in_virtual_time(async {
        // The sixty wait already, and one of them is being tried, when the critical one comes.
        let down = || Fate::Fail(SendError::Unreachable("down".into()));
        let world = silent_queue(vec![down(), down()]);
        let addr = world.start();
        while world.messenger.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        world.happens(critical());
        world.keep_until_done(addr, HOUR).await;
        let delivered = world.messenger.delivered();
        assert_eq!(delivered[0], 61);
        assert_eq!(delivered[1..], (1..=60).collect::<Vec<_>>());
        let calls = world.messenger.calls();
        assert_eq!(calls[1].id, 61, "the second attempt is its own already");
        let late = calls.iter().filter(|call| call.text.contains("(A newer, more urgent")).count();
        assert_eq!(late, 60, "whoever reads the last message last is told that it is not the latest news");
    });
}

#[test]
fn in_the_middle_of_a_silent_queue_it_is_the_next_within_the_pace() {
    in_virtual_time(async {
        // At every place of the queue, in the first minute and in those at the end of which the window is used up.
        for seconds in [0, 3, 9, 15, 30, 58, 61, 100] {
            let world = silent_queue(vec![]);
            let addr = world.start();
            tokio::time::sleep(Duration::from_millis(seconds * 1_000 + 30)).await;
            let (before, happened) = (world.messenger.calls().len(), world.time.now());
            world.happens(critical());
            addr.do_send(JournalGrew);
            world.keep_until_done(addr, HOUR).await;
            let calls = world.messenger.calls();
            let place = calls.iter().position(|call| call.id == 61).unwrap();
            assert!(place <= before + 1, "{place} after {before}");
            let waited = calls[place].at - happened;
            assert!(waited < TimeDelta::milliseconds(2_000), "{waited} at {seconds} s");
        }
    });
}

#[test]
fn a_pause_that_telegram_asked_for_holds_for_the_urgent_too() {
    in_virtual_time(async {
        let asked = Fate::Fail(SendError::Wait(Duration::from_secs(37)));
        let world = silent_queue(vec![asked]);
        let addr = world.start();
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.happens(critical());
        addr.do_send(JournalGrew);
        world.keep_until_done(addr, HOUR).await;
        let calls = world.messenger.calls();
        assert_eq!((calls[0].id, calls[1].id), (1, 61));
        assert!(calls[1].at - calls[0].at >= TimeDelta::seconds(37), "{calls:?}");
    });
}

/// Whatever happens when: an alert is only sent while nothing more urgent, and nothing older of its severity, waits.
#[test]
fn twenty_random_queues_keep_the_order() {
    for seed in 0..20 {
        in_virtual_time(async move {
            let mut dice = StdRng::seed_from_u64(seed);
            let world = World::with(vec![]);
            let addr = world.start();
            for n in 0..60 {
                let urgent = dice.random_bool(0.2);
                world.happens(if urgent { critical_of(n) } else { silent(n) });
                addr.do_send(JournalGrew);
                tokio::time::sleep(Duration::from_millis(dice.random_range(0..4_000))).await;
            }
            world.keep_until_done(addr, HOUR).await;
            let outbox = world.store.outbox();
            let of = |id: i64| &outbox[id as usize - 1].0;
            let calls = world.messenger.calls();
            for (place, call) in calls.iter().enumerate() {
                let waits = calls[place + 1..].iter().map(|later| of(later.id));
                // It was there, and read, when this call began.
                let mut there = waits.filter(|other| other.at < call.at - TimeDelta::milliseconds(200));
                let this = of(call.id);
                let before = |o: &Outgoing| {
                    o.severity > this.severity || (o.severity == this.severity && o.id < this.id)
                };
                assert!(!there.any(before), "seed {seed}: {call:?}");
            }
        });
    }
}

fn critical_of(n: u64) -> Event {
    let why = format!("no token {n}");
    Event::OrderRefused {
        bot: None,
        symbol: format!("NSE:S{n}-EQ"),
        quantity: -1,
        why,
        is_halted_entry: false,
        is_bots_halt: false,
        is_simulated: false,
    }
}
