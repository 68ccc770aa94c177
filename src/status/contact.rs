//! Whether FYERS answers and whether the disk can be written, in words: the same on the page, in the chat and on the command line.

use chrono::{DateTime, FixedOffset};
use keeper_domain::contact::ContactState;

use crate::status::model::{ContactStatus, DiskStatus};

fn clock(at: DateTime<FixedOffset>) -> String {
    at.format("%H:%M:%S").to_string()
}

impl ContactStatus {
    fn waiting(&self) -> String {
        self.asked_at.map_or_else(String::new, |at| format!("asked at {} IST, no answer yet", clock(at)))
    }

    fn last_answer(&self) -> String {
        if self.asked_at.is_some() && self.failing_since.is_none() && self.state != ContactState::NotNeeded {
            return format!("{}, {}", self.waiting(), self.answered_before());
        }
        self.answered_before()
    }

    fn answered_before(&self) -> String {
        match self.last_answer {
            Some(at) => format!("it last answered at {} IST", clock(at)),
            None => "it has not answered since the start".to_owned(),
        }
    }

    /// What a person should know when not all is well with it.
    pub fn trouble(&self) -> Option<String> {
        let last = self.last_answer();
        match (self.state, self.failing_since) {
            (ContactState::Fails, Some(since)) => {
                let problem = self.problem.as_deref().unwrap_or("no answer");
                Some(format!("FYERS cannot be reached since {} IST: {problem}; {last}", clock(since)))
            }
            (ContactState::Fails | ContactState::Unknown, _) => {
                Some(format!("whether FYERS can be reached is not known: {last}"))
            }
            (ContactState::Answers | ContactState::NotNeeded, _) => None,
        }
    }

    /// One line behind the name of FYERS, whatever is known.
    pub fn words(&self) -> String {
        match (self.trouble(), self.state) {
            (Some(trouble), _) => trouble.trim_start_matches("FYERS ").to_owned(),
            (None, ContactState::NotNeeded) if self.asked_at.is_some() => self.waiting(),
            (None, ContactState::NotNeeded) => "not asked: there is no token to use there".to_owned(),
            (None, _) => self.last_answer(),
        }
    }
}

impl DiskStatus {
    /// For how long nothing could be written, and why; `at` tells when that began.
    pub fn of(
        failing: Option<(std::time::Duration, String)>,
        at: impl Fn(std::time::Duration) -> DateTime<FixedOffset>,
    ) -> Self {
        let (age, problem) = failing.unzip();
        Self { failing_since: age.map(at), problem }
    }

    /// What a person should know when not all is well with it.
    pub fn trouble(&self) -> Option<String> {
        let since = self.failing_since?;
        let problem = self.problem.as_deref().unwrap_or("the disk fails");
        Some(format!(
            "the state cannot be written since {} IST, so orders are refused: {problem}",
            clock(since)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said_to_be_not_known() {
        let at = |text: &str| DateTime::parse_from_rfc3339(&format!("2026-11-23T{text}+05:30")).ok();
        let well =
            ContactStatus { state: ContactState::Answers, last_answer: at("11:00:05"), ..Default::default() };
        assert_eq!((well.trouble(), well.words().as_str()), (None, "it last answered at 11:00:05 IST"));
        let asked =
            ContactStatus { asked_at: at("11:00:20"), state: ContactState::NotNeeded, ..Default::default() };
        assert_eq!((asked.trouble(), asked.words().as_str()), (None, "asked at 11:00:20 IST, no answer yet"));
        let asked = ContactStatus { asked_at: at("11:00:20"), ..well.clone() };
        assert_eq!(asked.words(), "asked at 11:00:20 IST, no answer yet, it last answered at 11:00:05 IST");
        let silent = ContactStatus { state: ContactState::Unknown, ..well.clone() };
        assert_eq!(
            silent.trouble().unwrap(),
            "whether FYERS can be reached is not known: it last answered at 11:00:05 IST"
        );
        let failing = ContactStatus {
            state: ContactState::Fails,
            failing_since: at("11:00:09"),
            problem: Some("no connection".to_owned()),
            ..well
        };
        assert_eq!(
            failing.words(),
            "cannot be reached since 11:00:09 IST: no connection; it last answered at 11:00:05 IST"
        );
        assert_eq!(ContactStatus::default().trouble(), None, "a keeper without an app needs nobody");
    }
}
