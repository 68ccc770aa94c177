//! The messenger against pretended Bot APIs on real ports.

use std::time::Duration;

use keeper_domain::{
    alert::{Outgoing, SendError, Severity},
    ports::Messenger,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use url::Url;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{body_partial_json, method, path},
};

use crate::{
    config::TelegramSettings,
    telegram::{GroupMoves, LogMessenger, TelegramMessenger, TelegramSetupError},
};

/// A bot token that must never be seen again outside a request's path.
const CANARY: &str = "110201543:CANARYdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

/// Long enough for a busy machine, short enough for a test that must wait for it.
const PATIENT: Duration = Duration::from_secs(20);
const BRIEF: Duration = Duration::from_millis(300);

fn settings(api_url: &str) -> TelegramSettings {
    TelegramSettings {
        bot_token: SecretString::from(CANARY),
        chat_id: -1001,
        allowed_users: vec![],
        api_url: Url::parse(api_url).unwrap(),
    }
}

fn messenger(api_url: &str, limit: Duration) -> TelegramMessenger {
    TelegramMessenger::with_limit(&settings(api_url), limit).unwrap()
}

pub(super) fn alert(severity: Severity) -> Outgoing {
    let at = "2026-11-23T04:32:00Z".parse().unwrap();
    Outgoing {
        id: 7,
        event_id: 70,
        event: "keeper.started".to_owned(),
        at,
        last_at: at,
        count: 1,
        severity,
        key: String::new(),
        text: "🚨 Prices < & > \"M&M\"\nsecond <b>line".into(),
        items: vec![],
        attempts: 0,
    }
}

fn delivered() -> ResponseTemplate {
    let chat = json!({"id": -1001, "type": "supergroup", "title": "t"});
    ResponseTemplate::new(200)
        .set_body_json(json!({"ok": true, "result": {"message_id": 1, "date": 1, "chat": chat, "text": "x"}}))
}

fn refusal(status: u16, words: &str) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .set_body_json(json!({"ok": false, "error_code": status, "description": words}))
}

async fn telegram(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    server
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    let requests: Vec<Request> = server.received_requests().await.unwrap();
    requests.iter().map(|request| request.body_json().unwrap()).collect()
}

/// Sends one alert and checks that the canary is in nothing that comes back.
async fn send(api_url: &str, limit: Duration) -> Result<(), SendError> {
    let messenger = messenger(api_url, limit);
    let result = messenger.send(&alert(Severity::Critical)).await;
    let seen = match &result {
        Ok(()) => format!("{messenger:?}"),
        Err(error) => format!("{messenger:?} {error} {error:?}"),
    };
    assert!(!seen.contains("CANARY") && !seen.contains("110201543"), "{seen}");
    assert!(!seen.contains("http"), "no address either: {seen}");
    result
}

async fn answered(answer: ResponseTemplate) -> Result<(), SendError> {
    send(&telegram(answer).await.uri(), PATIENT).await
}

#[tokio::test]
async fn the_request_is_what_the_bot_api_expects() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(format!("/bot{CANARY}/SendMessage")))
        .respond_with(delivered())
        .expect(2)
        .mount(&server)
        .await;
    let messenger = messenger(&server.uri(), PATIENT);
    messenger.send(&alert(Severity::Critical)).await.unwrap();
    messenger.send(&alert(Severity::Info)).await.unwrap();
    let bodies = bodies(&server).await;
    assert_eq!(
        bodies[0]["text"],
        "<b>🚨 Prices &lt; &amp; &gt; \"M&amp;M\"</b>\nsecond &lt;b&gt;line\nMon 23 Nov, 10:02 IST · #K-20261123-7"
    );
    assert_eq!(bodies[0]["chat_id"], -1001);
    assert_eq!(bodies[0]["parse_mode"], "HTML");
    assert_eq!(bodies[0]["link_preview_options"], json!({"is_disabled": true}));
    assert_eq!(bodies[0]["disable_notification"], false);
    assert_eq!(bodies[1]["disable_notification"], true, "info comes without a sound");
}

