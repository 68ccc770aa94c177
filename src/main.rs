//! The program: reads the command line, does what it says, exits as it went.

use std::process::ExitCode;

use clap::Parser;
use fyers_keeper::cli::{self, Cli};
use keeper_actors::supervisor::install_panic_hook;

fn main() -> ExitCode {
    // Other programs of the same user must not read this one's memory, and no core dump may hold a token.
    fyers_keeper::hardening::apply();
    install_panic_hook();
    cli::main(Cli::parse()).into()
}
