//! The claims of real tokens (FYERS API contract, section 1.6), and their signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::options::{Account, App};

/// Claims of an access or refresh token.
pub(super) fn token_claims(
    sub: &str,
    iat: DateTime<Utc>,
    exp: DateTime<Utc>,
    account: &Account,
    app: &App,
) -> Value {
    let app_type: i64 = app.client_id.rsplit('-').next().and_then(|text| text.parse().ok()).unwrap_or(100);
    json!({
        "iss": "api.fyers.in",
        "sub": sub,
        "aud": ["d:1", "d:2", "x:0", "x:1", "x:2"],
        "iat": iat.timestamp(),
        "nbf": iat.timestamp(),
        "exp": exp.timestamp(),
        "at_hash": at_hash(),
        "display_name": "",
        "fy_id": account.fy_id,
        "oms": "K1",
        "hsm_key": hex::encode(rand::random::<[u8; 28]>()),
        "isDdpiEnabled": "N",
        "isMtfEnabled": "N",
        "appType": app_type,
    })
}

/// Claims of an auth code.
pub(super) fn auth_code_claims(
    iat: DateTime<Utc>,
    exp: DateTime<Utc>,
    account: &Account,
    app: &App,
) -> Value {
    json!({
        "iss": "api.login.fyers.in",
        "sub": "auth_code",
        "aud": r#"["x:0", "x:1", "x:2", "d:1", "d:2"]"#,
        "iat": iat.timestamp(),
        "nbf": iat.timestamp(),
        "exp": exp.timestamp(),
        "app_id": app.client_id.split('-').next().unwrap_or_default(),
        "uuid": uuid::Uuid::new_v4().simple().to_string(),
        "ipAddr": "203.0.113.7",
        "nonce": "",
        "scope": "",
        "display_name": account.fy_id,
        "oms": "K1",
        "hsm_key": hex::encode(rand::random::<[u8; 28]>()),
        "isDdpiEnabled": "N",
        "isMtfEnabled": "N",
    })
}

/// About 120 characters that look like the real claim.
fn at_hash() -> String {
    let mut bytes = Vec::from(rand::random::<[u8; 32]>());
    bytes.extend(rand::random::<[u8; 32]>());
    bytes.extend(rand::random::<[u8; 22]>());
    format!("gAAAAA{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A JWT with these claims.
pub(super) fn sign(claims: &Value, key: &[u8; 32]) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// RFC 2104 for a key shorter than the hash's 64-byte block.
fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |mask: u8| {
        let mut block = [mask; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256() {
        // RFC 4231, test case 2 has a 4-byte key; padding it with zeros leaves the code unchanged.
        let mut key = [0u8; 32];
        key[..4].copy_from_slice(b"Jefe");
        let code = hmac_sha256(&key, b"what do ya want for nothing?");
        assert_eq!(hex::encode(code), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
