//! Reading the day's books when an order socket is there, to tell bots what happened while there was none. In the keeper's
//! own share of the request limits.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use fyers_api::{
    http::{ApiRequest, ApiResponse},
    order_socket::DayBooks,
};
use keeper_domain::{feeds::connections::Generation, ports::BrokerProxy, secret::AccessToken};
use tokio::time::{Instant, sleep_until, timeout};

use super::order_events::OrderEvents;
use crate::drift::DriftLog;

/// How long events wait for the books.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long the connection has to say what it said before the books were made: a keep-alive is answered behind it.
const ANSWER: Duration = Duration::from_secs(2);
/// Pause before the books are asked for again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(60));

type Books = Pin<Box<dyn Future<Output = Option<DayBooks>> + Send>>;

enum Step {
    Done,
    Asked(Books),
    /// The connection is asked for a sign of life: when it comes, or at this time, the books count.
    Read(Box<DayBooks>, Instant),
    Pausing(Instant),
}

/// What the connection is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Send a keep-alive, and call [`CatchUp::answered`] when it is answered.
    Ping,
    Nothing,
}

/// One connection's.
pub(super) struct CatchUp {
    events: OrderEvents,
    generation: Generation,
    proxy: Option<Arc<dyn BrokerProxy>>,
    token: Arc<AccessToken>,
    step: Step,
    pause: Duration,
}

impl CatchUp {
    pub(super) fn new(
        events: OrderEvents,
        generation: Generation,
        proxy: Option<Arc<dyn BrokerProxy>>,
        token: Arc<AccessToken>,
    ) -> Self {
        Self { events, generation, proxy, token, step: Step::Done, pause: PAUSES.0 }
    }

    /// The connection is subscribed.
    pub(super) fn begin(&mut self) {
        self.read(true);
    }

    fn read(&mut self, holds: bool) {
        let Some(proxy) = self.proxy.clone() else { return };
        self.events.ask(self.generation, holds);
        let (events, token) = (self.events.clone(), Arc::clone(&self.token));
        self.step = Step::Asked(Box::pin(async move {
            let read = async {
                events.begun().await;
                read(proxy, token, events.drift()).await
            };
            timeout(PATIENCE, read).await.ok().flatten()
        }));
    }

    /// Waits until something is to be done. Nothing is lost when the wait is given up.
    pub(super) async fn due(&mut self) -> Wish {
        match &mut self.step {
            Step::Done => std::future::pending().await,
            Step::Asked(query) => match query.await {
                Some(books) => {
                    self.step = Step::Read(Box::new(books), Instant::now() + ANSWER);
                    return Wish::Ping;
                }
                None => self.failed(),
            },
            Step::Read(_, until) => {
                sleep_until(*until).await;
                self.answered();
            }
            Step::Pausing(until) => {
                sleep_until(*until).await;
                self.read(false);
            }
        }
        Wish::Nothing
    }

    fn failed(&mut self) {
        tracing::warn!(
            event = "feed.books_unread",
            actor = "feeds",
            "FYERS did not say what happened to orders while its order socket was away; asked again"
        );
        self.events.give_up(self.generation);
        self.step = Step::Pausing(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(PAUSES.1);
    }

    /// All that was said before the books were made is here.
    pub(super) fn answered(&mut self) {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Read(books, _) if !self.events.finish(self.generation, &books) => self.read(true),
            Step::Read(..) => {}
            other => self.step = other,
        }
    }
}

/// The books with which knowledge begins.
pub(super) async fn beginning(
    proxy: Arc<dyn BrokerProxy>,
    token: Arc<AccessToken>,
    drift: DriftLog,
) -> Option<DayBooks> {
    timeout(PATIENCE, read(proxy, token, &drift)).await.ok().flatten()
}

/// Orders first: what happens between two calls is told by the connection.
async fn read(proxy: Arc<dyn BrokerProxy>, token: Arc<AccessToken>, drift: &DriftLog) -> Option<DayBooks> {
    let mut books: Vec<ApiResponse> = vec![];
    for path in ["/orders", "/tradebook", "/positions"] {
        books.push(proxy.send_own(&token, &ApiRequest::account(path)).await.ok()?);
    }
    let [orders, trades, positions] = books.as_slice() else { return None };
    let of = |answer: &ApiResponse| (answer.status, answer.body.clone());
    let [orders, trades, positions] = [orders, trades, positions].map(of);
    let books =
        DayBooks::read((orders.0, &orders.1), (trades.0, &trades.1), (positions.0, &positions.1)).ok()?;
    Some(drift.warned("orders, tradebook, positions", books))
}
