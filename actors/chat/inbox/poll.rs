//! One poll, and before it whatever Telegram has not told or taken yet.

use std::time::Duration;

use tokio::time::timeout;

use crate::chat::inbox::{deps::InboxDeps, perform::in_time};
use keeper_domain::chat::inbox::commands::COMMANDS;
use keeper_domain::chat::talk::{PollError, Update};

/// The longest a poll may take; the adapter has a shorter limit of its own.
const LONGEST: Duration = Duration::from_secs(60);

/// What is wanted of Telegram.
#[derive(Debug, Clone, Copy)]
pub(super) struct PollRequest {
    /// The bot's name.
    pub(super) name: bool,
    /// That it takes the menu.
    pub(super) menu: bool,
    /// Updates after this one.
    pub(super) after: i64,
    /// Whether to wait for them.
    pub(super) wait: bool,
}

/// What came of it.
pub(super) struct PollResult {
    pub(super) name: Option<String>,
    pub(super) menu: bool,
    pub(super) updates: Result<Vec<Update>, PollError>,
}

/// Asks Telegram.
pub(super) async fn poll_once(deps: InboxDeps, wish: PollRequest) -> PollResult {
    // The name first: in a group it says which commands are for another bot.
    let name = if wish.name { in_time(deps.chat.name()).await.flatten() } else { None };
    let menu = wish.menu && matches!(in_time(deps.chat.register(&COMMANDS)).await, Some(Ok(())));
    let poll = if wish.wait { deps.chat.updates(wish.after) } else { deps.chat.pending(wish.after) };
    let late = |_| Err(PollError::Failed("no answer in time".to_owned()));
    PollResult { name, menu, updates: timeout(LONGEST, poll).await.unwrap_or_else(late) }
}
