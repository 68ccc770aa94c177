//! Order, pace, and every kind of failure.

use std::time::Duration;

use chrono::TimeDelta;

use crate::notifier::messages::{Flush, GetOutbox, JournalGrew, StopSending};
use crate::notifier::tests::doubles::{Call, Fate, World, in_virtual_time, refused};
use keeper_domain::alert::SendError;
use keeper_domain::{alerts::render::SAFE_TEXT, asked::Asked, event::Event, reason::Reason};

const MINUTES: Duration = Duration::from_secs(30 * 60);

fn restarted() -> Event {
    Event::ActorRestarted { actor: "token".into(), restarts: 1 }
}

fn waits(calls: &[Call]) -> Vec<TimeDelta> {
    calls.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
}

#[test]
fn alerts_arrive_in_order_at_the_agreed_pace() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        (1..=40).for_each(|n| world.happens(refused(n)));
        world.run_until_done(MINUTES).await;
        assert_eq!(world.messenger.delivered(), (1..=40).collect::<Vec<_>>());
        let calls = world.messenger.calls();
        assert!(waits(&calls).iter().all(|wait| *wait >= TimeDelta::milliseconds(1_050)));
        assert!(calls.windows(16).all(|some| some[15].at - some[0].at >= TimeDelta::seconds(60)));
    });
}

#[test]
fn an_event_is_told_within_seconds_even_if_nobody_wakes_the_notifier() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        let addr = world.start();
        tokio::time::sleep(Duration::from_secs(100)).await;
        world.happens(refused(1));
        let happened = tokio::time::Instant::now();
        while !world.store.is_done() {
            assert!(happened.elapsed() < Duration::from_secs(5), "too late");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(addr.connected());
    });
}

#[test]
fn wake_ups_leave_no_timers_behind() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        let addr = world.start();
        for _ in 0..100 {
            addr.send(JournalGrew).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let before = world.store.looks();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!((15..=25).contains(&(world.store.looks() - before)), "one look every three seconds");
    });
}

#[test]
fn a_wake_up_makes_it_immediate() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        let addr = world.start();
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.happens(refused(1));
        addr.send(JournalGrew).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(world.messenger.delivered(), [1]);
    });
}

#[test]
fn a_pause_that_telegram_asks_for_is_kept() {
    in_virtual_time(async {
        let asked = Fate::Fail(SendError::Wait(Duration::from_secs(37)));
        let world = World::with(vec![asked]);
        world.happens(refused(1));
        world.happens(refused(2));
        world.run_until_done(MINUTES).await;
        let calls = world.messenger.calls();
        assert!(waits(&calls)[0] >= TimeDelta::seconds(37), "{calls:?}");
        assert!(waits(&calls)[0] <= TimeDelta::seconds(39), "{calls:?}");
        assert_eq!(world.messenger.delivered(), [1, 2]);
    });
}

#[test]
fn not_even_a_flush_breaks_a_pause_that_telegram_asked_for() {
    in_virtual_time(async {
        let world = World::with(vec![Fate::Fail(SendError::Wait(Duration::from_secs(300)))]);
        let addr = world.start();
        world.happens(refused(1));
        let view = addr.send(Flush).await.unwrap();
        assert_eq!((view.waiting, view.queued_total, view.delivered_total), (1, 1, 0));
        assert_eq!(view.last_error.unwrap(), "the receiver asks to wait 300s");
        tokio::time::sleep(Duration::from_secs(100)).await;
        let view = addr.send(Flush).await.unwrap();
        assert_eq!(view.waiting, 1);
        assert_eq!(world.messenger.calls().len(), 1);
    });
}

#[test]
fn an_outage_is_outlived_with_growing_pauses_and_without_overtaking() {
    in_virtual_time(async {
        let down = || Fate::Fail(SendError::Unreachable("502".into()));
        let world = World::with((0..30).map(|_| down()).collect());
        (1..=3).for_each(|n| world.happens(refused(n)));
        world.run_until_done(2 * MINUTES).await;
        let calls = world.messenger.calls();
        assert!(calls[..31].iter().all(|call| call.id == 1), "the oldest is tried until it is through");
        assert!(waits(&calls)[..30].iter().all(|wait| (1..=62).contains(&wait.num_seconds())));
        assert!(waits(&calls)[6..30].iter().any(|wait| wait.num_seconds() > 8), "pauses grow");
        assert_eq!(world.messenger.delivered(), [1, 2, 3]);
        assert_eq!(world.store.outbox()[0].0.attempts, 30);
    });
}

