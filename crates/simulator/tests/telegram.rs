//! The Bot API as a real client meets it.

#![allow(clippy::unwrap_used)]

mod common;

use common::{BOT_TOKEN as TOKEN, bot, client, morning, refused, start};
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, UserAction, endpoint};

#[tokio::test]
async fn a_message_reaches_the_phone_with_its_buttons_and_silence() {
    let simulator = start(&morning());
    let markup = json!({"inline_keyboard": [[{"text": "Log in", "callback_data": "login"}]]});
    let body = json!({"chat_id": 42, "text": "<b>Hello</b> &amp; more", "parse_mode": "HTML",
        "disable_notification": true, "reply_markup": markup});
    let (status, answer) = bot(&simulator, "SendMessage", body).await;
    assert_eq!((status, &answer["ok"]), (200, &json!(true)));
    let message = &answer["result"];
    assert_eq!((&message["text"], &message["chat"]["id"]), (&json!("Hello & more"), &json!(42)));
    let seen = simulator.telegram_messages().remove(0);
    assert_eq!((seen.text.as_str(), seen.silent, seen.at), ("Hello & more", true, simulator.now()));
    assert_eq!(seen.reply_markup, Some(markup));
    assert_eq!(simulator.call_count(endpoint::SEND_MESSAGE).total, 1);
}

#[tokio::test]
async fn forms_and_multipart_are_read_too() {
    let simulator = start(&morning());
    let url = format!("{}/bot{TOKEN}/sendMessage", simulator.telegram_url());
    let multipart = "--XX\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n42\r\n--XX\r\nContent-Disposition: \
        form-data; name=\"text\"\r\n\r\nfrom a form\r\n--XX--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "chat_id=42&text=from+a+form&disable_notification=true"),
        ("multipart/form-data; boundary=XX", multipart),
    ] {
        let response = client().post(&url).header("Content-Type", kind).body(body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{kind}");
    }
    assert!(simulator.telegram_messages().iter().all(|message| message.text == "from a form"));
}

#[tokio::test]
async fn what_telegram_refuses_is_refused_in_its_words() {
    let simulator = start(&morning());
    let send = |body| refused(&simulator, "sendMessage", body);
    assert_eq!(send(json!({"chat_id": 7, "text": "x"})).await, "Bad Request: chat not found");
    assert_eq!(send(json!({"chat_id": 42, "text": " "})).await, "Bad Request: message text is empty");
    let html = send(json!({"chat_id": 42, "text": "<b>open", "parse_mode": "HTML"})).await;
    assert!(html.starts_with("Bad Request: can't parse entities: "), "{html}");
    let markdown = send(json!({"chat_id": 42, "text": "5.50", "parse_mode": "MarkdownV2"})).await;
    assert!(markdown.contains("'.' is reserved"), "{markdown}");
    let long = "😀".repeat(2049);
    assert_eq!(send(json!({"chat_id": 42, "text": long})).await, "Bad Request: message is too long");
    let fits = "😀".repeat(2048);
    assert_eq!(bot(&simulator, "sendMessage", json!({"chat_id": 42, "text": fits})).await.0, 200);

    let url = format!("{}/botWRONG/getMe", simulator.telegram_url());
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.status(), 401);
    let wanted = json!({"ok": false, "error_code": 401, "description": "Unauthorized"});
    assert_eq!(response.json::<Value>().await.unwrap(), wanted);
}

#[tokio::test]
async fn a_message_can_be_edited_and_deleted() {
    let simulator = start(&morning());
    let (_, sent) = bot(&simulator, "sendMessage", json!({"chat_id": 42, "text": "one"})).await;
    let id = sent["result"]["message_id"].clone();
    let edit = json!({"chat_id": 42, "message_id": id, "text": "two"});
    let (_, edited) = bot(&simulator, "EditMessageText", edit.clone()).await;
    assert_eq!((&edited["result"]["text"], edited["result"]["edit_date"].is_i64()), (&json!("two"), true));
    let same = refused(&simulator, "editMessageText", edit.clone()).await;
    assert!(same.starts_with("Bad Request: message is not modified"));
    let target = json!({"chat_id": 42, "message_id": id});
    assert_eq!(bot(&simulator, "deleteMessage", target.clone()).await.0, 200);
    assert_eq!(
        refused(&simulator, "deleteMessage", target).await,
        "Bad Request: message to delete not found"
    );
    assert_eq!(refused(&simulator, "editMessageText", edit).await, "Bad Request: message to edit not found");
    let seen = simulator.telegram_messages().remove(0);
    assert!(seen.edited && seen.deleted);
}

#[tokio::test]
async fn a_person_writes_and_presses_and_the_bot_hears_each_once() {
    let simulator = start(&morning());
    let (_, sent) = bot(&simulator, "sendMessage", json!({"chat_id": 42, "text": "card"})).await;
    let message_id = sent["result"]["message_id"].as_i64().unwrap();
    let first =
        simulator.act(&UserAction::Text { from: 42, chat: None, text: "/status now".into() }).unwrap();
    simulator.act(&UserAction::Press { from: 42, message_id, data: "login".into() }).unwrap();
    assert_eq!(simulator.act(&UserAction::Press { from: 42, message_id: 999, data: "x".into() }), None);

    let (_, answer) = bot(&simulator, "getUpdates", json!({"timeout": 30})).await;
    let updates = answer["result"].as_array().unwrap();
    assert_eq!(updates.len(), 2);
    assert_eq!(updates[0]["message"]["text"], "/status now");
    assert_eq!(
        updates[0]["message"]["entities"][0],
        json!({"type": "bot_command", "offset": 0, "length": 7})
    );
    let query = &updates[1]["callback_query"];
    assert_eq!((&query["data"], &query["message"]["message_id"]), (&json!("login"), &json!(message_id)));

    let reply = json!({"callback_query_id": query["id"], "text": "done"});
    assert_eq!(bot(&simulator, "answerCallbackQuery", reply.clone()).await.0, 200);
    assert!(refused(&simulator, "answerCallbackQuery", reply).await.contains("query is too old"));
    assert_eq!(simulator.state().callback_answers[0].text.as_deref(), Some("done"));

    let (_, rest) = bot(&simulator, "getUpdates", json!({"offset": first + 2})).await;
    assert_eq!(rest["result"], json!([]));
}

