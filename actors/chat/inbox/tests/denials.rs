//! Everything that is not heard.

use crate::chat::inbox::tests::scene::{
    CODE, FRIEND, GROUP, Note, OWNER, STRANGER, at, first, group, note, press, private, why,
};
use keeper_domain::chat::{
    inbox::{
        confirm::Nonce,
        reaction::{Denial, MessageReaction, Reaction},
        rules::{CARD_MOCK, State},
    },
    talk::{Heard, TalkTopic, Update},
};

fn denied(from: &Note, text: &str, policy: &keeper_domain::chat::inbox::reaction::Policy) -> Option<Denial> {
    why(&first(&from.says(text), policy))
}

fn is_status(reaction: &Reaction) -> bool {
    matches!(reaction, Reaction::Message(_, MessageReaction::Tell(TalkTopic::Status)))
}

#[test]
fn each_oddity_alone_is_enough_to_be_denied() {
    assert!(is_status(&first(&note().says("/status"), &private())));
    for (odd, denial) in [
        (Note { from: None, ..note() }, Denial::Anonymous),
        (Note { chat: GROUP, ..note() }, Denial::WrongChat),
        (Note { chat: FRIEND, ..note() }, Denial::WrongChat),
        (Note { forwarded: true, ..note() }, Denial::Forwarded),
        (Note { edited: true, ..note() }, Denial::Edited),
        (Note { at: at(121), ..note() }, Denial::FromTheFuture),
        (Note { update: 0, ..note() }, Denial::Replay),
        (Note { update: -3, ..note() }, Denial::Replay),
    ] {
        for text in ["/status", "/halt", CODE, "hello"] {
            assert_eq!(denied(&odd, text, &private()), Some(denial), "{odd:?} {text}");
        }
    }
    let other = Update { id: 100, heard: Heard::Other };
    assert_eq!(why(&first(&other, &private())), Some(Denial::Other));
}

#[test]
fn a_date_two_minutes_off_is_the_most_in_both_directions() {
    for (second, fresh) in [(-121, false), (-120, true), (0, true), (120, true), (121, false)] {
        let reaction = first(&Note { at: at(second), ..note() }.says("/status"), &private());
        assert_eq!(is_status(&reaction), fresh, "{second}: {reaction:?}");
    }
}

#[test]
fn an_update_is_heard_once_and_a_lower_number_never() {
    let mut state = State::default();
    let mut hear =
        |id| state.hear(&Note { update: id, ..note() }.says("/status"), &private(), at(0), Nonce(7));
    assert!(is_status(&hear(100)));
    for replayed in [100, 99, 1] {
        assert_eq!(why(&hear(replayed)), Some(Denial::Replay), "{replayed}");
    }
    assert!(is_status(&hear(101)));
}

#[test]
fn a_replay_moves_nothing() {
    let mut state = State::default();
    state.hear(&note().says("/status"), &private(), at(0), Nonce(7));
    let cursor = state.cursor;
    state.hear(&Note { update: 50, ..note() }.says("/status"), &private(), at(60), Nonce(7));
    assert_eq!(state.cursor, cursor);
}

#[test]
fn the_cursor_says_nothing_after_two_quiet_days() {
    const DAY: i64 = 86_400;
    let mut state = State::default();
    state.hear(&Note { update: 1_000_000, ..note() }.says("/status"), &private(), at(0), Nonce(7));
    let low = |second| Note { update: 5, at: at(second), ..note() }.says("/status");
    assert_eq!(state.cursor.after(at(2 * DAY)), 1_000_000);
    assert_eq!(
        why(&state.hear(&low(2 * DAY), &private(), at(2 * DAY), Nonce(7))),
        Some(Denial::Replay),
        "two days to the second are not over"
    );
    assert_eq!(state.cursor.after(at(2 * DAY + 1)), 0);
    assert!(is_status(&state.hear(&low(2 * DAY + 1), &private(), at(2 * DAY + 1), Nonce(7))));
    assert_eq!(state.cursor.id, 5, "from here on the new numbers count");
}

#[test]
fn only_the_configured_chat_and_ones_own_are_heard() {
    for (from, chat, heard) in [
        (OWNER, GROUP, true),
        (FRIEND, GROUP, true),
        (OWNER, OWNER, true),
        (FRIEND, FRIEND, true),
        (FRIEND, OWNER, false),
        (OWNER, -1002, false),
    ] {
        let reaction = first(&Note { from: Some(from), chat, ..note() }.says("/status"), &group());
        assert_eq!(is_status(&reaction), heard, "{from} in {chat}: {reaction:?}");
        let pressed = first(&press(100, from, chat, "yes:7"), &group());
        assert_eq!(matches!(pressed, Reaction::Press(..)), heard, "{from} in {chat}: {pressed:?}");
    }
    assert_eq!(denied(&Note { chat: FRIEND, ..note() }, "/halt", &group()), Some(Denial::WrongChat));
}

#[test]
fn a_group_with_a_persons_id_is_not_their_private_chat() {
    let mut update = note().says("/status");
    if let Heard::Message { private, .. } = &mut update.heard {
        *private = false;
    }
    assert_eq!(why(&first(&update, &group())), Some(Denial::WrongChat));
}

#[test]
fn control_hears_of_one_stranger_a_day() {
    let mut state = State::default();
    let mut told = |id, second| {
        let from = Note { update: id, from: Some(STRANGER + id), chat: GROUP, at: at(second), ..note() };
        match state.hear(&from.says("/halt"), &group(), at(second), Nonce(7)) {
            Reaction::Stranger(user) => Some(user),
            reaction => {
                assert_eq!(why(&reaction), Some(Denial::Stranger));
                None
            }
        }
    };
    // From 09:00 IST it is fifteen hours to the next day.
    let midnight = 15 * 3600;
    assert_eq!(told(1, 0), Some(STRANGER + 1));
    assert_eq!(told(2, 1), None);
    assert_eq!(told(3, midnight - 1), None);
    assert_eq!(told(4, midnight), Some(STRANGER + 4));
    assert_eq!(told(5, midnight + 1), None);
    assert_eq!(state.strangers, 5);
}

#[test]
fn a_strangers_press_is_a_strangers() {
    for chat in [GROUP, STRANGER, OWNER] {
        for data in ["yes:7", CARD_MOCK, ""] {
            let reaction = first(&press(100, STRANGER, chat, data), &group());
            assert!(matches!(reaction, Reaction::Stranger(STRANGER)), "{reaction:?}");
        }
    }
}

#[test]
fn a_crash_forgets_neither_strangers_nor_the_name() {
    let mut state = State::default();
    state.bot = Some("keeper_bot".into());
    state.hear(&Note { from: Some(STRANGER), ..note() }.says("x"), &private(), at(0), Nonce(7));
    state.caught_up = Some(at(0));
    state.crash();
    assert_eq!((state.strangers, state.bot.as_deref()), (1, Some("keeper_bot")));
    assert_eq!((state.cursor.id, state.caught_up, state.stranger_told), (0, None, None), "that is on disk");
}
