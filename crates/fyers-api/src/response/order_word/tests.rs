use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::{OrderWord::*, *};
use crate::{envelope::RATE_LIMIT, number};

fn word(status: u16, body: &Value, is_new: bool) -> Vec<OrderWord> {
    order_words(&ApiResponse { status, ..ApiResponse::default() }, body, is_new)
}

#[test]
fn only_a_whole_word_of_fyers_takes_or_refuses_an_order() {
    for (status, body, says) in [
        (200, json!({"s": "ok", "code": 1101, "message": "m", "id": "26"}), Taken),
        (200, json!({"s": "ok", "code": 201, "id": "26"}), Taken),
        (201, json!({"s": "ok", "code": 200, "id": "26"}), Taken),
        (200, json!({"s": "ok", "id": "26"}), Taken),
        (200, json!({"s": "ok", "code": 201, "message": "look in the book"}), NotKnown),
        (200, json!({"s": "ok", "code": 1101}), NotKnown),
        (200, json!({"s": "ok", "code": 1101, "id": ""}), NotKnown),
        (200, json!({"s": "ok", "code": 1101, "id": " "}), NotKnown),
        (200, json!({"s": "ok", "code": 1101, "id": null}), NotKnown),
        (200, json!({"s": "ok", "code": 200, "id": 26}), NotKnown),
        (200, json!({"s": "ok", "code": 200, "id": ["26"]}), NotKnown),
        (200, json!({"s": "ok", "code": -99, "id": "26"}), NotKnown),
        (500, json!({"s": "ok", "code": 1101, "id": "26"}), NotKnown),
        (302, json!({"s": "ok", "code": 1101, "id": "26"}), NotKnown),
        (400, json!({"s": "ok", "code": 1101, "id": "26"}), NotKnown),
        (400, json!({"s": "error", "code": -99, "message": "RED:Margin", "id": "26"}), Refused),
        (200, json!({"s": "error", "code": -50, "message": "Invalid input"}), Refused),
        (401, json!({"s": "error", "code": -16}), Refused),
        (401, json!({"s": "error", "code": -16, "message": "m", "id": ""}), Refused),
        (401, json!({"s": "error", "code": -16, "message": "m", "id": "26"}), NotKnown),
        (401, json!({"s": "error", "code": -16, "message": "m", "id": 26}), NotKnown),
        (429, json!({"s": "error", "code": -16, "message": "m"}), NotKnown),
        (404, json!({"s": "error", "code": "-8"}), NotKnown),
        (403, json!({"s": "error", "code": "-373"}), Refused),
        (429, json!({"s": "error", "code": -429, "message": "Request limit reached"}), Refused),
        (400, json!({"code": -50, "symbol": "Invalid symbol provided"}), Refused),
        (200, json!({"code": -50, "symbol": "Invalid symbol provided"}), NotKnown),
        (400, json!({"code": -99, "message": "RED"}), NotKnown),
        (200, json!({"code": 1101, "id": "26"}), NotKnown),
        (429, json!({"message": "Too many requests"}), NotKnown),
        (500, json!({"s": "error", "code": -1}), NotKnown),
        (500, json!({"s": "error", "code": -99, "message": "RED", "id": "26"}), NotKnown),
        (503, json!({"s": "error", "code": -50}), NotKnown),
        (408, json!({"s": "error", "code": -50}), NotKnown),
        (200, json!({"s": "error", "code": -1, "message": "Request timed out"}), NotKnown),
        (400, json!({"s": "error", "code": -99, "message": "Gateway Timeout"}), NotKnown),
        (400, json!({"s": "error", "code": -96}), NotKnown),
        (400, json!({"s": "error", "code": 0}), NotKnown),
        (400, json!({"s": "error", "code": 500}), NotKnown),
        (400, json!({"s": "error", "code": 400, "message": "Only NFO symbols are allowed"}), Refused),
        (
            200,
            json!({"s": "error", "code": 400, "message": "Group combination not found", "id": ""}),
            Refused,
        ),
        (400, json!({"s": "error", "code": "422", "message": "m"}), Refused),
        (400, json!({"s": "error", "code": 400, "message": "m", "id": "26"}), NotKnown),
        (400, json!({"s": "error", "code": 400, "message": "Request timed out"}), NotKnown),
        (400, json!({"s": "error", "code": 408}), NotKnown),
        (400, json!({"s": "error", "code": 201}), NotKnown),
        (400, json!({"s": "error", "code": 1101}), NotKnown),
        (500, json!({"s": "error", "code": 400}), NotKnown),
        (400, json!({"s": "ok", "code": 400}), NotKnown),
        (400, json!({"code": 400, "message": "m"}), NotKnown),
        (400, json!({"s": "error", "message": "no"}), NotKnown),
        (400, json!({"s": "error", "code": "x"}), NotKnown),
        (200, json!({"s": "no_data", "code": -99}), NotKnown),
        (200, json!({"s": "ERROR", "code": -99}), NotKnown),
        (200, Value::Null, NotKnown),
    ] {
        assert_eq!(word(status, &body, true), [says], "{status} {body}");
    }
}

