//! What every test of the simulator needs: a client, the app's hash, and short ways to call.

// Each test binary uses its own part of this; helpers outside a test function count as tests too.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod websocket;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulator::{ManualClock, Options, RefreshMode, Simulator, TokenKind};

pub const APP_ID: &str = "ABCD1234EF-100";
pub const BOT_TOKEN: &str = "123456789:SIMULATED-bot-token";

pub fn app_id_hash() -> String {
    hex::encode(Sha256::digest(format!("{APP_ID}:SIMULATED1")))
}

/// Monday 2026-11-23, 08:45 IST.
pub fn morning() -> ManualClock {
    ManualClock::new("2026-11-23T03:15:00Z".parse().unwrap())
}

pub fn start(clock: &ManualClock) -> Simulator {
    Simulator::start(Options { clock: clock.clock(), ..Options::default() }).unwrap()
}

pub fn start_with_refresh(clock: &ManualClock) -> Simulator {
    let refresh = RefreshMode::Enabled;
    Simulator::start(Options { clock: clock.clock(), refresh, ..Options::default() }).unwrap()
}

/// A client that follows no redirect and trusts no proxy.
pub fn client() -> Client {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// A call with a good access token.
pub async fn call(
    simulator: &Simulator,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let token = simulator.mint(TokenKind::Access);
    call_as(simulator, method, path, body, Some(&format!("{APP_ID}:{token}"))).await
}

pub async fn call_as(
    simulator: &Simulator,
    method: Method,
    path: &str,
    body: Option<Value>,
    authorization: Option<&str>,
) -> (StatusCode, Value) {
    let url = simulator.api_url().replace("/api/v3", path);
    let mut request = client().request(method, url);
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub async fn post(simulator: &Simulator, path: &str, body: Value) -> (StatusCode, Value) {
    call_as(simulator, Method::POST, path, Some(body), None).await
}

pub async fn refresh(simulator: &Simulator, token: &str, pin: &str) -> (StatusCode, Value) {
    let body = json!({"grant_type": "refresh_token", "appIdHash": app_id_hash(), "refresh_token": token, "pin": pin});
    post(simulator, "/api/v3/validate-refresh-token", body).await
}

/// A Bot API call; HTTP status and answer.
pub async fn bot(simulator: &Simulator, method: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/bot{BOT_TOKEN}/{method}", simulator.telegram_url());
    let response = client().post(url).json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// A Bot API call that is refused; the description.
pub async fn refused(simulator: &Simulator, method: &str, body: Value) -> String {
    let (status, answer) = bot(simulator, method, body).await;
    assert_eq!((status, &answer["ok"], &answer["error_code"]), (400, &json!(false), &json!(400)));
    answer["description"].as_str().unwrap().to_owned()
}

/// Key names of an object, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// The same, from a list as the contract gives it.
pub fn sorted(names: &str) -> Vec<&str> {
    let mut names: Vec<_> = names.split_whitespace().collect();
    names.sort_unstable();
    names
}
