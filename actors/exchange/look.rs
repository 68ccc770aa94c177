//! What is open at FYERS: order book and positions are read after every order until nothing moves any more, and
//! regularly while Live. The same reading settles orders whose answer is not known.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use chrono::TimeDelta;
use fyers_api::{
    http::{ApiRequest, ApiResponse},
    operation::Operation,
};
use keeper_domain::{
    event::Event,
    mode::Mode,
    order_journal::{IntentOutcome, OrderIntent, Search, look_up},
    ports::{Change, ProxyError},
    routing::{
        broker_answer::token_death,
        live_positions::{
            BookRow, LOOK_WHILE_FLAT, LOOK_WHILE_OPEN, LivePositions, PositionRows, read_orders,
            read_positions,
        },
    },
    secret::Fingerprint,
};

use crate::exchange::{
    ExchangeActor,
    messages::{End, Executed, Learnt, TokenDied},
    state::{Answered, Looks},
};

/// Seconds between readings after an order, until nothing waits any more.
const AFTER_ORDER: [i64; 5] = [1, 3, 6, 12, 24];
/// An order that was sent this long ago and is not in the book is told as not found.
const LATE: TimeDelta = TimeDelta::seconds(3);
/// Failures in a row before a person hears of it.
const ALARM_AFTER: u32 = 3;

/// Both books, and what was on its way when the reading began.
struct Seen {
    fingerprint: Fingerprint,
    orders: Result<ApiResponse, ProxyError>,
    positions: Result<ApiResponse, ProxyError>,
    /// Answered some time before the reading began, so both books know of it: FYERS answers some orders before they
    /// are in its order book.
    known_before: Vec<i64>,
}

impl ExchangeActor {
    /// A reading shortly from now, whatever was planned.
    pub(super) fn look_soon(&mut self, ctx: &mut Context<Self>) {
        self.volatile.looks.since_order = 0;
        self.plan_look(TimeDelta::zero(), ctx);
    }

    /// A reading in so long, unless one comes earlier.
    fn plan_look(&mut self, wait: TimeDelta, ctx: &mut Context<Self>) {
        let due = self.deps.time.now() + wait;
        if let Some((planned, handle)) = self.volatile.looks.timer.take() {
            if planned <= due {
                self.volatile.looks.timer = Some((planned, handle));
                return;
            }
            ctx.cancel_future(handle);
        }
        let time = Arc::clone(&self.deps.time);
        let wait = wait.to_std().unwrap_or_default();
        let rest = async move { time.sleep(wait).await };
        let handle = ctx.spawn(rest.into_actor(self).map(|(), act, ctx| {
            act.volatile.looks.timer = None;
            act.look(ctx);
        }));
        self.volatile.looks.timer = Some((due, handle));
    }

    /// Begins a reading, unless one runs.
    pub(super) fn look(&mut self, ctx: &mut Context<Self>) {
        let (Some(proxy), Some(token)) = (self.deps.proxy.clone(), self.volatile.session.usable.clone())
        else {
            return self.cannot_read(ctx);
        };
        let wanted = self.volatile.mode == Mode::Live
            || !self.volatile.unknown.is_empty()
            || !self.volatile.late.is_empty();
        if !wanted || std::mem::replace(&mut self.volatile.looks.running, true) {
            return;
        }
        self.volatile.exits.begin();
        let fingerprint = token.fingerprint();
        let now = self.deps.time.now();
        let settled = |order: &&Answered| (now - order.at).abs() >= LATE;
        let known_before = self.volatile.answered.iter().filter(settled).map(|order| order.id).collect();
        let own = self.is_own_need();
        // Orders first: one that fills between the two calls is then counted twice, never not at all.
        let (orders, positions) = (ApiRequest::account("/orders"), ApiRequest::account("/positions"));
        let read = async move {
            let (orders, positions) = match own {
                true => (proxy.send_own(&token, &orders).await, proxy.send_own(&token, &positions).await),
                false => (proxy.send(&token, &orders).await, proxy.send(&token, &positions).await),
            };
            Seen { fingerprint, orders, positions, known_before }
        };
        ctx.spawn(read.into_actor(self).map(|seen, act, ctx| act.looked(seen, ctx)));
    }

    /// Whose share of FYERS' limits a reading takes. The search for an order of unknown fate, the first reading, the
    /// regular ones and those after a failure are the keeper's own. Readings right after a bot's orders, or before its exits, are as
    /// many as the bot makes them, so they come out of the bots' share: else a busy bot would use up what is kept back.
    fn is_own_need(&self) -> bool {
        let Looks { done, failures, since_order, .. } = self.volatile.looks;
        if self.volatile.exits.are_being_read_for() {
            return false;
        }
        !self.volatile.unknown.is_empty() || !done || failures > 0 || since_order >= AFTER_ORDER.len()
    }

