//! A bot's request: the decision is asked for, and carried out.

use std::{cell::RefCell, sync::Arc};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use fyers_api::http::{ApiRequest, ApiResponse};
use keeper_domain::{
    bots::admit::{reads_again_for_limits, reads_for_limits},
    event::Event,
    keys::{BotName, KEY_LIMIT_HEADER},
    mode::Mode,
    order_journal::{OrderEntry, OrderIntent},
    ports::{Change, Wanted},
    routing::{
        Venue,
        closed_orders::ClosedOrder,
        conditional::{effect, trading_day},
        request::{Leg, OrderCall, OrderEffect},
        route::{Refused, Route, Snapshot, passes_unread, reads_again, reads_first, without_known_positions},
        sums::unseen_fills,
    },
};

use crate::exchange::{
    ExchangeActor,
    bots::key_of,
    doubt::Held,
    execution::Execution,
    messages::{Forward, Pending, Reply, Simulate},
    pipeline::After,
    pricing::Share,
    reads,
    waiting::{Forwarding, HasRead, Incoming},
    words::{not_now, outcome_unknown, refusal},
};

impl ExchangeActor {
    /// A request that has waited, as things are now.
    pub(super) fn decide_again(&mut self, waited: Forwarding, has_read: HasRead, ctx: &mut Context<Self>) {
        let Forwarding { request, bot, sent, reply, .. } = waited;
        self.forward(Incoming { request, bot, sent }, reply, has_read, ctx);
    }

    pub(super) fn forward(
        &mut self,
        asked: Incoming,
        reply: Reply,
        has_read: HasRead,
        ctx: &mut Context<Self>,
    ) {
        if self.volatile.doubted.is_one() || self.waits_for_first_word(&asked.bot) {
            return self.volatile.doubted.hold(Held { asked, reply, has_read });
        }
        let Incoming { request, bot, sent } = asked;
        let (call, now) = (OrderCall::read(&request), self.snapshot());
        let key = key_of(&self.deps.keys, &bot);
        let seen = key.as_ref().map_or_else(|| Arc::clone(&now), |key| self.deciding(key, &call));
        let (meant_for_fyers, mode, halted, reason) = (!seen.sandbox, seen.mode, seen.halted, seen.reason);
        let forwarding =
            Forwarding { bot, sent, meant_for_fyers, call, request, mode, halted, reason, reply, has_read };
        let Some(key) = key else { return self.refuse(forwarding, &Refused::KeyGone, ctx) };
        let symbols = self.to_be_valued(&seen, &key, &forwarding.call, &forwarding.request);
        match self.ask_quotes(&symbols, Share::Bots).filter(|_| now.mode != Mode::Mock) {
            Some(prices) => {
                ctx.spawn(prices.into_actor(self).map(move |prices, act, ctx| {
                    let learnt = act.learn_prices(prices);
                    act.keep_records(learnt, ctx);
                    act.dispatch(forwarding, ctx);
                }));
            }
            None => self.dispatch(forwarding, ctx),
        }
    }

    /// Asks for the decision and carries it out.
    fn dispatch(&mut self, forwarding: Forwarding, ctx: &mut Context<Self>) {
        let Some(key) = key_of(&self.deps.keys, &forwarding.bot) else {
            return self.refuse(forwarding, &Refused::KeyGone, ctx);
        };
        if self.volatile.doubted.is_one() {
            // Its prices were asked for meanwhile.
            let Forwarding { request, bot, sent, reply, has_read, .. } = forwarding;
            return self.volatile.doubted.hold(Held {
                asked: Incoming { request, bot, sent },
                reply,
                has_read,
            });
        }
        let now = self.deciding(&key, &forwarding.call);
        let decided = self.decide(&now, &key, &forwarding.call, &forwarding.request);
        if let Some(intent) = forwarding.sent.clone().filter(|_| decided != Route::MockExchange) {
            return self.leave_open(forwarding, &intent, ctx);
        }
        let first = reads_first(&now, &forwarding.call, &decided);
        if let Some(first) = first.or_else(|| reads_for_limits(&now, &forwarding.call, &decided)) {
            let why = without_known_positions(&decided);
            match forwarding.has_read {
                HasRead::No => return self.read_before(forwarding, (first, why), ctx),
                HasRead::Tried if passes_unread(&forwarding.call, &decided) => {}
                HasRead::Tried => return self.refuse(forwarding, &why, ctx),
                HasRead::Yes(until)
                    if shows_later(&now, &forwarding.call, &decided) && self.deps.time.now() < until =>
                {
                    return self.read_again(forwarding, (first, why), ctx);
                }
                HasRead::Yes(_) => {}
            }
        }
        if !matches!(decided, Route::Refused(_)) {
            self.count_order(&forwarding.bot, &forwarding.call);
        }
        match (decided, self.deps.proxy.clone(), now.token.clone()) {
            (Route::Refused(why), ..) => self.refuse(forwarding, &why, ctx),
            (Route::Fyers, Some(proxy), Some(token)) if forwarding.call.operation.trades() => {
                self.execute(forwarding, proxy, token, ctx);
            }
            (Route::Fyers, Some(proxy), Some(token)) => {
                let Forwarding { request, reply, call, bot, .. } = forwarding;
                let asker = reads::asker(&self.deps.keys, bot);
                let read = reads::read(now, proxy, token, (call, request, asker), ctx.address());
                self.deps.tasks.spawn(async move {
                    let _gone = reply.send(read.await);
                });
            }
            // `Route::Fyers` needs a token, and a token is only used where there is a way to FYERS.
            _ => self.price_and_simulate(forwarding, ctx),
        }
    }

