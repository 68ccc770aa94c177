//! Orders that may be at FYERS and have no certain outcome: what a book says of them, what a person hears while none can be
//! read, and what counts as sent until then.

use actix::{AsyncContext, Context, Handler};
use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::{http::ApiResponse, ist};
use keeper_domain::{
    order_journal::{IntentOutcome, SeenBook, Telling, Verdict},
    ports::Change,
    routing::{
        live_positions::{BookRow, read_orders},
        request::Reserved,
        settling::UnreadRequest,
    },
};

use crate::exchange::{
    ExchangeActor,
    messages::{End, Executed},
    state::{Answered, Volatile},
};

/// From the end of a day's trading to the word that no book was read for an order.
const AFTER_CLOSE: TimeDelta = TimeDelta::minutes(5);

impl ExchangeActor {
    /// Tells and lists of each order whose answer is not known what the order book says. The keeper never sends it again.
    pub(super) fn settle_lost(
        &mut self,
        book: &[BookRow],
        (began, is_a_bots): (DateTime<Utc>, bool),
        change: &mut Change,
    ) {
        let Volatile { lost, books, last_intent, looks, .. } = &mut self.volatile;
        let on_the_way = self.deps.in_flight.reserved();
        let (is_known, newest) = (|id: &str| books.knows(id), *last_intent);
        let (on_the_way, clock) = (&on_the_way[..], looks.clock);
        let reading = SeenBook { book, began, is_known: &is_known, on_the_way, newest, clock, is_a_bots };
        let verdicts = lost.settle(&reading, self.deps.time.now());
        verdicts.into_iter().for_each(|verdict| self.tell_of_lost(verdict, change));
    }

    /// An order book that a bot has read may show an order whose answer was lost, long after the keeper has stopped looking.
    pub(super) fn look_into(&mut self, answer: &ApiResponse, ctx: &mut Context<Self>) {
        let Some(book) = Some(answer).filter(|_| self.volatile.lost.are_missed()).and_then(read_orders)
        else {
            return;
        };
        let (now, mut change) = (self.deps.time.now(), Change::default());
        self.volatile.books.begin(ist::date(now));
        self.settle_lost(&book.value, (now, true), &mut change);
        if !change.outcomes.is_empty() {
            self.publish();
            let commit = self.commit_or_keep(change);
            ctx.wait(commit);
        }
    }

    fn tell_of_lost(&mut self, verdict: Verdict, change: &mut Change) {
        let Verdict { id, at, search, entries, events, unread, may_arrive } = verdict;
        let now = self.deps.time.now();
        change.events.extend(events.into_iter().map(|event| (now, event)));
        change.outcomes.push((id, IntentOutcome::Searched(search)));
        entries.iter().for_each(|entry| self.volatile.books.placed(entry));
        let known = entries.into_iter().map(|entry| self.volatile.taken.take_in(entry));
        change.orders.extend(known.inspect(|entry| self.volatile.placed.learn(entry)));
        self.volatile.answered.retain(|order| order.id() != id);
        self.volatile.answered.extend(unread.map(Answered::from));
        if let Some((reserved, until)) = may_arrive {
            let (ids, effect, closed_orders) = (vec![], None, vec![]);
            let request = UnreadRequest { id, ids, sent: at, at, reserved, effect, closed_orders };
            self.volatile.answered.push(Answered::from(request).until(until));
        }
    }

    /// No book can be read: whoever has sent an order hears at once that nobody knows of it.
    pub(super) fn tell_unread(&mut self, change: &mut Change) {
        let told = self.volatile.lost.tell_unread(self.deps.time.now());
        self.add_told(told, change);
    }

    /// The same where there is no token, and none that FYERS has still to say a word about.
    pub(super) fn tell_unread_without_token(&mut self, ctx: &mut Context<Self>) {
        if self.volatile.doubted.is_one() || self.volatile.session.awaits_first_word() {
            return;
        }
        let mut change = Change::default();
        self.tell_unread(&mut change);
        self.queue_or_keep(change, ctx);
    }

