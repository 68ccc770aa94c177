//! What people hear of a change of the holder, and what a command says on the host of a keeper that stands by.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::{
    bots::{order_of, post_order, started},
    hosts::World,
    support::{get, wait_for},
};

/// So long a database may be away without costing a keeper its lease, some seconds for the way to it included.
const SHORT: Duration = Duration::from_secs(5);

/// Messages on the phone with these words.
fn told(world: &World, words: &str) -> usize {
    world.home.alerts().iter().filter(|alert| alert.contains(words)).count()
}

/// It never held the lease, so it has made no key; it has the one of the keeper that acts.
#[test]
fn the_command_line_works_on_a_standby_that_never_acted() {
    let Some(world) = World::new() else { return };
    let world = started(world.without_a_key());
    wait_for("the standby has the key", || (world.exits(1, &["status"]) == Some(0)).then_some(()));
    let status = world.says(1, &["status", "--json"]);
    assert_eq!(status["lease"]["address"], world.url(0, ""), "{status}");
    assert_eq!(world.says(1, &["key", "list", "--json"])["keys"][0]["name"], "default");
    assert_eq!(world.exits(1, &["key", "halt", "default"]), Some(0));
    assert_eq!(world.exits(1, &["orders"]), Some(0));
}

#[test]
fn a_command_says_that_this_one_stands_by_and_what_is_missing() {
    let Some(world) = World::new() else { return };
    let mut world = started(world.without_addresses());
    for verb in [&["status"][..], &["orders"], &["positions"], &["key", "list"], &["handover"]] {
        let (code, words) = world.complains(1, verb);
        assert_eq!(code, Some(69), "{words}");
        assert!(
            words.contains("stands by for another one") && words.contains("KEEPER_ADVERTISE_URL"),
            "{words}"
        );
    }
    world.term(1);
    let (code, words) = world.complains(1, &["status"]);
    assert_eq!(code, Some(69), "{words}");
    assert!(words.contains("no keeper answers on") && words.contains("the one that acts is on"), "{words}");
}

/// Who ended without notice is the last one that acted, wherever it ran: not the run before in this folder.
#[test]
fn a_crash_is_told_of_the_last_holder_and_a_handover_is_no_farewell() {
    const CRASH: &str = "the run before ended without notice";
    let Some(world) = World::new() else { return };
    let mut world = started(world);
    assert_eq!(told(&world, CRASH), 0);
    world.kill9(0);
    world.wait_acts(1);
    wait_for("the crash is told", || (told(&world, CRASH) == 1).then_some(()));
    // Its folder's own last run was killed; the last holder is not.
    world.start(0);
    world.wait_stands_by(0);
    world.term(1);
    world.wait_acts(0);
    wait_for("the new holder has started", || (told(&world, "has started") >= 2).then_some(()));
    wait_for("the handover is told", || {
        (told(&world, "the one that stood by acts in its place") == 1).then_some(())
    });
    assert_eq!(told(&world, CRASH), 1, "{:#?}", world.home.alerts());
    assert_eq!(told(&world, "bots get no answer until it is back"), 0, "somebody acts: no farewell");
    // A standby that is killed and comes back is nobody's crash; the last one to leave says farewell.
    world.start(1);
    world.wait_stands_by(1);
    world.kill9(1);
    wait_for("nobody stands by", || (world.status(0)?["lease"]["standby"] == false).then_some(()));
    // The phone takes one message a second; what waits at the end is sent at the next start.
    world.wait_sent(0);
    world.term(0);
    wait_for("the farewell", || (told(&world, "bots get no answer until it is back") == 1).then_some(()));
    world.start(1);
    world.wait_acts(1);
    wait_for("it has started", || (told(&world, "has started") >= 3).then_some(()));
    assert_eq!(told(&world, CRASH), 1, "{:#?}", world.home.alerts());
}

