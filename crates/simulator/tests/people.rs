//! People write to the bot and press its buttons, and what the bot does about it can be read back.

#![allow(clippy::unwrap_used)]

mod common;

use chrono::TimeDelta;
use common::{bot, client, morning, refused, start};
use serde_json::{Value, json};
use simulator::{Button, Simulator, UserAction, Writing};

async fn updates(simulator: &Simulator) -> Vec<Value> {
    let (_, answer) = bot(simulator, "getUpdates", json!({})).await;
    answer["result"].as_array().unwrap().clone()
}

fn card() -> Value {
    json!({"chat_id": 42, "text": "Log in?", "reply_markup": {"inline_keyboard": [
        [{"text": "Open", "url": "https://keeper.example/fyers/login"}],
        [{"text": "Halt", "callback_data": "halt"}, {"text": "Later", "callback_data": "later"}],
    ]}})
}

#[tokio::test]
async fn a_button_is_pressed_by_its_data_and_the_answer_can_be_read() {
    let simulator = start(&morning());
    bot(&simulator, "sendMessage", card()).await;
    let (_, second) = bot(&simulator, "sendMessage", card()).await;
    let seen = simulator.telegram_messages()[0].buttons();
    let open = Button {
        text: "Open".into(),
        callback_data: None,
        url: Some("https://keeper.example/fyers/login".into()),
    };
    assert_eq!((seen.len(), &seen[0], seen[1].callback_data.as_deref()), (3, &open, Some("halt")));

    assert_eq!(simulator.press_button(42, "nothing"), None);
    assert_eq!(simulator.press_button(7, "halt"), None, "not a message of their chat");
    simulator.press_button(42, "halt").unwrap();
    let query = updates(&simulator).await[0]["callback_query"].clone();
    assert_eq!(query["message"]["message_id"], second["result"]["message_id"], "the newest one");

    let reply = json!({"callback_query_id": query["id"], "text": "Halted", "show_alert": true});
    assert_eq!(bot(&simulator, "answerCallbackQuery", reply).await.0, 200);
    let answer = simulator.callback_answers().remove(0);
    assert_eq!((answer.text.as_deref(), answer.show_alert), (Some("Halted"), true));
    assert_eq!((answer.from, answer.data.as_str(), answer.at), (42, "halt", simulator.now()));
    assert_eq!(answer.message_id, second["result"]["message_id"].as_i64().unwrap());
}

#[tokio::test]
async fn people_write_forward_reply_edit_and_are_heard_late() {
    let simulator = start(&morning());
    let (_, sent) = bot(&simulator, "sendMessage", json!({"chat_id": 42, "text": "code?"})).await;
    let asked = sent["result"]["message_id"].as_i64();
    let text = |text: &str| Writing { from: 42, text: text.into(), ..Writing::default() };
    let hour_ago = simulator.now() - TimeDelta::hours(1);
    let first = simulator.write(Writing { reply_to: asked, ..text("here") });
    simulator.write(Writing { forwarded_from: Some(99), ..text("/halt") });
    simulator.write(Writing { sent_at: Some(hour_ago), ..text("late") });
    simulator.write(Writing { from: 777, chat: Some(-100_200), ..text("from a group") });
    simulator.act(&UserAction::Edit { message_id: first, text: "/status".into() }).unwrap();
    assert_eq!(simulator.act(&UserAction::Edit { message_id: 999, text: "x".into() }), None);

    let heard = updates(&simulator).await;
    assert_eq!(heard[0]["message"]["reply_to_message"]["text"], "code?");
    assert_eq!(heard[1]["message"]["forward_origin"]["sender_user"]["id"], 99);
    assert_eq!(heard[2]["message"]["date"], hour_ago.timestamp());
    let group = &heard[3]["message"];
    assert_eq!((&group["chat"]["type"], &group["from"]["id"]), (&json!("supergroup"), &json!(777)));
    let edited = &heard[4]["edited_message"];
    assert_eq!((&edited["message_id"], &edited["text"]), (&json!(first), &json!("/status")));
    assert_eq!(edited["entities"][0]["length"], 7);
    assert!(edited["edit_date"].is_i64());

    let body = json!({"chat_id": 42, "text": "x", "message_id": first});
    assert_eq!(
        refused(&simulator, "editMessageText", body.clone()).await,
        "Bad Request: message can't be edited"
    );
    assert_eq!(bot(&simulator, "deleteMessage", body).await.0, 200);
    let message = simulator.person_messages().remove(0);
    assert!(message.edited && message.deleted);
    assert_eq!(bot(&simulator, "sendMessage", json!({"chat_id": -100_200, "text": "hi"})).await.0, 200);
}

