//! The calls.

use std::{collections::HashMap, fmt};

use async_trait::async_trait;
use chrono::TimeDelta;
use fyers_api::{
    error::ApiError,
    model::{FundLimits, Funds, Order, OrderAck, OrderRequest, Position, Profile, Quote},
    request,
    response::{self, Body, Parsed, QuoteRow, Tokens, Unreadable},
};
use keeper_domain::{
    broker_error::BrokerError,
    ports::{Broker, Exchange, FreshTokens},
    secret::{AccessToken, AuthCode, RefreshToken},
};
use reqwest::{RequestBuilder, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::fyers::{
    answer,
    clean::clean,
    config::{FyersConfig, SetupError},
    credentials::{Credentials, not_sent},
    http::{Http, Timer},
};

/// The largest answer about one thing: tokens, profile, funds, an order's acknowledgement.
const SMALL: usize = 64 * 1024;

/// The largest answer with a list in it.
const LIST: usize = 1024 * 1024;

/// The HTTP status of an answer that says "ok".
const OK: u16 = 200;

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
        url.query_pairs_mut().extend_pairs(request::login_page(self.app.client_id(), redirect_uri, state));
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
        let profile = self.call_as(token, request, SMALL, response::profile).await?;
        Ok(answer::warned("profile", profile))
    }

    async fn get_funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["funds"]));
        let funds = self.call_as(token, request, SMALL, response::funds).await?;
        Ok(answer::warned("funds", funds))
    }

    /// An authenticated call.
    async fn call_as<T>(
        &self,
        token: &AccessToken,
        request: RequestBuilder,
        limit: usize,
        parse: impl FnOnce(u16, &[u8]) -> Result<T, Unreadable>,
    ) -> Result<T, BrokerError> {
        let request = request.header(AUTHORIZATION, self.app.authorization(token)?);
        answer::read(&self.http.send(request, limit).await?, &self.known(token), parse)
    }

    fn known<'a>(&'a self, token: &'a AccessToken) -> Vec<&'a str> {
        let mut known = self.app.known();
        known.push(token.expose());
        known
    }

    /// A call that brings tokens. It has no token of its own, and answers with secrets.
    async fn tokens(
        &self,
        request: RequestBuilder,
        known: &[&str],
        call: &'static str,
    ) -> Result<FreshTokens, BrokerError> {
        let raw = self.http.send(request, SMALL).await?;
        let parsed: Parsed<Tokens> = answer::read(&raw, known, response::tokens)?;
        let Tokens { access, refresh } = answer::warned(call, parsed);
        Ok(FreshTokens {
            access: AccessToken::new(access.expose_secret()),
            refresh: refresh.map(|token| RefreshToken::new(token.expose_secret())),
        })
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
        self.tokens(request.json(&body), &known, "validate-refresh-token").await
    }

    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError> {
        let mut known = self.app.known();
        known.push(code.expose());
        let request = self.http.post(at(&self.api_url, &["validate-authcode"]));
        self.tokens(request.json(&self.app.login_body(code)), &known, "validate-authcode").await
    }

    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        self.get_funds(token).await
    }

    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError> {
        let request = self.http.post(at(&self.api_url, &["logout"])).json(&Value::Null);
        self.call_as(token, request, SMALL, |status, body| Body::read(status, body).map(drop)).await
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
        let funds = self.get_funds(token).await?;
        funds.complete().ok_or_else(|| answer::field_missing(OK, "fund_limit"))
    }

    /// FYERS documents at most 50 symbols a call. One bad symbol fails the call, with its own code.
    async fn quotes(&self, token: &AccessToken, symbols: &[String]) -> Result<Vec<Quote>, BrokerError> {
        if symbols.is_empty() {
            return Ok(Vec::new());
        }
        let mut url = at(&self.data_url, &["quotes"]);
        url.query_pairs_mut().append_pair("symbols", &symbols.join(","));
        let rows = self.call_as(token, self.http.get(url), LIST, response::quotes).await?;
        in_order(answer::warned("quotes", rows), symbols, &self.known(token))
    }

    /// One order, one request. After [`BrokerError::Transport`] other than `Connect`, a `Fault` or a
    /// `Garbled` answer the order may exist: look in the order book before sending it again. A `Refused`
    /// whose message ends in an order id is in the book as rejected.
    async fn place(&self, token: &AccessToken, order: &OrderRequest) -> Result<OrderAck, BrokerError> {
        let body = request::order(order)
            .map_err(|_| not_sent(0, "The price has more digits than can be sent exactly."))?;
        let request = self.http.post(at(&self.api_url, &["orders", "sync"]));
        Ok(self.call_as(token, request.json(&body), SMALL, response::ack).await?.value)
    }

    async fn orders(&self, token: &AccessToken) -> Result<Vec<Order>, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["orders"]));
        let book = self.call_as(token, request, LIST, response::orders).await?;
        if let Some(unknown) = book.unknown.first() {
            return Err(answer::field_missing(OK, unknown.field));
        }
        let clean_words = |order: Order| Order { message: clean(&order.message, &[]), ..order };
        let rows = book.rows.into_iter().map(clean_words).collect();
        Ok(answer::warned("orders", Parsed { value: rows, drift: book.drift }))
    }

    async fn positions(&self, token: &AccessToken) -> Result<Vec<Position>, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["positions"]));
        let book = self.call_as(token, request, LIST, response::positions).await?;
        if !book.unknown.is_empty() {
            return Err(answer::field_missing(OK, "netPositions"));
        }
        Ok(answer::warned("positions", Parsed { value: book.rows, drift: book.drift }))
    }
}

/// The prices in the order they were asked for, whatever order they came in.
fn in_order(rows: Vec<QuoteRow>, symbols: &[String], known: &[&str]) -> Result<Vec<Quote>, BrokerError> {
    let by_symbol: HashMap<String, _> = rows.into_iter().map(|row| (row.symbol, row.last)).collect();
    let price = |symbol: &String| match by_symbol.get(symbol) {
        Some(Ok(last)) => Ok(Quote { symbol: symbol.clone(), last: *last }),
        Some(Err(error)) => {
            let message = format!("{symbol}: {}", error.message);
            Err(answer::refusal(&ApiError { message, ..error.clone() }, known))
        }
        None => Err(answer::field_missing(OK, "d")),
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
