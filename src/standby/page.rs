//! The page for people, opened at the address of a standby: the holder believes what comes from its own pages alone.

use std::net::SocketAddr;

use actix_web::{
    HttpRequest,
    http::header::{HOST, HeaderName, ORIGIN},
};
use keeper_domain::address::Network;
use url::Url;

use crate::http::names_listener;

/// Where a standby's listener is, and how it is reached.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address it listens on.
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Where the other keepers and people reach it, when they are told.
    pub advertised: Option<Url>,
    /// The address of both keepers on the internet.
    pub public_url: Option<Url>,
}

/// What the holder is told of the page from which a request comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AtHolder {
    /// What the browser says.
    Unchanged,
    /// It comes from a page that was opened here by a name of this very keeper: as if it had been opened there.
    As(String),
    /// The same, and the holder's session would be for https alone: the page is to be opened at this address.
    Elsewhere(String),
}

impl Page {
    pub(super) fn at_holder(&self, request: &HttpRequest, holder: &str) -> AtHolder {
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        match (header(ORIGIN), header(HOST)) {
            (Some(origin), Some(host)) => self.origin(origin, host, holder),
            _ => AtHolder::Unchanged,
        }
    }

    /// A page of another site has another origin, and one whose name was bent to this machine another name: what they send goes to
    /// the holder as it is, which does not believe it.
    fn origin(&self, origin: &str, host: &str, holder: &str) -> AtHolder {
        let authority = origin.strip_prefix("http://").unwrap_or_default();
        let is_local = names_listener(host, self.listen.port());
        let is_named = self.advertised.as_ref().is_some_and(|url| url.authority().eq_ignore_ascii_case(host));
        if !authority.eq_ignore_ascii_case(host) || !(is_local || is_named) {
            return AtHolder::Unchanged;
        }
        match &self.public_url {
            Some(public) if public.scheme() == "https" && !is_local => {
                AtHolder::Elsewhere(public.to_string())
            }
            Some(public) => AtHolder::As(public.origin().ascii_serialization()),
            None => Url::parse(holder)
                .map_or(AtHolder::Unchanged, |holder| AtHolder::As(holder.origin().ascii_serialization())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDER: &str = "http://10.0.0.1:8080";

    fn page(public: Option<&str>) -> Page {
        let url = |text: &str| Url::parse(text).unwrap();
        Page {
            listen: "0.0.0.0:8080".parse().unwrap(),
            trusted_proxies: vec![],
            advertised: Some(url("http://10.0.0.2:8080")),
            public_url: public.map(url),
        }
    }

    #[test]
    fn only_a_page_opened_here_by_its_own_name_is_taken_for_one_of_the_holders() {
        let at_holder = || AtHolder::As(HOLDER.to_owned());
        for (origin, host, expected) in [
            ("http://10.0.0.2:8080", "10.0.0.2:8080", at_holder()),
            ("http://localhost:8080", "localhost:8080", at_holder()),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", at_holder()),
            ("http://evil.example", "10.0.0.2:8080", AtHolder::Unchanged),
            ("http://evil.example:8080", "evil.example:8080", AtHolder::Unchanged),
            ("http://localhost:9999", "localhost:9999", AtHolder::Unchanged),
            ("https://10.0.0.2:8080", "10.0.0.2:8080", AtHolder::Unchanged),
            ("null", "10.0.0.2:8080", AtHolder::Unchanged),
            ("", "", AtHolder::Unchanged),
        ] {
            assert_eq!(page(None).origin(origin, host, HOLDER), expected, "{origin} {host}");
        }
    }

    #[test]
    fn a_session_for_https_is_begun_at_the_address_on_the_internet() {
        let (here, public) = ("10.0.0.2:8080", "https://keeper.example/");
        let asked = |page: Page, host: &str| page.origin(&format!("http://{host}"), host, HOLDER);
        assert_eq!(asked(page(Some(public)), here), AtHolder::Elsewhere(public.to_owned()));
        let local = asked(page(Some(public)), "localhost:8080");
        assert_eq!(local, AtHolder::As("https://keeper.example".to_owned()));
        let plain = asked(page(Some("http://keeper.example")), here);
        assert_eq!(plain, AtHolder::As("http://keeper.example".to_owned()));
    }
}
