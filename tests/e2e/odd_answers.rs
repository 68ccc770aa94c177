//! Answers of FYERS in which one field is odd: nothing that is not needed stops anything, and what is needed and odd
//! is "not known", never "none".

use fyers_api::{
    http::ApiResponse,
    response::{self, Parsed},
};
use keeper_domain::routing::live_positions::{read_orders, read_positions};
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    live_positions::Live,
    support::{Home, block_on, wait_for},
};

/// One change of one field: where it was made, and the whole answer with it.
struct Odd {
    path: String,
    answer: Value,
}

/// What a field may turn into; `None` takes it away.
fn oddities() -> [Option<Value>; 9] {
    let odd =
        [json!(null), json!(""), json!("odd"), json!(-1), json!(1e30), json!(true), json!([]), json!({})];
    let [a, b, c, d, e, f, g, h] = odd.map(Some);
    [None, a, b, c, d, e, f, g, h]
}

/// Every field of an answer, at any depth, turned into each of the oddities, but those that are needed.
fn every_oddity(answer: &Value, needed: &[&str]) -> Vec<Odd> {
    let mut paths = vec![];
    fields(answer, "", &mut paths);
    let mut all = vec![];
    for path in paths.into_iter().filter(|path| !needed.contains(&path.as_str())) {
        for oddity in oddities() {
            let mut answer = answer.clone();
            let (parent, name) = path.rsplit_once('/').unwrap();
            let parent = answer.pointer_mut(parent).unwrap();
            match (parent, oddity) {
                (Value::Object(fields), None) => drop(fields.remove(name)),
                (Value::Array(rows), None) => drop(rows.remove(name.parse().unwrap())),
                (parent, Some(oddity)) => *parent.pointer_mut(&format!("/{name}")).unwrap() = oddity,
                (parent, None) => panic!("no fields in {parent}"),
            }
            all.push(Odd { path: path.clone(), answer });
        }
    }
    all
}

fn fields(value: &Value, place: &str, paths: &mut Vec<String>) {
    let mut add = |name: &str, inner: &Value| {
        let path = format!("{place}/{name}");
        paths.push(path.clone());
        fields(inner, &path, paths);
    };
    match value {
        Value::Object(all) => all.iter().for_each(|(name, inner)| add(name, inner)),
        Value::Array(rows) => {
            rows.iter().enumerate().for_each(|(place, inner)| add(&place.to_string(), inner));
        }
        _ => {}
    }
}

const PROFILE_NEEDS: [&str; 3] = ["/s", "/data", "/data/fy_id"];
const TOKENS_NEED: [&str; 2] = ["/s", "/access_token"];

fn of(body: &Value) -> ApiResponse {
    ApiResponse { status: 200, headers: vec![], body: body.to_string().into_bytes() }
}

fn profile() -> Value {
    json!({"s": "ok", "code": 200, "message": "", "data": {"fy_id": "XX00001", "name": "AXXX B", "image": null,
        "display_name": null, "email_id": "axxx@example.com", "PAN": "ABxxxxxx1Z", "pin_change_date": "01-02-2026 10:11:12",
        "mobile_number": "90xxxxxx09", "totp": true, "pwd_change_date": null, "pwd_to_expire": 90, "ddpi_enabled": false,
        "mtf_enabled": false}})
}

fn funds() -> Value {
    let row =
        |id: i64, title: &str| json!({"id": id, "title": title, "equityAmount": 100.5, "commodityAmount": 0});
    json!({"s": "ok", "code": 200, "message": "", "fund_limit": [row(1, "Total Balance"), row(10, "Available Balance")]})
}

fn tokens(access: &str) -> Value {
    json!({"s": "ok", "code": 200, "message": "", "access_token": access, "refresh_token": "opaque-refresh-token-of-a-login"})
}