#[test]
fn what_makes_no_order_needs_no_id() {
    for code in [200, 201, 1102, 1103] {
        assert_eq!(word(200, &json!({"s": "ok", "code": code}), false), [Taken]);
    }
    let named = json!({"s": "error", "code": -16, "id": "26"});
    assert_eq!(word(401, &named, false), [Refused], "the order that was to be cancelled");
    assert_eq!(word(500, &json!({"s": "ok", "code": 1103}), false), [NotKnown]);
    assert_eq!(word(400, &json!({"s": "error", "code": -352}), false), [Refused]);
}

#[test]
fn each_order_of_a_basket_has_its_own_word_and_none_under_a_servers_error() {
    let row = |status: u16, body: Value| json!({"statusCode": status, "body": body});
    let basket = json!({"s": "ok", "code": 200, "data": [
        row(200, json!({"s": "ok", "code": 1101, "id": "1"})),
        row(400, json!({"s": "error", "code": -50, "message": "Invalid input"})),
        row(500, json!({"s": "error", "code": -50})),
        row(200, json!({"s": "ok", "code": 201})),
        json!({"statusCode": 200})]});
    assert_eq!(word(200, &basket, true), [Taken, Refused, NotKnown, NotKnown, NotKnown]);
    assert_eq!(word(502, &basket, true), [NotKnown; 5]);
}

#[test]
fn an_error_about_the_token_in_a_row_proves_nothing_of_its_order() {
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    let row = |status: u16, body: &Value| json!({"statusCode": status, "body": body});
    let rows = |rows: &[Value]| json!({"s": "ok", "code": 200, "message": "", "data": rows});
    let errors = |body: &Value, is_new| {
        token_errors(&ApiResponse { status: 200, ..ApiResponse::default() }, body, is_new)
    };
    let all = rows(&[row(401, &dead), row(200, &dead)]);
    let taken = row(200, &json!({"s": "ok", "code": 1101, "id": "1"}));
    let refused = row(400, &json!({"s": "error", "code": -50}));
    let mixed = rows(&[taken.clone(), row(401, &dead), refused.clone()]);
    for is_new in [true, false] {
        assert_eq!(word(200, &all, is_new), [NotKnown; 2]);
        assert_eq!(word(200, &mixed, is_new), [Taken, NotKnown, Refused]);
        assert_eq!((errors(&all, is_new), errors(&mixed, is_new)), (TokenErrors::All, TokenErrors::SomeRows));
        assert_eq!(errors(&rows(&[taken.clone(), refused.clone()]), is_new), TokenErrors::None);
        assert_eq!(errors(&dead, is_new), TokenErrors::All);
    }
    let named = json!({"s": "error", "code": -16, "id": "26"});
    assert_eq!(errors(&named, true), TokenErrors::WithAnOrder);
    assert_eq!(errors(&rows(&[row(401, &named)]), true), TokenErrors::SomeRows);
    let instead = json!({"statusCode": 200});
    let other = without_token_errors(&mixed, &instead).unwrap();
    assert_eq!(other["data"], json!([taken, instead, refused]));
    let stray = rows(&[row(429, &dead)]);
    assert_eq!(without_token_errors(&stray, &instead).unwrap()["data"], json!([instead]));
    assert_eq!(
        (without_token_errors(&dead, &instead), without_token_errors(&rows(&[taken]), &instead)),
        (None, None)
    );
    let answer = ApiResponse { status: 200, ..ApiResponse::default() };
    assert_eq!(token_message(&answer, &mixed).as_deref(), Some("Could not authenticate the user"));
}

