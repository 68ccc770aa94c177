//! What keeps the keeper from starting, in words.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
};

use keeper_domain::ports::StoreError;

use crate::{
    app::StartError,
    cli::{exit::Exit, failure::Failure, output::fail},
};

/// Whether the address can be had, before anything is opened.
pub(super) fn check_address(addr: SocketAddr) -> Result<(), Failure> {
    let Err(error) = TcpListener::bind(addr) else { return Ok(()) };
    let (problem, remedy) = match error.kind() {
        ErrorKind::AddrInUse => ("another program listens there", TAKEN),
        ErrorKind::PermissionDenied => (
            "this user may not",
            "Ports below 1024 are for root: set another one, as KEEPER_HTTP_ADDR=127.0.0.1:8080.",
        ),
        ErrorKind::AddrNotAvailable => (
            "this machine has no such address",
            "Set KEEPER_HTTP_ADDR to one that it has, as 127.0.0.1:8080, or 0.0.0.0:8080 for all that it has.",
        ),
        // Any other reason is told by the listener itself.
        _ => return Ok(()),
    };
    let problem = StartError::Listen { addr, problem: problem.to_owned() };
    Err(fail(Exit::AddressTaken, &problem.to_string(), remedy))
}

const TAKEN: &str = "Stop the program that has it, or set another address, as KEEPER_HTTP_ADDR=127.0.0.1:8081. The redirect URL of the \
     app at FYERS may name the old one, too.";

pub(super) fn not_started(error: &StartError) -> Failure {
    let (exit, remedy) = match error {
        StartError::Listen { .. } => (Exit::AddressTaken, TAKEN),
        StartError::Store(error) => (Exit::Error, where_to_look(error)),
        StartError::Slow => (Exit::Error, "The machine may be too busy: try again."),
    };
    let failure = fail(exit, &error.to_string(), remedy);
    match error {
        StartError::Store(store) => failure.of_the_store(store),
        StartError::Slow => Failure { passes: true, ..failure },
        StartError::Listen { .. } => failure,
    }
}

pub(super) fn unwritten(error: &StoreError) -> Failure {
    fail(Exit::Error, &error.to_string(), where_to_look(error)).of_the_store(error)
}

/// What a person looks at: PostgreSQL names itself where it is the store.
pub(super) fn where_to_look(error: &StoreError) -> &'static str {
    if error.problem.starts_with("PostgreSQL") {
        "Check the PostgreSQL server and the way to it."
    } else {
        "Check the disk and the state folder."
    }
}

#[cfg(test)]
mod tests {
    use keeper_domain::ports::StoreErrorKind;

    use super::*;

    #[test]
    fn nobody_is_sent_to_a_disk_for_postgresql() {
        let error = |problem: &str| StoreError {
            doing: "read the session",
            problem: problem.to_owned(),
            kind: StoreErrorKind::Busy,
        };
        let silent = unwritten(&error("PostgreSQL did not answer in time"));
        assert!(silent.passes && !silent.problems[0].remedy.contains("disk"), "{silent:?}");
        assert!(unwritten(&error("the disk is full")).problems[0].remedy.contains("disk"));
    }
}
