//! What the service is made of besides its store.

use std::sync::Arc;

use keeper_domain::{
    clock::calendar::Calendar,
    ports::{BrokerProxy, BrokerSockets, Messenger, OutgoingAddress},
};
use mock_exchange::Instruments;

use crate::cli::{failure::Failure, setup::CliConfig};
use crate::{
    app::Phone,
    fyers::{FyersClient, symbols::Renewal},
    login_report::LoginSetup,
};

/// What the settings alone make: the ways to FYERS and to people, trading days and symbols.
pub(super) struct Outside {
    pub(super) client: Option<Arc<FyersClient>>,
    pub(super) proxy: Option<Arc<dyn BrokerProxy>>,
    pub(super) sockets: Option<Arc<dyn BrokerSockets>>,
    pub(super) outgoing: Option<Arc<dyn OutgoingAddress>>,
    pub(super) messenger: Arc<dyn Messenger>,
    pub(super) webhook: Option<Arc<dyn Messenger>>,
    pub(super) phone: Option<Phone>,
    pub(super) login: Option<LoginSetup>,
    pub(super) calendar: Arc<Calendar>,
    pub(super) instruments: Instruments,
    pub(super) symbols: Option<Renewal>,
}

impl Outside {
    /// Checks the settings on the way; sends nothing.
    pub(super) fn new(config: &CliConfig) -> Result<Self, Failure> {
        let client = config.client()?;
        Ok(Self {
            login: client.as_ref().and_then(|client| config.login(client)),
            client,
            proxy: config.proxy()?,
            sockets: config.sockets()?,
            outgoing: config.outgoing(),
            messenger: config.messenger()?,
            webhook: config.webhook()?,
            phone: config.phone()?,
            calendar: config.calendar()?,
            instruments: config.instruments()?,
            symbols: config.renewal()?,
        })
    }
}
