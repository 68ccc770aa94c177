//! The program: reads the command line, does what it says, exits as it went.

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use fyers_keeper::{
    cli::{self, Cli},
    logging,
};
use keeper_actors::supervisor::install_panic_hook;

/// How long the log may take to be written at the end.
const LAST_LINES: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    // Other programs of the same user must not read this one's memory, and no core dump may hold a token.
    fyers_keeper::hardening::apply();
    install_panic_hook();
    let (json, ended) = match Cli::try_parse() {
        Ok(cli) => (cli.verb.is_json(), cli::main(cli)),
        Err(error) if error.use_stderr() && std::env::args().any(|word| word == "--json") => {
            (true, Err(cli::usage(&error)))
        }
        Err(error) => error.exit(),
    };
    logging::flush(LAST_LINES);
    let exit = ended.unwrap_or_else(|failure| {
        failure.print(json);
        failure.exit
    });
    exit.into()
}