    fn execute(
        &mut self,
        forwarding: Forwarding,
        proxy: std::sync::Arc<dyn keeper_domain::ports::BrokerProxy>,
        token: std::sync::Arc<keeper_domain::secret::AccessToken>,
        ctx: &mut Context<Self>,
    ) {
        self.volatile.last_intent += 1;
        let (id, epoch, at) = (self.volatile.last_intent, self.snapshot().epoch, self.deps.time.now());
        let effect = self.effect(&forwarding.call, &forwarding.request);
        let reserved = forwarding.call.reserved(effect.as_ref());
        let intent = OrderIntent::of((id, &forwarding.bot), &forwarding.call, &forwarding.request, epoch, at);
        let intent = intent.doing(effect, self.closed_orders(&forwarding.call));
        self.volatile.books.leaves(&intent);
        self.volatile.books.stops_leave(id, &forwarding.call.stops);
        let changes = self.count_changes(&intent, &forwarding.request);
        let wanted = self.wanted(&forwarding.bot);
        let execution = Execution {
            wanted,
            left: Arc::default(),
            reserved,
            intent,
            changes,
            forwarding,
            last_day: trading_day(at, |date| self.deps.hours.on(date).map(|day| day.closes)),
            conditional: self.deps.conditional.clone(),
            placed: RefCell::default(),
            token,
            proxy,
            store: std::sync::Arc::clone(&self.deps.store),
            time: std::sync::Arc::clone(&self.deps.time),
            journal: self.deps.journal.clone(),
            actor: ctx.address(),
            tasks: self.deps.tasks.clone(),
            fault: self.deps.fault.clone(),
        };
        let running = execution.begin(&self.deps.in_flight);
        self.publish();
        self.deps.tasks.spawn(running);
    }

    /// What a request does to what is there already, as far as that is known.
    fn effect(&self, call: &OrderCall, request: &ApiRequest) -> Option<OrderEffect> {
        let of_conditional = effect(call, request, &self.live().conditional);
        if of_conditional.is_some() {
            return of_conditional;
        }
        let (live, sent) = (&self.volatile.live, self.sent().all.legs);
        let unseen = unseen_fills(&self.volatile.fills.torn());
        let on_the_way: Vec<&Leg> = live.waiting.iter().chain(&sent).chain(&unseen).collect();
        call.effect(&live.positions, &on_the_way)
    }

    /// The orders that an exit closes too, if they fill before it.
    fn closed_orders(&self, call: &OrderCall) -> Vec<ClosedOrder> {
        let (live, answered) = (&self.volatile.live, &self.volatile.answered);
        // An older reading on disk has no ids.
        let waiting = live.waiting_ids.iter().map(|id| Some(id.as_str())).zip(&live.waiting);
        let sent = answered.iter().flat_map(|order| order.request.with_ids(&order.counts));
        call.closed_orders(&live.positions, &waiting.chain(sent).collect::<Vec<_>>())
    }

    /// An order that waits for its turn must not leave after a halt, nor with a key that has ended meanwhile.
    fn wanted(&self, bot: &BotName) -> Arc<Wanted> {
        let (keys, snapshot) = (Arc::clone(&self.deps.keys), Arc::clone(&self.deps.snapshot));
        let (bot, key, halted) = (bot.clone(), key_of(&keys, bot), self.volatile.halted);
        Arc::new(move || key_of(&keys, &bot) == key && snapshot.load().halted == halted)
    }

    /// Whether nothing of this bot ever goes to FYERS: what it holds is simulated.
    fn only_simulates(&self, bot: &BotName) -> bool {
        let key = key_of(&self.deps.keys, bot);
        self.deps.sandbox || key.is_some_and(|key| key.stored.ceiling != Mode::Live)
    }

    fn halts_this_bot_alone(&self, bot: &BotName) -> bool {
        let key = key_of(&self.deps.keys, bot);
        !self.volatile.halted && key.is_some_and(|key| key.stored.halted)
    }

