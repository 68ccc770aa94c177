//! The CardActor: looks, does one step in the chat, writes down what came of it, and looks again.
//!
//! It looks when the session changes and every few seconds. One update at a time, each ends before the
//! next one begins, so two cards at once would need two actors.

use std::{sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, ResponseActFuture, SpawnHandle,
    Supervised, WrapFuture,
};
use chrono::TimeDelta;
use tokio::sync::oneshot;

use crate::{
    chat::card::{
        deps::{CardDeps, Memory},
        update::{Updated, World, update},
    },
    token::messages::SessionChanged,
};
use keeper_domain::{chat::card::model::CardRequest, ports::StoreError};

/// Longest time between two looks.
const LOOK: Duration = Duration::from_secs(10);

/// Owns the login card.
pub struct CardActor {
    deps: CardDeps,
    volatile: Volatile,
}

/// What a restart throws away; the store has the card.
#[derive(Default)]
struct Volatile {
    /// The card, `None` while an update has it and before the first one.
    memory: Option<Memory>,
    /// An update is under way.
    busy: bool,
    /// Something happened meanwhile.
    again: bool,
    rest: Option<SpawnHandle>,
    requests: Vec<(CardRequest, oneshot::Sender<String>)>,
}

impl CardActor {
    /// An actor that looks for the first time when it starts.
    pub fn new(deps: CardDeps) -> Self {
        Self { deps, volatile: Volatile::default() }
    }

    fn update(&mut self, ctx: &mut Context<Self>) {
        if self.volatile.busy {
            self.volatile.again = true;
            return;
        }
        (self.volatile.busy, self.volatile.again) = (true, false);
        if let Some(rest) = self.volatile.rest.take() {
            ctx.cancel_future(rest);
        }
        let world = World { deps: self.deps.clone() };
        let memory = self.volatile.memory.take().unwrap_or_default();
        let requests = std::mem::take(&mut self.volatile.requests);
        let work = async move { update(&world, memory, requests).await };
        ctx.spawn(work.into_actor(self).map(|updated, act, ctx| act.updated(updated, ctx)));
    }

    fn updated(&mut self, updated: Result<Updated, StoreError>, ctx: &mut Context<Self>) {
        let updated = match updated {
            Ok(updated) => updated,
            Err(error) => {
                tracing::error!(event = "store.failed", actor = "card", "{error}");
                return if error.kind.heals() { self.begin_anew(ctx) } else { ctx.stop() };
            }
        };
        self.volatile.busy = false;
        let held = updated.memory.held_until;
        self.volatile.memory = Some(updated.memory);
        if self.volatile.again || (updated.acted && held.is_none()) {
            return self.update(ctx);
        }
        let wait = held.map_or(TimeDelta::MAX, |until| until - self.deps.time.now());
        let wait = wait.to_std().unwrap_or_default().min(if updated.unsettled { LOOK / 20 } else { LOOK });
        self.sleep(wait, ctx);
    }

    /// A store that heals by itself is waited for; then the card is read again.
    fn begin_anew(&mut self, ctx: &mut Context<Self>) {
        self.volatile = Volatile::default();
        self.sleep(LOOK / 5, ctx);
    }

    fn sleep(&mut self, wait: Duration, ctx: &mut Context<Self>) {
        let time = Arc::clone(&self.deps.time);
        let rest = async move { time.sleep(wait).await };
        self.volatile.rest = Some(ctx.spawn(rest.into_actor(self).map(|(), act, ctx| {
            act.volatile.rest = None;
            act.update(ctx);
        })));
    }
}

impl Actor for CardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.update(ctx);
    }
}

impl Supervised for CardActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.volatile = Volatile::default();
    }
}

impl Handler<SessionChanged> for CardActor {
    type Result = ();

    fn handle(&mut self, _: SessionChanged, ctx: &mut Self::Context) {
        self.update(ctx);
    }
}

/// A person asks something of the card; the answer is a line for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::Message)]
#[rtype(result = "String")]
pub struct RequestCard(pub CardRequest);

impl Handler<RequestCard> for CardActor {
    type Result = ResponseActFuture<Self, String>;

    fn handle(&mut self, RequestCard(request): RequestCard, ctx: &mut Self::Context) -> Self::Result {
        let (reply, answered) = oneshot::channel();
        self.volatile.requests.push((request, reply));
        self.update(ctx);
        let silent = |_| "The keeper was interrupted. Please ask again.".to_owned();
        Box::pin(answered.into_actor(self).map(move |answer, _, _| answer.unwrap_or_else(silent)))
    }
}

crate::crashes_on_demand!(CardActor);
