//! Who may read the status and who may act, and how often a client may try.

pub(super) mod budget;
mod gate;
mod key;
mod key_attempts;
mod origin;
mod page_session;
mod refusals;
mod rule;

pub use key::GatewayKey;

pub(super) use gate::{Gate, KeyState, Settings, WrongKey};
pub(super) use refusals::too_many_keys;
