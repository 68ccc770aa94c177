//! The composition root: the only place that names adapters and actors together.
//!
//! One [`Parts`] value makes one [`Keeper`]: an account's actors, their store, their listener. There are no
//! globals, so a second account is a second call, and a test or the demo starts the very same thing.

mod backend;
mod control;
mod mirror;
mod phone;
mod sink;

pub use crate::{login_report as login, status};

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::{
    build_info,
    http::{
        Front,
        journal_signal::Feed,
        metrics::{CountedMessenger, Metrics, WatchedStore},
    },
    keys::{KeyAdmin, RotateOwner},
    login_report::LoginSetup,
};
use actix::{Addr, Recipient};
use actix_web::dev::ServerHandle;
use arc_swap::ArcSwap;
use chrono::NaiveTime;
use keeper_actors::{
    chat::{card::CardActor, inbox::InboxActor},
    clock::{ClockActor, ClockDeps},
    exchange::{
        ExchangeActor, ExchangeDeps,
        bots::SharedKeys,
        execution::{FaultPoint, InFlight, Tasks},
        messages::StopOrders,
        nothing_known,
        reads::Router,
    },
    journal,
    notifier::{
        actor::{NotifierActor, Ports},
        messages::{Flush, JournalGrew},
    },
    recipient_cell::RecipientCell,
    supervisor::{Tree, watchdog},
    token::{
        actor::{TokenActor, TokenDeps},
        messages::{GetSession, SessionChanged, Tick, TokenRejected},
    },
};
use keeper_domain::alert::Outgoing;
use keeper_domain::{
    alerts::texts::{Context, last_words},
    chat::talk::Control,
    clock::{calendar::Calendar, token_hours::TokenHours},
    event::Event,
    keys::KeyRing,
    ports::{
        Broker, BrokerProxy, Change, Messenger, NoteStore, OutboxStore, OutgoingAddress, Store, StoreError,
        Time, TokenMirror,
    },
    restart_policy::Limits,
    routing::OnTokenLoss,
    session::{login::StateKey, reconcile::Seeds, rules::Facts},
};
use mock_exchange::{Config, Instruments};
use secrecy::SecretString;
use tokio::time::timeout;

pub use backend::KeeperBackend;
use control::KeeperControl;
pub use mirror::EnvMirror;
pub use phone::Phone;
use sink::JournalSink;

/// How long the start waits for an actor to have read its state.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How long the end waits for orders that are on their way to FYERS.
const DRAIN_LIMIT: Duration = Duration::from_secs(8);
/// How long the end waits for alerts that are on their way: a little longer than the gap between two messages.
const FLUSH_LIMIT: Duration = Duration::from_millis(1_200);

