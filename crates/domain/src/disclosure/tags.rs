//! Texts of an order that books, logs and alerts show as the bot has written them.

use serde_json::Value;

/// The tags in the body of a request that trades, however deep; all of it where it is no JSON.
pub fn tags(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    match serde_json::from_slice(body) {
        Ok(value) => collect(&value, &mut found),
        Err(_) => found.push(String::from_utf8_lossy(body).into_owned()),
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(text) if name.eq_ignore_ascii_case("orderTag") => found.push(text.clone()),
            _ => collect(value, found),
        }),
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_of_a_request_is_found() {
        let none: [&str; 0] = [];
        for (body, want) in [
            (r#"{"symbol":"NSE:SBIN-EQ","orderTag":"a1"}"#, &["a1"][..]),
            (r#"[{"orderTag":"a1"},{"qty":1},{"orderTag":"b\u0032"}]"#, &["a1", "b2"]),
            (r#"{"legs":{"leg1":{"ORDERTAG":"c"}},"orderTag":7}"#, &["c"]),
            (r#"{"symbol":"x"}"#, &none),
            ("", &[""]),
            ("orderTag=abc", &["orderTag=abc"]),
        ] {
            assert_eq!(tags(body.as_bytes()), want, "{body}");
        }
    }
}
