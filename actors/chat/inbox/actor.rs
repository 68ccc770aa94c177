//! The InboxActor: asks Telegram for updates, one long poll after another, and carries out what the rules say.
//!
//! Before anything is acted on, the update's number is on disk. A crash in between repeats nothing: a halt, a
//! login or a logout happens at most once for each time it was asked for. While the state cannot be written, what does no
//! harm when it is done twice is done all the same (answers, a halt), and the rest is refused in words.

use std::{sync::Arc, time::Duration};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Supervised, WrapFuture};
use tokio::time::{Instant, timeout};

use crate::chat::inbox::{
    batch::Batch,
    chat_log,
    deps::InboxDeps,
    messages::{GetInbox, InboxView},
    note::{self, Note, Place},
    perform::{Performer, in_time},
    poll::{PollRequest, poll_once},
};
use keeper_domain::chat::inbox::{
    confirm::Nonce, poll_backoff::PollBackoff, reaction::Reaction, rules::State,
};
use keeper_domain::{
    chat::talk::{Bubble, PollError, Update},
    ports::{Store, StoreError, StoreErrorKind},
};

/// The longest wait for the number to be on disk.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

const BROKEN: &str =
    "Something broke over that, so it may or may not be done.\nSee /status before you send it again.";

/// Owns the chat's cursor and the questions that wait for a yes.
pub struct InboxActor {
    deps: InboxDeps,
    state: State,
    /// Kept across restarts: a crash is no reason to press Telegram.
    poll_backoff: PollBackoff,
    /// Telegram has the menu.
    registered: bool,
    /// What the last poll failed for: told when it changes.
    trouble: Option<&'static str>,
    /// The message whose answer is being worked on. On disk.
    underway: Option<Place>,
    batch: Batch,
}

impl InboxActor {
    /// An actor that listens from its start on.
    pub fn new(deps: InboxDeps) -> Self {
        let (state, poll_backoff, batch) = (State::default(), PollBackoff::default(), Batch::default());
        Self { deps, state, poll_backoff, registered: false, trouble: None, underway: None, batch }
    }

