//! What is missing in a pasted text, or in an address, that should have brought a login's code.

use super::login::{is_code, url_pairs};

/// What a text that is no login lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// It is neither an address nor a code.
    Address,
    /// An address without a code in it.
    Code,
    /// An address with a code that is cut off, or changed.
    WholeCode,
    /// An address with a whole code, and without the state of a login that the keeper has begun.
    State,
}

/// What is missing in it, of a text in which no login could be read.
pub fn lack(text: &str) -> Lack {
    let text = text.trim().trim_matches(['"', '\'', '<', '>']);
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let fields: Vec<(String, String)> = url_pairs(query.split('#').next().unwrap_or_default()).collect();
    match fields.iter().find(|(key, _)| key == "auth_code").map(|(_, code)| code.as_str()) {
        Some("") => Lack::Code,
        Some(code) if is_code(code) => Lack::State,
        Some(_) => Lack::WholeCode,
        None if text.starts_with("eyJ") => Lack::WholeCode,
        None if text.contains("://") || text.contains('?') => Lack::Code,
        None => Lack::Address,
    }
}

#[cfg(test)]
mod tests {
    use fyers_api::claims as jwt;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let whole = jwt::fake(&json!({"sub": "auth_code"}));
        for (text, lacks) in [
            ("hello".to_owned(), Lack::Address),
            ("https://x/cb".to_owned(), Lack::Code),
            ("https://x/cb?s=ok&code=200&auth_code=&state=1".to_owned(), Lack::Code),
            ("https://x/cb?auth_code=eyJ.cut".to_owned(), Lack::WholeCode),
            ("auth_code=short".to_owned(), Lack::WholeCode),
            (whole.rsplit_once('.').unwrap().0.to_owned(), Lack::WholeCode),
            (format!("https://x/cb?auth_code={whole}"), Lack::State),
        ] {
            assert_eq!(lack(&text), lacks, "{text}");
        }
    }
}
