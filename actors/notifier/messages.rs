//! What the NotifierActor hears.

use actix::Message;
use chrono::{DateTime, Utc};

/// The journal has grown: look now instead of in a few seconds. Losing it is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct JournalGrew;

/// How is the outbox? Answered from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "OutboxView")]
pub struct GetOutbox;

/// Reads the journal and delivers what waits, without the pause that follows an outage (a pause that
/// Telegram asked for is kept). The answer comes when nothing waits, or when a delivery has failed. The
/// sender bounds how long it is willing to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "OutboxView")]
pub struct Flush;

/// The time is over: of what waits only the keeper's last word is sent, if it is there. The answer comes as for [`Flush`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "OutboxView")]
pub struct SayLastWord;

/// Begin no other delivery: another keeper goes on with the outbox. The answer comes when none is under way any more, so
/// that nothing is sent by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct StopSending;

/// The outbox in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, actix::MessageResponse)]
pub struct OutboxView {
    /// Alerts not yet delivered.
    pub waiting: usize,
    /// When the oldest of these was caused.
    pub oldest: Option<DateTime<Utc>>,
    /// Alerts ever queued.
    pub queued_total: u64,
    /// Of these, delivered.
    pub delivered_total: u64,
    /// Why the latest delivery failed; `None` after a success. Holds no secret.
    pub last_error: Option<String>,
}
