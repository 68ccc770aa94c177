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
        StartError::Store(_) => (Exit::Error, "Check the disk and the state folder."),
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
    fail(Exit::Error, &error.to_string(), "Check the disk.").of_the_store(error)
}
