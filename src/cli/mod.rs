//! The command line: what each verb does, what it prints, how it exits.
//!
//! Answers go to standard output and logs to standard error, except for `run`, whose log is its answer. An error
//! is two lines: what happened, and what to do.

mod account;
mod alert_context;
mod backup;
mod backup_postgres;
mod bots;
mod calendar;
mod check;
mod config_check;
mod doctor;
mod ending;
mod exit;
mod failure;
mod init;
mod key;
mod key_args;
mod key_file;
mod key_table;
mod last_one;
mod left_behind;
mod login;
mod migrate;
mod moving;
mod noted_place;
mod oneshot;
mod orders;
mod output;
mod outside;
mod probe;
mod run;
mod setup;
mod start;
mod state_store;
mod status_table;
mod symbols;
mod table;
#[cfg(test)]
mod tables_tests;
mod welcome;
mod width;

#[cfg(feature = "demo")]
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::backup::{Restore, Wish};

pub use calendar::CalendarVerb;
pub use exit::Exit;
pub use failure::{Complaint, Failure};
pub use key_args::KeyVerb;
pub use setup::{CliConfig, load};

/// Keeps one FYERS session alive, falls back to a mock exchange, and tells you on Telegram.
#[derive(Debug, Parser)]
#[command(name = "fyers-keeper", version = crate::build_info::SHOWN, arg_required_else_help = true)]
// Where the width is not known, as in a pipe, and on wide screens: docs and terminals have 80 columns.
#[command(max_term_width = 80)]
#[command(after_help = "Settings come from the environment and then from the .env file;\n\
    `fyers-keeper config example` shows them all.\n\
    Exit codes: 0 good, 1 other error (calendar check: no trading that day),\n\
    2 usage, 69 unreachable, 70 gave up, 71 the address is taken, 73 another keeper\n\
    uses the state folder, 75 try again later, 77 login required, 78 bad settings.\n\
    With --json an error is one object too:\n\
    {\"error\": {\"exit_code\", \"problems\": [{\"what\", \"remedy\"}]}}.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Set the keeper up, step by step: app at FYERS, Telegram bot, first login
    Init,
    /// Run the service
    Run,
    /// Watch a week of the service in under a minute, on a simulated broker
    #[cfg(feature = "demo")]
    Demo {
        /// Print one JSON object instead of the story
        #[arg(long)]
        json: bool,
    },
    /// Ask FYERS whether the token is good
    Check {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Get a new token now, by a refresh call
    Refresh {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Log in to FYERS: shows the link, takes the redirect address or the code
    Login {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Ask the running keeper how it is
    Status {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show what bots have ordered, newest first
    Orders {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// How many orders at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Show the positions, and whether they are real
    Positions {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show today's profit and loss, and whether it is real
    Pnl {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Keys of bots: add, list, show, rotate, remove, halt
    Key {
        /// What to do with them
        #[command(subcommand)]
        verb: KeyVerb,
    },
    /// Look at the settings
    Config {
        /// What to do with them
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Trading days and holidays
    Calendar {
        /// What to tell
        #[command(subcommand)]
        verb: CalendarVerb,
    },
    /// Look at everything the keeper depends on, and say what to do
    Doctor {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write the state to one file, also while the keeper runs
    Backup {
        /// Where to; a name with date and time in this folder if left out
        file: Option<PathBuf>,
        /// With the tokens and the gateway key: whoever has the file can trade
        #[arg(long)]
        with_tokens: bool,
        /// Replace a file that is there already
        #[arg(long)]
        force: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Put a backup in the place of the state, which is kept beside it
    Restore {
        /// What `backup` has written
        file: PathBuf,
        /// Take the gateway key too, if there is none here: only from a file that nobody else could have made
        #[arg(long)]
        with_gateway_key: bool,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Move the state between the state folder and PostgreSQL, and compare it row by row
    Migrate {
        /// Where to
        #[arg(long, value_enum)]
        to: migrate::Target,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Let the other keeper of the same PostgreSQL database act, and stand by
    Handover {
        /// Also to a keeper that cannot reach FYERS
        #[arg(long)]
        force: bool,
    },
    /// Exit 0 if the running keeper is alive, else 1 (for containers)
    Healthcheck,
    /// Print the completion script of a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Check all settings and say what holds
    Check {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print all settings with their defaults, in the form of a .env file
    Example,
}

/// Does what the command line says.
pub fn main(cli: Cli) -> Result<Exit, Failure> {
    match cli.verb {
        Verb::Init => init::init(),
        Verb::Run => run::run(),
        #[cfg(feature = "demo")]
        Verb::Demo { json } => demo(json),
        Verb::Check { json } => check::check(json),
        Verb::Refresh { json } => check::refresh(json),
        Verb::Login { json } => login::login(json),
        Verb::Status { json } => probe::status(json),
        Verb::Orders { json, limit } => orders::orders(json, limit),
        Verb::Positions { json } => account::positions(json),
        Verb::Pnl { json } => account::pnl(json),
        Verb::Key { verb } => key::key(verb),
        Verb::Config { verb: ConfigVerb::Check { json } } => config_check::check(json),
        Verb::Config { verb: ConfigVerb::Example } => Ok(config_check::example()),
        Verb::Calendar { verb } => calendar::tell(&verb),
        Verb::Doctor { json } => doctor::doctor(json),
        Verb::Backup { file, with_tokens, force, json } => {
            backup::backup(file, Wish { with_tokens, force }, json)
        }
        Verb::Restore { file, with_gateway_key, json } => {
            backup::restore(&file, Restore { with_gateway_key }, json)
        }
        Verb::Migrate { to, json } => migrate::migrate(to, json),
        Verb::Handover { force } => migrate::hand_over(force),
        Verb::Healthcheck => probe::healthcheck(),
        Verb::Completions { shell } => Ok(completions(shell)),
    }
}

/// What is wrong with the command line, for a script: the first line of what a person would read.
pub fn usage(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let what = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    Failure::new(Exit::Usage, what, "See `fyers-keeper --help`.")
}

impl Verb {
    /// Whether a script reads the answer.
    pub fn is_json(&self) -> bool {
        match self {
            #[cfg(feature = "demo")]
            Self::Demo { json } => *json,
            Self::Check { json }
            | Self::Refresh { json }
            | Self::Login { json }
            | Self::Status { json }
            | Self::Positions { json }
            | Self::Pnl { json }
            | Self::Orders { json, .. }
            | Self::Doctor { json }
            | Self::Migrate { json, .. }
            | Self::Backup { json, .. }
            | Self::Restore { json, .. } => *json,
            Self::Config { verb: ConfigVerb::Check { json } } => *json,
            Self::Key { verb } => verb.is_json(),
            Self::Calendar { verb } => verb.is_json(),
            Self::Init
            | Self::Run
            | Self::Config { verb: ConfigVerb::Example }
            | Self::Handover { .. }
            | Self::Healthcheck
            | Self::Completions { .. } => false,
        }
    }
}

#[cfg(feature = "demo")]
fn demo(json: bool) -> Result<Exit, Failure> {
    let colour = std::io::stdout().is_terminal() && !crate::config::no_colour();
    match crate::demo::run(json, colour) {
        Ok(true) => Ok(Exit::Good),
        Ok(false) => Ok(Exit::Error),
        Err(problem) => Err(Failure::new(Exit::Error, format!("the demo cannot run: {problem}"), "")),
    }
}

fn completions(shell: Shell) -> Exit {
    clap_complete::generate(shell, &mut Cli::command(), "fyers-keeper", &mut std::io::stdout());
    Exit::Good
}
