//! How long bots wait when the holder goes: `TAKE_OVERS=20` for the figures in docs/scaling.md.

use std::time::{Duration, Instant};

use simulator::{Fault, FaultRule, endpoint};

use crate::{bots::two, hosts::World, support::wait_for};

/// Median and worst.
pub(crate) fn figures(times: &mut [Duration]) -> String {
    times.sort();
    let seconds = |at: usize| times.get(at).map_or(0.0, Duration::as_secs_f64);
    let (median, worst) = (seconds(times.len() / 2), seconds(times.len().saturating_sub(1)));
    format!("median {median:.2} s, worst {worst:.2} s of {}", times.len())
}

#[test]
fn the_standby_acts_when_the_holder_is_told_to_stop_and_when_it_dies() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    assert_eq!(world.order(0, "first").unwrap(), "fyers");
    assert_eq!(world.order(1, "through the standby").unwrap(), "fyers", "passed on to the holder");
    assert_eq!(world.ready(1), Some(503));
    let (mut told_to_stop, mut killed) = (vec![], vec![]);
    for _ in 0..crate::number("TAKE_OVERS", 1) {
        told_to_stop.push(goes(&mut world, 0, World::tell_to_stop));
        killed.push(goes(&mut world, 1, World::kill9));
    }
    let least = *killed.iter().min().unwrap();
    println!("SIGTERM, until the other one acts: {}", figures(&mut told_to_stop));
    println!("kill -9, until the other one acts (lease: 15 s): {}", figures(&mut killed));
    assert!(
        told_to_stop.iter().all(|time| *time < least),
        "nobody waits for the end of a lease that was let go"
    );
    world.judge();
}

/// The holder goes and comes back as a standby; how long it took until the other one acted.
fn goes(world: &mut World, holder: usize, go: fn(&mut World, usize)) -> Duration {
    let began = Instant::now();
    go(world, holder);
    world.wait_acts(1 - holder);
    let took = began.elapsed();
    println!("{:.2} s", took.as_secs_f64());
    assert_eq!(world.order(1 - holder, "of the new holder").unwrap(), "fyers");
    world.reap(holder);
    world.start(holder);
    world.wait_stands_by(holder);
    world.wait_warm(1 - holder);
    took
}

/// How many reads of a bot pass, one after the other.
pub(crate) fn reads(world: &World, host: usize, most: usize) -> usize {
    let url = world.url(host, "/api/v3/funds");
    let read = || crate::support::get_with_key(&url, crate::hosts::KEY).map(|(status, _)| status);
    (0..most).take_while(|_| read() == Some(200)).count()
}

/// FYERS counts the calls of both keepers together: whoever takes over knows what the other one has sent.
#[test]
fn the_calls_of_both_keepers_are_within_the_limits() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    let here = reads(&world, 0, 120);
    assert_eq!(here, 120);
    let counted = Instant::now();
    world.tell_to_stop(0);
    world.wait_acts(1);
    assert_eq!(world.order(1, "right after it").unwrap(), "fyers");
    let there = reads(&world, 1, 120);
    // Where the machine is slow, the first of them count no more.
    println!("{here} calls, and {there} of the other one within {:?}", counted.elapsed());
    assert!(there < 60 || counted.elapsed() > Duration::from_secs(20), "{there}");
    assert!(world.log(1).contains("lease.calls"), "{}", world.log(1));
    world.reap(0);
    world.start(0);
    world.wait_stands_by(0);
    world.kill9(1);
    world.wait_acts(0);
    // Its own reads before and those of the other one fill the minute.
    wait_for("an order is taken", || world.order(0, "after a crash"));
    world.judge();
}

/// A bot has ordered for a while, and its keeper dies: what that one may have sent since it told of it last is little, and the
/// next order goes at once.
#[test]
fn after_the_crash_of_a_holder_with_a_bot_at_work_the_next_order_goes() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    for _ in 0..20 {
        assert!(world.order(0, "at work").is_some());
    }
    world.kill9(0);
    world.wait_acts(1);
    assert!(world.order(1, "of the new holder").is_some());
    world.judge();
}

/// What leaves while the database is away nobody could be told of: a bot reads on, and not for ever.
#[test]
fn while_the_database_is_away_few_calls_leave() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.server.crash();
    let read = reads(&world, 0, 200);
    let refused = crate::support::get_with_key(&world.url(0, "/api/v3/funds"), crate::hosts::KEY);
    println!("{read} reads, then {refused:?}");
    assert!((1..50).contains(&read), "{read}");
    let is_told = refused.is_some_and(|(status, body)| status == 429 && body.contains("the state database"));
    // A slow machine reads for longer than the lease is good.
    assert!(is_told || world.log(0).contains("lease.lost"), "{}", world.log(0));
    world.server.run();
    world.wait_acts(0);
    assert!(reads(&world, 0, 20) > 10);
}

/// It has called FYERS as often as bots may in a minute, and dies. That it may have called more until its end keeps nobody from
/// asking whether the token is good: the next one does not wait until those calls are a minute old.
#[test]
fn after_the_crash_of_a_busy_holder_the_token_is_asked_about_before_its_minute_is_over() {
    const MINUTE: Duration = Duration::from_secs(60);
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    let began = Instant::now();
    let read = reads(&world, 0, 200);
    while world.order(0, "one more").is_some() {}
    world.kill9(0);
    wait_for("the lease is taken", || world.log(1).contains("\"lease.taken\"").then_some(()));
    let taken = began.elapsed();
    world.wait_acts(1);
    let known = began.elapsed();
    wait_for("an order is taken", || world.order(1, "of the new holder"));
    let ordered = began.elapsed();
    println!(
        "{read} reads; it holds the lease after {taken:.1?}, is live after {known:.1?}, orders after {ordered:.1?}"
    );
    // A machine that is so slow shows nothing.
    assert!(known < MINUTE || taken > MINUTE - Duration::from_secs(10), "{taken:?} {known:?}");
    world.judge();
}

