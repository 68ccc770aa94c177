//! A bot's request at the MockExchange: one turn, on disk before the answer.

use actix::{ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, MessageResult, WrapFuture};

use crate::exchange::{
    ExchangeActor,
    messages::{ClearSimulated, GetFeedPrices},
    waiting::Forwarding,
    words::refusal,
};
use fyers_api::{
    http::{ApiRequest, ApiResponse, Method, Surface},
    operation::Operation,
    response as reading,
};
use keeper_domain::{
    event::Event,
    mode::Mode,
    notes::{CANDLES, SIMULATED_IN_GAP},
    order_journal::OrderEntry,
    ports::{Change, StoreError},
    routing::{
        Venue,
        route::{Route, route},
    },
};
use mock_exchange::{
    Record,
    exchange::{Attempt, Execution, Prices},
};

/// Time between two looks at what waiting orders wait for.
const LOOK: std::time::Duration = std::time::Duration::from_secs(5);

/// Whose share of FYERS' limits a call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    /// A bot's order is priced, or what bots' orders wait for is looked at.
    Bots,
    /// The square-off is due: it happens once, whatever bots do meanwhile.
    Own,
}

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
        match self.ask_prices(&symbols, Share::Bots) {
            Some(prices) => {
                ctx.spawn(prices.into_actor(self).map(move |prices, act, ctx| {
                    // One commit for both: of two waits begun together, actix ends the later one first.
                    let learnt = act.learn_prices(prices);
                    // Another exit may have been simulated while this one was priced.
                    match route(&act.snapshot(), &forwarding.call) {
                        Route::Refused(why) => {
                            act.refuse(forwarding, &why, ctx);
                            act.keep_records(learnt, ctx);
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

    /// Real prices, when FYERS can be asked and there is something to ask.
    fn ask_prices(
        &self,
        symbols: &[String],
        share: Share,
    ) -> Option<impl Future<Output = Vec<(String, rust_decimal::Decimal)>> + use<>> {
        let (proxy, token) = (self.deps.proxy.clone()?, self.volatile.session.usable.clone()?);
        let call = quotes_call(symbols);
        (!symbols.is_empty()).then_some(async move {
            let answer = match share {
                Share::Bots => proxy.send(&token, &call).await,
                Share::Own => proxy.send_own(&token, &call).await,
            };
            answer.map(|answer| reading::prices(&reading::json(&answer))).unwrap_or_default()
        })
    }

    /// Real prices, and what they fill.
    pub(super) fn learn_prices(&mut self, prices: Vec<(String, rust_decimal::Decimal)>) -> Vec<Record> {
        let now = self.deps.time.now();
        self.volatile.book.observe_all(prices, now)
    }

    /// Candles that FYERS told, for the time when it cannot be asked.
    pub(super) fn learn_candles(&mut self, query: &str, answer: &ApiResponse, ctx: &mut Context<Self>) {
        let (now, told) = (self.deps.time.now(), reading::json(answer));
        let Some(place) = self.volatile.book.learn_candles(query, &told, now) else { return };
        let series = self.volatile.book.kept_candles().series(place);
        let note = CANDLES.get(place).zip(series).and_then(|(note, series)| note.set(series).ok());
        if let Some(note) = note {
            // When it cannot be written, it is learnt again with the next answer or lost with the next start.
            let commit = self.commit(Change { notes: vec![note], ..Change::default() });
            ctx.wait(commit.map(|_, _, _| ()));
        }
    }

    /// Facts that nobody waits for. When they cannot be written, they have not happened.
    pub(super) fn keep_records(&mut self, mock_records: Vec<Record>, ctx: &mut Context<Self>) {
        if mock_records.is_empty() {
            return;
        }
        let commit = self.commit(Change { mock_records, ..Change::default() });
        ctx.wait(commit.then(|committed, act: &mut Self, _| act.after_simulation(&committed)));
    }

    /// The book in memory is the book on disk again.
    pub(super) fn after_simulation(&mut self, committed: &Result<(), StoreError>) -> super::actor::Turn<()> {
        match committed {
            Ok(()) => {
                self.publish();
                Box::pin(actix::fut::ready(()))
            }
            Err(_) => self.reload_book(),
        }
    }

    fn simulate(&mut self, forwarding: Forwarding, learnt: Vec<Record>, ctx: &mut Context<Self>) {
        let (now, mode) = (self.deps.time.now(), forwarding.mode);
        let operation = forwarding.call.operation;
        let prices = self.policy(mode);
        let Execution { answer, records, attempts } =
            self.volatile.book.execute(operation, &forwarding.request, prices, now);
        let mock_records = learnt.into_iter().chain(records).collect();
        let mut change = Change { mock_records, ..Change::default() };
        for one in &attempts {
            change.orders.push(OrderEntry::simulated(operation, one, mode, now));
            change.events.extend(told(one, mode).map(|event| (now, event)));
        }
        let before = self.volatile.gap;
        if mode == Mode::Mock && !self.deps.sandbox {
            self.count_gap(&mut change);
        }
        let symbols = symbols_of(&change);
        let commit = self.commit(change);
        let kept = commit.then(move |committed, act: &mut Self, _| {
            match &committed {
                Ok(()) => forwarding.arrive(Venue::Mock, answer),
                Err(error) => {
                    act.volatile.gap = before;
                    let words = format!("nothing was done: {}", error.kind.words());
                    forwarding.arrive(Venue::None, refusal(503, -503, &words));
                }
            }
            let joined = match &committed {
                Ok(()) => act.notice_mcx(symbols.iter().map(String::as_str)),
                Err(_) => Change::default(),
            };
            act.after_simulation(&committed).then(|(), act, _| act.commit_or_keep(joined))
        });
        ctx.wait(kept);
    }

    /// What prices do in this mode.
    fn policy(&self, mode: Mode) -> Prices {
        let walk = mode == Mode::Mock || self.deps.proxy.is_none();
        if walk { Prices::Walk } else { Prices::Live }
    }

    /// Looks at the clock and at prices for what waits, again and again.
    pub(super) fn keep_matching(&mut self, ctx: &mut Context<Self>) {
        let time = std::sync::Arc::clone(&self.deps.time);
        let rest = async move { time.sleep(LOOK).await };
        ctx.spawn(rest.into_actor(self).map(|(), act, ctx| {
            act.save_unsaved(ctx);
            act.match_once(ctx);
            act.keep_matching(ctx);
        }));
    }

    fn match_once(&mut self, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let waited_for = self.volatile.book.waited_for();
        let share = if self.volatile.book.is_square_off_due(now) { Share::Own } else { Share::Bots };
        if self.volatile.mode == Mode::Sandbox
            && let Some(prices) = self.ask_prices(&waited_for, share)
        {
            ctx.spawn(prices.into_actor(self).map(move |prices, act, ctx| {
                let mut learnt = act.learn_prices(prices);
                learnt.extend(act.volatile.book.tick(now));
                act.keep_records(learnt, ctx);
            }));
            return;
        }
        let mut records = self.volatile.book.tick(now);
        if self.volatile.mode == Mode::Mock {
            records.extend(self.volatile.book.wander(&waited_for, now));
        }
        self.keep_records(records, ctx);
    }

    /// Counts orders that a bot meant for real and the MockExchange took.
    fn count_gap(&mut self, change: &mut Change) {
        let taken = |(_, event): &&(_, Event)| matches!(event, Event::OrderSimulated { .. });
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
        MessageResult(made.then(|| self.volatile.book.feed(&symbols, self.policy(mode), now)))
    }
}

impl Handler<ClearSimulated> for ExchangeActor {
    type Result = AtomicResponse<Self, Option<u64>>;

    fn handle(&mut self, ClearSimulated { by }: ClearSimulated, _: &mut Self::Context) -> Self::Result {
        let now = self.deps.time.now();
        let request = ApiRequest {
            surface: Surface::Api,
            method: Method::Delete,
            path: "/positions".to_owned(),
            query: String::new(),
            content_type: None,
            body: br#"{"exit_all":1,"pending_orders_cancel":1}"#.to_vec(),
        };
        let open = |act: &Self| {
            act.volatile.book.engine().ledger().accounts.values().filter(|one| one.net != 0).count() as u64
        };
        let before = open(self);
        let Execution { records, .. } =
            self.volatile.book.execute(Operation::ExitPositions, &request, Prices::Last, now);
        let positions = before.saturating_sub(open(self));
        let events = vec![(now, Event::SimulatedCleared { by, positions })];
        let commit = self.commit(Change { mock_records: records, events, ..Change::default() });
        AtomicResponse::new(Box::pin(commit.then(move |committed, act: &mut Self, _| {
            let cleared = committed.is_ok().then_some(positions);
            act.after_simulation(&committed).map(move |(), _, _| cleared)
        })))
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
fn told(one: &Attempt, mode: Mode) -> Option<Event> {
    let (order, reply) = (one.order.as_ref()?, one.outcome.as_ref().ok()?);
    let (symbol, quantity) = (order.request.symbol.clone(), order.request.signed_quantity());
    Some(Event::OrderSimulated { id: reply.id.clone()?, symbol, quantity, mode })
}