/// What is often nearly FYERS' error about the token.
fn nearly() -> impl Strategy<Value = Value> {
    let one_of = |all: &[Value]| proptest::sample::select(all.to_vec());
    let code = one_of(&[
        json!(-16),
        json!("-8"),
        json!(-15),
        json!(-17),
        json!(-99),
        json!(-429),
        json!(400),
        json!(1101),
        Value::Null,
        json!([-16]),
    ]);
    let verdict = one_of(&[json!("error"), json!("error"), json!("ok"), json!("ERROR"), Value::Null]);
    let id = one_of(&[Value::Null, Value::Null, json!("26"), json!(26)]);
    (verdict, code, id, any::<bool>()).prop_map(|(verdict, code, id, is_inner)| {
        let answer =
            json!({"s": verdict, "code": code, "id": id, "message": "Could not authenticate the user"});
        if is_inner { json!({"error": answer}) } else { answer }
    })
}

fn status() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200_u16), Just(400), Just(401), Just(403), Just(429), Just(502), 100..600_u16]
}

/// FYERS' own envelope with a code of the token's, or any error of its own under HTTP 401.
fn says_so(status: u16, body: &Value) -> bool {
    let code = number::whole(&body["code"]).filter(|_| body["s"] == "error");
    code.is_some_and(|code| match status {
        401 => code < 0 && code != RATE_LIMIT,
        200 | 400 | 403 => [-8, -15, -16, -17].contains(&code),
        _ => false,
    })
}

proptest! {
    /// Only where all of an answer is that error, and names no new order, may its order go anywhere else than to FYERS; and
    /// only FYERS' own envelope says that it has an order, or refuses one.
    #[test]
    fn an_orders_venue_changes_on_fyers_own_error_and_on_nothing_less(
        whole in status(),
        rows in vec((status(), nearly()), 1..4),
        [is_basket, is_new] in any::<[bool; 2]>(),
    ) {
        let answer = ApiResponse { status: whole, ..ApiResponse::default() };
        let row = |(status, body): &(u16, Value)| json!({"statusCode": status, "body": body});
        let (body, parts) = match is_basket {
            true => (json!({"s": "ok", "code": 200, "data": rows.iter().map(row).collect::<Vec<_>>()}), rows),
            false => (rows[0].1.clone(), vec![(whole, rows[0].1.clone())]),
        };
        let errors = token_errors(&answer, &body, is_new);
        let mut all = parts.iter();
        prop_assert!(
            errors == TokenErrors::None || all.any(|(status, body)| says_so(*status, body)),
            "{errors:?} {whole} {body}"
        );
        if errors == TokenErrors::All {
            for (status, part) in &parts {
                let names_one = is_new && !part["id"].is_null();
                prop_assert!(says_so(*status, part) && !names_one && whole < 500, "{whole} {body}");
            }
        }
        for (word, (_, part)) in order_words(&answer, &body, is_new).into_iter().zip(&parts) {
            let own = (&part["s"], part["code"].is_array() || part["code"].is_null());
            prop_assert!(word == NotKnown || own == (&json!("error"), false) || part["s"] == "ok", "{body}");
        }
    }

    #[test]
    fn arbitrary_bytes_and_statuses_move_no_order(status: u16, bytes in vec(any::<u8>(), 0..200), is_new: bool) {
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        let answer = ApiResponse { status, headers: vec![], body: bytes };
        prop_assert_eq!(token_errors(&answer, &body, is_new), TokenErrors::None);
        prop_assert!(order_words(&answer, &body, is_new).into_iter().all(|word| word == NotKnown));
    }
}
