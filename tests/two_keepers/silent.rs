//! Connections to the database that say nothing any more, as when a network has forgotten them: new ones work.

use std::time::{Duration, Instant};

use crate::{bots::two, support::wait_for};

/// What a standby has kept ready is of no use at the moment at which it is needed.
#[test]
fn a_standby_whose_connections_have_gone_silent_takes_over() {
    let Some(mut world) = two() else { return };
    for (holder, by_signal) in [(0, true), (1, false)] {
        let other = 1 - holder;
        world.wait_warm(holder);
        world.silence_database(other);
        if by_signal {
            world.term(holder);
        } else {
            world.kill9(holder);
        }
        world.wait_acts(other);
        assert_eq!(world.order(other, "of the new holder").unwrap(), "fyers");
        let log = world.log(other);
        assert!(!log.contains("lease.not_used") && !log.contains("keeper.end_hung"), "{log}");
        world.start(holder);
        world.wait_stands_by(holder);
    }
    world.judge();
}

/// The lease is taken and nothing else can be done, or the state is being read: that is no end of the program, and no lease
/// that nobody uses.
#[test]
fn a_standby_that_cannot_begin_begins_later() {
    const SILENCE: Duration = Duration::from_secs(8);
    let Some(mut world) = two() else { return };
    for (holder, moment) in [(0, "lease.taken"), (1, "keeper.started")] {
        let other = 1 - holder;
        world.wait_warm(holder);
        world.tell_to_stop(holder);
        wait_for("the moment", || world.log(other).contains(moment).then_some(()));
        let since = Instant::now();
        while since.elapsed() < SILENCE {
            world.silence_database(other);
            assert!(world.is_running(other), "{}", world.log(other));
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(world.reap(holder), Some(0));
        world.wait_acts(other);
        assert_eq!(world.order(other, "after the silence").unwrap(), "fyers");
        world.start(holder);
        world.wait_stands_by(holder);
    }
    // Each start that failed has said so, also one that could not let its lease go.
    world.wait_sent(0);
    let crashes = world.home.alerts().into_iter().filter(|alert| alert.contains("ended without notice"));
    assert_eq!(crashes.collect::<Vec<_>>(), [""; 0]);
    world.judge();
}
