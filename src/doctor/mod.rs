//! What is wrong here, and what to do about it: a look at everything the keeper depends on.
//!
//! Every check is bounded in time, changes nothing, and says one line. What is not configured is no fault, and what
//! cannot be found out is said as such.

mod broker;
mod files;
mod machine;
mod net;
mod phone;
mod reach;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::config::{Problem, Settings};

/// The longest that one question to the world may take.
const LIMIT: Duration = Duration::from_secs(5);

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
    fn pass(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, mark: Mark::Pass, what: what.into(), advice: String::new() }
    }

    fn warn(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, mark: Mark::Warn, what: what.into(), advice: advice.into() }
    }

    fn fail(check: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, mark: Mark::Fail, what: what.into(), advice: advice.into() }
    }
}

/// What is to be looked at.
pub struct Patient<'a> {
    /// The settings, or what is left of them without the impossible ones.
    pub settings: &'a Settings,
    /// The settings that are not possible.
    pub problems: &'a [Problem],
    /// What a person should know about the settings.
    pub notes: &'a [String],
    /// Where FYERS sends a browser after a login.
    pub redirect_uri: Option<String>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Looks at everything. Takes about ten seconds at most, when nothing answers.
pub async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let settings = patient.settings;
    let (lock, database) = tokio::join!(files::lock(settings), files::database(settings));
    let (probe, telegram, keeper, egress) = tokio::join!(
        net::probe(settings),
        phone::telegram(settings),
        reach::keeper(settings, lock),
        reach::egress(settings)
    );
    let public = reach::public(settings, keeper.mark == Mark::Pass && lock.is_held()).await;
    let mut findings = settings_of(patient);
    findings.push(machine::clock(probe.skew()));
    findings.push(machine::time_zone(patient.now));
    findings.push(machine::calendar(settings, patient.now));
    findings.push(files::env_file(settings));
    findings.push(files::state_folder(settings));
    findings.push(database);
    findings.push(keeper);
    findings.push(broker::reachable(settings, &probe));
    findings.push(broker::app(settings));
    findings.extend(broker::redirect(settings, patient.redirect_uri.as_deref()));
    findings.extend(telegram);
    findings.push(public);
    findings.push(egress);
    findings
}

fn settings_of(patient: &Patient<'_>) -> Vec<Finding> {
    let of_problem = |problem: &Problem| {
        let (what, advice) = (format!("{} {}", problem.name, problem.what), problem.remedy.clone());
        // A slip of the pen may be behind a fault, but is none.
        let slip = problem.what.starts_with("is not a setting");
        if slip { Finding::warn("settings", what, advice) } else { Finding::fail("settings", what, advice) }
    };
    let mut findings: Vec<_> = patient.problems.iter().map(of_problem).collect();
    let advice = "See env.example, and `fyers-keeper config check`.";
    findings.extend(patient.notes.iter().map(|note| Finding::warn("settings", note.clone(), advice)));
    if findings.is_empty() {
        let is_set = |row: &&crate::config::Row| row.origin != crate::config::Origin::Default;
        let set = patient.settings.rows.iter().filter(is_set).count();
        let what = match set {
            0 => "none set: the defaults hold".to_owned(),
            1 => "1 set, and it is possible".to_owned(),
            _ => format!("{set} set, all of them possible"),
        };
        findings.push(Finding::pass("settings", what));
    }
    findings
}

/// A time span for a person, without its sign.
fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().abs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
