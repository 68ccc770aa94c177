//! A bot's request at the MockExchange: one turn, on disk before the answer.

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};

use crate::exchange::{ExchangeActor, forward::Forwarding};
use fyers_api::{
    http::{ApiRequest, Method, Surface},
    operation::Operation,
    response as reading,
};
use keeper_domain::{event::Event, mode::Mode, notes::SIMULATED_IN_GAP, ports::Change};
use keeper_domain::{order_journal::OrderEntry, routing::Venue};
use mock_exchange::{
    Record,
    exchange::{Attempt, Execution},
};

/// Time between two looks at what waiting orders wait for.
const LOOK: std::time::Duration = std::time::Duration::from_secs(5);

fn quotes_call(symbols: &[String]) -> ApiRequest {
    let escaped = |symbol: &String| symbol.replace('%', "%25").replace('&', "%26").replace(' ', "%20");
    let list: Vec<String> = symbols.iter().map(escaped).collect();
    ApiRequest {
        surface: Surface::Data,
        method: Method::Get,
        path: "/quotes".to_owned(),
        query: format!("symbols={}", list.join(",")),
        content_type: None,
        body: vec![],
    }
}

impl ExchangeActor {
    /// In Sandbox a simulated order is priced by FYERS first; in Mock by what was last known.
    pub(super) fn price_and_simulate(&mut self, forwarding: Forwarding, ctx: &mut Context<Self>) {
        if self.is_long_book(&forwarding) {
            return self.begin_book(forwarding, ctx);
        }
        let symbols = if forwarding.mode == Mode::Sandbox { self.to_be_priced(&forwarding) } else { vec![] };
        match self.ask_prices(&symbols) {
            Some(prices) => {
                ctx.spawn(prices.into_actor(self).map(move |prices, act, ctx| {
                    // One commit for both: of two waits begun together, actix ends the later one first.
                    let learnt = act.learn_prices(prices);
                    act.simulate(forwarding, learnt, ctx);
                }));
            }
            None => self.simulate(forwarding, vec![], ctx),
        }
    }

    fn to_be_priced(&self, forwarding: &Forwarding) -> Vec<String> {
        let mut symbols: Vec<String> = match forwarding.operation {
            Operation::Place | Operation::PlaceMany | Operation::PlaceGtt => {
                forwarding.orders().into_iter().map(|order| order.symbol).collect()
            }
            Operation::Modify | Operation::ModifyMany | Operation::ModifyGtt => {
                self.volatile.house.waited_for()
            }
            Operation::ExitPositions | Operation::Positions => self.volatile.house.held(),
            _ => vec![],
        };
        symbols.sort_unstable();
        symbols.dedup();
        symbols
    }

    /// Real prices, when FYERS can be asked and there is something to ask.
    fn ask_prices(
        &self,
        symbols: &[String],
    ) -> Option<impl Future<Output = Vec<(String, rust_decimal::Decimal)>> + use<>> {
        let (proxy, token) = (self.deps.proxy.clone()?, self.volatile.session.usable.clone()?);
        let call = quotes_call(symbols);
        (!symbols.is_empty()).then_some(async move {
            let answer = proxy.send(&token, &call).await;
            answer.map(|answer| reading::prices(&reading::json(&answer))).unwrap_or_default()
        })
    }

    /// Real prices, and what they fill.
    fn learn_prices(&mut self, prices: Vec<(String, rust_decimal::Decimal)>) -> Vec<Record> {
        let now = self.deps.time.now();
        let house = &mut self.volatile.house;
        prices.into_iter().flat_map(|(symbol, price)| house.observe(&symbol, price, now)).collect()
    }

    fn keep(&self, mock_records: Vec<Record>, ctx: &mut Context<Self>) {
        if !mock_records.is_empty() {
            let commit = self.commit(Change { mock_records, ..Change::default() });
            ctx.wait(commit.map(|_, _, _| ()));
        }
    }

    fn simulate(&mut self, forwarding: Forwarding, learnt: Vec<Record>, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let wander = forwarding.mode == Mode::Mock || self.deps.proxy.is_none();
        let Execution { answer, records, tried } =
            self.volatile.house.carry(forwarding.operation, &forwarding.call, wander, now);
        let mode = forwarding.mode;
        let mock_records = learnt.into_iter().chain(records).collect();
        let mut change = Change { mock_records, ..Change::default() };
        for one in &tried {
            change.orders.push(OrderEntry::simulated(forwarding.operation, one, mode, now));
            change.events.extend(told(one, mode).map(|event| (now, event)));
        }
        if mode == Mode::Mock && !self.deps.sandbox {
            let taken = change
                .events
                .iter()
                .filter(|(_, event)| matches!(event, Event::OrderSimulated { .. }))
                .count();
            self.count_gap(taken as u64, &mut change);
        }
        let commit = self.commit(change);
        ctx.wait(commit.map(move |committed, _, _| {
            // Without its memory the actor stops, and the bot hears of an interruption.
            if committed {
                forwarding.arrive(Venue::Mock, answer);
            }
        }));
    }

    /// Looks at the clock and at prices for what waits, again and again.
    pub(super) fn keep_matching(&mut self, ctx: &mut Context<Self>) {
        let time = std::sync::Arc::clone(&self.deps.time);
        let rest = async move { time.sleep(LOOK).await };
        ctx.spawn(rest.into_actor(self).map(|(), act, ctx| {
            act.match_once(ctx);
            act.keep_matching(ctx);
        }));
    }

    fn match_once(&mut self, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let waited_for = self.volatile.house.waited_for();
        if self.volatile.mode == Mode::Sandbox
            && let Some(prices) = self.ask_prices(&waited_for)
        {
            ctx.spawn(prices.into_actor(self).map(|prices, act, ctx| {
                let learnt = act.learn_prices(prices);
                act.keep(learnt, ctx);
            }));
            return;
        }
        let mut records = self.volatile.house.square_off_if_due(now);
        if self.volatile.mode == Mode::Mock {
            records.extend(self.volatile.house.wander(&waited_for, now));
        }
        self.keep(records, ctx);
    }

    /// Counts orders that a bot meant for real and the MockExchange took.
    pub(super) fn count_gap(&mut self, taken: u64, change: &mut Change) {
        if taken > 0 {
            self.volatile.gap += taken;
            change.notes.extend(SIMULATED_IN_GAP.set(&self.volatile.gap));
        }
    }
}

/// The event of an order that was taken.
fn told(one: &Attempt, mode: Mode) -> Option<Event> {
    let (order, reply) = (one.order.as_ref()?, one.outcome.as_ref().ok()?);
    let (symbol, quantity) = (order.request.symbol.clone(), order.request.signed_quantity());
    Some(Event::OrderSimulated { id: reply.id.clone()?, symbol, quantity, mode })
}
