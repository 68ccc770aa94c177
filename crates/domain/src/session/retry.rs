//! When to try again, and when never: pure rules over broker errors.

use std::time::Duration;

use crate::backoff;
use crate::broker_error::BrokerError;
use crate::reason::Reason;

/// Longest wait it lets the broker choose by `Retry-After`: an absurd value must not cost the day.
pub const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// What a failed call means for the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// Says nothing about the token: try again.
    Transient {
        /// For log, metric and alert.
        reason: Reason,
        /// The broker's own wish, if it uttered one.
        retry_after: Option<Duration>,
    },
    /// Trying the same again cannot help.
    Final {
        /// Why.
        reason: Reason,
        /// The broker's code, if it gave one.
        code: Option<i64>,
    },
}

/// The wait before the retry that follows failed call number `failures` (1 for the first).
pub fn wait(failures: u32, retry_after: Option<Duration>, dice: f64) -> Duration {
    backoff::wait_as_asked(failures, retry_after, LONGEST_ASKED, dice)
}

/// What a failed `GET /profile` says of the token.
pub fn judge_profile(error: &BrokerError) -> CallFailure {
    transient(error).unwrap_or_else(|| match *error {
        BrokerError::Refused { code: -352, .. } => refused(Reason::AppUnknown, -352),
        BrokerError::Refused { code: -373, .. } => refused(Reason::PermissionMissing, -373),
        BrokerError::Refused { status, code, .. } if is_token_death(status, code) => {
            refused(Reason::TokenRejected, code)
        }
        // A refusal that the keeper does not know is doubt: nothing is sent on the word of it, and it is asked again. Only
        // FYERS' own code ends a token.
        _ => CallFailure::Transient { reason: Reason::Refused, retry_after: None },
    })
}

/// What a failed `POST /validate-refresh-token` says (docs/fyers-api.md, "Auth errors" and "Refresh").
pub fn judge_refresh(error: &BrokerError) -> CallFailure {
    transient(error).unwrap_or_else(|| match error {
        BrokerError::Refused { status, code, message } => {
            refused(refresh_refusal(*status, *code, message), *code)
        }
        _ => CallFailure::Final { reason: Reason::Refused, code: None },
    })
}

/// What a failed `POST /validate-authcode` says (docs/fyers-api.md, "Login" and "Auth errors").
pub fn judge_login(error: &BrokerError) -> CallFailure {
    transient(error).unwrap_or_else(|| match *error {
        BrokerError::Refused { code: -437, .. } => refused(Reason::CodeRejected, -437),
        BrokerError::Refused { code: -371, .. } => refused(Reason::AppHashRejected, -371),
        BrokerError::Refused { code: -352, .. } => refused(Reason::AppUnknown, -352),
        BrokerError::Refused { code: -373, .. } => refused(Reason::PermissionMissing, -373),
        BrokerError::Refused { code, .. } => refused(Reason::Refused, code),
        _ => CallFailure::Final { reason: Reason::Refused, code: None },
    })
}

/// Codes and status that say "this token is dead" on any authenticated call (docs/fyers-api.md, "Auth errors").
pub use fyers_api::envelope::is_token_code as is_token_death;

fn refresh_refusal(status: u16, code: i64, message: &str) -> Reason {
    let words = message.to_lowercase();
    match code {
        // -16 is "bad token" everywhere else; here, with these words, the capability is gone.
        -16 if words.contains("disabled") => Reason::RefreshDisabled,
        -371 => Reason::AppHashRejected,
        -352 => Reason::AppUnknown,
        -373 => Reason::PermissionMissing,
        -14 | -501 => Reason::RefreshTokenRejected,
        // No source gives the code of a wrong PIN, but every text that names the PIN is about it.
        _ if words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "pin") => Reason::PinRejected,
        _ if is_token_death(status, code) => Reason::RefreshTokenRejected,
        _ => Reason::Refused,
    }
}

