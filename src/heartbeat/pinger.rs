//! One address of a monitor. Whoever knows it can say "all is well" in the keeper's name, so it is a secret: it is in
//! no error and no log line.

use std::{fmt, time::Duration};

use reqwest::{Client, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use keeper_domain::address::is_loopback;

/// Longest wait for a monitor.
const LIMIT: Duration = Duration::from_secs(10);

/// A ping did not arrive. Keeps nothing of the HTTP error, which would show the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PingError {
    /// Nobody there.
    #[error("no connection")]
    Unreachable,
    /// No answer in time.
    #[error("no answer within {} s", LIMIT.as_secs())]
    Late,
    /// The monitor does not like it; 404 means that it does not know the check.
    #[error("it answered {0}")]
    Refused(u16),
}

/// Pings one address.
pub struct Pinger {
    client: Client,
    url: SecretString,
}

impl fmt::Debug for Pinger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pinger(..)")
    }
}

impl Pinger {
    /// `None` when TLS cannot be set up; the settings have checked the address.
    pub fn new(url: SecretString) -> Option<Self> {
        // A redirect is not followed: it would carry the address to somebody else.
        let builder = Client::builder()
            .timeout(LIMIT)
            .redirect(Policy::none())
            .user_agent(concat!("fyers-keeper/", env!("CARGO_PKG_VERSION")));
        let here = Url::parse(url.expose_secret()).ok().is_some_and(|url| is_loopback(&url));
        let builder = if here { builder.no_proxy() } else { builder };
        Some(Self { client: builder.build().ok()?, url })
    }

    /// One ping; `ending` is added to the path, before a query.
    pub async fn ping(&self, ending: Option<&str>) -> Result<(), PingError> {
        let url = self.address(ending).ok_or(PingError::Unreachable)?;
        let answer = self.client.get(url).send().await;
        let answer = answer.map_err(|error| match error.is_timeout() {
            true => PingError::Late,
            false => PingError::Unreachable,
        })?;
        if answer.status().is_success() { Ok(()) } else { Err(PingError::Refused(answer.status().as_u16())) }
    }

    fn address(&self, ending: Option<&str>) -> Option<Url> {
        let mut url = Url::parse(self.url.expose_secret()).ok()?;
        if let Some(ending) = ending {
            url.path_segments_mut().ok()?.pop_if_empty().push(ending);
        }
        Some(url)
    }
}

/// Whether pings arrive: each change is told once, so that an outage does not fill the log.
pub(super) struct Monitor {
    check: &'static str,
    failing: bool,
}

impl Monitor {
    pub(super) fn new(check: &'static str) -> Self {
        Self { check, failing: false }
    }

    /// Notes how a ping went, and says whether it arrived.
    pub(super) fn note(&mut self, outcome: Result<(), PingError>) -> bool {
        let check = self.check;
        match outcome {
            Err(why) if !self.failing => {
                tracing::warn!(
                    event = "ping.failed",
                    actor = "heartbeat",
                    check,
                    "the monitor was not reached: {why}"
                );
            }
            Ok(()) if self.failing => {
                tracing::info!(
                    event = "ping.recovered",
                    actor = "heartbeat",
                    check,
                    "the monitor is reached again"
                );
            }
            _ => {}
        }
        self.failing = outcome.is_err();
        outcome.is_ok()
    }
}