#[tokio::test]
async fn how_a_message_was_sent_is_kept_and_shown() {
    let simulator = start(&morning());
    let (_, first) = bot(&simulator, "sendMessage", json!({"chat_id": 42, "text": "one"})).await;
    let body = json!({"chat_id": 42, "text": "two", "protect_content": true, "disable_notification": true,
        "link_preview_options": {"is_disabled": true},
        "reply_parameters": {"message_id": first["result"]["message_id"]}});
    let (_, sent) = bot(&simulator, "sendMessage", body).await;
    assert_eq!(sent["result"]["has_protected_content"], true);
    assert_eq!(sent["result"]["reply_to_message"]["text"], "one");
    let seen = simulator.telegram_messages().remove(1);
    assert!(seen.protect_content && seen.silent);
    assert_eq!(seen.link_preview_options, Some(json!({"is_disabled": true})));
    assert_eq!(seen.reply_to, first["result"]["message_id"].as_i64());

    let older = json!({"chat_id": 42, "text": "three", "disable_web_page_preview": true});
    bot(&simulator, "sendMessage", older).await;
    assert_eq!(simulator.telegram_messages()[2].link_preview_options, Some(json!({"is_disabled": true})));
    let mut lost = json!({"chat_id": 42, "text": "four", "reply_parameters": {"message_id": 999}});
    assert_eq!(
        refused(&simulator, "sendMessage", lost.clone()).await,
        "Bad Request: message to be replied not found"
    );
    lost["reply_parameters"]["allow_sending_without_reply"] = json!(true);
    assert_eq!(bot(&simulator, "sendMessage", lost).await.0, 200);
}

#[tokio::test]
async fn keyboards_are_checked_and_edits_know_what_changed() {
    let clock = morning();
    let simulator = start(&clock);
    let keyboard = |button: Value| json!({"inline_keyboard": [[button]]});
    let mut bad = card();
    bad["reply_markup"] = keyboard(json!({"text": "x", "callback_data": "y".repeat(65)}));
    assert_eq!(refused(&simulator, "sendMessage", bad.clone()).await, "Bad Request: BUTTON_DATA_INVALID");
    bad["reply_markup"] = keyboard(json!({"text": "x", "url": "http://localhost/"}));
    assert!(refused(&simulator, "sendMessage", bad).await.ends_with("is invalid: Wrong HTTP URL"));

    let (_, sent) = bot(&simulator, "sendMessage", card()).await;
    let target = json!({"chat_id": 42, "message_id": sent["result"]["message_id"]});
    let with = |more: Value| {
        let mut body = target.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let same = with(json!({"reply_markup": card()["reply_markup"]}));
    assert!(refused(&simulator, "editMessageReplyMarkup", same).await.contains("message is not modified"));
    assert_eq!(bot(&simulator, "editMessageReplyMarkup", target.clone()).await.0, 200);
    let none = with(json!({"reply_markup": {"inline_keyboard": []}}));
    assert!(refused(&simulator, "editMessageReplyMarkup", none).await.contains("message is not modified"));
    assert!(simulator.telegram_messages()[0].buttons().is_empty());
    let bold = with(json!({"text": "<b>Log in?</b>", "parse_mode": "HTML"}));
    assert_eq!(bot(&simulator, "editMessageText", bold.clone()).await.0, 200, "the same words in bold");
    assert!(refused(&simulator, "editMessageText", bold).await.contains("message is not modified"));

    clock.advance(TimeDelta::hours(49));
    assert_eq!(
        refused(&simulator, "deleteMessage", target).await,
        "Bad Request: message can't be deleted for everyone"
    );
}

#[tokio::test]
async fn the_menu_is_checked_kept_and_removed() {
    let simulator = start(&morning());
    let set = |name: &str, words: &str| json!({"commands": [{"command": name, "description": words}]});
    assert_eq!(
        refused(&simulator, "setMyCommands", set("Status", "x")).await,
        "Bad Request: BOT_COMMAND_INVALID"
    );
    let told = refused(&simulator, "setMyCommands", set("status", "")).await;
    assert_eq!(told, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID");
    assert_eq!(bot(&simulator, "setMyCommands", set("status", "How it is")).await.0, 200);
    let (_, menu) = bot(&simulator, "getMyCommands", json!({})).await;
    assert_eq!(menu["result"], set("status", "How it is")["commands"]);
    assert_eq!(bot(&simulator, "deleteMyCommands", json!({})).await.0, 200);
    assert_eq!(simulator.state().telegram_commands, json!([]));
}

#[tokio::test]
async fn a_person_can_be_played_over_http() {
    let simulator = start(&morning());
    let act = async |body: Value| -> (u16, Value) {
        let url = format!("{}/telegram/updates", simulator.control_url());
        let response = client().post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let read = async |what: &str| -> Value {
        let url = format!("{}/telegram/{what}", simulator.control_url());
        client().get(url).send().await.unwrap().json().await.unwrap()
    };
    bot(&simulator, "sendMessage", card()).await;
    assert_eq!(act(json!({"kind": "press_button", "from": 42, "data": "none"})).await.0, 404);
    assert_eq!(act(json!({"kind": "press_button", "from": 42, "data": "later"})).await.0, 200);
    let (_, wrote) = act(json!({"kind": "write", "from": 42, "text": "fwd", "forwarded_from": 7})).await;
    let message_id = wrote["message_id"].as_i64().unwrap();
    assert_eq!(act(json!({"kind": "edit", "message_id": message_id, "text": "new"})).await.0, 200);

    let heard = updates(&simulator).await;
    assert_eq!(heard.len(), 3);
    let reply = json!({"callback_query_id": heard[0]["callback_query"]["id"], "text": "ok"});
    bot(&simulator, "answerCallbackQuery", reply).await;
    assert_eq!(read("answers").await[0]["text"], "ok");
    assert_eq!(read("heard").await[0]["text"], "new");
    assert_eq!(read("messages").await[0]["text"], "Log in?");
}
