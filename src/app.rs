//! The composition root: the only place that names adapters and actors together.
//!
//! One [`Parts`] value makes one [`Keeper`]: an account's actors, their store, their listener. There are no
//! globals, so a second account is a second call, and a test or the demo starts the very same thing.

mod account_words;
mod ask;
mod assembly;
mod backend;
mod bot_words;
mod confirm_words;
mod contact;
mod control;
mod day_summary;
mod disk;
mod equity;
mod farewell;
mod lease;
mod logins;
mod mirror;
mod parts;
mod phone;
mod sink;
mod status_words;
mod told_orders;

pub use crate::{login_report as login, status};

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::{
    disk::DiskLog,
    fyers::symbols::{Ears, Renewal},
    http::{
        journal_signal::JournalSignal,
        metrics::{CountedMessenger, Metrics, WatchedStore},
    },
    keys::KeyAdmin,
};
use actix::Addr;
use actix_web::dev::ServerHandle;
use keeper_actors::{
    chat::{card::CardActor, inbox::InboxActor},
    clock::ClockActor,
    exchange::{
        ExchangeActor,
        execution::InFlight,
        messages::{SetInstruments, StopOrders},
        reads::Router,
    },
    feeds::FeedsActor,
    hub::Hub,
    notifier::{
        actor::NotifierActor,
        messages::{JournalGrew, StopSending},
    },
    recipient_cell::RecipientCell,
    supervisor::{Tree, watchdog},
    token::{actor::TokenActor, messages::GetSession},
};
use keeper_domain::{
    alert::Channel,
    alerts::texts::{Context, last_words},
    chat::talk::Control,
    clock::token_hours::TokenHours,
    notes::SEGMENTS_JOINED,
    ports::{Messenger, Store, StoreError, Time},
};
use tokio::time::timeout;

use assembly::{announce_start, key_admin, listen, load_keys, start_actors};
pub use backend::KeeperBackend;
use contact::ContactWatch;
use control::KeeperControl;
use disk::{DiskWatch, urgent};
use farewell::{ALONE, LAST_FLUSH_LIMIT, Stop, say_goodbye};
pub use mirror::EnvMirror;
pub use parts::{Parts, Phone, Webhook};
use sink::JournalSink;

/// How long the start waits for an actor to have read its state.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long the end waits for orders that are on their way to FYERS.
const DRAIN_LIMIT: Duration = Duration::from_secs(8);
/// How long their bots' answers may take, when FYERS gives none in that time.
const TELL_LIMIT: Duration = Duration::from_millis(2_500);
/// How long it waits for a login: FYERS answers within a second, if it does.
const LOGIN_LIMIT: Duration = Duration::from_secs(5);
/// How long the end waits for alerts that are on their way: a little longer than the gap between two messages.
const FLUSH_LIMIT: Duration = Duration::from_millis(1_200);
/// How long a delivery that is under way may hold up another keeper that takes over. What takes longer is sent twice.
const SETTLE_LIMIT: Duration = Duration::from_millis(500);

/// The actors' addresses.
#[derive(Clone)]
pub struct Actors {
    /// Owns the session.
    pub token: Addr<TokenActor>,
    /// Owns calendar and tick.
    pub clock: Addr<ClockActor>,
    /// Owns the mode.
    pub exchange: Addr<ExchangeActor>,
    /// Owns the outbox.
    pub notifier: Addr<NotifierActor>,
    /// The same for the webhook's outbox; `None` when it is not configured.
    pub webhook: Option<Addr<NotifierActor>>,
    /// Owns the login card; `None` without a chat or without a way to log in.
    pub card: Option<Addr<CardActor>>,
    /// Where bots' requests come in.
    pub router: Router,
    /// The orders that are on their way to FYERS.
    pub in_flight: InFlight,
    /// Market data and order updates.
    pub feeds: Addr<FeedsActor>,
    /// Where bots follow them.
    pub hub: Hub,
}

/// A running keeper.
pub struct Keeper {
    /// The actors, for tests, the demo and the listener.
    pub actors: Actors,
    /// Hears commands; `None` without a chat.
    pub inbox: Option<Addr<InboxActor>>,
    /// The supervisor.
    pub tree: Tree,
    /// What the listener asks.
    pub backend: Arc<KeeperBackend>,
    /// Changes the keys.
    pub keys: Arc<KeyAdmin>,
    /// Where the listener is.
    pub addr: Option<SocketAddr>,
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    messengers: Vec<Arc<dyn Messenger>>,
    journal: RecipientCell<JournalGrew>,
    sink: Arc<JournalSink>,
    server: Option<ServerHandle>,
    /// How alerts are worded.
    texts: Context,
    /// Whether other keepers work on the same store.
    is_shared: bool,
}

