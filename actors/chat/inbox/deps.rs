//! What the InboxActor is given.

use std::sync::Arc;

use crate::chat::inbox::speaker::Speaker;
use keeper_domain::chat::inbox::reaction::Policy;
use keeper_domain::{
    chat::talk::{Chat, Control},
    ports::{Store, Time},
};

/// What the InboxActor is given.
#[derive(Clone)]
pub struct InboxDeps {
    /// Where people write.
    pub chat: Arc<dyn Chat>,
    /// What their commands reach.
    pub control: Arc<dyn Control>,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// Who may command, and where.
    pub policy: Policy,
}

impl InboxDeps {
    pub(super) fn speaker(&self) -> Speaker<'_> {
        Speaker { chat: self.chat.as_ref(), time: self.time.as_ref() }
    }
}
