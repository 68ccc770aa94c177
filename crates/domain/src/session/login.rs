//! A person's login: the signed states that guard the redirect, and the code it brings.
//!
//! A state costs no memory until it is used: it tells when and for whom it was issued, and a MAC proves that this
//! keeper wrote it. So nobody can push out another person's state by beginning logins. Only used states are kept,
//! as digests, until they would have expired anyway.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::login_origin::LoginOrigin;
use crate::{reason::Reason, secret::AuthCode, session::logins::LoginId};
use fyers_api::claims as jwt;

/// How long a state is good for: a login with a one-time password and a PIN takes a minute or two.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Of a page that does not open after FYERS' login: to be gone on with what its address is good for.
pub const LANDING: &str = "The page after the login will not open: that is expected. Copy its address";
/// How many used states are remembered. Each one has cost a login's code.
const MOST: usize = 4_096;
/// Bytes of a state before its MAC: five of time, one of the origin, ten random.
const BODY: usize = 16;
/// Bytes of the MAC.
const MAC: usize = 16;

/// A nonce of 256 random bits, for a login that begins and ends in one process.
pub fn state_from(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// What signs states.
#[derive(Clone)]
pub struct StateKey(std::sync::Arc<SecretBox<[u8; 32]>>);

impl core::fmt::Debug for StateKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StateKey(..)")
    }
}

impl StateKey {
    /// The key that belongs to a gateway key: another gateway key ends all logins that are on their way.
    pub fn derive(secret: &SecretString) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"fyers-keeper login states\n");
        digest.update(secret.expose_secret().as_bytes());
        Self(std::sync::Arc::new(SecretBox::new(Box::new(digest.finalize().into()))))
    }

    fn mac(&self, purpose: &str, text: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(purpose.as_bytes());
        mac.update(b"\n");
        mac.update(text);
        Some(mac)
    }

    /// Compares in constant time.
    fn signed(&self, purpose: &str, text: &[u8], shown: &[u8]) -> bool {
        let mac = self.mac(purpose, text).filter(|_| shown.len() == MAC);
        mac.is_some_and(|mac| mac.verify_truncated_left(shown).is_ok())
    }

    /// A fresh state, as it goes into the address. `None` never happens with a key of this length.
    pub fn issue(&self, origin: LoginOrigin, now: DateTime<Utc>, random: [u8; 10]) -> Option<String> {
        let mut state = now.timestamp().to_be_bytes()[3..].to_vec();
        state.push(origin.byte());
        state.extend(random);
        let mac = self.mac("state", &state)?.finalize().into_bytes();
        state.extend(&mac[..MAC]);
        Some(URL_SAFE_NO_PAD.encode(state))
    }

    /// Where a state's login began, when this keeper has issued it and it is not too old. Says nothing about
    /// whether it has been used.
    pub fn read(&self, state: &str, now: DateTime<Utc>) -> Result<LoginOrigin, StateRefusal> {
        let bytes = URL_SAFE_NO_PAD.decode(state).map_err(|_| StateRefusal::Unknown)?;
        if bytes.len() != BODY + MAC {
            return Err(StateRefusal::Unknown);
        }
        let (body, shown) = bytes.split_at(BODY);
        if !self.signed("state", body, shown) {
            return Err(StateRefusal::Unknown);
        }
        let issued = body[..5].iter().fold(0i64, |seconds, byte| seconds << 8 | i64::from(*byte));
        let age = now.timestamp() - issued;
        // A clock that went backwards must not make a state last longer.
        if !(-LIFETIME.num_seconds()..LIFETIME.num_seconds()).contains(&age) {
            return Err(StateRefusal::Expired);
        }
        Ok(LoginOrigin::of_byte(body[5]))
    }

    /// What the card's link carries, so that a login begun there is known as vouched for.
    pub fn card_token(&self) -> String {
        let mac = self.mac("card", b"").map(|mac| mac.finalize().into_bytes());
        mac.map_or_else(String::new, |mac| URL_SAFE_NO_PAD.encode(&mac[..MAC]))
    }

    /// Whether a link is the card's.
    pub fn is_card_token(&self, shown: &str) -> bool {
        self.signed("card", b"", &URL_SAFE_NO_PAD.decode(shown).unwrap_or_default())
    }
}

/// What is kept of a state.
fn digest(state: &str) -> String {
    hex::encode(Sha256::digest(state.as_bytes()))
}

