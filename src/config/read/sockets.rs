//! Where FYERS' sockets are.

use keeper_domain::address::is_loopback;
use url::Url;

use super::{Reader, table};

/// Whether this setting is the address of a socket.
pub(super) fn is_one(name: &str) -> bool {
    name.ends_with("_SOCKET_URL")
}

/// Tokens are sent there, so clear text stays on this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    url.scheme() == "wss" || (url.scheme() == "ws" && is_loopback(url))
}

impl Reader<'_> {
    /// The address of a socket. One that is not set is where the API is, when that is not FYERS' own: the token of a
    /// stand-in never goes to FYERS.
    pub(super) fn socket_url(&mut self, name: &'static str, api: &Url) -> Url {
        self.url(name).unwrap_or_else(|| match default(name) {
            Some(usual) if default("FYERS_API_URL").as_ref() == Some(api) => usual,
            Some(usual) => beside(api, usual.path()),
            // The defaults in the table are addresses.
            None => unreachable!("{name} has no default"),
        })
    }
}

fn default(name: &str) -> Option<Url> {
    table::spec(name).and_then(|spec| Url::parse(spec.default).ok())
}

fn beside(api: &Url, path: &str) -> Url {
    let mut url = api.clone();
    url.set_path(path);
    let _both_are_special = url.set_scheme(if api.scheme() == "https" { "wss" } else { "ws" });
    url
}
