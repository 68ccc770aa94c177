//! The session as it may be shown: never the token itself.

use chrono::{DateTime, FixedOffset};
use fyers_api::ist::ist;
use keeper_domain::{
    reason::Reason,
    secret::Fingerprint,
    session::{SessionView, Source, StateName},
};
use serde::{Deserialize, Serialize};

/// The session, as far as anybody may know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionStatus {
    /// Where the session is.
    pub state: StateName,
    /// Why.
    pub reason: Reason,
    /// The token's end.
    pub expires_at: Option<DateTime<FixedOffset>>,
    /// The token, as it may be shown.
    pub fingerprint: Option<Fingerprint>,
    /// How it came.
    pub source: Option<Source>,
    /// The account it belongs to.
    pub account: Option<String>,
    /// What went wrong with the latest try for a new token.
    pub problem: Option<Reason>,
    /// Accounts whose first login waits for the owner's `/confirm`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_confirm: Vec<String>,
    /// Whether it may be used right now.
    pub usable: bool,
}

impl SessionStatus {
    /// What the owner is to do about a first login that waits for his word.
    pub fn confirm_words(&self) -> Option<String> {
        let account = self.to_confirm.last()?;
        Some(format!(
            "A login with {account} waits: if that account is yours, send /confirm {account} to the bot in Telegram, within 10 \
             minutes of the login."
        ))
    }

    /// The token and what its end means now, in one line.
    pub fn token_words(&self) -> String {
        let Some(token) = &self.fingerprint else { return "none".to_owned() };
        let end = self.expires_at.map(|end| end.format("%a %d %b %Y, %H:%M:%S IST").to_string());
        format!("{token}{}", token_end(self.reason, end.as_deref()))
    }
}

/// What follows a token's name: until when it is good, or what became of it.
pub fn token_end(reason: Reason, end: Option<&str>) -> String {
    match (reason, end) {
        (Reason::TokenRejected, Some(end)) => format!(", refused by FYERS; it would have run until {end}"),
        (Reason::TokenRejected, None) => ", refused by FYERS".to_owned(),
        (Reason::TokenExpired, Some(end)) => format!(", over since {end}"),
        (_, Some(end)) => format!(", until {end}"),
        (_, None) => String::new(),
    }
}

impl From<&SessionView> for SessionStatus {
    fn from(view: &SessionView) -> Self {
        Self {
            state: view.state,
            reason: view.reason,
            expires_at: view.expires_at.map(ist),
            fingerprint: view.fingerprint.clone(),
            source: view.source,
            account: view.account.clone(),
            problem: view.problem,
            to_confirm: view.to_confirm.clone(),
            usable: view.usable.is_some(),
        }
    }
}
