//! A person's words for each [`Reason`]: why, what it is called on a card, and what to do about it. Log, alerts, card,
//! pages, chat and command line take them from here.

use crate::reason::Reason;

impl Reason {
    /// The reason in a person's words, to follow "because".
    pub fn words(self) -> &'static str {
        match self {
            Self::Verified => "FYERS accepts the token",
            Self::Refreshed => "the token was refreshed",
            Self::LoggedIn => "you logged in",
            Self::Starting => "the keeper has just started",
            Self::TokenUnconfirmed => "there is a token, but FYERS has not confirmed it yet",
            Self::NoCredentials => "no FYERS app is configured",
            Self::NeverLoggedIn => "there has been no login yet",
            Self::TokenExpired => "the access token has expired",
            Self::TokenDoubted => {
                "FYERS has refused the access token once, and has not said yet whether it still works"
            }
            Self::TokenRejected => "FYERS no longer accepts the access token",
            Self::LoggedOut => "you logged out",
            Self::RefreshDisabled => "FYERS has switched token refresh off by SEBI regulation",
            Self::RefreshTokenMissing => "there is no refresh token",
            Self::RefreshTokenExpired => "the refresh token has expired",
            Self::RefreshTokenRejected => "FYERS refuses the refresh token",
            Self::PinMissing => "FYERS_PIN is not set",
            Self::PinRejected => "FYERS refuses the PIN",
            Self::AppHashRejected => "FYERS refuses the app id with this secret",
            Self::CodeRejected => "FYERS refuses the login code: used, too old or cut off",
            Self::AppUnknown => "FYERS does not know the app id",
            Self::PermissionMissing => "the FYERS app lacks a permission",
            Self::Refused => "FYERS refused for a reason that the keeper does not know",
            Self::LoginsHeld => {
                "too many logins have failed within an hour, so that the keeper itself sends FYERS the next one later"
            }
            Self::AppMismatch => "the token belongs to another app",
            Self::AccountMismatch => "the token belongs to another account",
            Self::Unreachable => "FYERS cannot be reached",
            Self::RateLimited => "FYERS says there were too many requests, and asks to wait",
            Self::BrokerFault => "FYERS has a server error",
            Self::BadAnswer => "FYERS sent an answer that cannot be read",
            Self::AccountUnconfirmed => "the account has not been confirmed yet",
            Self::AppChanged => "FYERS_CLIENT_ID names another app than before",
            Self::ClockSkew => "this machine's clock and the token disagree",
            Self::Halted => "trading is halted",
            Self::Configured => "that is how FYERS_SANDBOX is set",
        }
    }

    /// What a person can do about it, in one or two sentences; empty when there is nothing to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Unreachable => "Check the network, then try again; a running keeper retries by itself.",
            Self::BrokerFault | Self::BadAnswer => "FYERS has trouble: try again in a few minutes.",
            Self::RateLimited => "Wait a minute or two, then try again.",
            Self::LoginsHeld => "Wait three minutes, then log in again.",
            Self::TokenUnconfirmed | Self::TokenDoubted => {
                "Nothing to do: the keeper asks again until FYERS answers. Log in only if it stays so."
            }
            Self::NoCredentials => {
                "Set FYERS_CLIENT_ID and FYERS_SECRET_KEY: `fyers-keeper init` asks for them."
            }
            Self::PinMissing => "Set FYERS_PIN to the PIN of your FYERS login.",
            Self::PinRejected => "Correct FYERS_PIN first: FYERS locks the account after a few wrong ones.",
            Self::AppHashRejected => {
                "Compare FYERS_CLIENT_ID (with its ending) and FYERS_SECRET_KEY with the app's page at FYERS."
            }
            Self::AppUnknown => {
                "Compare FYERS_CLIENT_ID with the app's page; the ending, as -100 or -200, belongs to it."
            }
            Self::AppMismatch => "Use the app in FYERS_CLIENT_ID, or put its id right.",
            Self::PermissionMissing => "Give the app the missing permission on its page at FYERS.",
            Self::AccountMismatch => {
                "Log in as the account this keeper serves, or use another KEEPER_STATE_DIR for another account."
            }
            Self::AccountUnconfirmed => "Confirm the account in Telegram, or set FYERS_ACCOUNT_ID.",
            Self::ClockSkew => "Set this machine's clock right (NTP), then try again.",
            Self::NeverLoggedIn
            | Self::TokenExpired
            | Self::TokenRejected
            | Self::LoggedOut
            | Self::RefreshDisabled
            | Self::RefreshTokenMissing
            | Self::RefreshTokenExpired
            | Self::RefreshTokenRejected
            | Self::AppChanged
            | Self::Refused => "Log in: `fyers-keeper login`, the status page, or /login in Telegram.",
            Self::CodeRejected => "Log in once more: a code works once, and for a short time.",
            Self::Verified
            | Self::Refreshed
            | Self::LoggedIn
            | Self::Starting
            | Self::Halted
            | Self::Configured => "",
        }
    }

    /// Whether a fresh pair of tokens is all it takes, as against settings that must be put right.
    pub fn is_renewal(self) -> bool {
        matches!(
            self,
            Self::RefreshTokenExpired
                | Self::RefreshTokenRejected
                | Self::RefreshTokenMissing
                | Self::RefreshDisabled
                | Self::TokenExpired
                | Self::TokenRejected
                | Self::AppChanged
                | Self::NeverLoggedIn
        )
    }

    /// Whether there was a pair of tokens that can be renewed no more. Where there has never been one, as at the first start,
    /// nothing has expired.
    pub fn ends_a_pair(self) -> bool {
        self.is_renewal()
            && !matches!(self, Self::NeverLoggedIn | Self::RefreshTokenMissing | Self::AppChanged)
    }
}

