//! Logging in, refreshing, and being turned away.

#![allow(clippy::unwrap_used)]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::{
    APP_ID, app_id_hash, call_as, client, keys, morning, post, refresh, sorted, start, start_with_refresh,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::{ApiError, Fault, FaultRule, RefreshMode, Simulator, TokenKind, endpoint};

fn error(error: ApiError) -> (StatusCode, Value) {
    let (status, code, message) = error.parts();
    (StatusCode::from_u16(status).unwrap(), json!({"s": "error", "code": code, "message": message}))
}

async fn buy(simulator: &Simulator, code: &str) -> (StatusCode, Value) {
    let body = json!({"grant_type": "authorization_code", "appIdHash": app_id_hash(), "code": code});
    post(simulator, "/api/v3/validate-authcode", body).await
}

#[tokio::test]
async fn a_login_gives_a_code_that_buys_tokens_once() {
    let simulator = start(&morning());
    simulator.set_instant_login(true);
    let login = format!(
        "{}/generate-authcode?&client_id={APP_ID}&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Ffyers%2Fcallback\
         &response_type=code&state=abc",
        simulator.api_url()
    );
    let response = client().get(login).send().await.unwrap();
    assert_eq!(response.status(), 302);
    let target = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    let given = |name: &str| target.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!((given("s"), given("code"), given("state")), ("ok".into(), "200".into(), "abc".into()));
    let code = given("auth_code");

    let (status, tokens) = buy(&simulator, &code).await;
    assert_eq!(status, 200);
    assert_eq!(keys(&tokens), sorted("s code message access_token refresh_token"));
    let header = format!("{APP_ID}: {} ", tokens["access_token"].as_str().unwrap());
    let (status, profile) = call_as(&simulator, Method::GET, "/api/v3/profile", None, Some(&header)).await;
    assert_eq!((status, &profile["data"]["fy_id"]), (StatusCode::OK, &json!("XX00001")));

    assert_eq!(buy(&simulator, &code).await, error(ApiError::InvalidAuthCode));
}

#[tokio::test]
async fn an_auth_code_dies_after_eight_hours_and_twenty_minutes() {
    let clock = morning();
    let simulator = start(&clock);
    let (early, late) = (simulator.mint(TokenKind::AuthCode), simulator.mint(TokenKind::AuthCode));
    clock.advance(TimeDelta::seconds(29_999));
    assert_eq!(buy(&simulator, &early).await.0, 200);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(buy(&simulator, &late).await, error(ApiError::InvalidAuthCode));
}

#[tokio::test]
async fn a_login_for_another_app_or_address_is_refused() {
    let simulator = start(&morning());
    let url = |id: &str, to: &str| {
        format!(
            "{}/generate-authcode?client_id={id}&redirect_uri={to}&response_type=code",
            simulator.api_url()
        )
    };
    for (url, code) in [
        (url("ABCD1234EF", "http://127.0.0.1:8080/fyers/callback"), -352),
        (url(APP_ID, "http://evil.example/"), -50),
    ] {
        let response = client().get(url).send().await.unwrap();
        assert_eq!(response.status(), 400);
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(body["code"], code);
    }
}

#[tokio::test]
async fn each_fault_in_a_code_request_has_its_own_code() {
    let simulator = start(&morning());
    let code = simulator.mint(TokenKind::AuthCode);
    let good = json!({"grant_type": "authorization_code", "appIdHash": app_id_hash(), "code": code});
    let changes = [
        ("grant_type", Some("refresh_token"), ApiError::InvalidGrantType),
        ("grant_type", None, ApiError::InvalidGrantType),
        ("appIdHash", Some("00"), ApiError::AppIdHashMismatch),
        ("appIdHash", None, ApiError::InvalidInput),
        ("code", Some(""), ApiError::AuthCodeMissing),
        ("code", None, ApiError::AuthCodeMissing),
        ("code", Some("a.b.c"), ApiError::InvalidAuthCode),
        ("extra", Some("x"), ApiError::InvalidInput),
    ];
    for (name, value, wanted) in changes {
        let mut body = good.clone();
        match value {
            Some(value) => body[name] = json!(value),
            None => drop(body.as_object_mut().unwrap().remove(name)),
        }
        let answer = post(&simulator, "/api/v3/validate-authcode", body).await;
        assert_eq!(answer, error(wanted), "{name} = {value:?}");
    }
    assert_eq!(buy(&simulator, &code).await.0, 200, "none of them used the code up");
}