    fn looked(&mut self, seen: Seen, ctx: &mut Context<Self>) {
        self.volatile.looks.running = false;
        let dead = |answer: &Result<ApiResponse, ProxyError>| answer.as_ref().ok().and_then(token_death);
        if let Some(code) = dead(&seen.orders).or_else(|| dead(&seen.positions)) {
            return self.after_token_death(TokenDied { fingerprint: seen.fingerprint, code }, ctx);
        }
        let orders = seen.orders.ok().and_then(|answer| read_orders(&answer));
        let positions = seen.positions.ok().and_then(|answer| read_positions(&answer));
        let mut change = Change::default();
        if let Some(orders) = &orders {
            self.volatile.books.begin(fyers_api::ist::date(self.deps.time.now()));
            // First whose order it is, then what it has filled.
            self.settle_unknown(orders, &mut change);
            self.volatile.books.saw(orders);
        }
        let was_read = orders.is_some() && positions.is_some();
        match (orders, positions) {
            (Some(orders), Some(positions)) => self.learn(orders, positions, &seen.known_before, &mut change),
            _ => self.could_not_read(&mut change),
        }
        self.publish();
        self.after_look(was_read, ctx);
        let commit = self.commit_or_keep(change);
        ctx.wait(commit);
        let wait = self.next_look();
        self.plan_look(wait, ctx);
    }

    fn next_look(&mut self) -> TimeDelta {
        let live = &self.volatile.live;
        let regular =
            if live.is_open() || !live.waiting.is_empty() { LOOK_WHILE_OPEN } else { LOOK_WHILE_FLAT };
        let Looks { since_order, failures, .. } = &mut self.volatile.looks;
        let moving = !live.waiting.is_empty()
            || !self.volatile.answered.is_empty()
            || !self.volatile.unknown.is_empty()
            || *failures > 0
            || *since_order < 2;
        let wait = AFTER_ORDER.get(*since_order).filter(|_| moving);
        *since_order += 1;
        wait.map_or(regular, |seconds| TimeDelta::seconds(*seconds))
    }

    fn learn(&mut self, orders: Vec<BookRow>, rows: PositionRows, known: &[i64], change: &mut Change) {
        let now = self.deps.time.now();
        let seen = orders.iter().map(|row| row.leg.symbol.as_str());
        let seen = seen.chain(rows.positions.iter().map(|position| position.symbol.as_str()));
        let joined = self.notice_mcx(seen.chain(rows.unknown.iter().map(String::as_str)));
        change.events.extend(joined.events);
        change.notes.extend(joined.notes);
        let waiting = orders.into_iter().filter(|row| row.waits).map(|row| row.leg).collect();
        let PositionRows { positions, unknown } = rows;
        let live = LivePositions { positions, unknown, waiting, was_live: true, read_at: Some(now) };
        let new = live.unknown.iter().filter(|symbol| !self.volatile.live.unknown.contains(symbol));
        change.events.extend(new.map(|symbol| (now, Event::PositionUnknown { symbol: symbol.clone() })));
        if self.volatile.looks.failures >= ALARM_AFTER {
            change.events.push((now, Event::PositionsUnreadable { over: true }));
        }
        let all = self.volatile.answered.len();
        let may_arrive = |order: &Answered| order.may_arrive_until.is_some_and(|until| now < until);
        self.volatile.answered.retain(|order| !known.contains(&order.id) || may_arrive(order));
        // A restart takes what was answered after the reading on disk for not settled.
        if !live.same_as(&self.volatile.live) || self.volatile.answered.len() < all {
            change.live_positions = Some(live.clone());
        }
        self.volatile.live = live;
        (self.volatile.looks.done, self.volatile.looks.failures) = (true, 0);
    }

    /// Not read is not none: what was known stays, and after some tries a person hears of it.
    fn could_not_read(&mut self, change: &mut Change) {
        self.volatile.looks.failures += 1;
        if self.volatile.looks.failures == ALARM_AFTER {
            change.events.push((self.deps.time.now(), Event::PositionsUnreadable { over: false }));
        }
    }

