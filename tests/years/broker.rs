//! A FYERS without a network: tokens that end at 06:00, logins, refresh as the law has it, and outages.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Days, TimeDelta, Utc};
use fyers_api::{
    claims,
    http::{ApiRequest, ApiResponse},
    ist,
    model::{FundLimits, Profile},
};
use keeper_domain::{
    broker_error::{BrokerError, Garble, Transport},
    ports::{Broker, BrokerProxy, FreshTokens, ProxyError},
    secret::{AccessToken, AuthCode, RefreshToken},
};
use serde_json::json;

use crate::clock::Clock;

pub(crate) const ACCOUNT: &str = "XX00001";
pub(crate) const APP: &str = "ABCD1234EF-200";
/// How long an answer takes.
const USUAL: Duration = Duration::from_millis(150);
/// How long the real client waits for one.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the refresh call is answered by law.
const DISABLED: &str = "Refresh token API is currently disabled to comply with SEBI regulations.";
/// Days a refresh token is good for.
const REFRESH_DAYS: i64 = 15;

/// What FYERS does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// No connection.
    Unreachable,
    /// No answer; what was asked for may be done all the same.
    Silent,
    /// A server error.
    Broken,
    /// HTML.
    Garbled,
    /// Too many requests, with a `Retry-After`.
    Busy,
    /// An answer that takes its time.
    Slow(Duration),
}

/// A token that was issued.
struct Issued {
    ends: DateTime<Utc>,
    is_ended: bool,
}

#[derive(Default)]
struct State {
    outage: Option<(DateTime<Utc>, Outage)>,
    tokens: HashMap<String, Issued>,
    refresh_tokens: HashMap<String, DateTime<Utc>>,
    codes: HashSet<String>,
    number: u64,
    /// The newest token whose issue the keeper has heard of.
    granted: Option<Granted>,
    /// The token that was refused first and last, and when the machine had run so long.
    refused: Option<(String, Duration)>,
    /// When the latest outage ended.
    fine_since: Duration,
    calls: u64,
}

/// See [`State::granted`].
#[derive(Debug, Clone)]
pub(crate) struct Granted {
    pub(crate) token: String,
    pub(crate) at: Duration,
}

pub(crate) struct Fyers {
    clock: Arc<Clock>,
    /// Whether the refresh call works; by law it does not.
    refreshes: bool,
    state: Mutex<State>,
}

