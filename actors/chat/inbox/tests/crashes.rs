//! What a crash costs, and what it does not repeat.

use std::time::Duration;

use crate::chat::inbox::tests::{
    room::{another_world, pass, wake, world},
    scene::{CODE, OWNER, STRANGER, private},
};
use keeper_domain::alert::SendError;

use crate::{supervisor::chaos::Crash, testing::Fault};

#[actix::test]
async fn the_number_is_on_disk_before_anything_is_done() {
    let world = world();
    let room = wake(&world, private());
    for text in ["/status", "/login", CODE] {
        let id = room.write(OWNER, text);
        pass(2).await;
        assert_eq!(world.cursor(), id);
    }
    assert_eq!((world.disk_at("tell"), world.disk_at("act"), world.disk_at("redeem")), (100, 101, 102));
}

#[actix::test]
async fn what_broke_is_not_done_again_and_the_person_is_told() {
    tokio::time::pause();
    for (text, action) in [("/test", "act Test"), (CODE, "redeem"), ("/status", "tell Status")] {
        let world = another_world();
        world.panic_at(action);
        let room = wake(&world, private());
        room.write(OWNER, text);
        room.write(OWNER, "/mode");
        pass(30).await;
        assert_eq!(room.tree.counters("inbox").restarts, 1);
        assert_eq!(world.count(action), 1, "{:?}", world.done());
        assert_eq!(world.count("say in 42: Something broke"), 1, "{:?}", world.done());
        assert_eq!(world.count("tell Mode"), 1, "what came after it is heard");
    }
}

#[actix::test]
async fn a_yes_over_which_the_keeper_died_is_not_carried_out_by_the_next_one() {
    let world = world();
    let room = wake(&world, private());
    pass(2).await;
    room.write(OWNER, "/halt");
    pass(2).await;
    world.answers("Never said.", Duration::from_secs(50));
    let id = room.press(OWNER, &world.button(0));
    pass(5).await;
    room.tree.shutdown().await;
    // Another process with the same disk, and a Telegram that brings everything once more.
    let next = wake(&world, private());
    pass(60).await;
    assert_eq!(world.count("act Halt"), 1, "{:?}", world.done());
    assert_eq!(world.count("say in 42: Something broke"), 1, "{:?}", world.done());
    next.tree.shutdown().await;
    let _third = wake(&world, private());
    pass(60).await;
    assert_eq!(world.count("say in 42: Something broke"), 1, "told once");
    assert_eq!(world.cursor(), id);
}

/// The keeper stopped before it heard the press, and another one hears it: a toast is gone in a moment, or comes too late.
#[actix::test]
async fn a_yes_that_another_keeper_hears_is_told_in_the_chat_as_not_taken() {
    let world = world();
    let room = wake(&world, private());
    pass(2).await;
    room.write(OWNER, "/halt");
    pass(2).await;
    room.tree.shutdown().await;
    let next = wake(&world, private());
    pass(2).await;
    world.fail("answer", [SendError::BadMessage("query is too old".into())]);
    next.press(OWNER, &world.button(0));
    pass(5).await;
    let done = world.done();
    assert_eq!(world.count("act"), 0, "{done:?}");
    assert_eq!(world.count("edit 7: Not taken: your press did nothing."), 1, "{done:?}");
}

#[actix::test]
async fn a_crash_between_the_note_and_the_action_costs_the_action_and_is_told() {
    let world = world();
    let room = wake(&world, private());
    pass(2).await;
    room.store.fault.lock().unwrap().push_back(Fault::DieAfter);
    room.write(OWNER, "/test");
    pass(30).await;
    assert_eq!((world.count("act Test"), room.tree.counters("inbox").restarts), (0, 1));
    assert_eq!(world.count("say in 42: Something broke"), 1, "{:?}", world.done());
}