/// It says why, in its log and to whoever asks on its host, and does not take over when the other one is gone.
#[test]
fn a_keeper_of_another_account_sandbox_or_key_does_not_join() {
    let others = [
        ("FYERS_ACCOUNT_ID", "XZ99999", "XZ99999"),
        ("FYERS_SANDBOX", "true", "FYERS_SANDBOX=false"),
        ("KEEPER_GATEWAY_KEY", "a-key-that-no-bot-has-0123456789abcdef", "another KEEPER_GATEWAY_KEY"),
    ];
    for (name, value, words) in others {
        let Some(world) = World::new() else { return };
        let mut world = world.with_own(1, name, value);
        world.start(0);
        world.wait_acts(0);
        wait_for("the account is known", || (world.sql("SELECT account FROM session") != "\n").then_some(()));
        let (code, said) = world.complains(1, &["run"]);
        assert_eq!(code, Some(78), "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
        let (code, said) = world.complains(1, &["status"]);
        assert!(code == Some(78) && said.contains(words), "{name}: {said}");
        world.start(1);
        wait_for("it has ended", || (!world.is_running(1)).then_some(()));
        assert!(world.log(1).contains("lease.refused"), "{}", world.log(1));
        world.kill9(0);
        wait_for("the lease has ended", || {
            (world.sql("SELECT expires_at < clock_timestamp() FROM lease") == "t\n").then_some(())
        });
        assert_eq!(world.complains(1, &["run"]).0, Some(78), "{name}: it does not act in its place");
        assert!(get(&world.url(1, "/livez")).is_none());
    }
}

const FAREWELL: &str = "bots get no answer until it is back";
const REPLACED: &str = "the one that stood by acts in its place";
const STARTED: &str = "has started\nTrading";

/// Both are told to stop within a moment: whoever acts last says so, once, and nobody speaks for one that stood by.
#[test]
fn of_two_keepers_that_stop_together_one_says_the_last_word() {
    let Some(world) = World::new() else { return };
    let mut world = started(world);
    let epoch = |world: &World| world.sql("SELECT epoch FROM lease");
    for round in 0..3 {
        world.wait_warm(0);
        world.wait_sent(0);
        let before = [FAREWELL, REPLACED, STARTED].map(|words| told(&world, words));
        let order = if round == 1 { [1, 0] } else { [0, 1] };
        let held = epoch(&world);
        world.tell_to_stop(order[0]);
        if round == 2 {
            wait_for("the other one has it", || (epoch(&world) != held).then_some(()));
        }
        world.tell_to_stop(order[1]);
        order.into_iter().for_each(|host| assert_eq!(world.reap(host), Some(0)));
        let now = [FAREWELL, REPLACED, STARTED].map(|words| told(&world, words));
        let alerts = world.home.alerts();
        assert_eq!(now[0], before[0] + 1, "round {round}: {alerts:#?}");
        assert!(alerts.last().unwrap().contains(FAREWELL), "round {round}: {alerts:#?}");
        assert_eq!(now[1] - before[1], now[2] - before[2], "who says that it acts does: {alerts:#?}");
        world.start(0);
        wait_for("keeper 0 serves", || (world.ready(0) == Some(200)).then_some(()));
        world.start(1);
        world.wait_stands_by(1);
        wait_for("it has started", || (told(&world, STARTED) == now[2] + 1).then_some(()));
        assert_eq!(told(&world, FAREWELL), now[0], "round {round}, not again: {:#?}", world.home.alerts());
        assert_eq!(told(&world, REPLACED), now[1], "round {round}: {:#?}", world.home.alerts());
        assert_eq!(told(&world, "ended without notice"), 0);
    }
}

/// Lines that a person would take for trouble.
fn alarming(log: &str) -> Vec<&str> {
    let is_alarm = |line: &&str| line.contains("\"level\":\"error\"") || line.contains("\"level\":\"warn\"");
    log.lines().filter(is_alarm).collect()
}

/// Nothing is wrong: nobody is alarmed, on the phone or in the log.
#[test]
fn a_change_in_good_order_alarms_nobody() {
    let Some(world) = World::new() else { return };
    let mut world = started(world);
    let mut lines = vec![];
    for round in 0..4 {
        let (holder, other) = (round % 2, 1 - round % 2);
        world.wait_warm(holder);
        assert_eq!(world.order(holder, "before").unwrap(), "fyers");
        if round < 2 {
            world.tell_to_stop(holder);
            // Bots go on: what the one refuses the other one takes.
            wait_for("an order is taken", || {
                world.order(holder, "meanwhile").or_else(|| world.order(other, "meanwhile"))
            });
            world.wait_acts(other);
            world.reap(holder);
            lines.extend(alarming(&world.log(holder)).into_iter().map(str::to_owned));
            world.start(holder);
        } else {
            assert_eq!(world.exits(holder, &["handover"]), Some(0));
            world.wait_acts(other);
        }
        assert_eq!(world.order(other, "after").unwrap(), "fyers");
        world.wait_stands_by(holder);
    }
    world.wait_sent(0);
    for host in [0, 1] {
        lines.extend(alarming(&world.log(host)).into_iter().map(str::to_owned));
    }
    println!("{:#?}", world.home.alerts());
    let alarms: Vec<String> =
        world.home.alerts().into_iter().filter(|alert| !alert.starts_with('\u{2139}')).collect();
    assert_eq!((alarms, lines), (vec![], vec![]), "nothing is wrong");
}

/// The database goes for longer than the lease: whoever was told that nothing can be written is told when somebody acts again.
#[test]
fn who_was_told_that_nothing_can_be_written_is_told_when_it_can() {
    const FAILS: &str = "cannot write its state";
    const BACK: &str = "acts again: it could not reach its database, and nobody acted";
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.server.crash();
    wait_for("an order is refused", || {
        world.order(0, "without a database");
        (told(&world, FAILS) == 1).then_some(())
    });
    wait_for("it stands by", || world.log(0).contains("lease.lost").then_some(()));
    world.server.run();
    world.wait_acts(0);
    wait_for("it is told", || (told(&world, BACK) == 1).then_some(()));
    assert_eq!(world.order(0, "after it").unwrap(), "fyers");
    let alerts = world.home.alerts();
    assert_eq!(
        [told(&world, FAILS), told(&world, BACK), told(&world, "without notice")],
        [1, 1, 0],
        "{alerts:#?}"
    );
}

#[test]
fn a_handover_is_told_as_one_and_the_log_of_it_is_clean() {
    let Some(world) = World::new() else { return };
    let mut world = started(world);
    world.wait_warm(0);
    assert_eq!(world.exits(0, &["handover"]), Some(0));
    world.wait_acts(1);
    world.wait_stands_by(0);
    wait_for("it is told", || (told(&world, "has handed over") == 1).then_some(()));
    assert_eq!([told(&world, "has stopped"), told(&world, FAREWELL)], [0, 0], "{:#?}", world.home.alerts());
    world.wait_logged(0, "lease.waiting");
    let (log, own) = (world.log(0), world.url(0, ""));
    assert!(!log.contains("is not a setting"), "{log}");
    let waiting: Vec<&str> = log.lines().filter(|line| line.contains("lease.waiting")).collect();
    assert!(!waiting.iter().any(|line| line.contains(&own)), "{waiting:#?}");
}

/// The lease of a run that was killed stands for a while, with the address of the run that comes after it.
#[test]
fn a_standby_does_not_name_itself_as_the_one_that_acts() {
    let Some(world) = World::new() else { return };
    let mut world = world;
    world.start(0);
    world.wait_acts(0);
    world.kill9(0);
    // However long a start takes here: a lease that is not renewed ends 15 s after it was seen first.
    world.sql("UPDATE lease SET expires_at = expires_at + interval '1 hour'");
    world.start(0);
    world.wait_stands_by(0);
    let own = world.url(0, "");
    let waiting = wait_for("it says for whom it waits", || {
        world.log(0).lines().find(|line| line.contains("lease.waiting")).map(str::to_owned)
    });
    assert!(!waiting.contains(&own) && waiting.contains("the run before here"), "{waiting}");
    let (code, words) = world.complains(0, &["status"]);
    assert_eq!(code, Some(69), "{words}");
    assert!(words.contains("the run before here") && !words.contains(&own), "{words}");
    world.wait_acts(0);
}

/// What was bought in simulation stays open when the keeper changes: a person was told.
#[test]
fn simulated_positions_are_told_once_and_not_by_each_keeper_again() {
    const LEFT: &str = "Simulated positions are still open";
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, "FYERS_SANDBOX", "true");
    world.start(0);
    wait_for("keeper 0 serves", || (world.ready(0) == Some(200)).then_some(()));
    assert_eq!(world.order(0, "in simulation"), None);
    world.term(0);
    let mut world = started(world.with_own(0, "FYERS_SANDBOX", "false"));
    wait_for("it is told", || (told(&world, LEFT) == 1).then_some(()));
    for (holder, go) in [(0, World::term as fn(&mut World, usize)), (1, World::kill9), (0, World::term)] {
        world.wait_warm(holder);
        go(&mut world, holder);
        world.wait_acts(1 - holder);
        wait_for("it is open all the time", || {
            let status = world.status(1 - holder)?;
            (status["simulated_left"].as_array()?.len() == 1).then_some(())
        });
        world.wait_sent(1 - holder);
        world.start(holder);
        world.wait_stands_by(holder);
    }
    assert_eq!(told(&world, LEFT), 1, "{:#?}", world.home.alerts());
}

