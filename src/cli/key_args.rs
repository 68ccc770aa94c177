//! What is asked of the keys, as it is written on the command line.

use clap::{Args, Subcommand, ValueEnum};
use keeper_domain::money;
use rust_decimal::Decimal;

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Add a key for a bot, and show its token once
    Add(KeyArgs),
    /// Show all keys, their limits and their day
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show one key; for `default` its token too
    Show {
        /// The bot's name
        #[arg(default_value = "default")]
        name: String,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Give a key a new token, and show it once: the old one opens nothing any more
    Rotate(Named),
    /// Remove a key: its bot gets no answers any more
    Remove(Named),
    /// Halt one bot: its entries are refused, its exits pass
    Halt(Named),
    /// End the halt of one bot
    Resume(Named),
}

/// One key.
#[derive(Debug, Args)]
pub struct Named {
    /// The bot's name
    pub name: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A key that is asked for.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The bot's name: 2 to 24 lower-case letters, digits and dashes
    pub(super) name: String,
    /// How far its orders may go: not above this mode. Without it they go wherever the keeper's mode says
    #[arg(long, value_enum, default_value_t = Ceiling::Live)]
    pub(super) mode: Ceiling,
    /// It may read, and no order of it is sent or simulated
    #[arg(long)]
    pub(super) read_only: bool,
    /// The largest value of one order
    #[arg(long, value_name = "INR", value_parser = money::written, allow_hyphen_values = true)]
    pub(super) max_order_value: Option<Decimal>,
    /// Orders a day
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) max_orders_per_day: Option<u32>,
    /// The largest loss of a day, open positions included
    #[arg(long, value_name = "INR", value_parser = money::written, allow_hyphen_values = true)]
    pub(super) max_loss: Option<Decimal>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// A mode, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Ceiling {
    /// To FYERS
    Live,
    /// Real prices, simulated orders
    Sandbox,
    /// Everything simulated
    Mock,
}

impl KeyVerb {
    /// Whether a script reads the answer.
    pub fn is_json(&self) -> bool {
        match self {
            Self::Add(args) => args.json,
            Self::List { json } | Self::Show { json, .. } => *json,
            Self::Rotate(named) | Self::Remove(named) | Self::Halt(named) | Self::Resume(named) => named.json,
        }
    }
}
