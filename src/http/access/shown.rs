//! What a request shows in its head, as the rules of access take it.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::{
    HttpRequest,
    http::{
        Version,
        header::{AUTHORIZATION, HOST, HeaderName, ORIGIN, REFERER},
    },
};

use keeper_domain::{
    address::{Network, client_of},
    keys::{
        BotName,
        relayed_client::{self, CLIENT_HEADER, PASSED_ON_HEADER, RelayedClient},
    },
};
use secrecy::SecretString;

use super::{
    origin::Head,
    peer_user::user_of,
    way::{Traces, Way},
};
use crate::http::limits::connections::Connection;

fn header(request: &HttpRequest, name: HeaderName) -> Option<&str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

pub(super) fn head(request: &HttpRequest) -> Head<'_> {
    let named = |name| header(request, HeaderName::from_static(name));
    Head {
        host: header(request, HOST).unwrap_or_default(),
        origin: header(request, ORIGIN),
        site: named("sec-fetch-site"),
        scheme: named("x-forwarded-proto"),
    }
}

/// By which way it came. What of a header is no text is not what this machine's programs write.
pub(super) fn way(request: &HttpRequest) -> Way {
    let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let traces =
        Traces { is_old: request.version() < Version::HTTP_11, origin: text(ORIGIN), referer: text(REFERER) };
    Way::of(request.headers().keys().map(HeaderName::as_str), traces)
}

/// Whose address it comes from: of a trusted proxy the one that it names, and of another keeper with the secret of these
/// `siblings` too.
pub(in crate::http) fn client(
    request: &HttpRequest,
    trusted_proxies: &[Network],
    siblings: Option<&SecretString>,
) -> IpAddr {
    if let Some(told) = relayed(request, siblings) {
        return told.address;
    }
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let headers = request.headers().get_all("x-forwarded-for");
    let forwarded_for: Vec<&str> = headers.filter_map(|value| value.to_str().ok()).collect();
    client_of(peer, &forwarded_for, trusted_proxies)
}

/// For whom another keeper with the secret of these `siblings` asks.
pub(super) fn relayed(request: &HttpRequest, siblings: Option<&SecretString>) -> Option<RelayedClient> {
    let value = header(request, HeaderName::from_static(CLIENT_HEADER))?;
    relayed_client::client(siblings?, value)
}

/// Whether a standby asks that has not told for whom: it has not read yet what both sign with, or has something else.
fn is_of_nobody(request: &HttpRequest, siblings: Option<&SecretString>) -> bool {
    request.headers().contains_key(PASSED_ON_HEADER) && relayed(request, siblings).is_none()
}

/// The user of this machine whose connection it is; of its own where a standby asks.
pub(super) fn user(request: &HttpRequest, siblings: Option<&SecretString>, port: u16) -> Option<u32> {
    match relayed(request, siblings) {
        Some(told) => told.user,
        // The connection is the standby's.
        None if is_of_nobody(request, siblings) => None,
        None => user_of(request.peer_addr()?, port),
    }
}

/// What this cookie says. Where nobody can tell which user of a machine shows it, it says nothing.
pub(super) fn cookie(request: &HttpRequest, name: &str, siblings: Option<&SecretString>) -> Option<String> {
    let cookie = request.cookie(name).filter(|_| !is_of_nobody(request, siblings));
    cookie.map(|cookie| cookie.value().to_owned())
}

/// The key that is shown with the scheme `Bearer`.
pub(super) fn bearer(request: &HttpRequest) -> Option<&str> {
    after_bearer(header(request, AUTHORIZATION)?)
}

/// What stands behind the scheme `Bearer`, whose case does not matter (RFC 9110, 11.1).
pub(super) fn after_bearer(shown: &str) -> Option<&str> {
    let (scheme, rest) = shown.trim().split_once([' ', '\t'])?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

/// Whoever has shown the key is the last to lose a connection. `bot` has a share of them; the owner's pages are in nobody's.
pub(super) fn trust_connection(request: &HttpRequest, bot: Option<&BotName>) {
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.trust(bot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The holder sees the connection of the standby, which may be another user's than the browser's.
    #[test]
    fn what_a_standby_has_not_told_the_user_of_shows_no_session() {
        let [own, other] = ["a secret of keepers", "another secret"].map(SecretString::from);
        let client = RelayedClient { address: Ipv4Addr::LOCALHOST.into(), user: Some(1000) };
        let shown = |passed_on: bool, told: Option<&SecretString>| {
            let mut request = actix_web::test::TestRequest::get().insert_header(("cookie", "k=a-session"));
            if passed_on {
                request = request.insert_header((PASSED_ON_HEADER, "1"));
            }
            if let Some(secret) = told {
                let told = relayed_client::told(secret, client).unwrap();
                request = request.insert_header((CLIENT_HEADER, told));
            }
            let request = request.to_http_request();
            (cookie(&request, "k", Some(&own)), user(&request, Some(&own), 1))
        };
        let session = || Some("a-session".to_owned());
        assert_eq!(shown(false, None), (session(), None), "directly");
        assert_eq!(shown(true, Some(&own)), (session(), Some(1000)));
        assert_eq!(shown(true, None), (None, None), "it has not read the secret");
        assert_eq!(shown(true, Some(&other)), (None, None), "it has another one");
    }

    #[test]
    fn the_case_of_the_scheme_does_not_matter() {
        for shown in ["Bearer k", "bearer k", "BEARER k", "bEaReR  k ", " Bearer\tk"] {
            assert_eq!(after_bearer(shown), Some("k"), "{shown:?}");
        }
        for shown in ["", "Bearer", "bearer ", "k", "Basic k", "Bearerk", "X:Bearer k"] {
            assert_eq!(after_bearer(shown), None, "{shown:?}");
        }
        assert_eq!(after_bearer("Bearer a b"), Some("a b"), "what is shown is compared whole");
    }
}
