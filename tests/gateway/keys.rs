//! Who comes in, and with what credentials it goes on.

use std::sync::Arc;

use fyers_api::http::ApiResponse;

use crate::support::{APP, Behind, Gateway, KEY, Message, TOKEN, Upstream, fyers_proxy, live};

fn with(gateway: &Gateway, target: &str, authorization: Option<&str>) -> Message {
    let line = authorization.map_or(String::new(), |value| format!("authorization: {value}\r\n"));
    gateway.write(format!("GET {target} HTTP/1.1\r\nhost: keeper\r\n{line}\r\n"))
}

fn nobody() -> Gateway {
    Gateway::start(Behind::Canned(Box::new(live(ApiResponse { status: 200, ..ApiResponse::default() }))))
}

#[test]
fn the_key_is_taken_wherever_a_program_puts_its_token() {
    let gateway = nobody();
    for good in [
        KEY.to_owned(),
        format!("{APP}:{KEY}"),
        format!("{APP}: {KEY}"),
        format!(":{KEY}"),
        format!("anything at all:{KEY}"),
        format!("Bearer {KEY}"),
        format!("bearer  {KEY}"),
        format!("Bearer {APP}:{KEY}"),
    ] {
        assert_eq!(with(&gateway, "/api/v3/profile", Some(&good)).status(), 200, "{good}");
    }
}

#[test]
fn every_other_key_gets_one_and_the_same_answer() {
    let gateway = nobody();
    let short = &KEY[..KEY.len() - 1];
    let bad = [
        None,
        Some(String::new()),
        Some(":".to_owned()),
        Some("Bearer ".to_owned()),
        Some(APP.to_owned()),
        Some(format!("{APP}:")),
        Some(format!("{APP}:{short}")),
        Some(format!("{APP}:{KEY}x")),
        Some(format!("{APP}:{}", KEY.to_lowercase())),
        Some(format!("{KEY}:{APP}")),
        Some(format!("a:b:{KEY}")),
        Some(format!("Basic {KEY}")),
        Some(format!("{KEY}, {KEY}")),
        Some(format!("{APP}:{TOKEN}")),
    ];
    for (target, code, message) in [
        ("/api/v3/profile", -16, "Could not authenticate the user"),
        ("/api/v3/orders/sync", -16, "Could not authenticate the user"),
        ("/api/v3/../x", -16, "Could not authenticate the user"),
        ("/data/quotes", -15, "Please provide valid token"),
        ("/data/history", -16, "Could not authenticate the user"),
    ] {
        let shape = |answer: Message| {
            let headers = answer.headers.into_iter().filter(|(name, _)| name != "date").collect::<Vec<_>>();
            (answer.first, headers, String::from_utf8(answer.body).unwrap())
        };
        let answers: Vec<_> = bad.iter().map(|key| shape(with(&gateway, target, key.as_deref()))).collect();
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
        let (first, _, body) = &answers[0];
        assert!(first.contains(" 401 "), "{first}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["s"], &body["code"]), (&serde_json::json!("error"), &serde_json::json!(code)));
        // FYERS' words first, for bots that look for them; then what to do.
        let words = body["message"].as_str().unwrap();
        assert!(words.starts_with(message) && words.contains("`fyers-keeper key show`"), "{words}");
    }
    assert_eq!(gateway.calls(), 0);
}

#[test]
fn an_order_with_a_bad_key_is_answered_before_the_door_closes() {
    let gateway = nobody();
    let body = "x".repeat(300_000);
    let head = format!(
        "POST /api/v3/orders/sync HTTP/1.1\r\nhost: keeper\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    assert_eq!(gateway.write(head + &body).status(), 401);
}

#[test]
fn the_bots_credentials_end_here_and_the_keepers_never_come_out() {
    let upstream = Upstream::saying(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: __cf_bm=CANARYcookie\r\n\
         connection: keep-alive\r\ncontent-length: 2\r\n\r\n{}",
    );
    let gateway = Gateway::before(&upstream);
    let more = format!(
        "cookie: session={KEY}\r\nx-api-key: {KEY}\r\nproxy-authorization: {KEY}\r\nreferer: http://{KEY}/\r\n"
    );
    let answer = gateway.ask("POST", "/api/v3/orders/sync", &more, b"{}");
    assert_eq!(answer.status(), 200);

    let sent = upstream.last();
    assert_eq!(sent.header("authorization"), Some(format!("{APP}:{TOKEN}").as_str()));
    assert!(!sent.everything().contains(KEY), "{sent:?}");
    let mut names: Vec<_> = sent.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "content-length", "host", "user-agent"]);
    for secret in [TOKEN, "CANARY"] {
        assert!(!answer.everything().contains(secret), "{answer:?}");
    }
}

