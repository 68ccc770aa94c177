//! A bot's request on its way to FYERS and back, byte for byte.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use crate::exchange::{ExchangeActor, forward::Forwarding};
use fyers_api::{
    envelope::kills_token,
    error::ApiError,
    http::{ApiRequest, ApiResponse, Method, Surface},
    model::OrderRequest,
    operation::Operation,
    response as reading,
};
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    event::Event,
    ports::Change,
    secret::AccessToken,
};
use keeper_domain::{
    order_journal::OrderEntry,
    ports::{BrokerProxy, ProxyError},
    routing::{Venue, safety},
};
use mock_exchange::{NewOrder, api::responses as shape};

impl ExchangeActor {
    /// Exactly one call. FYERS' refusal of the token means that it did nothing else, so the request is then handled
    /// as if it came after the token's death.
    pub(super) fn pass_on(
        &self,
        forwarding: Forwarding,
        proxy: Arc<dyn BrokerProxy>,
        token: Arc<AccessToken>,
        ctx: &mut Context<Self>,
    ) {
        let send = {
            let (call, proxy, token) = (forwarding.call.clone(), Arc::clone(&proxy), Arc::clone(&token));
            async move { proxy.send(&token, &call).await }
        };
        ctx.spawn(send.into_actor(self).map(move |sent, act, ctx| match sent {
            Ok(answer) => {
                if let Some(code) = kills_token(answer.status, &answer.body) {
                    act.token_died(&token, code, ctx);
                    return act.route_request(forwarding.call, forwarding.reply, ctx);
                }
                act.learn_and_arrive(forwarding, answer, ctx);
            }
            Err(error) => act.lost(forwarding, &error, (proxy, token), ctx),
        }));
    }

    /// What a live answer teaches, and the answer itself: to a read at once, to an order when it is written down.
    fn learn_and_arrive(&mut self, forwarding: Forwarding, answer: ApiResponse, ctx: &mut Context<Self>) {
        match forwarding.operation {
            Operation::Quotes => {
                let body = reading::json(&answer);
                let now = self.deps.time.now();
                let new = reading::prices(&body)
                    .into_iter()
                    .flat_map(|(symbol, price)| self.volatile.house.observe(&symbol, price, now));
                let records: Vec<_> = new.collect();
                let commit = self.commit(Change { mock_records: records, ..Change::default() });
                ctx.wait(commit.map(|_, _, _| ()));
                forwarding.arrive(Venue::Fyers, answer);
            }
            Operation::Positions => {
                // A book that is not understood whole is not the new truth.
                let book = reading::positions(answer.status, &answer.body).ok();
                if let Some(book) = book.filter(|book| book.unknown.is_empty() && !self.deps.sandbox) {
                    let keep = self.remember_live_positions(book.rows);
                    ctx.wait(keep);
                }
                forwarding.arrive(Venue::Fyers, answer);
            }
            operation if operation.trades() => self.write_down(forwarding, answer, ctx),
            _ => forwarding.arrive(Venue::Fyers, answer),
        }
    }

    fn write_down(&mut self, forwarding: Forwarding, answer: ApiResponse, ctx: &mut Context<Self>) {
        let body = reading::json(&answer);
        let now = self.deps.time.now();
        let mut asked = forwarding.orders().into_iter();
        let (mut events, mut orders, mut banned) = (vec![], vec![], None);
        for (status, code, message, id) in reading::outcomes(&answer, &body) {
            let order = asked.next();
            let good = status < 300 && code > 0;
            if let (true, Some(order), Some(id)) = (good, &order, &id) {
                let (symbol, quantity) = (order.symbol.clone(), order.signed_quantity());
                events.push((now, Event::OrderPlaced { id: id.clone(), symbol, quantity }));
            }
            let refusal = BrokerError::Refused { status, code, message: message.clone() };
            if safety::is_order_ban(&refusal) {
                banned = Some(order.as_ref().map(|order| order.symbol.clone()).unwrap_or_default());
            }
            let order = order.map(NewOrder::from);
            let place = (forwarding.operation, forwarding.mode, Venue::Fyers);
            orders.push(OrderEntry::new(place, order.as_ref(), (status, code, &message, id), now));
        }
        if let Some(symbol) = banned {
            self.explain_ban(symbol, ctx);
        }
        let commit = self.commit(Change { events, orders, ..Change::default() });
        ctx.wait(commit.map(move |_, act: &mut Self, ctx| {
            forwarding.arrive(Venue::Fyers, answer);
            act.look_at_live_positions(ctx);
        }));
    }

    /// No answer. A read can be asked again; an order that may have arrived is never said to have failed.
    fn lost(
        &mut self,
        forwarding: Forwarding,
        error: &ProxyError,
        (proxy, token): (Arc<dyn BrokerProxy>, Arc<AccessToken>),
        ctx: &mut Context<Self>,
    ) {
        let never_sent = matches!(error, ProxyError::Transport(Transport::Connect));
        if never_sent || !forwarding.operation.trades() {
            let status = if never_sent { 503 } else { 504 };
            let why = ApiError {
                status,
                ..ApiError::new(-503, format!("fyers-keeper: {error}; nothing was done"))
            };
            return forwarding.arrive(Venue::Fyers, shape::answer(status, &shape::refusal(&why)));
        }
        let order = forwarding.orders().into_iter().next();
        let message = "fyers-keeper: the order was sent and its outcome is not known. Look in the order book before \
                       sending it again.";
        let body = serde_json::json!({"s": "ok", "code": 201, "message": message, "id": ""});
        let (now, answer) = (self.deps.time.now(), shape::answer(200, &body));
        let entry = order.clone().map(NewOrder::from);
        let place = (forwarding.operation, forwarding.mode, Venue::Fyers);
        let orders = vec![OrderEntry::new(place, entry.as_ref(), (200, 201, message, None), now)];
        let commit = self.commit(Change { orders, ..Change::default() });
        ctx.wait(commit.map(move |_, act: &mut Self, ctx| {
            forwarding.arrive(Venue::Fyers, answer);
            act.search(order, proxy, token, ctx);
        }));
    }

    /// Looks for an order of unknown fate in the order book, once, and tells what it found.
    fn search(
        &self,
        order: Option<OrderRequest>,
        proxy: Arc<dyn BrokerProxy>,
        token: Arc<AccessToken>,
        ctx: &mut Context<Self>,
    ) {
        let (symbol, quantity) = order
            .as_ref()
            .map_or((String::new(), 0), |order| (order.symbol.clone(), order.signed_quantity()));
        let tag = order.and_then(|order| order.tag);
        let call = ApiRequest {
            surface: Surface::Api,
            method: Method::Get,
            path: "/orders".to_owned(),
            query: String::new(),
            content_type: None,
            body: vec![],
        };
        let look = async move { proxy.send(&token, &call).await };
        ctx.spawn(look.into_actor(self).map(move |book, act, ctx| {
            let book = book.map(|book| reading::json(&book)).unwrap_or_default();
            let found = tag.and_then(|tag| reading::order_with_tag(&book, &tag));
            let event = Event::OrderOutcomeUnknown { symbol, quantity, found };
            let events = vec![(act.deps.time.now(), event)];
            let commit = act.commit(Change { events, ..Change::default() });
            ctx.wait(commit.map(|_, act: &mut Self, ctx| act.look_at_live_positions(ctx)));
        }));
    }
}
