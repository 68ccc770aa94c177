//! FYERS' error about the token in its answer to an order. It says that nothing was done, and proves nothing by itself: the
//! profile call tells whether the token is dead, and the order book what became of the order.

use std::sync::Arc;

use fyers_api::{
    envelope::is_token_code,
    http::ApiResponse,
    response::{self, TokenErrors},
};
use keeper_domain::{
    order_journal::IntentOutcome,
    ports::{Change, ProxyError},
    routing::{Venue, broker_answer::token_death},
};
use tokio::time::timeout;

use crate::exchange::{
    Execution,
    doubt::{self, IsDead},
    execution::InFlightGuard,
    meaning::token_words,
    messages::{End, Forwarded, Simulate, TokenDied},
    words::outcome_unknown,
};

impl Execution {
    /// What comes of FYERS' answer, or of the want of one.
    pub(super) async fn came(self, sent: Result<ApiResponse, ProxyError>, guard: &InFlightGuard) {
        let (errors, words) = self.token_errors(&sent);
        let meaning = self.read(sent);
        // One that names an order proves nothing by itself.
        let is_dead = match errors {
            TokenErrors::None | TokenErrors::WithAnOrder => false,
            TokenErrors::SomeRows | TokenErrors::All => self.is_token_dead().await,
        };
        match errors {
            // What the other rows say holds, whatever the token is.
            TokenErrors::None | TokenErrors::SomeRows => self.settle(meaning, guard).await,
            TokenErrors::All if is_dead => self.token_died(guard).await,
            TokenErrors::All | TokenErrors::WithAnOrder => {
                let why = format!("FYERS refused the token for it ({words}), which proves nothing");
                let doubtful = self.no_answer(Some(&why));
                self.settle(doubtful, guard).await;
            }
        }
    }

    fn token_errors(&self, sent: &Result<ApiResponse, ProxyError>) -> (TokenErrors, String) {
        let Ok(answer) = sent else { return (TokenErrors::None, String::new()) };
        let body = response::json(answer);
        let errors = response::token_errors(answer, &body, self.is_new());
        // What stands in rows `WatchedProxy` does not hear.
        if errors != TokenErrors::None && token_death(answer).is_none() {
            let all = response::outcomes(answer, &body).into_iter().map(|(status, code, ..)| (status, code));
            let code =
                all.filter(|(status, code)| is_token_code(*status, *code)).map(|(_, code)| code).next();
            let fingerprint = self.token.fingerprint();
            self.actor.do_send(TokenDied { fingerprint, code: code.unwrap_or_default() });
        }
        (errors, token_words(answer, &body))
    }

    /// FYERS' error says that the token is dead, and that nothing was done. One answer is not enough to send an order
    /// elsewhere: the profile call must say so as well. If it does not, or not in time, nothing is known of the order.
    async fn is_token_dead(&self) -> bool {
        match self.actor.send(IsDead(self.token.fingerprint())).await {
            Ok(word) => timeout(doubt::LIMIT, word.given()).await.unwrap_or(false),
            Err(_) => false,
        }
    }

    /// FYERS has refused the token and done nothing else: the request is simulated, if it would be now. Whether that is true of
    /// the order the book is asked once a token works, so it is never sent again, and no bot is told that it is not there.
    async fn token_died(self, guard: &InFlightGuard) {
        // What may have opened something stays without an outcome until a book was read for it.
        let is_open = self.intent.may_open();
        let outcomes = if is_open { vec![] } else { vec![(self.intent.id, IntentOutcome::NotSent)] };
        let orders = self.intent.token_refused_entries(self.left(), self.time.now());
        *self.placed.borrow_mut() = orders.clone();
        let notes = if is_open { None } else { self.forget() }.into_iter().collect();
        let unsaved = self.write(Change { outcomes, orders, notes, ..Change::default() }).await;
        self.tell(guard, End::TokenRefused, 0, unsaved);
        let (request, intent) = (self.forwarding.request.clone(), Arc::new(self.intent));
        let told = match self.actor.send(Simulate { request, intent }).await {
            Ok(pending) => pending.answered().await,
            Err(_) => Forwarded::interrupted(),
        };
        if told.venue == Venue::Mock {
            let _bot_gone = self.forwarding.reply.send(told);
        } else {
            self.forwarding.arrive(Venue::Fyers, outcome_unknown(None));
        }
    }
}
