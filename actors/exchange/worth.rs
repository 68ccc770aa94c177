//! What the MockExchange's account is worth.

use actix::{ActorFutureExt, AtomicResponse, Context, Handler};
use keeper_domain::mode::Mode;
use mock_exchange::exchange::Prices;

use crate::exchange::{
    ExchangeActor,
    messages::{GetWorth, Worth},
};

impl Handler<GetWorth> for ExchangeActor {
    type Result = AtomicResponse<Self, Worth>;

    fn handle(&mut self, _: GetWorth, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(Box::pin(self.written().map(|(), act, _| act.worth())))
    }
}

impl ExchangeActor {
    /// At the prices that an order would meet without asking FYERS.
    pub(super) fn worth(&self) -> Worth {
        let (mode, now) = (self.volatile.mode, self.deps.time.now());
        let prices = if mode == Mode::Mock { self.prices(mode) } else { Prices::Last };
        let (book, engine) = (&self.volatile.book, self.volatile.book.engine());
        let value = engine.worth(|symbol| book.price(symbol, prices, now));
        let (has_traded, has_copied) = (engine.ledger().has_traded(), !engine.ledger().copied.is_empty());
        Worth { value, has_traded, has_copied, began: self.volatile.began }
    }
}
