//! The redactor learns the secrets of the run where they pass: in the calls to the broker.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use fyers_api::model::{FundLimits, Profile};
use keeper_domain::{
    broker_error::BrokerError,
    ports::{Broker, FreshTokens},
    secret::{AccessToken, AuthCode, RefreshToken},
};

use crate::logging::redact::Redactor;

/// A broker whose tokens and codes are known to the redactor before anybody can log a word about them: FYERS quotes what
/// it was sent in some of its errors.
pub struct LearningBroker {
    broker: Arc<dyn Broker>,
    redactor: Redactor,
}

impl LearningBroker {
    /// Calls `broker`, and tells `redactor` what must not be printed.
    pub fn new(broker: Arc<dyn Broker>, redactor: Redactor) -> Self {
        Self { broker, redactor }
    }

    fn learned(&self, tokens: Result<FreshTokens, BrokerError>) -> Result<FreshTokens, BrokerError> {
        if let Ok(tokens) = &tokens {
            self.redactor.learn(tokens.access.expose());
            tokens.refresh.iter().for_each(|refresh| self.redactor.learn(refresh.expose()));
        }
        tokens
    }
}

#[async_trait]
impl Broker for LearningBroker {
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        self.redactor.learn(token.expose());
        self.broker.profile(token).await
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<FreshTokens, BrokerError> {
        self.redactor.learn(token.expose());
        self.learned(self.broker.refresh(token).await)
    }

    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError> {
        self.redactor.learn(code.expose());
        self.learned(self.broker.login(code).await)
    }

    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        self.redactor.learn(token.expose());
        self.broker.funds(token).await
    }

    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError> {
        self.redactor.learn(token.expose());
        self.broker.logout(token).await
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        self.broker.clock_skew()
    }
}
