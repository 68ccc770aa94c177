//! `run`: the service, from the first log line to the last.

use std::{sync::Arc, time::Duration};

use keeper_domain::{
    alerts::texts::Context,
    clock::calendar::Calendar,
    ports::{Broker, Exchange, Store, Time},
    restart_policy::Limits,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::{Config, Exit, load, output::fail};
use crate::{
    app::{Keeper, Parts},
    heartbeat::{self, Heartbeat},
    http::Backend,
    login::LoginSetup,
    store::{SqliteStore, StateDir},
    wall_clock::WallClock,
};

/// How long the last alert may take when the supervisor has given up.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long the database may take to close in good order.
const CLOSE_LIMIT: Duration = Duration::from_millis(500);

pub(super) fn run() -> Exit {
    let config = match load() {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    config.start_log(true);
    let state = match StateDir::open(&config.settings.state_dir) {
        Ok(state) => state,
        Err(error) => return fail(Exit::Error, &error.to_string(), error.advice()),
    };
    actix_rt::System::new().block_on(serve(&config, &state))
}

async fn serve(config: &Config, state: &StateDir) -> Exit {
    // Before anything else: as process 1 of a container, a signal without a handler is ignored.
    let signals =
        signal(SignalKind::terminate()).and_then(|term| Ok((term, signal(SignalKind::interrupt())?)));
    let Ok((terminate, interrupt)) = signals else {
        return fail(Exit::Error, "signals cannot be handled here", "");
    };
    let store = match SqliteStore::open(state).await {
        Ok(store) => store,
        Err(error) => return fail(Exit::Error, &error.to_string(), error.advice()),
    };
    let parts = match parts(config, state, store.clone()) {
        Ok(parts) => parts,
        Err(exit) => return exit,
    };
    let heartbeat = heartbeat(config, &parts);
    let keeper = match Keeper::start(parts).await {
        Ok(keeper) => keeper,
        Err(error) => {
            return fail(
                Exit::Error,
                &error.to_string(),
                "Another program may use the address: see KEEPER_HTTP_ADDR.",
            );
        }
    };
    let guarded = keeper.guard(|| {
        // Nothing on the actors' thread runs any more, so neither log nor alert can be relied on.
        eprintln!("{{\"level\":\"error\",\"event\":\"actor.hung\",\"message\":\"the actors' thread is blocked: exit 70\"}}");
        std::process::exit(Exit::GaveUp as i32);
    });
    if let Err(error) = guarded {
        tracing::warn!(event = "keeper.unguarded", "no watchdog: {error}");
    }
    if let Some(addr) = keeper.addr {
        tracing::info!(event = "keeper.listening", %addr, "listening on {addr}");
    }
    heartbeat.start(&keeper.tree, &(Arc::clone(&keeper.backend) as Arc<dyn Backend>));
    let exit = until_told(&keeper, terminate, interrupt).await;
    if exit == Exit::Good {
        heartbeat::systemd::stopping().await;
        keeper.stop().await;
        let _late = tokio::time::timeout(CLOSE_LIMIT, store.close()).await;
        state.ended();
    }
    exit
}

/// Runs until a signal comes or the supervisor gives up.
async fn until_told(keeper: &Keeper, mut terminate: Signal, mut interrupt: Signal) -> Exit {
    tokio::select! {
        _ = terminate.recv() => Exit::Good,
        _ = interrupt.recv() => Exit::Good,
        actor = keeper.tree.gave_up() => {
            keeper.last_words(actor, LAST_WORDS).await;
            Exit::GaveUp
        }
    }
}

fn parts(config: &Config, state: &StateDir, store: SqliteStore) -> Result<Parts, Exit> {
    let settings = &config.settings;
    let key = match &settings.gateway_key {
        Some(key) => key.clone(),
        None => state.gateway_key().map_err(|error| fail(Exit::Error, &error.to_string(), error.advice()))?,
    };
    config.redactor.register(&key);
    let client = config.client()?;
    let (time, steady) = clocks();
    let calendar = config.calendar()?;
    let (phone, login) = (config.phone()?, client.as_ref().and_then(|client| config.login(client)));
    let texts = texts(config, phone.is_some(), login.as_ref(), &calendar);
    Ok(Parts {
        broker: client.clone().map(|client| client as Arc<dyn Broker>),
        exchange: client.clone().map(|client| client as Arc<dyn Exchange>),
        proxy: config.pipe()?,
        outgoing: config.outgoing(),
        messenger: config.messenger()?,
        store: Arc::new(store) as Arc<dyn Store>,
        mirror: config.mirror(),
        time,
        steady,
        calendar,
        tick_time: settings.tick_time,
        phone,
        login,
        facts: config.facts(),
        seeds: config.seeds(),
        sandbox: settings.sandbox,
        on_token_loss: settings.on_token_loss,
        rules: config.rules(),
        instruments: config.instruments()?,
        listen: Some(settings.http_addr),
        public_url: settings.public_url.clone(),
        metrics: Arc::clone(&config.metrics),
        key,
        texts,
        missing: settings.missing(),
        after_crash: state.began(),
        limits: Limits::default(),
    })
}

/// Who is told from outside that all is well.
fn heartbeat(config: &Config, parts: &Parts) -> Heartbeat {
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
#[cfg(not(feature = "demo"))]
fn clocks() -> Clocks {
    (Arc::new(WallClock), Some(steady()))
}

/// The end-to-end tests play a morning at any time of day; the image knows nothing of it.
#[cfg(feature = "demo")]
fn clocks() -> Clocks {
    let told = std::env::var("KEEPER_DEMO_CLOCK").ok();
    match told.and_then(|text| chrono::DateTime::parse_from_rfc3339(&text).ok()) {
        Some(start) => (Arc::new(crate::demo::sped_clock::SpedClock::new(start.to_utc())), None),
        None => (Arc::new(WallClock), Some(steady())),
    }
}

/// Time since the start, by a clock nobody can set.
fn steady() -> Arc<dyn Fn() -> Duration + Send + Sync> {
    let began = std::time::Instant::now();
    Arc::new(move || began.elapsed())
}

/// What the alerts say about logging in and about orders.
fn texts(config: &Config, phone: bool, login: Option<&LoginSetup>, calendar: &Arc<Calendar>) -> Context {
    let settings = &config.settings;
    Context {
        login_hint: login_hint(phone, login),
        live: !settings.sandbox,
        reject_without_token: settings.on_token_loss == keeper_domain::routing::OnTokenLoss::Reject,
        tick_time: settings.tick_time,
        card: (phone && login.is_some()).then(|| Arc::clone(calendar)),
    }
}

/// How to get a new token, as an order.
fn login_hint(phone: bool, login: Option<&LoginSetup>) -> String {
    match (login, phone) {
        (Some(LoginSetup { page: Some(page), .. }), _) => format!("log in at {page} (one tap)."),
        (Some(_), true) => "send /login to the bot, or run `fyers-keeper login`.".to_owned(),
        (Some(_), false) => "run `fyers-keeper login`.".to_owned(),
        (None, _) => "set FYERS_REDIRECT_URI or KEEPER_PUBLIC_URL, then run `fyers-keeper login`.".to_owned(),
    }
}
