//! The headers of the Standard Webhooks specification: an id, a time, and a signature over both and the body.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Signs what is sent with a secret that the receiver knows.
pub(super) struct Signer {
    key: Zeroizing<Vec<u8>>,
}

impl Signer {
    /// A secret that begins with `whsec_` is base64 after that, as the specification has it; any other is taken as it is.
    pub(super) fn new(secret: &SecretString) -> Self {
        let text = secret.expose_secret();
        let coded = text.strip_prefix("whsec_").and_then(|coded| STANDARD.decode(coded).ok());
        Self { key: Zeroizing::new(coded.unwrap_or_else(|| text.as_bytes().to_vec())) }
    }

    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// What every request carries. The time is the machine's own, whatever clock the keeper runs by: the receiver compares it
/// with its own, so that an old request cannot be sent again.
pub(super) fn headers(signer: Option<&Signer>, id: &str, body: &str) -> Vec<(&'static str, String)> {
    let timestamp = chrono::Utc::now().timestamp();
    let mut headers = vec![("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp.to_string())];
    headers.extend(signer.map(|signer| ("webhook-signature", signer.sign(id, timestamp, body))));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementations.
    #[test]
    fn the_signature_is_the_one_of_standard_webhooks() {
        let signer = Signer::new(&SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        let body = r#"{"test": 2432232314}"#;
        let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn another_secret_signs_otherwise_and_none_does_not_sign() {
        let sign = |secret: &str| Signer::new(&SecretString::from(secret)).sign("id", 1, "{}");
        assert_ne!(sign("one"), sign("two"));
        let names: Vec<_> = headers(None, "id", "{}").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["webhook-id", "webhook-timestamp"]);
    }
}