/// Orders of three bots, for as long as the work takes. No two orders of a test have one name: the judge counts by it.
fn while_bots_order(world: &World, outage: usize, work: impl FnOnce()) {
    let (url, is_over) = (world.url(0, "/api/v3/orders/sync"), AtomicBool::new(false));
    std::thread::scope(|threads| {
        for bot in 0..3 {
            let (url, is_over) = (&url, &is_over);
            threads.spawn(move || {
                for nth in 0.. {
                    let _any = post_order(url, &order_of(&format!("outage{outage}bot{bot}x{nth}")));
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(if nth < 10 { 50 } else { 500 }));
                }
            });
        }
        work();
        is_over.store(true, Ordering::SeqCst);
    });
}

/// A server that is started again within a lease: the keeper goes on, and no part of it has failed. What a part cannot read
/// meanwhile it reads later.
#[test]
fn after_a_short_outage_of_the_database_nobody_hears_of_a_failure_that_was_none() {
    const AGAIN: &str = "begins again: it could not read its state";
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    let (mut outages, mut longest) = (0, Duration::ZERO);
    // Not each of them finds a part at a moment at which it has to read.
    while outages < 6 && !world.log(0).contains(AGAIN) {
        outages += 1;
        while_bots_order(&world, outages, || {
            let began = Instant::now();
            world.server.crash();
            std::thread::sleep(Duration::from_secs(2));
            world.server.run();
            longest = longest.max(began.elapsed());
        });
        wait_for("an order is taken", || world.order(0, "after it"));
    }
    if longest > SHORT {
        return println!("a server that was away for {longest:.1?} may cost a lease: nothing was tried");
    }
    world.wait_sent(0);
    let log = world.log(0);
    println!("{outages} outages, and a part began again: {}", log.contains(AGAIN));
    assert!(!log.contains("lease.lost") && !log.contains("actor.crashed"), "{log}");
    let told_of =
        ["A part of the keeper", "without notice", "acts again", "gives up"].map(|words| told(&world, words));
    assert_eq!(told_of, [0; 4], "{:#?}", world.home.alerts());
    world.judge();
}

