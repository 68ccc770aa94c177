//! `run`: the service, from the first log line to the last.

use std::{io::IsTerminal, mem::ManuallyDrop, sync::Arc, time::Duration};

use keeper_actors::exchange::execution::FaultPoint;
use keeper_domain::{
    alert::Channel, clock::token_hours::TokenHours, farewell::Farewell, ports::Time, restart_policy::Limits,
};

use tokio::time::timeout;

use crate::cli::{
    alert_context, ending,
    exit::Exit,
    failure::Failure,
    key_file, last_one,
    output::{fail, no_state, say},
    outside::Outside,
    setup::{CliConfig, load},
    start::{check_address, not_started, unwritten},
    state_store::StateStore,
    welcome::{SetUpOfRun, tunnel, welcome},
};
use crate::{
    app::{Keeper, Parts, StartError, Webhook},
    config::Settings,
    heartbeat::{self, Heartbeat},
    http::{Backend, GatewayKey},
    logging,
    standby::{self, After, StopSignals},
    store::{
        StateDir,
        state_dir::{CALLS, GATEWAY_KEY, folder_id},
    },
    wall_clock::WallClock,
};

/// How long the last alert may take when the supervisor has given up.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long the last line of a program that hangs may take.
const LAST_LINE: Duration = Duration::from_millis(300);
/// How long the database may take to close in good order.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);
/// How long the lease may take to be let go: another keeper waits for it, and otherwise for its end.
const RELEASE_LIMIT: Duration = Duration::from_secs(4);
/// How long a keeper that has a lease may take until it acts: the actors' own limit comes before.
const BEGIN_LIMIT: Duration = Duration::from_secs(30);

pub(super) fn run() -> Result<Exit, Failure> {
    // Before anything else: as process 1 of a container, a signal that nobody takes is ignored.
    let signals = StopSignals::new();
    let signals = signals.map_err(|_refused| fail(Exit::Error, "signals cannot be handled here", ""))?;
    let config = load()?;
    let set_up = SetUpOfRun::of(&config);
    config.start_log(true);
    let state = StateDir::open(&config.settings.state_dir).map_err(|error| no_state(&error))?;
    // It is left as it is at the end: dropped, it waits for every thread that asks a name server which says nothing. What
    // must end in order has ended by then.
    let system = ManuallyDrop::new(actix_rt::System::new());
    system.block_on(serve(&config, &state, set_up, signals))
}

async fn serve(
    config: &CliConfig,
    state: &StateDir,
    set_up: Option<SetUpOfRun>,
    mut signals: StopSignals,
) -> Result<Exit, Failure> {
    // Before the state is opened: a start that cannot listen leaves nothing behind.
    check_address(config.settings.http_addr)?;
    // Before the wait for the lease: whoever stands by has checked all of it.
    let outside = Outside::new(config)?;
    config.limiter.go_on(&state.path().join(CALLS));
    let Some(storage) = StateStore::open(config, state, &mut signals).await? else {
        return Ok(Exit::Good);
    };
    let ended = act(config, (state, &storage), outside, set_up, signals.clone()).await;
    if let Err(failure) = &ended {
        ending::within(ending::FAILED_LIMIT, failure.exit);
        // What cannot start does not keep another keeper waiting for the end of its lease, and is no crash.
        let _late = timeout(RELEASE_LIMIT, storage.close()).await;
        state.ended();
        if let Some(store) = storage.shared().filter(|_| failure.passes) {
            ending::begin_again(failure, store, &signals).await;
        }
    }
    ended
}

/// From the first look at the state until the keeper acts.
async fn begin(
    config: &CliConfig,
    (state, storage): (&StateDir, &StateStore),
    outside: Outside,
    set_up: Option<&SetUpOfRun>,
) -> Result<Begun, Failure> {
    storage.look_again(config, state).await?;
    learn(config, storage).await;
    storage.share_secrets(state).await?;
    let mut parts = parts(config, state, storage, outside).await?;
    parts.set_up = set_up.map(|set_up| Arc::clone(&set_up.door));
    let heartbeat = heartbeat(config, &parts);
    let (key, time) = (parts.key.clone(), Arc::clone(&parts.time));
    let keeper = Keeper::start(parts).await.map_err(|error| not_started(&error))?;
    storage.has_begun(config, state);
    Ok(Begun { keeper, heartbeat, key, time })
}

/// A keeper that acts.
struct Begun {
    keeper: Keeper,
    heartbeat: Heartbeat,
    key: GatewayKey,
    time: Arc<dyn Time>,
}

