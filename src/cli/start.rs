//! What keeps the keeper from starting, in words.

use std::net::{SocketAddr, TcpListener};

use keeper_domain::ports::StoreError;

use crate::{
    app::StartError,
    cli::{exit::Exit, failure::Failure, output::fail},
};

/// Whether the address can be had, before anything is opened.
pub(super) fn check_address(addr: SocketAddr) -> Result<(), Failure> {
    match TcpListener::bind(addr) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Err(not_started(&StartError::Listen {
                addr,
                problem: "another program listens there".to_owned(),
            }))
        }
        // Any other reason is told by the listener itself.
        _ => Ok(()),
    }
}

pub(super) fn not_started(error: &StartError) -> Failure {
    let (exit, remedy) = match error {
        StartError::Listen { .. } => {
            let remedy = "Stop the program that has it, or set another address, as KEEPER_HTTP_ADDR=127.0.0.1:8081. The \
                          redirect URL of the app at FYERS may name the old one, too.";
            (Exit::AddressTaken, remedy)
        }
        StartError::Store(_) => (Exit::Error, "Check the disk and the state folder."),
        StartError::Slow => (Exit::Error, "The machine may be too busy: try again."),
    };
    fail(exit, &error.to_string(), remedy)
}

pub(super) fn unwritten(error: &StoreError) -> Failure {
    fail(Exit::Error, &error.to_string(), "Check the disk.")
}
