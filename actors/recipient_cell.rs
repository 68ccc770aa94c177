//! A line to another actor that is connected after both exist.
//!
//! Actors hold lines, not each other: they know the message, not who handles it. A line belongs to one
//! account's actors; there is nothing global about it.

use std::sync::{Arc, OnceLock};

use actix::{MailboxError, Message, Recipient};

/// A late-bound [`Recipient`]. Before it is connected, what is said goes nowhere and `ask` answers `Closed`.
pub struct RecipientCell<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    end: Arc<OnceLock<Recipient<M>>>,
}

impl<M> RecipientCell<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    /// A line with nobody at the other end yet.
    pub fn new() -> Self {
        Self { end: Arc::new(OnceLock::new()) }
    }

    /// Puts an actor at the other end. Only the first call counts.
    pub fn connect(&self, recipient: Recipient<M>) {
        let _already = self.end.set(recipient);
    }

    /// Says something without waiting for an answer; the mailbox takes it whatever its length.
    pub fn say(&self, message: M) {
        if let Some(end) = self.end.get() {
            end.do_send(message);
        }
    }

    /// Says something and waits for the answer. `Closed` means that the other side died over it.
    pub async fn ask(&self, message: M) -> Result<M::Result, MailboxError> {
        match self.end.get() {
            Some(end) => end.send(message).await,
            None => Err(MailboxError::Closed),
        }
    }
}

impl<M> Default for RecipientCell<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<M> Clone for RecipientCell<M>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    fn clone(&self) -> Self {
        Self { end: Arc::clone(&self.end) }
    }
}
