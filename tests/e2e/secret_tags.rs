//! Orders whose `orderTag` or symbol is a secret: books, logs and alerts would show it, so they are refused in words.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use serde_json::{Value, json};
use simulator::TokenKind;

use crate::{
    bot::Bot,
    feed_client::key,
    keys::{SBIN, add, home, live, orders_at_fyers, taken},
    support::Home,
};

fn order(tag: &str) -> Value {
    json!({"symbol": SBIN, "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY", "limitPrice": 0, "stopPrice": 0,
        "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "stopLoss": 0, "takeProfit": 0, "orderTag": tag})
}

/// Every way in of an order that has a tag.
fn requests(tag: &str) -> [(&'static str, Value); 5] {
    let leg = json!({"side": 1, "symbol": SBIN, "productType": "CNC", "orderTag": tag,
        "orderInfo": {"leg1": {"price": 790, "triggerPrice": 791, "qty": 1}}});
    let legs = json!({"orderTag": tag, "productType": "MARGIN", "offlineOrder": false, "orderType": "3L", "validity": "IOC",
        "legs": {"leg1": {"symbol": SBIN, "qty": 1, "side": 1, "type": 1, "limitPrice": 800}}});
    let mut symbol = order("a1");
    symbol["symbol"] = json!(format!("NSE:{tag}-EQ"));
    [
        ("/api/v3/orders/sync", order(tag)),
        ("/api/v3/orders/sync", symbol),
        ("/api/v3/multi-order/sync", json!([order("a1"), order(tag)])),
        ("/api/v3/gtt/orders/sync", leg),
        ("/api/v3/multileg/orders/sync", legs),
    ]
}

fn everything_shown(home: &Home, bot: &Bot) -> String {
    let mut shown = String::new();
    for verb in ["orders", "positions", "status"] {
        shown += &home.run(&[verb, "--json"]).exits(0).out;
    }
    for path in ["/api/v3/orders", "/api/v3/tradebook", "/api/v3/positions"] {
        shown += &bot.body(path).to_string();
    }
    shown + &home.alerts().join("\n")
}

#[test]
fn a_tag_that_is_a_secret_is_refused_in_words_and_shown_nowhere() {
    let home = home().set("KEEPER_LOG", "trace");
    let keeper = live(&home);
    let gateway_key = key(&home);
    let token = home.newest(TokenKind::Access);
    let trial = Bot::with_token(&keeper, &add(&home, &["trial", "--mode", "sandbox"]));
    let main = Bot::with_key(&keeper, &gateway_key);
    let secrets = ["SIMULATED1".to_owned(), "simulated1".to_owned(), gateway_key, token];
    let mut tried = 0;
    for bot in [&main, &trial] {
        for secret in &secrets {
            for (path, body) in requests(secret) {
                let told = bot.ask(reqwest::Method::POST, path, Some(body));
                let message = told.body["message"].as_str().unwrap_or_default();
                assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{path}: {}", told.body);
                assert_eq!(told.body["code"], -50, "{}", told.body);
                assert!(message.contains("a key or token of this keeper stands in the order"), "{message}");
                tried += 1;
            }
        }
        // A PIN is not looked for: whoever could ask whether a tag is one would guess it.
        assert_eq!(bot.tagged(SBIN, 1, "1234").body["code"], 1101);
    }
    assert_eq!(orders_at_fyers(&home), 1, "of the bot at FYERS, the one with the good tag");
    taken(&main.tagged(SBIN, 1, "mytag1"), "fyers");
    let shown =
        everything_shown(&home, &main) + &everything_shown(&home, &trial) + &keeper.log() + &keeper.err();
    for secret in secrets.iter().filter(|secret| *secret != "simulated1") {
        assert!(!shown.contains(secret.as_str()), "{secret} is shown");
    }
    println!("tried: {tried} orders whose tag is a secret");
}

/// Tokens of bots, which the keeper knows by their digests alone: these were made before it began and were never shown to it.
#[test]
fn a_bots_token_in_an_order_is_refused_however_it_is_written() {
    let home = home();
    let tokens = [add(&home, &["quiet"]), add(&home, &["trial", "--mode", "sandbox"])];
    let keeper = live(&home);
    let bot = Bot::with_key(&keeper, &key(&home));
    let mut seen = 0;
    for token in &tokens {
        let percent: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let escapes: String = token.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        let ways = [
            token.clone(),
            token.chars().rev().collect(),
            hex::encode(token),
            STANDARD.encode(token),
            URL_SAFE.encode(format!("x{token}")),
            STANDARD.encode(format!("xy{token}")),
            percent,
            escapes,
            token.chars().flat_map(|c| [c, '-']).collect(),
        ];
        for way in ways {
            for (path, body) in requests(&way) {
                let told = bot.ask(reqwest::Method::POST, path, Some(body));
                let message = told.body["message"].as_str().unwrap_or_default();
                assert!(
                    message.contains("a key or token of this keeper stands in the order"),
                    "{path}, {way}: {message}"
                );
                seen += 1;
            }
        }
    }
    assert_eq!(orders_at_fyers(&home), 0);
    let shown = everything_shown(&home, &bot) + &keeper.log() + &keeper.err();
    for token in &tokens {
        assert!(
            !shown.contains(token.as_str()) && !shown.contains(&STANDARD.encode(token)),
            "{token} is shown"
        );
    }
    println!("tried: {seen} orders with a token of a bot");
}
