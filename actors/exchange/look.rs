//! What is open at FYERS: order book and positions are read after every order until nothing moves any more, and
//! regularly while Live. The same reading settles orders whose answer is not known.

use std::{collections::BTreeSet, sync::Arc};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::{
    http::{ApiRequest, ApiResponse},
    operation::Operation,
    response::{self, GttRow, depth_prices, prices},
};
use keeper_domain::{
    event::Event,
    mode::Mode,
    order_journal::OrderProgress,
    ports::{Change, ProxyError},
    routing::{
        broker_answer::token_death,
        conditional::read_gtts,
        live_positions::{
            BookRow, LOOK_WHILE_FLAT, LOOK_WHILE_OPEN, LivePositions, PositionRows, read_orders,
            read_positions,
        },
        settling::{self, SeenBooks, UnreadRequest},
    },
};

use crate::exchange::{
    ExchangeActor,
    exits::LookEnd,
    losses::Told,
    messages::Learnt,
    pricing::ReadPrices,
    state::{Answered, Looks, Volatile},
    words::never_left,
};

/// Seconds between readings after an order, until nothing waits any more.
const AFTER_ORDER: [i64; 5] = [1, 3, 6, 12, 24];
/// Failures in a row before a person hears of it.
const ALARM_AFTER: u32 = 3;

/// Both books, and what was on its way when the reading began.
struct Seen {
    /// FYERS' GTT book, where it was asked for.
    gtts: Option<ApiResponse>,
    orders: Result<ApiResponse, ProxyError>,
    positions: Result<ApiResponse, ProxyError>,
    began: DateTime<Utc>,
    /// The order book was here.
    here: DateTime<Utc>,
}

impl ExchangeActor {
    /// A reading shortly from now, whatever was planned.
    pub(super) fn look_soon(&mut self, ctx: &mut Context<Self>) {
        self.volatile.looks.since_order = 0;
        self.plan_look(TimeDelta::zero(), ctx);
    }

    /// A reading in so long, unless one comes earlier.
    pub(super) fn plan_look(&mut self, wait: TimeDelta, ctx: &mut Context<Self>) {
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
        let wanted = self.volatile.mode == Mode::Live || self.volatile.lost.are_looked_for();
        if !wanted || std::mem::replace(&mut self.volatile.looks.running, true) {
            return;
        }
        self.volatile.exits.begin();
        let now = self.deps.time.now();
        self.volatile.looks.began = Some(now);
        let (own, time) = (self.is_own_need(), Arc::clone(&self.deps.time));
        // Orders first: one that fills between the two calls is then counted twice, never not at all.
        let (orders, positions) = (ApiRequest::account("/orders"), ApiRequest::account("/positions"));
        // Before both: what has triggered is in them then. An exit does not wait for it.
        let is_changed = self.volatile.answered.iter().any(|order| order.request.changes_gtt());
        let wants_gtts = is_changed || self.deps.conditional.asks_for_book(now);
        let gtts = (wants_gtts && !self.volatile.exits.are_being_read_for())
            .then(|| ApiRequest::account("/gtt/orders"));
        if gtts.is_some() {
            self.deps.conditional.asked(now);
        }
        let read = async move {
            let ask = async |request| match own {
                true => proxy.send_own(&token, request).await,
                false => proxy.send(&token, request).await,
            };
            let gtts = match &gtts {
                Some(gtts) => ask(gtts).await.ok(),
                None => None,
            };
            let (orders, here) = (ask(&orders).await, time.now());
            // Where the first has no room, the second would only wait as long once more.
            let positions = if is_held_back(&orders) { orders.clone() } else { ask(&positions).await };
            Seen { gtts, orders, positions, began: now, here }
        };
        ctx.spawn(read.into_actor(self).map(|seen, act, ctx| act.looked(seen, ctx)));
    }

