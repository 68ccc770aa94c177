//! Asks FYERS whether it answers, when nobody else has for a while and somebody needs to know.

use std::{sync::Arc, time::Duration};

use actix::Addr;
use keeper_actors::{
    exchange::reads::SharedSnapshot,
    token::{actor::TokenActor, messages::TokenRejected},
};
use keeper_domain::{
    contact::Contact,
    ports::Broker,
    reason::Reason,
    secret::AccessToken,
    session::retry::{CallFailure, judge_profile},
};

use crate::app::{Actors, Parts};
use crate::{fyers::ContactLog, status::ContactStatus};

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// What is known of FYERS' answering, and who asks.
#[derive(Clone)]
pub(super) struct ContactWatch {
    log: Arc<ContactLog>,
    broker: Arc<dyn Broker>,
    snapshot: SharedSnapshot,
    token: Addr<TokenActor>,
}

impl ContactWatch {
    /// `None` where nobody is asked.
    pub(super) fn new(parts: &Parts, actors: &Actors) -> Option<Self> {
        Some(Self {
            log: Arc::clone(parts.contact.as_ref()?),
            broker: Arc::clone(parts.broker.as_ref()?),
            snapshot: Arc::clone(&actors.router.snapshot),
            token: actors.token.clone(),
        })
    }

    /// Looks again and again, as long as the keeper runs.
    pub(super) async fn run(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let token = self.snapshot.load().token.clone();
            let (contact, now) = self.log.now();
            if contact.should_ask(token.is_some(), now) {
                self.ask(token.as_deref()).await;
            }
        }
    }

    /// With a token the answer tells of it too; without one any answer will do. How it went is in the log of contacts.
    async fn ask(&self, token: Option<&AccessToken>) {
        let Some(token) = token else {
            let _noted = self.broker.ping().await;
            return;
        };
        let Err(error) = self.broker.profile(token).await else { return };
        if let CallFailure::Final { reason: Reason::TokenRejected, code } = judge_profile(&error) {
            let (fingerprint, code) = (token.fingerprint(), code.unwrap_or_default());
            self.token.do_send(TokenRejected { fingerprint, code });
        }
    }

    /// For the status.
    pub(super) fn status(
        &self,
        at: impl Fn(Duration) -> chrono::DateTime<chrono::FixedOffset>,
    ) -> ContactStatus {
        let is_needed = self.snapshot.load().token.is_some();
        let (contact, now) = self.log.now();
        let Contact { last_answer, failing, .. } = contact;
        let ago = |moment: Duration| at(now.saturating_sub(moment));
        ContactStatus {
            state: contact.state(is_needed, now),
            last_answer: last_answer.map(ago),
            asked_at: contact.waits_since(now).map(ago),
            failing_since: failing.map(|(since, _)| ago(since)),
            problem: failing.map(|(_, fault)| fault.words()),
        }
    }
}
