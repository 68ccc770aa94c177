//! Random faults, with bots that order throughout, in a network of each keeper's own and with clocks apart:
//! `LEASE_HISTORIES=200 LEASE_HISTORIES_AT_ONCE=6` for the full size, `LEASE_HISTORIES_FROM=17` to begin with that seed.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};
use simulator::TokenKind;

use crate::{hosts::World, judge::Verdict, number, support::wait_for, take_over::figures, watch::Watch};

/// Faults of one history.
const FAULTS: usize = 4;
/// How long a standby that should not have sent a second login card is watched.
const WATCHED: Duration = Duration::from_secs(3);
/// Lease and 5 s: whoever looks for the reason of a longer time without a keeper finds here what the keepers said.
const BAR: Duration = Duration::from_secs(20);

/// What a fault is, as it is called in the table.
const KINDS: [&str; 7] = [
    "kill -9",
    "SIGTERM",
    "SIGSTOP",
    "cut off from the database",
    "cut off from FYERS",
    "cut off from both",
    "the database killed",
];

/// What came of a history.
#[derive(Default)]
struct Outcome {
    verdict: Verdict,
    taken: usize,
    refused: usize,
    /// Login cards beyond the one.
    cards: usize,
    without_keeper: Duration,
    /// How long it took until the other one was ready, by fault.
    take_overs: BTreeMap<&'static str, Vec<Duration>>,
    faults: BTreeMap<&'static str, usize>,
}

#[test]
fn whatever_happens_one_keeper_acts_and_nothing_is_doubled() {
    let (first, wanted) = (number("LEASE_HISTORIES_FROM", 0), number("LEASE_HISTORIES", 2));
    let next = AtomicU64::new(first);
    let (outcomes, failed) = (Mutex::new(vec![]), Mutex::new(vec![]));
    std::thread::scope(|threads| {
        for _ in 0..number("LEASE_HISTORIES_AT_ONCE", 2) {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + wanted {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| history(seed))) {
                        Ok(outcome) => outcomes.lock().unwrap().extend(outcome),
                        Err(_) => failed.lock().unwrap().push(seed),
                    }
                    println!("history {seed} has ended");
                }
            });
        }
    });
    let (outcomes, failed) = (outcomes.into_inner().unwrap(), failed.into_inner().unwrap());
    println!("{}", table(&outcomes));
    assert!(failed.is_empty(), "histories {failed:?}");
    assert!(outcomes.iter().all(|outcome| outcome.verdict.is_good() && outcome.cards == 0));
}

fn table(outcomes: &[Outcome]) -> String {
    let mut verdict = Verdict::default();
    outcomes.iter().for_each(|outcome| verdict += &outcome.verdict);
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let longest = outcomes.iter().map(|outcome| outcome.without_keeper).max().unwrap_or_default();
    let mut lines = vec![
        format!("histories                         {}", outcomes.len()),
        format!("orders taken by FYERS             {}", sum(|outcome| outcome.taken)),
        format!("orders refused or unanswered      {}", sum(|outcome| outcome.refused)),
        format!("orders at FYERS twice             {}", verdict.twice),
        format!("orders at FYERS without an intent {}", verdict.without_intent),
        format!("orders acknowledged and not there {}", verdict.missing),
        format!("calls by a second keeper          {}", verdict.two_acted),
        format!("alerts delivered                  {}", verdict.alerts),
        format!("alerts lost                       {}", verdict.alerts_lost),
        format!("alerts delivered twice            {}", verdict.alerts_twice),
        format!("login cards doubled               {}", sum(|outcome| outcome.cards)),
        format!("longest time without a keeper     {:.1} s", longest.as_secs_f64()),
    ];
    for kind in KINDS {
        let faults: usize = outcomes.iter().filter_map(|outcome| outcome.faults.get(kind)).sum();
        let mut times: Vec<_> =
            outcomes.iter().filter_map(|outcome| outcome.take_overs.get(kind)).flatten().copied().collect();
        let times = if times.is_empty() { "none".to_owned() } else { figures(&mut times) };
        lines.push(format!("{kind}: {faults} times; take-overs: {times}"));
    }
    lines.join("\n")
}

