//! FYERS' own names for symbols, by which its data socket calls them (docs/fyers-api.md, "Sockets").

use std::collections::BTreeMap;

use serde_json::Value;

use crate::response::{Body, Parsed, Unreadable};

/// Reads `POST /symbol-token`: of each symbol that FYERS knows its token, as `10100000003045`.
///
/// # Errors
/// When the answer is none, or an error, or has neither of its lists. That never means "no such symbol".
pub fn symbol_tokens(http_status: u16, body: &[u8]) -> Result<Parsed<BTreeMap<String, String>>, Unreadable> {
    let body = Body::read(http_status, body)?;
    let mut drift = vec![];
    let has_unknown = body.get("invalidSymbol").is_some_and(Value::is_array);
    let known = match body.get("validSymbol") {
        Some(Value::Object(known)) => Some(known),
        // All of them are in the other list.
        None if has_unknown => None,
        _ => return Err(Unreadable::Field("validSymbol")),
    };
    let mut value = BTreeMap::new();
    for (symbol, token) in known.into_iter().flatten() {
        match token.as_str().filter(|token| !token.is_empty()) {
            Some(token) => drop(value.insert(symbol.clone(), token.to_owned())),
            None => drift.push("validSymbol[]".to_owned()),
        }
    }
    if !has_unknown {
        drift.push("invalidSymbol".to_owned());
    }
    Ok(Parsed { value, drift })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Parsed<BTreeMap<String, String>>, Unreadable> {
        symbol_tokens(200, body.to_string().as_bytes())
    }

    #[test]
    fn tokens_are_read_and_what_is_odd_beside_them_is_told() {
        let known = json!({"NSE:SBIN-EQ": "10100000003045"});
        let of = |drift: &[&str]| Parsed {
            value: BTreeMap::from([("NSE:SBIN-EQ".to_owned(), "10100000003045".to_owned())]),
            drift: drift.iter().map(|field| (*field).to_owned()).collect(),
        };
        assert_eq!(read(&json!({"s": "ok", "validSymbol": known, "invalidSymbol": []})), Ok(of(&[])));
        assert_eq!(read(&json!({"s": "ok", "validSymbol": known})), Ok(of(&["invalidSymbol"])));
        let mut odd = known.clone();
        odd["NSE:X-EQ"] = json!(7);
        let told = read(&json!({"s": "ok", "validSymbol": odd, "invalidSymbol": ["NSE:Y-EQ"]}));
        assert_eq!(told, Ok(of(&["validSymbol[]"])));
    }

    #[test]
    fn what_cannot_be_read_names_no_symbol_as_unknown() {
        let none = read(&json!({"s": "ok", "invalidSymbol": ["NSE:X-EQ"]})).unwrap();
        assert!(none.value.is_empty() && none.drift.is_empty());
        for body in [
            json!({"s": "ok"}),
            json!({"s": "ok", "validSymbol": ["NSE:SBIN-EQ"], "invalidSymbol": []}),
            json!({"s": "error", "code": -15, "message": "Please provide valid token"}),
            json!([]),
        ] {
            assert!(read(&body).is_err(), "{body}");
        }
    }
}
