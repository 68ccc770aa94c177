//! The adapter alone: what it sends, and what it makes of answers.

use std::time::Duration;

use keeper_domain::alert::Severity;
use serde_json::Value;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::*;

fn alert() -> Outgoing {
    Outgoing {
        id: 7,
        event_id: 812,
        event: "order.rejected".to_owned(),
        at: "2026-11-23T04:32:00.250Z".parse().unwrap(),
        last_at: "2026-11-23T04:33:00Z".parse().unwrap(),
        count: 2,
        severity: Severity::Warning,
        key: "rejected -99 margin|".to_owned(),
        text: "⚠️ FYERS rejected: buy 10 NSE:SBIN-EQ at market\nWhy: margin".to_owned(),
        items: vec!["10:02 buy 10 NSE:SBIN-EQ at market".to_owned()],
        attempts: 0,
    }
}

fn settings(url: &str, secret: Option<&str>) -> WebhookSettings {
    WebhookSettings { url: SecretString::from(url.to_owned()), secret: secret.map(SecretString::from) }
}

async fn sent_to(answer: ResponseTemplate) -> (Result<(), SendError>, wiremock::Request) {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    let url = format!("{}/hook/SECRET?token=SECRET", server.uri());
    let messenger = WebhookMessenger::new(&settings(&url, Some("a secret of sixteen"))).unwrap();
    let result = messenger.send(&alert()).await;
    (result, server.received_requests().await.unwrap().remove(0))
}

#[tokio::test]
async fn the_body_is_what_the_document_says() {
    let (result, request) = sent_to(ResponseTemplate::new(204)).await;
    assert_eq!(result, Ok(()));
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["webhook-id"], "K-20261123-7");
    assert!(request.headers["webhook-signature"].to_str().unwrap().starts_with("v1,"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["title"], "FYERS rejected: buy 10 NSE:SBIN-EQ at market");
    assert_eq!(body["at"], "2026-11-23T10:02:00.250+05:30");
    let document = include_str!("../../docs/alerts.md");
    let example = document.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let documented: Value = serde_json::from_str(example).unwrap();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&body), names(&documented), "docs/alerts.md has the fields of the body");
    for name in names(&body) {
        assert!(document.contains(&format!("| `{name}` |")), "{name} has no row in docs/alerts.md");
    }
}

#[tokio::test]
async fn each_kind_of_answer_has_its_consequence() {
    let of = |status| async move { sent_to(ResponseTemplate::new(status)).await.0 };
    for status in [408, 425, 429, 500, 502, 503, 599] {
        assert!(matches!(of(status).await, Err(SendError::Unreachable(_))), "{status}");
    }
    for status in [301, 302, 307, 401, 403, 404, 405, 410] {
        assert!(matches!(of(status).await, Err(SendError::Unauthorized(_))), "{status}");
    }
    for status in [400, 413, 415, 422] {
        assert!(matches!(of(status).await, Err(SendError::BadMessage(_))), "{status}");
    }
    let asked = |text: &str| sent_to(ResponseTemplate::new(429).insert_header("retry-after", text));
    assert_eq!(asked("7").await.0, Err(SendError::Wait(Duration::from_secs(7))));
    assert_eq!(
        asked("999999").await.0,
        Err(SendError::Wait(LONGEST_PAUSE)),
        "no receiver silences it for days"
    );
    assert!(matches!(asked("soon").await.0, Err(SendError::Unreachable(_))));
}

#[tokio::test]
async fn no_error_shows_the_address() {
    let gone = "http://127.0.0.1:9/hook/SECRET?token=SECRET";
    let messenger = WebhookMessenger::new(&settings(gone, None)).unwrap();
    let error = messenger.send(&alert()).await.unwrap_err();
    assert_eq!(error, unreachable("no connection"));
    assert!(!format!("{error} {messenger:?} {:?}", settings(gone, None)).contains("SECRET"));
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let long = ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 20_000_000]);
    let (result, _) = tokio::time::timeout(Duration::from_secs(60), sent_to(long)).await.unwrap();
    assert_eq!(result, Ok(()));
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_left_in_time() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    Mock::given(method("POST")).respond_with(slow).mount(&server).await;
    let brief = Duration::from_millis(200);
    let messenger = WebhookMessenger::with_limit(&settings(&server.uri(), None), brief).unwrap();
    assert_eq!(messenger.send(&alert()).await, Err(unreachable("no answer in time")));
}