#[test]
fn a_refused_bot_is_tried_rarely_and_not_given_up() {
    in_virtual_time(async {
        let refusal = Fate::Fail(SendError::Unauthorized("Invalid bot token".into()));
        let world = World::with(vec![refusal]);
        world.happens(refused(1));
        world.run_until_done(MINUTES).await;
        assert!(waits(&world.messenger.calls())[0] >= TimeDelta::minutes(10));
        assert_eq!(world.messenger.delivered(), [1]);
    });
}

#[test]
fn a_lost_answer_means_one_duplicate_with_the_same_id() {
    in_virtual_time(async {
        let world = World::with(vec![Fate::DeliverThenFail]);
        world.happens(refused(1));
        world.run_until_done(MINUTES).await;
        assert_eq!(world.messenger.delivered(), [1, 1]);
        let calls = world.messenger.calls();
        assert_eq!(calls[0].text, calls[1].text);
        assert!(calls[0].text.ends_with("#K-20261123-1"), "{}", calls[0].text);
    });
}

#[test]
fn a_messenger_that_hangs_is_let_go() {
    in_virtual_time(async {
        let world = World::with(vec![Fate::Hang]);
        world.happens(refused(1));
        world.run_until_done(MINUTES).await;
        assert_eq!(world.messenger.delivered(), [1]);
    });
}

#[test]
fn a_message_that_telegram_cannot_stomach_does_not_block_the_rest() {
    in_virtual_time(async {
        let bad = || Fate::Fail(SendError::BadMessage("message is too long".into()));
        let world = World::with(vec![Fate::Deliver, bad(), bad(), Fate::Deliver, bad()]);
        world.happens(restarted());
        world.happens(refused(2));
        world.happens(refused(3));
        world.happens(refused(4));
        world.run_until_done(MINUTES).await;
        let calls = world.messenger.calls();
        let ids: Vec<i64> = calls.iter().map(|call| call.id).collect();
        assert_eq!(ids, [2, 3, 3, 4, 1], "critical: again with the safe text; info: once");
        assert!(calls[2].text.starts_with(SAFE_TEXT), "{}", calls[2].text);
        assert!(calls[2].text.ends_with("#K-20261123-3"));
    });
}

#[test]
fn repeats_in_an_outage_become_one_message() {
    in_virtual_time(async {
        // No pause is below a second, so this outage outlasts everything that happens in it.
        let down = (0..20).map(|_| Fate::Fail(SendError::Unreachable("down".into()))).collect();
        let world = World::with(down);
        let addr = world.start();
        world.happens(refused(1));
        for _ in 0..14 {
            world.happens(restarted());
            addr.do_send(JournalGrew);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        world.keep_until_done(addr, MINUTES).await;
        let calls = world.messenger.calls();
        let last = &calls.last().unwrap().text;
        assert!(last.contains("\n×14, Mon 23 Nov, 09:00 IST · #K-20261123-2"), "{last}");
        assert_eq!(world.store.outbox().len(), 2);
    });
}

#[test]
fn a_flush_tries_at_once_in_an_outage_and_answers_after_the_try() {
    in_virtual_time(async {
        let down = || Fate::Fail(SendError::Unauthorized("no such chat".into()));
        let world = World::with(vec![down(), down()]);
        let addr = world.start();
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.happens(refused(1));
        assert_eq!(addr.send(Flush).await.unwrap().waiting, 1);
        world.happens(refused(2));
        let began = tokio::time::Instant::now();
        assert_eq!(addr.send(Flush).await.unwrap().waiting, 2);
        let view = addr.send(Flush).await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!((view.waiting, view.delivered_total, view.last_error), (0, 2, None));
        assert_eq!(addr.send(GetOutbox).await.unwrap().queued_total, 2);
    });
}

#[test]
fn a_flush_with_nothing_to_do_answers_at_once() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        let view = world.start().send(Flush).await.unwrap();
        assert_eq!((view.waiting, view.oldest), (0, None));
    });
}

#[test]
fn a_store_that_fails_stops_the_actor_and_costs_nothing() {
    in_virtual_time(async {
        let all = ["read the outbox", "count alerts", "read the journal", "queue alerts", "close an alert"];
        for doing in all {
            let world = World::with(vec![]);
            world.happens(refused(1));
            world.store.fail_next(doing);
            assert_eq!(world.run_until_done(MINUTES).await, 1, "{doing}");
            let twice = doing == "close an alert";
            assert_eq!(world.messenger.delivered().len(), if twice { 2 } else { 1 }, "{doing}");
        }
    });
}

#[test]
fn silent_events_move_the_cursor_and_queue_nothing() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        for attempt in 1..=1_200 {
            let reason = Reason::Unreachable;
            world.happens(Event::RefreshFailed { attempt, reason, code: None, retry_in_s: None });
        }
        world.run_until_done(MINUTES).await;
        assert!(world.messenger.calls().is_empty());
        assert!(world.store.queue_calls() <= 3, "read in batches");
    });
}

