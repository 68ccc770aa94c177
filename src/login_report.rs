//! What a login's outcome means to a person: the same words on the page, in the chat and on the command line.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use keeper_domain::{
    mode::ShownMode,
    reason::Reason,
    session::{
        SessionView,
        lack::{Lack, lack},
        login::{LoginFailure, Redirect, StateRefusal, read_pasted},
    },
    text::excerpt,
};
use serde::{Deserialize, Serialize};

/// Where each way to a login begins.
const AGAIN: &str = "Start again: /login in Telegram, the status page, or `fyers-keeper login`.";

const NO_CODE: &str = "FYERS comes back from a login with auth_code= in the address; it is missing here.";
const CUT: &str = "What stands behind auth_code= is cut off or changed.";

/// How a person gets to FYERS' login and back.
#[derive(Clone)]
pub struct LoginSetup {
    /// FYERS' login address for a one-time state.
    pub authorize: Arc<dyn Fn(&str) -> String + Send + Sync>,
    /// The keeper's own `/fyers/login`, where a browser reaches it; without one a person pastes the code.
    pub page: Option<String>,
}

/// How to get a new token, as an order.
pub fn login_hint(phone: bool, login: Option<&LoginSetup>) -> String {
    match (login, phone) {
        (Some(LoginSetup { page: Some(page), .. }), _) => format!("log in at {page} (one tap)."),
        (Some(_), true) => "send /login to the bot, or run `fyers-keeper login`.".to_owned(),
        (Some(_), false) => "run `fyers-keeper login`.".to_owned(),
        (None, _) => "set FYERS_REDIRECT_URI or KEEPER_PUBLIC_URL, then run `fyers-keeper login`.".to_owned(),
    }
}

/// How a login went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginReport {
    /// Whether the new token is in use.
    pub good: bool,
    /// What happened.
    pub title: String,
    /// What it means and what to do next.
    pub lines: Vec<String>,
    /// Why, when it went wrong and the broker or the check said so.
    pub reason: Option<Reason>,
}

impl LoginReport {
    fn bad<const N: usize>(reason: Option<Reason>, title: &str, lines: [&str; N]) -> Self {
        let lines = lines.map(str::to_owned).to_vec();
        Self { good: false, title: title.to_owned(), lines, reason }
    }

    /// The login worked.
    pub fn done(session: &SessionView, mode: ShownMode, reads_only: bool) -> Self {
        let until = session.expires_at.map(|end| ist(end).format("%H:%M IST, %a %d %b").to_string());
        let word = if mode == ShownMode::Live { "Live" } else { "Good" };
        let who = session.holder.clone().or_else(|| session.account.clone()).unwrap_or_default();
        let mode = match mode {
            ShownMode::Halted => "Trading is halted: entries are refused until /resume.",
            ShownMode::Live if reads_only => {
                "Prices are real, but this app (-100) only reads: FYERS refuses its orders."
            }
            ShownMode::Live => "Orders go to FYERS, with real money.",
            ShownMode::Sandbox => "Prices come from FYERS, orders are simulated (FYERS_SANDBOX=true).",
            ShownMode::Mock => "Orders are simulated.",
        };
        let lines = [format!("{word} until {}, for {who}.", until.unwrap_or_default()), mode.to_owned()];
        Self { good: true, title: "Logged in".to_owned(), lines: lines.to_vec(), reason: None }
    }

    /// The login came by browser, as the running keeper tells it.
    pub fn seen(status: &crate::status::Status) -> Self {
        let session = &status.session;
        let view = SessionView {
            expires_at: session.expires_at.map(|end| end.to_utc()),
            account: session.account.clone(),
            ..SessionView::default()
        };
        Self::done(&view, status.mode, status.app_reads_only)
    }

    /// The login did not work.
    pub fn failed(failure: LoginFailure) -> Self {
        match failure {
            LoginFailure::State(StateRefusal::Used) => Self::bad(
                None,
                "This login is already done",
                ["Each login counts once. If the status page still asks for one, begin a new one."],
            ),
            LoginFailure::State(StateRefusal::Unfinished) => Self::bad(
                None,
                "What came of this login is not known",
                [
                    "The keeper was restarted in the middle of it, or another one has taken over.",
                    "Open the status page; if it still asks for a login, log in again.",
                ],
            ),
            LoginFailure::State(StateRefusal::Expired) => Self::bad(
                None,
                "That took too long",
                ["A login must be finished within ten minutes. Nothing was changed.", AGAIN],
            ),
            LoginFailure::State(StateRefusal::Unknown) => Self::bad(
                None,
                "This link is not from this keeper",
                ["Nothing was changed. Start from the login card in Telegram, or with `fyers-keeper login`."],
            ),
            LoginFailure::Busy => Self::bad(
                None,
                "Too many logins at once",
                ["Others are being finished right now, and your code was not used. Try again in a moment."],
            ),
            LoginFailure::NotWritten => Self::bad(
                None,
                "The keeper cannot write to its disk",
                ["Nothing was begun. Try again in a minute; `fyers-keeper doctor` says what is wrong."],
            ),
            LoginFailure::Held { until } => Self::held(until),
            LoginFailure::Refused { reason, code } => Self::refused(reason, code),
        }
    }

    /// The limit of failed logins is the keeper's own.
    fn held(until: DateTime<Utc>) -> Self {
        let until = ist(until).format("%H:%M:%S IST");
        let then = format!("It sends the next one at {until} at the earliest: log in again then.");
        let lines = [
            "The keeper itself limits failed logins, so that a stranger's wrong codes do not use up what FYERS allows.",
            "FYERS was not asked, and your code was not used.",
            &then,
        ];
        Self::bad(Some(Reason::LoginsHeld), "Too many logins have failed within an hour", lines)
    }

