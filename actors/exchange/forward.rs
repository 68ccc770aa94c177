//! Bots' requests from the gateway, brought to the house that the mode says.
//!
//! Mode and token are read once, when a request arrives. What FYERS answers is waited for side by side; what the
//! MockExchange does is one turn after the other, and on disk before the bot hears of it.

use actix::{ActorFutureExt, AsyncContext, Context, Handler, ResponseActFuture, WrapFuture};
use tokio::sync::oneshot;

use crate::exchange::{
    ExchangeActor,
    messages::{Forward, Forwarded, Rest},
};
use fyers_api::{
    error::ApiError,
    http::{ApiRequest, ApiResponse},
    model::{OrderRequest, Position},
    operation::Operation,
};
use keeper_domain::{event::Event, mode::Mode, ports::Change, reason::Reason};
use keeper_domain::{
    order_journal::OrderEntry,
    routing::{
        Venue,
        safety::{self, may_simulate},
        venue,
    },
};
use mock_exchange::{
    Reply,
    api::{gtt, requests as form, responses as shape},
    exchange::Attempt,
};

pub(super) type ForwardReply = oneshot::Sender<Forwarded>;

/// A request on its way.
pub(super) struct Forwarding {
    pub(super) operation: Operation,
    pub(super) call: ApiRequest,
    pub(super) mode: Mode,
    pub(super) reason: Reason,
    pub(super) reply: ForwardReply,
}

impl Forwarding {
    /// The bot may have gone away meanwhile, which changes nothing.
    pub(super) fn arrive(self, venue: Venue, answer: ApiResponse) {
        self.arrive_with(venue, answer, None);
    }

    /// The same with the beginning of a longer answer.
    pub(super) fn arrive_with(self, venue: Venue, answer: ApiResponse, rest: Option<Rest>) {
        let Self { mode, reason, reply, .. } = self;
        let _gone = reply.send(Forwarded { mode, reason, venue, answer, rest });
    }

    /// The orders in it, as far as they can be read.
    pub(super) fn orders(&self) -> Vec<OrderRequest> {
        let read = |value| form::order(value).ok().map(|order| order.request);
        match self.operation {
            Operation::Place => form::body(&self.call.body).ok().and_then(read).into_iter().collect(),
            Operation::PlaceMany => {
                form::basket(&self.call.body).unwrap_or_default().into_iter().filter_map(read).collect()
            }
            Operation::PlaceGtt => {
                let read = form::body(&self.call.body).and_then(gtt::order);
                read.map(|gtt| gtt.legs().map(|leg| gtt.order(leg).request).collect()).unwrap_or_default()
            }
            _ => vec![],
        }
    }
}

/// What a person's halt means for a request.
fn halted_out(forwarding: &Forwarding, positions: &[Position]) -> bool {
    match forwarding.operation {
        Operation::Cancel | Operation::CancelMany | Operation::CancelGtt | Operation::ExitPositions => false,
        Operation::Place | Operation::PlaceMany => {
            let orders = forwarding.orders();
            let exits =
                |order: &OrderRequest| positions.iter().any(|position| safety::reduces(order, position));
            orders.is_empty() || !orders.iter().all(exits)
        }
        operation => operation.trades(),
    }
}