#[test]
fn repeats_of_a_warning_gather_unless_something_waits_behind_them_or_the_program_ends() {
    in_virtual_time(async {
        let rejected = |n: i64| Event::OrderRejected {
            bot: None,
            asked: Asked::default(),
            symbol: "NSE:SBIN-EQ".into(),
            quantity: n,
            price: "801.5".into(),
            code: -99,
            message: format!("RED:Margin Shortfall:INR {n}"),
            taken_as: None,
        };
        let world = World::with(vec![]);
        let addr = world.start();
        for second in 1..=20 {
            world.happens(rejected(second));
            addr.send(JournalGrew).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(world.messenger.calls().len(), 1, "the first at once");
        tokio::time::sleep(Duration::from_secs(15)).await;
        let outbox = world.store.outbox();
        assert_eq!(
            outbox.iter().map(|(alert, sent)| (alert.count, *sent)).collect::<Vec<_>>(),
            [(1, true), (19, true)]
        );

        world.happens(rejected(21));
        world.happens(refused(1));
        addr.send(JournalGrew).await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(world.messenger.delivered(), [1, 2, 4, 3], "what comes after it is not held up");

        world.happens(refused(2));
        world.happens(rejected(22));
        addr.send(JournalGrew).await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.happens(rejected(23));
        let view = addr.send(Flush).await.unwrap();
        assert_eq!(view.waiting, 0, "the end waits for nobody");
    });
}

/// What is under way is finished and counted, so that another keeper sends the rest and nothing twice.
#[test]
fn nothing_is_sent_after_it_was_told_that_another_keeper_goes_on() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        (1..=3).for_each(|n| world.happens(refused(n)));
        let addr = world.start();
        while world.messenger.calls().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(world.store.outbox().iter().filter(|(_, sent)| *sent).count(), 0, "it is on its way");
        addr.send(StopSending).await.unwrap();
        assert_eq!(world.store.outbox().iter().filter(|(_, sent)| *sent).count(), 1, "it has arrived");
        addr.send(JournalGrew).await.unwrap();
        let _unheard = tokio::time::timeout(Duration::from_secs(5), addr.send(Flush)).await;
        tokio::time::sleep(MINUTES).await;
        assert_eq!(world.messenger.delivered(), [1]);
        addr.send(StopSending).await.unwrap();
        world.run_until_done(MINUTES).await;
        assert_eq!(world.messenger.delivered(), [1, 2, 3], "by the other one");
    });
}

/// A database that is started again takes some seconds, in which an actor that dies each time would use up all its lives.
#[test]
fn a_store_that_is_away_for_long_is_waited_for() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        let addr = world.start();
        world.happens(refused(1));
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.store.away(true);
        world.happens(refused(2));
        tokio::time::sleep(MINUTES).await;
        assert!(addr.connected(), "it has not died");
        world.store.away(false);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(addr.connected() && world.store.is_done());
        assert_eq!(world.messenger.delivered(), [1, 2]);
    });
}

/// On a full disk an alert that is through cannot be written down as such. A person gets it once, and what comes later too.
#[test]
fn what_is_through_and_cannot_be_written_down_is_sent_once() {
    in_virtual_time(async {
        let world = World::with(vec![]);
        let addr = world.start();
        world.store.closes_nothing(true);
        world.happens(restarted());
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(world.messenger.delivered(), [1]);
        // Of the same kind: nothing is added to what a person has read already.
        world.happens(restarted());
        world.happens(refused(1));
        tokio::time::sleep(Duration::from_secs(100)).await;
        let mut delivered = world.messenger.delivered();
        delivered.sort_unstable();
        assert_eq!(delivered, [1, 2, 3]);
        assert!(!world.store.is_done() && addr.connected());
        world.store.closes_nothing(false);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(world.store.is_done(), "it is written down when the store takes it");
        assert_eq!(world.messenger.delivered().len(), 3);
        let view = addr.send(GetOutbox).await.unwrap();
        assert_eq!((view.waiting, view.queued_total, view.delivered_total), (0, 3, 3));
    });
}

/// A full disk takes no new alert. What waits on it goes out all the same, and what is new later.
#[test]
fn what_waits_goes_out_although_nothing_new_can_be_queued() {
    in_virtual_time(async {
        let world = World::with(vec![Fate::Fail(SendError::Unreachable("502".into()))]);
        world.happens(refused(1));
        let addr = world.start();
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.store.queues_nothing(true);
        world.happens(refused(2));
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(world.messenger.delivered(), [1]);
        world.store.queues_nothing(false);
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert!(world.store.is_done() && addr.connected());
        assert_eq!(world.messenger.delivered(), [1, 2]);
    });
}
