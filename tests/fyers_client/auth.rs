//! Profile, refresh and login: what is sent, and what every documented answer becomes.

use keeper_domain::{
    broker_error::{BrokerError, Garble},
    ports::Broker,
    secret::AuthCode,
};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{
    ACCESS, APP, HASH, PIN, REFRESH, access, answering, answering_json, config, limiter, refresh,
};

const PROFILE: &str = r#"{"s":"ok","code":200,"message":"","data":{"name":"AXXX B","image":null,
    "display_name":null,"fy_id":"XX00001","totp":true,"pwd_to_expire":90}}"#;

#[tokio::test]
async fn a_profile_call_is_one_get_with_app_id_and_token() {
    let (server, client) = answering_json(200, PROFILE).await;
    let profile = Broker::profile(&client, &access()).await.unwrap();
    assert_eq!((profile.fy_id.as_str(), profile.name.as_str()), ("XX00001", "AXXX B"));

    let calls = server.received_requests().await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].method.as_str(), calls[0].url.path()), ("GET", "/api/v3/profile"));
    assert_eq!(calls[0].url.query(), None);
    assert_eq!(calls[0].headers["authorization"], format!("{APP}:{ACCESS}").as_str());
    assert_eq!(calls[0].headers["user-agent"], concat!("fyers-keeper/", env!("CARGO_PKG_VERSION")));
    assert!(calls[0].headers.get("accept-encoding").is_none(), "nothing may be unpacked here");
    assert!(calls[0].body.is_empty());
}

#[tokio::test]
async fn a_refresh_is_one_post_without_an_authorization_header() {
    let (server, client) =
        answering_json(200, r#"{"s":"ok","code":200,"message":"","access_token":"eyJ.n.w"}"#).await;
    let tokens = client.refresh(&refresh()).await.unwrap();
    assert_eq!((tokens.access.expose(), tokens.refresh), ("eyJ.n.w", None));

    let calls = server.received_requests().await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].method.as_str(), calls[0].url.path()), ("POST", "/api/v3/validate-refresh-token"));
    assert_eq!(calls[0].headers["content-type"], "application/json");
    assert!(calls[0].headers.get("authorization").is_none());
    let body: Value = calls[0].body_json().unwrap();
    let want = json!({"grant_type":"refresh_token","appIdHash":HASH,"refresh_token":REFRESH,"pin":PIN});
    assert_eq!(body, want);
}

#[tokio::test]
async fn a_login_is_one_post_with_the_code() {
    let body = r#"{"s":"ok","code":200,"message":"","access_token":"eyJ.a.b","refresh_token":"eyJ.r.t"}"#;
    let (server, client) = answering_json(200, body).await;
    let tokens = client.login(&AuthCode::new("eyJ.auth.code")).await.unwrap();
    assert_eq!(tokens.access.expose(), "eyJ.a.b");
    assert_eq!(tokens.refresh.unwrap().expose(), "eyJ.r.t");

    let calls = server.received_requests().await.unwrap();
    assert_eq!((calls.len(), calls[0].url.path()), (1, "/api/v3/validate-authcode"));
    assert!(calls[0].headers.get("authorization").is_none());
    let body: Value = calls[0].body_json().unwrap();
    assert_eq!(body, json!({"grant_type":"authorization_code","appIdHash":HASH,"code":"eyJ.auth.code"}));
}

#[test]
fn the_login_link_says_what_fyers_asks_for() {
    let client = fyers_keeper::fyers::FyersClient::new(config("https://fyers.example"), limiter()).unwrap();
    let url = client.login_url("https://me.example/a b?c", "st&te");
    assert_eq!(
        url.as_str(),
        "https://fyers.example/api/v3/generate-authcode?client_id=ABCD1234EF-100\
         &redirect_uri=https%3A%2F%2Fme.example%2Fa+b%3Fc&response_type=code&state=st%26te"
    );
}