impl Fyers {
    pub(crate) fn new(clock: &Arc<Clock>, refreshes: bool) -> Self {
        Self { clock: Arc::clone(clock), refreshes, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn fails(&self, how: Outage, long: TimeDelta) {
        self.state().outage = Some((self.clock.truth() + long, how));
    }

    pub(crate) fn heals(&self) {
        self.state().outage = None;
    }

    fn outage(&self) -> Option<Outage> {
        let (now, ran) = (self.clock.truth(), self.clock.ran());
        let mut state = self.state();
        let outage = state.outage.filter(|(until, _)| now < *until).map(|(_, how)| how);
        if outage.is_some() {
            state.fine_since = ran;
        }
        outage
    }

    /// Since when, by the machine's own clock, FYERS answers.
    pub(crate) fn fine_since(&self) -> Duration {
        self.outage();
        self.state().fine_since
    }

    /// A code as a login brings it.
    pub(crate) fn code(&self, is_good: bool) -> AuthCode {
        let mut state = self.state();
        state.number += 1;
        let code = claims::fake(&json!({"app_id": &APP[..10], "n": state.number}));
        if is_good {
            state.codes.insert(code.clone());
        }
        AuthCode::new(code)
    }

    /// All tokens end now, as by a login elsewhere.
    pub(crate) fn end_tokens(&self) {
        self.state().tokens.values_mut().for_each(|token| token.is_ended = true);
    }

    pub(crate) fn is_good(&self, token: &str) -> bool {
        let now = self.clock.truth();
        self.state().tokens.get(token).is_some_and(|issued| !issued.is_ended && now < issued.ends)
    }

    pub(crate) fn granted(&self) -> Option<Granted> {
        self.state().granted.clone()
    }

    /// What was granted is nothing that the keeper must have.
    pub(crate) fn forget_granted(&self) {
        self.state().granted = None;
    }

    pub(crate) fn refused(&self) -> Option<(String, Duration)> {
        self.state().refused.clone()
    }

    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    async fn answers(&self) -> Result<(), BrokerError> {
        let outage = self.outage();
        self.state().calls += 1;
        let (pause, error) = match outage {
            None => (USUAL, None),
            Some(Outage::Slow(pause)) => (pause, None),
            Some(Outage::Unreachable) => (USUAL, Some(BrokerError::Transport(Transport::Connect))),
            Some(Outage::Silent) => (PATIENCE, Some(BrokerError::Transport(Transport::Timeout))),
            Some(Outage::Broken) => (USUAL, Some(BrokerError::Fault { status: 503, retry_after: None })),
            Some(Outage::Garbled) => {
                (USUAL, Some(BrokerError::Garbled { status: 200, garble: Garble::NotJson }))
            }
            Some(Outage::Busy) => {
                let retry_after = Some(Duration::from_secs(7));
                (USUAL, Some(BrokerError::RateLimited { retry_after }))
            }
        };
        tokio::time::sleep(pause).await;
        error.map_or(Ok(()), Err)
    }

    fn issue(&self) -> FreshTokens {
        let now = self.clock.truth();
        let mut state = self.state();
        state.number += 1;
        let today = ist::instant(ist::date(now), ist::at(6, 0));
        let ends = if now < today { today } else { today + Days::new(1) };
        let token = |end: DateTime<Utc>, of| {
            let number = state.number;
            claims::fake(
                &json!({"iat": now.timestamp(), "exp": end.timestamp(), "fy_id": ACCOUNT, "of": of, "n": number}),
            )
        };
        let (access, refresh_ends) = (token(ends, "access"), now + TimeDelta::days(REFRESH_DAYS));
        let refresh = token(refresh_ends, "refresh");
        state.tokens.insert(access.clone(), Issued { ends, is_ended: false });
        state.refresh_tokens.insert(refresh.clone(), refresh_ends);
        state.tokens.retain(|_, token| now < token.ends + TimeDelta::days(2));
        state.refresh_tokens.retain(|_, ends| now < *ends);
        FreshTokens { access: AccessToken::new(access), refresh: Some(RefreshToken::new(refresh)) }
    }

    fn grant(&self, tokens: FreshTokens) -> FreshTokens {
        let token = tokens.access.expose().to_owned();
        self.state().granted = Some(Granted { token, at: self.clock.ran() });
        tokens
    }

    /// Whether the token is taken; one that is not is remembered.
    fn takes(&self, token: &AccessToken) -> bool {
        let is_good = self.is_good(token.expose());
        if !is_good {
            let ran = self.clock.ran();
            let mut state = self.state();
            let is_known = state.refused.as_ref().is_some_and(|(known, _)| known == token.expose());
            if !is_known {
                state.refused = Some((token.expose().to_owned(), ran));
            }
        }
        is_good
    }

    async fn answers_to(&self, token: &AccessToken) -> Result<(), BrokerError> {
        self.answers().await?;
        if self.takes(token) { Ok(()) } else { Err(refusal(401, -16, "Could not authenticate the user")) }
    }
}

fn refusal(status: u16, code: i64, message: &str) -> BrokerError {
    BrokerError::Refused { status, code, message: message.to_owned() }
}

#[async_trait]
impl Broker for Fyers {
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        self.answers_to(token).await?;
        Ok(Profile { fy_id: ACCOUNT.to_owned(), name: "A B".to_owned() })
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<FreshTokens, BrokerError> {
        self.answers().await?;
        if !self.refreshes {
            return Err(refusal(400, -16, DISABLED));
        }
        if !self.state().refresh_tokens.contains_key(token.expose()) {
            return Err(refusal(400, -501, "invalid refresh token"));
        }
        Ok(self.grant(FreshTokens { refresh: None, ..self.issue() }))
    }

    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError> {
        let answer = self.answers().await;
        let is_silent = matches!(answer, Err(BrokerError::Transport(Transport::Timeout)));
        // Who gets no answer may have spent the code all the same.
        let is_good = (answer.is_ok() || is_silent) && self.state().codes.remove(code.expose());
        answer?;
        if !is_good {
            return Err(refusal(400, -437, "invalid auth code"));
        }
        Ok(self.grant(self.issue()))
    }

    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        self.answers_to(token).await?;
        Ok(FundLimits::default())
    }

    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError> {
        self.answers_to(token).await
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        self.answers().await
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        Some(-self.clock.off())
    }
}

#[async_trait]
impl BrokerProxy for Fyers {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        let (status, body) = match self.answers_to(token).await {
            Ok(()) => (200, book(&call.path)),
            Err(BrokerError::Transport(transport)) => return Err(ProxyError::Transport(transport)),
            Err(BrokerError::Refused { status, code, message }) => {
                (status, json!({"s": "error", "code": code, "message": message}).to_string())
            }
            Err(BrokerError::RateLimited { .. }) => {
                (429, json!({"s": "error", "code": -429, "message": "request limit reached"}).to_string())
            }
            Err(BrokerError::Fault { status, .. }) => (status, "<html>down</html>".to_owned()),
            Err(_) => (200, "<html>down</html>".to_owned()),
        };
        let headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
        Ok(ApiResponse { status, headers, body: body.into_bytes() })
    }
}

fn book(path: &str) -> String {
    match path {
        "/orders" => json!({"s": "ok", "code": 200, "message": "", "orderBook": []}),
        "/positions" => json!({"s": "ok", "code": 200, "message": "", "netPositions": [], "overall": {
            "count_total": 0, "count_open": 0, "pl_total": 0, "pl_realized": 0, "pl_unrealized": 0}}),
        "/gtt/orders" => json!({"s": "ok", "code": 200, "message": "", "orderBook": []}),
        _ => json!({"s": "ok", "code": 200, "message": ""}),
    }
    .to_string()
}
