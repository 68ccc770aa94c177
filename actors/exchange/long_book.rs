//! The MockExchange's order book when it is long: page by page, one message each, with everything else in between.

use actix::{ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler};

use crate::exchange::{
    ExchangeActor,
    messages::{NextRows, Rest, Rows},
    pipeline::After,
    waiting::Forwarding,
    words::not_now,
};
use fyers_api::{
    http::ApiResponse,
    operation::{Operation, parameter},
};
use keeper_domain::routing::Venue;
use mock_exchange::{Record, api::book_pages::BookRest};

/// Orders in one answer, and in one page of a longer one.
const PAGE: usize = 500;

impl ExchangeActor {
    /// Whether this request asks for a book that is too long to be answered at once.
    pub(super) fn is_long_book(&self, forwarding: &Forwarding) -> bool {
        forwarding.call.operation == Operation::Orders
            && parameter(&forwarding.request.query, "id").is_none()
            && self.volatile.book.engine().ledger().orders.len() > PAGE
    }

    /// The first page, and where to ask for the next one.
    pub(super) fn begin_book(
        &mut self,
        forwarding: Forwarding,
        mut records: Vec<Record>,
        ctx: &mut Context<Self>,
    ) {
        let prices = self.prices(forwarding.mode);
        records.extend(self.volatile.book.tick(self.deps.time.now(), prices));
        let change = self.mock_change(records);
        let after: After = Box::new(move |act, outcome, _| match outcome {
            Ok(()) => act.first_page(forwarding),
            Err(error) => {
                let words = not_now(&format!("nothing was done: {}", error.problem));
                act.volatile.pipeline.show_what_is_on_disk(forwarding, words);
            }
        });
        self.queue_own_facts(change, after, ctx);
        // A page shows the book in memory, so nothing else is decided before.
        let page = self.written();
        ctx.wait(page);
    }

    pub(super) fn first_page(&self, forwarding: Forwarding) {
        let (before, after) = BookRest::frame(self.deps.rules.name);
        let rest = BookRest::of(parameter(&forwarding.request.query, "order_tag"));
        let page = self.rows(Rest { book: rest, after });
        let headers = vec![("content-type".to_owned(), b"application/json; charset=utf-8".to_vec())];
        let body = [before.into_bytes(), page.bytes].concat();
        forwarding.arrive_with(Venue::Mock, ApiResponse { status: 200, headers, body }, page.rest);
    }

    /// Some rows; the last ones with what comes after them.
    fn rows(&self, Rest { book, after }: Rest) -> Rows {
        let engine = self.volatile.book.engine();
        let page = book.page(engine.ledger(), engine.market(), PAGE);
        match page.rest {
            Some(book) => Rows { bytes: page.rows.into_bytes(), rest: Some(Rest { book, after }) },
            None => Rows { bytes: (page.rows + &after).into_bytes(), rest: None },
        }
    }
}

impl Handler<NextRows> for ExchangeActor {
    type Result = AtomicResponse<Self, Rows>;

    fn handle(&mut self, NextRows(rest): NextRows, ctx: &mut Self::Context) -> Self::Result {
        self.breathe(ctx);
        AtomicResponse::new(Box::pin(self.written().map(move |(), act, _| act.rows(rest))))
    }
}
