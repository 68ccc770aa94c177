//! The exit codes: a contract with scripts and process managers.

use keeper_domain::reason::Reason;

use crate::store::StateDirError;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Good.
    Good = 0,
    /// Some other error.
    Error = 1,
    /// FYERS, Telegram or the keeper itself cannot be reached.
    Unreachable = 69,
    /// The supervisor gave up, or the program was hung.
    GaveUp = 70,
    /// The listener's address cannot be had: another program uses it, or it is not this machine's.
    AddressTaken = 71,
    /// Another keeper uses the state folder.
    SecondKeeper = 73,
    /// Asked to wait: try again later.
    TryLater = 75,
    /// A person must log in.
    LoginRequired = 77,
    /// The settings are wrong.
    BadSettings = 78,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The code for a state folder that cannot be used.
    pub fn for_state(error: &StateDirError) -> Self {
        match error {
            StateDirError::Locked { .. } => Self::SecondKeeper,
            StateDirError::NotAFolder(_) | StateDirError::NotOurs { .. } | StateDirError::Unusable { .. } => {
                Self::Error
            }
        }
    }

    /// The code for a session that has no good token for this reason.
    pub fn for_reason(reason: Reason) -> Self {
        match reason {
            Reason::Verified | Reason::Refreshed | Reason::LoggedIn => Self::Good,
            Reason::Unreachable | Reason::BrokerFault | Reason::BadAnswer => Self::Unreachable,
            Reason::RateLimited => Self::TryLater,
            Reason::NoCredentials
            | Reason::PinMissing
            | Reason::PinRejected
            | Reason::AppHashRejected
            | Reason::AppUnknown
            | Reason::AppMismatch
            | Reason::PermissionMissing => Self::BadSettings,
            Reason::NeverLoggedIn
            | Reason::TokenExpired
            | Reason::TokenRejected
            | Reason::LoggedOut
            | Reason::RefreshDisabled
            | Reason::RefreshTokenMissing
            | Reason::RefreshTokenExpired
            | Reason::RefreshTokenRejected
            | Reason::CodeRejected
            | Reason::AccountMismatch
            | Reason::Refused => Self::LoginRequired,
            Reason::Starting | Reason::ClockSkew | Reason::Halted | Reason::Configured => Self::Error,
        }
    }

    /// What a person can do about it, in one line; empty when there is nothing to do.
    pub fn advice(reason: Reason) -> &'static str {
        match reason {
            Reason::Unreachable => "Check the network, then try again; a running keeper retries by itself.",
            Reason::BrokerFault | Reason::BadAnswer => "FYERS has trouble: try again in a few minutes.",
            Reason::RateLimited => "Wait a minute or two, then try again.",
            Reason::NoCredentials => "Set FYERS_CLIENT_ID and FYERS_SECRET_KEY, as env.example shows.",
            Reason::PinMissing => "Set FYERS_PIN to the PIN of your FYERS login.",
            Reason::PinRejected => {
                "Put FYERS_PIN right before the next try: FYERS blocks after a few wrong ones."
            }
            Reason::AppHashRejected => {
                "Compare FYERS_CLIENT_ID (with its ending) and FYERS_SECRET_KEY with the app's page."
            }
            Reason::AppUnknown => {
                "Compare FYERS_CLIENT_ID with the app's page; the ending, as -100 or -200, belongs to it."
            }
            Reason::AppMismatch => "Use a token made with the app in FYERS_CLIENT_ID.",
            Reason::PermissionMissing => "Give the app the missing permission on its page at FYERS.",
            Reason::AccountMismatch => {
                "Log in as the account this keeper serves, or use another KEEPER_STATE_DIR for another account."
            }
            Reason::ClockSkew => "Set this machine's clock right (NTP), then try again.",
            Reason::NeverLoggedIn
            | Reason::TokenExpired
            | Reason::TokenRejected
            | Reason::LoggedOut
            | Reason::RefreshDisabled
            | Reason::RefreshTokenMissing
            | Reason::RefreshTokenExpired
            | Reason::RefreshTokenRejected
            | Reason::Refused => "Log in: `fyers-keeper login`, or the link on the login card in Telegram.",
            Reason::CodeRejected => "Log in once more: a code works once, and for a short time.",
            Reason::Verified
            | Reason::Refreshed
            | Reason::LoggedIn
            | Reason::Starting
            | Reason::Halted
            | Reason::Configured => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_end_says_what_to_do() {
        for reason in [Reason::Unreachable, Reason::RefreshDisabled, Reason::PinRejected, Reason::ClockSkew] {
            assert_ne!(Exit::for_reason(reason), Exit::Good);
            assert!(!Exit::advice(reason).is_empty(), "{reason}");
        }
        assert_eq!(Exit::for_reason(Reason::RefreshDisabled) as u8, 77);
        assert_eq!(Exit::for_reason(Reason::RateLimited) as u8, 75);
        assert_eq!(Exit::for_reason(Reason::Unreachable) as u8, 69);
        assert_eq!(Exit::for_reason(Reason::PinRejected) as u8, 78);
    }
}