/// `None` where there is no PostgreSQL.
fn history(seed: u64) -> Option<Outcome> {
    println!("history {seed}");
    // Relays keep what was sent and deliver it late; a network loses it.
    let world = if seed % 4 == 3 { World::on_relays() } else { World::new() };
    let world = &mut world?.with_clocks_apart();
    let mut dice = StdRng::seed_from_u64(seed);
    world.start(0);
    world.wait_acts(0);
    world.watch_lease();
    world.start(1);
    world.wait_stands_by(1);
    let watch = Watch::begin([0, 1].map(|host: usize| world.hosts[host].address));
    let (mut outcome, mut faults, mut no_database) = (Outcome::default(), vec![], vec![]);
    for _ in 0..FAULTS {
        let (host, fault) = (dice.random_range(0..2), dice.random_range(0..KINDS.len()));
        println!("history {seed}: {} at keeper {host}", KINDS[fault]);
        let begun = Instant::now();
        begin(world, host, fault);
        order(world, &mut dice, &mut outcome);
        // Sometimes longer than a lease, sometimes not.
        std::thread::sleep(Duration::from_secs(dice.random_range(0..20)));
        end(world, host, fault);
        if fault == 6 {
            no_database.push((begun, Instant::now()));
        }
        wait_for("one of them acts", || (0..2).find(|host| world.acts(*host)));
        faults.push((host, fault, (begun, Instant::now())));
        // The first one may still meet a connection that the fault has left dead.
        let mut order_again = || {
            let acting = (0..2).find(|host| world.acts(*host))?;
            let taken = world.order(acting, "after the fault");
            outcome.refused += usize::from(taken.is_none());
            taken
        };
        wait_for("an order goes through", &mut order_again);
        outcome.taken += 1;
    }
    outcome.cards = card(world, &mut dice);
    let seen = watch.end();
    for (host, fault, when) in faults {
        *outcome.faults.entry(KINDS[fault]).or_default() += 1;
        let took = seen.take_over(host, when);
        if let Some(took) = took {
            println!("history {seed}: {} at keeper {host}, taken over in {took:.1?}", KINDS[fault]);
        }
        outcome.take_overs.entry(KINDS[fault]).or_default().extend(took);
    }
    outcome.without_keeper = seen.longest_without(&no_database);
    println!("history {seed}: {:.1?} without a keeper at most", outcome.without_keeper);
    println!("history {seed}: the lease was taken again without knowing {} times", world.taken_again());
    if outcome.without_keeper > BAR {
        println!("{seen}");
        world.print_logs();
    }
    outcome.verdict = world.verdict();
    assert!(outcome.verdict.is_good() && outcome.cards == 0, "{seed}: {:?}", outcome.verdict);
    Some(outcome)
}

fn order(world: &mut World, dice: &mut StdRng, outcome: &mut Outcome) {
    for _ in 0..dice.random_range(1..6) {
        let to = dice.random_range(0..2);
        match world.order(to, "during the fault") {
            Some(_) => outcome.taken += 1,
            None => outcome.refused += 1,
        }
        std::thread::sleep(Duration::from_millis(dice.random_range(0..1500)));
    }
}

/// The token dies and the holder goes: the card stays one.
fn card(world: &mut World, dice: &mut StdRng) -> usize {
    let both = wait_for("one acts, one stands by", || {
        (0..2).for_each(|host| world.revive(host));
        let holder = (0..2).find(|host| world.acts(*host))?;
        (world.ready(1 - holder) == Some(503)).then_some(holder)
    });
    world.home.sim.kill_all(TokenKind::Access);
    let _refused = world.order(both, "with a dead token");
    wait_for("the login card", || (world.open_cards() > 0).then_some(()));
    let go = if dice.random_bool(0.5) { World::kill9 } else { World::tell_to_stop };
    go(world, both);
    wait_for("the other one has taken over", || (world.ready(1 - both) == Some(200)).then_some(()));
    world.reap(both);
    std::thread::sleep(WATCHED);
    world.open_cards().saturating_sub(1)
}

fn begin(world: &mut World, host: usize, fault: usize) {
    match fault {
        0 => world.kill9(host),
        1 => world.term(host),
        2 => world.pause(host),
        3 => world.cut_database(host, true),
        4 => world.cut_fyers(host, true),
        5 => {
            world.cut_database(host, true);
            world.cut_fyers(host, true);
        }
        _ => world.server.crash(),
    }
}

fn end(world: &mut World, host: usize, fault: usize) {
    match fault {
        0 | 1 => world.start(host),
        2 => world.resume(host),
        3 => world.cut_database(host, false),
        4 => world.cut_fyers(host, false),
        5 => {
            world.cut_database(host, false);
            world.cut_fyers(host, false);
        }
        _ => world.server.run(),
    }
    (0..2).for_each(|host| world.revive(host));
}
