//! Every fault, as a real client meets it.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{client, morning, refresh, start, start_with_refresh};
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Scope, Service, Simulator, TokenKind, endpoint};

async fn get(simulator: &Simulator, client: &reqwest::Client) -> reqwest::Result<reqwest::Response> {
    client.get(format!("{}/profile", simulator.api_url())).send().await
}

async fn struck(fault: Fault) -> (Simulator, reqwest::Result<reqwest::Response>) {
    let simulator = start(&morning());
    simulator.inject(FaultRule::once(endpoint::PROFILE, fault));
    let answer = get(&simulator, &client()).await;
    (simulator, answer)
}

/// The innermost I/O error, if any.
fn io_kind(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    let mut source = std::error::Error::source(error);
    let mut kind = None;
    while let Some(error) = source {
        kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(kind);
        source = error.source();
    }
    kind
}

#[tokio::test]
async fn a_reset_is_a_reset_on_the_socket() {
    let (simulator, answer) = struck(Fault::Reset).await;
    let error = answer.unwrap_err();
    assert_eq!(io_kind(&error), Some(std::io::ErrorKind::ConnectionReset), "{error:?}");
    let call = simulator.calls().remove(0);
    assert_eq!((call.status, call.faulted), (None, true));
}

#[tokio::test]
async fn a_truncated_answer_has_a_good_head_and_a_broken_body() {
    let simulator = start_with_refresh(&morning());
    simulator.inject(FaultRule::once(endpoint::VALIDATE_REFRESH_TOKEN, Fault::Truncated));
    let url = format!("{}/validate-refresh-token", simulator.api_url());
    let body = json!({"grant_type": "refresh_token", "appIdHash": common::app_id_hash(),
        "refresh_token": simulator.mint(TokenKind::Refresh), "pin": "1234"});
    let mut response = client().post(url).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let promised = response.content_length().unwrap();
    let first = response.chunk().await.unwrap().unwrap();
    assert_eq!(first.len() as u64, promised / 2);
    assert!(response.chunk().await.is_err());
    let minted = simulator.state().tokens.iter().filter(|token| token.kind == TokenKind::Access).count();
    assert_eq!(minted, 1, "the request was handled");
}

#[tokio::test]
async fn a_lost_answer_had_its_effect() {
    let simulator = start_with_refresh(&morning());
    simulator.inject(FaultRule::once(endpoint::VALIDATE_REFRESH_TOKEN, Fault::LostAnswer));
    let url = format!("{}/validate-refresh-token", simulator.api_url());
    let body = json!({"grant_type": "refresh_token", "appIdHash": common::app_id_hash(),
        "refresh_token": simulator.mint(TokenKind::Refresh), "pin": "1234"});
    assert!(client().post(url).json(&body).send().await.is_err());
    assert!(simulator.state().tokens.iter().any(|token| token.kind == TokenKind::Access));
}

#[tokio::test]
async fn an_answer_that_is_held_back_had_its_effect() {
    let simulator = start_with_refresh(&morning());
    simulator.inject(FaultRule::once(endpoint::VALIDATE_REFRESH_TOKEN, Fault::HeldAnswer));
    let url = format!("{}/validate-refresh-token", simulator.api_url());
    let body = json!({"grant_type": "refresh_token", "appIdHash": common::app_id_hash(),
        "refresh_token": simulator.mint(TokenKind::Refresh), "pin": "1234"});
    let limit = Duration::from_millis(200);
    let impatient = reqwest::Client::builder().timeout(limit).no_proxy().build().unwrap();
    assert!(impatient.post(url).json(&body).send().await.unwrap_err().is_timeout());
    assert!(simulator.state().tokens.iter().any(|token| token.kind == TokenKind::Access));
}