#[actix::test]
async fn without_the_note_nothing_is_done_that_must_not_happen_twice_and_the_person_is_told() {
    let world = world();
    let room = wake(&world, private());
    pass(2).await;
    for text in ["/test", CODE, "/login"] {
        room.store.fault.lock().unwrap().push_back(Fault::Refuse);
        room.write(OWNER, text);
        pass(30).await;
        assert_eq!((world.count("act"), world.count("redeem"), world.count("delete")), (0, 0, 0), "{text}");
        let said = world.done().pop().unwrap();
        assert!(said.starts_with("say in 42: Not done: the keeper cannot write"), "{said}");
    }
    assert_eq!(room.tree.counters("inbox").restarts, 0);
    room.write(OWNER, "/test");
    pass(30).await;
    assert_eq!(world.count("act Test"), 1, "with the disk well again");
}

/// A person finds out what is wrong, and stops the bots, while nothing can be written.
#[actix::test]
async fn reads_are_answered_and_a_halt_is_carried_out_without_a_disk() {
    let world = world();
    let room = wake(&world, private());
    pass(2).await;
    room.store.fault.lock().unwrap().extend([Fault::Refuse; 1_000]);
    for _ in 0..10 {
        room.write(OWNER, "/status");
        room.write(STRANGER, "hi");
    }
    room.write(OWNER, "/halt");
    pass(30).await;
    assert_eq!((world.count("tell Status"), world.count("stranger")), (10, 0), "{:?}", world.done());
    room.press(OWNER, &world.button(0));
    room.write(OWNER, "/resume");
    pass(30).await;
    assert_eq!(world.count("act Halt"), 1, "{:?}", world.done());
    room.press(OWNER, &world.button(0));
    pass(30).await;
    assert_eq!(world.count("act Resume"), 0, "the end of a halt is written down first");
    assert_eq!(room.tree.counters("inbox").restarts, 0);
    let before = world.done().len();
    room.store.fault.lock().unwrap().clear();
    pass(60).await;
    assert_eq!(world.done().len(), before, "nothing is done a second time");
}

#[actix::test]
async fn what_was_answered_is_not_apologised_for_after_a_restart() {
    let world = world();
    let room = wake(&world, private());
    room.write(OWNER, "/test");
    pass(5).await;
    room.tree.shutdown().await;
    let _next = wake(&world, private());
    pass(30).await;
    assert_eq!(world.done(), ["act Test by 42", "say in 42: Done."]);
}

#[actix::test]
async fn a_crash_while_control_works_ends_in_a_word() {
    let world = world();
    world.answers("Done.", Duration::from_secs(20));
    let room = wake(&world, private());
    room.write(OWNER, "/test");
    pass(5).await;
    room.actor.do_send(Crash);
    pass(30).await;
    assert_eq!(world.count("act Test"), 1);
    assert!(world.done().last().unwrap().contains("may or may not be done"), "{:?}", world.done());
}

#[actix::test]
async fn an_idle_crash_says_nothing_and_the_chat_goes_on() {
    let world = world();
    let room = wake(&world, private());
    for round in 1..=20 {
        room.write(OWNER, "/status");
        pass(3).await;
        room.actor.do_send(Crash);
        pass(40).await;
        assert_eq!(world.count("tell Status"), round, "{:?}", world.done());
    }
    assert_eq!(room.tree.counters("inbox").restarts, 20);
    assert_eq!(world.count("say"), 20);
    assert_eq!(world.count("register"), 1, "Telegram has the menu");
}

#[actix::test]
async fn questions_do_not_survive_a_crash_and_the_strangers_day_does() {
    let world = world();
    let room = wake(&world, private());
    room.write(STRANGER, "hi");
    room.write(OWNER, "/halt");
    pass(2).await;
    room.actor.do_send(Crash);
    pass(3).await;
    room.press(OWNER, &world.button(0));
    room.write(STRANGER, "hi");
    pass(3).await;
    assert_eq!((world.count("act"), world.count("stranger")), (0, 1));
    let done = world.done();
    assert!(done.iter().any(|done| done.contains("Not taken")), "{done:?}");
}

#[actix::test]
async fn a_note_that_cannot_be_read_counts_as_none() {
    let world = world();
    let room = wake(&world, private());
    room.store.shelf.lock().unwrap().notes.insert("inbox_cursor", r#"{"cursor": "x"}"#.into());
    room.write(OWNER, "/status");
    pass(3).await;
    assert_eq!((world.count("tell Status"), world.cursor()), (1, 100));
}
