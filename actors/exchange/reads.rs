//! Reads at FYERS. They change nothing, so they need no turn of the actor: whoever has the published snapshot decides
//! by it and sends.

use std::sync::Arc;

use actix::Addr;
use arc_swap::ArcSwap;
use fyers_api::{http::ApiRequest, operation::Operation};
use keeper_domain::{
    broker_error::Transport,
    keys::BotName,
    ports::{BrokerProxy, ProxyError},
    routing::{
        Venue,
        broker_answer::token_death,
        request::OrderCall,
        route::{Route, Snapshot, route},
    },
    secret::AccessToken,
};

use crate::exchange::{
    ExchangeActor,
    bots::{SharedKeys, key_of, seen_by},
    messages::{Forward, Forwarded, Learnt, TokenDied},
    words::{never_left, refusal},
};

/// What the ExchangeActor publishes for readers.
pub type SharedSnapshot = Arc<ArcSwap<Snapshot>>;

/// A bot's way in: reads go to FYERS from here, all else to the actor.
#[derive(Clone)]
pub struct Router {
    /// The latest of what decides.
    pub snapshot: SharedSnapshot,
    /// The way to FYERS; `None` when no app is configured.
    pub proxy: Option<Arc<dyn BrokerProxy>>,
    /// Whose request it may be.
    pub keys: SharedKeys,
    /// Who carries out orders, and everything that is simulated.
    pub exchange: Addr<ExchangeActor>,
}

impl Router {
    /// Handles a request; `None` when the actor is gone.
    pub async fn forward(&self, request: ApiRequest, bot: BotName) -> Option<Forwarded> {
        let call = OrderCall::read(&request);
        let now = self.snapshot.load_full();
        let Some(now) = key_of(&self.keys, &bot).map(|key| seen_by(&now, &key, &call)) else {
            return Some(self.exchange.send(Forward(request, bot)).await.ok()?.answered().await);
        };
        let reads = !call.operation.trades() && route(&now, &call) == Route::Fyers;
        match (&self.proxy, now.token.clone()) {
            (Some(proxy), Some(token)) if reads => {
                let asked = (call, request, bot);
                Some(read(now, Arc::clone(proxy), token, asked, self.exchange.clone()).await)
            }
            _ => Some(self.exchange.send(Forward(request, bot)).await.ok()?.answered().await),
        }
    }
}

/// One read. When FYERS says that the token is dead, it is handled as if it came after the token's death.
pub(super) async fn read(
    now: Arc<Snapshot>,
    proxy: Arc<dyn BrokerProxy>,
    token: Arc<AccessToken>,
    (call, request, bot): (OrderCall, ApiRequest, BotName),
    actor: Addr<ExchangeActor>,
) -> Forwarded {
    let sent = proxy.send(&token, &request).await;
    if let Some(code) = sent.as_ref().ok().and_then(token_death) {
        let _gone = actor.send(TokenDied { fingerprint: token.fingerprint(), code }).await;
        return match actor.send(Forward(request, bot)).await {
            Ok(again) => again.answered().await,
            Err(_) => Forwarded::interrupted(),
        };
    }
    let (venue, answer) = match sent {
        Ok(answer) if never_left(&answer) => (Venue::None, answer),
        Ok(answer) => {
            use Operation::{History, Orders, Positions, Quotes};
            if matches!(call.operation, Quotes | Positions | Orders | History) {
                let (operation, query) = (call.operation, request.query.clone());
                actor.do_send(Learnt { operation, query, answer: answer.clone() });
            }
            (Venue::Fyers, answer)
        }
        Err(error) => lost(&error),
    };
    Forwarded { mode: now.mode, halted: now.halted, reason: now.reason, venue, answer, rest: None }
}

/// A read that brought no answer can be sent again.
fn lost(error: &ProxyError) -> (Venue, fyers_api::http::ApiResponse) {
    let never_sent = matches!(error, ProxyError::Transport(Transport::Connect));
    let (status, venue) = if never_sent { (503, Venue::None) } else { (504, Venue::Fyers) };
    (venue, refusal(status, -503, &format!("{error}; nothing was done")))
}
