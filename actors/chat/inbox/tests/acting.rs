//! What the actor does about what it hears, and in which order.

use std::time::Duration;

use crate::chat::inbox::tests::{
    room::{Room, pass, wake, world},
    scene::{CODE, OWNER, STRANGER, private},
};
use keeper_domain::{
    alert::SendError,
    chat::{
        inbox::rules::{CARD_MOCK, CARD_SNOOZE},
        talk::MessageId,
    },
};

const SECOND: Duration = Duration::from_secs(1);

async fn room() -> Room {
    let room = wake(&world(), private());
    pass(2).await;
    assert_eq!(room.world.done(), [""; 0]);
    room
}

fn unreachable() -> SendError {
    SendError::Unreachable("502".into())
}

#[actix::test]
async fn a_question_is_answered_below_it() {
    let room = room().await;
    let id = room.write(OWNER, "/status");
    pass(2).await;
    assert_eq!(room.world.done(), ["tell Status", "say in 42: Done."]);
    let bubble = room.world.last_bubble();
    assert_eq!(bubble.reply_to, Some(MessageId(id as i32)));
    assert!(!bubble.loud && bubble.buttons.is_empty());
    assert_eq!(room.world.cursor(), id);
}

#[actix::test]
async fn a_action_that_shows_by_itself_needs_no_words() {
    let room = room().await;
    room.world.answers("", Duration::ZERO);
    room.write(OWNER, "/login");
    pass(2).await;
    assert_eq!(room.world.done(), ["act Login by 42"]);
}

#[actix::test]
async fn help_hints_and_unknown_commands_need_no_control() {
    let room = room().await;
    for text in ["/help", "hello", "hello again", "/hlat"] {
        room.write(OWNER, text);
    }
    pass(2).await;
    let done = room.world.done();
    assert_eq!(done.len(), 3, "{done:?}");
    assert!(
        done[0].contains("/halt")
            && done[1].contains("only know commands")
            && done[2].contains("/halt or /flat?")
    );
}

#[actix::test]
async fn a_halt_is_asked_first_done_once_and_the_question_says_how_it_ended() {
    let room = room().await;
    room.write(OWNER, "/halt");
    pass(2).await;
    let question = room.world.last_bubble().text;
    assert!(question.starts_with("Halt trading?\nNothing is halted yet."), "{question}");
    assert!(question.ends_with(" +50 NSE:TCS-EQ waits."), "what is so just now: {question}");
    assert_eq!(room.world.count("act"), 0);
    let (yes, presses) = (room.world.button(0), (0..3).map(|_| room.press(OWNER, &room.world.button(0))));
    assert!(yes.starts_with("yes:") && presses.count() == 3);
    pass(5).await;
    let done = room.world.done();
    assert_eq!(room.world.count("act Halt { bot: None } by 42"), 1, "{done:?}");
    assert_eq!(room.world.count("edit 7: Halt trading?\nDone."), 1, "{done:?}");
    assert_eq!(room.world.count("answer c101: One moment"), 1, "{done:?}");
    assert_eq!(done.iter().filter(|what| what.contains("Answered before")).count(), 2, "{done:?}");
}

#[actix::test]
async fn a_cancelled_question_says_so_and_does_nothing() {
    let room = room().await;
    room.write(OWNER, "/logout");
    pass(2).await;
    room.press(OWNER, &room.world.button(1));
    pass(2).await;
    let done = room.world.done();
    assert_eq!(done[1..], ["answer c101: ", "edit 7: Log out at FYERS?\nCancelled: nothing was done."]);
}

#[actix::test]
async fn trouble_with_telegram_does_not_delay_a_halt() {
    let room = room().await;
    room.write(OWNER, "/halt");
    pass(2).await;
    room.world.fail("answer", vec![unreachable(); 3]);
    room.world.fail("edit", [SendError::BadMessage("message to edit not found".into())]);
    let pressed = tokio::time::Instant::now();
    room.press(OWNER, &room.world.button(0));
    pass(20).await;
    assert!(room.world.when("act Halt") - pressed < SECOND);
    assert_eq!(room.world.done().last().unwrap(), "say in 42: Halt trading?\nDone.", "said anew");
}

#[actix::test]
async fn the_cards_buttons_are_answered_in_passing() {
    let room = room().await;
    room.press(OWNER, CARD_SNOOZE);
    pass(2).await;
    room.world.answers("Two\nlines.", Duration::ZERO);
    room.press(OWNER, CARD_MOCK);
    pass(2).await;
    assert_eq!(
        room.world.done(),
        [
            "act Snooze { minutes: 15 } by 42",
            "answer c100: Done.",
            "act MockToday by 42",
            "answer c101 aloud: Two\nlines."
        ]
    );
    room.world.fail("answer", [SendError::BadMessage("query is too old".into())]);
    room.press(OWNER, CARD_MOCK);
    pass(2).await;
    assert_eq!(room.world.done().last().unwrap(), "say in 42: Two\nlines.", "not lost");
}

