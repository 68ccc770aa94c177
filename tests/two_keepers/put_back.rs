//! The database is at an earlier moment than the keepers have seen: a backup was put back beside them, or a replica that
//! lagged behind has taken its place.

use std::time::Instant;

use fyers_keeper::store::postgres::LEASE;
use simulator::{UserAction, Writing};

use crate::{
    bots::two,
    hosts::World,
    own_state::{URL, trades, with_database},
    support::wait_for,
};

const OWNER: i64 = 42;

fn is_halted(world: &World, host: usize) -> bool {
    world.status(host).is_some_and(|status| status["mode"] == "halted" || status["halted"] == true)
}

/// A halt may have been among what the database does not know any more: whoever acts next is halted, and says why.
#[test]
fn whoever_acts_on_an_earlier_moment_is_halted_and_says_so() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    assert_eq!(world.order(0, "before").unwrap(), "fyers");
    assert!(!is_halted(&world, 0));
    world.wait_sent(0);
    let before = world.home.alerts().len();
    // As a replica shows it that has not heard of the last transaction, nor of the last alert.
    let last = world.sql("SELECT MAX(id) FROM alerts").trim().to_owned();
    world.sql(&format!(
        "UPDATE lease SET commits = commits - 1; DELETE FROM alerts WHERE id = {last};
         SELECT setval(pg_get_serial_sequence('alerts', 'id'), {last}, false)"
    ));
    wait_for("its holder notices, without a change of its own", || {
        world.log(0).contains("lease.lost").then_some(())
    });
    let holder = wait_for("somebody acts", || (0..2).find(|host| world.ready(*host) == Some(200)));
    wait_for("it is halted", || is_halted(&world, holder).then_some(()));
    assert_ne!(world.ready(1 - holder), Some(200), "one of them");
    world.home.wait_alert("The database is at an earlier moment than it was");
    let told = wait_for("the news of the start", || {
        let told = world.home.alerts().split_off(before);
        told.iter().any(|alert| alert.contains("has started")).then_some(told)
    });
    assert!(!told.iter().any(|alert| alert.contains("is lost")), "nobody can say so: {told:#?}");
    let again = world.sql(&format!("SELECT COUNT(*) FROM alerts WHERE id = {last}"));
    assert_eq!(again, "0\n", "a number that was given before names nothing else");
    let said = world.command(holder, &["status"]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("halted by the keeper, since the database was put back"), "{said}");
    assert_eq!(world.order(holder, "an entry under the halt"), None);
    world.judge();
}

/// As a person does on the phone.
fn resume(world: &World) {
    let sim = &world.home.sim;
    let before = sim.telegram_messages().len();
    sim.write(Writing { from: OWNER, text: "/resume".to_owned(), ..Writing::default() });
    let question = wait_for("the question", || {
        let all = sim.telegram_messages().into_iter();
        all.skip(before).find(|message| message.text.contains("Resume trading?"))
    });
    let yes = question.buttons().into_iter().find(|button| button.text.contains("Yes")).unwrap();
    let data = yes.callback_data.unwrap();
    sim.act(&UserAction::Press { from: OWNER, message_id: question.id, data }).unwrap();
}

/// One halt is enough for all who have seen it; the next time one is due again.
#[test]
fn a_standby_that_has_seen_it_too_does_not_halt_once_more() {
    const TOLD: &str = "The database is at an earlier moment than it was";
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    assert_eq!(world.order(0, "before").unwrap(), "fyers");
    let told = |world: &World| world.home.alerts().iter().filter(|alert| alert.contains(TOLD)).count();
    // Far enough, so that what is done until then does not make up for it.
    world.sql("UPDATE lease SET commits = commits + 10000");
    assert_eq!(world.order(0, "and both have seen that").unwrap(), "fyers");
    let number = world.sql("SELECT commits FROM lease");
    wait_for("another look of the standby", || {
        (world.sql("SELECT commits FROM lease") != number).then_some(())
    });
    for times in [1, 2] {
        world.sql("UPDATE lease SET commits = commits - 5000");
        let holder = wait_for("somebody acts, and is halted", || {
            (0..2).find(|host| world.ready(*host) == Some(200) && is_halted(&world, *host))
        });
        wait_for("it is told", || (told(&world) == times).then_some(()));
        world.wait_stands_by(1 - holder);
        resume(&world);
        wait_for("nobody is halted", || (!is_halted(&world, holder)).then_some(()));
        world.wait_warm(holder);
        for (from, to) in [(holder, 1 - holder), (1 - holder, holder)] {
            world.tell_to_stop(from);
            world.wait_acts(to);
            assert_eq!(world.order(to, "of one that has seen it").unwrap(), "fyers");
            world.reap(from);
            world.start(from);
            world.wait_stands_by(from);
            world.wait_warm(to);
        }
        world.wait_sent(holder);
        assert_eq!(told(&world), times, "{:#?}", world.home.alerts());
    }
    world.judge();
}

/// A bot is at work: its exits go through again when the keeper has read the positions, and that begins at once. The lease that
/// the database shows then is this very keeper's, and nobody waits for its end.
#[test]
fn exits_go_through_soon_after_a_put_back() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    for _ in 0..5 {
        assert_eq!(world.order(0, "a position").unwrap(), "fyers");
    }
    let began = Instant::now();
    world.sql("UPDATE lease SET commits = commits - 1, expires_at = expires_at + interval '1 hour'");
    // Its next order is the first change on that moment.
    let refused = world.order(0, "an entry");
    let mut tries = 0;
    let holder = wait_for("an exit goes through", || {
        tries += 1;
        (0..2).find(|host| world.exit(*host).is_some())
    });
    let took = began.elapsed();
    println!(
        "{took:.1?} until the exit goes through at keeper {holder}, {tries} tries; the entry: {refused:?}"
    );
    assert!(took < LEASE, "that was the end of a lease: {took:?}");
    world.judge();
}

/// Both states have a halt, keys and a session of their own: a person says which one goes on.
#[test]
fn a_state_beside_a_database_with_another_one_is_not_forgotten() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);
    assert_eq!(world.exits(0, &["key", "add", "beta"]), Some(0));
    world.start(1);
    world.wait_acts(1);
    let world = with_database(world);
    for args in [&["run"][..], &["key", "list"], &["refresh"]] {
        let (code, said) = world.complains(0, args);
        assert_eq!(code, Some(78), "{args:?}: {said}");
        assert!(said.contains("and another one in the PostgreSQL database"), "{args:?}: {said}");
    }
    let file = world.hosts[0].dir.path().join("state/keeper.db");
    std::fs::rename(&file, world.hosts[0].dir.path().join("old.db")).unwrap();
    let mut world = world;
    world.start(0);
    world.wait_stands_by(0);
}

/// The holder dies, and the database's clock is set back by an hour: its lease would be good for as long.
#[test]
fn a_clock_that_is_set_back_makes_no_lease_longer() {
    let Some(mut world) = two() else { return };
    world.wait_warm(0);
    world.kill9(0);
    world.sql("UPDATE lease SET expires_at = expires_at + interval '1 hour'");
    world.wait_acts(1);
    let left = world.sql("SELECT expires_at < clock_timestamp() + interval '1 minute' FROM lease");
    assert_eq!(left, "t\n", "a lease of {LEASE:?}");
    assert_eq!(world.order(1, "of the new holder").unwrap(), "fyers");
}
