//! Reads at FYERS. They change nothing, so they need no turn of the actor: whoever has the published snapshot decides
//! by it and sends.

use std::sync::Arc;

use actix::Addr;
use arc_swap::ArcSwap;
use fyers_api::{
    http::{ApiRequest, ApiResponse},
    operation::Operation,
};
use keeper_domain::{
    bots::leftovers::leftovers,
    broker_error::Transport,
    keys::BotName,
    mode::Mode,
    ports::{Asker, BrokerProxy, ProxyError},
    routing::{
        Venue,
        broker_answer::{stray_token_code, token_death},
        request::OrderCall,
        route::{Route, Snapshot, route},
    },
    secret::AccessToken,
};
use tokio::time::timeout;

use crate::exchange::{
    ExchangeActor,
    bots::{SharedKeys, key_of, seen_by},
    doubt::{self, IsDead},
    messages::{Forward, Forwarded, Learnt},
    read_turns::ReadTurns,
    words::{never_left, not_now, refusal, stray},
};

/// The longest answer that teaches something, in bytes: a year of daily candles is a few ten kilobytes, a book of a hundred
/// orders about sixty.
const LONGEST_LESSON: usize = 128 * 1024;

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
    /// Before it, for reads.
    pub turns: ReadTurns,
}

impl Router {
    /// Simulated positions that are still open although orders go to FYERS now, and whose exits would be entries there.
    pub fn leftovers(&self, now: &Snapshot) -> Vec<String> {
        match now.mode {
            Mode::Live => leftovers(&now.own, &self.keys.load()),
            Mode::Sandbox | Mode::Mock => vec![],
        }
    }

    /// Handles a request; `None` when the actor is gone.
    pub async fn forward(&self, request: ApiRequest, bot: BotName) -> Option<Forwarded> {
        if Operation::of(&request).trades() {
            return Some(self.exchange.send(Forward(request, bot)).await.ok()?.answered().await);
        }
        let call = OrderCall::read(&request);
        let now = self.snapshot.load_full();
        let Some(now) = key_of(&self.keys, &bot).map(|key| seen_by(&now, &key, &call)) else {
            return self.read_in_turn(request, bot).await;
        };
        let reads = route(&now, &call) == Route::Fyers;
        match (&self.proxy, now.token.clone()) {
            (Some(proxy), Some(token)) if reads => {
                let asked = (call, request, asker(&self.keys, bot));
                Some(read(now, Arc::clone(proxy), token, asked, self.exchange.clone()).await)
            }
            _ => self.read_in_turn(request, bot).await,
        }
    }

    /// A read that the actor answers.
    async fn read_in_turn(&self, request: ApiRequest, bot: BotName) -> Option<Forwarded> {
        let turn = self.turns.take(&bot).await;
        let pending = self.exchange.send(Forward(request, bot)).await.ok()?;
        drop(turn);
        Some(pending.answered().await)
    }
}

/// Whose read it is, as the limits share them out.
pub(super) fn asker(keys: &SharedKeys, bot: BotName) -> Asker {
    Asker { bot, is_alone: keys.load().all().len() < 2 }
}

/// One read. When FYERS says that the token is dead, and nobody says that it works, it is handled as if it came after the
/// token's death.
pub(super) async fn read(
    now: Arc<Snapshot>,
    proxy: Arc<dyn BrokerProxy>,
    token: Arc<AccessToken>,
    (call, request, asker): (OrderCall, ApiRequest, Asker),
    actor: Addr<ExchangeActor>,
) -> Forwarded {
    let sent = proxy.send_for(&asker, &token, &request).await;
    if sent.as_ref().ok().and_then(token_death).is_some() && !works(&actor, &token).await {
        return match actor.send(Forward(request, asker.bot)).await {
            Ok(again) => again.answered().await,
            Err(_) => Forwarded::interrupted(),
        };
    }
    let (venue, answer) = match sent {
        Ok(answer) if never_left(&answer) => (Venue::None, answer),
        Ok(answer) => {
            if teaches(call.operation, answer.body.len()) {
                let (operation, query) = (call.operation, request.query.clone());
                actor.do_send(Learnt { operation, query, answer: answer.clone() });
            }
            (Venue::Fyers, without_stray_code(answer))
        }
        Err(error) => lost(&error),
    };
    Forwarded { mode: now.mode, halted: now.halted, reason: now.reason, venue, answer, rest: None }
}

/// A bot that reads only the code would take it for FYERS' word that its token is dead, and stop.
fn without_stray_code(answer: ApiResponse) -> ApiResponse {
    match stray_token_code(&answer) {
        Some(code) => refusal(502, -502, &format!("FYERS answered {}; try again", stray(&answer, code))),
        None => answer,
    }
}

/// Whether an answer of so many bytes is shown to the actor. It reads it on the thread that all actors share, where some
/// megabytes of candles would hold up everybody else, and take several times as much memory: whoever may read could ask for
/// them again and again. What the keeper must know it asks FYERS for by itself.
fn teaches(operation: Operation, bytes: usize) -> bool {
    use Operation::{Chain, Depth, History, Holdings, Orders, Positions, Quotes};
    let is_learnt = matches!(operation, Quotes | Depth | Positions | Orders | Holdings | Chain | History);
    is_learnt && bytes <= LONGEST_LESSON
}

/// Whether the profile call says that a token works which FYERS refused. No word in time is none.
async fn works(actor: &Addr<ExchangeActor>, token: &AccessToken) -> bool {
    match actor.send(IsDead(token.fingerprint())).await {
        Ok(word) => timeout(doubt::LIMIT, word.given()).await.is_ok_and(|dead| !dead),
        Err(_) => false,
    }
}

/// A read that brought no answer can be sent again.
fn lost(error: &ProxyError) -> (Venue, ApiResponse) {
    let never_sent = matches!(error, ProxyError::Transport(Transport::Connect));
    let words = format!("{error}; nothing was done");
    if never_sent { (Venue::None, not_now(&words)) } else { (Venue::Fyers, refusal(504, -503, &words)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_to_read_teaches_nothing() {
        for operation in [Operation::Quotes, Operation::Positions, Operation::Orders, Operation::History] {
            assert!(teaches(operation, LONGEST_LESSON) && !teaches(operation, LONGEST_LESSON + 1));
        }
        assert!(!teaches(Operation::Profile, 100));
    }
}
