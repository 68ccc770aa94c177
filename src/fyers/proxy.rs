//! Takes bots' calls to FYERS: the adapter behind the port `BrokerProxy`.
//!
//! What the bot asked for goes out as it came, and what FYERS says comes back as it is; only the credentials
//! are the keeper's own, and where an answer quotes them they are covered (`echoes`). `headers` says what of an answer's head is passed on, `limited` keeps FYERS' limits.

mod headers;
mod limited;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use fyers_api::http::{ApiRequest, ApiResponse, Method, Surface};
use keeper_domain::{
    broker_error::Transport,
    ports::{BrokerProxy, ProxyError},
    secret::AccessToken,
};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use url::Url;

pub use limited::LimitedProxy;

use crate::fyers::{
    config::{FyersConfig, SetupError},
    contact::ContactLog,
    credentials::Credentials,
    echoes::Echoes,
    http::{Http, Timer},
};
use crate::{memory::Memory, run_tokens::RunTokens};

/// The largest answer that is passed on, in bytes. A year of daily candles is a few ten kilobytes, a hundred days of
/// one-minute candles about two megabytes, an order book of ten thousand rows about six.
const LARGEST: usize = 16 * 1024 * 1024;

/// One app's way to FYERS. Keeps its connections; cheap to share behind an `Arc`.
pub struct FyersProxy {
    http: Http,
    app: Credentials,
    api_url: Url,
    data_url: Url,
    largest: usize,
    memory: Memory,
}

impl fmt::Debug for FyersProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FyersProxy").finish_non_exhaustive()
    }
}

impl FyersProxy {
    /// Checks the settings and builds the proxy; sends nothing.
    pub fn new(config: FyersConfig) -> Result<Self, SetupError> {
        config.check()?;
        Ok(Self {
            http: Http::new(config.timeouts, config.proxy.as_ref())?,
            app: Credentials::new(config.client_id, config.secret, config.pin),
            api_url: config.api_url,
            data_url: config.data_url,
            largest: LARGEST,
            memory: Memory::default(),
        })
    }

    /// The same proxy, whose answers tell none of these tokens.
    #[must_use]
    pub(crate) fn knowing(self, tokens: RunTokens) -> Self {
        Self { app: self.app.knowing(tokens), ..self }
    }

    /// The same proxy with another bound on answers, in bytes.
    #[must_use]
    pub fn answers_up_to(self, largest: usize) -> Self {
        Self { largest, ..self }
    }