/// Logins, each with one field of each answer odd: profile, funds and the answer with the tokens.
#[test]
fn a_login_needs_the_verdict_the_account_and_the_token_and_nothing_else() {
    let home = Home::at("2026-11-23T10:00:00", RefreshMode::Disabled).with_telegram();
    let keeper = home.start_ready();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    // FYERS allows 200 calls a minute, and a login is three: of each field every second oddity.
    let some = |all: Vec<Odd>| -> Vec<Odd> { all.into_iter().step_by(2).collect() };
    let profiles = some(every_oddity(&profile(), &PROFILE_NEEDS));
    // A funds answer proves nothing, so none of it is needed.
    let funds = some(every_oddity(&funds(), &[]));
    let bare = some(every_oddity(&tokens("TOKEN"), &TOKENS_NEED));
    let logins = profiles.len().max(funds.len()).max(bare.len());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for number in 0..logins {
        let token = home.sim.mint(TokenKind::Access);
        let (profile, funds) = (&profiles[number % profiles.len()], &funds[number % funds.len()]);
        let given = &bare[number % bare.len()];
        let mut answer = given.answer.clone();
        answer["access_token"] = json!(token);
        for (path, body) in [
            (endpoint::VALIDATE_AUTHCODE, &answer),
            (endpoint::PROFILE, &profile.answer),
            (endpoint::FUNDS, &funds.answer),
        ] {
            home.sim.inject(FaultRule::once(path, Fault::Json { status: 200, body: body.clone() }));
        }
        let pasted = json!({"pasted": home.sim.mint(TokenKind::AuthCode)});
        let request = client.post(keeper.url("/api/login/complete")).bearer_auth(key.trim()).json(&pasted);
        let status = block_on(async { request.send().await.unwrap().status() });
        let odd = [&profile.path, &funds.path, &given.path];
        assert!(status.is_success(), "{status}, odd: {odd:?}\n{}", keeper.log());
        let fingerprint = json!(keeper_domain::secret::Fingerprint::of(&token).to_string());
        keeper.wait_status(&format!("the login with {odd:?}"), |status| {
            status["session"]["usable"] == true && status["session"]["fingerprint"] == fingerprint
        });
        home.sim.clear_faults();
    }
    println!(
        "{logins} logins, every one in use: {} odd profiles, {} odd funds, {} odd answers with tokens",
        profiles.len(),
        funds.len(),
        bare.len()
    );
}

#[test]
fn what_a_login_needs_is_read_from_every_odd_answer() {
    let mut count = 0;
    let bytes = |odd: &Odd| odd.answer.to_string().into_bytes();
    for odd in every_oddity(&profile(), &PROFILE_NEEDS) {
        let read = response::profile(200, &bytes(&odd));
        assert!(read.is_ok_and(|read| read.value.fy_id == "XX00001"), "{}", odd.path);
        count += 1;
    }
    for odd in every_oddity(&tokens("TOKEN"), &TOKENS_NEED) {
        assert!(response::tokens(200, &bytes(&odd)).is_ok(), "{}", odd.path);
        count += 1;
    }
    for odd in every_oddity(&funds(), &["/s"]) {
        assert!(response::funds(200, &bytes(&odd)).is_ok(), "{}", odd.path);
        count += 1;
    }
    // Without what is needed it is no proof.
    for odd in every_oddity(&profile(), &[]).iter().filter(|odd| odd.path == "/data") {
        assert!(response::profile(200, &bytes(odd)).is_err(), "{}", odd.answer);
    }
    println!("{count} odd answers of a login, each read");
}

