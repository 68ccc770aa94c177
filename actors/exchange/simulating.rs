//! A bot's request at the MockExchange: decided in one turn, on disk before the answer.

use actix::{ActorFutureExt, AsyncContext, Context, Handler, MessageResult, WrapFuture};

use crate::exchange::{
    ExchangeActor,
    bots::key_of,
    losses::Told,
    meaning::takes_any,
    messages::GetFeedPrices,
    pipeline::After,
    pricing::Share,
    waiting::Forwarding,
    words::{not_at_fyers_because, not_now, outcome_unknown},
};
use fyers_api::operation::Operation;
use keeper_domain::{
    event::Event,
    mode::Mode,
    notes::SIMULATED_IN_GAP,
    order_journal::OrderEntry,
    ports::Change,
    routing::{
        Venue,
        route::{Refused, Route, route},
    },
};
use mock_exchange::{
    Record,
    exchange::{Attempt, Execution, Prices},
};

/// Time between two looks at what waiting orders wait for.
const LOOK: std::time::Duration = std::time::Duration::from_secs(5);

impl ExchangeActor {
    /// In Sandbox the account is there before its first order, and a simulated order is priced by FYERS first; in Mock
    /// it is priced by what was last known.
    pub(super) fn price_and_simulate(&mut self, forwarding: Forwarding, ctx: &mut Context<Self>) {
        let Some(account) = self.ask_account(forwarding.mode) else { return self.price(forwarding, ctx) };
        ctx.spawn(account.into_actor(self).map(move |account, act, ctx| match account {
            Some(account) => {
                let records = act.copy_account(account);
                if !forwarding.call.operation.trades() {
                    // Nothing is held yet that had a price.
                    return act.simulate(forwarding, records, ctx);
                }
                act.keep_records(records, ctx);
                act.price(forwarding, ctx);
            }
            None => {
                act.publish();
                let words = "nothing was done: FYERS does not tell your funds and holdings now, with which the \
                             simulated account begins; try again";
                forwarding.arrive(Venue::None, not_now(words));
            }
        }));
    }

    fn price(&mut self, forwarding: Forwarding, ctx: &mut Context<Self>) {
        let asks = self.prices(forwarding.mode) == Prices::Live;
        let symbols = if asks { self.to_be_priced(&forwarding) } else { vec![] };
        match self.ask_prices(&symbols, Share::Bots) {
            Some(prices) => {
                ctx.spawn(prices.into_actor(self).map(move |prices, act, ctx| {
                    let learnt = act.learn_prices(prices);
                    // Another exit may have been simulated while this one was priced.
                    match act.route_again(&forwarding) {
                        Route::Refused(why) => {
                            act.keep_records(learnt, ctx);
                            act.refuse(forwarding, &why, ctx);
                        }
                        _ => act.simulate(forwarding, learnt, ctx),
                    }
                }));
            }
            None => self.simulate(forwarding, vec![], ctx),
        }
    }

    fn to_be_priced(&self, forwarding: &Forwarding) -> Vec<String> {
        let operation = forwarding.call.operation;
        self.volatile.book.wanted(operation, &forwarding.request, self.deps.time.now())
    }

    /// The decision as it is now, after a wait. The key's limits were checked when the order was counted.
    fn route_again(&self, forwarding: &Forwarding) -> Route {
        match key_of(&self.deps.keys, &forwarding.bot) {
            Some(key) => route(&self.deciding(&key, &forwarding.call), &forwarding.call),
            None => Route::Refused(Refused::KeyGone),
        }
    }

    /// Of two changes of one order that waited for prices, the second is judged by what the first has made of it.
    fn no_longer_within_limits(&self, forwarding: &Forwarding) -> Option<Refused> {
        let Forwarding { call, request, bot, .. } = forwarding;
        let key = key_of(&self.deps.keys, bot).filter(|_| call.operation == Operation::Modify)?;
        match self.decide(&self.deciding(&key, call), &key, call, request) {
            Route::Refused(why) => Some(why),
            _ => None,
        }
    }

