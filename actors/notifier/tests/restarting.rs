//! A crash as the supervisor sees it: the same address and struct go on after `restart()`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use actix::{Addr, AsyncContext, Context, MailboxError, dev::ContextFut};
use futures_util::future::{Either, poll_fn, select};

use crate::notifier::tests::doubles::{Fate, World, in_virtual_time, refused};
use crate::notifier::{actor::NotifierActor, messages::Flush};
use keeper_domain::alert::SendError;

/// Polls the actor and restarts it in place after a panic, once per poll.
async fn supervise(mut running: ContextFut<NotifierActor, Context<NotifierActor>>) {
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut running).poll(cx))) {
        Ok(done) => done,
        Err(_panic) => {
            assert!(running.restart(), "the address is gone");
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// Runs a test next to a supervised notifier.
fn supervised<F: Future<Output = ()>>(script: Vec<Fate>, test: impl FnOnce(World, Addr<NotifierActor>) -> F) {
    in_virtual_time(async {
        let world = World::with(script);
        let context = Context::new();
        let addr = context.address();
        let running = std::pin::pin!(supervise(context.into_future(world.actor())));
        match select(running, std::pin::pin!(test(world, addr))).await {
            Either::Left(_) => panic!("the actor ended by itself"),
            Either::Right(((), _)) => {}
        }
    });
}

async fn until_done(world: &World) {
    let began = tokio::time::Instant::now();
    while !world.store.is_done() {
        assert!(began.elapsed() < Duration::from_secs(600), "alerts are still waiting");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn a_restart_in_place_goes_on_where_the_store_is() {
    supervised(vec![Fate::Panic, Fate::DeliverThenPanic], |world, addr| async move {
        (1..=3).for_each(|n| world.happens(refused(n)));
        until_done(&world).await;
        assert_eq!(world.messenger.delivered(), [1, 1, 2, 3]);
        let view = addr.send(Flush).await.unwrap();
        assert_eq!((view.waiting, view.queued_total, view.delivered_total), (0, 3, 3));
    });
}

#[test]
fn a_restart_arms_one_timer_and_keeps_the_pace() {
    let crashes = (0..20).map(|_| Fate::Panic).collect();
    supervised(crashes, |world, addr| async move {
        (1..=20).for_each(|n| world.happens(refused(n)));
        until_done(&world).await;
        let calls = world.messenger.calls();
        assert_eq!(calls.len(), 40);
        assert!(calls.windows(2).all(|pair| (pair[1].at - pair[0].at).num_milliseconds() >= 1_050));
        assert!(calls.windows(16).all(|some| (some[15].at - some[0].at).num_seconds() >= 60));
        assert!(addr.connected());
    });
}

#[test]
fn a_flush_over_which_the_actor_crashes_does_not_claim_success() {
    let asked = Fate::Fail(SendError::Wait(Duration::from_secs(1)));
    supervised(vec![Fate::Panic, asked], |world, addr| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.happens(refused(1));
        assert_eq!(addr.send(Flush).await.unwrap_err(), MailboxError::Closed);
        until_done(&world).await;
        assert_eq!(world.messenger.delivered(), [1]);
    });
}

#[test]
fn a_restart_in_place_sends_nothing_again_that_could_not_be_written_down() {
    supervised(vec![Fate::Deliver, Fate::Panic], |world, addr| async move {
        world.store.closes_nothing(true);
        world.happens(refused(1));
        tokio::time::sleep(Duration::from_secs(20)).await;
        world.happens(refused(2));
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(world.messenger.delivered(), [1, 2]);
        world.store.closes_nothing(false);
        until_done(&world).await;
        assert_eq!(world.messenger.delivered(), [1, 2]);
        assert!(addr.connected());
    });
}