/// The signal comes while the program goes, replaces itself, or has done so.
#[test]
fn who_hands_over_and_is_told_to_stop_stops() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    for (round, later) in [0, 20, 50, 90, 140, 200, 400].into_iter().enumerate() {
        let (holder, other) = (round % 2, 1 - round % 2);
        world.wait_stands_by(other);
        world.wait_warm(holder);
        assert_eq!(world.exits(holder, &["handover"]), Some(0));
        std::thread::sleep(Duration::from_millis(later));
        world.tell_to_stop(holder);
        assert_eq!(world.reap(holder), Some(0), "after {later} ms: {}", world.log(holder));
        world.wait_acts(other);
        world.start(holder);
    }
    world.judge();
}

/// The stored token is good, and FYERS takes its time to say so to the keeper that takes over.
#[test]
fn the_first_orders_after_a_take_over_are_not_simulated() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    let slow = Fault::Latency { ms: 1_500 };
    world.home.sim.inject(FaultRule::forever(endpoint::PROFILE, slow));
    for (holder, by_signal) in [(0, true), (1, false)] {
        let other = 1 - holder;
        if by_signal {
            world.tell_to_stop(holder);
        } else {
            assert_eq!(world.exits(holder, &["handover"]), Some(0));
        }
        let mut taken = 0;
        wait_for("the other one takes orders", || {
            taken += usize::from(world.order(other, "while it takes over").is_some());
            (taken > 0 && world.acts(other)).then_some(())
        });
        if by_signal {
            world.reap(holder);
        }
        world.wait_stands_by(holder);
        world.wait_warm(other);
    }
    let simulated = world.sql("SELECT count(*) FROM orders WHERE entry::json->>'venue' = 'mock'");
    assert_eq!(simulated, "0\n");
    world.judge();
}

/// FYERS has told the holder to wait, and the holder dies: the next one waits as long, and asks nothing before.
#[test]
fn whoever_takes_over_waits_as_long_as_fyers_has_said() {
    const WAIT: Duration = Duration::from_secs(45);
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    let limited = Fault::RateLimited { retry_after: WAIT.as_secs() };
    world.home.sim.inject(FaultRule::once(endpoint::FUNDS, limited));
    let url = world.url(0, "/api/v3/funds");
    let told = crate::support::get_with_key(&url, crate::hosts::KEY).expect("FYERS' answer");
    assert_eq!(told.0, 429, "{told:?}");
    let said = Instant::now();
    // Told within a moment: the crash comes long before the next renewal.
    wait_for("the wait is in the database", || {
        world.sql("SELECT calls FROM lease_calls").contains("\"held\"").then_some(())
    });
    let calls = |world: &World| world.hosts[1].fyers.sent().len();
    assert_eq!(calls(&world), 0, "a standby asks FYERS nothing");
    world.kill9(0);
    while said.elapsed() < WAIT - Duration::from_secs(2) {
        assert_eq!(calls(&world), 0, "{:?} after FYERS has asked to wait {WAIT:?}", said.elapsed());
        std::thread::sleep(Duration::from_millis(100));
    }
    world.wait_acts(1);
    assert_eq!(world.order(1, "when FYERS takes calls again").unwrap(), "fyers");
    world.judge();
}

/// All that bots can read, a crash in the midst of it, and a standby that comes and goes: FYERS counts 200 in a minute.
#[test]
fn at_fyers_no_minute_has_more_than_two_hundred_calls() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    let flood = |world: &World, host: usize, seconds: u64| {
        let (url, end) = (world.url(host, "/api/v3/funds"), Instant::now() + Duration::from_secs(seconds));
        std::thread::scope(|threads| {
            for _ in 0..12 {
                threads.spawn(|| {
                    while Instant::now() < end {
                        let _any = crate::support::get_with_key(&url, crate::hosts::KEY);
                        std::thread::sleep(Duration::from_millis(20));
                    }
                });
            }
        });
    };
    flood(&world, 0, 8);
    // Each start of a standby used to be a call.
    for _ in 0..5 {
        world.kill9(1);
        world.start(1);
        world.wait_stands_by(1);
        world.wait_warm(0);
    }
    flood(&world, 0, 20);
    world.kill9(0);
    world.wait_acts(1);
    world.start(0);
    flood(&world, 1, 20);
    world.wait_stands_by(0);
    world.term(1);
    world.wait_acts(0);
    flood(&world, 0, 5);
    let most = most_in_a_minute(&world);
    assert!(most > 150, "that is no test: {most}");
    assert!(most <= 200, "{most} in a minute");
    world.judge();
}

/// How many calls of both keepers FYERS has got in a minute.
pub(crate) fn most_in_a_minute(world: &World) -> usize {
    let mut sent: Vec<_> = world.hosts.iter().flat_map(|host| host.fyers.sent()).collect();
    sent.sort_unstable();
    let within = |from: usize| {
        sent[from..].iter().take_while(|at| **at < sent[from] + Duration::from_secs(60)).count()
    };
    let most = (0..sent.len()).map(within).max().unwrap();
    println!("{} calls, {most} in a minute at most", sent.len());
    most
}
