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

    /// FYERS' words go on into alerts, pages and the journal, past the log.
    fn cleaned<T>(&self, answer: Result<T, BrokerError>) -> Result<T, BrokerError> {
        answer.map_err(|error| match error {
            BrokerError::Refused { status, code, message } => {
                BrokerError::Refused { status, code, message: self.redactor.clean(&message).into_owned() }
            }
            other => other,
        })
    }

    fn learned(&self, tokens: Result<FreshTokens, BrokerError>) -> Result<FreshTokens, BrokerError> {
        if let Ok(tokens) = &tokens {
            self.redactor.learn_access(&tokens.access);
            tokens.refresh.iter().for_each(|refresh| self.redactor.learn_refresh(refresh));
        }
        tokens
    }
}

#[async_trait]
impl Broker for LearningBroker {
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError> {
        self.redactor.learn_access(token);
        self.cleaned(self.broker.profile(token).await)
    }

    async fn refresh(&self, token: &RefreshToken) -> Result<FreshTokens, BrokerError> {
        self.redactor.learn_refresh(token);
        self.learned(self.cleaned(self.broker.refresh(token).await))
    }

    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError> {
        self.redactor.learn_code(code);
        self.learned(self.cleaned(self.broker.login(code).await))
    }

    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError> {
        self.redactor.learn_access(token);
        self.cleaned(self.broker.funds(token).await)
    }

    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError> {
        self.redactor.learn_access(token);
        self.cleaned(self.broker.logout(token).await)
    }

    async fn ping(&self) -> Result<(), BrokerError> {
        self.cleaned(self.broker.ping().await)
    }

    fn clock_skew(&self) -> Option<TimeDelta> {
        self.broker.clock_skew()
    }
}