#[test]
fn an_odd_position_is_understood_or_protects_its_symbol_and_hides_no_other() {
    let row = |symbol: &str| {
        json!({"symbol": symbol, "id": format!("{symbol}-INTRADAY"), "buyAvg": 800.5, "buyQty": 5, "buyVal": 4002.5,
            "sellAvg": 0, "sellQty": 0, "sellVal": 0, "netAvg": 800.5, "netQty": 5, "side": 1, "qty": 5,
            "productType": "INTRADAY", "realized_profit": 0, "unrealized_profit": 7.5, "pl": 7.5, "ltp": 802,
            "crossCurrency": "N", "rbiRefRate": 1, "qtyMulti_com": 1, "segment": 10, "exchange": 10,
            "slNo": 0, "fyToken": "10100000003045", "cfBuyQty": 0, "cfSellQty": 0, "dayBuyQty": 5, "daySellQty": 0})
    };
    let overall =
        json!({"count_total": 2, "count_open": 2, "pl_total": 15, "pl_realized": 0, "pl_unrealized": 15});
    let rows = json!({"s": "ok", "code": 200, "message": "", "overall": overall,
        "netPositions": [row("NSE:SBIN-EQ"), row("NSE:INFY-EQ")]});
    let (mut kept, mut protected, mut unreadable) = (0, 0, 0);
    for odd in every_oddity(&rows, &[]) {
        let first = odd.path.starts_with("/netPositions/0/");
        // Nothing is known then, and what was known before stays.
        let Some(Parsed { value: read, .. }) = read_positions(&of(&odd.answer)) else {
            let needed = ["/s", "/code", "/netPositions", "/netPositions/0", "/netPositions/1"];
            let needed = needed.contains(&odd.path.as_str()) || odd.path.ends_with("/symbol");
            // More are counted than shown.
            assert!(needed || odd.path.starts_with("/overall/count_"), "{}", odd.path);
            unreadable += 1;
            continue;
        };
        let known = |symbol: &str| {
            let open = read.positions.iter().any(|position| position.symbol == symbol && position.net == 5);
            open || read.unknown.iter().any(|unknown| unknown == symbol)
        };
        let (odd_one, other) =
            if first { ("NSE:SBIN-EQ", "NSE:INFY-EQ") } else { ("NSE:INFY-EQ", "NSE:SBIN-EQ") };
        // FYERS may leave a row out, call its symbol something else, or say another quantity: that is what it says.
        let said = ["/symbol", "/netQty"].iter().any(|end| odd.path.ends_with(end));
        let gone = odd.answer["netPositions"].as_array().is_some_and(|rows| rows.len() < 2);
        assert!(gone || known(other), "{}: {read:?}", odd.path);
        assert!(gone || said || known(odd_one), "{}: {read:?}", odd.path);
        kept += usize::from(read.unknown.is_empty());
        protected += usize::from(!read.unknown.is_empty());
    }
    println!(
        "{} odd positions answers: {kept} read whole, {protected} protect a symbol, {unreadable} not known",
        kept + protected + unreadable
    );
    assert!(kept > 400 && protected > 0 && unreadable > 0);
}

#[test]
fn an_odd_order_is_understood_or_nothing_is_known() {
    let row = |id: &str, status: i64| {
        json!({"id": id, "symbol": "NSE:SBIN-EQ", "side": -1, "qty": 10, "remainingQuantity": 4, "filledQty": 6,
            "productType": "INTRADAY", "status": status, "type": 1, "orderTag": "1:x", "limitPrice": 801.5,
            "stopPrice": 0, "tradedPrice": 801, "message": "", "orderDateTime": "24-Nov-2026 11:00:05", "exchOrdId": "1",
            "orderValidity": "DAY", "discloseQty": 0, "dqQtyRem": 0, "segment": 10, "exchange": 10, "source": "API",
            "fyToken": "10100000003045", "offlineOrder": false, "pan": "", "clientId": "XX00001", "slNo": 1, "lp": 801,
            "ch": 0, "chp": 0, "ex_sym": "SBIN", "description": "", "orderNumStatus": "1:6", "disclosedQty": 0})
    };
    let rows = json!({"s": "ok", "code": 200, "message": "", "orderBook": [row("1", 6), row("2", 2)]});
    let needed = ["id", "symbol", "side", "qty", "remainingQuantity", "productType", "status"];
    let (mut read, mut unreadable) = (0, 0);
    for odd in every_oddity(&rows, &[]) {
        let field = odd.path.rsplit('/').next().unwrap();
        let Some(Parsed { value: book, .. }) = read_orders(&of(&odd.answer)) else {
            assert!(needed.contains(&field) || !odd.path.starts_with("/orderBook/0/"), "{}", odd.path);
            unreadable += 1;
            continue;
        };
        let gone = odd.answer["orderBook"].as_array().is_some_and(|rows| rows.len() < 2);
        let waits = book.iter().any(|row| row.id == "1" && row.waits && row.leg.quantity == -4);
        assert!(gone || needed.contains(&field) || waits, "{}: {book:?}", odd.path);
        read += 1;
    }
    println!("{} odd order books: {read} read, {unreadable} not known", read + unreadable);
    assert!(read > 400 && unreadable > 0);
}

