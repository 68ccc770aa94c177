//! Updates as Telegram sends them that the simulator's people do not make.

use keeper_domain::chat::talk::{Chat, Heard};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, endpoint};

use crate::telegram::chat::tests::{GROUP, OWNER, chat, simulator};

/// What is heard of an update.
async fn brought(update: Value) -> Heard {
    let simulator = simulator();
    let body = json!({"ok": true, "result": [update]});
    simulator.inject(FaultRule::once(endpoint::GET_UPDATES, Fault::Json { status: 200, body }));
    let mut updates = chat(&simulator).pending(0).await.unwrap();
    assert_eq!((updates.len(), updates[0].id), (1, 9), "the number is there in any case");
    updates.remove(0).heard
}

fn owner() -> Value {
    json!({"id": OWNER, "is_bot": false, "first_name": "Owner"})
}

fn private() -> Value {
    json!({"id": OWNER, "type": "private", "first_name": "Owner"})
}

/// A message of the owner's, with other fields added or put in place.
async fn message(fields: Value) -> Heard {
    let mut message = json!({"message_id": 5, "date": 1_790_000_000, "from": owner(), "chat": private()});
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    brought(json!({"update_id": 9, "message": message})).await
}

#[tokio::test]
async fn channels_and_anonymous_admins_are_nobody() {
    let stand_in = json!({"text": "/halt", "sender_chat": {"id": GROUP, "type": "supergroup", "title": "t"},
        "from": {"id": 1_087_968_824, "is_bot": true, "first_name": "Group"}});
    let heard = message(stand_in).await;
    assert!(matches!(heard, Heard::Message { from: None, .. }), "{heard:?}");
}

#[tokio::test]
async fn the_words_of_an_inline_bot_are_somebody_elses() {
    let via = json!({"text": "/halt", "via_bot": {"id": 5, "is_bot": true, "first_name": "Other"}});
    let heard = message(via).await;
    assert!(matches!(heard, Heard::Message { forwarded: true, .. }), "{heard:?}");
}

#[tokio::test]
async fn a_name_is_one_harmless_line() {
    let name = format!("A\u{202e}B\n{}", "x y ".repeat(100));
    let from = json!({"text": "hi", "from": {"id": OWNER, "is_bot": false, "first_name": name}});
    let Heard::Message { from: Some(from), .. } = message(from).await else { panic!("not heard") };
    assert!(from.name.starts_with("A B x y") && from.name.chars().count() <= 64, "{from:?}");
}

#[tokio::test]
async fn a_caption_is_read_and_a_message_without_words_is_nothing() {
    let photo = json!([{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1, "file_size": 1}]);
    let heard = message(json!({"photo": photo, "caption": "a code"})).await;
    assert!(matches!(&heard, Heard::Message { text, .. } if text.expose_secret() == "a code"), "{heard:?}");
    let heard = message(json!({"photo": photo})).await;
    assert!(matches!(heard, Heard::Other), "{heard:?}");
}

#[tokio::test]
async fn what_the_keeper_does_not_know_is_nothing() {
    let press = |more: Value| {
        let mut query = json!({"id": "1", "from": owner(), "chat_instance": "1"});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"update_id": 9, "callback_query": query})
    };
    let card = json!({"message_id": 5, "date": 1_790_000_000, "chat": private(), "text": "x"});
    for update in [
        json!({"update_id": 9, "something_new": {"text": "/halt"}}),
        json!({"update_id": 9, "message": {"text": "/halt"}}),
        press(json!({"data": "yes:7"})),
        press(json!({"data": "yes:7", "inline_message_id": "i"})),
        press(json!({"game_short_name": "chess", "message": card})),
    ] {
        let heard = brought(update.clone()).await;
        assert!(matches!(heard, Heard::Other), "{update}: {heard:?}");
    }
}

#[tokio::test]
async fn a_press_on_a_message_that_telegram_keeps_no_more_still_has_its_place() {
    let old = json!({"message_id": 5, "date": 0, "chat": private()});
    let query =
        json!({"id": "1", "from": owner(), "chat_instance": "1", "data": "card:mock", "message": old});
    let heard = brought(json!({"update_id": 9, "callback_query": query})).await;
    assert!(matches!(heard, Heard::Press { chat: OWNER, .. }), "{heard:?}");
}
