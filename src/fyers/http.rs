//! One HTTP call, and the only place where reqwest's errors are seen: they carry URLs, so they are turned
//! into words of ours here and dropped.
//!
//! **A request is sent once.** reqwest would repeat a request that HTTP/2 refused (`retry::never` switches
//! that off, and so does HTTP/1 alone). hyper's pool cannot be told to stop taking a fresh connection when
//! the kept one turns out to be closed, but it does so only for a request of which no byte has been handed to
//! the connection (hyper gives the request back for exactly that case and for no other). Once a byte is out,
//! a broken connection is an error. A test counts the requests a server sees in both cases.

use std::{
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use keeper_actors::droppable::droppable;
use keeper_domain::{
    broker_error::{BrokerError, Garble, Transport},
    ports::ProxyError,
};
use reqwest::{
    Client, Method, NoProxy, RequestBuilder, Response,
    header::{ACCEPT, HeaderMap, HeaderValue},
    redirect, retry,
};
use secrecy::SecretString;
use url::Url;
use zeroize::Zeroizing;

use crate::fyers::{
    config::{SetupError, Timeouts},
    contact::ContactLog,
    credentials, date,
};
use crate::memory::{Memory, Share};

/// Idle connections are closed before the other side does it, so that an order does not meet a dead one.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// No answer had a readable `Date` yet.
const NO_SKEW: i64 = i64::MIN;

/// Hears of every request: its path, the status of its answer if there was one, and how long it took to the end
/// of the answer.
pub type Timer = Arc<dyn Fn(&str, Option<u16>, Duration) + Send + Sync>;

/// The connection pool, and what was learned from headers.
pub(super) struct Http {
    client: Client,
    timer: Option<Timer>,
    contact: Option<Arc<ContactLog>>,
    skew_ms: AtomicI64,
}

/// The part of an answer that is judged before its body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
}

impl Head {
    fn of(response: &Response) -> Self {
        let retry_after = date::retry_after(response.headers(), Utc::now());
        Self { status: response.status().as_u16(), retry_after }
    }

    pub(super) fn is_fault(self) -> bool {
        self.status >= 500
    }

    pub(super) fn fault(self) -> BrokerError {
        BrokerError::Fault { status: self.status, retry_after: self.retry_after }
    }

    pub(super) fn rate_limited(self) -> BrokerError {
        BrokerError::RateLimited { retry_after: self.retry_after }
    }

    /// A broken answer is the server's fault when the server says so itself.
    pub(super) fn garbled(self, garble: Garble) -> BrokerError {
        if self.is_fault() { self.fault() } else { BrokerError::Garbled { status: self.status, garble } }
    }
}

/// A body that was read whole.
pub(super) struct Raw {
    pub(super) head: Head,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// An answer as it came, whatever it says.
pub(super) struct Execution {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    #[expect(dead_code, reason = "what the body holds of the memory, until it is passed on")]
    room: Share,
}

impl Http {
    pub(super) fn new(timeouts: Timeouts, proxy: Option<&SecretString>) -> Result<Self, SetupError> {
        let mut builder = Client::builder()
            .user_agent(concat!("fyers-keeper/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .http1_only()
            .referer(false)
            // Other crates may switch decompression on for all of reqwest; a small body must not unpack big.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .pool_idle_timeout(POOL_IDLE)
            .no_proxy();
        if let Some(address) = proxy {
            let outside = NoProxy::from_string("localhost,127.0.0.0/8,::1");
            builder = builder.proxy(credentials::proxy(address)?.no_proxy(outside));
        }
        let client = builder.build().map_err(|_| SetupError::Http)?;
        Ok(Self { client, timer: None, contact: None, skew_ms: AtomicI64::new(NO_SKEW) })
    }

    pub(super) fn timed_by(&mut self, timer: Timer) {
        self.timer = Some(timer);
    }

    pub(super) fn noted_in(&mut self, contact: Arc<ContactLog>) {
        self.contact = Some(contact);
    }

    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    pub(super) fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }

    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Sends, and gives back whatever comes, `limit` bytes of body at most. No status is an error.
    /// The body takes its room from `memory`.
    pub(super) async fn exchange(
        &self,
        request: RequestBuilder,
        limit: usize,
        memory: &Memory,
    ) -> Result<Execution, ProxyError> {
        let broken = |error: reqwest::Error| ProxyError::Transport(line(&error));
        let mut watch = Watch::new(self.timer.as_ref());
        let mut response = droppable(self.start(request, &mut watch)).await.map_err(broken)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut share = memory.for_answer();
        let mut room = async |bytes: usize| match () {
            () if bytes > limit => Err(ProxyError::TooLong { limit }),
            () if share.find_room(bytes).await => Ok(()),
            () => Err(ProxyError::TooMany),
        };
        let promised =
            response.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        room(promised).await?;
        // At once and exactly, where the length is known: growing step by step would take twice as much.
        let mut body = Vec::with_capacity(promised);
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            room(body.len() + chunk.len()).await?;
            body.extend_from_slice(&chunk);
        }
        Ok(Execution { status, headers, body, room: share })
    }

