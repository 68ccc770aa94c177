//! A group that became a supergroup has a new id. It is learnt from Telegram's error and from the service message,
//! used for sending, editing and hearing, and kept on disk. All other parts go on using the id in the settings.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use keeper_domain::note::{Note, NoteChange};
use tokio::sync::Notify;

/// The configured id and the present one.
pub const NOTE: Note<(i64, i64)> = Note::new("telegram_moved");

/// Where the configured chat is now.
#[derive(Debug)]
pub struct GroupMoves {
    configured: i64,
    present: AtomicI64,
    learnt: Notify,
}

impl GroupMoves {
    /// The chat in the settings, which has not moved as far as is known.
    pub fn new(configured: i64) -> Arc<Self> {
        Arc::new(Self { configured, present: AtomicI64::new(configured), learnt: Notify::new() })
    }

    /// The chat's id now.
    pub fn present(&self) -> i64 {
        self.present.load(Ordering::Acquire)
    }

    /// The new id, when the settings have the old one.
    pub fn moved_to(&self) -> Option<i64> {
        Some(self.present()).filter(|present| *present != self.configured)
    }

    /// Where to send what is meant for this chat.
    pub fn outgoing(&self, chat: i64) -> i64 {
        if chat == self.configured { self.present() } else { chat }
    }

    /// The chat that something was heard in, by its id in the settings.
    pub fn incoming(&self, chat: i64) -> i64 {
        if chat == self.present() { self.configured } else { chat }
    }

    /// Telegram says that one chat has become another. Moves of other chats are nobody's business.
    pub fn learn(&self, from: i64, to: i64) {
        let ours = from == self.configured || from == self.present();
        if !ours || to == self.present() {
            return;
        }
        self.present.store(to, Ordering::Release);
        tracing::warn!(
            event = "chat.moved",
            to,
            "the Telegram group has a new id: put {to} in TELEGRAM_CHAT_ID"
        );
        self.learnt.notify_one();
    }

    /// As it goes into the store.
    pub fn note(&self) -> Option<NoteChange> {
        NOTE.set(&(self.configured, self.present())).ok()
    }

    /// From the store; a move of another chat than the one in the settings says nothing.
    pub fn recall(&self, known: Option<(i64, i64)>) {
        if let Some((_, present)) = known.filter(|(configured, _)| *configured == self.configured) {
            self.present.store(present, Ordering::Release);
        }
    }

    /// Resolves when a move has been learnt that was not written down yet.
    pub async fn learnt(&self) {
        self.learnt.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_used_both_ways_and_survives_a_restart() {
        let moves = GroupMoves::new(-4001);
        moves.learn(-77, -1);
        assert_eq!(moves.moved_to(), None, "another chat");
        moves.learn(-4001, -1_002_001);
        assert_eq!((moves.outgoing(-4001), moves.incoming(-1_002_001)), (-1_002_001, -4001));
        assert_eq!((moves.outgoing(42), moves.incoming(42)), (42, 42));
        let after = GroupMoves::new(-4001);
        after.recall(Some((-4001, moves.present())));
        assert_eq!(moves.note().unwrap().json, "[-4001,-1002001]");
        assert_eq!(after.moved_to(), Some(-1_002_001));
        let corrected = GroupMoves::new(-1_002_001);
        corrected.recall(Some((-4001, moves.present())));
        assert_eq!(corrected.moved_to(), None, "the settings have the new id");
    }
}
