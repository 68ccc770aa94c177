//! A token that FYERS refused once: what the profile call says of it.

use actix::{Context, Handler, Message};
use keeper_domain::secret::Fingerprint;
use tokio::sync::oneshot;

use crate::exchange::ExchangeActor;

/// Is this token dead? Answered when the TokenActor has found out.
#[derive(Debug, Message)]
#[rtype(result = "Word")]
pub(super) struct IsDead(pub(super) Fingerprint);

/// The answer to come.
#[derive(Debug, actix::MessageResponse)]
pub(super) struct Word(oneshot::Receiver<bool>);

impl Word {
    /// Waits for it. Of an actor that is gone there is no word, and no word ends a token.
    pub(super) async fn given(self) -> bool {
        self.0.await.unwrap_or(false)
    }
}

/// Who waits for the word about a token.
pub(super) struct Doubt {
    of: Fingerprint,
    tell: oneshot::Sender<bool>,
}

impl ExchangeActor {
    /// Tells those who wait what the session says now.
    pub(super) fn settle_doubts(&mut self) {
        for doubt in std::mem::take(&mut self.volatile.doubts) {
            match self.volatile.session.is_dead(&doubt.of) {
                Some(dead) => {
                    let _gone = doubt.tell.send(dead);
                }
                None => self.volatile.doubts.push(doubt),
            }
        }
    }
}

impl Handler<IsDead> for ExchangeActor {
    type Result = Word;

    fn handle(&mut self, IsDead(of): IsDead, _: &mut Context<Self>) -> Self::Result {
        let (tell, word) = oneshot::channel();
        self.volatile.doubts.push(Doubt { of, tell });
        self.settle_doubts();
        Word(word)
    }
}
