//! Each way to fail, and that none of them shows the bot token.

use std::time::Duration;

use keeper_domain::{
    alert::SendError,
    chat::talk::{Bubble, Button, Chat, MessageId, PollError},
};
use serde_json::json;
use simulator::{Fault, FaultRule, Options, Service, Simulator, endpoint};

use crate::telegram::chat::{
    TelegramChat,
    tests::{BRIEF, CANARY, GROUP, OWNER, PATIENT, assert_clean, chat, chat_with, press, simulator, words},
};

fn refusal(status: u16, description: &str) -> Fault {
    Fault::TelegramError { status, description: description.into() }
}

/// What a poll fails with.
async fn poll_error(fault: Fault) -> PollError {
    let simulator = simulator();
    simulator.inject(FaultRule::forever(endpoint::TELEGRAM, fault));
    let error = chat(&simulator).updates(0).await.unwrap_err();
    assert_clean(&format!("{error:?}"));
    error
}

/// What every other call fails with: all of them agree.
async fn send_error(chat: &TelegramChat) -> SendError {
    let (bubble, id) = (words("x"), MessageId(1));
    let errors = [
        chat.say(OWNER, &bubble).await.unwrap_err(),
        chat.edit(OWNER, id, &bubble).await.unwrap_err(),
        chat.delete(OWNER, id).await.unwrap_err(),
        chat.answer("1", "x", false).await.unwrap_err(),
        chat.register(&[("status", "x")]).await.unwrap_err(),
    ];
    assert_eq!(chat.name().await, None);
    for error in &errors {
        assert_eq!(error, &errors[0]);
        assert_clean(&format!("{error} {error:?} {chat:?}"));
    }
    errors[0].clone()
}

async fn send_error_of(fault: Fault) -> SendError {
    let simulator = simulator();
    simulator.inject(FaultRule::forever(endpoint::TELEGRAM, fault));
    send_error(&chat(&simulator)).await
}

#[tokio::test]
async fn another_poller_or_webhook_is_a_conflict() {
    assert_eq!(poll_error(Fault::poll_conflict()).await, PollError::Conflict);
    let webhook = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete \
                   the webhook first";
    for words in [webhook, "Conflict: something new"] {
        assert_eq!(poll_error(refusal(409, words)).await, PollError::Conflict, "{words}");
    }
}

#[tokio::test]
async fn a_429_says_how_long() {
    let asked = Duration::from_secs(7);
    assert_eq!(poll_error(Fault::RateLimited { retry_after: 7 }).await, PollError::Wait(asked));
    assert_eq!(send_error_of(Fault::RateLimited { retry_after: 7 }).await, SendError::Wait(asked));
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    for (status, words) in [(401, "Unauthorized"), (404, "Not Found"), (403, "Forbidden: bot was kicked")] {
        assert_eq!(poll_error(refusal(status, words)).await, PollError::Refused, "{words}");
        let error = send_error_of(refusal(status, words)).await;
        assert!(matches!(error, SendError::Unauthorized(_)), "{error:?}");
    }
    let another_bots = Simulator::start(Options::default()).unwrap();
    assert_eq!(chat(&another_bots).pending(0).await.unwrap_err(), PollError::Refused);
    assert!(matches!(send_error(&chat(&another_bots)).await, SendError::Unauthorized(_)));
}

#[tokio::test]
async fn garbage_is_an_outage() {
    for fault in [
        Fault::EmptyBody { status: 200 },
        Fault::Html { status: 403 },
        Fault::Json { status: 200, body: json!([1, 2]) },
        Fault::Json { status: 200, body: json!(format!("/bot{CANARY}/GetUpdates")) },
        Fault::Redirect { location: "https://elsewhere.example/".into() },
        Fault::Reset,
    ] {
        let error = poll_error(fault.clone()).await;
        assert!(matches!(error, PollError::Failed(_)), "{fault:?}: {error:?}");
        let error = send_error_of(fault.clone()).await;
        assert!(matches!(error, SendError::Unreachable(_)), "{fault:?}: {error:?}");
    }
    let odd = Fault::Json { status: 200, body: json!({"ok": true, "result": {"no": "list"}}) };
    assert_eq!(poll_error(odd).await, PollError::Failed("the answer cannot be read".into()));
}

