//! What FYERS says back of the keeper's own credentials. An error page that quotes the head of a request would hand the
//! access token to whichever bot has asked.

use std::{fmt, ops::Range};

use regex::bytes::Regex;

use crate::spellings::{SHORTEST, spellings};

/// What stands in the place of each byte: lengths and frames stay as they came.
const COVER: u8 = b'*';

/// Finds some secrets in an answer, however they are written.
pub(super) struct Echoes(Regex);

impl fmt::Debug for Echoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Echoes(..)")
    }
}

impl Echoes {
    /// Looks for these. One of a few letters is not looked for: it occurs in any answer by chance.
    pub(super) fn of(secrets: &[&str]) -> Option<Self> {
        let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
        let mut ways: Vec<String> = long.flat_map(|secret| spellings(secret)).collect();
        // Of two that begin alike the first one is taken.
        ways.sort_by_key(|way| std::cmp::Reverse(way.len()));
        let any: Vec<String> = ways.iter().map(|way| regex::escape(way)).collect();
        // Without any the pattern would be found everywhere.
        let pattern = if any.is_empty() { r"[^\s\S]".to_owned() } else { any.join("|") };
        Regex::new(&pattern).ok().map(Self)
    }

    /// Covers each of them where it stands.
    pub(super) fn cover(&self, bytes: &mut [u8]) {
        let found: Vec<Range<usize>> = self.0.find_iter(bytes).map(|found| found.range()).collect();
        found.into_iter().for_each(|range| bytes[range].fill(COVER));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "eyJhbGciOi.CANARYaccess-token_of.the-day";

    fn covered(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        Echoes::of(&[TOKEN, "CANARY/secret", "1234"]).unwrap().cover(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_quoted_secret_is_covered_and_all_else_stays() {
        let quoted =
            format!(r#"{{"s":"error","message":"bad ABCD-100:{TOKEN}, secret CANARY\/secret, 1234"}}"#);
        let clean = covered(&quoted);
        assert_eq!(clean.len(), quoted.len());
        assert!(clean.starts_with(r#"{"s":"error","message":"bad ABCD-100:****"#), "{clean}");
        assert!(clean.ends_with(r#"**, 1234"}"#) && !clean.contains("CANARY"), "{clean}");
        for way in spellings(TOKEN) {
            assert!(!covered(&format!("x{way}y")).contains(&way), "{way}");
        }
        let plain = r#"{"s":"ok","orderBook":[{"id":"26112300000017"}]}"#;
        assert_eq!(covered(plain), plain);
        let mut none = b"text".to_vec();
        Echoes::of(&["1234"]).unwrap().cover(&mut none);
        assert_eq!(none, b"text");
    }

    proptest! {
        #[test]
        fn wherever_it_stands_it_is_covered(before: Vec<u8>, after: Vec<u8>) {
            let mut bytes = [before.as_slice(), TOKEN.as_bytes(), &after].concat();
            Echoes::of(&[TOKEN]).unwrap().cover(&mut bytes);
            prop_assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()));
        }
    }
}
