//! The ways from bots to FYERS: calls and sockets.

use std::{sync::Arc, time::Duration};

use keeper_domain::ports::{BrokerProxy, BrokerSockets};

use crate::{
    cli::{
        failure::Failure,
        setup::{CliConfig, unusable},
    },
    fyers::{FyersProxy, FyersSockets, LimitedProxy, Timeouts},
};

/// How long a bot's call may take at FYERS: months of candles take longer than the keeper's own small calls.
const CARRYING: Timeouts = Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(30) };

impl CliConfig {
    /// Carries bots' calls to FYERS within its limits; `None` when no app is configured.
    pub fn proxy(&self) -> Result<Option<Arc<dyn BrokerProxy>>, Failure> {
        let Some(config) = self.fyers(CARRYING) else { return Ok(None) };
        let proxy = FyersProxy::new(config).map_err(unusable)?.timed_by(self.metrics.broker_timer());
        let proxy = proxy.holding_in(self.memory.clone()).noted_in(Arc::clone(&self.contact));
        let proxy = proxy.knowing(self.redactor.tokens());
        Ok(Some(Arc::new(LimitedProxy::new(Arc::new(proxy), Arc::clone(&self.limiter)))))
    }

    /// FYERS' sockets; `None` when no app is configured.
    pub fn sockets(&self) -> Result<Option<Arc<dyn BrokerSockets>>, Failure> {
        let Some(config) = self.fyers(CARRYING) else { return Ok(None) };
        Ok(Some(Arc::new(FyersSockets::knowing(config, self.redactor.tokens()).map_err(unusable)?)))
    }
}
