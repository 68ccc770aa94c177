//! What the simulated Telegram keeps: messages, people, buttons and updates.

pub(crate) mod buttons;
mod message;
mod people;
mod person;
pub(crate) mod render;
mod store;
mod updates;

pub use buttons::Button;
pub use message::{CallbackAnswer, TelegramMessage};
pub use person::{PersonMessage, UserAction, Writing};
pub(crate) use store::Phone;
pub(crate) use updates::POLL_CONFLICT;
