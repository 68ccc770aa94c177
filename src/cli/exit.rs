//! The exit codes: a contract with scripts and process managers.

use keeper_domain::reason::Reason;

use crate::store::StateDirError;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Good.
    Good = 0,
    /// Some other error; of `calendar check`: no trading that day.
    Error = 1,
    /// The command line cannot be understood.
    Usage = 2,
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
            Reason::Unreachable
            | Reason::BrokerFault
            | Reason::BadAnswer
            | Reason::TokenUnconfirmed
            | Reason::TokenDoubted => Self::Unreachable,
            Reason::RateLimited | Reason::LoginsHeld => Self::TryLater,
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
            | Reason::AccountUnconfirmed
            | Reason::AppChanged
            | Reason::Refused => Self::LoginRequired,
            Reason::Starting | Reason::ClockSkew | Reason::Halted | Reason::Configured => Self::Error,
        }
    }

    /// What a person can do about it, in one line; empty when there is nothing to do.
    pub fn advice(reason: Reason) -> &'static str {
        reason.remedy()
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