/// The keeper, from its first look at the state to its end.
async fn act(
    config: &CliConfig,
    (state, storage): (&StateDir, &StateStore),
    outside: Outside,
    set_up: Option<SetUpOfRun>,
    signals: StopSignals,
) -> Result<Exit, Failure> {
    let has_webhook = outside.webhook.is_some();
    let beginning = begin(config, (state, storage), outside, set_up.as_ref());
    // A read on a connection that says nothing has no end of its own, and another keeper could act.
    let begun = match storage.shared() {
        Some(_) => {
            timeout(BEGIN_LIMIT, beginning).await.unwrap_or_else(|_| Err(not_started(&StartError::Slow)))
        }
        None => beginning.await,
    };
    let Begun { keeper, heartbeat, key, time } = begun?;
    if !has_webhook {
        // It does not begin with old news some day.
        if let Err(error) = storage.without_channel(Channel::Webhook).await {
            tracing::error!(event = "store.failed", "{error}");
        }
    }
    let guarded = keeper.guard(|| {
        tracing::error!(event = "actor.hung", "the actors' thread is blocked: exit 70");
        // The log has a thread of its own; if that one is blocked too, nobody reads the log.
        logging::flush(LAST_LINE);
        std::process::exit(Exit::GaveUp as i32);
    });
    if let Err(error) = guarded {
        tracing::warn!(event = "keeper.unguarded", "no watchdog: {error}");
    }
    if let Some(addr) = keeper.addr {
        tracing::info!(event = "keeper.listening", %addr, "listening on {addr}");
        // Not before the address is had: it would lead to whoever has it.
        if std::io::stdout().is_terminal() {
            say(&welcome(&config.settings, set_up.as_ref()));
        }
    }
    if set_up.is_some() {
        let link = welcome(&config.settings, set_up.as_ref());
        let tunnel = tunnel(&config.settings).map_or_else(String::new, |tunnel| format!("; {tunnel}"));
        tracing::info!(
            event = "keeper.set_up",
            "no FYERS app is configured: {link} to set the keeper up (good once, for an hour){tunnel}"
        );
    }
    if config.settings.gateway_key.is_none() {
        let shared = config.settings.database_url.is_some().then(|| storage.store());
        let file = state.path().join(GATEWAY_KEY);
        keeper.tree.spawn(
            "gateway_key",
            key_file::follow(file, key, config.redactor.clone(), time, (Arc::clone(&keeper.keys), shared)),
        );
    }
    heartbeat.start(&keeper.tree, &(Arc::clone(&keeper.backend) as Arc<dyn Backend>));
    let end = tokio::select! {
        end = until_told(&keeper, signals.clone()) => end,
        () = SetUpOfRun::is_finished(set_up.as_ref()) => End::SetUp,
    };
    if matches!(end, End::GaveUp) {
        return Ok(Exit::GaveUp);
    }
    if matches!(end, End::Told) {
        heartbeat::systemd::stopping().await;
    }
    ending::within(ending::STOP_LIMIT, Exit::GaveUp);
    let holding = storage.shared().map(|store| store.holding().clone());
    leave(config, keeper, storage, matches!(end, End::Told)).await;
    let seen = holding.map(|holding| holding.seen()).unwrap_or_default();
    state.ended();
    match end {
        End::HandedOver => standby::begin_again((After::HandOver, &seen, None), &signals),
        End::SetUp => standby::begin_again((After::SetUp, &seen, None), &signals),
        End::Told | End::GaveUp => {}
    }
    Ok(Exit::Good)
}

/// Stops the keeper and lets its store go: first of all where another keeper waits for it.
async fn leave(config: &CliConfig, keeper: Keeper, storage: &StateStore, for_good: bool) {
    if Farewell::of(true, storage.is_awaited().await) == Farewell::HandsOver {
        keeper.give_way(!for_good).await;
        let _late = timeout(RELEASE_LIMIT, storage.close()).await;
        let telling = async {
            if for_good {
                last_one::tell_if_nobody_follows(config, &keeper, storage).await;
            }
        };
        tokio::join!(keeper.close_listener(), telling);
        return;
    }
    keeper.stop().await;
    let _late = timeout(CLOSE_LIMIT, storage.close()).await;
}

/// Why the service ends.
enum End {
    /// A signal came.
    Told,
    /// The supervisor has given up.
    GaveUp,
    /// Another keeper is to act.
    HandedOver,
    /// A person has set the keeper up: it begins again with the settings that are there now.
    SetUp,
}

/// Runs until a signal comes or the supervisor gives up.
async fn until_told(keeper: &Keeper, mut signals: StopSignals) -> End {
    tokio::select! {
        () = signals.came() => End::Told,
        () = keeper.backend.handed_over() => End::HandedOver,
        actor = keeper.tree.gave_up() => {
            keeper.last_words(actor, LAST_WORDS).await;
            End::GaveUp
        }
    }
}

/// The tokens of the run before this one are secrets of this run too.
async fn learn(config: &CliConfig, storage: &StateStore) {
    if let Some(session) = storage.session().await {
        session.access.iter().for_each(|token| config.redactor.learn_access(token));
        session.refresh.iter().for_each(|token| config.redactor.learn_refresh(token));
        session.previous_refresh.iter().for_each(|token| config.redactor.learn_refresh(token));
    }
}

