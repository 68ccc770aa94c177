//! Whether there is a way to FYERS from here, without a call: the name, the proxy, TCP and TLS of every call, and then the
//! connection is closed before anything is sent. FYERS counts what it is asked, and of what it allows a keeper that stands by
//! has nothing.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use reqwest::{Client, NoProxy, redirect, retry};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use crate::fyers::{
    config::{FyersConfig, SetupError},
    contact::ContactLog,
    credentials, http,
};

type BoxError = Box<dyn Error + Send + Sync>;

/// The way to FYERS' API. How a look at it ended is in the log of contacts.
pub struct FyersWay {
    client: Client,
    api_url: Url,
    contact: Arc<ContactLog>,
}

impl FyersWay {
    /// Checks the settings; connects to nobody.
    pub fn new(config: &FyersConfig, contact: Arc<ContactLog>) -> Result<Self, SetupError> {
        config.check()?;
        let mut builder = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .http1_only()
            .connect_timeout(config.timeouts.connect)
            .timeout(config.timeouts.total)
            .connector_layer(HangUp)
            .no_proxy();
        if let Some(address) = &config.proxy {
            let outside = NoProxy::from_string("localhost,127.0.0.0/8,::1");
            builder = builder.proxy(credentials::proxy(address)?.no_proxy(outside));
        }
        let client = builder.build().map_err(|_| SetupError::Http)?;
        Ok(Self { client, api_url: config.api_url.clone(), contact })
    }

    /// Connects, and hangs up.
    pub async fn look(&self) {
        let began = self.contact.asked();
        match self.client.get(self.api_url.clone()).send().await {
            Err(error) if !was_connected(&error) => self.contact.failed(http::line(&error), began),
            _ => self.contact.connected(),
        }
    }
}

/// The connection was made. It is an error, so that nobody sends a request on it.
#[derive(Debug, thiserror::Error)]
#[error("connected, and hung up")]
struct Connected;

fn was_connected(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.is::<Connected>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Closes every connection as soon as it is made.
#[derive(Debug, Clone)]
struct HangUp;

#[derive(Debug, Clone)]
struct HungUp<S>(S);

impl<S> Layer<S> for HangUp {
    type Service = HungUp<S>;

    fn layer(&self, inner: S) -> HungUp<S> {
        HungUp(inner)
    }
}

impl<S, Place> Service<Place> for HungUp<S>
where
    S: Service<Place, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, place: Place) -> Self::Future {
        let connecting = self.0.call(place);
        Box::pin(async move { connecting.await.and_then(|_closed| Err(Connected.into())) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::SecretString;
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;
    use crate::fyers::Timeouts;

    fn config(api_url: &str, proxy: Option<String>) -> FyersConfig {
        let url = |text: &str| Url::parse(text).unwrap();
        FyersConfig {
            api_url: url(api_url),
            data_url: url(api_url),
            data_socket_url: url("wss://socket.example"),
            order_socket_url: url("wss://socket.example"),
            client_id: "ABCD1234EF-100".to_owned(),
            secret: SecretString::from("SIMULATED1"),
            pin: None,
            timeouts: Timeouts { connect: Duration::from_millis(500), total: Duration::from_secs(2) },
            proxy: proxy.map(SecretString::from),
        }
    }

    async fn answers(api_url: &str, proxy: Option<String>) -> Option<bool> {
        let contact = ContactLog::new();
        FyersWay::new(&config(api_url, proxy), Arc::clone(&contact)).unwrap().look().await;
        contact.now().0.answers()
    }

    #[tokio::test]
    async fn a_look_connects_and_sends_nothing() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/v3", server.local_addr().unwrap());
        let hear = async {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut bytes = vec![];
            stream.read_to_end(&mut bytes).await.unwrap();
            bytes
        };
        let (sent, answers_there) = tokio::join!(hear, answers(&url, None));
        assert_eq!((sent, answers_there), (vec![], Some(true)));
        drop(server);
        assert_eq!(answers(&url, None).await, Some(false), "nobody listens there any more");
    }

    /// Whoever answers without FYERS' certificate is not FYERS, and neither is a proxy that does not get there.
    #[tokio::test]
    async fn who_is_not_fyers_does_not_count() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let refuse = async {
            loop {
                let (stream, _) = server.accept().await.unwrap();
                drop(stream);
            }
        };
        let looks = async {
            let without = answers(&format!("https://{address}/api/v3"), None).await;
            let proxied = answers("https://fyers.invalid/api/v3", Some(format!("http://{address}"))).await;
            (without, proxied)
        };
        tokio::select! {
            never = refuse => never,
            found = looks => assert_eq!(found, (Some(false), Some(false))),
        }
    }
}
