//! A person logs in through the pages: forms only, no cookies, no scripts.

#![allow(clippy::unwrap_used)]

mod common;

use chrono::TimeDelta;
use common::{APP_ID, app_id_hash, call_as, client, morning, post, start};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use simulator::{Account, ApiError, LoginStep, Options, Simulator, TokenKind, TokenStatus, endpoint};

/// A browser without cookies, at one page of a login.
struct Browser {
    root: String,
    session: String,
    page: String,
    status: u16,
}

impl Browser {
    async fn open(simulator: &Simulator) -> Self {
        let response = client().get(simulator.login_url("st&te=1")).send().await.unwrap();
        assert_eq!(response.status(), 302);
        assert!(!response.headers().contains_key("set-cookie"));
        let root = simulator.api_url().replace("/api/v3", "");
        let (session, page, status) = (String::new(), String::new(), 0);
        let mut browser = Self { root, session, page, status };
        browser.follow(&location(&response)).await;
        browser
    }

    async fn follow(&mut self, path: &str) {
        let response = client().get(format!("{}{path}", self.root)).send().await.unwrap();
        self.show(response).await;
    }

    async fn show(&mut self, response: Response) {
        self.status = response.status().as_u16();
        self.page = response.text().await.unwrap();
        let hidden = self.page.split("name=\"session\" value=\"").nth(1);
        if let Some(session) = hidden.and_then(|rest| rest.split('"').next()) {
            session.clone_into(&mut self.session);
        }
    }

    /// Fills in the form that is on the page and follows inner redirects; the address when they lead out.
    async fn send(&mut self, field: &str, value: &str) -> Option<String> {
        let action = self.page.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        self.send_to(&action, field, value).await
    }

    async fn send_to(&mut self, action: &str, field: &str, value: &str) -> Option<String> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let body = form.append_pair("session", &self.session).append_pair(field, value).finish();
        let request = client().post(format!("{}{action}", self.root)).body(body);
        let kind = "application/x-www-form-urlencoded";
        let response = request.header("Content-Type", kind).send().await.unwrap();
        if response.status() != 303 {
            self.show(response).await;
            return None;
        }
        let next = location(&response);
        if next.starts_with('/') {
            self.follow(&next).await;
            return None;
        }
        Some(next)
    }

    /// Walks to the consent page.
    async fn up_to_consent(simulator: &Simulator, user: &str, pin: &str) -> Self {
        let mut browser = Self::open(simulator).await;
        for (field, value) in [("client_id", user), ("otp", "123456"), ("pin", pin)] {
            assert!(browser.has(field), "{field}: {}", browser.page);
            assert_eq!(browser.send(field, value).await, None);
        }
        assert!(browser.has("allow") && browser.has("deny"), "{}", browser.page);
        browser
    }

    fn has(&self, id: &str) -> bool {
        self.page.contains(&format!("id=\"{id}\""))
    }
}

