//! The TokenActor: carries out what the rules say, and decides nothing.
//!
//! Every input is one atomic turn: step, commit, effects. No other message is handled in between, and the
//! answer to a message comes after the commit. After a crash the machine is rebuilt from the store.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Recipient, ResponseActFuture, Supervised, WrapFuture, fut,
};
use rand::Rng;
use tokio::sync::oneshot;

use crate::{
    journal,
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    token::{loaded::Loaded, messages::SessionChanged, waiting_logins::WaitingLogins},
};
use keeper_domain::{
    backoff,
    clock::token_hours::TokenHours,
    ports::{Broker, Change, Store, StoreError, Time, TokenMirror},
    session::{
        SessionView, StateName,
        login::{StateKey, UsedStates},
        reconcile::Seeds,
        rules::{Decision, Effect, Facts, Input, Machine, Moment},
    },
};

/// Longest time between two looks at the wall clock.
const WATCH: Duration = Duration::from_secs(30);
pub(super) type Work = ResponseActFuture<TokenActor, ()>;

/// A change that could not be written at once, and what follows once it is.
pub(super) struct Unsaved {
    change: Change,
    effects: Vec<Effect>,
    failures: u32,
}

/// What the TokenActor is given.
#[derive(Clone)]
pub struct TokenDeps {
    /// The broker; `None` when no app is configured.
    pub broker: Option<Arc<dyn Broker>>,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// The `.env` file; `None` when there is none to keep up to date.
    pub mirror: Option<Arc<dyn TokenMirror>>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// What signs the one-time states of logins now.
    pub state_key: Arc<dyn Fn() -> StateKey + Send + Sync>,
    /// When a token matters.
    pub hours: Arc<TokenHours>,
    /// What the settings say.
    pub facts: Facts,
    /// Whether a wrong clock keeps a new token out. Off where time is made up.
    pub checks_clock: bool,
    /// Tokens from the settings.
    pub seeds: Seeds,
    /// Who hears of changes.
    pub listeners: Vec<Recipient<SessionChanged>>,
    /// Wakes the Notifier after a commit.
    pub journal: RecipientCell<JournalGrew>,
}

/// Owns the credentials and the session.
pub struct TokenActor {
    pub(super) deps: TokenDeps,
    /// `None` until the store has been read.
    machine: Option<Machine>,
    /// One-time states of logins that were finished.
    pub(super) used_states: UsedStates,
    /// Logins by their codes. A restart forgets who waits, and they hear that the outcome is not known.
    pub(super) logins: WaitingLogins,
    /// Who waits for the outcome of a refresh.
    pub(super) refreshes: Vec<oneshot::Sender<SessionView>>,
    /// A change that is not on disk yet, with what follows it.
    pub(super) unsaved: Option<Unsaved>,
    /// What happened meanwhile.
    inputs: VecDeque<Input>,
    /// The session as last written.
    on_disk: SessionView,
    /// This is not the actor's first life in this process.
    reborn: bool,
}

impl TokenActor {
    /// An actor that reads its state from the store when it starts.
    pub fn new(deps: TokenDeps) -> Self {
        Self {
            deps,
            machine: None,
            used_states: UsedStates::default(),
            logins: WaitingLogins::default(),
            refreshes: vec![],
            unsaved: None,
            inputs: VecDeque::new(),
            on_disk: SessionView::default(),
            reborn: false,
        }
    }

    /// Reads what is on disk; again after a pause when that fails, since nothing can be known without it.
    fn load(&self, failures: u32) -> Work {
        let store = Arc::clone(&self.deps.store);
        let (app, seeds) = (self.deps.facts.app_id.clone(), self.deps.seeds.clone());
        let read = async move { Loaded::read(store.as_ref(), app.as_deref(), &seeds).await };
        Box::pin(read.into_actor(self).then(move |loaded, act, ctx| match loaded {
            Ok(Loaded { stored, newer, bound, tick, used_states, failed_login, wrong_pins }) => {
                act.used_states = used_states;
                let machine = Machine::new(act.deps.facts.clone(), stored, tick);
                let machine = machine.bound_to(bound).recalling(failed_login).with_newer(newer);
                let machine = machine.after_wrong_pins(wrong_pins);
                act.machine = Some(if act.reborn { machine.resumed() } else { machine });
                act.take(Input::Started)
            }
            Err(error) => {
                tracing::error!(event = "store.failed", actor = "token", "{error}");
                let pause = act.pause(failures);
                ctx.spawn(pause.into_actor(act).map(move |(), act, ctx| {
                    let load = act.load(failures.saturating_add(1));
                    ctx.wait(load);
                }));
                Box::pin(fut::ready(()))
            }
        }))
    }

    fn pause(&self, failures: u32) -> impl Future<Output = ()> + use<> {
        let time = Arc::clone(&self.deps.time);
        let pause = backoff::wait(failures.saturating_add(1), rand::rng().random());
        async move { time.sleep(pause).await }
    }

    /// One input, one atomic step. While a change waits for the disk, inputs wait behind it.
    pub(super) fn take(&mut self, input: Input) -> Work {
        if self.unsaved.is_some() {
            self.inputs.push_back(input);
            return Box::pin(fut::ready(()));
        }
        let Some(machine) = self.machine.take() else { return Box::pin(fut::ready(())) };
        let (machine, decision) = machine.step(input, self.moment());
        self.machine = Some(machine);
        self.carry_out(decision)
    }

