//! FYERS changes its answers without notice. Every field of every answer that is read, bent in every way: whatever is
//! not required may be bent, and nothing required fails.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

use fyers_api::response::{self, Unreadable};
use serde_json::{Value, json};

/// One step into a JSON value.
#[derive(Debug, Clone)]
enum Step {
    Field(String),
    Element(usize),
}

/// Every place in a value, the value itself left out.
fn places(value: &Value, path: &[Step], found: &mut Vec<Vec<Step>>) {
    let mut visit = |step: Step, inner: &Value| {
        let path: Vec<Step> = path.iter().cloned().chain([step]).collect();
        found.push(path.clone());
        places(inner, &path, found);
    };
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, inner)| visit(Step::Field(name.clone()), inner));
        }
        Value::Array(all) => all.iter().enumerate().for_each(|(at, inner)| visit(Step::Element(at), inner)),
        _ => {}
    }
}

fn name(path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Field(name) => format!(".{name}"),
        Step::Element(at) => format!("[{at}]"),
    };
    path.iter().map(step).collect()
}

fn at<'a>(value: &'a mut Value, path: &[Step]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match step {
        Step::Field(name) => &mut value[name.as_str()],
        Step::Element(at) => &mut value[*at],
    })
}

/// The answer without this place, and with something else there.
fn mutations(answer: &Value, path: &[Step]) -> Vec<Value> {
    let mut all = Vec::new();
    if let Some((Step::Field(name), outer)) = path.split_last() {
        let mut removed = answer.clone();
        at(&mut removed, outer).as_object_mut().unwrap().remove(name);
        all.push(removed);
    }
    let others =
        [Value::Null, json!([]), json!({}), json!(true), json!(-7.5), json!("odd"), json!(""), json!([{}])];
    all.extend(others.map(|other| {
        let mut bent = answer.clone();
        *at(&mut bent, path) = other;
        bent
    }));
    all
}

struct Answer {
    call: &'static str,
    body: Value,
    /// What the answer is asked for: bent, it may fail.
    required: &'static [&'static str],
    read: fn(u16, &[u8]) -> Result<(), Unreadable>,
}

fn profile() -> Value {
    json!({"s": "ok", "code": 200, "message": "", "data": {"name": "AXXX B", "image": null, "display_name": null,
        "email_id": "axxx@example.com", "PAN": "ABxxxxxx1Z", "fy_id": "XX00001",
        "pin_change_date": "01-02-2026 10:11:12", "mobile_number": "90xxxxxx09", "totp": true,
        "pwd_change_date": null, "pwd_to_expire": 90, "ddpi_enabled": false, "mtf_enabled": false}})
}

fn funds() -> Value {
    let row =
        |id: i64| json!({"id": id, "title": "Total Balance", "equityAmount": 1000.5, "commodityAmount": 0});
    json!({"s": "ok", "code": 200, "message": "", "fund_limit": (1..=10).map(row).collect::<Vec<_>>()})
}

fn positions() -> Value {
    let row = json!({"id": "NSE:SBIN-EQ-INTRADAY", "symbol": "NSE:SBIN-EQ", "productType": "INTRADAY",
        "fyToken": "10100000003045", "side": 1, "netQty": 5, "qty": 5, "buyQty": 5, "sellQty": 0, "buyAvg": 800.1,
        "sellAvg": 0, "netAvg": 800.1, "avgPrice": 800.1, "buyVal": 4000.5, "sellVal": 0, "realized_profit": 0,
        "unrealized_profit": 1.5, "pl": 1.5, "ltp": 800.4, "crossCurrency": "N", "rbiRefRate": 1, "qtyMulti_com": 1,
        "segment": 10, "exchange": 10, "slNo": 0, "cfBuyQty": 0, "cfSellQty": 0, "dayBuyQty": 5, "daySellQty": 0});
    let overall =
        json!({"count_total": 1, "count_open": 1, "pl_total": 1.5, "pl_realized": 0, "pl_unrealized": 1.5});
    json!({"s": "ok", "code": 200, "message": "", "netPositions": [row], "overall": overall})
}

fn orders() -> Value {
    let row = json!({"clientId": "XX00001", "id": "26112300000017", "id_fyers": "11111111-2222-4333-8444-555555555555",
        "exchOrdId": "1100000000000001", "qty": 5, "remainingQuantity": 5, "filledQty": 0, "discloseQty": 0,
        "limitPrice": 800.1, "stopPrice": 0, "tradedPrice": 0, "type": 1, "fyToken": "10100000003045",
        "exchange": 10, "segment": 10, "symbol": "NSE:SBIN-EQ", "instrument": 0, "message": "",
        "offlineOrder": false, "orderDateTime": "23-Nov-2026 09:20:31", "orderValidity": "DAY", "pan": "",
        "productType": "INTRADAY", "side": 1, "status": 6, "source": "API", "ex_sym": "SBIN",
        "description": "STATE BANK OF INDIA", "ch": 1.5, "chp": 0.19, "lp": 801.5, "slNo": 1, "dqQtyRem": 0,
        "orderNumStatus": "26112300000017:6", "disclosedQty": 0, "orderTag": "2:Untagged", "takeProfit": 0,
        "stopLoss": 0});
    json!({"s": "ok", "code": 200, "message": "", "orderBook": [row]})
}

