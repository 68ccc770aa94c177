//! What happens in the MockExchange is decided on the book in memory and written down behind it. Each change is queued
//! with the store in the turn that decides it, and the actor goes on; nothing is told of it before it is on disk. So
//! changes that come together share a COMMIT.
//!
//! What is decided builds on all that was decided before. When a change is not made, none behind it is (they are one
//! [`ChangeLine`]): all of them are refused, and the book is read from disk again before anything else is decided.

use std::{
    collections::VecDeque,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context as Task, Poll, Waker, ready},
};

use actix::{ActorFuture, ActorFutureExt, AsyncContext, Context, ResponseActFuture, fut};
use futures_util::future::LocalBoxFuture;
use fyers_api::http::ApiResponse;
use keeper_domain::{
    ports::{Change, ChangeLine, StoreError},
    routing::Venue,
};

use crate::{
    exchange::{
        ExchangeActor,
        facts::{BookView, Facts, is_empty},
        waiting::Forwarding,
    },
    journal,
};

type Turn = ResponseActFuture<ExchangeActor, ()>;

/// How many may be on their way; beyond that the actor waits. The store's queue is longer, and others use it too.
const MOST: usize = 256;

pub(super) type Outcome = Result<(), StoreError>;

/// What follows once it is known what came of a change.
pub(super) type After = Box<dyn FnOnce(&mut ExchangeActor, &Outcome, &mut Context<ExchangeActor>)>;

