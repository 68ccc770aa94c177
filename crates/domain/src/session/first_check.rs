//! The first check of a stored token since the start: the session may be live in a moment, so that nothing that was meant
//! for FYERS is simulated before there is a word about the token.

use std::time::Duration;

use crate::{
    mode::Mode,
    reason::Reason,
    session::{SessionView, StateName},
};

/// Longest wait for FYERS' first word about a stored token.
pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl SessionView {
    /// Whether FYERS is being asked about a stored token for the first time since the start, or it is not known yet
    /// whether there is one.
    pub fn is_first_check(&self) -> bool {
        let is_asked = (self.state, self.reason) == (StateName::Checking, Reason::TokenUnconfirmed);
        let is_unheard = (self.state, self.reason) == (StateName::NoToken, Reason::Starting);
        self.usable.is_none() && (is_asked || is_unheard)
    }

    /// Whether nothing has come of that so far, not even a failure of FYERS: the token may be good and FYERS may be there. That
    /// it is not to be asked for a while says nothing of the token.
    pub fn awaits_first_word(&self) -> bool {
        self.is_first_check() && matches!(self.problem, None | Some(Reason::RateLimited))
    }
}

/// Whether a request of a bot waits: one that may use FYERS, during the first check, until it has taken too long.
pub fn must_wait(view: &SessionView, is_overdue: bool, ceiling: Mode) -> bool {
    ceiling != Mode::Mock && !is_overdue && view.is_first_check()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::secret::AccessToken;

    fn view(state: StateName, reason: Reason) -> SessionView {
        SessionView { state, reason, ..SessionView::default() }
    }

    #[test]
    fn requests_wait_while_the_session_may_be_live_in_a_moment_and_for_no_other_reason() {
        let asked = view(StateName::Checking, Reason::TokenUnconfirmed);
        for ceiling in [Mode::Live, Mode::Sandbox] {
            assert!(must_wait(&asked, false, ceiling));
            assert!(must_wait(&SessionView::default(), false, ceiling), "whether there is one is not known");
            assert!(!must_wait(&asked, true, ceiling), "not for ever");
            for state in StateName::ALL {
                for reason in [Reason::NoCredentials, Reason::NeverLoggedIn, Reason::TokenExpired] {
                    assert!(!must_wait(&view(state, reason), false, ceiling), "no token is stored: {state}");
                }
            }
        }
        assert!(!must_wait(&asked, false, Mode::Mock), "it never uses FYERS");
        let usable = Some(Arc::new(AccessToken::new("a token")));
        assert!(!must_wait(&SessionView { usable, ..asked }, false, Mode::Live), "it is good");
    }

    #[test]
    fn a_failure_of_fyers_is_a_word_that_goes_on_being_waited_for_within_the_limit() {
        let asked = view(StateName::Checking, Reason::TokenUnconfirmed);
        assert!(asked.awaits_first_word());
        let failed = SessionView { problem: Some(Reason::Unreachable), ..asked };
        assert!(must_wait(&failed, false, Mode::Live), "it may be one of a network that has just come up");
        assert!(!failed.awaits_first_word(), "an outage: what KEEPER_ON_TOKEN_LOSS says holds");
        let held = SessionView { problem: Some(Reason::RateLimited), ..failed };
        assert!(held.awaits_first_word(), "FYERS is there and has not been asked: nothing is simulated");
    }
}