    /// Whose share of FYERS' limits a reading takes. The search for an order of unknown fate, the first reading, the
    /// regular ones and those after a failure are the keeper's own. Readings right after a bot's orders, or before its exits, are as
    /// many as the bot makes them, so they come out of the bots' share: else a busy bot would use up what is kept back. Some
    /// before exits are the keeper's all the same, or a bot that reads all it can would keep another in its position.
    fn is_own_need(&mut self) -> bool {
        let Looks { done, failures, since_order, .. } = self.volatile.looks;
        if self.volatile.exits.are_being_read_for() {
            return self.volatile.exits.take_own(self.deps.time.now());
        }
        self.volatile.lost.unsettled().next().is_some()
            || !done
            || failures > 0
            || since_order >= AFTER_ORDER.len()
    }

    fn looked(&mut self, seen: Seen, ctx: &mut Context<Self>) {
        self.volatile.looks.running = false;
        let is_dead = |answer: &Result<ApiResponse, ProxyError>| {
            answer.as_ref().is_ok_and(|answer| token_death(answer).is_some())
        };
        if is_dead(&seen.orders) || is_dead(&seen.positions) {
            let mut change = Change::default();
            self.could_not_read(true, &mut change);
            let commit = self.commit_or_keep(change);
            ctx.wait(commit);
            return self.after_token_death(ctx);
        }
        if let Some(date) = seen.orders.as_ref().ok().and_then(date) {
            self.volatile.looks.clock.learn(date, (seen.began, seen.here));
        }
        let ended = self.volatile.taken.ended_in(seen.orders.as_ref().ok());
        let beside = [("orders", &seen.orders), ("positions", &seen.positions)];
        let beside = beside.map(|(call, answer)| Some((call, answer.as_ref().ok()?)));
        self.note_prices(&beside.into_iter().flatten().collect::<Vec<_>>(), ctx);
        let told = self.told_with(seen.positions.as_ref().ok());
        let is_held = is_held_back(&seen.orders) || is_held_back(&seen.positions);
        let is_good = |answer: &ApiResponse| answer.status < 400;
        let has_both =
            [&seen.orders, &seen.positions].into_iter().all(|answer| answer.as_ref().is_ok_and(is_good));
        let orders = seen.orders.ok().and_then(|answer| read_orders(&answer));
        let orders = orders.map(|read| self.volatile.drift.warned("orders", read));
        let orders = orders.map(|orders| self.volatile.rows.complete(orders, seen.began));
        let positions = seen.positions.ok().and_then(|answer| read_positions(&answer));
        let positions = positions.map(|read| self.volatile.drift.warned("positions", read));
        let mut change = Change::default();
        if let Some(orders) = &orders {
            self.volatile.books.begin(fyers_api::ist::date(self.deps.time.now()));
            // First whose order it is, then what it has filled.
            self.settle_lost(orders, (seen.began, false), &mut change);
            self.tell_rejected(&ended, &mut change);
            let account = positions.as_ref().map(|rows| &rows.positions[..]);
            let Volatile { books, book, .. } = &mut self.volatile;
            books.saw(orders, account, &|symbol| book.engine().units(symbol));
            self.note_fills(orders);
            let progress = |row: &BookRow| (row.id.clone(), OrderProgress::at_fyers(row));
            self.volatile.progress = orders.iter().map(progress).collect();
        }
        let end = match (orders, positions) {
            (Some(orders), Some(positions)) => {
                let gtts = seen.gtts.as_ref().and_then(read_gtts);
                let gtts = gtts.map(|read| self.volatile.drift.warned("gtt/orders", read));
                let waiting = gtts.as_deref().unwrap_or_default();
                self.learn(orders, positions, (waiting, seen.began), &mut change);
                change.notes.extend(gtts.and_then(|rows| self.learn_gtts(&rows, seen.began)));
                LookEnd::Read
            }
            _ => {
                if has_both {
                    self.doubt_what_is_known(&mut change);
                }
                self.could_not_read(is_held, &mut change);
                if is_held { LookEnd::HeldBack } else { LookEnd::Failed }
            }
        };
        self.publish();
        self.stop_losers(&told, ctx);
        self.after_look(end, ctx);
        let commit = self.commit_or_keep(change);
        ctx.wait(commit);
        let wait = self.next_look();
        let gtts = self.deps.conditional.reads_again_in();
        self.plan_look(gtts.map_or(wait, |gtts| gtts.min(wait)), ctx);
    }

