//! What the session remembers across restarts.

use chrono::{DateTime, NaiveDate, Utc};

use crate::session::{Source, StateName};
use crate::{
    reason::Reason,
    secret::{AccessToken, RefreshToken},
};

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
