//! Random histories: whoever is not allowed gets nothing done, and nothing is done twice.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use crate::chat::inbox::tests::scene::{CODE, FRIEND, GROUP, Note, OWNER, STRANGER, at, group, note, press};
use keeper_domain::chat::{
    inbox::{
        confirm::Nonce,
        reaction::{MessageReaction, PressReaction, Reaction},
        rules::{CARD_MOCK, CARD_SNOOZE, State},
    },
    talk::{Heard, Update},
};

/// One thing that Telegram brings: seconds since the one before, its age in seconds, and the update.
fn event(ids: std::ops::Range<i64>) -> impl Strategy<Value = (i64, i64, Update)> {
    let texts = prop_oneof![
        Just("/halt".to_owned()),
        Just("/status".to_owned()),
        Just("/mute 5".to_owned()),
        Just("hello".to_owned()),
        Just(CODE.to_owned()),
        any::<String>(),
    ];
    let data = prop_oneof![
        (0..8_u64).prop_map(|nonce| format!("yes:{nonce:016x}")),
        (0..8_u64).prop_map(|nonce| format!("no:{nonce:016x}")),
        Just(CARD_MOCK.to_owned()),
        Just(CARD_SNOOZE.to_owned()),
        any::<String>(),
    ];
    let from = prop_oneof![
        3 => Just(Some(OWNER)),
        1 => Just(Some(FRIEND)),
        1 => Just(Some(STRANGER)),
        1 => Just(Some(-OWNER)),
        1 => Just(None)
    ];
    let chat = prop_oneof![Just(OWNER), Just(GROUP), Just(STRANGER), Just(-1002)];
    let flags = (prop::bool::weighted(0.1), prop::bool::weighted(0.1), any::<bool>());
    (ids, 0..40_i64, -150..150_i64, (from, chat), texts, data, flags).prop_map(
        |(id, pause, age, (from, chat), text, data, (forwarded, edited, presses))| {
            let update = match from {
                Some(user) if presses => press(id, user, chat, &data),
                _ => Note { update: id, from, chat, at: at(0), forwarded, edited }.says(&text),
            };
            (pause, age, update)
        },
    )
}

/// The update with its date in place.
fn aged(update: &Update, date: DateTime<Utc>) -> Update {
    let mut update = update.clone();
    if let Heard::Message { at, .. } = &mut update.heard {
        *at = date;
    }
    update
}

/// The sender, if there is one.
fn sender(update: &Update) -> Option<i64> {
    match &update.heard {
        Heard::Message { from, .. } => from.as_ref().map(|from| from.id),
        Heard::Press { from, .. } => Some(from.id),
        Heard::Other => None,
    }
}

fn acts(reaction: &Reaction) -> bool {
    matches!(
        reaction,
        Reaction::Message(
            _,
            MessageReaction::Act(_)
                | MessageReaction::Redeem(_)
                | MessageReaction::Ask(_)
                | MessageReaction::Tell(_)
        ) | Reaction::Press(_, _, PressReaction::Yes(..) | PressReaction::No(..) | PressReaction::Card(_))
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nobody_unknown_gets_anything_and_nothing_happens_twice(
        history in prop::collection::vec(event(1..60), 1..80),
    ) {
        let (mut state, mut second) = (State::default(), 0);
        let (mut done, mut used) = (HashSet::new(), HashSet::new());
        for (round, (pause, age, update)) in history.iter().enumerate() {
            second += pause;
            let update = &aged(update, at(second - age));
            state.caught_up = Some(at(second - 100));
            let reaction = state.hear(update, &group(), at(second), Nonce(round as u64));
            let allowed = sender(update).is_some_and(|user| group().allowed_users.contains(&user));
            if !allowed {
                prop_assert!(matches!(reaction, Reaction::Silence(_) | Reaction::Stranger(_)), "{reaction:?}");
            }
            if acts(&reaction) {
                prop_assert!(done.insert(update.id), "{} acted on twice", update.id);
            }
            if let Reaction::Press(_, _, PressReaction::Yes(nonce, _) | PressReaction::No(nonce, _)) = reaction {
                prop_assert!(used.insert(nonce.0), "question {} answered twice", nonce.0);
            }
        }
    }

    #[test]
    fn a_forwarded_edited_or_misplaced_message_does_nothing(text in any::<String>(), oddity in 0..4) {
        let odd = match oddity {
            0 => Note { forwarded: true, ..note() },
            1 => Note { edited: true, ..note() },
            2 => Note { chat: -1002, ..note() },
            _ => Note { from: None, ..note() },
        };
        let reaction = State::default().hear(&odd.says(&text), &group(), at(0), Nonce(0));
        prop_assert!(matches!(reaction, Reaction::Silence(_)), "{reaction:?}");
    }
}
