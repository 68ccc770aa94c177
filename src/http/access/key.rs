//! The gateway key, which may be replaced while the keeper runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The key of one listener. Cheap to clone; all clones see a replacement at once.
#[derive(Debug, Clone)]
pub struct GatewayKey(Arc<ArcSwap<Current>>);

/// A key, and how many there were before it in this run.
#[derive(Debug)]
pub(super) struct Current {
    secret: SecretString,
    pub(super) generation: u64,
}

impl Current {
    /// Compared in constant time. An empty key opens nothing.
    pub(super) fn is(&self, shown: &str) -> bool {
        let key = self.secret.expose_secret().as_bytes();
        bool::from(shown.as_bytes().ct_eq(key)) && !key.is_empty()
    }

    /// Whether this is the SHA-256 of `APP_ID:KEY`, in hexadecimal digits.
    pub(super) fn is_secret_of(&self, app: &str, hash: &str) -> bool {
        let key = self.secret.expose_secret();
        let own = hex::encode(Sha256::digest(format!("{app}:{key}")));
        bool::from(own.as_bytes().ct_eq(hash.as_bytes())) && !key.is_empty()
    }
}

impl From<SecretString> for GatewayKey {
    fn from(secret: SecretString) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Current { secret, generation: 0 })))
    }
}

impl GatewayKey {
    /// The key that is good now.
    pub fn secret(&self) -> SecretString {
        self.0.load().secret.clone()
    }

    pub(super) fn current(&self) -> Arc<Current> {
        self.0.load_full()
    }

    /// From now on only this key is good, and everything that the old one has opened is closed. False when it is the
    /// same key.
    pub fn replace(&self, secret: SecretString) -> bool {
        let old = self.current();
        if old.is(secret.expose_secret()) {
            return false;
        }
        self.0.store(Arc::new(Current { secret, generation: old.generation + 1 }));
        true
    }
}