#[tokio::test]
async fn a_base_path_and_a_closing_slash_are_kept_apart() {
    let server = MockServer::start().await;
    Mock::given(path(format!("/tg/bot{CANARY}/SendMessage"))).respond_with(delivered()).mount(&server).await;
    assert_eq!(send(&format!("{}/tg/", server.uri()), PATIENT).await, Ok(()));
}

#[tokio::test]
async fn a_429_says_how_long() {
    let answer = ResponseTemplate::new(429).set_body_json(json!({
        "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 35",
        "parameters": {"retry_after": 35}
    }));
    assert_eq!(answered(answer).await, Err(SendError::Wait(Duration::from_secs(35))));
}

#[tokio::test]
async fn a_429_without_a_number_is_an_outage() {
    let result = answered(refusal(429, "Too Many Requests")).await;
    assert_eq!(result, Err(SendError::Unreachable("Too Many Requests".into())));
}

#[tokio::test]
async fn refused_markup_goes_out_as_plain_text_at_once() {
    let refusals = [
        "Bad Request: can't parse entities: unexpected end tag at byte offset 3",
        "Bad Request: can't find end of the entity starting at byte offset 5",
        "Bad Request: ENTITY_BOUNDS_INVALID",
    ];
    for words in refusals {
        let server = MockServer::start().await;
        Mock::given(body_partial_json(json!({"parse_mode": "HTML"})))
            .respond_with(refusal(400, words))
            .mount(&server)
            .await;
        Mock::given(method("POST")).respond_with(delivered()).mount(&server).await;
        assert_eq!(send(&server.uri(), PATIENT).await, Ok(()), "{words}");
        let bodies = bodies(&server).await;
        assert_eq!(bodies.len(), 2);
        assert_eq!(bodies[1].get("parse_mode"), None);
        let text = bodies[1]["text"].as_str().unwrap();
        assert!(text.starts_with("🚨 Prices < & > \"M&M\"\nsecond <b>line\n"), "{text}");
        assert_eq!(bodies[1]["link_preview_options"], json!({"is_disabled": true}));
    }
}

#[tokio::test]
async fn a_text_that_is_refused_plain_too_is_a_bad_message() {
    let server = telegram(refusal(400, "Bad Request: message is too long")).await;
    let result = send(&server.uri(), PATIENT).await;
    assert_eq!(result, Err(SendError::BadMessage("Bad Request: message is too long".into())));
    assert_eq!(bodies(&server).await.len(), 2);
}

#[tokio::test]
async fn a_wrong_bot_or_chat_waits_for_a_person() {
    let refusals = [
        (401, "Unauthorized"),
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: bot is not a member of the channel chat"),
        (404, "Not Found"),
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: not enough rights to send text messages to the chat"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
    ];
    for (status, words) in refusals {
        let server = telegram(refusal(status, words)).await;
        let result = send(&server.uri(), PATIENT).await;
        assert!(matches!(result, Err(SendError::Unauthorized(_))), "{words}: {result:?}");
        assert_eq!(bodies(&server).await.len(), 1, "{words}: asked once");
    }
}

