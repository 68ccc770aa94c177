//! The app's credentials and the only place of this adapter that opens them.

use std::sync::{Arc, Mutex, PoisonError};

use fyers_api::{claims::claims, request, response::is_token};
use keeper_domain::{
    broker_error::BrokerError,
    secret::{AccessToken, AuthCode, Fingerprint, RefreshToken},
};
use reqwest::{Proxy, header::HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    fyers::{config::SetupError, echoes::Echoes},
    run_tokens::RunTokens,
};

/// App id, secret and PIN, kept wrapped.
pub(super) struct Credentials {
    client_id: String,
    secret: SecretString,
    app_id_hash: SecretString,
    pin: Option<SecretString>,
    /// What FYERS has given before: it may quote that, too.
    tokens: RunTokens,
    /// For the token that was used last, and those that were known then.
    echoes: Mutex<Option<Latest>>,
}

type Latest = ((Fingerprint, u64), Arc<Echoes>);

impl Credentials {
    pub(super) fn new(client_id: String, secret: SecretString, pin: Option<SecretString>) -> Self {
        let app_id_hash = SecretString::from(app_id_hash(&client_id, secret.expose_secret()));
        Self { client_id, secret, app_id_hash, pin, tokens: RunTokens::default(), echoes: Mutex::default() }
    }

    /// The same, which knows the tokens of the run.
    #[must_use]
    pub(super) fn knowing(self, tokens: RunTokens) -> Self {
        Self { tokens, ..self }
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The header of every authenticated call, `app_id:token` without a scheme (docs/fyers-api.md, "Headers"), marked so that neither reqwest nor hyper ever prints it.
    ///
    /// A text that cannot be a token (a line break from a bad paste) is answered as FYERS answers it, with
    /// code -15; HTTP status 0 says that nobody was asked.
    pub(super) fn authorization(&self, token: &AccessToken) -> Result<HeaderValue, BrokerError> {
        let text = format!("{}:{}", self.client_id, token.expose());
        let header = HeaderValue::from_str(&text).ok().filter(|_| is_token(token.expose()));
        let mut header = header
            .ok_or_else(|| not_sent(-15, "The access token has characters no token has: paste it again."))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Finds what a call with this token has shown FYERS, the app's secret and the tokens of the run in what FYERS says.
    pub(super) fn echoes(&self, token: &AccessToken) -> Arc<Echoes> {
        let mut latest = self.echoes.lock().unwrap_or_else(PoisonError::into_inner);
        let state = (token.fingerprint(), self.tokens.changes());
        if let Some((_, echoes)) = latest.as_ref().filter(|(of, _)| *of == state) {
            return Arc::clone(echoes);
        }
        let (tokens, changes) = self.tokens.all();
        let hsm_key = claims(token.expose()).hsm_key.unwrap_or_default();
        let own = [token.expose(), &hsm_key, self.secret.expose_secret(), self.app_id_hash.expose_secret()];
        let secrets: Vec<&str> =
            own.into_iter().chain(tokens.iter().map(ExposeSecret::expose_secret)).collect();
        let echoes = Arc::new(Echoes::of(&secrets));
        *latest = Some(((state.0, changes), Arc::clone(&echoes)));
        echoes
    }

    /// The refresh call's body. Without a PIN the call cannot succeed, so it is not made: every call with a
    /// wrong PIN counts against the account.
    pub(super) fn refresh_body(&self, token: &RefreshToken) -> Result<Value, BrokerError> {
        let pin = self.pin.as_ref().ok_or_else(|| not_sent(0, "FYERS_PIN is not set."))?;
        Ok(request::refresh(self.app_id_hash.expose_secret(), token.expose(), pin.expose_secret()))
    }

    /// The body that turns a login's one-time code into tokens.
    pub(super) fn login_body(&self, code: &AuthCode) -> Value {
        request::login(self.app_id_hash.expose_secret(), code.expose())
    }

    /// What must not be in the broker's words. The PIN is looked for only where it was sent: four digits
    /// occur in any text, and hiding them everywhere would point at them.
    pub(super) fn known(&self) -> Vec<&str> {
        vec![self.secret.expose_secret(), self.app_id_hash.expose_secret()]
    }

    /// As [`known`](Self::known), with the PIN.
    pub(super) fn known_with_pin(&self) -> Vec<&str> {
        let pin = self.pin.as_ref().map(ExposeSecret::expose_secret);
        self.known().into_iter().chain(pin).collect()
    }

    /// For the log's redactor: secret and hash. Without the PIN, for the reason given at `known`.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        vec![self.secret.clone(), self.app_id_hash.clone()]
    }
}

/// A proxy for HTTPS from its address.
pub(super) fn proxy(address: &SecretString) -> Result<Proxy, SetupError> {
    Proxy::https(address.expose_secret()).map_err(|_| SetupError::BadProxy)
}

/// A refusal by the keeper itself: HTTP status 0, because nothing was sent.
pub(super) fn not_sent(code: i64, message: &str) -> BrokerError {
    BrokerError::Refused { status: 0, code, message: message.to_owned() }
}

/// Lower-case hex SHA-256 of `app_id:secret` (docs/fyers-api.md, "Login").
fn app_id_hash(client_id: &str, secret: &str) -> String {
    hex::encode(Sha256::digest(format!("{client_id}:{secret}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_over_app_id_colon_secret() {
        // printf %s 'ABCD1234EF-100:SECRET1234' | sha256sum
        assert_eq!(
            app_id_hash("ABCD1234EF-100", "SECRET1234"),
            "c870d58d4d43f9403a70e197439a51017720542c164362d33319b03f89cbb4cf"
        );
    }

    #[test]
    fn a_token_that_cannot_be_one_is_refused_without_asking() {
        let app = Credentials::new("ABCD1234EF-100".into(), "s".into(), None);
        for bad in ["", "a b", "a\nb", "ä", "a\u{7f}"] {
            let error = app.authorization(&AccessToken::new(bad)).unwrap_err();
            assert!(matches!(error, BrokerError::Refused { status: 0, code: -15, .. }), "{error:?}");
        }
        let header = app.authorization(&AccessToken::new("eyJ.a-b_c.d")).unwrap();
        assert!(header.is_sensitive());
        assert_eq!(header.as_bytes(), b"ABCD1234EF-100:eyJ.a-b_c.d");
    }
}