#[tokio::test]
async fn a_hanging_call_ends_when_the_caller_gives_up() {
    let simulator = start(&morning());
    simulator.inject(FaultRule::once(endpoint::PROFILE, Fault::Hang));
    let impatient =
        reqwest::Client::builder().timeout(Duration::from_millis(200)).no_proxy().build().unwrap();
    assert!(get(&simulator, &impatient).await.unwrap_err().is_timeout());
    let deadline = Instant::now() + Duration::from_secs(5);
    while simulator.call_count(endpoint::PROFILE).in_flight > 0 {
        assert!(Instant::now() < deadline, "the simulator did not notice that the caller had left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(get(&simulator, &client()).await.unwrap().status(), 401);
}

#[tokio::test]
async fn dropping_the_simulator_frees_hanging_callers() {
    let simulator = start(&morning());
    simulator.inject(FaultRule::once(endpoint::PROFILE, Fault::Hang));
    let url = format!("{}/profile", simulator.api_url());
    let client = client();
    let drop_when_called = async {
        while simulator.call_count(endpoint::PROFILE).in_flight == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(simulator);
    };
    let (answer, ()) = tokio::join!(client.get(&url).send(), drop_when_called);
    assert!(answer.is_err());
    assert!(client.get(&url).send().await.unwrap_err().is_connect(), "the port is closed");
}

#[tokio::test]
async fn latency_delays_and_overlapping_calls_are_counted() {
    let simulator = start_with_refresh(&morning());
    simulator.inject(FaultRule::times(endpoint::VALIDATE_REFRESH_TOKEN, Fault::Latency { ms: 300 }, 2));
    let token = simulator.mint(TokenKind::Refresh);
    let begun = Instant::now();
    let (one, two) = tokio::join!(refresh(&simulator, &token, "1234"), refresh(&simulator, &token, "1234"));
    assert_eq!((one.0.as_u16(), two.0.as_u16()), (200, 200));
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let count = simulator.call_count(endpoint::VALIDATE_REFRESH_TOKEN);
    assert_eq!((count.total, count.in_flight, count.max_in_flight), (2, 0, 2));
    refresh(&simulator, &token, "1234").await;
    assert_eq!(simulator.call_count(endpoint::VALIDATE_REFRESH_TOKEN).max_in_flight, 2);
}

#[tokio::test]
async fn error_pages_are_html_with_their_status() {
    for status in [403, 502, 503] {
        let (_simulator, answer) = struck(Fault::Html { status }).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(answer.text().await.unwrap().contains("cloudflare"));
    }
}

#[tokio::test]
async fn odd_bodies_arrive_as_asked() {
    let (_simulator, answer) = struck(Fault::EmptyBody { status: 200 }).await;
    assert_eq!(answer.unwrap().bytes().await.unwrap().len(), 0);

    let (_simulator, answer) = struck(Fault::Oversized { bytes: 70_000 }).await;
    assert!(answer.unwrap().bytes().await.unwrap().len() > 70_000);

    let body = json!({"s": "ok"});
    let (_simulator, answer) = struck(Fault::Json { status: 418, body: body.clone() }).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.json::<Value>().await.unwrap(), body);

    let (_simulator, answer) = struck(Fault::ErrorWith200 { code: -371, message: "no".into() }).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"s": "error", "code": -371, "message": "no"}));
}

#[tokio::test]
async fn wrong_types_keep_the_verdict_and_nothing_else() {
    let simulator = start_with_refresh(&morning());
    simulator.inject(FaultRule::once(endpoint::VALIDATE_REFRESH_TOKEN, Fault::WrongTypes));
    let (_, answer) = refresh(&simulator, &simulator.mint(TokenKind::Refresh), "1234").await;
    assert_eq!(answer, json!({"s": "ok", "code": "two hundred", "message": 12345, "access_token": 12345}));
}

#[tokio::test]
async fn an_unacknowledged_order_is_in_the_book() {
    let simulator = start(&morning());
    simulator.inject(FaultRule::once(endpoint::ORDERS_SYNC, Fault::Unacknowledged));
    let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 2, "side": 1, "productType": "INTRADAY",
        "limitPrice": 0, "stopPrice": 0, "disclosedQty": 0, "validity": "DAY", "offlineOrder": false});
    let (_, answer) =
        common::call(&simulator, reqwest::Method::POST, endpoint::ORDERS_SYNC, Some(order)).await;
    assert_eq!((&answer["s"], &answer["code"]), (&json!("ok"), &json!(201)));
    assert_eq!(simulator.state().orders[0]["id"], answer["id"]);
}

#[tokio::test]
async fn too_many_requests_says_when_to_come_back() {
    let (_simulator, answer) = struck(Fault::RateLimited { retry_after: 7 }).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.headers()["x-retry-after-ms"], "7000");
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], -429);
}

#[tokio::test]
async fn a_redirect_names_another_host() {
    let location = "https://elsewhere.example/api/v3/profile";
    let (_simulator, answer) = struck(Fault::Redirect { location: location.into() }).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (302, &location.parse().unwrap()));
}

#[tokio::test]
async fn a_script_plays_in_order_on_its_own_path_only() {
    let simulator = start(&morning());
    simulator
        .script(Scope::exact(endpoint::PROFILE), [Fault::Pass, Fault::Html { status: 503 }, Fault::Pass]);
    let other = client().get(format!("{}/funds", simulator.api_url())).send().await.unwrap();
    assert_eq!(other.status(), 401);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(get(&simulator, &client()).await.unwrap().status().as_u16());
    }
    assert_eq!(seen, [401, 503, 401]);
    assert!(simulator.state().faults.is_empty());
}

#[tokio::test]
async fn an_outage_of_one_service_leaves_the_other_and_the_control_alone() {
    let simulator = start(&morning());
    let (fyers, telegram) = (client(), client());
    let me = format!("{}/bot123456789:SIMULATED-bot-token/GetMe", simulator.telegram_url());
    assert_eq!(get(&simulator, &fyers).await.unwrap().status(), 401, "a kept-alive connection exists");

    simulator.set_outage(Service::Fyers, true);
    assert!(get(&simulator, &fyers).await.is_err());
    assert_eq!(telegram.get(&me).send().await.unwrap().status(), 200);
    let state = fyers.get(format!("{}/state", simulator.control_url())).send().await.unwrap();
    assert_eq!(state.status(), 200);

    simulator.set_outage(Service::Fyers, false);
    simulator.set_outage(Service::Telegram, true);
    assert_eq!(get(&simulator, &fyers).await.unwrap().status(), 401);
    assert!(telegram.get(&me).send().await.is_err());
}