    pub(super) fn next_look(&mut self) -> TimeDelta {
        let live = &self.volatile.live;
        let regular =
            if live.is_open() || !live.waiting.is_empty() { LOOK_WHILE_OPEN } else { LOOK_WHILE_FLAT };
        let Looks { since_order, failures, .. } = &mut self.volatile.looks;
        let moving = !live.waiting.is_empty()
            || !self.volatile.answered.is_empty()
            || self.volatile.lost.unsettled().next().is_some()
            || *failures > 0
            || *since_order < 2;
        let wait = AFTER_ORDER.get(*since_order).filter(|_| moving);
        *since_order += 1;
        wait.map_or(regular, |seconds| TimeDelta::seconds(*seconds))
    }

    fn learn(
        &mut self,
        orders: Vec<BookRow>,
        rows: PositionRows,
        waiting: (&[GttRow], DateTime<Utc>),
        change: &mut Change,
    ) {
        let now = self.deps.time.now();
        let seen = orders.iter().map(|row| row.leg.symbol.as_str());
        let seen = seen.chain(rows.positions.iter().map(|position| position.symbol.as_str()));
        let joined = self.notice_mcx(seen.chain(rows.unknown.iter().map(String::as_str)));
        change.events.extend(joined.events);
        change.notes.extend(joined.notes);
        let answered = self.answered_before(waiting.1);
        self.let_go(&orders, &rows, waiting);
        let waiting = orders.into_iter().filter(|row| row.waits).map(|row| (row.id, row.leg));
        let (waiting_ids, waiting) = waiting.unzip();
        let PositionRows { positions, unknown } = rows;
        let live = LivePositions {
            positions,
            unknown,
            waiting,
            waiting_ids,
            was_live: true,
            read_at: Some(now),
            newest_sent: Some(self.volatile.last_intent),
            not_shown: self.not_shown(),
            agreed: self.volatile.fills.agreed(),
            untold: self.volatile.fills.untold(),
            contradicted: self.volatile.fills.contradicted(),
            filled: self.volatile.rows.filled(),
            ..LivePositions::default()
        };
        let new = live.unknown.iter().filter(|symbol| !self.volatile.live.unknown.contains(symbol));
        change.events.extend(new.map(|symbol| (now, Event::PositionUnknown { symbol: symbol.clone() })));
        if self.volatile.live.unread_since.is_some() && !self.volatile.live.is_untold {
            change.events.push((now, Event::PositionsUnreadable { over: true }));
        }
        // A restart takes all for unread that the reading on disk does not know of.
        if !live.same_as(&self.volatile.live) {
            change.live_positions = Some(live.clone());
        }
        self.tell_of_moves(&live, &answered, change);
        self.volatile.live = live;
        (self.volatile.looks.done, self.volatile.looks.failures) = (true, 0);
    }

    /// Requests that may have done something which a reading of now does not show.
    fn not_shown(&self) -> Vec<i64> {
        let Volatile { answered, lost, .. } = &self.volatile;
        let on_the_way = self.deps.in_flight.ids().into_iter();
        let lost = lost.unsettled().map(|intent| intent.id);
        let all = on_the_way.chain(answered.iter().map(Answered::id)).chain(lost);
        all.collect::<BTreeSet<i64>>().into_iter().collect()
    }

