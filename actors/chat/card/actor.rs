//! The CardActor: looks, does one step in the chat, writes down what came of it, and looks again.
//!
//! It looks when the session changes and every few seconds. One turn at a time; a turn ends before the next one
//! begins, so two cards at once would need two actors.

use std::{sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, ResponseActFuture, SpawnHandle,
    Supervised, WrapFuture,
};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use crate::{
    chat::card::turn::{Turned, World, turn},
    exchange::messages::{GetLivePositions, GetMode},
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    token::messages::{BeginLogin, GetSession, SessionChanged},
};
use keeper_domain::chat::card::rules::{Ask, Card};
use keeper_domain::{
    chat::talk::{Bubble, Chat},
    clock::calendar::Calendar,
    ports::{Store, StoreError, Time},
};

/// Longest time between two looks.
const LOOK: Duration = Duration::from_secs(10);

/// How a person comes to the login.
#[derive(Clone)]
pub enum LoginPath {
    /// By the keeper's own page, which gives each visit a fresh one-time state.
    Page(String),
    /// By FYERS' login address for a one-time state; the person pastes what comes of it.
    Paste(Arc<dyn Fn(&str) -> String + Send + Sync>),
}

/// What the CardActor is given.
#[derive(Clone)]
pub struct CardDeps {
    /// The chat with the person.
    pub chat: Arc<dyn Chat>,
    /// Which chat.
    pub chat_id: i64,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// Trading days and hours.
    pub calendar: Arc<Calendar>,
    /// How a person comes to the login.
    pub path: LoginPath,
    /// Whether orders are refused instead of simulated while there is no token.
    pub rejects: bool,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// To the TokenActor.
    pub session: RecipientCell<GetSession>,
    /// To the TokenActor.
    pub begin: RecipientCell<BeginLogin>,
    /// To the ExchangeActor.
    pub mode: RecipientCell<GetMode>,
    /// To the ExchangeActor.
    pub positions: RecipientCell<GetLivePositions>,
    /// Wakes the Notifier after a commit.
    pub journal: RecipientCell<JournalGrew>,
}

/// Owns the login card.
pub struct CardActor {
    deps: CardDeps,
    volatile: Volatile,
}

/// What a restart throws away; the store has the card.
#[derive(Default)]
struct Volatile {
    /// The card, `None` while a turn has it and before the first one.
    memory: Option<Memory>,
    /// A turn is under way.
    busy: bool,
    /// Something happened meanwhile.
    again: bool,
    rest: Option<SpawnHandle>,
    asks: Vec<(Ask, oneshot::Sender<String>)>,
}

/// What one turn hands to the next.
#[derive(Default)]
pub(super) struct Memory {
    /// The card as it is on disk; `None` when it is to be read.
    pub(super) card: Option<Card>,
    /// What the card in the chat is known to look like.
    pub(super) shown: Option<Bubble>,
    /// The login address, and when it was made.
    pub(super) link: Option<(String, DateTime<Utc>)>,
    /// No step before this: Telegram asked to wait, or cannot be reached.
    pub(super) held_until: Option<DateTime<Utc>>,
    /// Steps that failed in a row.
    pub(super) failures: u32,
}

impl CardActor {
    /// An actor that looks for the first time when it starts.
    pub fn new(deps: CardDeps) -> Self {
        Self { deps, volatile: Volatile::default() }
    }

    fn turn(&mut self, ctx: &mut Context<Self>) {
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
        let asks = std::mem::take(&mut self.volatile.asks);
        let work = async move { turn(&world, memory, asks).await };
        ctx.spawn(work.into_actor(self).map(|turned, act, ctx| act.turned(turned, ctx)));
    }

    fn turned(&mut self, turned: Result<Turned, StoreError>, ctx: &mut Context<Self>) {
        let turned = match turned {
            Ok(turned) => turned,
            Err(error) => {
                tracing::error!(event = "store.failed", actor = "card", "{error}");
                return ctx.stop();
            }
        };
        self.volatile.busy = false;
        let held = turned.memory.held_until;
        self.volatile.memory = Some(turned.memory);
        if self.volatile.again || (turned.stepped && held.is_none()) {
            return self.turn(ctx);
        }
        let wait = held.map_or(TimeDelta::MAX, |until| until - self.deps.time.now());
        let wait = wait.to_std().unwrap_or_default().min(if turned.unsettled { LOOK / 20 } else { LOOK });
        let time = Arc::clone(&self.deps.time);
        let rest = async move { time.sleep(wait).await };
        self.volatile.rest = Some(ctx.spawn(rest.into_actor(self).map(|(), act, ctx| {
            act.volatile.rest = None;
            act.turn(ctx);
        })));
    }
}

impl Actor for CardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.turn(ctx);
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
        self.turn(ctx);
    }
}

/// A person asks something of the card; the answer is a line for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::Message)]
#[rtype(result = "String")]
pub struct AskCard(pub Ask);

impl Handler<AskCard> for CardActor {
    type Result = ResponseActFuture<Self, String>;

    fn handle(&mut self, AskCard(ask): AskCard, ctx: &mut Self::Context) -> Self::Result {
        let (reply, answered) = oneshot::channel();
        self.volatile.asks.push((ask, reply));
        self.turn(ctx);
        let silent = |_| "The keeper was interrupted. Please ask again.".to_owned();
        Box::pin(answered.into_actor(self).map(move |answer, _, _| answer.unwrap_or_else(silent)))
    }
}

crate::crashes_on_demand!(CardActor);
