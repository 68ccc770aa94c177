//! No call leaves for FYERS after the lease has ended, whatever the rest of the program believes.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use fyers_api::{
    http::{ApiRequest, ApiResponse},
    model::{FundLimits, Profile},
};
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    ports::{Asker, Broker, BrokerProxy, FreshTokens, ProxyError, Wanted},
    secret::{AccessToken, AuthCode, RefreshToken},
};

use crate::store::postgres::HeldLease;

/// Bots' calls and the keeper's own, while the lease is good.
pub struct FencedProxy {
    /// How long this keeper may act.
    pub holding: HeldLease,
    /// The way to FYERS.
    pub inner: Arc<dyn BrokerProxy>,
}

impl FencedProxy {
    /// As if FYERS could not be reached: nothing was sent.
    fn check(&self) -> Result<(), ProxyError> {
        if self.holding.is_good() { Ok(()) } else { Err(ProxyError::Transport(Transport::Connect)) }
    }
}

#[async_trait]
impl BrokerProxy for FencedProxy {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.check()?;
        self.inner.send(token, call).await
    }

    async fn send_for(
        &self,
        asker: &Asker,
        token: &AccessToken,
        call: &ApiRequest,
    ) -> Result<ApiResponse, ProxyError> {
        self.check()?;
        self.inner.send_for(asker, token, call).await
    }

    async fn send_while(
        &self,
        token: &AccessToken,
        call: &ApiRequest,
        wanted: Arc<Wanted>,
    ) -> Result<ApiResponse, ProxyError> {
        self.check()?;
        // Looked at again at the end of the wait, which may be longer than the lease.
        let holding = self.holding.clone();
        let wanted = Arc::new(move || holding.is_good() && wanted());
        self.inner.send_while(token, call, wanted).await
    }

    async fn send_own(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        self.check()?;
        self.inner.send_own(token, call).await
    }
}

/// The session's calls, while the lease is good.
pub struct FencedBroker {
    /// How long this keeper may act.
    pub holding: HeldLease,
    /// The way to FYERS.
    pub inner: Arc<dyn Broker>,
}

impl FencedBroker {
    fn check(&self) -> Result<(), BrokerError> {
        if self.holding.is_good() { Ok(()) } else { Err(BrokerError::Transport(Transport::Connect)) }
    }
}

#[async_trait]
impl Broker for FencedBroker {
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        self.check()?;
        self.inner.profile(token).await
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<FreshTokens, BrokerError> {
        self.check()?;
        self.inner.refresh(token).await
    }

    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError> {
        self.check()?;
        self.inner.login(code).await
    }

    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        self.check()?;
        self.inner.funds(token).await
    }

    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError> {
        self.check()?;
        self.inner.logout(token).await
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        self.check()?;
        self.inner.ping().await
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        self.inner.clock_skew()
    }
}