    fn refused(reason: Reason, code: Option<i64>) -> Self {
        let (title, lines): (&str, &[&str]) = match reason {
            Reason::AccountMismatch => (
                "Wrong account",
                &[
                    "You logged in with another FYERS account than the one this keeper serves. Nothing was changed.",
                    "Log out at FYERS, then log in with the keeper's account.",
                ],
            ),
            Reason::AccountUnconfirmed => (
                "Confirm this account in Telegram",
                &[
                    "It is the first account here, so its token is not used yet.",
                    "If it is yours, send /confirm and its id to the bot within 10 minutes, as the bot's message says.",
                ],
            ),
            Reason::AppMismatch => (
                "Wrong app",
                &[
                    "The code was made for another FYERS app than the one in FYERS_CLIENT_ID. Nothing was changed.",
                ],
            ),
            Reason::CodeRejected => (
                "FYERS refuses the code",
                &["It was used before, is too old, or was cut off. Nothing was changed.", AGAIN],
            ),
            Reason::AppHashRejected | Reason::AppUnknown => (
                reason.words(),
                &[
                    "Compare FYERS_CLIENT_ID (with its ending) and FYERS_SECRET_KEY with the app's page at FYERS.",
                ],
            ),
            Reason::ClockSkew => (
                "The clocks disagree",
                &[
                    "This machine's clock is more than 30 seconds off FYERS' clock, so no token is trusted.",
                    "Set it right (NTP), then log in again.",
                ],
            ),
            Reason::NoCredentials => (
                "No FYERS app is configured",
                &["Set FYERS_CLIENT_ID and FYERS_SECRET_KEY: `fyers-keeper init` asks for them."],
            ),
            Reason::Unreachable | Reason::BrokerFault | Reason::BadAnswer | Reason::RateLimited => {
                ("FYERS did not answer", &["The code may be spent. Wait a minute.", AGAIN])
            }
            Reason::Starting => (
                "The outcome is not known",
                &[
                    "The keeper was restarted in the middle of it.",
                    "Look at its status, then start again if needed.",
                ],
            ),
            _ => (
                "FYERS refused the login",
                &[AGAIN, "If it stays so, `fyers-keeper doctor` looks for the cause."],
            ),
        };
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        if let Some(code) = code {
            lines.push(format!("FYERS' code is {code}."));
        }
        Self { good: false, title: title.to_owned(), lines, reason: Some(reason) }
    }

    /// A login was ended with an error, as a redirect that this keeper has begun says. FYERS' words are shown, cut
    /// short.
    pub fn denied(code: Option<i64>, message: &str) -> Self {
        let words = excerpt(message, 120);
        let mut report =
            Self::bad(Some(Reason::Refused), "FYERS refused the login", ["Nothing was changed.", AGAIN]);
        let told = match (code, words.trim()) {
            (Some(code), "") => format!("FYERS' code is {code}."),
            (Some(code), words) => format!("FYERS says: {words} (code {code})."),
            (None, "") => return report,
            (None, words) => format!("FYERS says: {words}."),
        };
        report.lines.insert(0, told);
        report
    }

    /// What was pasted is no login: what is missing in it.
    pub fn unreadable(pasted: &str) -> Self {
        const WHOLE: &str =
            "Paste the whole address of the page you land on after the login, with all after the \"?\".";
        match lack(pasted) {
            Lack::Code => Self::bad(None, "There is no login code in that address", [NO_CODE, WHOLE]),
            Lack::WholeCode => Self::bad(None, "The login code is not whole", [CUT, WHOLE]),
            Lack::Address | Lack::State => {
                Self::bad(None, "That is neither an address nor a login code", [WHOLE])
            }
        }
    }

    /// A browser was sent to the keeper's callback with an address that is no login's.
    pub fn not_back_from_login(query: &str) -> Self {
        match lack(&format!("?{query}")) {
            Lack::WholeCode => {
                Self::bad(None, "The login code is not whole", [CUT, "Nothing was changed.", AGAIN])
            }
            Lack::State => Self::bad(
                None,
                "This address has no state in it",
                [
                    "FYERS comes back with state= in the address, by which the keeper knows a login that it has begun.",
                    "Nothing was changed.",
                    AGAIN,
                ],
            ),
            Lack::Address | Lack::Code => Self::bad(
                None,
                "There is no login code in this address",
                [NO_CODE, "Nothing was changed.", AGAIN],
            ),
        }
    }

    /// The keeper itself did not answer.
    pub fn silent() -> Self {
        Self::bad(
            None,
            "The keeper did not answer in time",
            [
                "What came of it is not known yet. Look at the status in a minute; if a login is needed then, log in again.",
            ],
        )
    }

    /// The keeper stopped before FYERS had answered.
    pub fn stopped() -> Self {
        Self::bad(
            None,
            "The keeper stopped in this moment",
            [
                "What came of the login is not known. Open the status page; if it still asks for a login, log in again.",
            ],
        )
    }

    /// All of it, a line each.
    pub fn text(&self) -> String {
        let mark = if self.good { "✅" } else { "⚠️" };
        format!("{mark} {}\n{}", self.title, self.lines.join("\n"))
    }
}

/// The code in what a person has pasted, or the report of why there is none.
pub fn code_in(pasted: &str) -> Result<(keeper_domain::secret::AuthCode, Option<String>), LoginReport> {
    match read_pasted(pasted) {
        Some(Redirect::Code { code, state }) => Ok((code, state)),
        Some(Redirect::Refused { code, message, .. }) => Err(LoginReport::denied(code, &message)),
        None => Err(LoginReport::unreadable(pasted)),
    }
}
