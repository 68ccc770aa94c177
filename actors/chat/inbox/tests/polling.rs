//! How Telegram is asked: politely, and without end.

use std::time::Duration;

use tokio::time::Instant;

use crate::chat::inbox::messages::GetInbox;
use crate::chat::inbox::tests::{
    room::{another_world, pass, wake, world},
    scene::{OWNER, STRANGER, private},
};
use keeper_domain::{
    alert::SendError,
    chat::talk::{FULL_BATCH, PollError},
};

#[actix::test]
async fn the_first_look_does_not_wait_and_the_others_do() {
    let world = world();
    let room = wake(&world, private());
    pass(60).await;
    let polls = world.polls();
    assert_eq!(polls[..3], [("pending", 0), ("updates", 0), ("updates", 0)]);
    assert!(polls.len() <= 4, "{polls:?}");
    let id = room.write(OWNER, "/status");
    pass(30).await;
    assert_eq!(world.polls().last(), Some(&("updates", id)));
    let view = room.actor.send(GetInbox).await.unwrap();
    assert_eq!(view.bot.as_deref(), Some("keeper_bot"));
    assert!(view.caught_up.is_some() && !view.has_rival);
}

#[actix::test]
async fn a_telegram_that_holds_no_poll_open_is_not_flooded() {
    let world = world();
    world.answers_polls_after(Duration::ZERO);
    let _room = wake(&world, private());
    pass(60).await;
    assert!((55..=62).contains(&world.polls().len()), "{}", world.polls().len());
}

#[actix::test]
async fn the_menu_and_the_name_are_asked_for_until_they_are_there() {
    let world = world();
    world.nameless_for(2);
    world.fail("register", vec![SendError::Unreachable("502".into()); 2]);
    let room = wake(&world, private());
    pass(100).await;
    assert_eq!((world.count("register failed"), world.count("register")), (2, 3));
    assert!(room.actor.send(GetInbox).await.unwrap().bot.is_some());
}

#[actix::test]
async fn another_poller_is_told_once_and_the_pauses_grow() {
    let world = world();
    world.fail_polls(vec![PollError::Conflict; 5]);
    let room = wake(&world, private());
    let began = Instant::now();
    while world.polls().len() < 6 {
        pass(1).await;
    }
    let seconds = began.elapsed().as_secs();
    assert!((750..=760).contains(&seconds), "30 + 60 + 120 + 240 + 300: {seconds}");
    assert_eq!(world.count("second poller"), 1);
    assert!(room.actor.send(GetInbox).await.unwrap().has_rival);
    room.write(OWNER, "/status");
    pass(3).await;
    assert_eq!(world.count("tell Status"), 1);
    pass(16 * 60).await;
    world.fail_polls([PollError::Conflict]);
    pass(60).await;
    assert_eq!(world.count("second poller"), 2, "another episode");
}

#[actix::test]
async fn each_failure_has_its_pause_and_then_it_is_heard_again() {
    tokio::time::pause();
    for (error, least, most) in [
        (PollError::Wait(Duration::from_secs(37)), 37, 39),
        (PollError::Refused, 300, 302),
        (PollError::Failed("502".into()), 0, 4),
    ] {
        let world = another_world();
        world.fail_polls([error.clone()]);
        let room = wake(&world, private());
        let began = Instant::now();
        while world.polls().len() < 2 {
            pass(1).await;
        }
        let seconds = began.elapsed().as_secs();
        assert!((least..=most).contains(&seconds), "{error:?}: {seconds}");
        room.write(OWNER, "/status");
        pass(3).await;
        assert_eq!(world.count("tell Status"), 1, "{error:?}");
        assert_eq!(room.tree.counters("inbox").restarts, 0);
    }
}

#[actix::test]
async fn after_an_outage_old_commands_are_not_done() {
    let world = world();
    let room = wake(&world, private());
    pass(2).await;
    world.fail_polls(vec![PollError::Refused; 2]);
    pass(30).await;
    room.write(OWNER, "/test");
    pass(700).await;
    assert_eq!(world.count("act"), 0);
    assert!(world.done()[0].contains("too long ago"), "{:?}", world.done());
}

#[actix::test]
async fn a_flood_is_worked_through_batch_by_batch() {
    let world = world();
    let room = wake(&world, private());
    for _ in 0..FULL_BATCH + 20 {
        room.write(STRANGER, "spam");
        room.noise();
    }
    room.write(OWNER, "/status");
    pass(3).await;
    assert_eq!(world.done(), ["stranger 666", "tell Status", "say in 42: Done."]);
    let asked: Vec<_> = world.polls().into_iter().filter(|(how, _)| *how == "pending").collect();
    assert_eq!(asked.len(), 3, "without a wait until all is there: {asked:?}");
    assert_eq!(room.actor.send(GetInbox).await.unwrap().strangers, FULL_BATCH as u64 + 20);
}
