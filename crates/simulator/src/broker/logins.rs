//! Logins under way.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Beyond this many the oldest logins are forgotten.
const MOST: usize = 1000;

/// The page a login is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginStep {
    /// Who are you?
    ClientId,
    /// The six digits sent to the phone.
    Otp,
    /// The account's four digits.
    Pin,
    /// May the app use the account?
    Consent,
}

/// One login through the pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoginSession {
    /// The random session id in addresses and hidden fields.
    pub id: String,
    /// The page it is at.
    pub step: LoginStep,
    /// The client id entered on the first page.
    pub user: Option<String>,
    /// Where the browser goes at the end.
    pub redirect_uri: String,
    /// The caller's `state`, given back at the end.
    pub state: String,
    /// Wrong entries on the present page.
    pub wrong: u32,
    /// Simulated time after which the pages refuse it.
    pub expires_at: DateTime<Utc>,
    /// Whether it ended, either way; it works only once.
    pub closed: bool,
}

impl LoginSession {
    /// The client id entered; empty before that.
    pub(crate) fn who(&self) -> &str {
        self.user.as_deref().unwrap_or_default()
    }
}

/// Every login the simulator remembers, oldest first.
#[derive(Debug)]
pub(crate) struct Logins {
    lifetime: TimeDelta,
    sessions: VecDeque<LoginSession>,
}

impl Logins {
    pub(crate) fn new(lifetime_seconds: u32) -> Self {
        Self { lifetime: TimeDelta::seconds(i64::from(lifetime_seconds)), sessions: VecDeque::new() }
    }

    pub(crate) fn all(&self) -> Vec<LoginSession> {
        self.sessions.iter().cloned().collect()
    }

    /// Starts a login and returns its name.
    pub(crate) fn open(&mut self, redirect_uri: &str, state: &str, now: DateTime<Utc>) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        self.sessions.push_back(LoginSession {
            id: id.clone(),
            step: LoginStep::ClientId,
            user: None,
            redirect_uri: redirect_uri.to_owned(),
            state: state.to_owned(),
            wrong: 0,
            expires_at: now + self.lifetime,
            closed: false,
        });
        if self.sessions.len() > MOST {
            self.sessions.pop_front();
        }
        id
    }

    /// A login that may go on.
    pub(crate) fn open_session(&self, id: &str, now: DateTime<Utc>) -> Option<&LoginSession> {
        self.known(id).filter(|session| !session.closed && now < session.expires_at)
    }

    /// A login, over or not.
    pub(crate) fn known(&self, id: &str) -> Option<&LoginSession> {
        self.sessions.iter().find(|session| session.id == id)
    }

    /// The first page is answered.
    pub(crate) fn identified(&mut self, id: &str, user: &str) {
        self.change(id, |session| session.user = Some(user.to_owned()));
        self.advance(id, LoginStep::Otp);
    }

    /// On to another page, where wrong entries count from zero.
    pub(crate) fn advance(&mut self, id: &str, step: LoginStep) {
        self.change(id, |session| {
            session.step = step;
            session.wrong = 0;
        });
    }

    /// Counts a wrong entry and says how many there were on this page.
    pub(crate) fn count_wrong(&mut self, id: &str) -> u32 {
        self.change(id, |session| session.wrong += 1);
        self.known(id).map_or(0, |session| session.wrong)
    }

    pub(crate) fn close(&mut self, id: &str) {
        self.change(id, |session| session.closed = true);
    }

    /// Lets every login under way expire at once.
    pub(crate) fn expire_all(&mut self, now: DateTime<Utc>) {
        self.sessions.iter_mut().for_each(|session| session.expires_at = session.expires_at.min(now));
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut LoginSession)) {
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) {
            change(session);
        }
    }
}