#[tokio::test]
async fn without_a_pin_nothing_is_sent() {
    let (server, _) = answering_json(200, "{}").await;
    let mut config = config(&server.uri());
    config.pin = None;
    let error = fyers_keeper::fyers::FyersClient::new(config, limiter())
        .unwrap()
        .refresh(&refresh())
        .await
        .unwrap_err();
    assert!(matches!(error, BrokerError::Refused { status: 0, code: 0, .. }), "{error:?}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

/// docs/fyers-api.md, "Auth errors", and section 2.4.
const REFUSALS: [(u16, i64, &str); 17] = [
    (401, -8, "Your token has expired. Please generate a token"),
    (401, -14, ""),
    (401, -15, "Please provide valid token"),
    (401, -16, "Could not authenticate the user"),
    (401, -16, "Token is Invalid or Expired"),
    (400, -16, "Refresh token API is currently disabled to comply with SEBI regulations."),
    (401, -17, "Could not authenticate the user"),
    (400, -96, "An unexpected error occurred. Please contact support."),
    (400, -352, "Invalid app id"),
    (400, -371, "Please provide sha256 hash of appId and app secret"),
    (403, -373, "please provide valid permission"),
    (400, -374, "Please provide authorization code."),
    (400, -437, "invalid auth code"),
    (400, -441, "invalid grant type"),
    (400, -501, "Please provide valid refresh token"),
    (401, -1025, "captcha"),
    (
        400,
        -50,
        "Request rejected: Order placement restricted. Algo orders are not allowed from this app ABCD1234EF-100",
    ),
];

#[tokio::test]
async fn every_documented_refusal_comes_through_with_status_code_and_words() {
    for (status, code, message) in REFUSALS {
        for status in [status, 200] {
            let body = json!({"code":code,"message":message,"s":"error"}).to_string();
            let (server, client) = answering_json(status, &body).await;
            let want = BrokerError::Refused { status, code, message: message.to_owned() };
            assert_eq!(client.refresh(&refresh()).await.unwrap_err(), want);
            assert_eq!(Broker::profile(&client, &access()).await.unwrap_err(), want);
            assert_eq!(client.login(&AuthCode::new("eyJ.auth.code")).await.unwrap_err(), want);
            assert_eq!(server.received_requests().await.unwrap().len(), 3, "one call each, no retry");
        }
    }
}

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn a_rate_limit_is_one_by_status_or_by_code_and_says_how_long() {
    let limit = json!({"s":"error","code":-429,"message":"Request limit reached"});
    let date = ("date", "Mon, 23 Nov 2026 03:15:00 GMT");
    let cases: [(u16, Headers<'_>, Option<u64>); 5] = [
        (429, &[("retry-after", "7")], Some(7)),
        (429, &[date, ("retry-after", "Mon, 23 Nov 2026 03:15:30 GMT")], Some(30)),
        (429, &[], None),
        (400, &[("retry-after", "3")], Some(3)),
        (200, &[], None),
    ];
    for (status, headers, seconds) in cases {
        let template = ResponseTemplate::new(status).set_body_json(&limit);
        let template = headers.iter().fold(template, |t, (name, value)| t.insert_header(*name, *value));
        let (_server, client) = answering(template).await;
        let retry_after = seconds.map(std::time::Duration::from_secs);
        let error = client.refresh(&refresh()).await.unwrap_err();
        assert_eq!(error, BrokerError::RateLimited { retry_after });
    }
    let (_server, client) = answering(ResponseTemplate::new(429).set_body_string("<html>slow</html>")).await;
    assert_eq!(client.refresh(&refresh()).await.unwrap_err(), BrokerError::RateLimited { retry_after: None });
}

#[tokio::test]
async fn token_answers_with_wrong_fields_name_the_field() {
    let bad = [json!(null), json!(7), json!({}), json!(["x"]), json!(""), json!("with space"), json!("a\nb")];
    for value in bad {
        let body = json!({"s":"ok","code":200,"access_token":value}).to_string();
        let (_server, client) = answering_json(200, &body).await;
        let want = BrokerError::Garbled { status: 200, garble: Garble::Field("access_token") };
        assert_eq!(client.refresh(&refresh()).await.unwrap_err(), want, "{body}");
    }
    for odd in [json!(null), json!(7), json!("")] {
        let body = json!({"s":"ok","access_token":"eyJ.a.b","refresh_token":odd}).to_string();
        let (_server, client) = answering_json(200, &body).await;
        assert_eq!(client.refresh(&refresh()).await.unwrap().refresh, None, "the good token is not lost");
    }
}

#[tokio::test]
async fn profile_answers_with_wrong_fields_name_the_field() {
    let cases = [
        (json!({"s":"ok"}), "data"),
        (json!({"s":"ok","data":[]}), "data"),
        (json!({"s":"ok","data":{}}), "fy_id"),
        (json!({"s":"ok","data":{"fy_id":7}}), "fy_id"),
        (json!({"s":"ok","data":{"fy_id":""}}), "fy_id"),
        (json!({"s":true,"data":{"fy_id":"XX00001"}}), "s"),
    ];
    for (body, field) in cases {
        let (_server, client) = answering_json(200, &body.to_string()).await;
        let want = BrokerError::Garbled { status: 200, garble: Garble::Field(field) };
        assert_eq!(Broker::profile(&client, &access()).await.unwrap_err(), want, "{body}");
    }
    for body in
        [r#"{"s":"ok","data":{"fy_id":"XX00001"}}"#, r#"{"s":"ok","data":{"fy_id":"XX00001","name":7}}"#]
    {
        let (_server, client) = answering_json(200, body).await;
        assert_eq!(Broker::profile(&client, &access()).await.unwrap().name, "", "a name is optional");
    }
}

#[tokio::test]
async fn a_flood_of_bad_codes_reaches_fyers_a_few_times_only() {
    let (server, client) =
        answering_json(400, r#"{"s":"error","code":-437,"message":"invalid auth code"}"#).await;
    let code = AuthCode::new("a.b.c");
    let mut limited = 0;
    for _ in 0..40 {
        let error = client.login(&code).await.unwrap_err();
        limited += usize::from(matches!(error, BrokerError::LoginsHeld { .. }));
    }
    assert_eq!((server.received_requests().await.unwrap().len(), limited), (16, 24));
}
