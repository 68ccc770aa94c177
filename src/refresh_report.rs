//! What came of a refresh that a person asked for, in words that are true of the token in use too: chat, page and command
//! line say the same.

use keeper_domain::{reason::Reason, session::StateName};

use crate::status::SessionStatus;

/// What happened, what it means, and what to do.
pub fn words(session: &SessionStatus) -> String {
    match (session.usable, session.problem) {
        (true, None) if session.reason == Reason::Refreshed => {
            format!("A new token is in use{}. Nothing to do.", until(session))
        }
        (true, None) => format!("FYERS has confirmed the token in use{}. Nothing to do.", until(session)),
        (true, Some(problem)) => format!(
            "No new token: {}. The token in use stays{}, and orders go on as before. {}",
            why(problem),
            until(session),
            next(session)
        ),
        (false, _) => {
            let problem = session.problem.unwrap_or(session.reason);
            format!("No new token: {}. No order goes to FYERS meanwhile. {}", problem.words(), next(session))
        }
    }
}

/// Why there is no new one beside a token that works. A reason that is about the access token is none then: what a refresh
/// call takes beside the refresh token is the PIN.
pub fn why(problem: Reason) -> &'static str {
    match problem {
        Reason::RefreshDisabled => "FYERS refreshes no tokens since April 2026, by SEBI regulation",
        Reason::RefreshTokenMissing => "a refresh takes a refresh token, and there is none",
        Reason::TokenExpired
        | Reason::TokenRejected
        | Reason::NeverLoggedIn
        | Reason::LoggedOut
        | Reason::PinMissing => "a refresh takes FYERS_PIN, and it is not set",
        other => other.words(),
    }
}

fn until(session: &SessionStatus) -> String {
    let end = session.expires_at.map(|end| end.format(", good until %a %d %b, %H:%M IST").to_string());
    end.unwrap_or_default()
}

/// What to do: with a token that works the day's login is early enough, unless a setting is wrong.
pub fn next(session: &SessionStatus) -> String {
    let problem = session.problem.unwrap_or(session.reason);
    match session.state {
        StateName::Refreshing | StateName::Checking => {
            "The keeper goes on trying by itself; /status shows it.".to_owned()
        }
        _ if session.usable && (problem.is_renewal() || problem == Reason::PinMissing) => {
            "Nothing to do: the next trading day's card asks for the login.".to_owned()
        }
        _ if problem.is_renewal() => {
            "Log in: /login in Telegram, the status page, or `fyers-keeper login`.".to_owned()
        }
        _ => problem.remedy().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(state: StateName, reason: Reason, problem: Option<Reason>) -> SessionStatus {
        let end = chrono::DateTime::parse_from_rfc3339("2026-11-24T06:00:00+05:30").unwrap();
        let usable = state == StateName::Valid;
        let expires_at = usable.then_some(end);
        SessionStatus {
            state,
            reason,
            expires_at,
            fingerprint: None,
            source: None,
            account: None,
            problem,
            failed_login: None,
            to_confirm: vec![],
            usable,
        }
    }

    #[test]
    fn a_token_in_use_is_never_said_to_have_expired() {
        for reason in [Reason::Verified, Reason::Refreshed, Reason::LoggedIn] {
            for problem in [
                Reason::TokenExpired,
                Reason::TokenRejected,
                Reason::PinMissing,
                Reason::RefreshDisabled,
                Reason::RefreshTokenMissing,
            ] {
                let text = words(&session(StateName::Valid, reason, Some(problem)));
                assert!(!text.contains("expired") && !text.contains("no longer"), "{text}");
                assert!(text.contains("The token in use stays, good until Tue 24 Nov, 06:00 IST"), "{text}");
                assert!(
                    text.ends_with("Nothing to do: the next trading day's card asks for the login."),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn each_state_has_its_own_true_words() {
        let told = |state, reason, problem| words(&session(state, reason, problem));
        for (text, said) in [
            (
                told(StateName::Valid, Reason::Refreshed, None),
                "A new token is in use, good until Tue 24 Nov, 06:00 IST. Nothing to do.",
            ),
            (
                told(StateName::Valid, Reason::Verified, None),
                "FYERS has confirmed the token in use, good until Tue 24 Nov, 06:00 IST. Nothing to do.",
            ),
            (
                told(StateName::Valid, Reason::LoggedIn, Some(Reason::PinRejected)),
                "No new token: FYERS refuses the PIN. The token in use stays, good until Tue 24 Nov, 06:00 IST, and orders \
                 go on as before. Correct FYERS_PIN first: FYERS locks the account after a few wrong ones.",
            ),
            (
                told(StateName::LoginRequired, Reason::TokenExpired, Some(Reason::TokenExpired)),
                "No new token: the access token has expired. No order goes to FYERS meanwhile. Log in: /login in Telegram, \
                 the status page, or `fyers-keeper login`.",
            ),
            (
                told(StateName::Refreshing, Reason::TokenExpired, Some(Reason::Unreachable)),
                "No new token: FYERS cannot be reached. No order goes to FYERS meanwhile. The keeper goes on trying by \
                 itself; /status shows it.",
            ),
            (
                told(StateName::NoToken, Reason::NoCredentials, None),
                "No new token: no FYERS app is configured. No order goes to FYERS meanwhile. Set FYERS_CLIENT_ID and \
                 FYERS_SECRET_KEY: `fyers-keeper init` asks for them.",
            ),
        ] {
            assert_eq!(text, said);
        }
    }
}