fn quotes() -> Value {
    let v = json!({"ch": 1.5, "chp": 0.19, "lp": 801.5, "spread": 0.1, "ask": 801.6, "bid": 801.5, "open_price": 800,
        "high_price": 803, "low_price": 799, "prev_close_price": 800, "atp": 801.1, "volume": 12345,
        "short_name": "SBIN-EQ", "exchange": "NSE", "description": "NSE:SBIN-EQ", "original_name": "NSE:SBIN-EQ",
        "symbol": "NSE:SBIN-EQ", "fyToken": "10100000003045", "tt": "1795392000"});
    json!({"s": "ok", "code": 200, "message": "", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": v}]})
}

fn tokens() -> Value {
    json!({"s": "ok", "code": 200, "message": "", "access_token": "a.b.c", "refresh_token": "d.e.f"})
}

fn answers() -> [Answer; 7] {
    [
        Answer {
            call: "profile",
            body: profile(),
            required: &[".s", ".data", ".data.fy_id"],
            read: |status, body| {
                let read = response::profile(status, body)?;
                assert_eq!(read.value.fy_id, "XX00001");
                Ok(())
            },
        },
        Answer {
            call: "funds",
            body: funds(),
            required: &[".s"],
            read: |status, body| response::funds(status, body).map(drop),
        },
        Answer {
            call: "positions",
            body: positions(),
            required: &[
                ".s",
                ".netPositions",
                ".netPositions[0]",
                ".netPositions[0].symbol",
                ".netPositions[0].netQty",
            ],
            read: |status, body| {
                let book = response::positions(status, body)?;
                let known = book.rows.first().is_some_and(|row| row.net == 5 && row.symbol == "NSE:SBIN-EQ");
                // A row that is not understood is still there.
                if known { Ok(()) } else { Err(Unreadable::Field("netPositions")) }
            },
        },
        Answer {
            call: "orders",
            body: orders(),
            required: &[
                ".s",
                ".orderBook",
                ".orderBook[0]",
                ".orderBook[0].id",
                ".orderBook[0].symbol",
                ".orderBook[0].qty",
                ".orderBook[0].side",
                ".orderBook[0].type",
                ".orderBook[0].status",
                ".orderBook[0].productType",
                ".orderBook[0].orderDateTime",
            ],
            read: |status, body| {
                let book = response::orders(status, body)?;
                let known = book
                    .rows
                    .first()
                    .is_some_and(|row| row.id == "26112300000017" && row.request.quantity == 5);
                if known { Ok(()) } else { Err(Unreadable::Field("orderBook")) }
            },
        },
        Answer {
            call: "quotes",
            body: quotes(),
            required: &[".s", ".d", ".d[0]", ".d[0].n", ".d[0].s", ".d[0].v", ".d[0].v.lp"],
            read: |status, body| {
                let read = response::quotes(status, body)?;
                let price = read.value.first().and_then(|row| row.last.clone().ok());
                price.filter(|price| price.to_string() == "801.5").map(drop).ok_or(Unreadable::Field("d"))
            },
        },
        Answer {
            call: "validate-authcode",
            body: tokens(),
            required: &[".s", ".access_token"],
            read: |status, body| response::tokens(status, body).map(drop),
        },
        Answer {
            call: "validate-refresh-token",
            body: json!({"s": "ok", "code": 200, "message": "", "access_token": "a.b.c"}),
            required: &[".s", ".access_token"],
            read: |status, body| response::tokens(status, body).map(drop),
        },
    ]
}

#[test]
fn whatever_happens_to_an_optional_field_nothing_required_fails() {
    let (mut fields, mut tried) = (0, 0);
    for Answer { call, body, required, read } in answers() {
        let mut found = Vec::new();
        places(&body, &[], &mut found);
        for required in required {
            assert!(
                found.iter().any(|path| name(path) == *required),
                "{call}: {required} is not in the answer"
            );
        }
        for path in found.iter().filter(|path| !required.contains(&name(path).as_str())) {
            fields += 1;
            for bent in mutations(&body, path) {
                tried += 1;
                let outcome = read(200, bent.to_string().as_bytes());
                assert_eq!(outcome, Ok(()), "{call}: {} in {bent}", name(path));
            }
        }
    }
    println!("{fields} optional fields of 7 answers, {tried} mutations, 0 of them cost what was asked for");
}

#[test]
fn without_what_it_is_asked_for_an_answer_is_none() {
    for Answer { call, body, required, read } in answers() {
        let mut found = Vec::new();
        places(&body, &[], &mut found);
        for path in found.iter().filter(|path| required.contains(&name(path).as_str())) {
            let removed = mutations(&body, path).swap_remove(0);
            assert!(read(200, removed.to_string().as_bytes()).is_err(), "{call}: {}", name(path));
        }
    }
}
