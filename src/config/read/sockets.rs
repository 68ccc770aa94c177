//! Where FYERS' sockets are.

use keeper_domain::address::is_loopback;
use url::Url;

use super::{Reader, table};
use crate::config::source::SettingOrigin;

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
        if let Some(url) = self.url(name) {
            return url;
        }
        let url = match default(name) {
            Some(usual) if default("FYERS_API_URL").as_ref() == Some(api) => usual,
            Some(usual) => beside(api, usual.path()),
            // The defaults in the table are addresses.
            None => unreachable!("{name} has no default"),
        };
        self.show_instead(name, url.as_str(), SettingOrigin::Default);
        url
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::config::{problem::Problem, read::read, settings::Settings, source::Sources};

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
        let environment =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        read(&Sources { environment: &environment, env_file: &BTreeMap::new(), unread: &[] })
    }

    fn sockets(pairs: &[(&str, &str)]) -> [String; 2] {
        let settings = with(pairs).unwrap();
        [settings.data_socket_url, settings.order_socket_url].map(String::from)
    }

    #[test]
    fn sockets_are_where_the_api_is_unless_they_are_set() {
        assert_eq!(sockets(&[]), ["wss://socket.fyers.in/hsm/v1-5/prod", "wss://socket.fyers.in/trade/v3"]);
        let beside = ["ws://127.0.0.1:9/hsm/v1-5/prod", "ws://127.0.0.1:9/trade/v3"];
        let stand_in = sockets(&[("FYERS_API_URL", "http://127.0.0.1:9/api/v3")]);
        assert_eq!(stand_in, beside, "a stand-in's token does not go to FYERS");
        assert_eq!(sockets(&[("FYERS_DATA_SOCKET_URL", "ws://localhost:1/x")])[0], "ws://localhost:1/x");
        for bad in ["ws://example.org/x", "https://example.org/x", "x"] {
            assert_eq!(with(&[("FYERS_ORDER_SOCKET_URL", bad)]).unwrap_err().len(), 1, "{bad}");
        }
    }
}