/// Whether a login mends it. Wrong settings need a person at the keyboard, and more words than a card has.
pub fn is_all_it_takes(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::PinMissing
            | Reason::PinRejected
            | Reason::AppHashRejected
            | Reason::AppUnknown
            | Reason::PermissionMissing
            | Reason::AppMismatch
            | Reason::ClockSkew
            | Reason::NoCredentials
    )
}

/// Title and explanation, the latter without its full stop.
pub fn story(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::RefreshDisabled => (
            "FYERS login needed today",
            "By SEBI rules FYERS stopped token refresh in April 2026: one login each trading day",
        ),
        Reason::RefreshTokenExpired => (
            "🔑 FYERS REFRESH TOKEN EXPIRED - MANUAL RENEWAL REQUIRED",
            "The keeper cannot renew the access token by itself any more",
        ),
        Reason::RefreshTokenRejected => (
            "FYERS login needed: the refresh token is refused",
            "FYERS does not take the refresh token, so the keeper cannot renew by itself",
        ),
        Reason::RefreshTokenMissing => (
            "FYERS login needed: no refresh token",
            "There is no refresh token, so the keeper cannot renew by itself",
        ),
        Reason::PinMissing => ("No FYERS_PIN is set", "A refresh call needs the PIN; a login does not"),
        Reason::PinRejected => (
            "FYERS refuses the PIN",
            "The keeper will not try this PIN again: more wrong tries could lock the account",
        ),
        Reason::AppHashRejected => (
            "FYERS refuses the app's secret",
            "App id and secret do not belong together: one of the two is wrong",
        ),
        Reason::AppUnknown => ("FYERS does not know the app id", "No token can be had with this app id"),
        Reason::PermissionMissing => {
            ("The FYERS app lacks a permission", "FYERS accepts the app but not what it asks for")
        }
        Reason::AppMismatch => (
            "The token belongs to another FYERS app",
            "It was made with another app id than the one in FYERS_CLIENT_ID and is not used",
        ),
        Reason::AccountMismatch => (
            "The token belongs to another FYERS account",
            "This keeper serves one account, and the token is not for it, so it is not used",
        ),
        Reason::AppChanged => (
            "FYERS login needed: the app has changed",
            "FYERS_CLIENT_ID names another app, so the tokens of the old one were let go",
        ),
        Reason::AccountUnconfirmed => (
            "Is this your FYERS account?",
            "The first account that logs in must be confirmed before its token is used",
        ),
        Reason::ClockSkew => (
            "This machine's clock and the token disagree",
            "A brand-new token looks expired already, so the clock here is probably wrong",
        ),
        Reason::NeverLoggedIn => ("First FYERS login needed", "The keeper has never had a token"),
        Reason::NoCredentials => ("No FYERS app is configured", "Without an app there is no way to a token"),
        Reason::LoggedOut => ("You are logged out of FYERS", "The keeper has let go of the token as asked"),
        Reason::TokenRejected => (
            "FYERS login needed: the token is refused",
            "FYERS ended the token before its time, for example by a newer login elsewhere",
        ),
        Reason::TokenExpired => (
            "FYERS login needed today",
            "A FYERS token ends at 06:00, and a new one takes one login each trading day",
        ),
        Reason::Refused => {
            ("FYERS login needed: FYERS refused", "FYERS gave a reason the keeper does not know")
        }
        _ => ("FYERS login needed", "The keeper cannot get a new token by itself"),
    }
}
