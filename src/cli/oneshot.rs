//! The session without actors: one refresh or one check, from start to end, for the command line.
//!
//! The same rules as in the service decide; only the driver differs. It carries out one effect after the
//! other and never waits longer than it is allowed to.

use keeper_actors::{journal, recipient_cell::RecipientCell, token::loaded::Loaded};
use std::{collections::VecDeque, sync::Arc, time::Duration};

use keeper_domain::{
    clock::token_hours::TokenHours,
    ports::{Broker, Store, StoreError, Time, TokenMirror},
    secret::AuthCode,
    session::{
        SessionView,
        login::LoginFailure,
        login::LoginOrigin,
        reconcile::Seeds,
        rules::{Effect, Facts, Input, Machine, Moment},
    },
};
use rand::Rng;

/// What a one-shot run needs from the world.
pub(super) struct OneShot {
    /// The broker.
    pub broker: Arc<dyn Broker>,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// The `.env` file, if there is one.
    pub mirror: Option<Arc<dyn TokenMirror>>,
    /// Clock and waiting.
    pub time: Arc<dyn Time>,
    /// What the settings say.
    pub facts: Facts,
    /// Tokens from the settings.
    pub seeds: Seeds,
    /// When a token matters.
    pub hours: TokenHours,
}

/// How a one-shot run ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The session afterwards.
    pub session: SessionView,
    /// What went wrong with the `.env` file, if anything did.
    pub mirror_problem: Option<String>,
    /// How a login ended, if there was one and it did end.
    pub login: Option<Result<(), LoginFailure>>,
}

impl OneShot {
    /// Gets a new token by a refresh call. Trouble that may pass is retried for `patience` at most.
    pub(super) async fn refresh(&self, patience: Duration) -> Result<Outcome, StoreError> {
        let machine = self.machine().await?;
        self.drive(machine, Input::RefreshNow, patience).await
    }

    /// A token that the service has proven is not doubted just because another program asks for a newer one.
    async fn machine(&self) -> Result<Machine, StoreError> {
        let loaded = Loaded::read(self.store.as_ref(), self.facts.app_id.as_deref(), &self.seeds).await?;
        Ok(Machine::new(self.facts.clone(), loaded.stored, loaded.tick).bound_to(loaded.bound).resumed())
    }

    /// Takes the code of a login. Trouble in the proof of the new token is retried for `patience` at most.
    pub(super) async fn login(
        &self,
        code: AuthCode,
        patience: Duration,
    ) -> Result<(Outcome, Option<LoginFailure>), StoreError> {
        let machine = self.machine().await?;
        let mut outcome =
            self.drive(machine, Input::CodeCame(1, code, LoginOrigin::CommandLine), patience).await?;
        let failure = outcome.login.take().and_then(Result::err);
        Ok((outcome, failure))
    }

    async fn drive(&self, machine: Machine, first: Input, patience: Duration) -> Result<Outcome, StoreError> {
        let (mut machine, mut effects) = self.step(machine, first).await?;
        let begun = self.time.now();
        let (mut mirror_problem, mut login) = (None, None);
        while let Some(effect) = effects.pop_front() {
            let input = match effect {
                Effect::CheckToken(id, token) | Effect::ProveToken(id, token) => {
                    Input::Profiled(id, self.broker.profile(&token).await)
                }
                Effect::CallLogin(id, code) => Input::CodeRedeemed(id, self.broker.login(&code).await),
                Effect::LoginEnded(_, ended) => {
                    login = Some(ended);
                    continue;
                }
                Effect::CallLogout(token) => {
                    let _told = self.broker.logout(&token).await;
                    continue;
                }
                Effect::CallRefresh(id, token) => Input::Refreshed(id, self.broker.refresh(&token).await),
                Effect::Wait(id, wait) => {
                    let spent = (self.time.now() - begun).to_std().unwrap_or_default();
                    if spent + wait > patience {
                        break;
                    }
                    self.time.sleep(wait).await;
                    Input::Waited(id)
                }
                Effect::Announce { .. } | Effect::NewerRefused(_) => continue,
                Effect::Mirror(access, refresh) => {
                    if let Some(mirror) = &self.mirror {
                        mirror_problem = mirror.write(&access, refresh.as_ref()).await.err();
                    }
                    continue;
                }
            };
            let (next, more) = self.step(machine, input).await?;
            machine = next;
            effects.extend(more);
        }
        Ok(Outcome { session: machine.view(self.time.now()), mirror_problem, login })
    }

    async fn step(&self, machine: Machine, input: Input) -> Result<(Machine, VecDeque<Effect>), StoreError> {
        let now = self.time.now();
        let session = self.hours.needed(now);
        let (dice, skew) = (rand::rng().random(), self.broker.clock_skew());
        let (machine, decision) = machine.step(input, Moment { now, session, dice, skew });
        if let Some(change) = decision.change {
            journal::commit(self.store.as_ref(), change, "token", &RecipientCell::new()).await?;
        }
        Ok((machine, decision.effects.into()))
    }
}
