//! `doctor`: what is wrong here, and what to do about it.

use keeper_domain::session::reconcile::reconcile;
use serde::Serialize;

use crate::cli::{
    exit::Exit,
    failure::{Complaint, Failure},
    output::{bad_end, json as print_json, say},
    probe::block_on,
    setup::load_anyway,
    state_store,
};
use crate::{
    build_info,
    doctor::{self, Finding, Mark, Patient},
};

#[derive(Serialize)]
struct DoctorReport<'a> {
    good: bool,
    version: &'static str,
    commit: &'static str,
    checks: &'a [Finding],
}

pub(super) fn doctor(json: bool) -> Result<Exit, Failure> {
    let (config, problems) = load_anyway();
    // What cannot be read is told by the looks at the database.
    let peeked = async { state_store::peek(&config).await.ok().map(Option::unwrap_or_default) };
    let held = block_on(peeked).flatten().map(|stored| reconcile(stored, &config.seeds()));
    let patient = Patient {
        settings: &config.settings,
        problems: &problems,
        notes: &config.notes,
        held,
        // Settings that make no client are told as such.
        broker: config.broker().ok().flatten(),
        redirect_uri: config.redirect_uri(),
        now: chrono::Utc::now(),
    };
    let findings = block_on(doctor::examine(&patient)).unwrap_or_default();
    // Nothing here should hold a secret; the net is the same as the log's.
    let clean = |text: String| config.redactor.clean(&text).into_owned();
    let findings: Vec<Finding> = findings
        .into_iter()
        .map(|finding| Finding { what: clean(finding.what), advice: clean(finding.advice), ..finding })
        .collect();
    let worst = findings.iter().map(|finding| finding.mark).max().unwrap_or(Mark::Fail);
    let good = worst != Mark::Fail;
    if !json {
        say(&told(&findings));
        return Ok(if good { Exit::Good } else { Exit::Error });
    }
    let (version, commit) = (build_info::VERSION, build_info::COMMIT);
    let report = DoctorReport { good, version, commit, checks: &findings };
    if good {
        print_json(&report);
        return Ok(Exit::Good);
    }
    Ok(bad_end(Some(&report), &failure(&findings)))
}

/// What will not work.
fn failure(findings: &[Finding]) -> Failure {
    let faults = findings.iter().filter(|finding| finding.mark == Mark::Fail);
    let told = |finding: &Finding| Complaint {
        what: format!("{}: {}", finding.check, finding.what),
        remedy: finding.advice.clone(),
    };
    Failure { exit: Exit::Error, problems: faults.map(told).collect(), passes: false }
}

fn told(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or_default();
    let mut lines = vec![];
    for Finding { check, mark, what, advice } in findings {
        lines.push(format!("{} {check:<width$}  {what}", mark.sign()));
        if !advice.is_empty() {
            lines.push(format!("  {:<width$}  → {advice}", ""));
        }
    }
    lines.push(String::new());
    lines.push(summary(findings));
    lines.join("\n")
}

fn summary(findings: &[Finding]) -> String {
    let count = |mark| findings.iter().filter(|finding| finding.mark == mark).count();
    let number = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    match (count(Mark::Fail), count(Mark::Warn)) {
        (0, 0) => "All is well.".to_owned(),
        (0, warnings) => format!("It can run; {} to think about.", number(warnings, "thing")),
        (faults, 0) => format!("{} to mend.", number(faults, "fault")),
        (faults, warnings) => {
            format!("{} to mend, {} to think about.", number(faults, "fault"), number(warnings, "thing"))
        }
    }
}
