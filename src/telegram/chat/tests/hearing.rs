//! What people do, as the keeper hears it.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use keeper_domain::chat::talk::{Bubble, Chat, Heard, PollError, Update};
use secrecy::ExposeSecret;
use simulator::{Simulator, UserAction, Writing, endpoint};

use crate::telegram::chat::tests::{GROUP, OWNER, chat, chat_with, press, simulator, until, words};

fn write(simulator: &Simulator, text: &str) -> i64 {
    simulator.act(&UserAction::Text { from: OWNER, chat: None, text: text.into() }).unwrap()
}

#[tokio::test]
async fn a_message_is_heard_with_who_where_and_when() {
    let simulator = simulator();
    let number = write(&simulator, "/status");
    let updates = chat(&simulator).updates(0).await.unwrap();
    let [Update { id, heard }] = &updates[..] else { panic!("{updates:?}") };
    let Heard::Message { chat, private, from, id: message, at, text, forwarded, edited } = heard else {
        panic!("{updates:?}")
    };
    let written = simulator.person_messages().remove(0);
    assert_eq!((*id, *chat, *private, i64::from(message.0)), (number, OWNER, true, written.id));
    assert_eq!(from.as_ref().map(|from| (from.id, from.name.as_str())), Some((OWNER, "Owner")));
    assert_eq!(at.timestamp(), written.at.timestamp());
    assert!(text.expose_secret() == "/status" && !forwarded && !edited);
    assert!(!format!("{updates:?}").contains("/status"), "texts are wrapped");
}

#[tokio::test]
async fn forwarded_edited_old_and_group_messages_are_known_as_such() {
    let simulator = simulator();
    let hour_ago = simulator.now() - TimeDelta::hours(1);
    let plain = || Writing { from: OWNER, text: "/halt".into(), ..Writing::default() };
    let first = simulator.write(Writing { forwarded_from: Some(99), ..plain() });
    simulator.write(Writing { sent_at: Some(hour_ago), ..plain() });
    simulator.write(Writing { chat: Some(GROUP), ..plain() });
    let second = simulator.write(plain());
    for message_id in [first, second] {
        simulator.act(&UserAction::Edit { message_id, text: "/resume".into() }).unwrap();
    }
    let updates = chat(&simulator).pending(0).await.unwrap();
    let flags = |update: &Update| match &update.heard {
        Heard::Message { chat, private, forwarded, edited, at, .. } => {
            (*chat, *private, *forwarded, *edited, at.timestamp() == hour_ago.timestamp())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        updates.iter().map(flags).collect::<Vec<_>>(),
        [
            (OWNER, true, true, false, false),
            (OWNER, true, false, false, true),
            (GROUP, false, false, false, false),
            (OWNER, true, false, false, false),
            (OWNER, true, true, true, false),
            (OWNER, true, false, true, false),
        ]
    );
}

#[tokio::test]
async fn a_press_is_heard_with_the_message_it_is_on() {
    let simulator = simulator();
    let chat = chat(&simulator);
    let asked = Bubble { buttons: vec![vec![press("Yes", "yes:7")]], ..words("Halt?") };
    let id = chat.say(OWNER, &asked).await.unwrap();
    simulator.press_button(OWNER, "yes:7").unwrap();
    let updates = chat.updates(0).await.unwrap();
    let Heard::Press { callback, chat: place, message, from, data } = &updates[0].heard else {
        panic!("{updates:?}")
    };
    assert_eq!((*place, *message, from.id, data.as_str()), (OWNER, id, OWNER, "yes:7"));
    assert!(!callback.is_empty());
}

#[tokio::test]
async fn what_is_behind_the_cursor_does_not_come_again() {
    let simulator = simulator();
    let (chat, first, second) = (chat(&simulator), write(&simulator, "one"), write(&simulator, "two"));
    for (after, expected) in [
        (0, vec![first, second]),
        (first, vec![second]),
        // The first is confirmed, so Telegram has forgotten it.
        (0, vec![second]),
        (second, vec![]),
        (i64::MAX, vec![]),
    ] {
        let updates = chat.pending(after).await.unwrap();
        assert_eq!(updates.iter().map(|update| update.id).collect::<Vec<_>>(), expected, "after {after}");
    }
}

#[tokio::test]
async fn a_poll_waits_for_what_comes_and_a_look_does_not() {
    let simulator = simulator();
    let chat = chat(&simulator);
    assert!(chat.pending(0).await.unwrap().is_empty());
    let poll = chat.updates(0);
    let person = async {
        until(|| simulator.call_count(endpoint::GET_UPDATES).in_flight == 1).await;
        write(&simulator, "hello");
    };
    let (updates, ()) = tokio::join!(poll, person);
    assert_eq!(updates.unwrap().len(), 1);
}

#[tokio::test]
async fn a_quiet_poll_outlasts_the_limit_of_other_calls() {
    let simulator = simulator();
    let (limit, held) = (Duration::from_millis(1500), Duration::from_secs(2));
    let chat = chat_with(&simulator.telegram_url(), limit, held);
    let began = Instant::now();
    assert!(chat.updates(0).await.unwrap().is_empty());
    assert!(began.elapsed() >= held, "Telegram held it open");
}

#[tokio::test]
async fn two_chats_conflict() {
    let simulator = simulator();
    let (ours, theirs) = (chat(&simulator), chat(&simulator));
    let older = ours.updates(0);
    let newer = async {
        until(|| simulator.call_count(endpoint::GET_UPDATES).in_flight == 1).await;
        theirs.pending(0).await
    };
    let (older, newer) = tokio::join!(older, newer);
    assert_eq!(older.unwrap_err(), PollError::Conflict);
    assert!(newer.unwrap().is_empty());
}
