//! The last net: whatever slipped through is taken out of the text before it leaves the program.
//!
//! Secrets are wrapped at the edge and errors hold none, so this should never find anything. It looks for every
//! live secret in the forms it could have taken, and for things that have the shape of a secret.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use regex::{Captures, Regex, RegexSet};
use secrecy::{ExposeSecret, SecretString};

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";
/// A secret shorter than this is not searched for by value: four digits are everywhere.
const SHORTEST: usize = 8;

/// Shapes of secrets; what is in the first group, if there is one, stays.
const SHAPES: [&str; 6] = [
    r"\d{6,12}:[A-Za-z0-9_-]{30,}",
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,2}\.?",
    r#"(?i)("?\bpin"?\s*[=:]\s*"?)\d{4,6}\b"#,
    r#"(?i)((?:auth_code|[?&]code|access_token|refresh_token|secret_key|appidhash)"?\s*[=:]\s*"?)[A-Za-z0-9._~+/%-]{8,}"#,
    r"(?i)(/bot)\d{6,12}(?::|%3A)[A-Za-z0-9_-]+",
    r"\b[0-9a-f]{64}\b",
];

static SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(SHAPES).ok());
static EACH: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SHAPES.iter().filter_map(|shape| Regex::new(shape).ok()).collect());

/// Takes secrets out of text. Clones share what is registered.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Arc<RwLock<Vec<SecretString>>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// Looks for this secret from now on, in all its forms.
    pub fn register(&self, secret: &SecretString) {
        let forms = forms(secret.expose_secret());
        let mut needles = self.needles.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            if !needles.iter().any(|known| known.expose_secret() == form) {
                needles.push(SecretString::from(form));
            }
        }
        // A secret's longer forms go first, or a shorter one would leave the rest of it behind.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.expose_secret().len()));
    }

    /// The text without secrets.
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        let needles = self.needles.read().unwrap_or_else(PoisonError::into_inner);
        for needle in needles.iter().map(ExposeSecret::expose_secret) {
            if text.contains(needle) {
                text = Cow::Owned(text.replace(needle, MARK));
            }
        }
        if SET.as_ref().is_none_or(|set| !set.is_match(&text)) {
            return text;
        }
        EACH.iter().fold(text, |text, shape| Cow::Owned(shape.replace_all(&text, mask).into_owned()))
    }
}

fn mask(found: &Captures<'_>) -> String {
    format!("{}{MARK}", found.get(1).map_or("", |kept| kept.as_str()))
}

/// The forms a secret could have taken on its way into a text.
fn forms(secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST {
        return vec![];
    }
    let mut forms = vec![secret.to_owned(), hex::encode(secret), hex::encode_upper(secret)];
    forms.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
    forms.push(format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned());
    // In base64 a text looks different at each of three offsets; the ends depend on the neighbours.
    for skip in 0..3 {
        let inner = &secret.as_bytes()[skip.min(secret.len())..];
        let whole = &inner[..inner.len() / 3 * 3];
        forms.push(STANDARD_NO_PAD.encode(whole));
        forms.push(URL_SAFE_NO_PAD.encode(whole));
    }
    forms.extend(secret.get(..16).map(str::to_owned).filter(|_| !is_address(secret)));
    forms.extend(keys_in(secret));
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn is_address(secret: &str) -> bool {
    secret.starts_with("https://") || secret.starts_with("http://")
}

/// What makes a monitor's address a secret: long parts of its path with a digit in them. Words are no keys.
fn keys_in(secret: &str) -> impl Iterator<Item = String> {
    let path = if is_address(secret) { secret } else { "" };
    let parts = path.split(['/', '?', '&', '=']).skip(3).map(str::to_owned);
    parts.filter(|part| part.len() >= 16 && part.bytes().any(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(secret: &str) -> Redactor {
        let redactor = Redactor::default();
        redactor.register(&SecretString::from(secret.to_owned()));
        redactor
    }

    #[test]
    fn every_form_of_a_registered_secret_is_taken_out() {
        let secret = "CANARY/app+secret=2026";
        let redactor = redactor(secret);
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let texts = [
            format!("plain {secret}."),
            format!("in a url?x={encoded}&y"),
            format!("hex {}", hex::encode(secret)),
            format!("bytes {:?}", secret.as_bytes()),
            format!("base64 {}", STANDARD_NO_PAD.encode(secret)),
            format!("shifted {}", STANDARD_NO_PAD.encode(format!("x:{secret}"))),
            format!("shifted {}", URL_SAFE_NO_PAD.encode(format!("x{secret}"))),
            format!("cut {}...", &secret[..16]),
        ];
        for text in texts {
            let clean = redactor.clean(&text);
            assert!(clean.contains(MARK), "{text} -> {clean}");
            assert!(!clean.contains("CANARY"), "{clean}");
        }
    }

    #[test]
    fn shapes_are_taken_out_without_being_registered() {
        let redactor = Redactor::default();
        let table = [
            ("token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0 end", "token [redacted] end"),
            ("jwt eyJhbGciOiJI.eyJleHAiOjE3.c2lnbg end", "jwt [redacted] end"),
            (r#"{"pin":"1234","s":1}"#, r#"{"pin":"[redacted]","s":1}"#),
            ("pin=1234&x", "pin=[redacted]&x"),
            (
                "https://h/cb?s=ok&auth_code=abcdefgh12345&state=7",
                "https://h/cb?s=ok&auth_code=[redacted]&state=7",
            ),
            ("/bot123456789:ABC-def/SendMessage", "/bot[redacted]/SendMessage"),
        ];
        for (text, wanted) in table {
            assert_eq!(redactor.clean(text), wanted);
        }
        let hash = "a".repeat(64);
        assert_eq!(redactor.clean(&format!("hash {hash}")), "hash [redacted]");
    }

    #[test]
    fn the_key_in_an_address_is_taken_out_and_its_host_is_not() {
        let redactor =
            redactor("https://hc.example.org/ping/b94cfa4e-1111-2222-3333-444455556666/fyers-keeper");
        let text =
            "https://hc.example.org/ping/b94cfa4e-1111-2222-3333-444455556666/fyers-keeper/start failed";
        assert_eq!(redactor.clean(text), "[redacted]/start failed");
        assert_eq!(
            redactor.clean("ping b94cfa4e-1111-2222-3333-444455556666 failed"),
            "ping [redacted] failed"
        );
        for text in ["https://hc.example.org/ping/other", "fyers-keeper is up"] {
            assert_eq!(redactor.clean(text), text);
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        let redactor = redactor("a-long-secret-value");
        for text in [
            "order 26112300000017 at 09:15:01",
            "pins and needles: 12345",
            "fingerprint 7be1a2c3",
            "code -16",
        ] {
            assert_eq!(redactor.clean(text), text);
        }
    }

    proptest! {
        #[test]
        fn a_secret_never_survives(before in "\\PC{0,40}", secret in "[A-Za-z0-9._~+/=-]{8,60}", after in "\\PC{0,40}") {
            let text = format!("{before}{secret}{after}");
            let clean = redactor(&secret).clean(&text).into_owned();
            prop_assert!(!clean.contains(&secret) || MARK.contains(&secret), "{}", clean);
        }
    }
}
