//! A person clears the simulated positions: those whose market is open are closed, the others are named.

use std::{cell::Cell, rc::Rc};

use actix::{ActorFutureExt, AtomicResponse, Handler};
use serde_json::json;

use crate::exchange::{
    ExchangeActor,
    messages::{ClearSimulated, Cleared},
};
use fyers_api::{
    codes,
    http::{ApiRequest, Method, Surface},
    operation::Operation,
};
use keeper_domain::{event::Event, ports::Change};
use mock_exchange::{
    Account, Engine,
    exchange::Execution,
    sessions::{self, Segment},
    symbol::segment_of,
};

/// Positions and waiting orders in these segments are to end.
fn request(segments: &[Segment]) -> ApiRequest {
    let numbers: Vec<i64> = segments.iter().map(|segment| codes::segment_number(*segment)).collect();
    let body =
        json!({"segment": numbers, "side": [1, -1], "productType": ["ALL"], "pending_orders_cancel": 1});
    ApiRequest {
        surface: Surface::Api,
        method: Method::Delete,
        path: "/positions".to_owned(),
        query: String::new(),
        content_type: None,
        body: body.to_string().into_bytes(),
    }
}

fn open(engine: &Engine) -> impl Iterator<Item = &Account> {
    engine.ledger().accounts.values().filter(|account| account.net != 0)
}

impl Handler<ClearSimulated> for ExchangeActor {
    type Result = AtomicResponse<Self, Option<Cleared>>;

    fn handle(&mut self, ClearSimulated { by }: ClearSimulated, _: &mut Self::Context) -> Self::Result {
        AtomicResponse::new(Box::pin(self.written().then(move |(), act, ctx| {
            let (cleared, change) = act.clear(by);
            let is_done = Rc::<Cell<bool>>::default();
            let done = Rc::clone(&is_done);
            act.queue_own_facts(change, Box::new(move |_, outcome, _| done.set(outcome.is_ok())), ctx);
            act.written().map(move |(), _, _| is_done.get().then_some(cleared))
        })))
    }
}

impl ExchangeActor {
    fn clear(&mut self, by: String) -> (Cleared, Change) {
        let (now, prices, book) =
            (self.deps.time.now(), self.deps.market.without_token, &mut self.volatile.book);
        let segments =
            Segment::ALL.into_iter().filter(|segment| book.engine().takes_orders_in(*segment, now));
        let segments: Vec<_> = segments.collect();
        let before = open(book.engine()).count();
        let Execution { records, .. } =
            book.execute(Operation::ExitPositions, &request(&segments), prices, now);
        // What is held over night stays in the simulated account, and is no position that a bot could close at FYERS.
        let released = self.volatile.books.release_shares();
        let engine = self.volatile.book.engine();
        let closed = (before.saturating_sub(open(engine).count()) + released) as u64;
        let shut: Vec<&str> = open(engine)
            .map(|account| account.symbol.as_str())
            .filter(|symbol| !segments.contains(&segment_of(symbol)))
            .collect();
        let theirs: Vec<_> = shut.iter().map(|symbol| segment_of(symbol)).collect();
        let opens = sessions::next_open(engine.calendar(), &theirs, now).map(|(_, session)| session.open);
        let shut = shut.into_iter().map(str::to_owned).collect();
        let told = (closed > 0).then_some((now, Event::SimulatedCleared { by, positions: closed }));
        let mut change = Change { events: told.into_iter().collect(), ..self.mock_change(records) };
        if change.mock_records.is_empty() {
            self.note_books(&mut change);
        }
        (Cleared { closed, shut, opens }, change)
    }
}