/// Everything one account's keeper is made of.
pub struct Parts {
    /// The broker's session calls; `None` when no app is configured.
    pub broker: Option<Arc<dyn Broker>>,
    /// Carries bots' calls to the broker as they are; `None` when no app is configured.
    pub proxy: Option<Arc<dyn BrokerProxy>>,
    /// Who knows this machine's address on the internet.
    pub outgoing: Option<Arc<dyn OutgoingAddress>>,
    /// Where alerts go.
    pub messenger: Arc<dyn Messenger>,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// The `.env` file to keep up to date.
    pub mirror: Option<Arc<dyn TokenMirror>>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// A clock that only goes forward, to notice steps of the other; `None` on a made-up time.
    pub steady: Option<Arc<dyn Fn() -> Duration + Send + Sync>>,
    /// Trading days.
    pub calendar: Arc<Calendar>,
    /// When a token matters.
    pub hours: Arc<TokenHours>,
    /// When the daily tick is due (IST).
    pub tick_time: NaiveTime,
    /// A chat with a person; `None` when Telegram is not configured.
    pub phone: Option<Phone>,
    /// How a person logs in; `None` when no app is configured.
    pub login: Option<LoginSetup>,
    /// What the settings say of the session.
    pub facts: Facts,
    /// Tokens from the settings.
    pub seeds: Seeds,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// `KEEPER_ON_TOKEN_LOSS`.
    pub on_token_loss: OnTokenLoss,
    /// The MockExchange's rules.
    pub rules: Config,
    /// Symbols with their ticks and lots, as far as they are known.
    pub instruments: Instruments,
    /// Whether fault injection may be reached: only while everybody this program talks to is a stand-in on this
    /// machine, and only in builds that have it.
    pub test_doors: bool,
    /// Where the listener binds; `None` for no listener.
    pub listen: Option<SocketAddr>,
    /// The gateway key.
    pub key: SecretString,
    /// What the tokens of bots are signed with.
    pub signing: SecretString,
    /// How the gateway key is replaced; `None` where it is a setting.
    pub rotate_owner: Option<RotateOwner>,
    /// Where a browser reaches the keeper, if a person said so.
    pub public_url: Option<url::Url>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<keeper_domain::address::Network>,
    /// What Prometheus is told; the broker's adapter may know it already.
    pub metrics: Arc<Metrics>,
    /// What the alerts say about logging in.
    pub texts: Context,
    /// What is not configured and what that costs, in words.
    pub missing: Vec<String>,
    /// Whether the run before this one ended without saying goodbye.
    pub after_crash: bool,
    /// The supervisor's patience.
    pub limits: Limits,
    /// For tests that end the program at a step of an order.
    pub order_fault: FaultPoint,
}

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
    /// Owns the login card; `None` without a chat or without a way to log in.
    pub card: Option<Addr<CardActor>>,
    /// Where bots' requests come in.
    pub router: Router,
    /// The orders that are on their way to FYERS.
    pub in_flight: InFlight,
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
    /// Where the listener is.
    pub addr: Option<SocketAddr>,
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    messenger: Arc<dyn Messenger>,
    journal: RecipientCell<JournalGrew>,
    sink: Arc<JournalSink>,
    server: Option<ServerHandle>,
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
        let (parts, feed) = watched(parts);
        let journal = RecipientCell::new();
        let sink = Arc::new(JournalSink::new(&parts, journal.clone()));
        let tree = Tree::new(parts.limits.clone(), Arc::clone(&sink) as _);
        tree.spawn("journal", sink.writer());
        announce_start(&parts).await?;
        phone::follow_moves(&parts, &tree).await?;

        let keys = load_keys(&parts).await?;
        let actors = start_actors(&parts, &tree, &journal, &keys);
        let loaded = timeout(START_LIMIT, actors.token.send(GetSession)).await;
        loaded.map_err(|_| StartError::Slow)?.map_err(|_| StartError::Slow)?;

        let backend = Arc::new(KeeperBackend::new(actors.clone(), tree.clone(), &parts, Arc::clone(&sink)));
        tree.spawn("loading", backend.until_loaded());
        let admin = Arc::new(key_admin(&parts, keys, &journal, &actors));
        let control: Arc<dyn Control> =
            Arc::new(KeeperControl::new(&parts, &backend, &actors, &admin, &journal));
        let inbox = phone::hear(&parts, &tree, &control);
        let (server, addr) = listen(&parts, &backend, (control, admin), feed, &tree)?;
        let Parts { store, time, messenger, .. } = parts;
        Ok(Self { actors, inbox, tree, backend, addr, store, time, messenger, journal, sink, server })
    }

    /// Starts the thread that ends the program when the actors' thread is blocked.
    pub fn guard(&self, on_hang: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        watchdog::start(&self.backend.pulse(), watchdog::Watch::default(), on_hang)
    }

    /// Says goodbye and stops. What is not delivered stays in the outbox for the next start.
    ///
    /// Orders that are on their way to FYERS are waited for, and their bots get their answers; new ones are refused.
    pub async fn stop(self) {
        let exchange = &self.actors.exchange;
        let drained = async {
            let _gone = exchange.send(StopOrders).await;
            self.actors.in_flight.drained().await;
        };
        if timeout(DRAIN_LIMIT, drained).await.is_err() {
            tracing::error!(
                event = "keeper.undrained",
                "orders are still on their way: they are looked up at the next start"
            );
        }
        let change = Change { events: vec![(self.time.now(), Event::KeeperStopping)], ..Change::default() };
        if let Err(error) = journal::commit(self.store.as_ref(), change, "keeper", &self.journal).await {
            tracing::error!(event = "store.failed", "{error}");
        }
        self.flush(FLUSH_LIMIT).await;
        if let Some(server) = &self.server {
            server.stop(true).await;
        }
        self.tree.shutdown().await;
    }

    /// The supervisor has given up on `actor`: says so by the shortest way there is. The Notifier may be the
    /// one that is dead, so this goes past it; whether or not it arrives, the journal has it for the next start.
    pub async fn last_words(&self, actor: &'static str, limit: Duration) {
        let now = self.time.now();
        let (severity, text) = last_words(actor);
        let alert = Outgoing {
            id: 0,
            at: now,
            last_at: now,
            count: 1,
            severity,
            key: String::new(),
            text,
            attempts: 0,
        };
        let (sent, written) =
            tokio::join!(timeout(limit, self.messenger.send(&alert)), timeout(limit, self.sink.written()));
        if !matches!(sent, Ok(Ok(()))) {
            tracing::error!(event = "alert.failed", "the last alert could not be sent; it is in the journal");
        }
        if written.is_err() {
            tracing::error!(event = "store.failed", "the last events could not be written");
        }
    }

    /// Tries to deliver what waits, for a bounded time.
    pub async fn flush(&self, limit: Duration) {
        self.journal.say(JournalGrew);
        let _late = timeout(limit, self.actors.notifier.send(Flush)).await;
    }
}