#[tokio::test]
async fn a_long_poll_ends_as_soon_as_something_happens() {
    let simulator = start(&morning());
    let poll = bot(&simulator, "getUpdates", json!({"timeout": 30}));
    let act = async {
        while simulator.call_count(endpoint::GET_UPDATES).in_flight == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        simulator.act(&UserAction::Text { from: 42, chat: None, text: "hi".into() });
    };
    let ((_, answer), ()) = tokio::join!(poll, act);
    assert_eq!(answer["result"][0]["message"]["text"], "hi");
}

#[tokio::test]
async fn a_webhook_and_polling_exclude_each_other() {
    let simulator = start(&morning());
    assert_eq!(bot(&simulator, "setWebhook", json!({"url": "https://x.example/hook"})).await.0, 200);
    assert_eq!(bot(&simulator, "getUpdates", json!({})).await.0, 409);
    assert_eq!(bot(&simulator, "deleteWebhook", json!({})).await.0, 200);
    assert_eq!(bot(&simulator, "getUpdates", json!({})).await.0, 200);
    let commands = json!([{"command": "status", "description": "How it is"}]);
    assert_eq!(bot(&simulator, "setMyCommands", json!({"commands": commands})).await.0, 200);
    assert_eq!(simulator.state().telegram_commands, commands);
    assert_eq!(bot(&simulator, "getChat", json!({"chat_id": 42})).await.1["result"]["type"], "private");
}

#[tokio::test]
async fn a_lost_answer_makes_an_honest_duplicate() {
    let simulator = start(&morning());
    simulator.inject(FaultRule::once(endpoint::SEND_MESSAGE, Fault::LostAnswer));
    let body = json!({"chat_id": 42, "text": "once?"});
    let url = format!("{}/bot{TOKEN}/SendMessage", simulator.telegram_url());
    assert!(client().post(url).json(&body).send().await.is_err());
    assert_eq!(bot(&simulator, "SendMessage", body).await.0, 200);
    assert_eq!(simulator.telegram_messages().len(), 2);
}

#[tokio::test]
async fn too_many_messages_and_a_blocked_bot_are_told_in_telegrams_way() {
    let simulator = start(&morning());
    let body = json!({"chat_id": 42, "text": "x"});
    simulator.inject(FaultRule::once(endpoint::SEND_MESSAGE, Fault::RateLimited { retry_after: 3 }));
    let (status, answer) = bot(&simulator, "SendMessage", body.clone()).await;
    assert_eq!((status, &answer["parameters"]["retry_after"]), (429, &json!(3)));
    let description = "Forbidden: bot was blocked by the user".to_owned();
    simulator.inject(FaultRule::once(endpoint::TELEGRAM, Fault::TelegramError { status: 403, description }));
    let (status, answer) = bot(&simulator, "SendMessage", body).await;
    assert_eq!((status, &answer["error_code"]), (403, &json!(403)));
    assert!(simulator.telegram_messages().is_empty());
}

#[tokio::test]
async fn a_group_that_moved_is_answered_with_its_new_id_and_told_of_in_both_chats() {
    let simulator = start(&morning());
    let (old, new) = (-4001, -1_002_001);
    simulator.act(&UserAction::Text { from: 42, chat: Some(old), text: "hello".into() });
    let (_, sent) = bot(&simulator, "sendMessage", json!({"chat_id": old, "text": "before"})).await;
    let id = &sent["result"]["message_id"];
    simulator.move_group(old, new);
    simulator.announce_move(old, new);
    for (method, body) in [
        ("sendMessage", json!({"chat_id": old, "text": "x"})),
        ("editMessageText", json!({"chat_id": old, "message_id": id, "text": "x"})),
        ("deleteMessage", json!({"chat_id": old, "message_id": id})),
        ("getChat", json!({"chat_id": old})),
        ("sendChatAction", json!({"chat_id": old, "action": "typing"})),
    ] {
        let (status, answer) = bot(&simulator, method, body).await;
        assert_eq!((status, &answer["parameters"]["migrate_to_chat_id"]), (400, &json!(new)), "{method}");
    }
    assert_eq!(bot(&simulator, "sendMessage", json!({"chat_id": new, "text": "after"})).await.0, 200);
    let stays = json!({"chat_id": new, "message_id": id, "text": "x"});
    assert_eq!(refused(&simulator, "editMessageText", stays).await, "Bad Request: message to edit not found");
    let (_, updates) = bot(&simulator, "getUpdates", json!({"offset": -2})).await;
    let told = &updates["result"];
    assert_eq!(told[0]["message"]["migrate_to_chat_id"], new);
    assert_eq!(told[1]["message"]["migrate_from_chat_id"], old);
}