/// The database is away for longer than the lease, and the one that stood by comes first: nobody has crashed.
#[test]
fn after_a_long_outage_of_the_database_nobody_is_said_to_have_crashed() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.server.crash();
    wait_for("the holder has lost its lease", || world.log(0).contains("lease.lost").then_some(()));
    // So that the other one is first.
    world.pause(0);
    world.server.run();
    world.wait_acts(1);
    world.resume(0);
    world.wait_stands_by(0);
    wait_for("it is told", || {
        (told(&world, "acts again: it could not reach its database") == 1).then_some(())
    });
    assert_eq!(told(&world, "without notice"), 0, "{:#?}", world.home.alerts());
    // A crash is one all the same.
    world.kill9(1);
    world.wait_acts(0);
    wait_for("the crash is told", || (told(&world, "without notice") == 1).then_some(()));
    world.judge();
}

/// A short restart of the database after a crash costs no lease: it is not the reason why the one before does not act.
#[test]
fn a_crash_is_not_put_down_to_a_short_restart_of_the_database() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.kill9(0);
    let began = Instant::now();
    world.server.crash();
    world.wait_logged(1, "lease.unreachable");
    world.server.run();
    let away = began.elapsed();
    world.wait_acts(1);
    if away > SHORT {
        return println!("a server that was away for {away:.1?} may cost a lease: nothing was tried");
    }
    wait_for("the crash is told", || (told(&world, "without notice") == 1).then_some(()));
    assert_eq!(told(&world, "could not reach its database"), 0, "{:#?}", world.home.alerts());
}
