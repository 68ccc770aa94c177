//! What the NotifierActor hears.

use actix::Message;

/// There is something new in the journal. A wake-up call only: the journal itself is the truth, and the
/// Notifier also looks by itself, so a lost one does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct JournalGrew;
