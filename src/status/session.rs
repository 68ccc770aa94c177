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
    /// Why the latest login failed, until there is a good token again or the day is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_login: Option<Reason>,
    /// Accounts whose first login waits for the owner's `/confirm`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_confirm: Vec<String>,
    /// Whether it may be used right now.
    pub usable: bool,
}

impl SessionStatus {
    /// Why it is where it is, to follow "because": without a token also what became of the latest login.
    pub fn because(&self) -> String {
        let why = self.reason.words();
        match (self.usable, self.to_confirm.last(), self.failed_login.filter(|failed| *failed != self.reason))
        {
            (false, Some(account), _) => {
                format!("a login with {account} waits for /confirm_{account} in Telegram")
            }
            (false, None, Some(failed)) => {
                format!("{why}, and the last try to log in failed: {}", failed.words())
            }
            _ => why.to_owned(),
        }
    }

    /// What a person can do about it; empty when there is nothing, or when it is said already by [`Self::confirm_words`].
    pub fn remedy(&self) -> &'static str {
        let failed = self.failed_login.map(Reason::remedy).filter(|remedy| !remedy.is_empty());
        match (self.usable, self.to_confirm.is_empty()) {
            (false, true) => failed.unwrap_or_else(|| self.reason.remedy()),
            _ => "",
        }
    }

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
            failed_login: view.failed_login,
            to_confirm: view.to_confirm.clone(),
            usable: view.usable.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(change: SessionView) -> SessionStatus {
        SessionStatus::from(&SessionView { reason: Reason::NeverLoggedIn, ..change })
    }

    #[test]
    fn a_login_that_failed_or_waits_is_the_reason_why_there_is_no_token() {
        let failed =
            session(SessionView { failed_login: Some(Reason::AppHashRejected), ..SessionView::default() });
        let why = "FYERS refuses the app id with this secret";
        assert_eq!(
            failed.because(),
            format!("there has been no login yet, and the last try to log in failed: {why}")
        );
        assert_eq!(failed.remedy(), Reason::AppHashRejected.remedy());
        let to_confirm = vec!["XX00001".to_owned()];
        let waits = session(SessionView { to_confirm, ..SessionView::default() });
        assert_eq!(waits.because(), "a login with XX00001 waits for /confirm_XX00001 in Telegram");
        assert_eq!(waits.remedy(), "", "to log in again is no help");
        assert_eq!(session(SessionView::default()).because(), "there has been no login yet");
    }
}