fn location(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// What a redirect back to the app says, in order.
fn pairs(address: &str) -> Vec<(String, String)> {
    url::Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn refusal(error: ApiError) -> Vec<(String, String)> {
    let (_, code, message) = error.parts();
    vec![
        pair("s", "error"),
        pair("code", &code.to_string()),
        pair("message", message),
        pair("state", "st&te=1"),
    ]
}

async fn buy(simulator: &Simulator, code: &str) -> (StatusCode, Value) {
    let body = json!({"grant_type": "authorization_code", "appIdHash": app_id_hash(), "code": code});
    post(simulator, "/api/v3/validate-authcode", body).await
}

async fn profile_of(simulator: &Simulator, token: &str) -> Value {
    let header = format!("{APP_ID}:{token}");
    let (status, profile) = call_as(simulator, Method::GET, "/api/v3/profile", None, Some(&header)).await;
    assert_eq!(status, 200);
    profile["data"]["fy_id"].clone()
}

#[tokio::test]
async fn a_person_walks_through_the_pages_and_the_code_buys_tokens_once() {
    let simulator = start(&morning());
    let mut browser = Browser::up_to_consent(&simulator, " xx00001 ", "1234").await;
    assert!(browser.page.contains("name=\"viewport\"") && !browser.page.contains("<script"));
    let target = browser.send("decision", "allow").await.unwrap();
    assert!(target.starts_with("http://127.0.0.1:8080/fyers/callback?s=ok&code=200&auth_code="), "{target}");
    let pairs = pairs(&target);
    assert_eq!((pairs.len(), &pairs[3]), (4, &pair("state", "st&te=1")));

    let (status, tokens) = buy(&simulator, &pairs[2].1).await;
    assert_eq!(status, 200);
    assert_eq!(profile_of(&simulator, tokens["access_token"].as_str().unwrap()).await, "XX00001");
    let (status, body) = buy(&simulator, &pairs[2].1).await;
    assert_eq!((status.as_u16(), &body["code"]), (400, &json!(-437)), "a replayed code");

    browser.send_to(endpoint::LOGIN_CONSENT, "decision", "allow").await;
    assert_eq!((browser.status, browser.has("restart")), (410, true), "a replayed form");
    let codes = simulator.state().tokens.into_iter().filter(|token| token.kind == TokenKind::AuthCode);
    assert_eq!(codes.map(|code| code.status).collect::<Vec<_>>(), [TokenStatus::Used]);
}

#[tokio::test]
async fn a_code_from_the_pages_expires_by_the_simulated_clock() {
    let clock = morning();
    let simulator = start(&clock);
    let mut browser = Browser::up_to_consent(&simulator, "XX00001", "1234").await;
    let target = browser.send("decision", "allow").await.unwrap();
    clock.advance(TimeDelta::seconds(30_000));
    let (status, body) = buy(&simulator, &pairs(&target)[2].1).await;
    assert_eq!((status.as_u16(), &body["code"]), (400, &json!(-437)));
}

#[tokio::test]
async fn denying_leads_back_with_an_error() {
    let simulator = start(&morning());
    let mut browser = Browser::up_to_consent(&simulator, "XX00001", "1234").await;
    assert_eq!(browser.send("decision", "perhaps").await, None);
    assert!(browser.has("error") && browser.has("deny"));
    let target = browser.send("decision", "deny").await.unwrap();
    assert_eq!(pairs(&target), refusal(ApiError::LoginRefused));
    assert!(simulator.state().tokens.is_empty());
}

#[tokio::test]
async fn a_wrong_entry_can_be_corrected_and_the_third_ends_the_login() {
    let simulator = start(&morning());
    let good = [("client_id", "NOBODY", "XX00001"), ("otp", "000000", "123456"), ("pin", "4321", "1234")];
    let mut browser = Browser::open(&simulator).await;
    for (field, wrong, right) in good {
        for _ in 0..2 {
            assert_eq!(browser.send(field, wrong).await, None);
            assert_eq!((browser.status, browser.has("error"), browser.has(field)), (422, true, true));
        }
        assert_eq!(browser.send(field, right).await, None);
        assert_eq!((browser.status, browser.has("error")), (200, false), "{field}");
    }
    for (at, (field, wrong, _)) in good.into_iter().enumerate() {
        let mut browser = Browser::open(&simulator).await;
        for (field, _, right) in &good[..at] {
            browser.send(field, right).await;
        }
        browser.send(field, wrong).await;
        browser.send(field, wrong).await;
        let target = browser.send(field, wrong).await.unwrap();
        assert_eq!(pairs(&target), refusal(ApiError::InvalidRequest), "{field}");
    }
    assert!(simulator.state().tokens.is_empty());
}

#[tokio::test]
async fn forms_out_of_turn_skip_nothing() {
    let simulator = start(&morning());
    let mut browser = Browser::open(&simulator).await;
    browser.send_to(endpoint::LOGIN_CONSENT, "decision", "allow").await;
    assert!(browser.has("client_id"));
    browser.send("client_id", "XX00001").await;
    browser.send_to(endpoint::LOGIN_PIN, "pin", "1234").await;
    assert!(browser.has("otp"));
    assert_eq!(simulator.state().logins[0].step, LoginStep::Otp);
    browser.follow("/login?session=unknown").await;
    assert_eq!((browser.status, browser.has("restart")), (410, false));
}

#[tokio::test]
async fn a_login_left_lying_expires_and_can_be_started_again() {
    let clock = morning();
    let simulator = start(&clock);
    let mut browser = Browser::up_to_consent(&simulator, "XX00001", "1234").await;
    clock.advance(TimeDelta::seconds(600));
    assert_eq!(browser.send("decision", "allow").await, None);
    assert_eq!((browser.status, browser.has("restart")), (410, true));
    let link = browser.page.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let response = client().get(format!("{}{link}", browser.root)).send().await.unwrap();
    assert_eq!(response.status(), 302);
    browser.follow(&location(&response)).await;
    assert!(browser.has("client_id"));

    simulator.expire_logins();
    browser.send("client_id", "XX00001").await;
    assert_eq!(browser.status, 410);
}

#[tokio::test]
async fn a_second_person_gets_tokens_for_their_own_account() {
    let simulator = start(&morning());
    assert_eq!(simulator.state().accounts, ["XX00001", "XX00002"]);
    let mut browser = Browser::up_to_consent(&simulator, "XX00002", "4321").await;
    let target = browser.send("decision", "allow").await.unwrap();
    let (_, tokens) = buy(&simulator, &pairs(&target)[2].1).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(profile_of(&simulator, token).await, "XX00002");

    let header = format!("{APP_ID}:{token}");
    let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "CNC",
        "limitPrice": 0.0, "stopPrice": 0.0, "disclosedQty": 0, "validity": "DAY", "offlineOrder": false});
    let (status, _) =
        call_as(&simulator, Method::POST, "/api/v3/orders/sync", Some(order), Some(&header)).await;
    assert_eq!((status.as_u16(), simulator.state().orders.len()), (200, 0), "the owner's book is untouched");
    let (_, book) = call_as(&simulator, Method::GET, "/api/v3/orders", None, Some(&header)).await;
    assert_eq!(book["orderBook"][0]["clientId"], "XX00002");
    assert_eq!(profile_of(&simulator, &simulator.mint(TokenKind::Access)).await, "XX00001");
    assert_eq!(simulator.mint_for("NOBODY", TokenKind::Access), None);
    let other = simulator.callback_url_for("XX00002", "abc").unwrap();
    let (_, tokens) = buy(&simulator, &pairs(&other)[2].1).await;
    assert_eq!(profile_of(&simulator, tokens["access_token"].as_str().unwrap()).await, "XX00002");
}

