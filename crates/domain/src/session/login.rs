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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_400_000 + seconds, 0).unwrap()
    }

    fn code() -> String {
        jwt::fake(&json!({"sub": "auth_code", "app_id": "ABCD1234EF"}))
    }

    fn key() -> StateKey {
        StateKey::derive(&SecretString::from("the gateway key"))
    }

    fn issue(mark: u8, now: DateTime<Utc>) -> String {
        key().issue(LoginOrigin::Page, now, [mark; 10]).unwrap()
    }

    #[test]
    fn a_state_is_good_once_for_ten_minutes() {
        let mut used = UsedStates::default();
        let (first, second) = (issue(1, at(0)), issue(2, at(0)));
        assert_eq!(first.len(), 43, "32 bytes");
        assert_eq!(used.redeem(&key(), ("forged", 1), at(1)), Err(StateRefusal::Unknown));
        assert!(used.redeem(&key(), (&first, 1), at(599)).is_ok());
        assert_eq!(
            used.redeem(&key(), (&first, 1), at(599)),
            Err(StateRefusal::Unfinished),
            "nobody knows how"
        );
        assert!(used.ended(1) && !used.ended(7), "now it is known");
        assert_eq!(used.redeem(&key(), (&first, 1), at(599)), Err(StateRefusal::Used));
        assert_eq!(used.redeem(&key(), (&first, 1), at(700)), Err(StateRefusal::Used), "and stays used");
        assert_eq!(used.redeem(&key(), (&second, 1), at(600)), Err(StateRefusal::Expired));
        assert_eq!(used.redeem(&key(), (&second, 1), at(-3_600)), Err(StateRefusal::Expired));
    }

    #[test]
    fn a_state_tells_where_its_login_began_and_belongs_to_one_key() {
        for origin in [LoginOrigin::Page, LoginOrigin::Card, LoginOrigin::StatusPage] {
            let state = key().issue(origin, at(0), [3; 10]).unwrap();
            assert_eq!(key().read(&state, at(1)), Ok(origin));
            let other = StateKey::derive(&SecretString::from("another key"));
            assert_eq!(other.read(&state, at(1)), Err(StateRefusal::Unknown));
        }
        assert!(key().is_card_token(&key().card_token()) && !key().is_card_token(""));
        assert!(!key().is_card_token(&issue(1, at(0))), "a state is no link");
    }

    #[test]
    fn what_is_stored_cannot_be_used_to_forge() {
        let mut used = UsedStates::default();
        let state = issue(7, at(0));
        used.redeem(&key(), (&state, 1), at(0)).unwrap();
        let stored = serde_json::to_string(&used).unwrap();
        assert!(!stored.contains(&state));
        let mut read_back: UsedStates = serde_json::from_str(&stored).unwrap();
        assert_eq!(read_back.redeem(&key(), (&state, 1), at(1)), Err(StateRefusal::Unfinished));
        assert!(!read_back.ended(1), "numbers of logins are each run's own");
        assert!(used.ended(1));
        let mut told: UsedStates = serde_json::from_str(&serde_json::to_string(&used).unwrap()).unwrap();
        assert_eq!(told.redeem(&key(), (&state, 1), at(1)), Err(StateRefusal::Used));
        let before: UsedStates = serde_json::from_str(r#"{"given_out":[]}"#).unwrap();
        assert_eq!(before, UsedStates::default(), "a note of an older version");
    }

    #[test]
    fn beginning_costs_nothing_and_the_list_of_used_ones_does_not_grow_for_ever() {
        let mut used = UsedStates::default();
        for n in 0..10_000u32 {
            let mut random = [0; 10];
            random[..4].copy_from_slice(&n.to_be_bytes());
            let state = key().issue(LoginOrigin::Page, at(0), random).unwrap();
            assert!(used.redeem(&key(), (&state, 1), at(0)).is_ok());
        }
        assert_eq!(used.used.len(), MOST);
        assert!(used.redeem(&key(), (&issue(9, at(5_000)), 1), at(5_000)).is_ok());
        assert_eq!(used.used.len(), 1, "what has expired is forgotten");
    }

    #[test]
    fn every_form_of_a_paste_is_read() {
        let code = code();
        let forms = [
            code.clone(),
            format!("  {code}\n"),
            format!("https://127.0.0.1/cb?s=ok&code=200&auth_code={code}&state=xyz"),
            format!("<https://k.example/fyers/callback?auth_code={code}&s=ok&code=200#x>"),
            format!("s=ok&code=200&auth_code={code}&state=xyz"),
        ];
        for form in forms {
            let Some(Redirect::Code { code: read, .. }) = read_pasted(&form) else { panic!("{form}") };
            assert_eq!(read.expose(), code);
        }
        let refused = read_pasted("https://x/cb?s=error&code=-413&message=user+denied&state=1");
        assert!(matches!(refused, Some(Redirect::Refused { code: Some(-413), .. })), "{refused:?}");
    }

    #[test]
    fn what_is_no_code_is_no_code() {
        let cut = format!("{}x", code().rsplit_once('.').unwrap().0);
        let texts = [
            "",
            "hello",
            "200",
            "eyJ.eyJ",
            "https://x/cb?code=200",
            "auth_code=short",
            "https://x/?auth_code=a.b.c",
            &cut,
        ];
        for text in texts {
            assert!(read_pasted(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_code_for_another_app_is_noticed() {
        let code = AuthCode::new(code());
        assert!(!is_for_another_app(&code, "ABCD1234EF-100"));
        assert!(is_for_another_app(&code, "OTHER12345-100"));
        assert!(!is_for_another_app(&AuthCode::new("eyJ.x.y"), "ABCD1234EF-100"), "nothing is known of it");
    }

    proptest! {
        #[test]
        fn nothing_pasted_makes_it_panic(text in "\\PC{0,200}") {
            let _read = read_pasted(&text);
        }

        #[test]
        fn no_guess_is_ever_taken(guesses in prop::collection::vec("[A-Za-z0-9_-]{0,50}", 0..50)) {
            let mut used = UsedStates::default();
            for guess in guesses {
                prop_assert_eq!(used.redeem(&key(), (&guess, 1), at(1)), Err(StateRefusal::Unknown));
            }
        }

        #[test]
        fn no_changed_state_is_taken(at_letter in 0usize..43, letter in "[A-Za-z0-9_-]") {
            let state = issue(9, at(0));
            let changed = format!("{}{letter}{}", &state[..at_letter], &state[at_letter + 1..]);
            prop_assert_eq!(key().read(&changed, at(1)).is_ok(), changed == state);
        }
    }
}
