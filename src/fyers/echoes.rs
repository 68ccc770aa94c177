//! What FYERS says back of the keeper's own credentials. An error page that quotes the head of a request would hand the
//! access token to whichever bot has asked. What is a quote is `keeper_domain::disclosure`'s to say.

use keeper_domain::disclosure::Finder;

/// What stands in the place of each byte: lengths and frames stay as they came.
const COVER: u8 = b'*';

/// Finds some secrets in an answer, however they are written.
#[derive(Debug)]
pub(super) struct Echoes(Finder);

impl Echoes {
    /// Looks for these. One of a few letters is not looked for: it occurs in any answer by chance.
    pub(super) fn of(secrets: &[&str]) -> Self {
        Self(Finder::of(secrets))
    }

    /// Covers each of them where it stands.
    pub(super) fn cover(&self, bytes: &mut [u8]) {
        self.0.find(bytes).into_iter().for_each(|range| bytes[range].fill(COVER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spellings::spellings;

    const TOKEN: &str = "eyJhbGciOi.CANARYaccess-token_of.the-day";

    fn covered(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        Echoes::of(&[TOKEN, "CANARY/secret", "1234"]).cover(&mut bytes);
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
        // What the log's redactor looks for is found too.
        for way in spellings(TOKEN) {
            assert!(!covered(&format!("x {way} y")).contains(&way), "{way}");
        }
        let plain = r#"{"s":"ok","orderBook":[{"id":"26112300000017"}]}"#;
        assert_eq!(covered(plain), plain);
    }
}
