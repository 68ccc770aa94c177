//! Who may read the status and who may act, and how often a client may try.

mod asker;
pub(super) mod budget;
mod gate;
mod host;
mod key;
mod key_attempts;
mod origin;
mod page_session;
pub(in crate::http) mod peer_user;
mod rule;
mod settings;
pub(in crate::http) mod shown;
mod target;
mod way;
mod wrong_key;

pub use key::GatewayKey;

pub(crate) use origin::names_listener;

pub(super) use asker::note_asker;
pub(super) use gate::{Gate, KeyState};
pub(super) use settings::Settings;
pub(super) use target::is_meant;
pub(super) use wrong_key::{WrongKey, too_many_keys};
