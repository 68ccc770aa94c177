//! A visit: what a browser shows instead of the gateway key once a person has entered it. Values in, values out;
//! the present moment is an argument.
//!
//! The cookie's value is `END.ID.SEAL`: its end in Unix seconds, 128 random bits, and an HMAC-SHA256 of both under
//! the gateway key. So a new key ends all visits, and nothing about them is kept on this side.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How long a visit lasts, in seconds: a working week and the weekend.
pub(super) const LENGTH: i64 = 7 * 24 * 60 * 60;

/// A visit that was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visit {
    id: String,
}

impl Visit {
    /// A cookie's value for a visit that begins now.
    pub(super) fn begin(key: &[u8], now: i64, id: [u8; 16]) -> Option<String> {
        let body = format!("{}.{}", now + LENGTH, BASE64.encode(id));
        Some(format!("{body}.{}", BASE64.encode(seal(key, "visit", &body)?.finalize().into_bytes())))
    }

    /// The visit that a cookie's value proves; `None` for a forged one and for one that has ended.
    pub(super) fn read(key: &[u8], now: i64, value: &str) -> Option<Self> {
        let (body, shown) = value.rsplit_once('.')?;
        let shown = BASE64.decode(shown).ok()?;
        // Compares in constant time.
        seal(key, "visit", body)?.verify_slice(&shown).ok()?;
        let (end, id) = body.split_once('.')?;
        (end.parse::<i64>().ok()? > now).then(|| Self { id: id.to_owned() })
    }

    /// What this visit's forms carry, so that no other page can write them.
    pub(super) fn token(&self, key: &[u8]) -> Option<String> {
        Some(BASE64.encode(seal(key, "form", &self.id)?.finalize().into_bytes()))
    }

    /// Whether a form is one of this visit's.
    pub(super) fn wrote(&self, key: &[u8], token: &str) -> bool {
        let shown = BASE64.decode(token).unwrap_or_default();
        seal(key, "form", &self.id).is_some_and(|seal| seal.verify_slice(&shown).is_ok())
    }
}

/// Seals a text for a purpose, so that a seal for one thing is none for another. `None` without a key: an empty
/// one protects nothing.
fn seal(key: &[u8], purpose: &str, text: &str) -> Option<Hmac<Sha256>> {
    if key.is_empty() {
        return None;
    }
    let mut seal = Hmac::<Sha256>::new_from_slice(key).ok()?;
    seal.update(format!("fyers-keeper {purpose}\n{text}").as_bytes());
    Some(seal)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &[u8] = b"the gateway key";

    fn cookie() -> String {
        Visit::begin(KEY, 1_000, [7; 16]).unwrap()
    }

    #[test]
    fn a_visit_is_known_until_its_end_and_under_its_key_only() {
        assert!(Visit::read(KEY, 1_000, &cookie()).is_some());
        assert!(Visit::read(KEY, 1_000 + LENGTH - 1, &cookie()).is_some());
        assert_eq!(Visit::read(KEY, 1_000 + LENGTH, &cookie()), None);
        assert_eq!(Visit::read(b"another key", 1_000, &cookie()), None);
        assert_eq!(Visit::read(b"", 1_000, &cookie()), None);
        assert_eq!(Visit::begin(b"", 1_000, [7; 16]), None);
    }

    #[test]
    fn a_forms_token_belongs_to_one_visit() {
        let visit = Visit::read(KEY, 1_000, &cookie()).unwrap();
        let token = visit.token(KEY).unwrap();
        assert!(visit.wrote(KEY, &token));
        let other = Visit::read(KEY, 1_000, &Visit::begin(KEY, 1_000, [8; 16]).unwrap()).unwrap();
        assert!(!other.wrote(KEY, &token));
        assert!(!visit.wrote(KEY, ""));
        let seal = cookie().rsplit_once('.').unwrap().1.to_owned();
        assert!(!visit.wrote(KEY, &seal), "a seal for one thing is none for another");
    }

    proptest! {
        #[test]
        fn no_changed_cookie_is_a_visit(at in 0usize..90, letter in "[A-Za-z0-9_.-]") {
            let cookie = cookie();
            let at = at % cookie.len();
            let changed = format!("{}{letter}{}", &cookie[..at], &cookie[at + 1..]);
            // The last letter of unpadded base64 has bits that mean nothing; the decoder refuses them.
            prop_assert_eq!(Visit::read(KEY, 1_000, &changed).is_some(), changed == cookie);
        }

        #[test]
        fn no_text_is_a_visit(text: String) {
            prop_assert_eq!(Visit::read(KEY, 1_000, &text), None);
        }
    }
}
