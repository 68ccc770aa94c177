//! Why a verb ended badly: a value, until `main` prints it.

use std::{io::Write, sync::mpsc, thread, time::Duration};

use keeper_domain::{
    ports::{StoreError, StoreErrorKind},
    text::escaped,
};
use serde::Serialize;

use crate::{
    cli::{
        exit::Exit,
        width::{complaint, room},
    },
    config::Problem,
};

/// How long an output may take the words of a failure: one that nobody reads must not keep the program from ending.
const LIMIT: Duration = Duration::from_secs(2);

/// One thing that went wrong: what happened, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// What happened.
    pub what: String,
    /// What to do, or nothing.
    pub remedy: String,
}

/// A verb that could not do what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// How the program ends.
    #[serde(rename = "exit_code", serialize_with = "as_number")]
    pub exit: Exit,
    /// What went wrong, all of it.
    pub problems: Vec<Complaint>,
    /// It is the database's, and goes away by itself.
    #[serde(skip)]
    pub passes: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn as_number<S: serde::Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(*exit as u8)
}

impl Failure {
    /// One problem.
    pub fn new(exit: Exit, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        let problems = vec![Complaint { what: what.into(), remedy: remedy.into() }];
        Self { exit, problems, passes: false }
    }

    /// The same with another exit code.
    pub fn with(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The same where the store says why: what heals by itself passes, and so does what another keeper has done.
    pub fn of_the_store(self, error: &StoreError) -> Self {
        Self { passes: error.kind.heals() || error.kind == StoreErrorKind::Fenced, ..self }
    }

    /// What is wrong with the settings, all at once.
    pub fn settings(problems: &[Problem]) -> Self {
        let told = |problem: &Problem| Complaint {
            what: format!("{} {}", problem.name, problem.what),
            remedy: problem.remedy.clone(),
        };
        Self { exit: Exit::BadSettings, problems: problems.iter().map(told).collect(), passes: false }
    }

    /// Prints what went wrong on standard error, for a script also as one JSON object on standard output.
    pub fn print(&self, json: bool) {
        let room = room(&std::io::stderr());
        let words = |problem: &Complaint| complaint(&problem.what, &problem.remedy, room);
        let words: String = self.problems.iter().map(words).collect();
        let object = serde_json::json!({ "error": self });
        let (done, finished) = mpsc::channel();
        let writer = thread::spawn(move || {
            let _closed = std::io::stderr().write_all(words.as_bytes());
            if json {
                let _closed = writeln!(std::io::stdout(), "{}", escaped(&format!("{object:#}")));
            }
            let _unheard = done.send(());
        });
        if finished.recv_timeout(LIMIT).is_ok() {
            let _ended = writer.join();
        }
    }
}