    /// Lets go of each request of which the books show what it has done.
    fn let_go(&mut self, orders: &[BookRow], rows: &PositionRows, (gtts, began): (&[GttRow], DateTime<Utc>)) {
        let (now, on_the_way) = (self.deps.time.now(), self.deps.in_flight.reserved());
        let Volatile { fills, answered, books, looks, .. } = &mut self.volatile;
        answered.sort_by_key(Answered::id);
        let (is_known, clock) = (|id: &str| books.knows(id), looks.clock);
        let seen = SeenBooks {
            book: orders,
            positions: &rows.positions,
            gtts,
            began,
            at: now,
            is_known: &is_known,
            by_its_clock: &|moment| clock.of(moment).0,
            on_the_way: &on_the_way,
        };
        let requests: Vec<&UnreadRequest> = answered.iter().map(|order| &order.request).collect();
        let mut left = settling::learn(fills, &seen, &requests).into_iter();
        answered.retain_mut(|order| match left.next().flatten() {
            Some(counts) => {
                order.counts = counts;
                order.is_listed = order.request.is_listed(orders);
                true
            }
            None => order.may_arrive_until.is_some_and(|until| now < until),
        });
    }

    /// FYERS has told what is open, and the keeper does not understand it: it may be more than what is known.
    fn doubt_what_is_known(&mut self, change: &mut Change) {
        let live = &mut self.volatile.live;
        if live.unread_since.is_none() {
            (live.unread_since, live.is_untold) = (Some(self.deps.time.now()), true);
            change.live_positions = Some(live.clone());
        }
    }

    /// Not read is not none: what was known stays, and after some tries it is not known what came since, and a person hears of
    /// it. One that FYERS' limits have held back, or that has met the token's end, is no fault of FYERS': the next is the
    /// keeper's own.
    fn could_not_read(&mut self, is_held_back: bool, change: &mut Change) {
        let failures = &mut self.volatile.looks.failures;
        *failures = if is_held_back { (*failures).max(1) } else { *failures + 1 };
        if self.volatile.looks.failures == ALARM_AFTER && !is_held_back {
            let now = self.deps.time.now();
            change.events.push((now, Event::PositionsUnreadable { over: false }));
            self.volatile.live.unread_since.get_or_insert(now);
            self.volatile.live.is_untold = false;
            change.live_positions = Some(self.volatile.live.clone());
            self.tell_unread(change);
        }
    }

    /// A refusal that means "no orders at all" is worth more than the bot's own error: a person must act.
    pub(super) fn explain_ban(&self, symbol: String, ctx: &mut Context<Self>) {
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

/// When FYERS wrote the answer, by its clock.
fn date(answer: &ApiResponse) -> Option<DateTime<Utc>> {
    let dates = answer.headers.iter().filter(|(name, _)| name == "date");
    fyers_api::date::written_at(dates.map(|(_, date)| &date[..]))
}

fn is_held_back(answer: &Result<ApiResponse, ProxyError>) -> bool {
    answer.as_ref().is_ok_and(never_left)
}

impl Handler<Learnt> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, Learnt { operation, query, answer }: Learnt, ctx: &mut Self::Context) {
        match operation {
            Operation::Quotes | Operation::Depth => {
                let (read, call): (ReadPrices, _) = match operation {
                    Operation::Quotes => (prices, "quotes"),
                    _ => (depth_prices, "depth"),
                };
                let told = self.volatile.drift.warned(call, read(&response::json(&answer)));
                let learnt = self.learn_prices(told);
                self.keep_records(learnt, ctx);
                self.stop_losers(&Told::new(), ctx);
            }
            Operation::Holdings => self.note_prices(&[("holdings", &answer)], ctx),
            Operation::Chain => self.note_prices(&[("options-chain-v3", &answer)], ctx),
            Operation::History => self.learn_candles(&query, &answer, ctx),
            // With a query it may be a part of the book only.
            Operation::Orders if query.is_empty() => self.look_into(&answer, ctx),
            // What differs from what is known is read again whole: this answer may be older than it.
            Operation::Positions if self.volatile.mode == Mode::Live => {
                let known = &self.volatile.live;
                let same = read_positions(&answer)
                    .map(|read| read.value)
                    .is_some_and(|rows| rows.positions == known.positions && rows.unknown == known.unknown);
                if !same {
                    self.look_soon(ctx);
                }
            }
            _ => {}
        }
    }
}
