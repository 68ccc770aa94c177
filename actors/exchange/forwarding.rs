//! A bot's request: the decision is asked for, and carried out.

use actix::{ActorFutureExt, AsyncContext, Context, Handler};
use fyers_api::http::ApiRequest;
use keeper_domain::{
    event::Event,
    order_journal::{OrderEntry, OrderIntent},
    ports::Change,
    routing::{
        Venue,
        request::OrderCall,
        route::{Refused, Route, route},
    },
};

use crate::exchange::{
    ExchangeActor,
    execution::Execution,
    messages::{Forward, Pending, Reply},
    reads,
    waiting::Forwarding,
    words::refusal,
};

impl ExchangeActor {
    fn forward(&mut self, request: ApiRequest, reply: Reply, ctx: &mut Context<Self>) {
        let call = OrderCall::read(&request);
        let now = self.snapshot();
        let decided = route(&now, &call);
        let (mode, halted, reason) = (now.mode, now.halted, now.reason);
        let forwarding = Forwarding { call, request, mode, halted, reason, reply };
        match (decided, self.deps.proxy.clone(), now.token.clone()) {
            (Route::Refused(why), ..) => self.refuse(forwarding, &why, ctx),
            (Route::Fyers, Some(proxy), Some(token)) if forwarding.call.operation.trades() => {
                self.execute(forwarding, proxy, token, ctx);
            }
            (Route::Fyers, Some(proxy), Some(token)) => {
                let Forwarding { request, reply, call, .. } = forwarding;
                let read = reads::read(now, proxy, token, call, request, ctx.address());
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
        let intent = OrderIntent::of(id, &forwarding.call, &forwarding.request, epoch, at);
        let execution = Execution {
            reserved: forwarding.call.reserved(&self.volatile.live.positions),
            intent,
            forwarding,
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

    /// Says no in the broker's format, and writes it down.
    pub(super) fn refuse(&mut self, forwarding: Forwarding, why: &Refused, ctx: &mut Context<Self>) {
        let (status, code) = if *why == Refused::Stopping { (503, -503) } else { (400, -99) };
        let answer = refusal(status, code, &why.to_string());
        if !forwarding.call.operation.trades() {
            return forwarding.arrive(Venue::None, answer);
        }
        let now = self.deps.time.now();
        let (symbol, quantity) = forwarding.call.subject();
        let (place, leg) =
            ((forwarding.call.operation, forwarding.mode, Venue::None), forwarding.call.legs.first());
        let words = why.to_string();
        let orders = vec![OrderEntry::new(place, leg, (status, code, &words, None), now)];
        let events = vec![(now, Event::OrderRefused { symbol, quantity, why: words.clone() })];
        // A refusal is a refusal whether or not it can be written down.
        let commit = self.commit_or_keep(Change { events, orders, ..Change::default() });
        ctx.wait(commit.map(move |_, _, _| forwarding.arrive(Venue::None, answer)));
    }
}

impl Handler<Forward> for ExchangeActor {
    type Result = Pending;

    fn handle(&mut self, Forward(request): Forward, ctx: &mut Self::Context) -> Self::Result {
        let (reply, pending) = Pending::new();
        self.forward(request, reply, ctx);
        pending
    }
}
