//! The control API over HTTP does what the Rust API does.

#![allow(clippy::unwrap_used)]

mod common;

use common::{APP_ID, call_as, client, morning, refresh, start};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Simulator, Snapshot, TokenKind};

async fn control(simulator: &Simulator, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/{path}", simulator.control_url());
    let response = client().request(method, url).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn post(simulator: &Simulator, path: &str, body: Value) -> Value {
    let (status, answer) = control(simulator, Method::POST, path, body).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

#[tokio::test]
async fn faults_switches_and_tokens_can_be_set_over_http() {
    let simulator = start(&morning());
    let rule = json!({"scope": {"path": "/api/v3/profile"}, "fault": {"kind": "html", "status": 502}, "life": {"times": 1}});
    post(&simulator, "faults", json!([rule, {"fault": {"kind": "hang"}, "life": "forever"}])).await;
    assert_eq!(call_as(&simulator, Method::GET, "/api/v3/profile", None, None).await.0, 502);
    assert_eq!(simulator.state().faults.len(), 1);
    control(&simulator, Method::DELETE, "faults", Value::Null).await;
    assert!(simulator.state().faults.is_empty());

    post(&simulator, "refresh", json!({"enabled": true, "rotate": true})).await;
    let minted = post(&simulator, "tokens/mint", json!({"kind": "refresh"})).await;
    let (status, answer) = refresh(&simulator, minted["token"].as_str().unwrap(), "1234").await;
    assert_eq!(status, 200);
    assert!(answer["refresh_token"].is_string());

    let header = format!("{APP_ID}:{}", answer["access_token"].as_str().unwrap());
    assert_eq!(call_as(&simulator, Method::GET, "/api/v3/profile", None, Some(&header)).await.0, 200);
    assert_eq!(post(&simulator, "tokens/kill", json!({"kind": "access"})).await["killed"], 1);
    assert_eq!(call_as(&simulator, Method::GET, "/api/v3/profile", None, Some(&header)).await.0, 401);

    for (path, body) in [
        ("orders", json!({"restricted": true})),
        ("skew", json!({"seconds": 30})),
        ("prices", json!({"symbol": "NSE:TCS-EQ", "price": 3000.0})),
        ("login", json!({"state": "abc", "redirect_uri": "http://127.0.0.1:9/fyers/callback"})),
        ("outage", json!({"service": "telegram", "on": true})),
        ("telegram/updates", json!({"kind": "text", "from": 42, "text": "/status"})),
    ] {
        post(&simulator, path, body).await;
    }
    let there = simulator.callback_url("xyz").unwrap();
    assert!(there.starts_with("http://127.0.0.1:9/fyers/callback?s=ok&code=200&auth_code="), "{there}");
    assert!(there.ends_with("&state=xyz"), "{there}");
    let state = simulator.state();
    assert!(state.order_restricted && state.telegram_outage && !state.fyers_outage);
    assert_eq!((state.date_skew_seconds, state.prices["NSE:TCS-EQ"]), (30, 3000.0));
}

#[tokio::test]
async fn the_state_over_http_is_the_snapshot() {
    let simulator = start(&morning());
    simulator.mint(TokenKind::Access);
    call_as(&simulator, Method::GET, "/api/v3/profile", None, None).await;
    let (_, state) = control(&simulator, Method::GET, "state", Value::Null).await;
    assert_eq!(serde_json::from_value::<Snapshot>(state).unwrap(), simulator.state());
    let (_, calls) = control(&simulator, Method::GET, "calls", Value::Null).await;
    assert_eq!((&calls[0]["path"], &calls[0]["status"]), (&json!("/api/v3/profile"), &json!(401)));
    assert_eq!(control(&simulator, Method::GET, "telegram/messages", Value::Null).await.1, json!([]));
}

#[tokio::test]
async fn a_wrong_control_request_is_told_so() {
    let simulator = start(&morning());
    assert_eq!(control(&simulator, Method::POST, "refresh", json!({"on": true})).await.0, 400);
    assert_eq!(
        control(&simulator, Method::POST, "faults", json!({"fault": {"kind": "nonsense"}})).await.0,
        400
    );
    assert_eq!(control(&simulator, Method::GET, "nothing", Value::Null).await.0, 404);
}

#[test]
fn a_simulator_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<Simulator>();
}
