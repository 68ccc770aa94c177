//! What is wrong here, and what to do about it: a look at everything the keeper depends on.
//!
//! Every check is bounded in time, changes nothing, and says one line. What is not configured is no fault, and what
//! cannot be found out is said as such.

mod broker;
mod database;
mod files;
mod finding;
mod machine;
mod net;
mod phone;
mod reach;
mod symbols;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use keeper_domain::{ports::Broker, session_state::StoredSession};

use crate::config::{Problem, Settings};
pub(crate) use files::contents;
pub use finding::{Finding, Mark};

/// What is to be looked at.
pub struct Patient<'a> {
    /// The settings, or what is left of them without the impossible ones.
    pub settings: &'a Settings,
    /// The settings that are not possible.
    pub problems: &'a [Problem],
    /// What a person should know about the settings.
    pub notes: &'a [String],
    /// The session as it is stored or set; `None` where it could not be read, which is told as such elsewhere.
    pub held: Option<StoredSession>,
    /// FYERS, as this app speaks to it; `None` without an app.
    pub broker: Option<Arc<dyn Broker>>,
    /// Where FYERS sends a browser after a login.
    pub redirect_uri: Option<String>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Looks at everything. Takes about ten seconds at most, when nothing answers.
pub async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let settings = patient.settings;
    let (lock, database) = tokio::join!(files::lock(settings), files::database(settings));
    let (probe, telegram, webhook, keeper, egress, postgres) = tokio::join!(
        net::probe(settings),
        phone::telegram(settings),
        phone::webhook(settings),
        reach::keeper(settings, lock),
        reach::egress(settings),
        database::postgres(settings)
    );
    // Who does not answer at all is named once.
    let login_page = match probe.is_answered() {
        true => broker::login_page(settings, patient.redirect_uri.as_deref()).await,
        false => None,
    };
    let secret = match &patient.broker {
        Some(broker) if probe.is_answered() => Some(broker::secret(broker.as_ref()).await),
        _ => None,
    };
    let asked = patient.broker.as_deref().filter(|_| probe.is_answered());
    let token = match &patient.held {
        Some(held) if settings.app.is_some() => Some(token::token(held, asked, patient.now).await),
        _ => None,
    };
    let secret = secret.map(|secret| match &token {
        // The proof that it would wait for is there.
        Some(token) if token.mark == Mark::Pass && secret.mark == Mark::Pass => {
            Finding::pass(secret.check, "FYERS has not refused app id and secret")
        }
        _ => secret,
    });
    let public = reach::public(settings, keeper.mark == Mark::Pass && lock.is_held()).await;
    let mut findings = settings_of(patient);
    findings.push(machine::clock(probe.skew()));
    findings.push(machine::time_zone(patient.now));
    findings.push(machine::calendar(settings, patient.now));
    findings.push(files::env_file(settings));
    findings.push(files::state_folder(settings));
    findings.push(symbols::symbols(settings, patient.now));
    // What lies in the state folder is of another time, where the state is in PostgreSQL.
    findings.extend(postgres.unwrap_or_else(|| vec![database]));
    findings.push(keeper);
    findings.push(broker::reachable(settings, &probe));
    findings.push(broker::app(settings));
    findings.extend(secret);
    findings.extend(broker::redirect(settings, patient.redirect_uri.as_deref()));
    findings.extend(login_page);
    findings.extend(token);
    findings.extend(telegram);
    findings.extend(webhook);
    findings.push(public);
    findings.push(egress);
    findings
}

/// Whether FYERS would begin a login for the app in these settings; `None` without an app or an address to come back to.
pub async fn login_page(settings: &Settings, redirect: Option<&str>) -> Option<Finding> {
    broker::login_page(settings, redirect).await
}

/// Whether FYERS takes the secret of the app for one.
pub async fn app_secret(broker: &dyn Broker) -> Finding {
    broker::secret(broker).await
}

/// What the app in these settings may do.
pub fn app_kind(settings: &Settings) -> Finding {
    broker::app(settings)
}

/// The address from which this machine's requests go out, and what FYERS makes of it.
pub async fn egress(settings: &Settings) -> Finding {
    reach::egress(settings).await
}

fn settings_of(patient: &Patient<'_>) -> Vec<Finding> {
    let of_problem = |problem: &Problem| {
        let (what, advice) = (format!("{} {}", problem.name, problem.what), problem.remedy.clone());
        // A slip of the pen may be behind a fault, but is none.
        let slip = problem.what.ends_with("is ignored.");
        if slip { Finding::warn("settings", what, advice) } else { Finding::fail("settings", what, advice) }
    };
    let mut findings: Vec<_> = patient.problems.iter().map(of_problem).collect();
    let advice = "See `fyers-keeper config example` and `fyers-keeper config check`.";
    findings.extend(patient.notes.iter().map(|note| Finding::warn("settings", note.clone(), advice)));
    if findings.is_empty() {
        let is_set = |row: &&crate::config::Row| row.origin != crate::config::SettingOrigin::Default;
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