    /// Reads where it was, and tells the person over whose command the last life ended.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        let deps = self.deps.clone();
        let read = async move {
            let note = note::read(deps.store.as_ref()).await?;
            if let Some(Place { chat, message }) = note.underway {
                // Forgotten first: no crash over these words may repeat them for ever.
                if is_written(Note { underway: None, ..note }, deps.store.as_ref()).await? {
                    let told = Bubble { text: BROKEN.into(), reply_to: Some(message), ..Bubble::default() };
                    deps.speaker().say(chat, told).await;
                }
            }
            Ok(note)
        };
        ctx.spawn(read.into_actor(self).map(|note, act, ctx| {
            let Some(note) = or_stop(note, ctx) else { return };
            act.state.cursor = note.cursor;
            act.state.stranger_told = note.stranger_told;
            act.poll(ctx);
        }));
    }

    fn poll(&mut self, ctx: &mut Context<Self>) {
        let (now, began) = (self.deps.time.now(), Instant::now());
        let wish = PollRequest {
            name: self.state.bot.is_none(),
            menu: !self.registered,
            after: self.state.cursor.after(now),
            wait: self.state.is_up_to_date(now),
        };
        let poll = poll_once(self.deps.clone(), wish);
        ctx.spawn(poll.into_actor(self).map(move |came, act, ctx| {
            act.state.bot = act.state.bot.take().or(came.name);
            act.registered |= came.menu;
            match came.updates {
                Ok(updates) => act.polled(updates, began, ctx),
                Err(error) => act.failed(&error, ctx),
            }
        }));
    }

    fn polled(&mut self, updates: Vec<Update>, began: Instant, ctx: &mut Context<Self>) {
        let received = self.deps.time.now();
        self.poll_backoff.succeeded(received);
        if self.trouble.take().is_some() {
            chat_log::recovered();
        }
        self.batch = Batch::new(updates, received, began);
        self.hear_on(ctx);
    }

    fn failed(&mut self, error: &PollError, ctx: &mut Context<Self>) {
        let step = self.poll_backoff.failed(error, self.deps.time.now(), rand::random());
        let reason = chat_log::of_error(error);
        if self.trouble.replace(reason) != Some(reason) {
            chat_log::deaf(error, step.pause);
        }
        let deps = self.deps.clone();
        let rest = async move {
            if step.second_poller {
                in_time(deps.control.second_poller()).await;
            }
            deps.time.sleep(step.pause).await;
        };
        ctx.spawn(rest.into_actor(self).map(|(), act, ctx| act.poll(ctx)));
    }

    /// Goes through the batch up to the first update that is acted on. What is not acted on is written down
    /// together, so that a flood of strangers costs one write.
    fn hear_on(&mut self, ctx: &mut Context<Self>) {
        while let Some(update) = self.batch.updates.pop_front() {
            let (now, nonce) = (self.deps.time.now(), Nonce(rand::random()));
            let reaction = self.state.hear(&update, &self.deps.policy, now, nonce);
            chat_log::heard(&update, &reaction);
            self.batch.heard(&reaction);
            if !matches!(reaction, Reaction::Silence(_)) {
                self.underway = reaction.origin().map(Place::from);
                return self.write_down(ctx, move |act, written, ctx| {
                    if written || reaction.is_harmless_twice() {
                        return act.carry_out(reaction, nonce, ctx);
                    }
                    act.refuse(reaction, ctx);
                });
            }
        }
        if self.batch.dirty {
            // What cannot be written now goes with what is written next.
            return self.write_down(ctx, |act, _written, ctx| act.hear_on(ctx));
        }
        self.batch_done(ctx);
    }

    fn batch_done(&mut self, ctx: &mut Context<Self>) {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_whole() {
            self.state.caught_up = Some(batch.received);
        }
        let pause = batch.pause();
        let time = Arc::clone(&self.deps.time);
        let rest = async move { time.sleep(pause).await };
        ctx.spawn(rest.into_actor(self).map(|(), act, ctx| act.poll(ctx)));
    }

    fn write_down(
        &mut self,
        ctx: &mut Context<Self>,
        then: impl FnOnce(&mut Self, bool, &mut Context<Self>) + 'static,
    ) {
        let (cursor, stranger_told) = (self.state.cursor, self.state.stranger_told);
        let note = Note { cursor, stranger_told, underway: self.underway };
        let store = Arc::clone(&self.deps.store);
        let commit = async move { is_written(note, store.as_ref()).await };
        ctx.spawn(commit.into_actor(self).map(|committed, act, ctx| {
            let Some(written) = or_stop(committed, ctx) else { return };
            act.batch.dirty = false;
            then(act, written, ctx);
        }));
    }

    fn carry_out(&mut self, reaction: Reaction, nonce: Nonce, ctx: &mut Context<Self>) {
        let deps = self.deps.clone();
        let carry = async move {
            let performer = Performer { speaker: deps.speaker(), control: deps.control.as_ref() };
            performer.carry_out(reaction, nonce).await;
        };
        ctx.spawn(carry.into_actor(self).map(|(), act, ctx| {
            (act.underway, act.batch.dirty) = (None, true);
            act.hear_on(ctx);
        }));
    }

    /// It could not be written down, and must not happen twice.
    fn refuse(&mut self, reaction: Reaction, ctx: &mut Context<Self>) {
        let deps = self.deps.clone();
        let refuse = async move {
            Performer { speaker: deps.speaker(), control: deps.control.as_ref() }.refuse(&reaction).await;
        };
        ctx.spawn(refuse.into_actor(self).map(|(), act, ctx| {
            act.underway = None;
            act.hear_on(ctx);
        }));
    }
}

/// Writes the memory down. False: the store fails, and heals by itself.
async fn is_written(note: Note, store: &dyn Store) -> Result<bool, StoreError> {
    let busy = |_| Err(StoreError::of(StoreErrorKind::Busy, "wrote down a message's number"));
    match timeout(WRITE_LIMIT, note::write(note, store)).await.unwrap_or_else(busy) {
        Ok(()) => Ok(true),
        Err(error) if error.kind.heals() => {
            tracing::error!(event = "store.failed", actor = "inbox", "{error}");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// With a store that does not heal the actor must not act.
fn or_stop<T>(result: Result<T, StoreError>, ctx: &mut Context<InboxActor>) -> Option<T> {
    result
        .inspect_err(|error| {
            tracing::error!(event = "store.failed", actor = "inbox", "{error}");
            ctx.stop();
        })
        .ok()
}

impl Actor for InboxActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.begin(ctx);
    }
}

impl Supervised for InboxActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.state.crash();
        self.underway = None;
        self.batch = Batch::default();
    }
}

impl Handler<GetInbox> for InboxActor {
    type Result = InboxView;

    fn handle(&mut self, _: GetInbox, _: &mut Self::Context) -> InboxView {
        InboxView {
            bot: self.state.bot.clone(),
            caught_up: self.state.caught_up,
            strangers: self.state.strangers,
            has_rival: self.poll_backoff.has_rival(),
        }
    }
}

crate::crashes_on_demand!(InboxActor);