#[test]
fn an_odd_quote_hides_no_other_and_an_odd_order_answer_is_never_a_panic() {
    let quote = |symbol: &str| {
        json!({"n": symbol, "s": "ok", "v": {"lp": 801.5, "ch": 1, "chp": 0.1, "bid": 801, "ask": 802, "spread": 1,
            "open_price": 800, "high_price": 805, "low_price": 799, "prev_close_price": 800, "volume": 12, "atp": 801,
            "short_name": "SBIN", "exchange": "NSE", "description": symbol, "original_name": symbol, "symbol": symbol,
            "fyToken": "10100000003045", "tt": "1795000000"}})
    };
    let quotes =
        json!({"s": "ok", "code": 200, "message": "", "d": [quote("NSE:SBIN-EQ"), quote("NSE:INFY-EQ")]});
    let mut count = 0;
    for odd in every_oddity(&quotes, &["/s", "/d", "/d/0", "/d/1"]) {
        let prices = response::prices(&odd.answer).value;
        let other = if odd.path.starts_with("/d/0/") { "NSE:INFY-EQ" } else { "NSE:SBIN-EQ" };
        assert!(prices.iter().any(|seen| seen.symbol == other), "{}: {prices:?}", odd.path);
        let optional = !["/n", "/s", "/v", "/v/lp"].iter().any(|end| odd.path.ends_with(end));
        assert!(!optional || prices.len() == 2, "{}: {prices:?}", odd.path);
        count += 1;
    }
    let ack = json!({"s": "ok", "code": 1101, "message": "Order submitted", "id": "26112300000001", "data": [
        {"statusCode": 200, "statusDescription": "OK", "body": {"s": "ok", "code": 1101, "message": "m", "id": "1"}}]});
    for odd in every_oddity(&ack, &[]) {
        let outcomes = response::outcomes(&of(&odd.answer), &odd.answer);
        assert!(!outcomes.is_empty(), "{}", odd.path);
        count += 1;
    }
    println!("{count} odd quotes and order answers");
}

/// Answers this path with one row, until the next answer.
fn answer_with(live: &Live, path: &str, list: &str, row: &Value) {
    let body = json!({"s": "ok", "code": 200, "message": "", list: [row]});
    let fault = Fault::Json { status: 200, body };
    live.home.sim.inject(FaultRule::forever(Scope::exact(path).method("GET"), fault));
}

#[test]
fn what_is_odd_in_the_books_and_not_needed_is_warned_of_once_and_trading_goes_on() {
    let position = json!({"symbol": "NSE:SBIN-EQ", "id": "NSE:SBIN-EQ-INTRADAY", "netQty": 5, "productType": "INTRADAY",
        "netAvg": 800.5, "side": 1, "qty": 5, "realized_profit": ["PRIVATE"], "unrealized_profit": 0, "pl": 0, "ltp": 801});
    let order = json!({"id": "26112300009999", "symbol": "NSE:SBIN-EQ", "side": 1, "qty": 5, "remainingQuantity": 0,
        "filledQty": 5, "productType": "INTRADAY", "status": 2, "type": 2, "orderTag": "1:x", "limitPrice": 0,
        "stopPrice": "PRIVATE", "tradedPrice": 800.5, "message": "", "orderDateTime": "23-Nov-2026 11:00:05"});
    let live = Live::start(None);
    answer_with(&live, endpoint::POSITIONS, "netPositions", &position);
    answer_with(&live, endpoint::ORDERS, "orderBook", &order);
    let drifts = || {
        let lines = live.keeper.lines().into_iter();
        lines.filter(|line| line["event"] == "fyers.drift").collect::<Vec<_>>()
    };
    let told = |call: &str, fields: &str| {
        wait_for(&format!("{fields} of {call} in the log"), || {
            let is_it = |line: &&Value| line["call"] == call && line["fields"] == fields;
            drifts().iter().find(is_it).map(|line| assert_eq!(line["level"], "warn"))
        });
    };
    live.sends("NSE:INFY-EQ", 1);
    told("positions", "netPositions[].realized_profit");
    told("orders", "orderBook[].stopPrice");
    // Several readings more, after an order that goes to FYERS as before.
    let before = live.readings();
    live.sends("NSE:INFY-EQ", 1);
    live.wait_readings(before, 3);
    let status = live.keeper.status();
    assert_eq!((&status["mode"], &status["positions_known"]), (&json!("live"), &json!("known")), "{status}");
    assert_eq!(drifts().len(), 2, "each once: {:?}", drifts());
    // What is odd in another way is told, too.
    let mut another = position.clone();
    (another["realized_profit"], another["productType"]) = (json!(0), json!("A NEW WORD"));
    live.home.sim.clear_faults();
    answer_with(&live, endpoint::POSITIONS, "netPositions", &another);
    live.sends("NSE:INFY-EQ", 1);
    told("positions", "netPositions[].productType");
    assert_eq!(drifts().len(), 3, "{:?}", drifts());
    assert!(!live.keeper.log().contains("PRIVATE"), "names of fields only");
}
