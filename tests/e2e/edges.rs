//! Answers to an order that are not FYERS' own: an edge's web page, an empty body, JSON of somebody else. None of
//! them ends the token, and none changes where an order goes.

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::support::{DEADLINE, Home, Keeper, block_on};

const STATUSES: [u16; 10] = [200, 201, 400, 401, 403, 404, 429, 500, 502, 503];

/// What trials found, and random JSON with random statuses. None of them is FYERS' own "this token is dead".
fn answers() -> Vec<Fault> {
    let json = |status: u16, body: Value| Fault::Json { status, body };
    let mut all = vec![
        Fault::Html { status: 401 },
        Fault::Html { status: 403 },
        Fault::Html { status: 502 },
        Fault::EmptyBody { status: 401 },
        Fault::EmptyBody { status: 200 },
        json(401, json!({"message": "Unauthorized"})),
        json(403, json!({"message": "Forbidden"})),
        json(401, json!({"s": "error", "message": "Could not authenticate the user"})),
        json(401, json!({"s": "ok", "code": -16})),
        json(200, json!(["error", -16])),
        json(401, json!("-16")),
        json(401, json!({"s": "error", "code": null})),
        json(401, json!({"error": {"s": "error", "code": -16}})),
        json(401, json!({"code": -16})),
        json(401, json!({"code": -1, "message": "Unauthorized"})),
        json(200, json!({"code": -8})),
        json(401, json!({"s": "failed", "code": -16})),
    ];
    // FYERS' envelope under a status that it does not say this with: a gateway's, or its own trouble.
    for status in [404, 429, 500, 502, 503, 504, 520] {
        all.push(json(
            status,
            json!({"s": "error", "code": -16, "message": "Could not authenticate the user"}),
        ));
    }
    let mut dice = StdRng::seed_from_u64(10);
    for _ in 0..40 {
        let status = STATUSES[dice.random_range(0..STATUSES.len())];
        all.push(json(status, random(&mut dice, 3)));
    }
    all
}

/// Any JSON but a verdict of FYERS': its codes are left out.
fn random(dice: &mut StdRng, depth: u32) -> Value {
    let words =
        ["s", "ok", "error", "code", "message", "id", "data", "-16", "Unauthorized", "<html>", "\u{202e}"];
    let word = |dice: &mut StdRng| words[dice.random_range(0..words.len())].to_owned();
    match dice.random_range(0..if depth == 0 { 4 } else { 6 }) {
        0 => Value::Null,
        1 => json!(dice.random::<bool>()),
        2 => json!(dice.random_range(0..2_000)),
        3 => json!(word(dice)),
        4 => (0..dice.random_range(0..4)).map(|_| random(dice, depth - 1)).collect(),
        _ => {
            let fields = (0..dice.random_range(0..4)).map(|_| (word(dice), random(dice, depth - 1)));
            Value::Object(fields.collect())
        }
    }
}

/// The venue and the mode that an order's answer names, and its body.
fn buy(home: &Home, keeper: &Keeper) -> (String, String, String) {
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY",
        "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let client = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let request = client.post(keeper.url("/api/v3/orders/sync")).json(&order);
    let request = request.header("authorization", format!("ANY-100:{}", key.trim()));
    block_on(async {
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let (venue, mode) = (header("x-keeper-order-venue"), header("x-keeper-mode"));
        (venue, mode, String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned())
    })
}

#[test]
fn no_answer_but_fyers_own_ends_a_token_or_moves_an_order() {
    let all = answers();
    // A keeper for some of them each: every order is followed by looks at the account, and FYERS' minute has an end.
    all.chunks(25).for_each(moves_nothing);
    println!("{} odd answers to orders: none ended the token, none moved an order", all.len());
}

fn moves_nothing(answers: &[Fault]) {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let scope = || Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    for fault in answers {
        home.sim.inject(FaultRule::once(scope(), fault.clone()));
        let (venue, mode, body) = buy(&home, &keeper);
        assert_eq!((venue.as_str(), mode.as_str()), ("fyers", "live"), "{fault:?}: {body}");
        assert!(!body.contains("MOCK"), "{fault:?}: {body}");
        let status = keeper.status();
        let state = (&status["mode"], &status["session"]["state"]);
        assert_eq!(state, (&"live".into(), &"valid".into()), "{fault:?}");
        home.sim.clear_faults();
    }
    let sent = home.sim.call_count(endpoint::ORDERS_SYNC).total;
    assert_eq!(sent, answers.len() as u64, "each was sent once");
    // FYERS' own words do both.
    assert!(home.sim.kill(&token));
    let (venue, mode, body) = buy(&home, &keeper);
    assert_eq!((venue.as_str(), mode.as_str()), ("mock", "mock"), "{body}");
}

#[test]
fn fyers_own_code_ends_a_token_in_whatever_writing() {
    for (status, code) in [(200, json!("-16")), (200, json!(-16)), (401, json!("-8")), (400, json!(-17))] {
        let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
        let home = home.set("KEEPER_MOCK_PRICES", "walk");
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        let keeper = home.start_ready();
        keeper.wait_status("live", |status| status["mode"] == "live");
        let body = json!({"s": "error", "code": code, "message": "Could not authenticate the user"});
        let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
        let fault = Fault::Json { status, body };
        home.sim.inject(FaultRule::once(scope.clone(), fault.clone()));
        // The profile call says that the token works: one answer is not enough to simulate an order.
        let (venue, mode, body) = buy(&home, &keeper);
        assert_eq!((venue.as_str(), mode.as_str()), ("fyers", "live"), "{status} {code}: {body}");
        assert!(body.contains("Could not authenticate the user") && !body.contains("MOCK"), "{body}");
        assert_eq!(keeper.status()["mode"], "live", "what is disproved switches nothing");
        let is_switch = |line: &&serde_json::Value| {
            line["event"] == "exchange.switched" && line["mode"] == "mock" && line["from"] == "live"
        };
        assert_eq!(keeper.lines().iter().find(is_switch), None);
        // The profile call says that it is dead.
        home.sim.inject(FaultRule::once(scope, fault));
        assert!(home.sim.kill(&token));
        let (venue, mode, body) = buy(&home, &keeper);
        assert_eq!((venue.as_str(), mode.as_str()), ("mock", "mock"), "{status} {code}: {body}");
        assert!(body.contains("SIMULATED by fyers-keeper"), "{body}");
        // FYERS is asked for the profile before a person is.
        keeper.wait_logged("token.rejected");
    }
}
