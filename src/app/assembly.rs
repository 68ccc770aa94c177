//! The one function that builds an account's actors, and the listener in front of them.

use std::{net::SocketAddr, sync::Arc};

use actix::Recipient;
use actix_web::dev::ServerHandle;
use arc_swap::ArcSwap;
use keeper_actors::{
    clock::{ClockActor, ClockDeps},
    exchange::{
        ExchangeActor, ExchangeDeps,
        bots::SharedKeys,
        conditional::ConditionalOrders,
        execution::{InFlight, Tasks},
        messages::{GetFeedPrices, SocketPrices, TokenDied},
        nothing_known,
        read_turns::ReadTurns,
        reads::{Router, SharedSnapshot},
        watched::WatchedProxy,
    },
    feeds::{FeedsActor, FeedsDeps},
    hub::Hub,
    journal,
    notifier::{
        actor::{NotifierActor, Ports},
        messages::JournalGrew,
    },
    recipient_cell::RecipientCell,
    supervisor::Tree,
    token::{
        actor::{TokenActor, TokenDeps},
        messages::{GetSession, SessionChanged, Tick, TokenRejected},
    },
};
use keeper_domain::{
    chat::talk::Control,
    event::Event,
    keys::KeyRing,
    moments::PutBackHalt,
    notes::{HALTED_FOR_PUT_BACK, PUT_BACK, PUT_BACK_HALTS},
    ports::{BrokerProxy, Change, Messenger, NoteStore, OutboxStore, Store, StoreError},
    routing::live_positions::LivePositions,
    session::{
        login::StateKey,
        reconcile::{needs_login, reconcile},
    },
    session_state::StoredSession,
};

use crate::{
    app::{Actors, Parts, StartError, backend::KeeperBackend, phone, sink::JournalSink},
    build_info,
    http::{Front, journal_signal::JournalSignal},
    keys::KeyAdmin,
    store::postgres::{HeldLease, PostgresStore},
};

pub(super) fn start_actors(
    parts: &Parts,
    tree: &Tree,
    journal: &RecipientCell<JournalGrew>,
    keys: &SharedKeys,
) -> Actors {
    let (tick, rejected, session) = (RecipientCell::new(), RecipientCell::new(), RecipientCell::new());
    let notifier = tree.supervise("notifier", notifier_of(parts, &parts.store, &parts.messenger));
    let webhook = parts.webhook.as_ref();
    let webhook = webhook.map(|to| tree.supervise("webhook", notifier_of(parts, &to.store, &to.messenger)));
    journal.connect(notifier.clone().recipient());

    let died = RecipientCell::new();
    let proxy = watched(parts, &died);
    let deps = exchange_deps(parts, tree, journal, keys, (&session, &rejected, &proxy));
    let deps = ExchangeDeps { died, ..deps };
    let (snapshot, in_flight) = (Arc::clone(&deps.snapshot), deps.in_flight.clone());
    let hub = deps.hub.clone();
    let (prices, observed) = (RecipientCell::new(), RecipientCell::new());
    let exchange = tree.supervise("exchange", ExchangeActor::new(deps));
    prices.connect(exchange.clone().recipient());
    observed.connect(exchange.clone().recipient());
    let feeds = tree.supervise(
        "feeds",
        FeedsActor::new(feeds_deps(parts, &proxy, (&hub, &snapshot), (prices, observed))),
    );
    let keys = Arc::clone(keys);
    let router = Router { snapshot, proxy, keys, exchange: exchange.clone(), turns: ReadTurns::default() };
    let card = phone::Card::start(parts, tree, journal);
    let mut listeners = vec![exchange.clone().recipient()];
    listeners.extend(card.as_ref().map(|card| card.addr.clone().recipient()));
    let token = tree.supervise("token", TokenActor::new(token_deps(parts, journal, listeners)));
    session.connect(token.clone().recipient());
    rejected.connect(token.clone().recipient());
    tick.connect(token.clone().recipient::<Tick>());

    let clock = tree.supervise("clock", ClockActor::new(clock_deps(parts, journal, &tick)));
    let card_addr = card.as_ref().map(|card| card.addr.clone());
    let actors =
        Actors { token, clock, exchange, notifier, webhook, card: card_addr, router, in_flight, feeds, hub };
    if let Some(card) = &card {
        card.connect(&actors);
    }
    actors
}

/// The way to FYERS; `None` when no app is configured.
type Proxy = Option<Arc<dyn BrokerProxy>>;

