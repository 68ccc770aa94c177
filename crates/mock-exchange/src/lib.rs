#![doc = include_str!("../README.md")]

mod account;
pub mod api;
mod book;
pub mod calendar;
mod charges;
mod close;
mod command;
mod config;
mod draft;
mod engine;
mod exact;
pub mod exchange;
mod gtt;
mod gtt_orders;
mod instrument;
mod ledger;
mod legs;
mod market;
mod matching;
mod new_order;
mod order;
mod place;
mod price;
mod record;
mod reply;
mod resting;
mod risk;
pub mod sessions;
mod settle;
pub mod symbol;
mod validate;
mod views;
pub mod walk;
mod words;

#[cfg(test)]
mod tests;

pub use account::{Account, Leg, PositionKey};
pub use book::Book;
pub use charges::Charges;
pub use command::{Command, Conversion, Exit, Fixed, Modification};
pub use config::{Config, INTRADAY_LEVERAGE, Leverage, MARGIN_LEVERAGE, MTF_LEVERAGE};
pub use engine::Engine;
pub use gtt::{GttChange, GttLeg, GttState, GttStatus, NewGtt};
pub use instrument::{FALLBACK_TICK, Instrument, Instruments, parse_master, share_tick};
pub use ledger::{Ledger, Tally, Trade};
pub use market::{DayPrices, Market};
pub use new_order::{ExitLegs, NewOrder};
pub use order::{OrderState, rank};
pub use price::{PriceOrigin, PriceUpdate};
pub use record::{LegLink, Origin, Record};
pub use reply::Reply;
pub use resting::Resting;
pub use symbol::Kind;
pub use views::{Balances, HoldingView, PositionView};