    /// The same proxy, whose long answers share this memory with others.
    #[must_use]
    pub fn holding_in(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// The same proxy with another bound on all long answers together, in bytes.
    #[must_use]
    pub fn answers_together_up_to(self, bytes: usize) -> Self {
        Self { memory: Memory::new(bytes), ..self }
    }

    /// The same proxy, with somebody who hears how long its calls take.
    #[must_use]
    pub fn timed_by(mut self, timer: Timer) -> Self {
        self.http.timed_by(timer);
        self
    }

    /// The same proxy, with somebody who hears whether FYERS answers.
    #[must_use]
    pub fn noted_in(mut self, contact: Arc<ContactLog>) -> Self {
        self.http.noted_in(contact);
        self
    }

    fn base(&self, surface: Surface) -> &Url {
        match surface {
            Surface::Api => &self.api_url,
            Surface::Data => &self.data_url,
        }
    }
}

#[async_trait]
impl BrokerProxy for FyersProxy {
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError> {
        let url = target(self.base(call.surface), call).ok_or(NEVER_LEFT)?;
        // A token that cannot be one is not sent either.
        let authorization = self.app.authorization(token).map_err(|_| NEVER_LEFT)?;
        let echoes = self.app.echoes(token);
        let mut request = self.http.request(method(call.method), url).header(AUTHORIZATION, authorization);
        if let Some(label) = &call.content_type {
            request = request.header(CONTENT_TYPE, label);
        }
        if !call.body.is_empty() {
            request = request.body(call.body.clone());
        }
        let mut answer = self.http.exchange(request, self.largest, &self.memory).await?;
        // Whole: a token that comes in two parts is found as well.
        answer.body = covered(&echoes, answer.body).await?;
        let mut headers = headers::that_matter(&answer.headers);
        headers.iter_mut().for_each(|(_, value)| echoes.cover(value));
        Ok(ApiResponse { status: answer.status, headers, body: answer.body })
    }
}

/// A longer answer is gone through on a thread of its own: meanwhile other bots, the owner and health checks are served.
const AT_ONCE: usize = 64 * 1024;

/// The body without the credentials that it quotes.
async fn covered(echoes: &Arc<Echoes>, mut body: Vec<u8>) -> Result<Vec<u8>, ProxyError> {
    if body.len() <= AT_ONCE {
        echoes.cover(&mut body);
        return Ok(body);
    }
    let echoes = Arc::clone(echoes);
    let covering = tokio::task::spawn_blocking(move || {
        echoes.cover(&mut body);
        body
    });
    // The program ends: what was not gone through is not passed on.
    covering.await.map_err(|_| ProxyError::Transport(Transport::Broken))
}

/// Nobody needs to wonder whether FYERS has acted on such a call.
const NEVER_LEFT: ProxyError = ProxyError::Transport(Transport::Connect);

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Base, path and query as they are, one behind the other. `None` when that would not be this very path on the
/// base's host: dots that climb, a fragment, anything a URL parser reads in a way of its own.
///
/// One byte changes: a bare `'` in a query goes out as `%27`, which means the same to every server.
fn target(base: &Url, call: &ApiRequest) -> Option<Url> {
    let path = format!("{}{}", base.path().trim_end_matches('/'), call.path);
    let query = (!call.query.is_empty()).then_some(call.query.as_str());
    // Only these two change, so the host cannot.
    let mut url = base.clone();
    url.set_path(&path);
    url.set_query(query);
    let as_it_came = query.map(|query| query.replace('\'', "%27"));
    let same = url.path() == path && url.query() == as_it_came.as_deref();
    (call.path.starts_with('/') && same).then_some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(base: &str, path: &str, query: &str) -> Option<String> {
        let call = ApiRequest {
            surface: Surface::Api,
            method: Method::Get,
            path: path.to_owned(),
            query: query.to_owned(),
            content_type: None,
            body: vec![],
        };
        target(&Url::parse(base).unwrap(), &call).map(|url| url.to_string())
    }

    const BASE: &str = "https://fyers.example/api/v3";

    #[test]
    fn path_and_query_go_out_as_they_came() {
        for (path, query) in [
            ("/orders", "?order_tag=1:Tag"),
            ("/orders", "&id=1&&id=2&"),
            ("/orders", "id=%3a%3A%zz%&x=a+b%20c"),
            ("/quotes", "symbols=NSE:M%26M-EQ,NSE:SBIN-EQ;|{}[]^`\\"),
            ("/orders/26112300000017-BO-1/sync", ""),
            ("/a%3Ab", "https://evil.example/?x=//"),
        ] {
            let mark = if query.is_empty() { "" } else { "?" };
            assert_eq!(at(BASE, path, query), Some(format!("{BASE}{path}{mark}{query}")));
        }
        assert_eq!(at(BASE, "/x", "side=['NSE']"), Some(format!("{BASE}/x?side=[%27NSE%27]")));
        assert_eq!(at("http://127.0.0.1:9", "/x", "y"), Some("http://127.0.0.1:9/x?y".to_owned()));
        assert_eq!(at("https://h.example/", "/x", ""), Some("https://h.example/x".to_owned()));
    }

    #[test]
    fn what_a_parser_would_bend_is_not_sent() {
        for path in [
            "",
            "orders",
            "/../x",
            "/..",
            "/%2e%2E/x",
            "/.",
            "/a/./b",
            "/a\\b",
            "/a b",
            "/a\tb",
            "/ä",
            "/a?b",
            "/a#b",
            "@evil.example/x",
            ".evil.example/x",
            ":80/x",
        ] {
            assert_eq!(at(BASE, path, "q"), None, "{path:?}");
        }
        for query in ["a b", "a\nb", "a#b", "ä", "\"", "<>"] {
            assert_eq!(at(BASE, "/x", query), None, "{query:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_it_stays_below_the_base(path: String, query: String) {
            for path in [path.clone(), format!("/{path}")] {
                if let Some(url) = at(BASE, &path, &query) {
                    prop_assert!(url.starts_with(&format!("{BASE}/")), "{url}");
                    prop_assert!(!url.contains("/../"), "{url}");
                }
            }
        }
    }
}
