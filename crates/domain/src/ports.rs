//! What the actors need from the world. The adapters in the root package implement these.

mod change_line;
mod sockets;
mod store;

use std::time::Duration;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

pub use crate::store_error::{StoreError, StoreErrorKind};
use crate::{
    alert::{Outgoing, SendError},
    broker_error::{BrokerError, Transport},
    keys::BotName,
    secret::{AccessToken, AuthCode, RefreshToken},
};
pub use change_line::ChangeLine;
use fyers_api::{
    http::{ApiRequest, ApiResponse},
    model::{FundLimits, Profile},
};
pub use sockets::*;
pub use store::*;

/// Wall clock and waiting, together, so that a test or the demo can run both faster.
#[async_trait]
pub trait Time: Send + Sync {
    /// The time of day. It may jump in both directions.
    fn now(&self) -> DateTime<Utc>;
    /// Waits. Never used for more than a minute at a time by anything that must see the wall clock move.
    async fn sleep(&self, duration: Duration);
}

/// What a successful refresh or login brings.
#[derive(Debug, Clone)]
pub struct FreshTokens {
    /// The new access token.
    pub access: AccessToken,
    /// A new refresh token, when the broker sent one.
    pub refresh: Option<RefreshToken>,
}

/// The broker's session calls. The adapter knows app id, secret and PIN; the actors never see them.
#[async_trait]
pub trait Broker: Send + Sync {
    /// `GET /profile`: the cheapest proof that a token works (docs/fyers-api.md, "Profile").
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError>;
    /// `POST /validate-refresh-token` (docs/fyers-api.md, "Refresh"). Exactly one call, never a retry.
    async fn refresh(&self, token: &RefreshToken) -> Result<FreshTokens, BrokerError>;
    /// `POST /validate-authcode` (docs/fyers-api.md, "Login"). Exactly one call: a code works once.
    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError>;
    /// `GET /funds`: that the token may do what it is for.
    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError>;
    /// `POST /logout`: ends the token at the broker.
    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError>;
    /// Asks the broker for nothing in particular, without a token: any answer shows that it can be reached.
    async fn ping(&self) -> Result<(), BrokerError> {
        Ok(())
    }
    /// How far the broker's clock is ahead of this machine's by its latest answer, if it told.
    fn clock_skew(&self) -> Option<TimeDelta> {
        None
    }
}

/// A call brought no answer that can be passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The call did not reach the broker, or its answer did not reach the keeper.
    #[error("FYERS cannot be reached: {}", .0.words())]
    Transport(Transport),
    /// Other long answers are under way, and together they are more than the keeper is willing to hold.
    #[error("too many long answers of FYERS are under way; try again")]
    TooMany,
    /// More than the keeper is willing to hold.
    #[error("the answer of FYERS is longer than {limit} bytes")]
    TooLong {
        /// The bound.
        limit: usize,
    },
}

/// Whether an order that waits may still leave.
pub type Wanted = dyn Fn() -> bool + Send + Sync;

/// Whose read it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    /// The key that was shown.
    pub bot: BotName,
    /// There is no other key.
    pub is_alone: bool,
}

/// Carries calls to the broker, each exactly once, and never anywhere else.
#[async_trait]
pub trait BrokerProxy: Send + Sync {
    /// Sends the call with these credentials. Redirects are not followed; nothing is tried twice.
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError>;
    /// The same for a read of one of several bots, which share the rate limits: none of them keeps another one waiting.
    async fn send_for(
        &self,
        _asker: &Asker,
        token: &AccessToken,
        call: &ApiRequest,
    ) -> Result<ApiResponse, ProxyError> {
        self.send(token, call).await
    }
    /// The same for an order, which may wait for its turn: it is asked for once more when it may leave, and when it is
    /// not wanted any more it is refused instead, with the header `x-keeper-limit`.
    async fn send_while(
        &self,
        token: &AccessToken,
        call: &ApiRequest,
        wanted: Arc<Wanted>,
    ) -> Result<ApiResponse, ProxyError> {
        if wanted() { self.send(token, call).await } else { Err(ProxyError::Transport(Transport::Connect)) }
    }
    /// The same for a call of the keeper's own, as the search for an order of unknown fate or the prices of a
    /// square-off: it has a share of the rate limits that bots cannot use up.
    async fn send_own(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.send(token, call).await
    }
}

/// The address this machine has on the internet, as somebody outside sees it.
#[async_trait]
pub trait OutgoingAddress: Send + Sync {
    /// Asks now; `None` when nobody answers.
    async fn ask(&self) -> Option<String>;
    /// The address registered with the app, if the settings tell it.
    fn expected(&self) -> Option<String>;
}

/// Where alerts go.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Hands over one message; an error says whether and when to try again.
    async fn send(&self, message: &Outgoing) -> Result<(), SendError>;
    /// What the log calls it.
    fn channel(&self) -> &'static str {
        "telegram"
    }
    /// Whether a person can mute it: then a muted alert is handed over as the least of severities.
    fn can_be_muted(&self) -> bool {
        true
    }
    /// Whether messages must keep a pace: chats allow about one a second, a log takes all at once.
    fn is_paced(&self) -> bool {
        true
    }
}

/// The `.env` file other programs read: a courtesy copy of the tokens.
#[async_trait]
pub trait TokenMirror: Send + Sync {
    /// Writes the tokens; an error is one line for a person, without any content of the file.
    async fn write(&self, access: &AccessToken, refresh: Option<&RefreshToken>) -> Result<(), String>;
}
