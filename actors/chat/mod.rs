//! The phone: a chat with a person, for the login card and for commands. Plain alerts go another way, see
//! `notifier`.
//!
//! `talk` is what is said and heard; the rules decide who may say what and what the card shows; the actors
//! carry it out.

pub mod card;
pub mod inbox;
