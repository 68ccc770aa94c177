//! What the TokenActor hears and says.

use actix::Message;
use chrono::NaiveDate;

use secrecy::SecretString;

use keeper_domain::session::{
    SessionView, StateName,
    login::{LoginFailure, LoginOrigin},
};
use keeper_domain::{
    reason::Reason,
    secret::{AuthCode, Fingerprint},
};

/// The daily tick: make sure there is a good token for `trade_date`. Sent once per trading day; the answer
/// comes when the tick is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Tick {
    /// The trading day (IST).
    pub trade_date: NaiveDate,
    /// Whether it is being caught up.
    pub late: bool,
}

/// The broker refused a call made with this token.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct TokenRejected {
    /// The token that was refused: a late report about yesterday's token must not hurt today's.
    pub fingerprint: Fingerprint,
    /// The broker's code (docs/fyers-api.md, "Auth errors"), or the HTTP status when it gave none.
    pub code: i64,
}

/// Somebody who may command the keeper wants to log in: gives a fresh one-time state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "Option<String>")]
pub struct BeginLogin;

/// A login brought a code. The answer comes when the new token is in use, or when it is clear that it will not
/// be; the sender should wait for a bounded time only.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<SessionView, LoginFailure>")]
pub struct LoginCompleted {
    /// The one-time code.
    pub code: AuthCode,
    /// Why it may count.
    pub proof: LoginProof,
}

/// Why a login's code may count.
#[derive(Debug, Clone)]
pub enum LoginProof {
    /// The state of the redirect: this keeper has begun the login.
    State(SecretString),
    /// A person who may command the keeper brings the code, from here.
    Person(LoginOrigin),
}

/// The owner says that this account (`fy_id`) is theirs: the first login may count. Answered like a login.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "Result<SessionView, LoginFailure>")]
pub struct ConfirmAccount(pub String);

/// A person wants the session to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct LogOut;

/// A person asks for a new token now, by a refresh call. The answer comes when its outcome is on disk; the sender
/// should wait for a bounded time only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "SessionView")]
pub struct RefreshNow;

/// Ask the broker whether the token works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Verify;

/// What is the session right now? Answered from memory; never calls the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "SessionView")]
pub struct GetSession;

/// The session moved. Sent only after the move is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct SessionChanged {
    /// Before.
    pub from: StateName,
    /// After.
    pub to: StateName,
    /// Why.
    pub why: Reason,
    /// All that is known of the session now.
    pub view: SessionView,
}