fn refused(reason: Reason, code: i64) -> CallFailure {
    CallFailure::Final { reason, code: (code != 0).then_some(code) }
}

/// Errors that say nothing about the token or the credentials. An unreadable body under HTTP 401 is still
/// not trusted to be FYERS': only its own JSON may declare a token dead.
fn transient(error: &BrokerError) -> Option<CallFailure> {
    let (reason, retry_after) = match *error {
        BrokerError::Transport(_) => (Reason::Unreachable, None),
        BrokerError::RateLimited { retry_after } => (Reason::RateLimited, retry_after),
        BrokerError::LoginsHeld { wait } => (Reason::LoginsHeld, Some(wait)),
        BrokerError::Fault { retry_after, .. } => (Reason::BrokerFault, retry_after),
        BrokerError::Garbled { .. } => (Reason::BadAnswer, None),
        BrokerError::Refused { .. } => return None,
    };
    Some(CallFailure::Transient { reason, retry_after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker_error::{Garble, Transport};

    fn no(status: u16, code: i64, message: &str) -> BrokerError {
        BrokerError::Refused { status, code, message: message.to_owned() }
    }

    #[test]
    fn every_refusal_of_the_refresh_call_has_its_reason() {
        let disabled = "Refresh token API is currently disabled to comply with SEBI regulations.";
        let table = [
            (no(400, -16, disabled), Reason::RefreshDisabled),
            (no(200, -16, disabled), Reason::RefreshDisabled),
            (no(401, -16, "Could not authenticate the user"), Reason::RefreshTokenRejected),
            (no(401, -8, "Your token has expired. Please generate a token"), Reason::RefreshTokenRejected),
            (no(400, -14, "?"), Reason::RefreshTokenRejected),
            (no(400, -501, "Please provide valid refresh token"), Reason::RefreshTokenRejected),
            (no(400, -371, "Please provide sha256 hash of appId and app secret"), Reason::AppHashRejected),
            (no(400, -352, "invalid app id"), Reason::AppUnknown),
            (no(403, -373, "please provide valid permission"), Reason::PermissionMissing),
            (no(400, -50, "Invalid PIN"), Reason::PinRejected),
            (no(400, -1, "pin is wrong"), Reason::PinRejected),
            (no(400, -50, "Invalid input"), Reason::Refused),
            (no(400, -96, "An unexpected error occurred. Please contact support."), Reason::Refused),
        ];
        for (error, reason) in table {
            let CallFailure::Final { reason: judged, .. } = judge_refresh(&error) else {
                panic!("{error:?} must be final")
            };
            assert_eq!(judged, reason, "{error:?}");
        }
    }

    #[test]
    fn only_the_brokers_own_refusal_kills_a_token() {
        for code in [-8, -15, -16, -17] {
            let verdict = judge_profile(&no(400, code, ""));
            assert_eq!(verdict, CallFailure::Final { reason: Reason::TokenRejected, code: Some(code) });
        }
        let noise = [
            BrokerError::Transport(Transport::Connect),
            BrokerError::Transport(Transport::Timeout),
            BrokerError::Transport(Transport::Broken),
            BrokerError::RateLimited { retry_after: None },
            BrokerError::Fault { status: 502, retry_after: None },
            BrokerError::Garbled { status: 200, garble: Garble::Empty },
            BrokerError::Garbled { status: 401, garble: Garble::NotJson },
            BrokerError::Garbled { status: 200, garble: Garble::Field("code") },
        ];
        for (status, code) in [(401, 0), (200, 0), (400, -50), (400, -99), (403, -1)] {
            let doubt = judge_profile(&no(status, code, "Unauthorized"));
            assert!(matches!(doubt, CallFailure::Transient { .. }), "{status} {code}");
        }
        for error in noise {
            assert!(matches!(judge_profile(&error), CallFailure::Transient { .. }), "{error:?}");
            assert!(matches!(judge_refresh(&error), CallFailure::Transient { .. }), "{error:?}");
        }
    }
}
