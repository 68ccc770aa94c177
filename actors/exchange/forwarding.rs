//! A bot's request: the decision is asked for, and carried out.

use std::{cell::RefCell, sync::Arc};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use fyers_api::http::ApiRequest;
use keeper_domain::{
    event::Event,
    keys::BotName,
    mode::Mode,
    order_journal::{OrderEntry, OrderIntent},
    ports::{Change, Wanted},
    routing::{
        Venue,
        request::OrderCall,
        route::{Refused, Route, reads_first},
    },
};

use crate::exchange::{
    ExchangeActor,
    bots::{key_of, seen_by},
    execution::Execution,
    messages::{Forward, Pending, Reply},
    pricing::Share,
    reads,
    waiting::Forwarding,
    words::refusal,
};

impl ExchangeActor {
    /// A request that has waited, as things are now.
    pub(super) fn decide_again(&mut self, waited: Forwarding, has_read: bool, ctx: &mut Context<Self>) {
        let Forwarding { request, bot, reply, .. } = waited;
        self.forward((request, bot), reply, has_read, ctx);
    }

    fn forward(
        &mut self,
        (request, bot): (ApiRequest, BotName),
        reply: Reply,
        has_read: bool,
        ctx: &mut Context<Self>,
    ) {
        let (call, now) = (OrderCall::read(&request), self.snapshot());
        let key = key_of(&self.deps.keys, &bot);
        let seen = key.as_ref().map_or_else(|| Arc::clone(&now), |key| seen_by(&now, key, &call));
        let (meant_for_fyers, mode, halted, reason) = (!seen.sandbox, seen.mode, seen.halted, seen.reason);
        let forwarding =
            Forwarding { bot, meant_for_fyers, call, request, mode, halted, reason, reply, has_read };
        let Some(key) = key else { return self.refuse(forwarding, &Refused::KeyGone, ctx) };
        let symbols = self.to_be_valued(&seen, &key, &forwarding.call);
        match self.ask_quotes(&symbols, Share::Bots).filter(|_| now.mode != Mode::Mock) {
            Some(prices) => {
                ctx.spawn(prices.into_actor(self).map(move |prices, act, ctx| {
                    let learnt = act.learn_prices(prices);
                    act.dispatch(forwarding, ctx);
                    act.keep_records(learnt, ctx);
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
        let now = seen_by(&self.snapshot(), &key, &forwarding.call);
        let decided = self.decide(&now, &key, &forwarding.call, &forwarding.request);
        if decided == Route::Fyers && !forwarding.has_read && reads_first(&now, &forwarding.call) {
            return self.read_before(forwarding, ctx);
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
                let read = reads::read(now, proxy, token, (call, request, bot), ctx.address());
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
        let intent = OrderIntent::of((id, &forwarding.bot), &forwarding.call, &forwarding.request, epoch, at);
        let wanted = self.wanted(&forwarding.bot);
        let execution = Execution {
            wanted,
            reserved: forwarding.call.reserved(&self.volatile.live.positions),
            intent,
            forwarding,
            placed: RefCell::default(),
            token,
            proxy,
            store: std::sync::Arc::clone(&self.deps.store),
            time: std::sync::Arc::clone(&self.deps.time),
            journal: self.deps.journal.clone(),
            actor: ctx.address(),
            fault: self.deps.fault.clone(),
        };
        let running = execution.begin(&self.deps.in_flight);
        self.publish();
        self.deps.tasks.spawn(running);
    }

    /// An order that waits for its turn must not leave after a halt, nor with a key that has ended meanwhile.
    fn wanted(&self, bot: &BotName) -> Arc<Wanted> {
        let (keys, snapshot) = (Arc::clone(&self.deps.keys), Arc::clone(&self.deps.snapshot));
        let (bot, key, halted) = (bot.clone(), key_of(&keys, bot), self.volatile.halted);
        Arc::new(move || key_of(&keys, &bot) == key && snapshot.load().halted == halted)
    }

    /// Says no in the broker's format, and writes it down.
    pub(super) fn refuse(&mut self, forwarding: Forwarding, why: &Refused, ctx: &mut Context<Self>) {
        let (status, code) = match why {
            Refused::Stopping => (503, -503),
            Refused::KeyGone => (401, -16),
            Refused::Ambiguous => (400, -50),
            _ if why.is_of_key() => (400, -50),
            _ => (400, -99),
        };
        let answer = refusal(status, code, &why.to_string());
        if !forwarding.call.operation.trades() {
            return forwarding.arrive(Venue::None, answer);
        }
        let now = self.deps.time.now();
        let (place, leg) =
            ((forwarding.call.operation, forwarding.mode, Venue::None), forwarding.call.legs.first());
        let words = why.to_string();
        let orders = vec![OrderEntry::new(place, leg, (status, code, &words, None), now).of(&forwarding.bot)];
        let event = if why.is_of_key() {
            self.limit_event(&forwarding.bot, why)
        } else {
            let ((symbol, quantity), bot) = (forwarding.call.subject(), Some(forwarding.bot.clone()));
            Some(Event::OrderRefused { bot, symbol, quantity, why: words })
        };
        let mut change = Change { orders, ..Change::default() };
        if matches!(event, Some(Event::KeyLimitReached { .. })) {
            self.note_books(&mut change);
        }
        change.events.extend(event.map(|event| (now, event)));
        // A refusal is a refusal whether or not it can be written down.
        let commit = self.commit_or_keep(change);
        ctx.wait(commit.map(move |_, _, _| forwarding.arrive(Venue::None, answer)));
    }
}

impl Handler<Forward> for ExchangeActor {
    type Result = Pending;

    fn handle(&mut self, Forward(request, bot): Forward, ctx: &mut Self::Context) -> Self::Result {
        let (reply, pending) = Pending::new();
        self.forward((request, bot), reply, false, ctx);
        pending
    }
}