async fn parts(
    config: &CliConfig,
    state: &StateDir,
    storage: &StateStore,
    outside: Outside,
) -> Result<Parts, Failure> {
    let (settings, key) = (&config.settings, key_file::gateway_key(config, state)?);
    let gateway_key = GatewayKey::from(key.clone());
    let rotate_owner = super::key::rotate_owner(config, Some(gateway_key.clone()));
    let signing = state.signing_secret().map_err(|error| no_state(&error))?;
    let minted = keeper_domain::keys::token::of_owner(&signing, &key);
    [&key, &signing, &minted.token].into_iter().for_each(|secret| config.redactor.register(secret));
    let (time, steady) = clocks(settings);
    let Outside { client, calendar, phone, login, .. } = outside;
    let webhook = match outside.webhook {
        Some(messenger) => {
            let store = storage.with_channel(Channel::Webhook).await.map_err(|error| unwritten(&error))?;
            Some(Webhook { messenger, store })
        }
        None => None,
    };
    let hours = Arc::new(TokenHours::new(Arc::clone(&calendar), settings.segments.clone()));
    let texts = alert_context::texts(config, phone.is_some(), login.as_ref(), &hours);
    let after_crash = storage.after_crash(state);
    // Where the state is shared, whoever acts waits for the end of a lease in whose last seconds nothing leaves.
    if after_crash && storage.shared().is_none() {
        config.limiter.assume_full_second();
    }
    storage.share_calls(&config.limiter);
    Ok(Parts {
        broker: client.clone().map(|client| storage.fence_broker(config.learning(client))),
        contact: client.is_some().then(|| Arc::clone(&config.contact)),
        proxy: outside.proxy.map(|proxy| storage.fence_proxy(proxy)),
        sockets: outside.sockets,
        outgoing: outside.outgoing,
        messenger: outside.messenger,
        webhook,
        state_folder: folder_id(state.path()).unwrap_or_default(),
        store: storage.store(),
        mirror: config.mirror(),
        time,
        steady,
        calendar: Arc::clone(&calendar),
        hours,
        tick_time: settings.tick_time,
        day_summary: settings.day_summary,
        feed_items: settings.feed_items,
        phone,
        login,
        test_doors: settings.talks_to_stand_ins(),
        facts: config.facts(),
        seeds: config.seeds(),
        sandbox: settings.sandbox,
        on_token_loss: settings.on_token_loss,
        rules: config.rules(),
        market: config.market(&calendar),
        instruments: outside.instruments,
        symbols: outside.symbols,
        listen: Some(settings.http_addr),
        public_url: settings.public_url.clone(),
        set_up: None,
        trusted_proxies: settings.trusted_proxies.clone(),
        metrics: Arc::clone(&config.metrics),
        key: gateway_key,
        signing,
        rotate_owner,
        memory: config.memory.clone(),
        secrets: config.redactor.clone(),
        texts,
        missing: settings.missing(),
        after_crash,
        after_loss: after_crash && storage.after_loss(&config.limiter),
        limits: Limits::default(),
        lease: storage.shared().cloned(),
        order_fault: order_fault(settings),
    })
}

/// Who is told from outside that all is well.
fn heartbeat(config: &CliConfig, parts: &Parts) -> Heartbeat {
    Heartbeat {
        ping_url: config.settings.ping_url.clone(),
        daily_ping_url: config.settings.daily_ping_url.clone(),
        store: Arc::clone(&parts.store),
        time: Arc::clone(&parts.time),
        calendar: Arc::clone(&parts.calendar),
        tick_time: parts.tick_time,
    }
}

type Clocks = (Arc<dyn Time>, Option<Arc<dyn Fn() -> Duration + Send + Sync>>);

/// The wall clock, and one that only goes forward to watch it by.
#[cfg(not(feature = "fault-injection"))]
fn clocks(_: &Settings) -> Clocks {
    (Arc::new(WallClock), Some(steady()))
}

/// The end-to-end tests play a morning at any time of day, and only against stand-ins on this machine.
#[cfg(feature = "fault-injection")]
fn clocks(settings: &Settings) -> Clocks {
    use crate::config::DemoClock;
    match crate::config::demo_clock().filter(|_| settings.talks_to_stand_ins()) {
        Some(DemoClock::From(start)) => (Arc::new(crate::demo::sped_clock::SpedClock::new(start)), None),
        Some(DemoClock::File(path)) => (Arc::new(crate::demo::file_clock::FileClock::new(path)), None),
        None => (Arc::new(WallClock), Some(steady())),
    }
}

#[cfg(not(feature = "fault-injection"))]
fn order_fault(_: &Settings) -> FaultPoint {
    FaultPoint::default()
}

/// The tests of order intents end the program at a step of an order, and only against stand-ins on this machine.
#[cfg(feature = "fault-injection")]
fn order_fault(settings: &Settings) -> FaultPoint {
    let wanted = crate::config::fatal_order_step().filter(|_| settings.talks_to_stand_ins());
    let Some((step, nth)) = wanted else { return FaultPoint::default() };
    let left = std::sync::atomic::AtomicU32::new(nth);
    FaultPoint::new(move |at| {
        let last = || left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 1;
        if at == step && last() {
            // As abrupt as `kill -9`: nothing is flushed, nobody is told.
            std::process::abort();
        }
    })
}

/// Time since the start, by a clock nobody can set.
fn steady() -> Arc<dyn Fn() -> Duration + Send + Sync> {
    let began = std::time::Instant::now();
    Arc::new(move || began.elapsed())
}