    /// The day's trading is over: what no book was read for is for a person.
    pub(super) fn tell_never_read(&mut self, ctx: &mut Context<Self>) {
        let (now, hours) = (self.deps.time.now(), &self.deps.hours);
        let is_over = |at: DateTime<Utc>| {
            let date = ist::date(at);
            let closed = hours.on(date).map(|day| day.closes);
            let is_closed = closed.is_some_and(|closed| at < closed && closed + AFTER_CLOSE <= now);
            // What was sent a moment ago is still being looked for.
            now - at >= AFTER_CLOSE && (is_closed || date != ist::date(now))
        };
        let told = self.volatile.lost.tell_never_read(is_over, now);
        let mut change = Change::default();
        self.add_told(told, &mut change);
        self.queue_or_keep(change, ctx);
    }

    fn add_told(&self, told: Vec<Telling>, change: &mut Change) {
        let now = self.deps.time.now();
        for (entries, events) in told {
            change.orders.extend(entries);
            change.events.extend(events.into_iter().map(|event| (now, event)));
        }
    }
}

impl Handler<Executed> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, executed: Executed, ctx: &mut Self::Context) {
        let Executed { intent, end, unsaved, reserved, placed, rejected } = executed;
        self.volatile.books.begin(ist::date(self.deps.time.now()));
        self.volatile.books.placed_by(&intent, &placed);
        for entry in &placed {
            self.volatile.taken.add(entry);
            self.volatile.placed.learn(entry);
        }
        match end {
            End::Nothing => self.volatile.books.change_ended(intent.id, false),
            End::Answered => self.volatile.books.change_ended(intent.id, true),
            // Of the others nobody knows for certain: they count as if they were taken.
            End::TokenRefused | End::Unknown | End::Banned { .. } => {}
        }
        if let Some(unsaved) = unsaved {
            self.keep_unsaved(unsaved);
        }
        // Before any book shows it: the token may die first, and then nobody reads one.
        if end.may_be_there(&intent) {
            let joined = self.notice_mcx(intent.legs.iter().map(|leg| leg.symbol.as_str()));
            self.queue_or_keep(joined, ctx);
        }
        self.count_rejected(rejected);
        let id = intent.id;
        let ids = placed.iter().filter_map(|entry| entry.id.clone()).collect();
        let taken = intent.answered(ids, self.deps.time.now());
        let reserved = if matches!(end, End::Answered) { taken.reserved.clone() } else { reserved };
        let answered = Answered::from(UnreadRequest { reserved, ..taken });
        match end {
            // It never left, so it is none of the day's orders.
            End::Nothing if rejected == 0 => self.volatile.books.unsent(&intent),
            End::Nothing => {}
            End::TokenRefused => {
                self.volatile.books.unsent(&intent);
                if intent.may_open() {
                    self.volatile.answered.push(answered.until(intent.may_arrive_until()));
                    self.volatile.lost.add_refused(intent, &placed);
                }
            }
            End::Answered => {
                // A GTT order that was cancelled fills no more. No order book shows that.
                if intent.what == "gtt" && answered.counts == Reserved::default() {
                    let is_cancelled = |order: &Answered| order.request.is_about_any(&intent.ids);
                    self.volatile.answered.retain(|order| !is_cancelled(order));
                } else if intent.what == "gtt" {
                    // Its book says that it waits.
                    self.deps.conditional.ask_soon();
                }
                self.volatile.answered.push(answered);
            }
            End::Unknown => {
                self.volatile.answered.push(answered);
                self.volatile.lost.add(intent, &placed);
            }
            End::Banned { symbol, has_taken } => {
                self.volatile.answered.extend(has_taken.then_some(answered));
                self.explain_ban(symbol, ctx);
            }
        }
        self.deps.in_flight.leave(id);
        self.publish();
        self.look_soon(ctx);
    }
}
