//! What the ExchangeActor is given.

use std::sync::Arc;

use keeper_domain::{
    clock::token_hours::TokenHours,
    ports::{BrokerProxy, OutgoingAddress, Store, Time},
    routing::OnTokenLoss,
};
use mock_exchange::{
    Config, Engine, Instruments, KeptPrice,
    exchange::{MockExchange, Prices},
};

use crate::{
    exchange::{
        bots::SharedKeys,
        conditional::ConditionalOrders,
        execution::{FaultPoint, InFlight, Tasks},
        market::MockMarket,
        messages::TokenDied,
        reads::SharedSnapshot,
    },
    hub::Hub,
    notifier::messages::JournalGrew,
    recipient_cell::RecipientCell,
    token::messages::{GetSession, TokenRejected},
};

/// Made-up prices are the same in every run.
const SEED: u64 = 0x6b65_6570;

/// What the ExchangeActor is given.
#[derive(Clone)]
pub struct ExchangeDeps {
    /// The way to FYERS; `None` when no app is configured.
    pub proxy: Option<Arc<dyn BrokerProxy>>,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// `KEEPER_ON_TOKEN_LOSS`.
    pub on_token_loss: OnTokenLoss,
    /// The MockExchange's rules: capital, charges, what a tag means.
    pub rules: Config,
    /// Where its prices and its account come from.
    pub market: MockMarket,
    /// Symbols with their ticks and lots, as far as they are known.
    pub instruments: Instruments,
    /// The configured app; empty when there is none.
    pub app: String,
    /// Who knows this machine's address on the internet.
    pub outgoing: Option<Arc<dyn OutgoingAddress>>,
    /// To the TokenActor.
    pub session: RecipientCell<GetSession>,
    /// To the TokenActor.
    pub rejected: RecipientCell<TokenRejected>,
    /// From the way to FYERS to this actor, which connects it.
    pub died: RecipientCell<TokenDied>,
    /// Wakes the Notifier after a commit.
    pub journal: RecipientCell<JournalGrew>,
    /// Where orders run that are on their way to FYERS.
    pub tasks: Tasks,
    /// The orders on their way.
    pub in_flight: InFlight,
    /// GTT and smart orders that wait at FYERS.
    pub conditional: ConditionalOrders,
    /// All keys.
    pub keys: SharedKeys,
    /// What readers decide by.
    pub snapshot: SharedSnapshot,
    /// The number of this holding of the store; 0 where only one keeper can hold it.
    pub epoch: u64,
    /// When a token matters: commodities join once they are traded.
    pub hours: Arc<TokenHours>,
    /// For tests that end the program at a step of an order.
    pub fault: FaultPoint,
    /// Where bots hear of the mode and of simulated orders.
    pub hub: Hub,
}

impl ExchangeDeps {
    /// A MockExchange of which nothing is known yet.
    pub(super) fn book(&self) -> MockExchange {
        self.exchange(Engine::new(self.rules, self.instruments.clone()), &[])
    }

    /// The MockExchange with this book and these prices of before.
    pub(super) fn exchange(&self, engine: Engine, prices: &[KeptPrice]) -> MockExchange {
        let mut exchange =
            MockExchange::resume(engine, SEED).with_calendar(Arc::clone(&self.market.calendar));
        if self.market.without_token == Prices::Last {
            exchange.forget_made_up_prices();
        }
        prices.iter().for_each(|price| exchange.remember(price));
        exchange
    }
}
