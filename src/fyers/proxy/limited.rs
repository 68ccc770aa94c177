//! Keeps FYERS' limits for everything that goes through a proxy.
//!
//! A call that may not leave yet waits for a short time; then the bot gets what FYERS would have answered,
//! status 429 and code -429, with the reason and the time to wait in headers and in words (the official
//! programs show their caller no headers). Nothing here reaches the MockExchange: what does not go to FYERS
//! does not come through here.
//!
//! The counts are in memory: a restart forgets them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use fyers_api::http::{ApiRequest, ApiResponse};
use keeper_domain::{
    ports::{BrokerProxy, ProxyError, Time},
    secret::AccessToken,
};
use reqwest::header::HeaderMap;
use tokio::time::{Instant, sleep, timeout_at};

use crate::fyers::date;
use crate::fyers::proxy::{
    cost::{Kind, RequestCost},
    pace::{Limit, Pace, Wait},
};

/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// A proxy with a gate before it.
pub struct LimitedProxy {
    inner: Arc<dyn BrokerProxy>,
    time: Arc<dyn Time>,
    began: Instant,
    patience: Duration,
    pace: Mutex<Pace>,
    /// Whoever leaves goes through here, one after the other. An order waits in it, so that reads cannot
    /// overtake it; a read only looks in.
    gate: tokio::sync::Mutex<()>,
    /// Where reads queue, so that they leave in the order they came.
    reads: tokio::sync::Mutex<()>,
}

impl LimitedProxy {
    /// Puts the gate before a proxy. `time` tells the day; waiting is done on tokio's clock.
    pub fn new(inner: Arc<dyn BrokerProxy>, time: Arc<dyn Time>) -> Self {
        Self {
            inner,
            time,
            began: Instant::now(),
            patience: PATIENCE,
            pace: Mutex::default(),
            gate: tokio::sync::Mutex::default(),
            reads: tokio::sync::Mutex::default(),
        }
    }

    /// The same gate with another longest wait.
    #[must_use]
    pub fn waiting_at_most(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Waits for the call's turn, in vain only when there is a chance.
    async fn turn(&self, cost: RequestCost) -> Result<(), Wait> {
        let deadline = Instant::now() + self.patience;
        let turn = async {
            match cost.kind {
                Kind::Order => self.order_turn(cost, deadline).await,
                Kind::Other => self.read_turn(cost, deadline).await,
            }
        };
        // Whoever is still in the queue is told how long it would be for the first one.
        timeout_at(deadline, turn).await.unwrap_or_else(|_| Err(self.queued(cost)))
    }

    async fn order_turn(&self, cost: RequestCost, deadline: Instant) -> Result<(), Wait> {
        let _first = self.gate.lock().await;
        loop {
            match self.leave(cost) {
                Err(wait) if Instant::now() + wait.length <= deadline => sleep(wait.length).await,
                decided => return decided,
            }
        }
    }

    async fn read_turn(&self, cost: RequestCost, deadline: Instant) -> Result<(), Wait> {
        let _first = self.reads.lock().await;
        loop {
            let passed = {
                let _not_before_an_order = self.gate.lock().await;
                self.leave(cost)
            };
            match passed {
                Err(wait) if Instant::now() + wait.length <= deadline => sleep(wait.length).await,
                decided => return decided,
            }
        }
    }

    fn leave(&self, cost: RequestCost) -> Result<(), Wait> {
        self.pace().leave(cost, self.began.elapsed(), self.time.now())
    }

    fn queued(&self, cost: RequestCost) -> Wait {
        let now = self.began.elapsed();
        let wait = self.pace().wait(cost, now, self.time.now());
        wait.unwrap_or(Wait { limit: Limit::Second, length: Duration::from_secs(1) })
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        // The counts are whole at any moment, even after a panic.
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from an answer.
    fn heed(&self, answer: &ApiResponse) {
        let now = self.began.elapsed();
        if answer.status == 429 {
            let retry_after = date::retry_after(&head(answer), self.time.now());
            self.pace().refused(now, retry_after);
            tracing::warn!(event = "gateway.limited", "FYERS says that the request limit is reached");
        } else {
            self.pace().accepted(now);
        }
    }
}

#[async_trait]
impl BrokerProxy for LimitedProxy {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        if let Err(wait) = self.turn(RequestCost::of(call)).await {
            return Ok(refusal(wait));
        }
        let answer = self.inner.send(token, call).await?;
        self.heed(&answer);
        Ok(answer)
    }
}

fn head(answer: &ApiResponse) -> HeaderMap {
    let pairs = answer.headers.iter();
    pairs.filter_map(|(name, value)| Some((name.parse().ok()?, value.as_slice().try_into().ok()?))).collect()
}

/// What FYERS answers (docs/fyers-api.md, "Rate limits"), with the reason in words.
fn refusal(wait: Wait) -> ApiResponse {
    let (slug, words) = match wait.limit {
        Limit::Second => ("second", "too many requests in a second"),
        Limit::Minute => ("minute", "too many requests in a minute"),
        Limit::Day => ("day", "no requests of this kind are left for today"),
        Limit::Fyers => ("fyers", "FYERS itself has asked to wait"),
    };
    let millis = wait.length.as_millis().max(1);
    let message = format!(
        "Request limit reached: {words}. The keeper has not sent this one. Try again in {millis} ms."
    );
    let body = serde_json::json!({ "code": -429, "message": message, "s": "error" });
    let seconds = millis.div_ceil(1_000);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("retry-after", seconds.to_string()),
        ("x-retry-after-ms", millis.to_string()),
        ("x-keeper-limit", slug.to_owned()),
    ];
    ApiResponse {
        status: 429,
        headers: headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).into(),
        body: body.to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests;