/// Why a redirect's state is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateRefusal {
    /// The keeper did not issue it.
    Unknown,
    /// It was issued more than [`LIFETIME`] ago.
    Expired,
    /// It has been used, and its login has ended.
    Used,
    /// It has been used, and nobody has written down what came of it: the keeper ended in the middle of the login.
    Unfinished,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Used {
    digest: String,
    at: DateTime<Utc>,
    /// Its login has ended, one way or the other.
    #[serde(default)]
    is_over: bool,
    /// Its login, as long as this run knows it.
    #[serde(skip)]
    login: Option<LoginId>,
}

/// The states that have been used, as long as they would still be good.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsedStates {
    #[serde(default)]
    used: Vec<Used>,
}

impl UsedStates {
    /// Uses a state up for a login. It must be on disk as used before its code is spent.
    pub fn redeem(
        &mut self,
        key: &StateKey,
        (state, login): (&str, LoginId),
        now: DateTime<Utc>,
    ) -> Result<LoginOrigin, StateRefusal> {
        let digest = digest(state);
        if let Some(used) = self.used.iter().find(|used| used.digest == digest) {
            return Err(if used.is_over { StateRefusal::Used } else { StateRefusal::Unfinished });
        }
        let origin = key.read(state, now)?;
        // Twice the lifetime, for a clock that is set back.
        self.used.retain(|used| (now - used.at).abs() < LIFETIME * 2);
        self.used.push(Used { digest, at: now, is_over: false, login: Some(login) });
        let surplus = self.used.len().saturating_sub(MOST);
        self.used.drain(..surplus);
        Ok(origin)
    }

    /// A login has ended. Whether a state is known to be its, so that this is to be written down.
    pub fn ended(&mut self, login: LoginId) -> bool {
        let its = self.used.iter_mut().rev().find(|used| used.login == Some(login));
        its.map(|used| used.is_over = true).is_some()
    }
}

/// Why a login did not bring a token into use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFailure {
    /// The redirect's state is no good.
    State(StateRefusal),
    /// Other logins are being redeemed right now; this one's code was not spent.
    Busy,
    /// The keeper cannot write to its disk right now, so nothing was begun.
    NotWritten,
    /// Too many logins have failed, and the keeper's own limit held this one back: its code was not spent.
    Held {
        /// When the next one may be sent.
        until: DateTime<Utc>,
    },
    /// The broker refused, cannot be reached, or the check of the new token failed.
    Refused {
        /// Why.
        reason: Reason,
        /// The broker's code, when it gave one.
        code: Option<i64>,
    },
}

/// What a redirect from FYERS says (docs/fyers-api.md, "Login").
#[derive(Debug, Clone)]
pub enum Redirect {
    /// The login succeeded.
    Code {
        /// The one-time code.
        code: AuthCode,
        /// The state it was begun with, if the redirect tells it.
        state: Option<String>,
    },
    /// FYERS says no.
    Refused {
        /// FYERS' code, when it gave one.
        code: Option<i64>,
        /// FYERS' words.
        message: String,
        /// The state the login was begun with, if the redirect tells it.
        state: Option<String>,
    },
}

/// Reads what a person pastes: the whole redirect address, its query alone, or the bare code. `None` when it is
/// none of them: what is missing says [`super::lack`].
pub fn read_pasted(text: &str) -> Option<Redirect> {
    let text = text.trim().trim_matches(['"', '\'', '<', '>']);
    if is_code(text) {
        return Some(Redirect::Code { code: AuthCode::new(text), state: None });
    }
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    read_query(query.split('#').next().unwrap_or_default())
}

/// Reads a redirect's query. FYERS puts the login code into `auth_code`; `code` is a status there.
pub fn read_query(query: &str) -> Option<Redirect> {
    let fields: Vec<(String, String)> = url_pairs(query).collect();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let code = field("auth_code").filter(|code| is_code(code));
    let status = field("code").and_then(|code| code.parse::<i64>().ok());
    match (code, field("s").as_deref()) {
        (Some(code), Some("ok") | None) => {
            Some(Redirect::Code { code: AuthCode::new(code), state: field("state") })
        }
        (_, Some("error")) => {
            let message = field("message").unwrap_or_default();
            Some(Redirect::Refused { code: status, message, state: field("state") })
        }
        _ => None,
    }
}

pub(super) fn url_pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    url::form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned()))
}

/// A login code is a JWT (docs/fyers-api.md, "Tokens").
pub(super) fn is_code(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    text.len() <= 4096 && text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(part)
}

/// Whether a code was made for another app: spending it would only confuse. The claim has no ending.
pub(super) fn is_for_another_app(code: &AuthCode, app: &str) -> bool {
    let base = app.split('-').next().unwrap_or(app);
    jwt::claims(code.expose()).app.is_some_and(|of_code| of_code != base && of_code != app)
}

#[cfg(test)]
mod tests;