impl ExchangeActor {
    pub(super) fn route_request(&mut self, call: ApiRequest, reply: ForwardReply, ctx: &mut Context<Self>) {
        let (mode, reason) = (self.volatile.mode, self.volatile.reason);
        let forwarding = Forwarding { operation: Operation::of(&call), call, mode, reason, reply };
        // A halt keeps new positions out; the real book stays in sight, and the way out of it stays open.
        let halted = self.volatile.halted && !self.deps.sandbox && self.volatile.session.usable.is_some();
        if halted && halted_out(&forwarding, &self.volatile.live_positions) {
            return self.refuse_forwarding(
                forwarding,
                "trading is halted: no new positions until a person resumes it",
                ctx,
            );
        }
        let venue = if halted { Venue::Fyers } else { venue(forwarding.operation, mode) };
        match (venue, self.deps.proxy.clone(), self.volatile.session.usable.clone()) {
            (Venue::Fyers, Some(_), Some(_)) if forwarding.operation == Operation::Unknown => {
                let words =
                    "the keeper does not know this call, and passes on only what it knows or what only reads";
                self.refuse_forwarding(forwarding, words, ctx);
            }
            (Venue::Fyers, Some(proxy), Some(token)) => self.pass_on(forwarding, proxy, token, ctx),
            _ => match self.unsafe_to_simulate(&forwarding) {
                Some(why) => self.refuse_forwarding(forwarding, &why, ctx),
                None => self.price_and_simulate(forwarding, ctx),
            },
        }
    }

    /// Why the MockExchange must not take an order that was meant for FYERS.
    fn unsafe_to_simulate(&self, forwarding: &Forwarding) -> Option<String> {
        let meant_for_real = forwarding.mode == Mode::Mock && !self.deps.sandbox;
        if !meant_for_real || !forwarding.operation.trades() {
            return None;
        }
        let positions = &self.volatile.live_positions;
        let is_open = positions.iter().any(|position| position.net != 0);
        let closes = matches!(forwarding.operation, Operation::ExitPositions | Operation::ConvertPosition);
        if closes && is_open {
            return Some(
                "you have live positions, and FYERS cannot be used now: it is refused, not simulated; close them \
                 in the FYERS app if you must"
                    .to_owned(),
            );
        }
        let rejects = self.deps.on_token_loss;
        if rejects == keeper_domain::routing::OnTokenLoss::Reject {
            return Some(safety::Refusal::NoToken.to_string());
        }
        forwarding
            .orders()
            .iter()
            .find_map(|order| may_simulate(order, positions, rejects).err())
            .map(|why| why.to_string())
    }

    /// Says no in the broker's shape, and writes it down.
    fn refuse_forwarding(&mut self, forwarding: Forwarding, why: &str, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let refusal = ApiError { status: 400, code: -99, message: format!("fyers-keeper: {why}"), id: None };
        let answer = shape::answer(refusal.status, &shape::refusal(&refusal));
        if !forwarding.operation.trades() {
            return forwarding.arrive(Venue::Mock, answer);
        }
        let order = forwarding.orders().into_iter().next();
        let (symbol, quantity) = order
            .as_ref()
            .map_or((String::new(), 0), |order| (order.symbol.clone(), order.signed_quantity()));
        let events = vec![(now, Event::OrderRefused { symbol, quantity, why: why.to_owned() })];
        let tried = Attempt { order: order.map(Into::into), outcome: Err::<Reply, _>(refusal) };
        let orders = vec![OrderEntry::simulated(forwarding.operation, &tried, forwarding.mode, now)];
        let commit = self.commit(Change { events, orders, ..Change::default() });
        ctx.wait(commit.map(move |_, _, _| forwarding.arrive(Venue::Mock, answer)));
    }
}

/// The actor died over it: what became of the request is not known.
fn interrupted() -> Forwarded {
    let why = ApiError {
        status: 503,
        ..ApiError::new(
            -503,
            "fyers-keeper: interrupted; look in the order book before sending an order again",
        )
    };
    let answer = shape::answer(why.status, &shape::refusal(&why));
    Forwarded { mode: Mode::Mock, reason: Reason::Starting, venue: Venue::Mock, answer, rest: None }
}

impl Handler<Forward> for ExchangeActor {
    type Result = ResponseActFuture<Self, Forwarded>;

    fn handle(&mut self, Forward(call): Forward, ctx: &mut Self::Context) -> Self::Result {
        let (reply, answered) = oneshot::channel();
        self.route_request(call, reply, ctx);
        Box::pin(answered.into_actor(self).map(|answer, _, _| answer.unwrap_or_else(|_| interrupted())))
    }
}