#[tokio::test]
async fn the_label_of_the_body_does_not_matter() {
    let simulator = start(&morning());
    let code = simulator.mint(TokenKind::AuthCode);
    let body = json!({"grant_type": "authorization_code", "appIdHash": app_id_hash(), "code": code});
    let response = client()
        .post(format!("{}/validate-authcode", simulator.api_url()))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body.to_string());
    assert_eq!(response.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn refresh_is_off_by_regulation_unless_switched_on() {
    let clock = morning();
    let simulator = start(&clock);
    let token = simulator.mint(TokenKind::Refresh);
    let refused = error(ApiError::RefreshDisabled);
    assert_eq!(
        refused.1["message"],
        "Refresh token API is currently disabled to comply with SEBI regulations."
    );
    assert_eq!(refresh(&simulator, &token, "1234").await, refused);

    simulator.set_refresh(RefreshMode::Enabled);
    let (status, answer) = refresh(&simulator, &token, "1234").await;
    assert_eq!((status, keys(&answer)), (StatusCode::OK, sorted("s code message access_token")));

    simulator.set_rotation(true);
    let (_, answer) = refresh(&simulator, &token, "1234").await;
    assert_eq!(keys(&answer), sorted("s code message access_token refresh_token"));
}

#[tokio::test]
async fn a_refresh_needs_the_pin_and_a_live_token() {
    let clock = morning();
    let simulator = start_with_refresh(&clock);
    let token = simulator.mint(TokenKind::Refresh);
    assert_eq!(refresh(&simulator, &token, "9999").await, error(ApiError::InvalidPin));
    assert_eq!(refresh(&simulator, "a.b.c", "1234").await, error(ApiError::InvalidRefreshToken));
    let access = simulator.mint(TokenKind::Access);
    assert_eq!(refresh(&simulator, &access, "1234").await, error(ApiError::InvalidRefreshToken));
    let misspelt = json!({"grant_type": "refresh_token", "appIdHash": app_id_hash(), "refreshToken": token, "pin": "1234"});
    let answer = post(&simulator, "/api/v3/validate-refresh-token", misspelt).await;
    assert_eq!(answer, error(ApiError::InvalidInput));
    let number = json!({"grant_type": "refresh_token", "appIdHash": app_id_hash(), "refresh_token": token, "pin": 1234});
    let answer = post(&simulator, "/api/v3/validate-refresh-token", number).await;
    assert_eq!(answer, error(ApiError::InvalidInput));

    clock.set("2026-12-08T00:29:59Z".parse().unwrap());
    assert_eq!(refresh(&simulator, &token, "1234").await.0, 200);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(refresh(&simulator, &token, "1234").await, error(ApiError::InvalidRefreshToken));
}

#[tokio::test]
async fn every_way_a_token_fails_has_its_answer() {
    let clock = morning();
    let simulator = start(&clock);
    let (live, killed) = (simulator.mint(TokenKind::Access), simulator.mint(TokenKind::Access));
    let refresh = simulator.mint(TokenKind::Refresh);
    assert!(simulator.kill(&killed));
    let headers = [
        None,
        Some(live.clone()),
        Some(format!("WXYZ9876AB-100:{live}")),
        Some(format!("{APP_ID}:{killed}")),
        Some(format!("{APP_ID}:{refresh}")),
        Some(format!("{APP_ID}:garbage")),
    ];
    for header in &headers {
        for path in ["profile", "funds", "orders", "positions", "holdings", "tradebook"] {
            let path = format!("/api/v3/{path}");
            let answer = call_as(&simulator, Method::GET, &path, None, header.as_deref()).await;
            assert_eq!(answer, error(ApiError::NotAuthenticated), "{path} {header:?}");
        }
        for path in
            ["/data/quotes?symbols=NSE:SBIN-EQ", "/data/marketStatus", "/data/depth?symbol=NSE:SBIN-EQ"]
        {
            let answer = call_as(&simulator, Method::GET, path, None, header.as_deref()).await;
            assert_eq!(answer, error(ApiError::DataTokenInvalid), "{path} {header:?}");
        }
    }
    let good = format!("{APP_ID}:{live}");
    clock.set("2026-11-24T00:29:59Z".parse().unwrap());
    assert_eq!(call_as(&simulator, Method::GET, "/api/v3/profile", None, Some(&good)).await.0, 200);
    clock.advance(TimeDelta::seconds(1));
    for path in ["/api/v3/profile", "/data/marketStatus"] {
        let answer = call_as(&simulator, Method::GET, path, None, Some(&good)).await;
        assert_eq!(answer, error(ApiError::TokenExpired), "{path}");
    }
}

#[tokio::test]
async fn logout_ends_one_token_whatever_the_body() {
    let simulator = start(&morning());
    let (one, two) = (simulator.mint(TokenKind::Access), simulator.mint(TokenKind::Access));
    let (one, two) = (format!("{APP_ID}:{one}"), format!("{APP_ID}:{two}"));
    let answer = call_as(&simulator, Method::POST, "/api/v3/logout", Some(Value::Null), Some(&one)).await;
    let wanted = json!({"s": "ok", "code": 200, "message": "you are successfully logged out"});
    assert_eq!(answer, (StatusCode::OK, wanted));
    let again = call_as(&simulator, Method::POST, "/api/v3/logout", None, Some(&one)).await;
    assert_eq!(again, error(ApiError::LogoutTokenInvalid));
    assert_eq!(call_as(&simulator, Method::GET, "/api/v3/profile", None, Some(&two)).await.0, 200);
}

#[tokio::test]
async fn every_row_of_the_error_table_can_be_forced() {
    let simulator = start_with_refresh(&morning());
    for row in ApiError::ALL {
        simulator.inject(FaultRule::once(endpoint::VALIDATE_REFRESH_TOKEN, Fault::Error { error: row }));
        assert_eq!(refresh(&simulator, "x", "1234").await, error(row));
    }
}

#[tokio::test]
async fn the_date_header_follows_the_simulated_clock_and_its_skew() {
    let simulator = start(&morning());
    let url = format!("{}/profile", simulator.api_url());
    let date = |response: reqwest::Response| -> DateTime<Utc> {
        let headers = response.headers().get_all("date");
        assert_eq!(headers.iter().count(), 1);
        DateTime::parse_from_rfc2822(response.headers()["date"].to_str().unwrap()).unwrap().to_utc()
    };
    assert_eq!(date(client().get(&url).send().await.unwrap()), simulator.now());
    simulator.set_date_skew(-90);
    assert_eq!(date(client().get(&url).send().await.unwrap()), simulator.now() - TimeDelta::seconds(90));
}