#[actix::test]
async fn a_button_that_waited_while_the_keeper_was_away_does_nothing() {
    let world = world();
    let (id, _) = world.next();
    world.arrive(super::scene::press(id, OWNER, OWNER, CARD_MOCK));
    let room = wake(&world, private());
    pass(5).await;
    assert_eq!(room.world.count("act"), 0);
    assert!(room.world.done()[0].contains("I was away"));
    room.press(OWNER, CARD_MOCK);
    pass(2).await;
    assert_eq!(room.world.count("act MockToday"), 1, "up to date again after one look");
}

#[actix::test]
async fn a_code_is_out_of_the_chat_before_it_is_used() {
    let room = room().await;
    let id = room.write(OWNER, CODE);
    pass(2).await;
    let gone = format!("delete {id} in 42");
    assert_eq!(room.world.done(), [&gone, "redeem by 42", "say in 42: Done."]);
    assert_eq!(room.world.last_bubble().reply_to, None);
    assert_eq!(room.world.disk_at("redeem"), id);
}

#[actix::test]
async fn a_code_that_cannot_be_deleted_is_used_and_the_person_told() {
    let room = room().await;
    room.world.fail("delete", vec![unreachable(); 3]);
    let id = room.write(OWNER, CODE);
    pass(10).await;
    let done = room.world.done();
    assert_eq!(done[..4], ["delete failed", "delete failed", "delete failed", "redeem by 42"]);
    assert!(done[4].contains("please delete it"), "{done:?}");
    assert_eq!(room.world.last_bubble().reply_to, Some(MessageId(id as i32)));
}

#[actix::test]
async fn a_code_whose_use_breaks_is_deleted_all_the_same_and_used_once() {
    let room = room().await;
    room.world.panic_at("redeem");
    let id = room.write(OWNER, CODE);
    pass(10).await;
    let done = room.world.done();
    assert_eq!(done[..2], [format!("delete {id} in 42"), "redeem by 42".into()]);
    assert_eq!(room.world.count("redeem"), 1);
    assert!(done[2].contains("may or may not be done"), "{done:?}");
}

#[actix::test]
async fn an_answer_that_never_comes_is_not_waited_for() {
    let room = room().await;
    room.world.answers("Too late.", Duration::from_secs(3600));
    room.write(OWNER, "/refresh");
    room.write(OWNER, "/status");
    pass(70).await;
    assert!(room.world.done().last().unwrap().contains("unusually long"), "{:?}", room.world.done());
    assert_eq!(room.tree.counters("inbox").restarts, 0, "waiting is no hang");
    room.world.answers("Done.", Duration::ZERO);
    room.write(OWNER, "/mode");
    pass(2).await;
    assert_eq!(room.world.done().last().unwrap(), "say in 42: Done.");
}

#[actix::test]
async fn an_answer_is_tried_three_times_and_then_given_up() {
    let room = room().await;
    room.world.fail("say", vec![unreachable(); 2]);
    room.write(OWNER, "/status");
    pass(10).await;
    assert_eq!(room.world.done()[1..], ["say failed", "say failed", "say in 42: Done."]);
    room.world.fail("say", vec![unreachable(); 3]);
    room.world.fail("say", [SendError::Wait(Duration::from_secs(600))]);
    room.write(OWNER, "/mode");
    room.write(OWNER, "/token");
    room.write(OWNER, "/health");
    pass(10).await;
    assert_eq!(room.world.count("say failed"), 6);
    assert_eq!(room.world.done()[4..].last().unwrap(), "say in 42: Done.", "the others are heard");
    assert_eq!(room.world.count("say in"), 2);
}

#[actix::test]
async fn strangers_are_told_to_control_once_a_day_and_to_nobody_else() {
    let room = room().await;
    for text in ["/halt", CODE, "hi"] {
        room.write(STRANGER, text);
        room.press(STRANGER, CARD_MOCK);
    }
    pass(5).await;
    assert_eq!(room.world.done(), ["stranger 666"]);
    let note = room.store.shelf.lock().unwrap().note("inbox_cursor").unwrap();
    assert_eq!((&note["cursor"]["id"], &note["stranger_told"]), (&105.into(), &"2026-11-23".into()));
}
