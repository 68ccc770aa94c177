//! What the MockExchange's account is worth.

use actix::{Context, Handler, MessageResult};
use keeper_domain::mode::Mode;
use mock_exchange::exchange::Prices;

use crate::exchange::{
    ExchangeActor,
    messages::{GetWorth, Worth},
};

impl Handler<GetWorth> for ExchangeActor {
    type Result = MessageResult<GetWorth>;

    /// At the prices that an order would meet without asking FYERS.
    fn handle(&mut self, _: GetWorth, _: &mut Context<Self>) -> Self::Result {
        let (mode, now) = (self.volatile.mode, self.deps.time.now());
        let prices = if mode == Mode::Mock { self.prices(mode) } else { Prices::Last };
        let (book, engine) = (&self.volatile.book, self.volatile.book.engine());
        let value = engine.worth(|symbol| book.price(symbol, prices, now));
        MessageResult(Worth { value, is_untouched: engine.ledger().is_untouched() })
    }
}
