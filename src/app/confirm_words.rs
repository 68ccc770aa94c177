//! The answer to a `/confirm` that has nothing to confirm: why, and what to do.

use keeper_domain::reason::Reason;

use crate::status::SessionStatus;

/// Whose login counts here, and what of it waits for the owner's word.
pub(super) struct Confirmation<'a> {
    /// The session as it is now.
    pub(super) session: &'a SessionStatus,
    /// `FYERS_ACCOUNT_ID`.
    pub(super) configured: Option<&'a str>,
}

impl Confirmation<'_> {
    /// To one that names an account, and no login with it waits.
    pub(super) fn nothing_for(&self, account: &str) -> String {
        let Self { session, configured } = self;
        let is = |own: &str| own.eq_ignore_ascii_case(account);
        match (session.to_confirm.last(), *configured, session.account.as_deref()) {
            _ if self.has_no_app() => NO_APP.to_owned(),
            (Some(waiting), _, _) => format!(
                "No login with {account} waits, but one with {waiting} does: if that account is yours, tap /confirm_{waiting}."
            ),
            (None, Some(own), _) if is(own) => self.is_known(own, " already, as FYERS_ACCOUNT_ID says"),
            (None, Some(own), _) => format!(
                "FYERS_ACCOUNT_ID names {own}, so no login with {account} counts: log in with {own}, or change that setting and \
                 start the keeper again."
            ),
            (None, None, Some(own)) if is(own) => self.is_known(own, " already"),
            (None, None, Some(own)) => format!(
                "This keeper serves {own}, so no login with {account} counts: log in with {own}; another account needs a keeper \
                 of its own."
            ),
            (None, None, None) => format!(
                "No login with {account} came within the last 10 minutes: log in with /login, and confirm the account when the \
                 bot asks for that."
            ),
        }
    }

    /// To one that names no account.
    pub(super) fn what(&self) -> String {
        let Self { session, configured } = self;
        let asks = |account: &String| {
            format!("A login with {account} waits: if that account is yours, tap /confirm_{account}.")
        };
        match (session.to_confirm.as_slice(), *configured, session.account.as_deref()) {
            _ if self.has_no_app() => NO_APP.to_owned(),
            ([], Some(own), _) => self.is_known(own, ", as FYERS_ACCOUNT_ID says"),
            ([], None, Some(own)) => self.is_known(own, ""),
            ([], None, None) => {
                "No login waits: log in with /login, and confirm the account when the bot asks for that."
                    .to_owned()
            }
            (waiting, _, _) => waiting.iter().map(asks).collect::<Vec<_>>().join("\n"),
        }
    }

    fn has_no_app(&self) -> bool {
        self.session.reason == Reason::NoCredentials
    }

    fn is_known(&self, own: &str, why: &str) -> String {
        let next = if self.session.usable { "." } else { "; log in with /login." };
        format!("{own} is this keeper's account{why}: nothing to confirm{next}")
    }
}

const NO_APP: &str =
    "No FYERS app is configured, so there is no login to confirm: `fyers-keeper init` asks for the app.";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keeper_domain::{secret::AccessToken, session::SessionView};

    use super::*;

    fn nobody() -> SessionView {
        SessionView { reason: Reason::NeverLoggedIn, ..SessionView::default() }
    }

    fn known() -> SessionView {
        SessionView { account: Some("XX00001".to_owned()), ..nobody() }
    }

    fn answers(view: &SessionView, configured: Option<&str>, account: &str) -> [String; 2] {
        let session = SessionStatus::from(view);
        let confirmation = Confirmation { session: &session, configured };
        [confirmation.nothing_for(account), confirmation.what()]
    }

    #[test]
    fn before_any_login_it_says_how_to_log_in() {
        assert_eq!(
            answers(&nobody(), None, "XX00001"),
            [
                "No login with XX00001 came within the last 10 minutes: log in with /login, and confirm the account when the bot \
                 asks for that.",
                "No login waits: log in with /login, and confirm the account when the bot asks for that.",
            ]
        );
        let no_app = SessionView { reason: Reason::NoCredentials, ..nobody() };
        assert_eq!(answers(&no_app, Some("XX00001"), "XX00001"), [NO_APP; 2]);
    }

    #[test]
    fn an_account_in_the_settings_is_not_confirmed() {
        assert_eq!(
            answers(&nobody(), Some("XX00001"), "xx00001"),
            [
                "XX00001 is this keeper's account already, as FYERS_ACCOUNT_ID says: nothing to confirm; log in with /login.",
                "XX00001 is this keeper's account, as FYERS_ACCOUNT_ID says: nothing to confirm; log in with /login.",
            ]
        );
        let other = "FYERS_ACCOUNT_ID names XX00001, so no login with YY00002 counts: log in with XX00001, or change that \
                     setting and start the keeper again.";
        assert_eq!(answers(&nobody(), Some("XX00001"), "YY00002")[0], other);
        assert_eq!(answers(&known(), Some("XX00001"), "YY00002")[0], other);
        let before = SessionView { account: Some("YY00002".to_owned()), ..nobody() };
        assert_eq!(answers(&before, Some("XX00001"), "YY00002")[0], other, "the setting decides");
    }

    #[test]
    fn what_is_confirmed_already_needs_nothing_and_no_other_account_counts() {
        let token = Some(Arc::new(AccessToken::new("token")));
        let logged_in = SessionView { usable: token, ..known() };
        assert_eq!(
            answers(&logged_in, None, "XX00001"),
            [
                "XX00001 is this keeper's account already: nothing to confirm.",
                "XX00001 is this keeper's account: nothing to confirm.",
            ]
        );
        assert!(answers(&known(), None, "XX00001")[0].ends_with("nothing to confirm; log in with /login."));
        assert_eq!(
            answers(&known(), None, "YY00002")[0],
            "This keeper serves XX00001, so no login with YY00002 counts: log in with XX00001; another account needs a keeper of \
             its own."
        );
    }

    #[test]
    fn a_login_that_waits_is_named_whichever_account_was_asked_for() {
        let waits = SessionView { to_confirm: vec!["XX00001".to_owned()], ..nobody() };
        assert_eq!(
            answers(&waits, None, "YY00002"),
            [
                "No login with YY00002 waits, but one with XX00001 does: if that account is yours, tap /confirm_XX00001.",
                "A login with XX00001 waits: if that account is yours, tap /confirm_XX00001.",
            ]
        );
    }
}
