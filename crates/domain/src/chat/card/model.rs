//! The login card as values: what is on disk, what it depends on, and what can be done in the chat.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::chat::card::reminders::Tone;
use crate::{
    chat::talk::{Bubble, MessageId},
    clock::closings::Closings,
    mode::Mode,
    reason::Reason,
    routing::live_positions::LivePositions,
    secret::Fingerprint,
    session_state::Source,
};

/// Where the card stands. On disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Card {
    /// The trading day (IST) that has had its card.
    pub day: Option<NaiveDate>,
    /// A card is wanted; it may or may not be in the chat already.
    pub opening: bool,
    /// The card in the chat: it has, or will have, a link.
    pub message: Option<MessageId>,
    /// A card that must lose its link before anything else happens.
    pub old: Option<MessageId>,
    /// Reminders in the chat, the newest last; all others are taken away.
    pub reminders: Vec<MessageId>,
    /// Reminders up to here are given.
    pub reminded: Option<DateTime<Utc>>,
    /// No reminders before this.
    pub quiet_until: Option<DateTime<Utc>>,
    /// No reminders at all: the person said so, or logged out.
    pub quiet: bool,
    /// When the card loses its link, whatever happens.
    pub until: Option<DateTime<Utc>>,
    /// The token whose arrival was last told.
    pub told: Option<Fingerprint>,
    /// The chat that its messages are in: they stay behind when the group moves.
    #[serde(default)]
    pub chat: Option<i64>,
    /// There has been a good token since the card was opened.
    #[serde(default)]
    pub answered: bool,
}

/// A token that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// Which one.
    pub fingerprint: Fingerprint,
    /// Its end.
    pub expires_at: Option<DateTime<Utc>>,
    /// How it came.
    pub source: Option<Source>,
    /// Whose it is.
    pub holder: String,
    /// When the broker confirmed it.
    pub since: Option<DateTime<Utc>>,
    /// What it is good for.
    pub mode: Mode,
    /// Whether FYERS takes no orders from the app.
    pub reads_only: bool,
}

/// The session, as far as the card cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardSession {
    /// There is a token.
    Good(InUse),
    /// Only a person can bring one.
    Needed(Reason),
    /// It is being found out.
    Unsettled,
}

/// How a person brings the login back to the keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The browser does.
    Browser,
    /// By pasting the address into the chat.
    Paste,
}

/// Everything the card depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The chat, as Telegram knows it now.
    pub chat: i64,
    /// The wall clock.
    pub now: DateTime<Utc>,
    /// From the first to the last session that is open or comes today, if one does.
    pub hours: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When each segment of the account ends today.
    pub closings: Closings,
    /// Whether today's tick has had its outcome.
    pub tick_done: bool,
    /// The next trading day after today.
    pub next_day: NaiveDate,
    /// The session.
    pub session: CardSession,
    /// What is known of the positions at the broker, which nobody looks after while there is no token.
    pub live: LivePositions,
    /// Where the login begins.
    pub link: String,
    /// How it comes back.
    pub way: Way,
    /// Whether orders are refused instead of simulated while there is no token.
    pub rejects: bool,
    /// Whether a person has halted trading.
    pub halted: bool,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// Whether the person wants no sound now.
    pub muted: bool,
}

/// What to do in the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardAction {
    /// Send the card, still without its link.
    Open(Bubble),
    /// Bring the card up to date.
    Refresh(MessageId, Bubble),
    /// The card ends: it loses its link and tells how it ended.
    Close(MessageId, Bubble),
    /// A login without a card is told too.
    Tell(Bubble),
    /// Remind, with the time that it is for.
    Remind(Bubble, DateTime<Utc>, Tone),
    /// Take an outdated reminder away.
    Tidy(MessageId),
}

/// What a person asks of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardRequest {
    /// Show it.
    Open,
    /// No reminders for so many minutes.
    Snooze(u32),
    /// No reminders for the rest of the day.
    MockToday,
}
