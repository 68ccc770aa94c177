//! Why things are as they are: one closed list, the same in log, metric, alert, status and exit code.

use serde::{Deserialize, Serialize};

/// Why the session or the mode is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The broker's profile call succeeded with the token.
    Verified,
    /// A refresh call brought a new token.
    Refreshed,
    /// A person logged in.
    LoggedIn,
    /// The keeper has just started and has not asked the broker yet.
    Starting,
    /// There is a token, and the broker has not confirmed it since the keeper started.
    TokenUnconfirmed,
    /// No FYERS app is configured.
    NoCredentials,
    /// There has never been a token.
    NeverLoggedIn,
    /// The token's own end has passed.
    TokenExpired,
    /// The broker has refused a call with the token, and has not said yet whether it still works.
    TokenDoubted,
    /// The broker refuses the token although its end has not passed.
    TokenRejected,
    /// A person logged out.
    LoggedOut,
    /// FYERS has switched refresh off by regulation (docs/fyers-api.md, "Refresh").
    RefreshDisabled,
    /// There is no refresh token to use.
    RefreshTokenMissing,
    /// The refresh token's own end has passed.
    RefreshTokenExpired,
    /// The broker refuses the refresh token.
    RefreshTokenRejected,
    /// `FYERS_PIN` is not set, and the refresh call needs it.
    PinMissing,
    /// The broker refuses the PIN. Never tried again without a person.
    PinRejected,
    /// The broker refuses the hash of app id and secret: one of the two is wrong.
    AppHashRejected,
    /// The broker refuses a login's code: used, expired or garbled.
    CodeRejected,
    /// The broker does not know the app id.
    AppUnknown,
    /// The app lacks a permission.
    PermissionMissing,
    /// The broker refused for a reason the keeper does not know.
    Refused,
    /// Too many logins have failed: the keeper itself sends none for a while.
    LoginsHeld,
    /// The token belongs to another app than the configured one.
    AppMismatch,
    /// The token belongs to another account than the one this keeper serves.
    AccountMismatch,
    /// The account of the first login waits for the owner's confirmation.
    AccountUnconfirmed,
    /// `FYERS_CLIENT_ID` names another app than the one that the tokens on disk were made with.
    AppChanged,
    /// The broker cannot be reached: DNS, connect, TLS, timeout or a broken connection.
    Unreachable,
    /// The broker asked to wait (HTTP 429).
    RateLimited,
    /// The broker answered with a server error.
    BrokerFault,
    /// The broker answered with something that cannot be read: HTML, an empty or broken body.
    BadAnswer,
    /// A new token is already past its end by this machine's clock.
    ClockSkew,
    /// A person halted trading.
    Halted,
    /// `FYERS_SANDBOX` decides.
    Configured,
}

impl Reason {
    /// The name used in logs, metrics and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Refreshed => "refreshed",
            Self::LoggedIn => "logged_in",
            Self::Starting => "starting",
            Self::TokenUnconfirmed => "token_unconfirmed",
            Self::NoCredentials => "no_credentials",
            Self::NeverLoggedIn => "never_logged_in",
            Self::TokenExpired => "token_expired",
            Self::TokenDoubted => "token_doubted",
            Self::TokenRejected => "token_rejected",
            Self::LoggedOut => "logged_out",
            Self::RefreshDisabled => "refresh_disabled",
            Self::RefreshTokenMissing => "refresh_token_missing",
            Self::RefreshTokenExpired => "refresh_token_expired",
            Self::RefreshTokenRejected => "refresh_token_rejected",
            Self::PinMissing => "pin_missing",
            Self::PinRejected => "pin_rejected",
            Self::AppHashRejected => "app_hash_rejected",
            Self::CodeRejected => "code_rejected",
            Self::AppUnknown => "app_unknown",
            Self::PermissionMissing => "permission_missing",
            Self::Refused => "refused",
            Self::LoginsHeld => "logins_held",
            Self::AppMismatch => "app_mismatch",
            Self::AccountMismatch => "account_mismatch",
            Self::AccountUnconfirmed => "account_unconfirmed",
            Self::AppChanged => "app_changed",
            Self::Unreachable => "unreachable",
            Self::RateLimited => "rate_limited",
            Self::BrokerFault => "broker_fault",
            Self::BadAnswer => "bad_answer",
            Self::ClockSkew => "clock_skew",
            Self::Halted => "halted",
            Self::Configured => "configured",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.slug())
    }
}
