//! The calls.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use chrono::TimeDelta;
use fyers_api::model::{Funds, Order, OrderAck, OrderRequest, Position, Profile, Quote};
use keeper_domain::{
    broker_error::BrokerError,
    ports::{Broker, Exchange, FreshTokens},
    secret::{AccessToken, AuthCode, RefreshToken},
};
use reqwest::{RequestBuilder, header::AUTHORIZATION};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::fyers::{
    answer::Answer,
    config::{FyersConfig, SetupError},
    credentials::Credentials,
    fields::Miss,
    http::{Http, Timer},
    order, wire,
};

/// The largest answer about one thing: tokens, profile, funds, an order's acknowledgement.
const SMALL: usize = 64 * 1024;

/// The largest answer with a list in it.
const LIST: usize = 1024 * 1024;

/// One FYERS app, spoken to over HTTP. Cheap to share behind an `Arc`; it keeps its connections.
///
/// Of a [`BrokerError::Refused`] with HTTP status 0 the broker knows nothing: the client itself would not
/// send the request (no PIN, no possible token, no exact price).
pub struct FyersClient {
    http: Http,
    app: Credentials,
    api_url: Url,
    data_url: Url,
}

impl fmt::Debug for FyersClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FyersClient").finish_non_exhaustive()
    }
}

impl FyersClient {
    /// Checks the settings and builds the client; sends nothing.
    pub fn new(config: FyersConfig) -> Result<Self, SetupError> {
        config.check()?;
        Ok(Self {
            http: Http::new(config.timeouts, config.proxy.as_ref())?,
            app: Credentials::new(config.client_id, config.secret, config.pin),
            api_url: config.api_url,
            data_url: config.data_url,
        })
    }

    /// The same client, with somebody who hears how long its calls take.
    #[must_use]
    pub fn timed_by(mut self, timer: Timer) -> Self {
        self.http.timed_by(timer);
        self
    }

    /// Where a person logs in (docs/fyers-api.md, "Login"). `redirect_uri` must be the one registered
    /// with the app; `state` comes back with the code.
    pub fn login_url(&self, redirect_uri: &str, state: &str) -> Url {
        let mut url = at(&self.api_url, &["generate-authcode"]);
        url.query_pairs_mut()
            .append_pair("client_id", self.app.client_id())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("state", state);
        url
    }

    /// How far FYERS' clock is ahead of this machine's by the last answer's `Date`; negative when behind.
    /// Good to about a second plus the answer's way. `None` before the first answer.
    pub fn last_skew(&self) -> Option<TimeDelta> {
        self.http.last_skew()
    }

    /// What the log's redactor must know: the app secret and the hash made of it. The PIN is left out on
    /// purpose: hiding four digits wherever they occur would give them away.
    pub fn secrets(&self) -> Vec<SecretString> {
        self.app.secrets()
    }

    async fn get_profile(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["profile"]));
        self.ask_as(token, request, SMALL).await?.take(wire::profile)
    }

    async fn get_funds(&self, token: &AccessToken) -> Result<Funds, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["funds"]));
        self.ask_as(token, request, SMALL).await?.take(wire::funds)
    }

    /// An authenticated call.
    async fn ask_as(
        &self,
        token: &AccessToken,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Answer, BrokerError> {
        let request = request.header(AUTHORIZATION, self.app.authorization(token)?);
        self.ask(request, limit, &self.known(token)).await
    }

    fn known<'a>(&'a self, token: &'a AccessToken) -> Vec<&'a str> {
        let mut known = self.app.known();
        known.push(token.expose());
        known
    }

    async fn ask(
        &self,
        request: RequestBuilder,
        limit: usize,
        known: &[&str],
    ) -> Result<Answer, BrokerError> {
        Answer::judge(&self.http.send(request, limit).await?, known)
    }
}

#[async_trait]
impl Broker for FyersClient {
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        self.get_profile(token).await
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<FreshTokens, BrokerError> {
        let body: Value = self.app.refresh_body(token)?;
        let mut known = self.app.known_with_pin();
        known.push(token.expose());
        let request = self.http.post(at(&self.api_url, &["validate-refresh-token"]));
        self.ask(request.json(&body), SMALL, &known).await?.take(wire::tokens)
    }

    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError> {
        let mut known = self.app.known();
        known.push(code.expose());
        let request = self.http.post(at(&self.api_url, &["validate-authcode"]));
        self.ask(request.json(&self.app.login_body(code)), SMALL, &known).await?.take(wire::tokens)
    }

    async fn funds(&self, token: &AccessToken) -> Result<Funds, BrokerError> {
        self.get_funds(token).await
    }

    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError> {
        let request = self.http.post(at(&self.api_url, &["logout"])).json(&Value::Null);
        self.ask_as(token, request, SMALL).await?.take(|_| Ok(()))
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        self.last_skew()
    }
}

#[async_trait]
impl Exchange for FyersClient {
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        self.get_profile(token).await
    }

    async fn funds(&self, token: &AccessToken) -> Result<Funds, BrokerError> {
        self.get_funds(token).await
    }

    /// FYERS documents at most 50 symbols a call. One bad symbol fails the call, with its own code.
    async fn quotes(&self, token: &AccessToken, symbols: &[String]) -> Result<Vec<Quote>, BrokerError> {
        if symbols.is_empty() {
            return Ok(Vec::new());
        }
        let mut url = at(&self.data_url, &["quotes"]);
        url.query_pairs_mut().append_pair("symbols", &symbols.join(","));
        let answer = self.ask_as(token, self.http.get(url), LIST).await?;
        in_order(&answer, symbols, &self.known(token))
    }

    /// One order, one request. After [`BrokerError::Transport`] other than `Connect`, a `Fault` or a
    /// `Garbled` answer the order may exist: look in the order book before sending it again. A `Refused`
    /// whose message ends in an order id is in the book as rejected.
    async fn place(&self, token: &AccessToken, order: &OrderRequest) -> Result<OrderAck, BrokerError> {
        let body = order::body(order)?;
        let request = self.http.post(at(&self.api_url, &["orders", "sync"]));
        self.ask_as(token, request.json(&body), SMALL).await?.take(wire::ack)
    }

    async fn orders(&self, token: &AccessToken) -> Result<Vec<Order>, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["orders"]));
        self.ask_as(token, request, LIST).await?.take(wire::orders)
    }

    async fn positions(&self, token: &AccessToken) -> Result<Vec<Position>, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["positions"]));
        self.ask_as(token, request, LIST).await?.take(wire::positions)
    }
}

/// The prices in the order they were asked for, whatever order they came in.
fn in_order(answer: &Answer, symbols: &[String], known: &[&str]) -> Result<Vec<Quote>, BrokerError> {
    let rows = answer.take(wire::quotes)?;
    let by_symbol: HashMap<&str, _> = rows.iter().map(|row| (row.symbol, &row.last)).collect();
    let price = |symbol: &String| match by_symbol.get(symbol.as_str()) {
        Some(Ok(last)) => Ok(Quote { symbol: symbol.clone(), last: *last }),
        Some(Err((code, words))) => Err(answer.refused_part(*code, &format!("{symbol}: {words}"), known)),
        None => Err(answer.missing(Miss("d"))),
    };
    symbols.iter().map(price).collect()
}

/// A path below a base address, with or without a slash at its end.
fn at(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}