/// The keeper could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listener's address cannot be had.
    #[error("cannot listen on {addr}: {problem}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        problem: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An actor did not come up.
    #[error("the keeper's parts did not come up within {} s", START_LIMIT.as_secs())]
    Slow,
}

impl Keeper {
    /// Starts everything: store first, then those who hear, then those who speak. Returns when the state is
    /// loaded. Must run on the thread the actors will live on.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let disk = DiskLog::new();
        let (parts, feed) = watched(parts, &disk);
        let journal = RecipientCell::new();
        let sink = Arc::new(JournalSink::new(&parts, journal.clone(), &disk));
        let tree = Tree::new(parts.limits.clone(), Arc::clone(&sink) as _);
        tree.spawn("journal", sink.writer());
        // The reads need not wait for the disk.
        let announced = async { Ok(announce_start(&parts, &sink).await?) };
        let read = async {
            phone::follow_moves(&parts, &tree).await?;
            recall_segments(&parts.hours, parts.store.as_ref()).await?;
            Ok::<_, StartError>(load_keys(&parts).await?)
        };
        let ((), keys) = tokio::try_join!(announced, read)?;

        let actors = start_actors(&parts, &tree, &journal, &keys);
        wake_webhook(&actors, &tree, &feed);
        let loaded = timeout(START_LIMIT, actors.token.send(GetSession)).await;
        loaded.map_err(|_| StartError::Slow)?.map_err(|_| StartError::Slow)?;

        let backend =
            KeeperBackend::new(actors.clone(), tree.clone(), &parts, (Arc::clone(&sink), Arc::clone(&disk)));
        let backend = Arc::new(backend);
        tree.spawn("disk", DiskWatch::new(&parts, &disk, &actors).run());
        tree.spawn("loading", backend.until_loaded());
        if let Some(contact) = ContactWatch::new(&parts, &actors) {
            tree.spawn("contact", contact.run());
        }
        if parts.day_summary {
            tree.spawn("summary", day_summary::Summarist::new(&parts, &backend, &journal).run());
        }
        tree.spawn("equity", equity::Recorder::new(&parts, &actors).run());
        let admin = Arc::new(key_admin(&parts, keys, &journal, &actors));
        let control: Arc<dyn Control> =
            Arc::new(KeeperControl::new(&parts, &backend, &actors, &admin, &journal));
        let inbox = phone::hear(&parts, &tree, &control);
        let (server, addr) =
            listen(&parts, &backend, (control, Arc::clone(&admin)), feed, (&tree, actors.hub.clone()))?;
        let Parts { store, time, messenger, webhook, symbols, texts, lease, .. } = parts;
        let messengers = [Some(messenger), webhook.map(|webhook| webhook.messenger)];
        let messengers = messengers.into_iter().flatten().collect();
        if let Some(renewal) = symbols {
            renew_symbols(renewal, &time, &actors, &sink, &tree);
        }
        Ok(Self {
            actors,
            inbox,
            tree,
            backend,
            keys: admin,
            addr,
            store,
            time,
            messengers,
            journal,
            sink,
            server,
            texts,
            is_shared: lease.is_some(),
        })
    }

    /// Starts the thread that ends the program when the actors' thread is blocked.
    pub fn guard(&self, on_hang: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        watchdog::start(&self.backend.pulse(), watchdog::Watch::default(), on_hang)
    }

    /// Says goodbye and stops. What is not delivered stays in the outbox for the next start.
    ///
    /// Orders that are on their way to FYERS are waited for, and their bots get their answers; new ones are refused.
    pub async fn stop(self) {
        self.drain().await;
        self.say_goodbye(ALONE).await;
        let limit = if self.is_shared { LAST_FLUSH_LIMIT } else { FLUSH_LIMIT };
        tokio::join!(self.flush(limit), self.close_listener());
        self.tree.shutdown().await;
    }

    /// The same for a keeper whose place another one takes at once: what it says last is told by that one, too. The bots'
    /// connections are closed by [`Self::close_listener`], when the other one serves them.
    ///
    /// `stands_by`: it goes on as the one that waits.
    pub async fn give_way(&self, stands_by: bool) {
        self.drain().await;
        self.say_goodbye(Stop { handed_over: true, stands_by }).await;
        let channels = std::iter::once(&self.actors.notifier).chain(&self.actors.webhook);
        let settling = channels.map(|notifier| timeout(SETTLE_LIMIT, notifier.send(StopSending)));
        let _late = futures_util::future::join_all(settling).await;
        self.tree.shutdown().await;
    }

    async fn drain(&self) {
        tokio::join!(self.drain_orders(), self.backend.end_logins(LOGIN_LIMIT));
    }

    async fn drain_orders(&self) {
        let exchange = &self.actors.exchange;
        let drained = async {
            let _gone = exchange.send(StopOrders).await;
            self.actors.in_flight.drained().await;
        };
        if timeout(DRAIN_LIMIT, drained).await.is_err() {
            tracing::error!(
                event = "keeper.undrained",
                "FYERS gives no answer to orders: their bots are told so, and they are looked up at the next start"
            );
            self.actors.in_flight.give_up();
            let _written = timeout(TELL_LIMIT, self.actors.in_flight.drained()).await;
        }
    }

    async fn say_goodbye(&self, stop: Stop) {
        say_goodbye(self.store.as_ref(), self.time.as_ref(), stop, &self.journal).await;
    }

    /// Closes the bots' connections, those that wait for an answer after it.
    pub async fn close_listener(&self) {
        self.actors.hub.close_all();
        if let Some(server) = &self.server {
            server.stop(true).await;
        }
    }

    /// The supervisor has given up on `actor`: says so by the shortest way there is. The Notifier may be the
    /// one that is dead, so this goes past it; whether or not it arrives, the journal has it for the next start.
    pub async fn last_words(&self, actor: &'static str, limit: Duration) {
        let now = self.time.now();
        let (severity, text) = last_words(actor);
        let alert = urgent("actor.gave_up", severity, &text, now);
        let sending = self.messengers.iter().map(|messenger| {
            let alert = &alert;
            async move { (messenger.channel(), timeout(limit, messenger.send(alert)).await) }
        });
        let (sent, written) =
            tokio::join!(futures_util::future::join_all(sending), timeout(limit, self.sink.written()));
        for (channel, _) in sent.iter().filter(|(_, sent)| !matches!(sent, Ok(Ok(())))) {
            let text = "the last alert could not be sent; it is in the journal";
            tracing::error!(event = "alert.failed", channel, "{text}");
        }
        if written.is_err() {
            tracing::error!(event = "store.failed", "the last events could not be written");
        }
    }

    /// Tries to deliver what waits, for a bounded time; when that is over, the last word at least.
    pub async fn flush(&self, limit: Duration) {
        self.journal.say(JournalGrew);
        let channels = std::iter::once(&self.actors.notifier).chain(&self.actors.webhook);
        futures_util::future::join_all(channels.map(|notifier| farewell::flush(notifier, limit))).await;
    }
}