#[test]
fn no_secret_is_in_an_error_either() {
    let upstream = Upstream::start(|_, stream| stream.shutdown(std::net::Shutdown::Both).unwrap());
    let proxy = fyers_proxy(&upstream);
    assert!(!format!("{proxy:?}").contains("CANARY"));
    let gateway = Gateway::start(Behind::BrokerProxy(Arc::new(proxy)));
    let answer = gateway.get("/api/v3/profile?x=CANARYquery");
    assert_eq!(answer.status(), 502);
    assert!(answer.text().contains("Broken") && !answer.everything().contains("CANARY"), "{answer:?}");
    assert_eq!(upstream.seen().len(), 1, "nothing is tried twice");
}

#[test]
fn a_bot_cannot_touch_the_session() {
    let gateway = nobody();
    for target in [
        "/api/v3/validate-authcode",
        "/api/v3/validate-refresh-token",
        "/api/v3/generate-authcode?client_id=x",
        "/api/v3/logout",
        "/api/v3/LOGOUT",
        "/api/v3//logout",
        "/api/v3/logout/",
        "/api/v3/token",
    ] {
        for key in [Some(KEY), None] {
            let answer = with(&gateway, target, key);
            let body = answer.json();
            assert_eq!(
                (answer.status(), &body["s"], &body["code"]),
                (403, &"error".into(), &(-373).into()),
                "{target}"
            );
            assert!(body["message"].as_str().unwrap().contains("The keeper logs in and out by itself"));
        }
    }
    assert_eq!(gateway.calls(), 0);
}

/// T22: what 20 of 22 public bots do first.
#[test]
fn a_login_with_the_gateway_key_as_secret_is_answered_with_the_key() {
    let gateway = nobody();
    let send = |app: &str, secret: &str, code: &str| {
        use sha2::{Digest, Sha256};
        let hash = hex::encode(Sha256::digest(format!("{app}:{secret}")));
        let body = format!(r#"{{"grant_type":"authorization_code","appIdHash":"{hash}","code":"{code}"}}"#);
        let head = "POST /api/v3/validate-authcode HTTP/1.1\r\nhost: localhost\r\ncontent-type: \
                    application/x-www-form-urlencoded\r\ncontent-length: ";
        gateway.write(format!("{head}{}\r\n\r\n{body}", body.len()))
    };
    let real_code = fyers_api::claims::fake(&serde_json::json!({"app_id": "WXYZ987654", "sub": "auth_code"}));
    for (app, code) in [(APP, APP), ("WXYZ987654-200", real_code.as_str())] {
        let answer = send(app, KEY, code);
        assert_eq!((answer.status(), answer.json()["access_token"].as_str()), (200, Some(KEY)), "{app}");
        assert_eq!(answer.header("x-keeper-order-venue"), Some("none"));
    }
    for (app, secret, code) in [(APP, "wrong", APP), (APP, KEY, "code"), (APP, "", APP)] {
        let answer = send(app, secret, code);
        assert_eq!((answer.status(), answer.json()["code"].as_i64()), (403, Some(-373)), "{secret}");
        assert!(answer.text().contains("give it the gateway key as the app's secret"));
        assert!(!answer.text().contains(KEY));
    }
    assert_eq!(gateway.calls(), 0);
}

#[test]
fn secrets_guessed_by_login_are_limited_like_wrong_keys() {
    let gateway = nobody();
    let body = r#"{"appIdHash":"00","code":"x"}"#;
    let one = || gateway.ask("POST", "/api/v3/validate-authcode", "", body.as_bytes()).status();
    let statuses: Vec<_> = (0..150).map(|_| one()).collect();
    assert!(statuses[0] == 403 && statuses.contains(&429), "{statuses:?}");
}
