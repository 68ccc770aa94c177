//! The symbols that a request names, wherever they stand in it.

use serde_json::Value;

/// Every symbol in a body; `None` where there is none, or one that is no text.
pub(super) fn named(body: &[u8]) -> Option<Vec<String>> {
    let body = serde_json::from_slice(body).ok()?;
    Some(of(&body)).filter(|symbols| !symbols.is_empty() && are_readable(&body))
}

/// Every symbol in it, wherever it stands.
pub(super) fn of(body: &Value) -> Vec<String> {
    match body {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| match value {
            Value::String(symbol) if name == "symbol" => vec![symbol.trim().to_owned()],
            value => of(value),
        }),
        Value::Array(rows) => return rows.iter().flat_map(of).collect(),
        _ => return vec![],
    }
    .filter(|symbol| !symbol.is_empty())
    .collect()
}

fn are_readable(body: &Value) -> bool {
    let is_text = |value: &Value| value.as_str().is_some_and(|symbol| !symbol.trim().is_empty());
    match body {
        Value::Object(fields) => fields
            .iter()
            .all(|(name, value)| if name == "symbol" { is_text(value) } else { are_readable(value) }),
        Value::Array(rows) => rows.iter().all(are_readable),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_named_all_or_none() {
        let named = |body: &str| named(body.as_bytes());
        let legs = r#"{"legs":{"leg1":{"symbol":"NSE:A-EQ"},"leg2":{"symbol":" NSE:B-EQ "}}}"#;
        assert_eq!(named(legs).unwrap(), ["NSE:A-EQ", "NSE:B-EQ"]);
        for odd in
            ["{", "{}", r#"{"flowId":"1"}"#, r#"[{"symbol":"NSE:A-EQ"},{"symbol":7}]"#, r#"{"symbol":" "}"#]
        {
            assert_eq!(named(odd), None, "{odd}");
        }
    }
}
