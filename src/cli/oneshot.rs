//! The session without actors: one refresh or one check, from start to end, for the command line.
//!
//! The same rules as in the service decide; only the driver differs. It carries out one effect after the
//! other and never waits longer than it is allowed to.

use keeper_actors::event_log::LogEvent;
use std::{collections::VecDeque, sync::Arc, time::Duration};

use chrono::NaiveDate;
use fyers_api::{ist, model::Profile};
use keeper_domain::{
    broker_error::BrokerError,
    ports::{Broker, Store, StoreError, Time, TokenMirror},
    secret::{AccessToken, AuthCode},
    session::{
        SessionView,
        login::LoginFailure,
        reconcile::{Seeds, reconcile},
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
    /// Whether a date (IST) is a trading day.
    pub is_trading_day: Arc<dyn Fn(NaiveDate) -> bool + Send + Sync>,
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
        let stored = reconcile(self.store.session().await?, &self.seeds);
        // A token that the service has proven is not doubted just because another program asks for a newer one.
        let machine = Machine::new(self.facts.clone(), stored, self.store.last_tick().await?).resumed();
        self.drive(machine, Input::RefreshNow, patience).await
    }

    /// Takes the code of a login. Trouble in the proof of the new token is retried for `patience` at most.
    pub(super) async fn login(
        &self,
        code: AuthCode,
        patience: Duration,
    ) -> Result<(Outcome, Option<LoginFailure>), StoreError> {
        let stored = reconcile(self.store.session().await?, &self.seeds);
        let machine = Machine::new(self.facts.clone(), stored, self.store.last_tick().await?).resumed();
        let mut outcome = self.drive(machine, Input::CodeCame(1, code), patience).await?;
        let failure = outcome.login.take().and_then(Result::err);
        Ok((outcome, failure))
    }

    async fn prove(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        let profile = self.broker.profile(token).await?;
        self.broker.funds(token).await.map(|_funds| profile)
    }

    async fn drive(&self, machine: Machine, first: Input, patience: Duration) -> Result<Outcome, StoreError> {
        let (mut machine, mut effects) = self.turn(machine, first).await?;
        let begun = self.time.now();
        let (mut mirror_problem, mut login) = (None, None);
        while let Some(effect) = effects.pop_front() {
            let input = match effect {
                Effect::CheckToken(ask, token) => Input::Profiled(ask, self.broker.profile(&token).await),
                Effect::ProveToken(ask, token) => Input::Profiled(ask, self.prove(&token).await),
                Effect::CallLogin(ask, code) => Input::CodeRedeemed(ask, self.broker.login(&code).await),
                Effect::LoginEnded(_, ended) => {
                    login = Some(ended);
                    continue;
                }
                Effect::CallLogout(token) => {
                    let _told = self.broker.logout(&token).await;
                    continue;
                }
                Effect::CallRefresh(ask, token) => Input::Refreshed(ask, self.broker.refresh(&token).await),
                Effect::Wait(ask, wait) => {
                    let spent = (self.time.now() - begun).to_std().unwrap_or_default();
                    if spent + wait > patience {
                        break;
                    }
                    self.time.sleep(wait).await;
                    Input::Waited(ask)
                }
                Effect::Announce { .. } => continue,
                Effect::Mirror(access, refresh) => {
                    if let Some(mirror) = &self.mirror {
                        mirror_problem = mirror.write(&access, refresh.as_ref()).await.err();
                    }
                    continue;
                }
            };
            let (next, more) = self.turn(machine, input).await?;
            machine = next;
            effects.extend(more);
        }
        Ok(Outcome { session: machine.view(self.time.now()), mirror_problem, login })
    }

    async fn turn(&self, machine: Machine, input: Input) -> Result<(Machine, VecDeque<Effect>), StoreError> {
        let now = self.time.now();
        let trading_day = (self.is_trading_day)(ist::date(now));
        let (dice, skew) = (rand::rng().random(), self.broker.clock_skew());
        let (machine, step) = machine.step(input, Moment { now, trading_day, dice, skew });
        if let Some(change) = step.change {
            for (_, event) in &change.events {
                event.log("token");
            }
            self.store.commit(change).await?;
        }
        Ok((machine, step.effects.into()))
    }
}
