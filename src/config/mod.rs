//! The settings: read once, checked as a whole, every mistake told at once. Only this module reads the
//! environment. `Debug` of the settings shows no secret, and neither does any message about one.

mod calendar;
mod credential;
mod key_strength;
mod problem;
mod read;
mod settings;
mod source;
pub mod table;
#[cfg(test)]
mod tests;

pub use calendar::calendar;
pub use credential::{app_id_flaw, secret_flaw};
pub(crate) use key_strength::weakness_of_key;
pub use problem::Problem;
pub use read::read;
pub use settings::{AppSettings, LogFormat, Row, Settings, SymbolSource, TelegramSettings};
#[cfg(feature = "fault-injection")]
pub use source::{DemoClock, demo_clock, fatal_order_step};
pub use source::{
    SettingOrigin, Sources, Unread, Values, columns, no_colour, notify_socket, process_environment,
};
