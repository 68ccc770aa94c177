//! Secrets, wrapped at the edge and kept wrapped.
//!
//! None of these types has `Display` or `Serialize`, and `Debug` shows a fingerprint at most. The one way
//! out is `expose`, which only the adapters that hand a secret to the broker or to the store may call.

use std::fmt;

use chrono::{DateTime, Utc};
use fyers_api::claims::claims;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// First 8 hex digits of a secret's SHA-256: enough to tell two tokens apart, of no use to a thief.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of any high-entropy secret. Never use it on a PIN: four digits can be guessed back.
    pub fn of(secret: &str) -> Self {
        let digest = Sha256::digest(secret.as_bytes());
        Self(hex::encode(&digest[..4]))
    }

    /// The eight hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Wraps the token's text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// The token's text, for the adapter that must send or store it.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }

            /// What may be shown instead of the token.
            pub fn fingerprint(&self) -> Fingerprint {
                Fingerprint::of(self.expose())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.fingerprint())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.expose() == other.expose()
            }
        }

        impl Eq for $name {}
    };
}

token! {
    /// A FYERS access token: a JWT that is good until the next 06:00 IST (docs/fyers-api.md, "Tokens").
    AccessToken
}

impl AccessToken {
    /// When it ends, as far as it says so.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        claims(self.expose()).expires_at
    }
}

token! {
    /// A FYERS refresh token: a JWT that is good for 15 days (docs/fyers-api.md, "Tokens").
    RefreshToken
}

token! {
    /// The one-time code of a login (docs/fyers-api.md, "Login").
    AuthCode
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_a_fingerprint_and_never_the_token() {
        let token = AccessToken::new("SEKRET-token");
        let shown = format!("{token:?}");
        assert!(!shown.contains("SEKRET"), "{shown}");
        assert_eq!(shown, format!("AccessToken({})", Fingerprint::of("SEKRET-token")));
        assert_eq!(token.fingerprint().as_str().len(), 8);
    }
}
