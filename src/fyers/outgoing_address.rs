//! A service that answers with the caller's address, as many public ones do: `KEEPER_IP_CHECK_URL`.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use keeper_domain::ports::OutgoingAddress;
use url::Url;

/// An address fits into this; a longer answer is no address.
const LONGEST: usize = 256;
const LIMIT: Duration = Duration::from_secs(5);

/// Asks over plain HTTP(S), by the same way out as the calls to FYERS.
#[derive(Debug, Clone)]
pub struct AddressEcho {
    url: Url,
    expected: Option<String>,
}

impl AddressEcho {
    /// `expected` is the address registered with the app, if it is known.
    pub fn new(url: Url, expected: Option<String>) -> Self {
        Self { url, expected }
    }
}

#[async_trait]
impl OutgoingAddress for AddressEcho {
    async fn ask(&self) -> Option<String> {
        let client = reqwest::Client::builder().timeout(LIMIT).build().ok()?;
        let mut answer = client.get(self.url.clone()).send().await.ok()?.error_for_status().ok()?;
        let mut text = Vec::new();
        while let Some(part) = answer.chunk().await.ok()? {
            text.extend_from_slice(&part);
            if text.len() > LONGEST {
                return None;
            }
        }
        String::from_utf8(text).ok()?.trim().parse::<IpAddr>().ok().map(|address| address.to_string())
    }

    fn expected(&self) -> Option<String> {
        self.expected.clone()
    }
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

    use super::*;

    async fn told(body: &str) -> Option<String> {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .mount(&server)
            .await;
        AddressEcho::new(server.uri().parse().unwrap(), None).ask().await
    }

    #[tokio::test]
    async fn only_an_address_is_an_address() {
        assert_eq!(told("203.0.113.7\n").await.as_deref(), Some("203.0.113.7"));
        assert_eq!(told("2001:db8::1").await.as_deref(), Some("2001:db8::1"));
        assert_eq!(told("<html>hello</html>").await, None);
        assert_eq!(told(&"9".repeat(300)).await, None);
    }
}
