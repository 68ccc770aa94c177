//! The second channel for alerts: one JSON `POST` for each to `KEEPER_WEBHOOK_URL`. docs/alerts.md is its contract.
//!
//! The address is often a password, so nothing of an HTTP error is kept, which would show it. The answer's body is not
//! read: its status says it all.

mod payload;
mod signature;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use keeper_domain::{
    address::is_loopback,
    alert::{Outgoing, SendError},
    ports::Messenger,
    text::escaped,
};
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use signature::Signer;

/// The longest that one request may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The longest pause that a receiver may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the messenger needs of the settings.
#[derive(Clone)]
pub struct WebhookSettings {
    /// KEEPER_WEBHOOK_URL.
    pub url: SecretString,
    /// KEEPER_WEBHOOK_SECRET: signs the requests.
    pub secret: Option<SecretString>,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSettings(..)")
    }
}

/// Sends alerts to one address.
pub struct WebhookMessenger {
    client: Client,
    url: SecretString,
    signer: Option<Signer>,
}

impl fmt::Debug for WebhookMessenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookMessenger(..)")
    }
}

impl WebhookMessenger {
    /// `None` when TLS cannot be set up; the settings have checked the address.
    pub fn new(settings: &WebhookSettings) -> Option<Self> {
        Self::with_limit(settings, LIMIT)
    }

    fn with_limit(settings: &WebhookSettings, limit: Duration) -> Option<Self> {
        // A redirect is not followed: it would carry the alert to somebody else.
        let builder = Client::builder()
            .timeout(limit)
            .redirect(Policy::none())
            .user_agent(concat!("fyers-keeper/", env!("CARGO_PKG_VERSION")));
        let here = Url::parse(settings.url.expose_secret()).ok().is_some_and(|url| is_loopback(&url));
        let builder = if here { builder.no_proxy() } else { builder };
        let signer = settings.secret.as_ref().map(Signer::new);
        Some(Self { client: builder.build().ok()?, url: settings.url.clone(), signer })
    }

    async fn post(&self, message: &Outgoing) -> Result<Response, SendError> {
        let unusable = || SendError::Unauthorized("the address cannot be used".to_owned());
        let url = Url::parse(self.url.expose_secret()).map_err(|_| unusable())?;
        let body = escaped(&payload::of(message).to_string()).into_owned();
        let mut request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        for (name, value) in signature::headers(self.signer.as_ref(), &payload::id(message), &body) {
            request = request.header(name, value);
        }
        request.body(body).send().await.map_err(|error| match error {
            error if error.is_timeout() => unreachable("no answer in time"),
            error if error.is_connect() => unreachable("no connection"),
            _ => unreachable("the connection broke"),
        })
    }
}

#[async_trait]
impl Messenger for WebhookMessenger {
    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        let answer = self.post(message).await?;
        judge(answer.status(), answer.headers())
    }

    fn channel(&self) -> &'static str {
        "webhook"
    }

    /// A receiver that wants fewer says so with 429.
    fn is_paced(&self) -> bool {
        false
    }

    /// The severity is a fact for a program; `/mute` is about a phone's sound.
    fn can_be_muted(&self) -> bool {
        false
    }
}

/// What an answer means for the alert.
fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), SendError> {
    let words = || format!("it answers {}", status.as_u16());
    match (status.as_u16(), retry_after(headers)) {
        (200..=299, _) => Ok(()),
        (429 | 503, Some(pause)) => Err(SendError::Wait(pause)),
        // This very message, and no other, may be what it does not take.
        (400 | 413 | 415 | 422, _) => Err(SendError::BadMessage(words())),
        (408 | 425 | 429 | 500.., _) => Err(SendError::Unreachable(words())),
        (300..=399, _) => {
            Err(SendError::Unauthorized(format!("{}, and redirects are not followed", words())))
        }
        _ => Err(SendError::Unauthorized(words())),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

fn unreachable(why: &str) -> SendError {
    SendError::Unreachable(why.to_owned())
}