/// What waits for the disk.
enum Waiting {
    /// Facts of the MockExchange: what is decided later builds on them.
    Facts(LocalBoxFuture<'static, Outcome>, Facts, After),
    /// A change that nothing builds on.
    Beside(LocalBoxFuture<'static, Outcome>, After),
    /// The answer to a read, which shows what was decided before it.
    Read(Box<Forwarding>, ApiResponse),
}

/// What is on its way to the disk, in order.
#[derive(Default)]
pub(super) struct Pipeline {
    line: ChangeLine,
    waiting: VecDeque<Waiting>,
    /// How many have ended in this life.
    ended: u64,
    /// Whether a future of this life looks after them.
    is_driven: bool,
    /// How the book was when this many had been queued: for readers, once they have ended.
    ahead: Option<(u64, BookView)>,
    /// Whether readers have not seen all that is on disk.
    is_news: bool,
    /// Reads of what has never been on disk.
    again: Vec<Forwarding>,
    /// Reads before whose answer something has happened that was not written: they show the book without that. Of an account in
    /// which nothing has happened yet the answer beside them tells as much as is known.
    as_on_disk: Vec<(Forwarding, ApiResponse)>,
}

impl Pipeline {
    /// Whether the book in memory is the one on disk.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_empty() && !self.is_broken()
    }

    fn is_broken(&self) -> bool {
        self.line.broken().is_some()
    }

    /// Reads go on whatever the disk does: this one shows what is on it, as soon as the book is that again.
    pub(super) fn show_what_is_on_disk(&mut self, read: Forwarding, answer: ApiResponse) {
        self.as_on_disk.push((read, answer));
    }

    fn poll_first(&mut self, task: &mut Task<'_>) -> Poll<Option<Outcome>> {
        let outcome = match self.waiting.front_mut() {
            Some(Waiting::Facts(commit, ..) | Waiting::Beside(commit, _)) => {
                ready!(commit.as_mut().poll(task))
            }
            Some(Waiting::Read(..)) => Ok(()),
            None => return Poll::Ready(None),
        };
        Poll::Ready(Some(outcome))
    }

    /// Everything behind a failure has been refused: a new line begins, and these reads are to be answered, first those by the
    /// book as it is now.
    fn mend(&mut self) -> (Vec<(Forwarding, ApiResponse)>, Vec<Forwarding>) {
        self.line = ChangeLine::default();
        (self.ahead, self.is_news) = (None, false);
        (mem::take(&mut self.as_on_disk), mem::take(&mut self.again))
    }
}

/// Waits until no more than so many are on their way.
struct Drain {
    to: usize,
    /// Whether it runs beside what the actor does, and not in its way.
    is_beside: bool,
}

impl ActorFuture<ExchangeActor> for Drain {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        act: &mut ExchangeActor,
        ctx: &mut Context<ExchangeActor>,
        task: &mut Task<'_>,
    ) -> Poll<()> {
        let drained = act.poll_pipeline(self.to, ctx, task);
        if !self.is_beside {
            return drained;
        }
        let is_broken = act.volatile.pipeline.is_broken();
        if is_broken {
            let mended = act.written();
            ctx.wait(mended);
        }
        if drained.is_ready() || is_broken {
            act.volatile.pipeline.is_driven = false;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl ExchangeActor {
    /// Waits until the book in memory is the one on disk, whatever came of what was on its way.
    pub(super) fn written(&self) -> Turn {
        self.written_but(0)
    }

    fn written_but(&self, rest: usize) -> Turn {
        Box::pin(Drain { to: rest, is_beside: false }.then(|(), act, _| act.mend_if_broken()))
    }

    fn mend_if_broken(&mut self) -> Turn {
        if !self.volatile.pipeline.is_broken() {
            return Box::pin(fut::ready(()));
        }
        let all = Drain { to: 0, is_beside: false };
        Box::pin(all.then(|(), act: &mut Self, _| act.reload_book()).map(|(), act, ctx| {
            let (as_on_disk, again) = act.volatile.pipeline.mend();
            as_on_disk.into_iter().for_each(|(read, answer)| act.answer_as_on_disk(read, answer));
            again.into_iter().for_each(|read| act.simulate(read, vec![], ctx));
            act.publish();
        }))
    }

    fn answer_as_on_disk(&self, read: Forwarding, answer: ApiResponse) {
        if self.is_long_book(&read) {
            return self.first_page(read);
        }
        let book = &self.volatile.book;
        let answer = match book.engine().ledger().is_untouched() {
            true => answer,
            false => {
                let (prices, now) = (self.prices(read.mode), self.deps.time.now());
                book.show(read.call.operation, &read.request, prices, now)
            }
        };
        read.arrive(Venue::Mock, answer);
    }

    /// Queues facts of the MockExchange, behind those before them.
    pub(super) fn queue_facts(&mut self, change: Change, after: After, ctx: &mut Context<Self>) {
        let (change, facts) = self.facts(change);
        let line = Some(self.volatile.pipeline.line.clone());
        let commit = self.begin(Change { line, ..change });
        self.wait_for(Waiting::Facts(commit, facts, after), ctx);
    }

    /// Queues a change that nothing builds on.
    pub(super) fn queue_beside(&mut self, change: Change, after: After, ctx: &mut Context<Self>) {
        let commit = self.begin(change);
        self.wait_for(Waiting::Beside(commit, after), ctx);
    }

    /// Answers a read when all that it may show is on disk.
    pub(super) fn answer_behind(&mut self, read: Forwarding, answer: ApiResponse, ctx: &mut Context<Self>) {
        if self.volatile.pipeline.is_settled() {
            return read.arrive(Venue::Mock, answer);
        }
        self.wait_for(Waiting::Read(Box::new(read), answer), ctx);
    }

    /// The store queues a change when it is first asked about it, so that is now.
    fn begin(&self, change: Change) -> LocalBoxFuture<'static, Outcome> {
        if is_empty(&change) {
            return Box::pin(std::future::ready(Ok(())));
        }
        let (store, wake) = (Arc::clone(&self.deps.store), self.deps.journal.clone());
        let mut commit: LocalBoxFuture<'static, Outcome> =
            Box::pin(async move { journal::commit(store.as_ref(), change, "exchange", &wake).await });
        match commit.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Box::pin(std::future::ready(outcome)),
            Poll::Pending => commit,
        }
    }

    fn wait_for(&mut self, one: Waiting, ctx: &mut Context<Self>) {
        let pipeline = &mut self.volatile.pipeline;
        pipeline.waiting.push_back(one);
        if !mem::replace(&mut pipeline.is_driven, true) {
            ctx.spawn(Drain { to: 0, is_beside: true });
        }
        if self.volatile.pipeline.waiting.len() > MOST {
            let fewer = self.written_but(MOST / 2);
            ctx.wait(fewer);
        }
    }

    fn poll_pipeline(&mut self, rest: usize, ctx: &mut Context<Self>, task: &mut Task<'_>) -> Poll<()> {
        while self.volatile.pipeline.waiting.len() > rest {
            let Some(outcome) = ready!(self.volatile.pipeline.poll_first(task)) else { break };
            let Some(first) = self.volatile.pipeline.waiting.pop_front() else { break };
            self.end(first, &outcome, ctx);
        }
        Poll::Ready(())
    }

    fn end(&mut self, first: Waiting, outcome: &Outcome, ctx: &mut Context<Self>) {
        self.volatile.pipeline.ended += 1;
        if let (Waiting::Facts(..), Err(error)) = (&first, outcome) {
            self.volatile.pipeline.line.break_off(error.kind);
        }
        self.volatile.pipeline.is_news |= matches!(first, Waiting::Facts(..));
        match first {
            Waiting::Facts(_, facts, after) => {
                self.facts_ended(facts, outcome, ctx);
                after(self, outcome, ctx);
            }
            Waiting::Beside(_, after) => {
                self.note_failure(outcome, ctx);
                after(self, outcome, ctx);
            }
            Waiting::Read(read, _) if self.volatile.pipeline.is_broken() => {
                self.volatile.pipeline.again.push(*read);
            }
            Waiting::Read(read, answer) => read.arrive(Venue::Mock, answer),
        }
        self.show_what_is_written();
    }

    /// The book in memory is ahead of the disk while changes are on their way. Then readers are shown how it was at some
    /// change, once that one is on disk: each of these views serves all changes that were on their way together.
    fn show_what_is_written(&mut self) {
        let pipeline = &mut self.volatile.pipeline;
        if pipeline.is_broken() || !pipeline.is_news {
            return;
        }
        if pipeline.waiting.is_empty() {
            (pipeline.ahead, pipeline.is_news) = (None, false);
            return self.publish_book();
        }
        let ended = pipeline.ended;
        if let Some((_, view)) = pipeline.ahead.take_if(|(number, _)| *number <= ended) {
            self.volatile.shown = view;
            self.publish_book();
        }
        if self.volatile.pipeline.ahead.is_none() {
            let last = ended + self.volatile.pipeline.waiting.len() as u64;
            self.volatile.pipeline.ahead = Some((last, self.view()));
        }
    }
}
