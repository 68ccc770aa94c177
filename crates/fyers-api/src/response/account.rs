//! Whose account it is, its money and its tokens (docs/fyers-api.md, "Profile", "Funds", "Login" and "Refresh").

use rust_decimal::Decimal;
use secrecy::SecretString;
use serde_json::Value;

use crate::{
    model::{FundLimits, HeldShare, Profile},
    response::{
        Body, Parsed, Unreadable,
        row::{Drift, Row, text},
    },
};

/// Reads `GET /profile`, the cheapest proof that a token works: only `fy_id` is needed for it.
///
/// # Errors
/// When the answer is none, or an error, or names no account.
pub fn profile(http_status: u16, body: &[u8]) -> Result<Parsed<Profile>, Unreadable> {
    let body = Body::read(http_status, body)?;
    let data = body.row().row("data").ok_or(Unreadable::Field("data"))?;
    let fy_id = data.word("fy_id").ok_or(Unreadable::Field("fy_id"))?.to_owned();
    let mut found = Vec::new();
    let name = Drift { found: &mut found, place: "data".into() }.or_default(data, "name", text);
    Ok(Parsed { value: Profile { fy_id, name }, drift: found })
}

/// Reads `GET /funds`. Amounts are found by id, for the order of the list is not promised; one that is not there is
/// not known, which is not zero.
///
/// # Errors
/// When the answer is none, or an error.
pub fn funds(http_status: u16, body: &[u8]) -> Result<Parsed<FundLimits>, Unreadable> {
    let body = Body::read(http_status, body)?;
    let mut found = Vec::new();
    let mut drift = Drift { found: &mut found, place: String::new() };
    let limits = drift.expect("fund_limit", body.get("fund_limit").and_then(Value::as_array));
    let rows: Vec<Row<'_>> = limits.into_iter().flatten().filter_map(Row::of).collect();
    let mut amount = |id: i64| -> Option<Decimal> {
        let row = rows.iter().find(|row| row.whole("id") == Some(id));
        drift.expect(&format!("fund_limit[id={id}]"), row.and_then(|row| row.money("equityAmount")))
    };
    let value = FundLimits { total: amount(1), utilized: amount(2), available: amount(10) };
    Ok(Parsed { value, drift: found })
}

/// Reads `GET /holdings`. A row that cannot be understood is left out and reported.
///
/// # Errors
/// When the answer is none, or an error, or has no list.
pub fn holdings(http_status: u16, body: &[u8]) -> Result<Parsed<Vec<HeldShare>>, Unreadable> {
    let body = Body::read(http_status, body)?;
    let list = body.get("holdings").and_then(Value::as_array).ok_or(Unreadable::Field("holdings"))?;
    let (mut value, mut found) = (Vec::new(), Vec::new());
    for (index, row) in list.iter().enumerate() {
        let held = Row::of(row).and_then(|row| {
            let (symbol, quantity) = (row.word("symbol")?.to_owned(), row.whole("quantity")?);
            Some(HeldShare { symbol, quantity, cost_price: row.money("costPrice")? })
        });
        match held {
            Some(held) => value.push(held),
            None => found.push(format!("holdings[{index}]")),
        }
    }
    Ok(Parsed { value, drift: found })
}

/// What a login or a refresh brings.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The new access token.
    pub access: SecretString,
    /// A new refresh token, when there is one.
    pub refresh: Option<SecretString>,
}

/// Reads the answer to a login or a refresh. A refresh token that cannot be one is as good as none: the access token
/// beside it is what was asked for, and it cannot be had a second time.
///
/// # Errors
/// When the answer is none, or an error, or has no access token.
pub fn tokens(http_status: u16, body: &[u8]) -> Result<Parsed<Tokens>, Unreadable> {
    let body = Body::read(http_status, body)?;
    let mut found = Vec::new();
    let access = body.get("access_token").and_then(token).ok_or(Unreadable::Field("access_token"))?;
    let mut drift = Drift { found: &mut found, place: String::new() };
    let refresh = drift.or_default(body.row(), "refresh_token", |value| token(value).map(Some));
    Ok(Parsed { value: Tokens { access, refresh }, drift: found })
}

fn token(value: &Value) -> Option<SecretString> {
    value.as_str().filter(|text| is_token(text)).map(SecretString::from)
}

