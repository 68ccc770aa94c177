//! A person's login: the one-time states that guard the redirect, and the code it brings.
//!
//! A state is 256 random bits. Only its SHA-256 is kept, so a reader of the database cannot forge a redirect,
//! and comparing digests tells nothing about the state by the time it takes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{reason::Reason, secret::AuthCode};
use fyers_api::claims as jwt;

/// How long a state is good for: a login with a one-time password and a PIN takes a minute or two.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How many are remembered. The listener's rate limit keeps strangers from pushing a person's state out.
const MOST: usize = 1_024;

/// A fresh state from 256 random bits, as it goes into the address.
pub fn state_from(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// What is kept of a state.
fn digest(state: &str) -> String {
    hex::encode(Sha256::digest(state.as_bytes()))
}

/// Why a redirect's state is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateRefusal {
    /// The keeper did not give it out, or has forgotten it.
    Unknown,
    /// It was given out more than [`LIFETIME`] ago.
    Expired,
    /// It has been used.
    Used,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GivenOut {
    digest: String,
    at: DateTime<Utc>,
    used: bool,
}

/// The states given out and not forgotten yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct States {
    given_out: Vec<GivenOut>,
}

impl States {
    /// Remembers a state that is about to be given out.
    pub fn give_out(&mut self, state: &str, now: DateTime<Utc>) {
        self.given_out.push(GivenOut { digest: digest(state), at: now, used: false });
        let surplus = self.given_out.len().saturating_sub(MOST);
        self.given_out.drain(..surplus);
    }

    /// Uses a state up. It must be on disk as used before its code is spent.
    pub fn redeem(&mut self, state: &str, now: DateTime<Utc>) -> Result<(), StateRefusal> {
        let digest = digest(state);
        let Some(known) = self.given_out.iter_mut().find(|known| known.digest == digest) else {
            return Err(StateRefusal::Unknown);
        };
        if known.used {
            return Err(StateRefusal::Used);
        }
        // A clock that went backwards must not make a state last longer.
        let age = now.signed_duration_since(known.at);
        if age >= LIFETIME || age < -LIFETIME {
            return Err(StateRefusal::Expired);
        }
        known.used = true;
        Ok(())
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
    },
}

/// Reads what a person pastes: the whole redirect address, its query alone, or the bare code. `None` when it is
/// none of them.
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
            Some(Redirect::Refused { code: status, message: field("message").unwrap_or_default() })
        }
        _ => None,
    }
}

fn url_pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    url::form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned()))
}

/// A login code is a JWT (docs/fyers-api.md, "Tokens").
fn is_code(text: &str) -> bool {
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

    #[test]
    fn a_state_is_good_once_for_ten_minutes() {
        let mut states = States::default();
        let (first, second) = (state_from([1; 32]), state_from([2; 32]));
        assert_eq!(first.len(), 43, "256 bits");
        states.give_out(&first, at(0));
        states.give_out(&second, at(0));
        assert_eq!(states.redeem("forged", at(1)), Err(StateRefusal::Unknown));
        assert_eq!(states.redeem(&first, at(599)), Ok(()));
        assert_eq!(states.redeem(&first, at(599)), Err(StateRefusal::Used));
        assert_eq!(states.redeem(&second, at(600)), Err(StateRefusal::Expired));
        assert_eq!(states.redeem(&second, at(-3_600)), Err(StateRefusal::Expired));
    }

    #[test]
    fn what_is_stored_cannot_be_used_to_forge() {
        let mut states = States::default();
        let state = state_from([7; 32]);
        states.give_out(&state, at(0));
        let stored = serde_json::to_string(&states).unwrap();
        assert!(!stored.contains(&state));
        let read_back: States = serde_json::from_str(&stored).unwrap();
        assert_eq!(read_back, states);
        assert_eq!(states.redeem(&read_back.given_out[0].digest.clone(), at(1)), Err(StateRefusal::Unknown));
    }

    #[test]
    fn the_list_does_not_grow_for_ever() {
        let mut states = States::default();
        (0..3_000).for_each(|n| states.give_out(&n.to_string(), at(0)));
        assert_eq!(states.given_out.len(), MOST);
        assert_eq!(states.redeem("2999", at(1)), Ok(()));
        assert_eq!(states.redeem("3", at(1)), Err(StateRefusal::Unknown));
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
            let mut states = States::default();
            states.give_out(&state_from([9; 32]), at(0));
            for guess in guesses {
                prop_assert_eq!(states.redeem(&guess, at(1)), Err(StateRefusal::Unknown));
            }
        }
    }
}
