//! The token session as values: its states, what everyone may know of it, and what is kept on disk.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    note::Note,
    reason::Reason,
    secret::{AccessToken, Fingerprint, RefreshToken},
};

/// The states of the token session, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// No token, and no way to one is being tried.
    #[default]
    NoToken,
    /// The broker is being asked whether a token works.
    Checking,
    /// There is a good token.
    Valid,
    /// A refresh call is under way or will be repeated.
    Refreshing,
    /// Only a person can bring a token.
    LoginRequired,
    /// The token's end has passed; the next tick will bring a new one.
    Expired,
}

impl StateName {
    /// All states, for metrics that show one series each.
    pub const ALL: [Self; 6] =
        [Self::NoToken, Self::Checking, Self::Valid, Self::Refreshing, Self::LoginRequired, Self::Expired];

    /// The name used in logs, metrics and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Checking => "checking",
            Self::Valid => "valid",
            Self::Refreshing => "refreshing",
            Self::LoginRequired => "login_required",
            Self::Expired => "expired",
        }
    }

    /// The same for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoToken => "no token",
            Self::Checking => "checking",
            Self::Valid => "valid",
            Self::Refreshing => "refreshing",
            Self::LoginRequired => "login required",
            Self::Expired => "expired",
        }
    }
}

impl std::fmt::Display for StateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.slug())
    }
}

/// How a token came to the keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// From the environment or the `.env` file.
    Settings,
    /// From a refresh call.
    Refresh,
    /// From a person's login.
    Login,
}

impl Source {
    /// The name used in logs and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Refresh => "refresh",
            Self::Login => "login",
        }
    }
}

/// What the rest of the keeper knows of the session. Cheap to clone; safe to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Where the session is.
    pub state: StateName,
    /// Why it is there.
    pub reason: Reason,
    /// End of the token in use.
    pub expires_at: Option<DateTime<Utc>>,
    /// The token in use, as it may be shown.
    pub fingerprint: Option<Fingerprint>,
    /// How it came.
    pub source: Option<Source>,
    /// The account (`fy_id`) it belongs to.
    pub account: Option<String>,
    /// The account holder's name, as the broker's profile tells it.
    pub holder: Option<String>,
    /// When the broker last confirmed the token in use.
    pub verified_at: Option<DateTime<Utc>>,
    /// What went wrong with the latest try for a new token; `None` once one came.
    pub problem: Option<Reason>,
    /// Why the latest login failed, until there is a good token again or the day is over.
    pub failed_login: Option<Reason>,
    /// Accounts with a login that waits for the owner's word.
    pub to_confirm: Vec<String>,
    /// The token, present only while it may be used: checked by a profile call, on disk, not past its end,
    /// not under suspicion.
    pub usable: Option<Arc<AccessToken>>,
}

impl Default for SessionView {
    fn default() -> Self {
        Self {
            state: StateName::NoToken,
            reason: Reason::Starting,
            expires_at: None,
            fingerprint: None,
            source: None,
            account: None,
            holder: None,
            verified_at: None,
            problem: None,
            failed_login: None,
            to_confirm: vec![],
            usable: None,
        }
    }
}

impl SessionView {
    /// Whether this token, once held, is dead: `None` while it is being found out.
    pub fn is_dead(&self, token: &Fingerprint) -> Option<bool> {
        let over = matches!(self.state, StateName::NoToken | StateName::LoginRequired | StateName::Expired);
        match () {
            () if self.fingerprint.as_ref() != Some(token) || (over && self.usable.is_none()) => Some(true),
            () if self.usable.is_some() => Some(false),
            () => None,
        }
    }
}

/// An access token and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The token.
    pub access: AccessToken,
    /// The refresh token that came with it, if one did.
    pub refresh: Option<RefreshToken>,
    /// How it came.
    pub source: Source,
}

/// A refresh that must not be tried again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshBlock {
    /// Why not.
    pub reason: Reason,
    /// The day (IST) it was learned. "Disabled by regulation" is forgotten the next day, the rest is not.
    pub day: NaiveDate,
    /// Digest of the credentials it was learned with: other credentials are worth another try. Keyed with
    /// the app secret, so that a four-digit PIN cannot be guessed back from it.
    pub credentials: String,
}

/// How many PINs FYERS has refused since it last gave a token.
pub const WRONG_PINS: Note<u32> = Note::new("wrong_pins");

/// Where the login that failed is kept.
pub const FAILED_LOGIN: Note<Option<FailedLogin>> = Note::new("failed_login");

/// A login that failed: explains why there is no token, until there is one or the day is over. On disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLogin {
    /// Why.
    pub reason: Reason,
    /// The day (IST) on which it failed.
    pub day: NaiveDate,
    /// See [`RefreshBlock::credentials`]: what is said of other credentials is no word about these.
    pub credentials: String,
}

/// The session record in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredSession {
    /// The state last committed.
    pub state: StateName,
    /// Why.
    pub reason: Option<Reason>,
    /// The access token in use.
    pub access: Option<AccessToken>,
    /// How it came.
    pub source: Option<Source>,
    /// When the broker last confirmed it.
    pub verified_at: Option<DateTime<Utc>>,
    /// The refresh token.
    pub refresh: Option<RefreshToken>,
    /// The refresh token before the present one, kept until the present one has worked once.
    pub previous_refresh: Option<RefreshToken>,
    /// The account (`fy_id`) this keeper serves: the first one seen.
    pub account: Option<String>,
    /// A refresh that must not be repeated.
    pub refresh_block: Option<RefreshBlock>,
    /// The day (IST) on which a person was last asked to log in, and why; forgotten when a token works.
    pub login_asked: Option<(NaiveDate, Reason)>,
    /// The smallest number of days left for which the end of the refresh token was announced.
    pub ending_announced: Option<i64>,
}
