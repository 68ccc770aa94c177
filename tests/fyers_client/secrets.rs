//! Canaries: secrets are planted in everything that goes out and everything that comes back, and must not be
//! in anything that can be printed.

use std::{fmt::Debug, net::TcpListener};

use fyers_keeper::fyers::FyersClient;
use keeper_domain::{broker_error::BrokerError, ports::Broker, secret::AuthCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{
    ACCESS, HASH, PIN, REFRESH, Rude, SECRET, access, answering, answering_json, client, config, hasty,
    limiter, refresh,
};

const CODE: &str = "CANARY-auth-code";

/// Nothing secret, and no address either.
fn assert_clean(shown: &str) {
    for canary in ["CANARY", SECRET, ACCESS, REFRESH, HASH, CODE, "127.0.0.1", "http:"] {
        assert!(!shown.contains(canary), "{canary} leaks in {shown}");
    }
}

fn assert_all_clean(value: &(impl Debug + ?Sized)) {
    assert_clean(&format!("{value:?}"));
    assert_clean(&format!("{value:#?}"));
}

/// Every call, and the error each of them gives.
async fn errors(client: &FyersClient) -> Vec<BrokerError> {
    let code = AuthCode::new(CODE);
    let token = access();
    let all = [
        client.refresh(&refresh()).await.err(),
        client.login(&code).await.err(),
        Broker::profile(client, &token).await.err(),
        Broker::funds(client, &token).await.err(),
    ];
    // That of the session's funds is content with an "ok"; every other call fails here.
    let errors: Vec<_> = all.into_iter().flatten().collect();
    assert!(errors.len() >= 3, "{errors:?}");
    errors
}

async fn assert_no_leak(client: &FyersClient) {
    for error in errors(client).await {
        assert_all_clean(&error);
        assert_clean(&error.to_string());
        assert!(std::error::Error::source(&error).is_none(), "no inner error is kept");
    }
}

#[tokio::test]
async fn no_error_of_the_line_shows_a_secret_or_an_address() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_no_leak(&client(&format!("http://{nobody}"))).await;
    assert_no_leak(&hasty(&format!("https://{nobody}"))).await;
    for answer in [
        b"".as_slice(),
        b"CANARY\r\n\r\n",
        b"HTTP/1.1 200 CANARY\r\nContent-Length: 99\r\n\r\n{\"CANARY",
        b"HTTP/1.1 302 CANARY\r\nLocation: http://CANARY/\r\nContent-Length: 0\r\n\r\n",
    ] {
        assert_no_leak(&client(&Rude::saying(answer).url())).await;
    }
    let slow = ResponseTemplate::new(200).set_delay(std::time::Duration::from_secs(60));
    let (server, _) = answering(slow).await;
    assert_no_leak(&hasty(&server.uri())).await;
}

#[tokio::test]
async fn no_error_of_the_answer_shows_a_secret() {
    let everything = format!("{SECRET} {HASH} {ACCESS} {REFRESH} {CODE} eyJCANARYCANARYCANARY.x");
    let canary = json!(everything);
    let bodies = [
        everything.clone(),
        json!([everything]).to_string(),
        json!({"s":everything}).to_string(),
        json!({"s":"ok","access_token":canary,"data":canary,"fund_limit":canary,"d":canary,"id":[canary],
            "orderBook":canary,"netPositions":canary}).to_string(),
        json!({"s":"ok","access_token":[canary],"data":{"fy_id":[canary]},"fund_limit":[{"id":1,"equityAmount":canary}],
            "d":[{"n":"NSE:A-EQ","s":"error","v":{"code":canary,"message":""}}],"orderBook":[{"status":canary}],
            "netPositions":[{"netQty":canary}]}).to_string(),
        format!("{{\"s\":\"ok\",\"x\":\"{everything}"),
    ];
    for status in [200, 400, 401, 403, 500] {
        for body in &bodies {
            let (_server, client) = answering_json(status, body).await;
            assert_no_leak(&client).await;
        }
    }
}

/// A broker that repeats in its message what it was sent.
#[tokio::test]
async fn the_brokers_own_words_are_cleaned() {
    let cases = [(SECRET, "secret"), (HASH, "hash"), (ACCESS, "access token"), (REFRESH, "refresh token")];
    for (canary, what) in cases {
        let body =
            json!({"s":"error","code":-16,"message":format!("bad {what}: {canary}\u{0}!")}).to_string();
        let (_server, client) = answering_json(401, &body).await;
        for error in errors(&client).await {
            assert_clean(&error.to_string());
            assert!(error.to_string().ends_with(&format!("bad {what}: [redacted]!")), "{error}");
        }
    }
    let body = json!({"s":"error","code":-1,"message":format!("wrong pin {PIN}, code {CODE}")}).to_string();
    let (_server, client) = answering_json(400, &body).await;
    let refused = client.refresh(&refresh()).await.unwrap_err().to_string();
    assert!(refused.contains("wrong pin [redacted]"), "{refused}");
    let refused = client.login(&AuthCode::new(CODE)).await.unwrap_err().to_string();
    assert!(refused.ends_with("code [redacted]"), "{refused}");
}

#[test]
fn debug_of_client_and_settings_shows_nothing() {
    let mut config = config("http://127.0.0.1:1");
    config.proxy = Some(SecretString::from("http://user:CANARY@proxy.example:3128"));
    assert_all_clean(&config);
    let client = FyersClient::new(config, limiter()).unwrap();
    assert_all_clean(&client);
    assert_eq!(format!("{client:?}"), "FyersClient { .. }");
}

#[test]
fn settings_errors_name_the_setting_only() {
    let mut bad = config("http://127.0.0.1:1");
    bad.proxy = Some(SecretString::from("http://user:CANARY@[bad"));
    assert_all_clean(&FyersClient::new(bad, limiter()).unwrap_err());
    let mut bad = config("http://127.0.0.1:1");
    bad.client_id = "CANARY\n".to_owned();
    assert_all_clean(&FyersClient::new(bad, limiter()).unwrap_err());
    let mut bad = config("http://127.0.0.1:1");
    bad.data_url = "https://CANARY:CANARY@fyers.example".parse().unwrap();
    assert_all_clean(&FyersClient::new(bad, limiter()).unwrap_err());
}

#[test]
fn the_redactor_learns_secret_and_hash_but_not_the_pin() {
    let secrets = client("http://127.0.0.1:1").secrets();
    let shown: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(shown, [SECRET, HASH]);
}
