//! What the client must know, and which addresses it is willing to send secrets to.

use std::{fmt, time::Duration};

use keeper_domain::address::is_loopback;
use secrecy::SecretString;
use url::Url;

/// Everything the client needs. Built by the composition root from the settings.
#[derive(Clone)]
pub struct FyersConfig {
    /// Base of the trading API, as `https://api-t1.fyers.in/api/v3`.
    pub api_url: Url,
    /// Base of the data API, as `https://api-t1.fyers.in/data`.
    pub data_url: Url,
    /// The data socket, as `wss://socket.fyers.in/hsm/v1-5/prod`.
    pub data_socket_url: Url,
    /// The order socket, as `wss://socket.fyers.in/trade/v3`.
    pub order_socket_url: Url,
    /// The app id with its ending, as `ABCD1234EF-100`.
    pub client_id: String,
    /// The app's secret.
    pub secret: SecretString,
    /// The account's PIN. Only the refresh call needs it.
    pub pin: Option<SecretString>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// A proxy for outgoing HTTPS, as `HTTPS_PROXY` names it: FYERS takes orders only from a registered
    /// address, and a tunnel with a fixed address is how many hosts get one. The proxy sees no more than
    /// host names, because TLS runs through it. It may hold a password, hence the wrapper. The client itself
    /// never looks into the environment, and loopback addresses never go through a proxy.
    pub proxy: Option<SecretString>,
}

impl FyersConfig {
    /// Refuses settings that would leak or cannot work. Whatever speaks to FYERS is built after this.
    pub(super) fn check(&self) -> Result<(), SetupError> {
        check_base("FYERS_API_URL", &self.api_url)?;
        check_base("FYERS_DATA_URL", &self.data_url)?;
        check_base("FYERS_DATA_SOCKET_URL", &self.data_socket_url)?;
        check_base("FYERS_ORDER_SOCKET_URL", &self.order_socket_url)?;
        check_client_id(&self.client_id)
    }
}

impl fmt::Debug for FyersConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FyersConfig").finish_non_exhaustive()
    }
}

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// DNS, TCP and TLS together.
    pub connect: Duration,
    /// From the first byte sent to the last byte read, connecting included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// The client cannot be built from these settings. Names the setting, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Secrets would travel in the clear.
    #[error("{0} must begin with https:// or wss:// (clear text is for this machine only)")]
    NotHttps(&'static str),
    /// User, password, query or fragment in a base address.
    #[error("{0} must be a plain address: no user name, no '?', no '#'")]
    NotPlain(&'static str),
    /// Empty, or with characters that cannot be in a header.
    #[error("FYERS_CLIENT_ID must be letters, digits and '-', as ABCD1234EF-100")]
    BadClientId,
    /// The proxy's address cannot be used.
    #[error("HTTPS_PROXY is not a usable proxy address")]
    BadProxy,
    /// The TLS library would not start.
    #[error("the HTTP client could not be set up")]
    Http,
}

/// Refuses base addresses that would leak: clear text beyond this machine, or hidden parts.
fn check_base(name: &'static str, url: &Url) -> Result<(), SetupError> {
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match url.scheme() {
        _ if !plain => Err(SetupError::NotPlain(name)),
        "https" | "wss" => Ok(()),
        "http" | "ws" if is_loopback(url) => Ok(()),
        _ => Err(SetupError::NotHttps(name)),
    }
}

/// An app id goes into a header before a colon, so it must be a plain word.
fn check_client_id(id: &str) -> Result<(), SetupError> {
    let word = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if word { Ok(()) } else { Err(SetupError::BadClientId) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(url: &str) -> Result<(), SetupError> {
        check_base("FYERS_API_URL", &Url::parse(url).unwrap())
    }

    #[test]
    fn clear_text_stays_on_this_machine() {
        for good in ["https://api.example/x", "http://127.0.0.1:9", "http://[::1]:9/x", "http://localhost"] {
            assert_eq!(base(good), Ok(()), "{good}");
        }
        for bad in ["http://api.example", "http://127.0.0.1.example", "http://10.0.0.1", "ftp://localhost"] {
            assert_eq!(base(bad), Err(SetupError::NotHttps("FYERS_API_URL")), "{bad}");
        }
    }

    #[test]
    fn a_base_has_no_hidden_parts() {
        for bad in ["https://u@h/x", "https://:p@h/x", "https://h/x?y", "https://h/x#y"] {
            assert_eq!(base(bad), Err(SetupError::NotPlain("FYERS_API_URL")), "{bad}");
        }
    }

    #[test]
    fn an_app_id_is_a_word_with_any_ending() {
        assert_eq!(check_client_id("ABCD1234EF-200"), Ok(()));
        for bad in ["", "A:B", "A B", "A\nB", "Ä-100"] {
            assert_eq!(check_client_id(bad), Err(SetupError::BadClientId), "{bad:?}");
        }
    }
}