#[tokio::test]
async fn server_errors_and_silence_end_in_time() {
    for fault in [refusal(500, "Internal Server Error"), Fault::Html { status: 502 }, Fault::Hang] {
        let simulator = simulator();
        simulator.inject(FaultRule::forever(endpoint::TELEGRAM, fault));
        let chat = chat_with(&simulator.telegram_url(), BRIEF, BRIEF);
        let error = chat.updates(0).await.unwrap_err();
        assert_clean(&format!("{error:?}"));
        assert!(matches!(error, PollError::Failed(_)), "{error:?}");
        let said = chat.say(OWNER, &words("x")).await.unwrap_err();
        assert!(matches!(said, SendError::Unreachable(_)), "{said:?}");
        assert_clean(&format!("{said:?}"));
    }
}

#[tokio::test]
async fn no_connection_is_an_outage_and_passes() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = chat_with(&format!("http://{free}"), PATIENT, BRIEF);
    assert_eq!(nowhere.updates(0).await.unwrap_err(), PollError::Failed("no connection".into()));
    assert_eq!(send_error(&nowhere).await, SendError::Unreachable("no connection".into()));
    let simulator = simulator();
    let chat = chat(&simulator);
    simulator.set_outage(Service::Telegram, true);
    assert!(matches!(chat.updates(0).await, Err(PollError::Failed(_))));
    simulator.set_outage(Service::Telegram, false);
    assert!(chat.pending(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_delivered_message_counts_even_if_its_description_cannot_be_read() {
    let simulator = simulator();
    let chat = chat(&simulator);
    let odd = json!({"ok": true, "result": {"message_id": 7, "something": "new"}});
    simulator.inject(FaultRule::times(endpoint::TELEGRAM, Fault::Json { status: 200, body: odd }, 2));
    assert_eq!(chat.say(OWNER, &words("x")).await, Ok(MessageId(7)));
    assert_eq!(chat.edit(OWNER, MessageId(7), &words("x")).await, Ok(()));
}

#[tokio::test]
async fn a_moved_group_is_followed_once() {
    let simulator = simulator();
    let chat = chat(&simulator);
    let moved = json!({"ok": false, "error_code": 400, "parameters": {"migrate_to_chat_id": GROUP},
        "description": "Bad Request: group chat was upgraded to a supergroup chat"});
    let fault = Fault::Json { status: 400, body: moved };
    simulator.inject(FaultRule::once(endpoint::SEND_MESSAGE, fault.clone()));
    chat.say(-7, &words("x")).await.unwrap();
    assert_eq!(simulator.telegram_messages()[0].chat, GROUP);
    simulator.inject(FaultRule::times(endpoint::SEND_MESSAGE, fault, 2));
    let error = chat.say(-7, &words("x")).await.unwrap_err();
    assert_eq!(error, SendError::Unauthorized("the chat has moved".into()));
}

#[tokio::test]
async fn a_bad_message_is_told_as_such() {
    let simulator = simulator();
    let chat = chat(&simulator);
    let link = |url: &str| vec![vec![Button::Link { label: "x".into(), url: url.into() }]];
    let too_long = vec![vec![press("x", &"y".repeat(65))]];
    for buttons in [link("no address"), link("http://localhost:8080/"), too_long] {
        let error = chat.say(OWNER, &Bubble { buttons, ..words("x") }).await.unwrap_err();
        assert!(matches!(error, SendError::BadMessage(_)), "{error:?}");
    }
    let error = chat.say(OWNER, &words("")).await.unwrap_err();
    assert!(matches!(error, SendError::BadMessage(_)), "{error:?}");
    let error = chat.say(7, &words("x")).await.unwrap_err();
    assert!(matches!(error, SendError::Unauthorized(_)), "{error:?}");
}

#[tokio::test]
async fn a_bot_token_in_telegrams_own_words_is_taken_out() {
    let echo = || refusal(400, &format!("Bad Request: wrong path /bot{CANARY}/Method"));
    let shown = "Bad Request: wrong path /bot[bot token]/Method".to_owned();
    assert_eq!(poll_error(echo()).await, PollError::Failed(shown.clone()));
    assert_eq!(send_error_of(echo()).await, SendError::BadMessage(shown));
}