    fn moment(&self) -> Moment {
        let now = self.deps.time.now();
        let session = self.deps.hours.needed(now);
        let skew = self
            .deps
            .broker
            .as_ref()
            .filter(|_| self.deps.checks_clock)
            .and_then(|broker| broker.clock_skew());
        Moment { now, session, dice: rand::rng().random(), skew }
    }

    /// The session as it is on disk. A token whose change could not be written yet is not in it.
    pub(super) fn view(&self) -> SessionView {
        let now = self.deps.time.now();
        if self.unsaved.is_none()
            && let Some(machine) = &self.machine
        {
            return machine.view(now);
        }
        let ended = self.on_disk.expires_at.is_some_and(|end| now >= end);
        SessionView { usable: self.on_disk.usable.clone().filter(|_| !ended), ..self.on_disk.clone() }
    }

    /// Commits first; the effects follow once the change is on disk.
    pub(super) fn carry_out(&mut self, decision: Decision) -> Work {
        let Decision { change, effects } = decision;
        let Some(change) = change else { return self.perform_all(effects) };
        self.unsaved = Some(Unsaved { change: change.clone(), effects, failures: 0 });
        self.save(change)
    }

    fn save(&self, change: Change) -> Work {
        let (store, wake) = (Arc::clone(&self.deps.store), self.deps.journal.clone());
        let commit = async move { journal::commit(store.as_ref(), change, "token", &wake).await };
        Box::pin(commit.into_actor(self).then(|committed, act, ctx| match committed {
            Ok(()) => act.saved(),
            Err(error) => {
                act.save_later(&error, ctx);
                Box::pin(fut::ready(()))
            }
        }))
    }

    fn saved(&mut self) -> Work {
        let effects = self.unsaved.take().map(|unsaved| unsaved.effects).unwrap_or_default();
        if self.machine.is_none() {
            // The actor was restarted meanwhile: the disk knows all again.
            return self.load(0);
        }
        let performed = self.perform_all(effects);
        if self.inputs.is_empty() {
            return performed;
        }
        Box::pin(performed.then(|(), act, _| match act.inputs.pop_front() {
            Some(input) => act.take_and_go_on(input),
            None => Box::pin(fut::ready(())),
        }))
    }

    fn take_and_go_on(&mut self, input: Input) -> Work {
        let work = self.take(input);
        Box::pin(work.then(|(), act, _| match act.inputs.pop_front().filter(|_| act.unsaved.is_none()) {
            Some(input) => act.take_and_go_on(input),
            None => Box::pin(fut::ready(())),
        }))
    }

    /// What could not be written is held in memory and tried again: a login's token comes only once.
    fn save_later(&mut self, error: &StoreError, ctx: &mut Context<Self>) {
        let Some(unsaved) = &mut self.unsaved else { return };
        let failures = unsaved.failures;
        unsaved.failures = failures.saturating_add(1);
        tracing::error!(event = "store.failed", actor = "token", attempt = failures + 1, "{error}");
        let pause = self.pause(failures);
        ctx.spawn(pause.into_actor(self).map(|(), act, ctx| {
            if let Some(unsaved) = &act.unsaved {
                let save = act.save(unsaved.change.clone());
                ctx.wait(save);
            }
        }));
    }

    fn perform_all(&mut self, effects: Vec<Effect>) -> Work {
        if let Some(machine) = &self.machine {
            self.on_disk = machine.view(self.deps.time.now());
        }
        self.answer_refreshes();
        Box::pin(fut::ready(()).into_actor(self).map(move |(), act: &mut Self, ctx| {
            for effect in effects {
                act.perform(effect, ctx);
            }
        }))
    }

    /// Answers once the refresh has its outcome; at once when there is nothing to wait for.
    pub(super) fn await_refresh(&mut self, tell: oneshot::Sender<SessionView>) {
        self.refreshes.push(tell);
        if self.unsaved.is_none() {
            self.answer_refreshes();
        }
    }

    /// Tells those who asked for a refresh how it went, once it is known.
    fn answer_refreshes(&mut self) {
        if !matches!(self.on_disk.state, StateName::Checking | StateName::Refreshing) {
            for waiting in self.refreshes.drain(..) {
                // Whoever asked may have gone.
                let _gone = waiting.send(self.on_disk.clone());
            }
        }
    }

    /// Looks at the wall clock at least every 30 s, and right at the token's end.
    fn watch(&self, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let end = self.machine.as_ref().and_then(|machine| machine.view(now).expires_at);
        let until_end = end.and_then(|end| (end - now).to_std().ok()).filter(|left| !left.is_zero());
        let pause = until_end.map_or(WATCH, |left| left.min(WATCH));
        let time = Arc::clone(&self.deps.time);
        let sleep = async move { time.sleep(pause).await };
        ctx.spawn(sleep.into_actor(self).map(|(), act, ctx| {
            let turn = act.take(Input::Watch);
            ctx.wait(turn);
            act.watch(ctx);
        }));
    }
}

impl Actor for TokenActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        match &self.unsaved {
            Some(unsaved) => {
                let save = self.save(unsaved.change.clone());
                ctx.wait(save);
            }
            None => {
                let load = self.load(0);
                ctx.wait(load);
            }
        }
        self.watch(ctx);
    }
}

impl Supervised for TokenActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        // What is not on disk yet is kept, and written before anything is read.
        self.machine = None;
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.effects.clear();
        }
        self.inputs.clear();
        self.refreshes.clear();
        self.logins.interrupt();
        self.reborn = true;
    }
}