    /// Facts that nobody waits for. When they cannot be written, they have not happened.
    pub(super) fn keep_records(&mut self, mock_records: Vec<Record>, ctx: &mut Context<Self>) {
        if !mock_records.is_empty() {
            self.keep_all(mock_records, ctx);
        }
    }

    /// These facts, and the prices that are not on disk yet.
    pub(super) fn mock_change(&mut self, mock_records: Vec<Record>) -> Change {
        let mock_prices = self.volatile.book.take_unsaved_prices();
        Change { mock_records, mock_prices, ..Change::default() }
    }

    /// One turn: what the request does is decided on top of all that was decided before it, and queued for the disk.
    pub(super) fn simulate(&mut self, forwarding: Forwarding, learnt: Vec<Record>, ctx: &mut Context<Self>) {
        if self.is_long_book(&forwarding) {
            return self.begin_book(forwarding, learnt, ctx);
        }
        if let Some(why) = self.no_longer_within_limits(&forwarding) {
            self.keep_records(learnt, ctx);
            return self.refuse(forwarding, &why, ctx);
        }
        let (now, mode) = (self.deps.time.now(), forwarding.mode);
        let operation = forwarding.call.operation;
        // A bot whose key ends at mock is simulated at last prices while others' are real: it makes none up for them.
        let prices = match mode {
            Mode::Mock if self.deps.proxy.is_some() && self.volatile.mode != Mode::Mock => Prices::Last,
            _ => self.prices(mode),
        };
        let Execution { answer, records, attempts } =
            self.volatile.book.execute(operation, &forwarding.request, prices, now);
        let answer = match mode == Mode::Mock && forwarding.meant_for_fyers && operation.trades() {
            true => not_at_fyers_because(answer, forwarding.sent.is_some(), forwarding.reason),
            false => answer,
        };
        self.book_for_bots(&learnt, None);
        self.book_for_bots(&records, Some(&forwarding.bot));
        let mut change = self.mock_change(learnt.into_iter().chain(records).collect());
        let untaken = forwarding.sent.clone().filter(|_| !takes_any(&answer));
        let (venue, answer) = match &untaken {
            Some(_) => (Venue::Fyers, outcome_unknown(None)),
            None => (Venue::Mock, answer),
        };
        if let Some(intent) = untaken {
            let (orders, event) = intent.left_open(now);
            change.orders.extend(orders);
            change.events.push((now, event));
        }
        for one in &attempts {
            change.orders.push(OrderEntry::simulated(operation, one, mode, now).of(&forwarding.bot));
            change.events.extend(told(one, mode, &forwarding).map(|event| (now, event)));
        }
        // A read that nothing happened in is answered whatever the disk does.
        if !operation.trades() && change.mock_records.is_empty() && attempts.is_empty() {
            self.answer_behind(forwarding, answer, ctx);
            return self.keep_facts(change, ctx);
        }
        if !change.mock_records.is_empty() {
            self.note_books(&mut change);
        }
        let before = self.volatile.gap;
        if mode == Mode::Mock && forwarding.meant_for_fyers {
            self.count_gap(&mut change);
        }
        let symbols = symbols_of(&change);
        let after: After = Box::new(move |act, outcome, ctx| match outcome {
            Ok(()) => {
                forwarding.arrive(venue, answer);
                let joined = act.notice_mcx(symbols.iter().map(String::as_str));
                act.queue_or_keep(joined, ctx);
            }
            Err(error) => {
                // Of several the first is the smallest.
                act.volatile.gap = act.volatile.gap.min(before);
                if !operation.trades() {
                    return act.volatile.pipeline.show_what_is_on_disk(forwarding, answer);
                }
                let words = format!("nothing was done: {}", error.problem);
                forwarding.arrive(Venue::None, not_now(&words));
            }
        });
        self.queue_facts(change, after, ctx);
    }

