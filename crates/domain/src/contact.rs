//! Whether FYERS answers: what the latest requests of any kind have shown, and how old that is. What is not known is
//! not taken for good. Moments are durations since the program's start, by a clock that nobody can set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::broker_error::Transport;

/// After so long without an answer the keeper asks FYERS itself: 4 calls a minute at most, of the 200 that FYERS allows.
pub const ASK_AFTER: Duration = Duration::from_secs(15);
/// Most answers come within this.
const PROMPT: Duration = Duration::from_secs(2);
/// An answer older than this says nothing about now: a question of the keeper's own is not answered by then.
const FRESH: Duration = Duration::from_secs(30);

/// What is known of FYERS' answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// Nothing here needs FYERS now, so nobody asks.
    #[default]
    NotNeeded,
    /// It has answered a moment ago.
    Answers,
    /// It should have answered lately, and has not: not known.
    Unknown,
    /// The latest request failed.
    Fails,
}

/// How a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactFault {
    /// There was no answer.
    Silent(Transport),
    /// HTTP 5xx: something answers, and FYERS does not work.
    Status(u16),
}

impl ContactFault {
    /// In a few words.
    pub fn words(self) -> String {
        match self {
            Self::Silent(transport) => transport.words().to_owned(),
            Self::Status(status) => format!("HTTP {status}"),
        }
    }
}

/// The latest requests to FYERS in short, whoever made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contact {
    /// When FYERS last answered.
    pub last_answer: Option<Duration>,
    /// The failures since then: since when, and how the latest one failed.
    pub failing: Option<(Duration, ContactFault)>,
    /// When a request left that has brought neither yet.
    pub asked: Option<Duration>,
}

impl Contact {
    /// A request leaves.
    pub fn asked(&mut self, now: Duration) {
        self.asked.get_or_insert(now);
    }

    /// FYERS answered with this status.
    pub fn answered(&mut self, status: u16, now: Duration) {
        if status >= 500 {
            return self.fail(ContactFault::Status(status), now);
        }
        *self = Self { last_answer: Some(now), ..Self::default() };
    }

    /// No answer came to a request that began then. One that was overtaken by an answer says nothing new.
    pub fn failed(&mut self, transport: Transport, began: Duration, now: Duration) {
        if self.last_answer.is_none_or(|answer| answer <= began) {
            self.fail(ContactFault::Silent(transport), now);
        }
    }

    fn fail(&mut self, fault: ContactFault, now: Duration) {
        let since = self.failing.map_or(now, |(since, _)| since);
        (self.failing, self.asked) = (Some((since, fault)), None);
    }

    /// Whether it answered the latest request, however long ago that was; `None` before the first one.
    pub fn answers(&self) -> Option<bool> {
        if self.failing.is_some() { Some(false) } else { self.last_answer.map(|_| true) }
    }

    /// Whether the keeper should ask FYERS itself. What has failed is asked again until it is known how it is.
    pub fn should_ask(&self, needed: bool, now: Duration) -> bool {
        (needed || self.failing.is_some()) && self.is_older_than(ASK_AFTER, now)
    }

    fn is_older_than(&self, age: Duration, now: Duration) -> bool {
        self.last_answer.is_none_or(|answer| now.saturating_sub(answer) >= age)
    }

    /// When it was asked what it has not answered yet; not before an answer is a little late.
    pub fn waits_since(&self, now: Duration) -> Option<Duration> {
        self.asked.filter(|asked| now.saturating_sub(*asked) >= PROMPT)
    }

    /// What is known now.
    pub fn state(&self, needed: bool, now: Duration) -> ContactState {
        match () {
            () if self.failing.is_some() => ContactState::Fails,
            () if !needed => ContactState::NotNeeded,
            () if self.is_older_than(FRESH, now) => ContactState::Unknown,
            () => ContactState::Answers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn what_failed_shows_at_once_and_until_an_answer() {
        let mut contact = Contact::default();
        assert_eq!(contact.state(true, at(0)), ContactState::Unknown, "nobody has asked yet");
        assert_eq!(contact.answers(), None);
        contact.answered(200, at(0));
        assert_eq!(contact.answers(), Some(true));
        assert_eq!(contact.state(true, at(5)), ContactState::Answers);
        contact.failed(Transport::Connect, at(5), at(6));
        contact.failed(Transport::Timeout, at(7), at(22));
        assert_eq!(contact.state(true, at(22)), ContactState::Fails);
        assert_eq!(contact.state(false, at(9_999)), ContactState::Fails, "nothing has shown that it is over");
        assert_eq!(contact.failing, Some((at(6), ContactFault::Silent(Transport::Timeout))));
        assert!(contact.should_ask(false, at(9_999)), "so it is asked");
        assert_eq!(contact.answers(), Some(false));
        contact.answered(401, at(30));
        assert_eq!(contact.state(true, at(30)), ContactState::Answers, "a refusal is an answer");
        contact.answered(503, at(31));
        assert_eq!(contact.state(true, at(31)), ContactState::Fails);
        assert_eq!(contact.last_answer, Some(at(30)));
    }

    #[test]
    fn a_failure_that_an_answer_has_overtaken_says_nothing() {
        let mut contact = Contact::default();
        contact.answered(200, at(10));
        contact.failed(Transport::Timeout, at(1), at(16));
        assert_eq!(contact.state(true, at(16)), ContactState::Answers);
    }

    #[test]
    fn silence_is_not_known_while_fyers_is_needed_and_nothing_else() {
        let mut contact = Contact::default();
        contact.answered(200, at(0));
        assert_eq!(contact.state(true, at(29)), ContactState::Answers);
        assert_eq!(contact.state(true, at(30)), ContactState::Unknown);
        assert_eq!(contact.state(false, at(30)), ContactState::NotNeeded);
        assert!(!contact.should_ask(true, at(14)) && contact.should_ask(true, at(15)));
        assert!(!contact.should_ask(false, at(500)), "nobody needs it");
    }

    #[test]
    fn a_question_without_an_answer_is_known_until_one_comes() {
        let mut contact = Contact::default();
        contact.asked(at(10));
        contact.asked(at(12));
        assert_eq!((contact.waits_since(at(11)), contact.waits_since(at(13))), (None, Some(at(10))));
        contact.answered(200, at(14));
        assert_eq!(contact.waits_since(at(60)), None);
        contact.asked(at(60));
        contact.failed(Transport::Timeout, at(60), at(70));
        assert_eq!((contact.waits_since(at(80)), contact.answers()), (None, Some(false)));
    }
}
