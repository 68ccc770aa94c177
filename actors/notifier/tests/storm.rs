//! Ten thousand events through failures and crashes: nothing lost, nothing overtaken by what is not more urgent.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::TimeDelta;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::notifier::tests::doubles::{Call, Fate, PausedTime, ScriptedMessenger, World, in_virtual_time};
use keeper_domain::{alert::SendError, event::Event, reason::Reason};

/// Events whose alerts can be told apart by their text, so that a loss would show.
fn event(n: i64, rng: &mut StdRng) -> Event {
    match rng.random_range(0..10) {
        0 => Event::ActorRestarted { actor: "token".into(), restarts: n as u64 },
        1 => Event::TokenDelayed {
            reason: Reason::Unreachable,
            since: chrono::DateTime::UNIX_EPOCH,
            attempts: n as u32,
            urgent: false,
            unconfirmed: false,
        },
        2 => Event::RefreshStarted { attempt: n as u32, current: String::new() },
        _ => Event::OrderRefused {
            bot: None,
            symbol: format!("NSE:S{n}-EQ"),
            quantity: 1,
            why: "no token".into(),
            is_halted_entry: false,
            is_bots_halt: false,
            is_simulated: false,
        },
    }
}

fn fate(rng: &mut StdRng) -> Fate {
    match rng.random_range(0..100) {
        0..=4 => Fate::Fail(SendError::Wait(Duration::from_secs(rng.random_range(1..40)))),
        5..=9 => Fate::Fail(SendError::Unreachable("502".into())),
        10..=12 => Fate::DeliverThenFail,
        13 => Fate::DeliverThenPanic,
        14 => Fate::Panic,
        15 => Fate::Fail(SendError::Unauthorized("blocked".into())),
        16 => Fate::Hang,
        _ => Fate::Deliver,
    }
}

fn storm(seed: u64, events: i64) {
    in_virtual_time(async move {
        let mut rng = StdRng::seed_from_u64(seed);
        let time = PausedTime::start();
        let mut fates = StdRng::seed_from_u64(seed + 1);
        let messenger = ScriptedMessenger::choosing(Arc::clone(&time), Box::new(move |_| fate(&mut fates)));
        let world = World { time, store: Arc::default(), messenger };
        (1..=events).for_each(|n| world.happens(event(n, &mut rng)));
        let deaths = world.run_until_done(Duration::from_secs(86_400 * 30)).await;
        let calls = world.messenger.calls();
        assert_all_arrived(&world, events);
        assert_duplicates_are_explained(&world.messenger.delivered(), &calls);
        assert_polite(&calls);
        assert_eq!(deaths, count(&calls, |fate| matches!(fate, Fate::Panic | Fate::DeliverThenPanic)));
        assert!(deaths > 0, "the storm must hurt");
    });
}

fn count(calls: &[Call], which: impl Fn(&Fate) -> bool) -> usize {
    calls.iter().filter(|call| which(&call.fate)).count()
}

/// Every alert in the outbox reached the person, the urgent ones first and in order within a severity, and the outbox
/// stands for every loud event.
fn assert_all_arrived(world: &World, events: i64) {
    let (delivered, outbox) = (world.messenger.delivered(), world.store.outbox());
    let severity: HashMap<_, _> = outbox.iter().map(|(alert, _)| (alert.id, alert.severity)).collect();
    assert!(delivered.is_sorted_by_key(|id| (Reverse(severity[id]), *id)), "an alert overtook another");
    let got: HashSet<i64> = delivered.into_iter().collect();
    assert!(outbox.iter().all(|(alert, _)| got.contains(&alert.id)), "an alert is lost");
    let told: HashSet<String> = world.messenger.calls().into_iter().map(|call| call.text).collect();
    let refused = told.iter().filter(|text| text.contains("Order refused")).count();
    assert!(refused as i64 > events / 2, "each refusal has its own message: {refused}");
}

/// A second copy exists only where the keeper could not know of the first.
fn assert_duplicates_are_explained(delivered: &[i64], calls: &[Call]) {
    let unique: HashSet<&i64> = delivered.iter().collect();
    let ambiguous = count(calls, |fate| matches!(fate, Fate::DeliverThenFail | Fate::DeliverThenPanic));
    assert!(delivered.len() - unique.len() <= ambiguous);
}

/// Never before the time that Telegram asked for.
fn assert_polite(calls: &[Call]) {
    for pair in calls.windows(2) {
        if let Fate::Fail(SendError::Wait(asked)) = &pair[0].fate {
            let waited = pair[1].at - pair[0].at;
            assert!(waited >= TimeDelta::from_std(*asked).unwrap(), "{waited} < {asked:?}");
        }
    }
}

#[test]
fn ten_thousand_events_through_failures_and_crashes() {
    storm(20_261_123, 10_000);
}

#[test]
fn twenty_small_storms() {
    (0..20).for_each(|seed| storm(seed, 300));
}
