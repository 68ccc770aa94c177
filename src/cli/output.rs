//! What goes to the screen.

use std::io::Write;

use keeper_domain::text::{escaped, shown_lines};
use serde::Serialize;

use crate::{
    cli::{
        exit::Exit,
        failure::Failure,
        width::{complaint, fitting, room, row},
    },
    store::{StateDirError, postgres::ConnectError},
};

/// An answer, on standard output, with nothing in it that a terminal would obey. A reader that has gone away is no error
/// of ours.
pub(super) fn say(text: &str) {
    let text = fitting(text, &std::io::stdout());
    let _closed = writeln!(std::io::stdout().lock(), "{text}");
}

/// The same for what is to be copied, or is as wide as it should be: its lines stay as they are.
pub(super) fn put(text: &str) {
    let _closed = writeln!(std::io::stdout().lock(), "{}", shown_lines(text));
}

/// One row: what follows the name stands below itself when it is broken.
pub(super) fn say_row(name: &str, text: &str) {
    put(row(name, text, room(&std::io::stdout())).trim_end());
}

/// One JSON object, on standard output.
pub(super) fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => put(&escaped(&text)),
        Err(error) => complain("the answer is no JSON", &error.to_string()),
    }
}

/// An answer that is no good end: for a script the answer and the error in one object, as every error is told; for a
/// person, who has the answer before him, what to do.
pub(super) fn bad_end(answer: Option<&impl Serialize>, failure: &Failure) -> Exit {
    match answer.map(serde_json::to_value) {
        Some(Ok(mut answer)) => {
            answer["error"] = serde_json::json!(failure);
            json(&answer);
            failure.print(false);
        }
        Some(Err(error)) => complain("the answer is no JSON", &error.to_string()),
        None => failure.print(false),
    }
    failure.exit
}

/// An error: what happened, and what to do. On standard error.
pub(super) fn complain(what: &str, remedy: &str) {
    let text = complaint(what, remedy, room(&std::io::stderr()));
    let _closed = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A verb that ends here.
pub(super) fn fail(exit: Exit, what: &str, remedy: &str) -> Failure {
    Failure::new(exit, what, remedy)
}

/// Nothing can be done at all.
pub(super) fn no_runtime() -> Failure {
    fail(
        Exit::Error,
        "the runtime cannot be started",
        "The machine may be out of memory or threads: try again.",
    )
}

/// The state folder cannot be used.
pub(super) fn no_state(error: &StateDirError) -> Failure {
    fail(Exit::for_state(error), &error.to_string(), error.advice())
}

/// A database that cannot be worked with.
pub(super) fn no_database(error: &ConnectError) -> Failure {
    let exit = match error {
        ConnectError::Address(_)
        | ConnectError::Misfit(_)
        | ConnectError::Away(_)
        | ConnectError::Settings(_)
        | ConnectError::Certificate(_) => Exit::BadSettings,
        ConnectError::Failed(_) => Exit::Unreachable,
        ConnectError::Newer | ConnectError::Schema(_) => Exit::Error,
    };
    fail(exit, &error.to_string(), error.advice())
}
