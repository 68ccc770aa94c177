//! What one check found.

use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

/// The longest that one question to the world may take.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// As it should be.
    Pass,
    /// A person may want to look.
    Warn,
    /// Something will not work.
    Fail,
}

impl Mark {
    /// How a person sees it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Pass => "✓",
            Self::Warn => "!",
            Self::Fail => "✗",
        }
    }
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub mark: Mark,
    /// What was found.
    pub what: String,
    /// What to do about it; empty when all is well.
    pub advice: String,
}

impl Finding {
    pub(super) fn pass(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, mark: Mark::Pass, what: what.into(), advice: String::new() }
    }

    pub(super) fn warn(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, mark: Mark::Warn, what: what.into(), advice: advice.into() }
    }

    pub(super) fn fail(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, mark: Mark::Fail, what: what.into(), advice: advice.into() }
    }
}

/// A time span for a person, without its sign.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().abs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
