//! The token a bot shows. FYERS' programs look into it before they use it, so it is written as FYERS writes its own: three
//! parts, `exp` far ahead, an `hsm_key` for the data socket. Whoever shows it is recognised by its whole digest; the
//! signature only says which keeper made it.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use crate::keys::name::BotName;

/// How long a token says it is good: until it is rotated or removed.
const GOOD_FOR: TimeDelta = TimeDelta::days(25 * 365);
/// `iat` of the first key's token, which is always the same for one key: 1 January 2026.
const OWNERS_IAT: i64 = 1_767_225_600;

/// SHA-256 of something that opens a door.
#[derive(Clone, Copy, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of this text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

impl PartialEq for Digest {
    /// In a time that tells nothing.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Digest({})", hex::encode(&self.0[..4]))
    }
}

impl From<Digest> for String {
    fn from(Digest(bytes): Digest) -> Self {
        hex::encode(bytes)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("this is no SHA-256 digest")
    }
}

/// A new token: shown once.
#[derive(Debug, Clone)]
pub struct Minted {
    /// What the bot shows.
    pub token: SecretString,
    hsm_key: SecretString,
}

impl Minted {
    /// What is kept of the token.
    pub fn digest(&self) -> Digest {
        Digest::of(self.token.expose_secret())
    }

    /// What is kept of its `hsm_key`.
    pub fn hsm_digest(&self) -> Digest {
        Digest::of(self.hsm_key.expose_secret())
    }
}

/// How every token begins, whosever it is.
pub fn head() -> String {
    BASE64.encode(json!({"alg": "HS256", "typ": "JWT"}).to_string())
}

/// A token for this bot. `signing` is the keeper's own secret, `random` comes from a source that cannot be guessed.
pub fn mint(signing: &SecretString, bot: &BotName, at: DateTime<Utc>, random: [u8; 32]) -> Minted {
    let hsm_key = hex::encode(Sha256::digest([b"hsm".as_slice(), &random].concat()));
    let claims = json!({
        "iss": "fyers-keeper", "sub": "access_token", "aud": ["x:0", "x:1", "x:2", "d:1", "d:2"],
        "iat": at.timestamp(), "nbf": at.timestamp(), "exp": (at + GOOD_FOR).timestamp(),
        "fy_id": "KEEPER", "appType": 100, "poa_flag": "N", "bot": bot, "hsm_key": hsm_key,
    });
    let signed = format!("{}.{}", head(), BASE64.encode(claims.to_string()));
    let token = format!("{signed}.{}", BASE64.encode(keyed(signing, signed.as_bytes())));
    Minted { token: SecretString::from(token), hsm_key: SecretString::from(hsm_key) }
}

/// The first key as a token: always the same for the same key and the same keeper, so that it can be shown again.
pub fn of_owner(signing: &SecretString, key: &SecretString) -> Minted {
    let random = keyed(signing, format!("owner {}", key.expose_secret()).as_bytes());
    let at = DateTime::from_timestamp(OWNERS_IAT, 0).unwrap_or_default();
    mint(signing, &BotName::owner(), at, random)
}

fn keyed(secret: &SecretString, text: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    // HMAC takes keys of any length.
    mac.map(|mac| mac.chain_update(text).finalize().into_bytes().into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SecretString {
        SecretString::from("signing secret".to_owned())
    }

    fn claims(token: &SecretString) -> serde_json::Value {
        let parts: Vec<&str> = token.expose_secret().split('.').collect();
        assert_eq!((parts.len(), parts[0]), (3, head().as_str()));
        serde_json::from_slice(&BASE64.decode(parts[1]).unwrap()).unwrap()
    }

    #[test]
    fn the_token_is_what_the_sdks_look_for() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let bot = BotName::new("trial").unwrap();
        let minted = mint(&secret(), &bot, at, [7; 32]);
        let claims = claims(&minted.token);
        assert!(claims["exp"].as_i64().unwrap() > 2_500_000_000, "{claims}");
        assert_eq!((claims["iat"].as_i64(), claims["bot"].as_str()), (Some(1_800_000_000), Some("trial")));
        assert_eq!(Digest::of(claims["hsm_key"].as_str().unwrap()), minted.hsm_digest());
        assert!(claims["fy_id"].is_string() && claims["appType"].is_i64());
        let (signed, signature) = minted.token.expose_secret().rsplit_once('.').unwrap();
        assert_eq!(signature, BASE64.encode(keyed(&secret(), signed.as_bytes())));
        let other = mint(&secret(), &bot, at, [8; 32]);
        assert!(other.digest() != minted.digest() && other.hsm_digest() != minted.hsm_digest());
        assert!(!format!("{minted:?}").contains("eyJ"));
    }

    #[test]
    fn the_owners_token_depends_on_key_and_keeper_and_on_nothing_else() {
        let key = |text: &str| SecretString::from(text.to_owned());
        let one = of_owner(&secret(), &key("a"));
        assert_eq!(one.digest(), of_owner(&secret(), &key("a")).digest());
        assert_ne!(one.digest(), of_owner(&secret(), &key("b")).digest());
        assert_ne!(one.digest(), of_owner(&key("other keeper"), &key("a")).digest());
    }

    #[test]
    fn a_digest_survives_the_disk() {
        let text = serde_json::to_string(&Digest::of("x")).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), Digest::of("x"));
        assert!(serde_json::from_str::<Digest>("\"00\"").is_err());
    }
}
