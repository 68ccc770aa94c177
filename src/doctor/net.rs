//! Questions to the world, each with its end.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use keeper_domain::address::is_loopback;
use reqwest::{
    Client, ClientBuilder, Method, Proxy,
    header::{HeaderMap, LOCATION},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::doctor::finding::LIMIT;
use crate::{config::Settings, fyers};

/// What came of a question. Keeps nothing of the HTTP error, which would show the whole address.
#[derive(Debug, Clone)]
pub(super) enum Probe {
    /// Somebody answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// How long it took.
        took: Duration,
        /// How far its clock is ahead of ours, if it told.
        skew: Option<TimeDelta>,
        /// Where it sends the caller, if it does.
        location: Option<String>,
        /// The beginning of the answer.
        body: String,
    },
    /// Nobody did, and why.
    Silent(&'static str),
}

/// Nobody listens there.
pub(super) const NO_CONNECTION: &str = "no connection";

impl Probe {
    pub(super) fn is_answered(&self) -> bool {
        matches!(self, Self::Answered { .. })
    }

    pub(super) fn skew(&self) -> Option<TimeDelta> {
        match self {
            Self::Answered { skew, .. } => *skew,
            Self::Silent(_) => None,
        }
    }
}

/// Asks FYERS for nothing in particular, by the way that the keeper's own calls take.
pub(super) async fn probe(settings: &Settings) -> Probe {
    fyers_page(settings, &settings.api_url).await
}

/// Asks FYERS for a page, by the same way.
pub(super) async fn fyers_page(settings: &Settings, url: &Url) -> Probe {
    let proxy = settings.proxy.as_ref().filter(|_| !is_loopback(&settings.api_url));
    let proxy = proxy.and_then(|proxy| Proxy::https(proxy.expose_secret()).ok());
    let builder = builder(&settings.api_url);
    let builder = match proxy {
        Some(proxy) => builder.proxy(proxy),
        None => builder,
    };
    ask(builder, Method::GET, url).await
}

/// One `HEAD` to an address that is a secret: who listens there should not take it for a message.
pub(super) async fn head(url: &SecretString) -> Probe {
    match Url::parse(url.expose_secret()) {
        Ok(url) => ask(builder(&url), Method::HEAD, &url).await,
        Err(_) => Probe::Silent("it is no address"),
    }
}

/// One `GET`, no redirects.
pub(super) async fn get(url: &Url) -> Probe {
    ask(builder(url), Method::GET, url).await
}

fn builder(url: &Url) -> ClientBuilder {
    let builder = Client::builder().timeout(LIMIT).redirect(Policy::none());
    if is_loopback(url) { builder.no_proxy() } else { builder }
}

async fn ask(builder: ClientBuilder, method: Method, url: &Url) -> Probe {
    let Ok(client) = builder.build() else { return Probe::Silent("TLS cannot be set up here") };
    let began = Instant::now();
    let mut answer = match client.request(method, url.clone()).send().await {
        Ok(answer) => answer,
        Err(error) if error.is_timeout() => return Probe::Silent("no answer within 5 s"),
        Err(error) if error.is_connect() => return Probe::Silent(NO_CONNECTION),
        Err(_) => return Probe::Silent("the connection broke"),
    };
    let took = began.elapsed();
    let skew = skew(answer.headers(), took);
    let location = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
    let body = answer.chunk().await.ok().flatten().unwrap_or_default();
    let body = beginning(&body);
    Probe::Answered { status: answer.status().as_u16(), took, skew, location, body }
}

/// The first characters of a body that comes in pieces: one that is cut through at the end is left out.
fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.trim_end_matches(char::REPLACEMENT_CHARACTER).chars().take(300).collect()
}

/// The answer was written somewhere on the way; half of it is the best guess.
fn skew(headers: &HeaderMap, took: Duration) -> Option<TimeDelta> {
    let half = TimeDelta::from_std(took / 2).unwrap_or_default();
    fyers::clock_skew(headers, Utc::now() - half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_several_bytes_is_not_cut_through() {
        let text = "₹".repeat(400);
        assert_eq!(beginning(text.as_bytes()), "₹".repeat(300));
        for end in 1..=4 {
            let piece = &text.as_bytes()[..300 + end];
            assert!(!beginning(piece).contains(char::REPLACEMENT_CHARACTER), "{end}");
        }
    }
}
