//! Texts of an order that books, logs and alerts show as the bot has written them.

use serde_json::Value;

/// The texts in the body of a request that trades, however deep: tags, symbols, ids, names; all of it where it is no JSON.
pub fn texts(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    match serde_json::from_slice(body) {
        Ok(value) => collect(&value, &mut found),
        Err(_) => found.push(String::from_utf8_lossy(body).into_owned()),
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.push(name.clone());
            collect(value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::String(text) => found.push(text.clone()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_a_request_is_found() {
        for (body, want) in [
            (r#"{"symbol":"NSE:SBIN-EQ","orderTag":"a1"}"#, &["symbol", "NSE:SBIN-EQ", "orderTag", "a1"][..]),
            (r#"[{"orderTag":"b\u0032"},{"qty":1}]"#, &["orderTag", "b2", "qty"]),
            (r#"{"legs":{"leg1":{"id":"c"}},"x":7}"#, &["legs", "leg1", "id", "c", "x"]),
            ("", &[""]),
            ("orderTag=abc", &["orderTag=abc"]),
        ] {
            let mut want: Vec<_> = want.to_vec();
            let mut found = texts(body.as_bytes());
            want.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, want, "{body}");
        }
    }
}