#[tokio::test]
async fn an_owner_who_has_the_second_persons_id_is_still_the_owner() {
    let account = Account { fy_id: "XX00002".into(), name: "Owner".into(), ..Account::default() };
    let simulator = Simulator::start(Options { account, ..Options::default() }).unwrap();
    assert_eq!(simulator.state().accounts, ["XX00002"]);
    let header = format!("{APP_ID}:{}", simulator.mint(TokenKind::Access));
    let (_, profile) = call_as(&simulator, Method::GET, "/api/v3/profile", None, Some(&header)).await;
    assert_eq!(profile["data"]["name"], "Owner");
}

#[tokio::test]
async fn the_redirect_page_shows_the_code_as_text() {
    let simulator = start(&morning());
    simulator.set_redirect_uri(&simulator.redirect_page_url());
    let mut browser = Browser::up_to_consent(&simulator, "XX00001", "1234").await;
    let target = browser.send("decision", "allow").await.unwrap();
    let page = client().get(target).send().await.unwrap();
    assert_eq!(page.headers()["cache-control"], "no-store");
    let page = page.text().await.unwrap();
    let code = page.split("id=\"auth_code\">").nth(1).unwrap().split('<').next().unwrap();
    assert!(page.contains("<code id=\"state\">st&amp;te=1</code>"), "{page}");
    assert_eq!(buy(&simulator, code).await.0, 200);

    let mut browser = Browser::up_to_consent(&simulator, "XX00001", "1234").await;
    let target = browser.send("decision", "deny").await.unwrap();
    let page = client().get(target).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<code id=\"code\">-413</code>") && !page.contains("auth_code"), "{page}");
    let nasty = format!("{}?auth_code=%3Cscript%3E%22", simulator.redirect_page_url());
    let page = client().get(nasty).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("&lt;script&gt;&quot;"), "{page}");
}

#[tokio::test]
async fn every_redirect_error_can_be_asked_for() {
    let simulator = start(&morning());
    for error in [ApiError::InvalidAppId, ApiError::LoginRefused, ApiError::InvalidRequest] {
        simulator.refuse_next_login(error);
        let mut browser = Browser::up_to_consent(&simulator, "XX00001", "1234").await;
        let target = browser.send("decision", "allow").await.unwrap();
        assert_eq!(pairs(&target), refusal(error));
        simulator.refuse_next_login(error);
        simulator.set_instant_login(true);
        let response = client().get(simulator.login_url("st&te=1")).send().await.unwrap();
        assert_eq!(pairs(&location(&response)), refusal(error));
        simulator.set_instant_login(false);
    }
    let bad = simulator.login_url("st&te=1").replace("response_type=code", "response_type=token");
    let response = client().get(bad).send().await.unwrap();
    assert_eq!(pairs(&location(&response)), refusal(ApiError::InvalidRequest));
}

#[tokio::test]
async fn logins_can_be_steered_over_http() {
    let simulator = start(&morning());
    let control = |path: &'static str, body: Value| {
        let request = client().post(format!("{}/{path}", simulator.control_url())).json(&body);
        async move {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.json::<Value>().await.unwrap())
        }
    };
    assert_eq!(simulator.state().login_otp, "123456");
    control("redirect", json!({"uri": "http://127.0.0.1:9/back"})).await;
    control("login/settings", json!({"otp": "654321", "instant": true, "refuse": "login_refused"})).await;
    let response = client().get(simulator.login_url("s")).send().await.unwrap();
    assert!(location(&response).starts_with("http://127.0.0.1:9/back?s=error&code=-413"));
    let state = simulator.state();
    assert_eq!((state.login_otp.as_str(), state.instant_login), ("654321", true));

    control("login/settings", json!({"instant": false})).await;
    let mut browser = Browser::open(&simulator).await;
    control("login/settings", json!({"expire": true})).await;
    browser.send("client_id", "XX00001").await;
    assert_eq!(browser.status, 410);

    let (_, login) = control("login", json!({"state": "s", "client_id": "XX00002"})).await;
    assert!(login["url"].as_str().unwrap().starts_with("http://127.0.0.1:9/back?s=ok"));
    assert_eq!(control("login", json!({"state": "s", "client_id": "NOBODY"})).await.0, 400);
    let (_, minted) = control("tokens/mint", json!({"kind": "access", "client_id": "XX00002"})).await;
    assert_eq!(profile_of(&simulator, minted["token"].as_str().unwrap()).await, "XX00002");
    assert_eq!(control("tokens/mint", json!({"kind": "access", "client_id": "NOBODY"})).await.0, 400);
}
