//! Requests in the keeper's own words: the demo, the safety rule and the tests speak them.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, ResponseActFuture, WrapFuture, fut};
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::exchange::{
    ExchangeActor,
    actor::Turn,
    messages::{Answer, Answered, Ask, AskError, Request},
};
use fyers_api::model::{OrderAck, OrderRequest, Profile, Quote};
use keeper_domain::routing::{Venue, route, safety::may_simulate};
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    event::Event,
    mode::Mode,
    ports::{Change, Exchange},
    secret::AccessToken,
    session::retry::is_token_death,
};
use mock_exchange::exchange::Prices;

type Outcome = Result<Answered, AskError>;
type Reply = oneshot::Sender<Outcome>;

impl ExchangeActor {
    /// Decides where the request goes, and lets it go. Answers of the broker are waited for side by side; what
    /// the MockExchange does is one turn after the other.
    fn begin(&mut self, request: Request, reply: Reply, ctx: &mut Context<Self>) {
        let venue = route(self.volatile.mode, request.kind());
        match (venue, self.deps.live.clone(), self.volatile.session.usable.clone()) {
            (Venue::Fyers, Some(live), Some(token)) => self.ask_fyers(request, reply, live, token, ctx),
            _ => {
                let outcome = self.ask_mock(request);
                ctx.wait(outcome.map(move |outcome, _, _| hand_over(reply, outcome)));
            }
        }
    }

    fn ask_fyers(
        &self,
        request: Request,
        reply: Reply,
        live: Arc<dyn Exchange>,
        token: Arc<AccessToken>,
        ctx: &mut Context<Self>,
    ) {
        let mode = self.volatile.mode;
        let call = {
            let (request, token) = (request.clone(), Arc::clone(&token));
            async move { call(live.as_ref(), &token, &request).await }
        };
        ctx.spawn(call.into_actor(self).map(move |answer, act, ctx| match answer {
            Ok(answer) => {
                act.learn(&request, &answer, ctx);
                hand_over(reply, Ok(Answered { mode, venue: Venue::Fyers, answer }));
            }
            Err(BrokerError::Refused { status, code, .. }) if is_token_death(status, code) => {
                act.token_died(&token, if code == 0 { i64::from(status) } else { code }, ctx);
                // FYERS certainly did nothing, so the request is handled as if it came after the token's death.
                act.begin(request, reply, ctx);
            }
            Err(error) => {
                act.explain(&request, &error, ctx);
                hand_over(reply, Err(outcome_of(&request, error)));
            }
        }));
    }

    /// What a live answer teaches: prices for later, positions to protect, orders for the journal.
    fn learn(&mut self, request: &Request, answer: &Answer, ctx: &mut Context<Self>) {
        match (request, answer) {
            (_, Answer::Quotes(quotes)) => {
                let (now, house) = (self.deps.time.now(), &mut self.volatile.house);
                let seen = quotes.iter().map(|quote| (quote.symbol.clone(), quote.last));
                let mock_records = house.observe_all(seen, now);
                let keep = self.commit(Change { mock_records, ..Change::default() });
                ctx.wait(keep.map(|_, _, _| ()));
            }
            (_, Answer::Positions(positions)) if self.volatile.mode == Mode::Live => {
                let keep = self.remember_live_positions(positions.clone());
                ctx.wait(keep);
            }
            (Request::Place(order), Answer::Placed(ack)) => {
                let (id, symbol) = (ack.id.clone(), order.symbol.clone());
                let event = Event::OrderPlaced { id, symbol, quantity: order.signed_quantity() };
                let events = vec![(self.deps.time.now(), event)];
                let commit = self.commit(Change { events, ..Change::default() });
                ctx.wait(commit.map(|_, act: &mut Self, ctx| act.look_at_live_positions(ctx)));
            }
            _ => {}
        }
    }

    fn ask_mock(&mut self, request: Request) -> Turn<Outcome> {
        let (mode, now) = (self.volatile.mode, self.deps.time.now());
        let prices = if mode == Mode::Mock { Prices::Walk } else { Prices::Last };
        let house = &self.volatile.house;
        let quote = |symbol: String| Some(Quote { last: house.price(&symbol, prices, now)?, symbol });
        let answer = match request {
            Request::Place(order) => return self.place_at_mock(order),
            Request::Profile => {
                Answer::Profile(Profile { fy_id: "MOCK".into(), name: "MOCK ACCOUNT".into() })
            }
            Request::Funds => Answer::Funds(house.engine().funds()),
            Request::Quotes(symbols) => Answer::Quotes(symbols.into_iter().filter_map(quote).collect()),
            Request::Orders => Answer::Orders(house.engine().order_rows()),
            Request::Positions => Answer::Positions(house.engine().position_rows()),
        };
        ready(Ok(Answered { mode, venue: Venue::Mock, answer }))
    }