/// Puts the counting between the actors and the ports they speak to.
fn watched(parts: Parts) -> (Parts, Feed) {
    let feed = Feed::default();
    let store = WatchedStore::new(Arc::clone(&parts.store), Arc::clone(&parts.metrics), feed.clone());
    let messenger =
        CountedMessenger::new(Arc::clone(&parts.messenger), Arc::clone(&parts.metrics), store.severities());
    (Parts { store: Arc::new(store), messenger: Arc::new(messenger), ..parts }, feed)
}

async fn announce_start(parts: &Parts) -> Result<(), StoreError> {
    let event = Event::KeeperStarted {
        version: build_info::VERSION.to_owned(),
        commit: build_info::COMMIT.to_owned(),
        missing: parts.missing.clone(),
        after_crash: parts.after_crash,
    };
    let change = Change { events: vec![(parts.time.now(), event)], ..Change::default() };
    journal::commit(parts.store.as_ref(), change, "keeper", &RecipientCell::new()).await
}

async fn load_keys(parts: &Parts) -> Result<SharedKeys, StoreError> {
    let stored = parts.store.keys().await?;
    let ring = KeyRing::new(stored, &parts.key, &parts.signing, parts.time.now());
    Ok(Arc::new(ArcSwap::from_pointee(ring)))
}

fn key_admin(
    parts: &Parts,
    keys: SharedKeys,
    journal: &RecipientCell<JournalGrew>,
    actors: &Actors,
) -> KeyAdmin {
    let (store, time) = (Arc::clone(&parts.store), Arc::clone(&parts.time));
    let admin = KeyAdmin::new(store, time, keys, parts.signing.clone(), parts.rotate_owner.clone());
    admin.telling(journal.clone(), actors.exchange.clone().recipient())
}

fn start_actors(
    parts: &Parts,
    tree: &Tree,
    journal: &RecipientCell<JournalGrew>,
    keys: &SharedKeys,
) -> Actors {
    let (tick, rejected, session) = (RecipientCell::new(), RecipientCell::new(), RecipientCell::new());
    let ports = Ports {
        store: Arc::clone(&parts.store) as Arc<dyn OutboxStore>,
        notes: Arc::clone(&parts.store) as Arc<dyn NoteStore>,
        messenger: Arc::clone(&parts.messenger),
        time: Arc::clone(&parts.time),
    };
    let notifier = tree.supervise("notifier", NotifierActor::new(ports, parts.texts.clone()));
    journal.connect(notifier.clone().recipient());

    let deps = exchange_deps(parts, tree, journal, keys, (&session, &rejected));
    let (snapshot, in_flight) = (Arc::clone(&deps.snapshot), deps.in_flight.clone());
    let exchange = tree.supervise("exchange", ExchangeActor::new(deps));
    let (keys, proxy) = (Arc::clone(keys), parts.proxy.clone());
    let router = Router { snapshot, proxy, keys, exchange: exchange.clone() };
    let card = phone::Card::start(parts, tree, journal);
    let mut listeners = vec![exchange.clone().recipient()];
    listeners.extend(card.as_ref().map(|card| card.addr.clone().recipient()));
    let token = tree.supervise("token", TokenActor::new(token_deps(parts, journal, listeners)));
    session.connect(token.clone().recipient());
    rejected.connect(token.clone().recipient());
    tick.connect(token.clone().recipient::<Tick>());

    let clock = tree.supervise("clock", ClockActor::new(clock_deps(parts, journal, &tick)));
    let card_addr = card.as_ref().map(|card| card.addr.clone());
    let actors = Actors { token, clock, exchange, notifier, card: card_addr, router, in_flight };
    if let Some(card) = &card {
        card.connect(&actors);
    }
    actors
}

