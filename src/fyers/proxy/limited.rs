//! Keeps FYERS' limits for everything that bots send through a proxy.
//!
//! A call that may not leave yet waits for a short time; then the bot gets what FYERS would have answered,
//! status 429 and code -429, with the reason and the time to wait in headers and in words (the official
//! programs show their caller no headers). Nothing here reaches the MockExchange: what does not go to FYERS
//! does not come through here.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use fyers_api::http::{ApiRequest, ApiResponse};
use keeper_domain::{
    broker_error::Transport,
    ports::{Asker, BrokerProxy, ProxyError, Wanted},
    secret::AccessToken,
};
use reqwest::header::HeaderMap;

use crate::fyers::{
    date,
    limits::{Caller, Limit, Limiter, RequestCost, Wait},
};

/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// A proxy with the account's limiter before it.
pub struct LimitedProxy {
    inner: Arc<dyn BrokerProxy>,
    limiter: Arc<Limiter>,
    patience: Duration,
}

impl LimitedProxy {
    /// Puts the limiter before a proxy.
    pub fn new(inner: Arc<dyn BrokerProxy>, limiter: Arc<Limiter>) -> Self {
        Self { inner, limiter, patience: PATIENCE }
    }

    /// The same proxy with another longest wait.
    #[must_use]
    pub fn waiting_at_most(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    async fn send_at(
        &self,
        cost: RequestCost,
        token: &AccessToken,
        call: &ApiRequest,
        wanted: Arc<Wanted>,
    ) -> Result<ApiResponse, ProxyError> {
        let under_way = match self.limiter.turn(cost, self.patience).await {
            Ok(under_way) => under_way,
            // As the fence would have said before the wait: nothing was sent.
            Err(Wait { limit: Limit::Lease, .. }) => return Err(ProxyError::Transport(Transport::Connect)),
            Err(wait) => return Ok(refusal(wait)),
        };
        if !wanted() {
            return Ok(not_wanted());
        }
        let answer = self.inner.send(token, call).await;
        drop(under_way);
        let answer = answer?;
        let retry_after = || date::retry_after(&head(&answer), self.limiter.now());
        self.limiter.heed(answer.status, (answer.status == 429).then(retry_after).flatten());
        Ok(answer)
    }
}

#[async_trait]
impl BrokerProxy for LimitedProxy {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.send_at(RequestCost::of(call, Caller::Bot), token, call, Arc::new(|| true)).await
    }

    async fn send_for(
        &self,
        asker: &Asker,
        token: &AccessToken,
        call: &ApiRequest,
    ) -> Result<ApiResponse, ProxyError> {
        let cost = RequestCost::of(call, Caller::Bot).asked_by(asker);
        self.send_at(cost, token, call, Arc::new(|| true)).await
    }

    async fn send_while(
        &self,
        token: &AccessToken,
        call: &ApiRequest,
        wanted: Arc<Wanted>,
    ) -> Result<ApiResponse, ProxyError> {
        self.send_at(RequestCost::of(call, Caller::Bot), token, call, wanted).await
    }

    async fn send_own(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.send_at(RequestCost::of(call, Caller::Keeper), token, call, Arc::new(|| true)).await
    }
}

fn head(answer: &ApiResponse) -> HeaderMap {
    let pairs = answer.headers.iter();
    pairs.filter_map(|(name, value)| Some((name.parse().ok()?, value.as_slice().try_into().ok()?))).collect()
}

/// A person halted trading, or the bot's key changed, while the order waited for its turn.
fn not_wanted() -> ApiResponse {
    let message = "fyers-keeper: a halt, its end, or a change of the key came while this order waited for its turn; it \
                   was not sent. Send it again if it should still go";
    let body = serde_json::json!({ "code": -503, "message": message, "s": "error" });
    let headers = [("content-type", "application/json"), ("x-keeper-limit", "changed")];
    ApiResponse {
        status: 503,
        headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into(),
        body: body.to_string().into_bytes(),
    }
}

/// What FYERS answers (docs/fyers-api.md, "Rate limits"), with the reason in words.
fn refusal(wait: Wait) -> ApiResponse {
    let (slug, words) = match wait.limit {
        Limit::Second => ("second", "too many requests in a second"),
        Limit::Minute => ("minute", "too many requests in a minute"),
        Limit::Key => ("key", "this key has had its part of the reads, and the rest is for the other keys"),
        Limit::Day => ("day", "no requests of this kind are left for today"),
        Limit::Fyers => ("fyers", "FYERS itself has asked to wait"),
        Limit::Untold => ("untold", "the state database does not answer, and without it few may be sent"),
        Limit::Lease => ("lease", "another keeper may act by now"),
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
