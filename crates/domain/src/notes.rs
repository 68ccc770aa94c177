//! The notes that there are, each with what it holds. A name is never used for something else again.

use chrono::{DateTime, Utc};

use crate::{
    bots::books::BotBooks,
    chat::{card::model::Card, inbox::memory::InboxMemory},
    note::Note,
    session::login::UsedStates,
};

/// Which app the credentials belong to. Owned by the TokenActor.
pub use crate::session::bound::NOTE as CREDENTIALS;

/// Orders that were meant for FYERS and simulated since the mode was last Live. Owned by the ExchangeActor.
pub const SIMULATED_IN_GAP: Note<u64> = Note::new("simulated_in_gap");

/// Until when a person wants no sound, but for what is critical. Written by Control, read by the Notifier.
pub const MUTED_UNTIL: Note<DateTime<Utc>> = Note::new("muted_until");

/// The login card in the chat. Owned by the CardActor.
pub const LOGIN_CARD: Note<Card> = Note::new("login_card");

/// Which updates of the chat have been heard. Owned by the InboxActor.
pub const INBOX: Note<InboxMemory> = Note::new("inbox_cursor");

/// One-time states of logins that were finished. Owned by the TokenActor.
pub const LOGIN_STATES: Note<UsedStates> = Note::new("login_states");

/// What each bot holds in the MockExchange, and what of its day is nowhere else. Owned by the ExchangeActor.
pub const BOT_BOOKS: Note<BotBooks> = Note::new("bot_books");