/// Puts the counting between the actors and the ports they speak to.
fn watched(parts: Parts, disk: &Arc<DiskLog>) -> (Parts, JournalSignal) {
    let feed = JournalSignal::default();
    let watch = |store| WatchedStore::new(store, Arc::clone(&parts.metrics), feed.clone(), Arc::clone(disk));
    let store = watch(Arc::clone(&parts.store));
    let messenger = counted(&parts.messenger, &parts.metrics, &store);
    let webhook = parts.webhook.clone().map(|webhook| {
        let store = watch(webhook.store).of_channel(Channel::Webhook);
        Webhook { messenger: counted(&webhook.messenger, &parts.metrics, &store), store: Arc::new(store) }
    });
    (Parts { store: Arc::new(store), messenger, webhook, ..parts }, feed)
}

fn counted(
    messenger: &Arc<dyn Messenger>,
    metrics: &Arc<Metrics>,
    store: &WatchedStore,
) -> Arc<dyn Messenger> {
    Arc::new(CountedMessenger::new(Arc::clone(messenger), Arc::clone(metrics), store))
}

/// The journal's wake-up calls go to the chat's notifier; the webhook's follows the journal by itself.
fn wake_webhook(actors: &Actors, tree: &Tree, feed: &JournalSignal) {
    let Some(webhook) = actors.webhook.clone() else { return };
    let mut news = feed.follow();
    tree.spawn("webhook.wake", async move {
        while news.changed().await.is_ok() {
            webhook.do_send(JournalGrew);
        }
    });
}

/// Keeps the MockExchange's symbols as new as FYERS has them. Nothing waits for it.
fn renew_symbols(
    renewal: Renewal,
    time: &Arc<dyn Time>,
    actors: &Actors,
    sink: &Arc<JournalSink>,
    tree: &Tree,
) {
    let (exchange, sink) = (actors.exchange.clone(), Arc::clone(sink));
    let ears = Ears {
        exchange: Box::new(move |instruments| exchange.do_send(SetInstruments(instruments))),
        journal: Box::new(move |event| sink.report("exchange", event)),
    };
    tree.spawn("symbols", renewal.run(Arc::clone(time), ears));
}

/// Segments that joined in an earlier run. What cannot be read joins again when it is seen again.
pub async fn recall_segments(hours: &TokenHours, store: &dyn Store) -> Result<(), StoreError> {
    hours.recall(&SEGMENTS_JOINED.read(store).await?.readable().unwrap_or_default());
    Ok(())
}