    /// One simulated order, or its refusal: on disk before the bot hears of it.
    fn place_at_mock(&mut self, order: OrderRequest) -> Turn<Outcome> {
        let (mode, now) = (self.volatile.mode, self.deps.time.now());
        if mode == Mode::Mock && !self.deps.sandbox {
            let positions = &self.volatile.live_positions;
            if let Err(refusal) = may_simulate(&order, positions, self.deps.on_token_loss) {
                return self.refuse(&order, refusal.into(), now);
            }
        }
        let walk = mode == Mode::Mock || self.volatile.house.engine().market().ltp(&order.symbol).is_none();
        let prices = if walk { Prices::Walk } else { Prices::Last };
        let (mock_records, outcome) = self.volatile.house.place(order.clone().into(), prices, now);
        let mut change = Change { mock_records, ..Change::default() };
        let quantity = order.signed_quantity();
        let answer = match outcome {
            Ok(reply) => {
                let id = reply.id.unwrap_or_default();
                let event = Event::OrderSimulated { id: id.clone(), symbol: order.symbol, quantity, mode };
                change.events.push((now, event));
                if mode == Mode::Mock && !self.deps.sandbox {
                    self.count_gap(1, &mut change);
                }
                Ok(Answered {
                    mode,
                    venue: Venue::Mock,
                    answer: Answer::Placed(OrderAck { id, confirmed: true }),
                })
            }
            Err(why) => {
                let event = Event::OrderRefused { symbol: order.symbol, quantity, why: why.to_string() };
                change.events.push((now, event));
                Err(AskError::Invalid(why.to_string()))
            }
        };
        Box::pin(
            self.commit(change)
                .map(move |committed, _, _| if committed { answer } else { Err(AskError::Store) }),
        )
    }

    fn refuse(&self, order: &OrderRequest, error: AskError, now: DateTime<Utc>) -> Turn<Outcome> {
        let (symbol, quantity) = (order.symbol.clone(), order.signed_quantity());
        let event = Event::OrderRefused { symbol, quantity, why: error.to_string() };
        let change = Change { events: vec![(now, event)], ..Change::default() };
        Box::pin(self.commit(change).map(move |_, _, _| Err(error)))
    }
}

/// The bot may have gone away meanwhile, which changes nothing.
fn hand_over(reply: Reply, outcome: Outcome) {
    let _gone = reply.send(outcome);
}

fn ready(outcome: Outcome) -> Turn<Outcome> {
    Box::pin(fut::ready(outcome))
}

/// Exactly one call to the broker.
async fn call(live: &dyn Exchange, token: &AccessToken, request: &Request) -> Result<Answer, BrokerError> {
    Ok(match request {
        Request::Profile => Answer::Profile(live.profile(token).await?),
        Request::Funds => Answer::Funds(live.funds(token).await?),
        Request::Quotes(symbols) => Answer::Quotes(live.quotes(token, symbols).await?),
        Request::Place(order) => Answer::Placed(live.place(token, order).await?),
        Request::Orders => Answer::Orders(live.orders(token).await?),
        Request::Positions => Answer::Positions(live.positions(token).await?),
    })
}

/// An order that may have arrived is never said to have failed.
fn outcome_of(request: &Request, error: BrokerError) -> AskError {
    let may_have_arrived = matches!(
        error,
        BrokerError::Transport(Transport::Timeout | Transport::Broken)
            | BrokerError::Garbled { .. }
            | BrokerError::Fault { .. }
    );
    match request {
        Request::Place(_) if may_have_arrived => AskError::UnknownOutcome(error),
        _ => AskError::Broker(error),
    }
}

impl Handler<Ask> for ExchangeActor {
    type Result = ResponseActFuture<Self, Outcome>;

    fn handle(&mut self, Ask(request): Ask, ctx: &mut Self::Context) -> Self::Result {
        let (reply, answered) = oneshot::channel();
        self.begin(request, reply, ctx);
        Box::pin(answered.into_actor(self).map(|outcome, _, _| outcome.unwrap_or(Err(AskError::Store))))
    }
}
