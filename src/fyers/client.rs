//! The calls.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use fyers_api::{
    model::{FundLimits, Profile},
    request,
    response::{self, Body, Parsed, Tokens, Unreadable},
};
use keeper_domain::{
    broker_error::BrokerError,
    ports::{Broker, FreshTokens},
    routing::drift::ToldDrift,
    secret::{AccessToken, AuthCode, RefreshToken},
};
use reqwest::{RequestBuilder, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::fyers::{
    answer,
    config::{FyersConfig, SetupError},
    contact::ContactLog,
    credentials::Credentials,
    http::{Http, Raw, Timer},
    limits::{Limiter, RequestCost},
};

/// The largest answer about one thing: tokens, profile, funds, an order's acknowledgement.
const SMALL: usize = 64 * 1024;

/// One FYERS app, spoken to over HTTP. Cheap to share behind an `Arc`; it keeps its connections.
///
/// Of a [`BrokerError::Refused`] with HTTP status 0 the broker knows nothing: the client itself would not
/// send the request (no PIN, no possible token, no exact price).
pub struct FyersClient {
    http: Http,
    limiter: Arc<Limiter>,
    app: Credentials,
    api_url: Url,
    /// What was told of odd answers.
    drift: Mutex<ToldDrift>,
}

impl fmt::Debug for FyersClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FyersClient").finish_non_exhaustive()
    }
}

impl FyersClient {
    /// Checks the settings and builds the client; sends nothing. The limiter is the account's, shared with the proxy.
    pub fn new(config: FyersConfig, limiter: Arc<Limiter>) -> Result<Self, SetupError> {
        config.check()?;
        Ok(Self {
            limiter,
            http: Http::new(config.timeouts, config.proxy.as_ref())?,
            app: Credentials::new(config.client_id, config.secret, config.pin),
            api_url: config.api_url,
            drift: Mutex::default(),
        })
    }

    /// The same client, with somebody who hears how long its calls take.
    #[must_use]
    pub fn timed_by(mut self, timer: Timer) -> Self {
        self.http.timed_by(timer);
        self
    }

    /// The same client, with somebody who hears whether FYERS answers.
    #[must_use]
    pub fn noted_in(mut self, contact: Arc<ContactLog>) -> Self {
        self.http.noted_in(contact);
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
        Ok(answer::warned(&self.drift, "profile", profile))
    }

    async fn get_funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        let request = self.http.get(at(&self.api_url, &["funds"]));
        let funds = self.call_as(token, request, SMALL, response::funds).await?;
        Ok(answer::warned(&self.drift, "funds", funds))
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
        answer::read(&self.send(request, limit, RequestCost::SESSION).await?, &self.known(token), parse)
    }

    fn known<'a>(&'a self, token: &'a AccessToken) -> Vec<&'a str> {
        let mut known = self.app.known();
        known.push(token.expose());
        known
    }

    /// Sends when FYERS' limits allow it.
    async fn send(
        &self,
        request: RequestBuilder,
        limit: usize,
        cost: RequestCost,
    ) -> Result<Raw, BrokerError> {
        let under_way = self.limiter.session_turn(cost).await?;
        let answer = self.http.send(request, limit).await;
        drop(under_way);
        self.limiter.heed_own(&answer);
        answer
    }

    /// A call that brings tokens. It has no token of its own, and answers with secrets.
    async fn tokens(
        &self,
        request: RequestBuilder,
        known: &[&str],
        call: &'static str,
    ) -> Result<FreshTokens, BrokerError> {
        let raw = self.send(request, SMALL, RequestCost::SESSION).await?;
        let parsed: Parsed<Tokens> = answer::read(&raw, known, response::tokens)?;
        let Tokens { access, refresh } = answer::warned(&self.drift, call, parsed);
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
        self.limiter.may_log_in()?;
        let mut known = self.app.known();
        known.push(code.expose());
        let request = self.http.post(at(&self.api_url, &["validate-authcode"]));
        let tokens = self.tokens(request.json(&self.app.login_body(code)), &known, "validate-authcode").await;
        if matches!(tokens, Err(BrokerError::Refused { .. })) {
            self.limiter.login_failed();
        }
        tokens
    }

    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        self.get_funds(token).await
    }

    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError> {
        let request = self.http.post(at(&self.api_url, &["logout"])).json(&Value::Null);
        self.call_as(token, request, SMALL, |status, body| Body::read(status, body).map(drop)).await
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        self.send(self.http.get(self.api_url.clone()), SMALL, RequestCost::SESSION).await.map(drop)
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        self.last_skew()
    }
}

/// A path below a base address, with or without a slash at its end.
fn at(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}