fn token_deps(
    parts: &Parts,
    journal: &RecipientCell<JournalGrew>,
    listeners: Vec<Recipient<SessionChanged>>,
) -> TokenDeps {
    TokenDeps {
        broker: parts.broker.clone(),
        store: Arc::clone(&parts.store),
        mirror: parts.mirror.clone(),
        time: Arc::clone(&parts.time),
        state_key: StateKey::derive(&parts.key),
        hours: Arc::clone(&parts.hours),
        checks_clock: parts.steady.is_some(),
        facts: parts.facts.clone(),
        seeds: parts.seeds.clone(),
        listeners,
        journal: journal.clone(),
    }
}

fn exchange_deps(
    parts: &Parts,
    tree: &Tree,
    journal: &RecipientCell<JournalGrew>,
    keys: &SharedKeys,
    (session, rejected): (&RecipientCell<GetSession>, &RecipientCell<TokenRejected>),
) -> ExchangeDeps {
    ExchangeDeps {
        app: parts.facts.app_id.clone().unwrap_or_default(),
        outgoing: parts.outgoing.clone(),
        proxy: parts.proxy.clone(),
        store: Arc::clone(&parts.store),
        time: Arc::clone(&parts.time),
        sandbox: parts.sandbox,
        on_token_loss: parts.on_token_loss,
        rules: parts.rules,
        instruments: parts.instruments.clone(),
        session: session.clone(),
        rejected: rejected.clone(),
        journal: journal.clone(),
        tasks: {
            let tree = tree.clone();
            Tasks::new(move |task| tree.spawn("order", task))
        },
        in_flight: InFlight::default(),
        keys: Arc::clone(keys),
        snapshot: nothing_known(parts.sandbox, parts.on_token_loss),
        fault: parts.order_fault.clone(),
    }
}

fn clock_deps(parts: &Parts, journal: &RecipientCell<JournalGrew>, tick: &RecipientCell<Tick>) -> ClockDeps {
    ClockDeps {
        store: Arc::clone(&parts.store),
        time: Arc::clone(&parts.time),
        calendar: Arc::clone(&parts.calendar),
        hours: Arc::clone(&parts.hours),
        tick_time: parts.tick_time,
        steady: parts.steady.clone(),
        tick: tick.clone(),
        journal: journal.clone(),
    }
}

fn listen(
    parts: &Parts,
    backend: &Arc<KeeperBackend>,
    (control, admin): (Arc<dyn Control>, Arc<KeyAdmin>),
    feed: Feed,
    tree: &Tree,
) -> Result<(Option<ServerHandle>, Option<SocketAddr>), StartError> {
    let Some(addr) = parts.listen else { return Ok((None, None)) };
    let backend = Arc::clone(backend) as Arc<dyn crate::http::Backend>;
    let front = Front {
        control: Some(control),
        keys: Some(Arc::clone(&admin)),
        metrics: Arc::clone(&parts.metrics),
        feed,
        public_url: parts.public_url.clone(),
        trusted_proxies: parts.trusted_proxies.clone(),
    };
    let (server, bound) = crate::http::listen_with(addr, admin.shared(), backend, front)
        .map_err(|error| StartError::Listen { addr, problem: error.to_string() })?;
    let handle = server.handle();
    tree.spawn("listener", async move {
        if let Err(error) = server.await {
            tracing::error!(event = "keeper.listener_failed", "the listener ended: {error}");
        }
    });
    Ok((Some(handle), Some(bound)))
}
