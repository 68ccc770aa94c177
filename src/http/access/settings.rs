//! How a listener's access is set up.

use keeper_actors::exchange::bots::SharedKeys;
use keeper_domain::address::Network;
use secrecy::SecretString;
use url::Url;

use crate::http::access::{key::GatewayKey, wrong_key::WrongKey};

/// What one listener's access depends on.
pub(in crate::http) struct Settings {
    /// The gateway key.
    pub(in crate::http) key: GatewayKey,
    /// The keys of bots, and the first one in its other form.
    pub(in crate::http) keys: SharedKeys,
    /// Whether the listener is bound to this machine only, and its port.
    pub(in crate::http) listens_on_loopback: bool,
    pub(in crate::http) port: u16,
    /// The keeper's address on the internet.
    pub(in crate::http) public_url: Option<Url>,
    /// Whose `X-Forwarded-For` is believed.
    pub(in crate::http) trusted_proxies: Vec<Network>,
    /// What another keeper of the same database signs with, to tell for which client it asks.
    pub(in crate::http) siblings: Option<SecretString>,
    /// Hears of every wrong key.
    pub(in crate::http) on_wrong_key: Box<dyn Fn(WrongKey) + Send + Sync>,
}
