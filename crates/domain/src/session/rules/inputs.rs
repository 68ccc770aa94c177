//! What goes into a step of the session's machine and what comes out of it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::model::Profile;

use crate::{
    broker_error::BrokerError,
    clock::token_hours::MarketSession,
    login_origin::LoginOrigin,
    ports::{Change, FreshTokens},
    reason::Reason,
    secret::{AccessToken, AuthCode, Fingerprint, RefreshToken},
    session::{SessionView, StateName, calls::CallId, login::LoginFailure, logins::LoginId},
};

/// What the settings say; fixed while the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The configured app, as `ABCD1234EF-100`; `None` when there is none.
    pub app_id: Option<String>,
    /// The PIN for the refresh call is configured.
    pub has_pin: bool,
    /// See [`crate::session_state::RefreshBlock::credentials`].
    pub credentials: String,
    /// `FYERS_ACCOUNT_ID`: the only account whose login counts. Without it, the first one that the owner confirms.
    pub account: Option<String>,
    /// There is a chat in which the owner can confirm the first account; otherwise the first login decides.
    pub asks_owner: bool,
    /// Days a refresh token without an `exp` claim is good for, counted from its `iat`.
    pub refresh_days: i64,
}

/// When an input happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The wall clock.
    pub now: DateTime<Utc>,
    /// The session that is open, or comes later on this Indian day, in a segment that the account uses.
    pub session: Option<MarketSession>,
    /// Uniform in `0..1`, for the jitter.
    pub dice: f64,
    /// How far the broker's clock is ahead of this machine's, if it is known.
    pub skew: Option<TimeDelta>,
}

/// What can happen to the session.
#[derive(Debug, Clone)]
pub enum Input {
    /// The actor has loaded its state.
    Started,
    /// The daily tick.
    Tick {
        /// The trading day (IST).
        trade_date: NaiveDate,
        /// Whether it is caught up.
        late: bool,
    },
    /// The broker refused this token on some other call.
    TokenRejected(Fingerprint),
    /// A person's login brought a code.
    CodeCame(LoginId, AuthCode, LoginOrigin),
    /// The owner says that this account (`fy_id`) is theirs.
    AccountConfirmed(LoginId, String),
    /// The call that turns a code into tokens ended.
    CodeRedeemed(CallId, Result<FreshTokens, BrokerError>),
    /// A person wants the session to end.
    LogOut,
    /// A person wants a refresh now.
    RefreshNow,
    /// Somebody wants to know whether the token works.
    Verify,
    /// A profile call ended.
    Profiled(CallId, Result<Profile, BrokerError>),
    /// A refresh call ended.
    Refreshed(CallId, Result<FreshTokens, BrokerError>),
    /// A wait ended.
    Waited(CallId),
    /// Time passes; comes at least every 30 s.
    Watch,
}

/// What must be done after the commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Call the broker's profile with this token.
    CheckToken(CallId, AccessToken),
    /// The same for a token that is new here.
    ProveToken(CallId, AccessToken),
    /// Transition a login's code into tokens.
    CallLogin(CallId, AuthCode),
    /// Tell the broker that this token is no longer needed.
    CallLogout(AccessToken),
    /// Tell whoever waits for this login.
    LoginEnded(LoginId, Result<(), LoginFailure>),
    /// Call the broker's refresh with this token.
    CallRefresh(CallId, RefreshToken),
    /// Come back after this long.
    Wait(CallId, std::time::Duration),
    /// Tell everyone.
    Announce {
        /// Before.
        from: StateName,
        /// After.
        to: StateName,
        /// Why.
        why: Reason,
        /// What everyone may know.
        view: SessionView,
    },
    /// Say that a newer token of the settings is of no use, and why.
    NewerRefused(Reason),
    /// Copy the tokens to the `.env` file.
    Mirror(AccessToken, Option<RefreshToken>),
}

/// The answer to one input: commit first, then carry out the effects in order.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// To be committed before anything else; `None` when nothing changed.
    pub change: Option<Change>,
    /// To be done after the commit.
    pub effects: Vec<Effect>,
}