/// One way for all calls: whoever hears first that the token is dead, it is known.
fn watched(parts: &Parts, died: &RecipientCell<TokenDied>) -> Proxy {
    let (inner, died) = (Arc::clone(parts.proxy.as_ref()?), died.clone());
    Some(Arc::new(WatchedProxy { inner, died }))
}

/// Each channel of alerts has a notifier with an outbox of its own.
fn notifier_of(parts: &Parts, store: &Arc<dyn Store>, messenger: &Arc<dyn Messenger>) -> NotifierActor {
    let ports = Ports {
        store: Arc::clone(store) as Arc<dyn OutboxStore>,
        notes: Arc::clone(&parts.store) as Arc<dyn NoteStore>,
        messenger: Arc::clone(messenger),
        time: Arc::clone(&parts.time),
    };
    NotifierActor::new(ports, parts.texts.clone())
}

fn token_deps(
    parts: &Parts,
    journal: &RecipientCell<JournalGrew>,
    listeners: Vec<Recipient<SessionChanged>>,
) -> TokenDeps {
    let key = parts.key.clone();
    TokenDeps {
        broker: parts.broker.clone(),
        store: Arc::clone(&parts.store),
        mirror: parts.mirror.clone(),
        time: Arc::clone(&parts.time),
        state_key: Arc::new(move || StateKey::derive(&key.secret())),
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
    (session, rejected, proxy): (&RecipientCell<GetSession>, &RecipientCell<TokenRejected>, &Proxy),
) -> ExchangeDeps {
    ExchangeDeps {
        app: parts.facts.app_id.clone().unwrap_or_default(),
        outgoing: parts.outgoing.clone(),
        proxy: proxy.clone(),
        store: Arc::clone(&parts.store),
        time: Arc::clone(&parts.time),
        sandbox: parts.sandbox,
        on_token_loss: parts.on_token_loss,
        rules: parts.rules,
        market: parts.market.clone(),
        instruments: parts.instruments.clone(),
        session: session.clone(),
        rejected: rejected.clone(),
        died: RecipientCell::new(),
        journal: journal.clone(),
        tasks: {
            let tree = tree.clone();
            Tasks::new(move |task| tree.spawn("order", task))
        },
        in_flight: InFlight::default(),
        conditional: ConditionalOrders::default(),
        keys: Arc::clone(keys),
        snapshot: nothing_known(parts.sandbox, parts.on_token_loss),
        epoch: parts.lease.as_ref().map_or(0, |lease| lease.holding().epoch().unsigned_abs()),
        hours: Arc::clone(&parts.hours),
        fault: parts.order_fault.clone(),
        hub: Hub::with_room(parts.feed_items),
    }
}

fn feeds_deps(
    parts: &Parts,
    proxy: &Proxy,
    (hub, snapshot): (&Hub, &SharedSnapshot),
    (prices, observed): (RecipientCell<GetFeedPrices>, RecipientCell<SocketPrices>),
) -> FeedsDeps {
    FeedsDeps {
        hub: hub.clone(),
        sockets: parts.sockets.clone(),
        proxy: proxy.clone(),
        time: Arc::clone(&parts.time),
        calendar: Arc::clone(&parts.calendar),
        snapshot: Arc::clone(snapshot),
        prices,
        observed,
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

pub(super) fn listen(
    parts: &Parts,
    backend: &Arc<KeeperBackend>,
    (control, admin): (Arc<dyn Control>, Arc<KeyAdmin>),
    feed: JournalSignal,
    (tree, feeds): (&Tree, Hub),
) -> Result<(Option<ServerHandle>, Option<SocketAddr>), StartError> {
    let Some(addr) = parts.listen else { return Ok((None, None)) };
    let backend = Arc::clone(backend) as Arc<dyn crate::http::Backend>;
    let front = Front {
        control: Some(control),
        keys: Some(admin),
        metrics: Arc::clone(&parts.metrics),
        feed,
        feeds,
        public_url: parts.public_url.clone(),
        trusted_proxies: parts.trusted_proxies.clone(),
        app_id: parts.facts.app_id.clone(),
        memory: parts.memory.clone(),
        secrets: parts.secrets.clone(),
        set_up: parts.set_up.clone(),
    };
    let (server, bound) = crate::http::listen_with(addr, parts.key.clone(), backend, front)
        .map_err(|error| StartError::Listen { addr, problem: error.to_string() })?;
    let handle = server.handle();
    tree.spawn("listener", async move {
        if let Err(error) = server.await {
            tracing::error!(event = "keeper.listener_failed", "the listener ended: {error}");
        }
    });
    Ok((Some(handle), Some(bound)))
}

/// Whether only a login leads to a token; without an app not even that.
async fn asks_for_login(parts: &Parts) -> Result<bool, StoreError> {
    let session = reconcile(parts.store.session().await?, &parts.seeds);
    Ok(parts.broker.is_some() && needs_login(&session, parts.facts.has_pin, parts.time.now()))
}

/// What is known of the positions at FYERS where there is no memory at all: none that was lost is taken for none at all.
async fn without_memory(parts: &Parts) -> Result<Option<LivePositions>, StoreError> {
    let store = parts.store.as_ref();
    let is_new =
        store.recent_events(1).await?.is_empty() && store.session().await? == StoredSession::default();
    let has_token = parts.proxy.is_some() && parts.seeds.access.is_some();
    Ok(LivePositions::without_memory(has_token, parts.sandbox).filter(|_| is_new))
}

/// The first entry of this run in the journal.
///
/// On a disk that is full or fails the start is told by the direct path and written down when it can be: whoever does not come up
/// answers nobody, and is only started again and again.
pub(super) async fn announce_start(parts: &Parts, sink: &JournalSink) -> Result<(), StoreError> {
    let is_noted = PUT_BACK.read(parts.store.as_ref()).await?.or_unreadable(true).unwrap_or(false);
    let holding = parts.lease.as_ref().map(PostgresStore::holding);
    let was_put_back = is_noted || holding.is_some_and(HeldLease::was_put_back);
    let event = Event::KeeperStarted {
        version: build_info::VERSION.to_owned(),
        commit: build_info::COMMIT.to_owned(),
        missing: parts.missing.clone(),
        // What the database says of the run before is of an earlier moment, and nobody can say that nothing is lost.
        after_crash: parts.after_crash && !was_put_back,
        after_loss: parts.after_loss && !was_put_back,
        needs_login: asks_for_login(parts).await?,
    };
    let mut change = Change {
        events: vec![(parts.time.now(), event.clone())],
        live_positions: without_memory(parts).await?,
        ..Change::default()
    };
    if was_put_back {
        let before = PUT_BACK_HALTS.read(parts.store.as_ref()).await?.readable().unwrap_or_default();
        let halted = before.into_iter().chain(holding.map(HeldLease::put_back_halt)).collect();
        distrust(parts, &mut change, &halted)?;
    }
    if let Some(holding) = holding {
        holding.note_start();
    }
    match journal::commit(parts.store.as_ref(), change, "keeper", &RecipientCell::new()).await {
        Ok(()) => {
            if let Some(holding) = holding.filter(|_| was_put_back) {
                holding.note_halted();
            }
            Ok(())
        }
        Err(error) if error.kind.heals() => {
            tracing::error!(event = "store.failed", actor = "keeper", "{error}");
            sink.report("keeper", event);
            Ok(())
        }
        refused => refused,
    }
}

/// The database is at an earlier moment: what was halted since then, and what is open, is not known.
fn distrust(parts: &Parts, change: &mut Change, halted: &Vec<PutBackHalt>) -> Result<(), StoreError> {
    change.events.push((parts.time.now(), Event::DatabasePutBack));
    change.halted = Some(true);
    // Above all that were given since that moment: whoever drops what it has seen must not drop this.
    change.numbers_above = Some(parts.time.now().timestamp_millis());
    if !parts.sandbox {
        change.live_positions = Some(LivePositions::not_known());
    }
    change.notes.extend([
        PUT_BACK.set(&false)?,
        PUT_BACK_HALTS.set(halted)?,
        HALTED_FOR_PUT_BACK.set(&true)?,
    ]);
    Ok(())
}

/// The keys of bots, as they are kept.
pub(super) async fn load_keys(parts: &Parts) -> Result<SharedKeys, StoreError> {
    let stored = parts.store.keys().await?;
    let ring = KeyRing::new(stored, &parts.key.secret(), &parts.signing, parts.time.now());
    Ok(Arc::new(ArcSwap::from_pointee(ring)))
}

/// Who changes them.
pub(super) fn key_admin(
    parts: &Parts,
    keys: SharedKeys,
    journal: &RecipientCell<JournalGrew>,
    actors: &Actors,
) -> KeyAdmin {
    let (store, time) = (Arc::clone(&parts.store), Arc::clone(&parts.time));
    let admin = KeyAdmin::new(store, time, keys, parts.signing.clone(), parts.rotate_owner.clone());
    admin.telling(journal.clone(), actors.exchange.clone().recipient())
}