    /// Says no in the broker's format, and writes it down.
    pub(super) fn refuse(&mut self, forwarding: Forwarding, why: &Refused, ctx: &mut Context<Self>) {
        if let Some(intent) = forwarding.sent.clone() {
            return self.leave_open(forwarding, &intent, ctx);
        }
        let (status, code) = match why {
            Refused::Stopping | Refused::Unconfirmed => (503, -503),
            Refused::KeyGone => (401, -16),
            Refused::Ambiguous | Refused::Unreadable | Refused::Queried => (400, -50),
            _ if why.is_of_key() => (400, -50),
            _ => (400, -99),
        };
        let is_bots_halt = self.halts_this_bot_alone(&forwarding.bot);
        let words = if is_bots_halt { why.of_one_bot(&forwarding.bot) } else { why.to_string() };
        let mut answer = if status == 503 { not_now(&words) } else { refusal(status, code, &words) };
        answer.headers.extend(why.key_limit().map(|limit| (KEY_LIMIT_HEADER.to_owned(), limit.into())));
        if !forwarding.call.operation.trades() {
            return forwarding.arrive(Venue::None, answer);
        }
        let now = self.deps.time.now();
        let (place, leg) =
            ((forwarding.call.operation, forwarding.mode, Venue::None), forwarding.call.legs.first());
        let orders = vec![OrderEntry::new(place, leg, (status, code, &words, None), now).of(&forwarding.bot)];
        let event = if *why == Refused::Stopping {
            // Everybody is refused for a moment and may come again, to this keeper or to the next one: nothing is wrong.
            None
        } else if why.is_of_key() {
            self.limit_event(&forwarding.bot, why)
        } else {
            let ((symbol, quantity), bot) = (forwarding.call.subject(), Some(forwarding.bot.clone()));
            let is_halted_entry = why.is_halted_entry();
            let is_simulated = why.is_of_simulated() || self.only_simulates(&forwarding.bot);
            Some(Event::OrderRefused {
                bot,
                symbol,
                quantity,
                why: words,
                is_halted_entry,
                is_bots_halt,
                is_simulated,
            })
        };
        let notes_books = matches!(event, Some(Event::KeyLimitReached { .. }));
        let events = event.map(|event| (now, event)).into_iter().collect();
        let change = Change { orders, events, ..Change::default() };
        if notes_books {
            self.refuse_noted(forwarding, answer, change, ctx);
        } else {
            let is_of_disk = *why == Refused::Unconfirmed;
            self.refuse_written(forwarding, (answer, is_of_disk), change, ctx);
        }
    }

    /// What FYERS has refused with the token may be there all the same: where it is not simulated, a plain refusal would say
    /// that it is not.
    fn leave_open(&mut self, forwarding: Forwarding, intent: &OrderIntent, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let (orders, event) = intent.left_open(now);
        let change = Change { orders, events: vec![(now, event)], ..Change::default() };
        self.refuse_written(forwarding, (outcome_unknown(None), false), change, ctx);
    }

    /// A refusal is a refusal whether or not it can be written down. `is_of_disk`: where it cannot, that is the reason, as what
    /// FYERS is asked at the start is written down before.
    fn refuse_written(
        &mut self,
        forwarding: Forwarding,
        (answer, is_of_disk): (ApiResponse, bool),
        change: Change,
        ctx: &mut Context<Self>,
    ) {
        let kept = change.clone();
        let after: After = Box::new(move |act, outcome, _| {
            act.keep_unless(outcome, kept);
            let venue = if forwarding.sent.is_some() { Venue::Fyers } else { Venue::None };
            let answer = match outcome {
                Err(error) if is_of_disk => not_now(&format!("nothing was done: {}", error.problem)),
                _ => answer,
            };
            forwarding.arrive(venue, answer);
        });
        self.queue_beside(change, after, ctx);
    }

    /// The same with the bots' books, which must not tell of what is not on disk.
    fn refuse_noted(
        &mut self,
        forwarding: Forwarding,
        answer: ApiResponse,
        mut change: Change,
        ctx: &mut Context<Self>,
    ) {
        let refused = self.written().then(move |(), act, _| {
            act.note_books(&mut change);
            act.commit_or_keep(change)
        });
        ctx.wait(refused.map(move |(), _, _| forwarding.arrive(Venue::None, answer)));
    }
}

/// Whether one more reading may let it out.
fn shows_later(now: &Snapshot, call: &OrderCall, decided: &Route) -> bool {
    reads_again(now, call, decided) || reads_again_for_limits(now, call, decided)
}

impl Handler<Forward> for ExchangeActor {
    type Result = Pending;

    fn handle(&mut self, Forward(request, bot): Forward, ctx: &mut Self::Context) -> Self::Result {
        let (reply, pending) = Pending::new();
        self.forward(Incoming { request, bot, sent: None }, reply, HasRead::No, ctx);
        self.breathe(ctx);
        pending
    }
}

impl Handler<Simulate> for ExchangeActor {
    type Result = Pending;

    fn handle(&mut self, Simulate { request, intent }: Simulate, ctx: &mut Self::Context) -> Self::Result {
        let (reply, pending) = Pending::new();
        let bot = intent.bot.clone().unwrap_or_default();
        self.forward(Incoming { request, bot, sent: Some(intent) }, reply, HasRead::No, ctx);
        pending
    }
}