    /// Looks at the clock and at prices for what waits, again and again.
    pub(super) fn keep_matching(&mut self, ctx: &mut Context<Self>) {
        let time = std::sync::Arc::clone(&self.deps.time);
        let rest = async move { time.sleep(LOOK).await };
        ctx.spawn(rest.into_actor(self).map(|(), act, ctx| {
            act.save_unsaved(ctx);
            act.tell_never_read(ctx);
            act.cancel_left_orders(ctx);
            act.match_once(ctx);
            act.watch_losses(ctx);
            act.keep_matching(ctx);
        }));
    }

    fn match_once(&mut self, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let (waited_for, prices) = (self.volatile.book.waited_for(now), self.prices(self.volatile.mode));
        let share = if self.volatile.book.is_square_off_due(now) { Share::Own } else { Share::Bots };
        if self.volatile.mode == Mode::Sandbox
            && let Some(asked) = self.ask_prices(&waited_for, share)
        {
            ctx.spawn(asked.into_actor(self).map(move |seen, act, ctx| {
                let mut learnt = act.learn_prices(seen);
                learnt.extend(act.volatile.book.tick(act.deps.time.now(), prices));
                act.keep_all(learnt, ctx);
                act.stop_losers(&Told::new(), ctx);
            }));
            return;
        }
        let mut records = self.volatile.book.tick(now, prices);
        if self.volatile.mode == Mode::Mock && prices == Prices::Walk {
            records.extend(self.volatile.book.wander(&waited_for, now));
        }
        self.keep_all(records, ctx);
    }

    /// Facts that nobody waits for, and prices even where nothing happened at them.
    pub(super) fn keep_all(&mut self, records: Vec<Record>, ctx: &mut Context<Self>) {
        let change = self.mock_change(records);
        self.keep_facts(change, ctx);
    }

    fn keep_facts(&mut self, change: Change, ctx: &mut Context<Self>) {
        if change.mock_records.is_empty() && change.mock_prices.is_empty() {
            return;
        }
        self.queue_own_facts(change, Box::new(|_, _, _| ()), ctx);
    }

    /// Counts orders that a bot meant for real and the MockExchange took, and that were never sent.
    fn count_gap(&mut self, change: &mut Change) {
        let taken = |(_, event): &&(_, Event)| matches!(event, Event::OrderSimulated { sent: false, .. });
        let taken = change.events.iter().filter(taken).count() as u64;
        if taken > 0 {
            self.volatile.gap += taken;
            change.notes.extend(SIMULATED_IN_GAP.set(&self.volatile.gap));
        }
    }
}

impl Handler<GetFeedPrices> for ExchangeActor {
    type Result = MessageResult<GetFeedPrices>;

    fn handle(&mut self, GetFeedPrices(symbols): GetFeedPrices, _: &mut Self::Context) -> Self::Result {
        let (mode, now) = (self.volatile.mode, self.deps.time.now());
        let made = mode == Mode::Mock;
        MessageResult(made.then(|| self.volatile.book.feed(&symbols, self.prices(mode), now)))
    }
}

/// The symbols of orders that were taken.
fn symbols_of(change: &Change) -> Vec<String> {
    let symbol = |(_, event): &(_, Event)| match event {
        Event::OrderSimulated { symbol, .. } => Some(symbol.clone()),
        _ => None,
    };
    change.events.iter().filter_map(symbol).collect()
}

/// The event of an order that was taken.
fn told(one: &Attempt, mode: Mode, forwarding: &Forwarding) -> Option<Event> {
    let (order, reply) = (one.order.as_ref()?, one.outcome.as_ref().ok()?);
    let (symbol, quantity) = (order.request.symbol.clone(), order.request.signed_quantity());
    let (bot, why) = (Some(forwarding.bot.clone()), Some(forwarding.reason));
    let (id, sent) = (reply.id.clone()?, forwarding.sent.is_some());
    Some(Event::OrderSimulated { bot, id, symbol, quantity, mode, why, sent })
}