/// Whether a text can be a token: something, in visible ASCII, fit for a header.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    fn fund(id: i64, amount: &Value) -> Value {
        json!({"id": id, "title": "x", "equityAmount": amount, "commodityAmount": 0})
    }

    fn read_funds(rows: &Value) -> Parsed<FundLimits> {
        funds(200, json!({"s": "ok", "fund_limit": rows}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn funds_are_found_by_id_and_an_absent_one_is_not_zero() {
        let amount = |text: &str| Some(text.parse().unwrap());
        let rows =
            [fund(10, &json!(99_999.95)), fund(7, &json!(1)), fund(2, &json!("0.1")), fund(1, &json!(195))];
        let want =
            FundLimits { total: amount("195"), utilized: amount("0.1"), available: amount("99999.95") };
        assert_eq!(read_funds(&json!(rows)), Parsed { value: want, drift: vec![] });
        for (rows, known, drift) in [
            (json!([]), FundLimits::default(), 3),
            (json!({}), FundLimits::default(), 4),
            (json!([1]), FundLimits::default(), 3),
            (
                json!([fund(1, &json!(5)), fund(2, &json!(null))]),
                FundLimits { total: amount("5"), ..FundLimits::default() },
                2,
            ),
        ] {
            let read = read_funds(&rows);
            assert_eq!((read.value, read.drift.len()), (known, drift), "{rows} {:?}", read.drift);
        }
    }

    #[test]
    fn holdings_are_read_and_an_odd_row_is_told() {
        let body = json!({"s": "ok", "holdings": [{"symbol": "NSE:SBIN-EQ", "quantity": 10, "costPrice": 700.5},
            {"symbol": "NSE:X-EQ", "quantity": null, "costPrice": 1}]});
        let read = holdings(200, body.to_string().as_bytes()).unwrap();
        let (symbol, cost_price) = ("NSE:SBIN-EQ".to_owned(), "700.5".parse().unwrap());
        assert_eq!(read.value, [HeldShare { symbol, quantity: 10, cost_price }]);
        assert_eq!(read.drift, ["holdings[1]"]);
        assert_eq!(holdings(200, br#"{"s":"ok"}"#), Err(Unreadable::Field("holdings")));
    }

    #[test]
    fn a_profile_proves_a_session_with_s_and_fy_id_alone() {
        let bare = profile(200, br#"{"s":"ok","data":{"fy_id":"XX00001","name":null,"totp":null}}"#).unwrap();
        assert_eq!((bare.value.fy_id.as_str(), bare.value.name.as_str()), ("XX00001", ""));
        let odd = profile(200, br#"{"s":"ok","data":{"fy_id":"XX00001","name":7}}"#).unwrap();
        assert_eq!(odd.drift, ["data.name"]);
        for (body, field) in [
            (r#"{"s":"ok"}"#, "data"),
            (r#"{"s":"ok","data":[]}"#, "data"),
            (r#"{"s":"ok","data":{"fy_id":""}}"#, "fy_id"),
            (r#"{"s":"ok","data":{"fy_id":7}}"#, "fy_id"),
            (r#"{"code":200,"data":{"fy_id":"XX00001"}}"#, "s"),
        ] {
            assert_eq!(profile(200, body.as_bytes()), Err(Unreadable::Field(field)), "{body}");
        }
    }

    #[test]
    fn a_refresh_token_that_cannot_be_one_does_not_cost_the_access_token() {
        let good = tokens(200, br#"{"s":"ok","access_token":"a.b.c","refresh_token":"d.e.f"}"#).unwrap();
        assert_eq!(good.value.access.expose_secret(), "a.b.c");
        assert_eq!(good.value.refresh.unwrap().expose_secret(), "d.e.f");
        for odd in ["7", "\"\"", "\"a b\"", "[]"] {
            let body = format!(r#"{{"s":"ok","access_token":"a.b.c","refresh_token":{odd}}}"#);
            let read = tokens(200, body.as_bytes()).unwrap();
            assert!(read.value.refresh.is_none() && read.drift == ["refresh_token"], "{odd}");
        }
        let none = tokens(200, br#"{"s":"ok","access_token":"a\nb"}"#);
        assert_eq!(none.err(), Some(Unreadable::Field("access_token")));
    }
}