    /// Sends, and reads at most `limit` bytes of body. A redirect and a rate limit need no body.
    pub(super) async fn send(&self, request: RequestBuilder, limit: usize) -> Result<Raw, BrokerError> {
        let mut watch = Watch::new(self.timer.as_ref());
        let response = droppable(self.start(request, &mut watch)).await.map_err(|error| transport(&error))?;
        let head = Head::of(&response);
        match head.status {
            300..=399 => Err(head.garbled(Garble::Redirect)),
            429 => Err(head.rate_limited()),
            _ => read(response, head, limit).await.map(|body| Raw { head, body }),
        }
    }

    /// Sends, and returns when the answer's head is there.
    async fn start(&self, request: RequestBuilder, watch: &mut Watch<'_>) -> reqwest::Result<Response> {
        let request = request.build()?;
        watch.began(request.url());
        let began = self.contact.as_ref().map(|contact| contact.asked());
        let answer = self.client.execute(request).await;
        if let (Some(contact), Some(began)) = (&self.contact, began) {
            match &answer {
                Ok(response) => contact.answered(response.status().as_u16()),
                Err(error) => contact.failed(line(error), began),
            }
        }
        let response = answer?;
        watch.status = Some(response.status().as_u16());
        self.note_skew(&response);
        Ok(response)
    }

    fn note_skew(&self, response: &Response) {
        if let Some(skew) = date::skew(response.headers(), Utc::now()) {
            self.skew_ms.store(skew.num_milliseconds(), Ordering::Relaxed);
        }
    }

    pub(super) fn last_skew(&self) -> Option<TimeDelta> {
        match self.skew_ms.load(Ordering::Relaxed) {
            NO_SKEW => None,
            skew => TimeDelta::try_milliseconds(skew),
        }
    }
}

/// Takes the time of one request; its end is the end of the scope it lives in, whatever way that is left.
struct Watch<'a> {
    timer: Option<&'a Timer>,
    request: Option<(String, Instant)>,
    status: Option<u16>,
}

impl<'a> Watch<'a> {
    fn new(timer: Option<&'a Timer>) -> Self {
        Self { timer, request: None, status: None }
    }

    fn began(&mut self, url: &Url) {
        self.request = self.timer.map(|_| (url.path().to_owned(), Instant::now()));
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if let (Some(timer), Some((path, began))) = (self.timer, &self.request) {
            timer(path, self.status, began.elapsed());
        }
    }
}

/// Reads chunk by chunk, so that no more than `limit` bytes are ever held, whatever the length was said to be.
async fn read(mut response: Response, head: Head, limit: usize) -> Result<Zeroizing<Vec<u8>>, BrokerError> {
    let promised = response.content_length().unwrap_or(0);
    if usize::try_from(promised).map_or(true, |promised| promised > limit) {
        return Err(head.garbled(Garble::Oversized));
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| broken_body(&error, head))? {
        if body.len() + chunk.len() > limit {
            return Err(head.garbled(Garble::Oversized));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// No answer: which of the three ways? A request that never left counts as not connected, so that nobody
/// wonders whether the broker has acted on it.
pub(super) fn line(error: &reqwest::Error) -> Transport {
    if error.is_connect() || error.is_builder() {
        Transport::Connect
    } else if error.is_timeout() {
        Transport::Timeout
    } else {
        Transport::Broken
    }
}

fn transport(error: &reqwest::Error) -> BrokerError {
    BrokerError::Transport(line(error))
}

/// A body that did not come whole: it ended early, or the connection failed under it.
fn broken_body(error: &reqwest::Error, head: Head) -> BrokerError {
    if head.is_fault() {
        head.fault()
    } else if ended_early(error) {
        head.garbled(Garble::Truncated)
    } else {
        transport(error)
    }
}

fn ended_early(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        let eof = inner.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof);
        if eof {
            return true;
        }
        cause = inner.source();
    }
    false
}

#[cfg(test)]
mod tests;