    /// Tells and lists of each order whose answer is not known what the order book says. The keeper never sends it again.
    fn settle_unknown(&mut self, book: &[BookRow], change: &mut Change) {
        let now = self.deps.time.now();
        let mut lost = std::mem::take(&mut self.volatile.unknown);
        let first_looks = lost.len();
        lost.extend(
            std::mem::take(&mut self.volatile.late).into_iter().filter(|late| now < late.may_arrive_until()),
        );
        let on_the_way = self.deps.in_flight.reserved();
        let found = look_up(&lost, book, |id| self.volatile.books.knows(id), now);
        for (place, (intent, (search, own))) in lost.into_iter().zip(found).enumerate() {
            let is_found = matches!(search, Search::Found { .. });
            match place < first_looks {
                true if search == Search::NotFound && now - intent.at < LATE => {
                    self.volatile.unknown.push(intent);
                }
                // The row may be that of an equal order whose answer is on its way: the next reading tells.
                _ if on_the_way.iter().any(|sent| intent.is_like(sent)) => match place < first_looks {
                    true => self.volatile.unknown.push(intent),
                    false => self.volatile.late.push(intent),
                },
                // It was told as not found; that is news only once it is there.
                false if !is_found => self.volatile.late.push(intent),
                _ => self.settle_lost(intent, &search, &own, change),
            }
        }
    }

    fn settle_lost(&mut self, intent: OrderIntent, search: &Search, own: &[BookRow], change: &mut Change) {
        let now = self.deps.time.now();
        change.events.push((now, outcome_event(&intent, search)));
        change.outcomes.push((intent.id, IntentOutcome::Searched(search.clone())));
        let entries = intent.entries(search, own, now);
        entries.iter().for_each(|entry| self.volatile.books.placed(entry));
        change.orders.extend(entries);
        self.volatile.answered.retain(|order| order.id != intent.id);
        let may_arrive = intent.is_order() && !matches!(search, Search::Found { .. });
        if may_arrive {
            let (id, at, reserved) = (intent.id, intent.at, intent.reserved());
            let may_arrive_until = Some(intent.may_arrive_until());
            self.volatile.answered.push(Answered { id, at, reserved, may_arrive_until });
            self.volatile.late.push(intent);
        }
    }

    /// A refusal that means "no orders at all" is worth more than the bot's own error: a person must act.
    fn explain_ban(&self, symbol: String, ctx: &mut Context<Self>) {
        let app = self.deps.app.clone();
        let outgoing = self.deps.outgoing.clone();
        let look = async move {
            let Some(outgoing) = outgoing else { return (None, None) };
            (outgoing.ask().await, outgoing.expected())
        };
        ctx.spawn(look.into_actor(self).map(move |(address, expected), act, ctx| {
            let event = Event::OrdersNotAllowed { symbol, app, address, expected };
            let events = vec![(act.deps.time.now(), event)];
            let commit = act.commit_or_keep(Change { events, ..Change::default() });
            ctx.wait(commit);
        }));
    }
}

fn outcome_event(intent: &OrderIntent, search: &Search) -> Event {
    let (symbol, quantity) = intent.subject();
    let (found, searched) = match search {
        Search::Found { ids } => (ids.first().cloned(), true),
        Search::NotFound => (None, true),
        Search::LookYourself => (None, false),
    };
    Event::OrderOutcomeUnknown { symbol, quantity, found, searched }
}

impl Handler<Executed> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, executed: Executed, ctx: &mut Self::Context) {
        let Executed { intent, end, unsaved, reserved, placed, rejected } = executed;
        self.volatile.books.begin(fyers_api::ist::date(self.deps.time.now()));
        placed.iter().for_each(|entry| self.volatile.books.placed(entry));
        if let Some(unsaved) = unsaved {
            self.keep_unsaved(unsaved);
        }
        self.count_rejected(rejected);
        let id = intent.id;
        let answered = Answered { id, at: self.deps.time.now(), reserved, may_arrive_until: None };
        match end {
            // It never left, so it is none of the day's orders.
            End::Nothing if rejected == 0 => self.volatile.books.unsent(&intent),
            End::Nothing => {}
            End::Answered => self.volatile.answered.push(answered),
            End::Unknown => {
                self.volatile.answered.push(answered);
                // A new life has read it from the store already.
                if !self.volatile.unknown.iter().any(|known| known.id == intent.id) {
                    self.volatile.unknown.push(intent);
                }
            }
            End::Banned { symbol } => self.explain_ban(symbol, ctx),
        }
        self.deps.in_flight.leave(id);
        self.publish();
        self.look_soon(ctx);
    }
}

impl Handler<Learnt> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, Learnt { operation, query, answer }: Learnt, ctx: &mut Self::Context) {
        match operation {
            Operation::Quotes => {
                let prices = fyers_api::response::prices(&fyers_api::response::json(&answer));
                let learnt = self.learn_prices(prices);
                self.keep_records(learnt, ctx);
            }
            Operation::History => self.learn_candles(&query, &answer, ctx),
            // What differs from what is known is read again whole: this answer may be older than it.
            Operation::Positions if self.volatile.mode == Mode::Live => {
                let known = &self.volatile.live;
                let same = read_positions(&answer)
                    .is_some_and(|rows| rows.positions == known.positions && rows.unknown == known.unknown);
                if !same {
                    self.look_soon(ctx);
                }
            }
            _ => {}
        }
    }
}
