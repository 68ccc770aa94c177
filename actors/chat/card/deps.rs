//! What the CardActor is given, and what one update of the card hands to the next.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    exchange::messages::{GetLivePositions, GetMode},
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    token::messages::{BeginLogin, GetSession},
};
use keeper_domain::chat::card::model::Card;
use keeper_domain::{
    chat::talk::{Bubble, Chat},
    clock::token_hours::TokenHours,
    ports::{Store, Time},
};

/// How a person comes to the login.
#[derive(Clone)]
pub enum LoginPath {
    /// By the keeper's own page, which gives each visit a fresh one-time state. The address is another one when the
    /// gateway key is.
    Page(Arc<dyn Fn() -> String + Send + Sync>),
    /// By FYERS' login address for a one-time state; the person pastes what comes of it.
    Paste(Arc<dyn Fn(&str) -> String + Send + Sync>),
}

/// What the CardActor is given.
#[derive(Clone)]
pub struct CardDeps {
    /// The chat with the person.
    pub chat: Arc<dyn Chat>,
    /// Which chat.
    pub chat_id: i64,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// When a token matters.
    pub hours: Arc<TokenHours>,
    /// How a person comes to the login.
    pub path: LoginPath,
    /// Whether orders are refused instead of simulated while there is no token.
    pub rejects: bool,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// Whether FYERS takes no orders from the app.
    pub reads_only: bool,
    /// To the TokenActor.
    pub session: RecipientCell<GetSession>,
    /// To the TokenActor.
    pub begin: RecipientCell<BeginLogin>,
    /// To the ExchangeActor.
    pub mode: RecipientCell<GetMode>,
    /// To the ExchangeActor.
    pub positions: RecipientCell<GetLivePositions>,
    /// Wakes the Notifier after a commit.
    pub journal: RecipientCell<JournalGrew>,
}

/// What one update hands to the next.
#[derive(Default)]
pub(super) struct Memory {
    /// The card as it is on disk; `None` when it is to be read.
    pub(super) card: Option<Card>,
    /// What the card in the chat is known to look like.
    pub(super) shown: Option<Bubble>,
    /// The login address, and when it was made.
    pub(super) link: Option<(String, DateTime<Utc>)>,
    /// No step before this: Telegram asked to wait, or cannot be reached.
    pub(super) held_until: Option<DateTime<Utc>>,
    /// Steps that failed in a row.
    pub(super) failures: u32,
}