#[tokio::test]
async fn server_errors_of_any_shape_are_an_outage() {
    let html = || ResponseTemplate::new(502).set_body_string("<html><h1>502 Bad Gateway</h1></html>");
    for answer in [refusal(500, "Internal Server Error"), html(), ResponseTemplate::new(503)] {
        let result = send(&telegram(answer).await.uri(), BRIEF).await;
        assert!(matches!(result, Err(SendError::Unreachable(_))), "{result:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_outage() {
    let echo = format!("<html>https://api.telegram.org/bot{CANARY}/SendMessage</html>");
    for body in ["", "{", "{\"ok\":false}", "[]", echo.as_str()] {
        let result = answered(ResponseTemplate::new(200).set_body_string(body)).await;
        assert_eq!(result, Err(SendError::Unreachable("the answer is not Telegram's".into())), "{body}");
    }
}

#[tokio::test]
async fn an_ok_that_cannot_be_read_is_still_an_ok() {
    let odd = json!({"ok": true, "result": {"something": "new"}});
    assert_eq!(answered(ResponseTemplate::new(200).set_body_json(odd)).await, Ok(()));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = telegram(delivered()).await;
    let answer = ResponseTemplate::new(302).insert_header("location", elsewhere.uri());
    assert!(matches!(answered(answer).await, Err(SendError::Unreachable(_))));
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_moved_group_is_followed() {
    let server = MockServer::start().await;
    let moved = json!({
        "ok": false, "error_code": 400, "parameters": {"migrate_to_chat_id": -2002},
        "description": "Bad Request: group chat was upgraded to a supergroup chat"
    });
    Mock::given(body_partial_json(json!({"chat_id": -2002}))).respond_with(delivered()).mount(&server).await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(400).set_body_json(moved))
        .mount(&server)
        .await;
    assert_eq!(send(&server.uri(), PATIENT).await, Ok(()));
}

#[tokio::test]
async fn a_move_is_learnt_once_and_used_from_then_on() {
    let server = MockServer::start().await;
    let moved = json!({
        "ok": false, "error_code": 400, "parameters": {"migrate_to_chat_id": -1_002_001},
        "description": "Bad Request: group chat was upgraded to a supergroup chat"
    });
    let to_new = Mock::given(body_partial_json(json!({"chat_id": -1_002_001}))).respond_with(delivered());
    to_new.mount(&server).await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(400).set_body_json(moved))
        .expect(1)
        .mount(&server)
        .await;
    let moves = GroupMoves::new(-4001);
    let settings = TelegramSettings { chat_id: -4001, ..settings(&server.uri()) };
    let messenger = TelegramMessenger::new(&settings).unwrap().with_moves(std::sync::Arc::clone(&moves));
    for _ in 0..3 {
        assert_eq!(messenger.send(&alert(Severity::Info)).await, Ok(()));
    }
    assert_eq!(moves.moved_to(), Some(-1_002_001));
}

#[tokio::test]
async fn a_slow_answer_is_an_outage() {
    let server = telegram(delivered().set_delay(Duration::from_secs(30))).await;
    assert!(matches!(send(&server.uri(), BRIEF).await, Err(SendError::Unreachable(_))));
}

#[tokio::test]
async fn no_connection_is_an_outage() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let result = send(&format!("http://{free}"), PATIENT).await;
    assert_eq!(result, Err(SendError::Unreachable("no connection".into())));
}

#[tokio::test]
async fn a_lost_answer_is_an_outage() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let swallow = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 8192];
        assert!(connection.read(&mut request).await.unwrap() > 0);
    };
    let (result, ()) = tokio::join!(send(&address, PATIENT), swallow);
    assert_eq!(result, Err(SendError::Unreachable("the connection broke".into())));
}

#[tokio::test]
async fn a_bot_token_in_telegrams_own_words_is_taken_out() {
    let result = answered(refusal(400, &format!("Bad Request: wrong path /bot{CANARY}/SendMessage"))).await;
    assert_eq!(
        result,
        Err(SendError::BadMessage("Bad Request: wrong path /bot[bot token]/SendMessage".into()))
    );
}

#[test]
fn wrong_settings_are_named_without_their_values() {
    let good = settings("http://127.0.0.1:1");
    let problem = |settings: &TelegramSettings| TelegramMessenger::new(settings).err();
    assert_eq!(problem(&good), None);
    let token = |token: &str| TelegramSettings { bot_token: SecretString::from(token), ..good.clone() };
    for wrong in ["", "CANARY", "1:", ":x", "1:a/b", "1:a b", "x:y"] {
        assert_eq!(problem(&token(wrong)), Some(TelegramSetupError::BotToken), "{wrong}");
    }
    for wrong in ["mailto:a@b", "file:///tmp", "ftp://host"] {
        assert_eq!(problem(&settings(wrong)), Some(TelegramSetupError::ApiUrl), "{wrong}");
    }
    assert!(!format!("{good:?}").contains("CANARY"));
}

#[tokio::test]
async fn the_log_takes_everything() {
    assert_eq!(LogMessenger.send(&alert(Severity::Critical)).await, Ok(()));
    assert_eq!(LogMessenger.channel(), "log");
}
