//! The demo's stage: a simulator, a keeper in a temporary folder, and a fast clock for both.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use fyers_api::{
    http::{ApiRequest, Method, Surface},
    ist,
    model::OrderRequest,
};
use keeper_actors::{
    exchange::{execution::FaultPoint, market::MockMarket, messages::GetMode},
    supervisor::{chaos::Crash, install_panic_hook},
};
use keeper_domain::{
    alerts::texts::Context,
    clock::{calendar::Calendar, token_hours::TokenHours},
    event::Recorded,
    feeds::state::MOST_TOGETHER,
    keys::BotName,
    mode::Mode,
    ports::{AlertTotals, Broker, Store, Time},
    restart_policy::Limits,
    routing::OnTokenLoss,
    secret::{AccessToken, RefreshToken},
    session::{reconcile::Seeds, rules::Facts},
};
use mock_exchange as engine;
use rust_decimal::Decimal;
use secrecy::SecretString;
use simulator::{Options, RefreshMode, Simulator, TokenKind};

use crate::demo::{
    person::{self, Phone},
    report::Observed,
    screen::Screen,
    sped_clock::SpedClock,
    week::{self, Service, Victim},
};
use crate::{
    app::{self, Keeper, Parts},
    config::TelegramSettings,
    fyers::{FyersClient, FyersConfig, FyersProxy, FyersSockets, LimitedProxy, Limiter, Timeouts},
    login_report::LoginSetup,
    store::{SqliteStore, StateDir},
    telegram::{TelegramChat, TelegramMessenger},
};

/// How often the demo looks at what the keeper has done.
const LOOK: Duration = Duration::from_millis(15);
/// How long the last alerts may take.
const LAST_ALERTS: Duration = Duration::from_secs(20);

/// Looks for a card before the person gives up: a slow machine needs some.
const PATIENCE: u32 = 400;

/// Everything the demo needs.
pub(super) struct Stage {
    pub(super) clock: Arc<SpedClock>,
    pub(super) calendar: Arc<Calendar>,
    simulator: Simulator,
    keeper: Keeper,
    store: Arc<dyn Store>,
    _state: StateDir,
    folder: PathBuf,
    shown_events: i64,
    /// What the phone showed last, by message.
    phone: Phone,
}

impl Stage {
    /// Sets the stage: nothing of it outlives the demo, and nothing leaves this machine.
    pub(super) async fn set() -> Result<Self, String> {
        install_panic_hook();
        let clock = Arc::new(SpedClock::new(week::begins()));
        let simulator = simulator(&clock)?;
        let folder = std::env::temp_dir().join(format!("fyers-keeper-demo-{}", std::process::id()));
        let state = StateDir::open(&folder).map_err(|error| error.to_string())?;
        let store = SqliteStore::open(&state).await.map_err(|error| error.to_string())?;
        let store: Arc<dyn Store> = Arc::new(store);
        let calendar = Arc::new(Calendar::embedded());
        let parts = parts(&simulator, &clock, &store, &calendar)?;
        let keeper = Keeper::start(parts).await.map_err(|error| error.to_string())?;
        Ok(Self {
            clock,
            calendar,
            simulator,
            keeper,
            store,
            _state: state,
            folder,
            shown_events: 0,
            phone: Phone::default(),
        })
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Lets time pass, and shows what happens meanwhile.
    pub(super) async fn until(&mut self, when: DateTime<Utc>, screen: &Screen, seen: &mut Observed) {
        loop {
            let arrived = tokio::time::timeout(LOOK, self.clock.sleep_until(when)).await.is_ok();
            self.show(screen, seen).await;
            if arrived {
                return;
            }
        }
    }

    /// Waits for the alerts that are still on their way.
    pub(super) async fn settle(&mut self, screen: &Screen, seen: &mut Observed) {
        self.keeper.flush(LAST_ALERTS).await;
        self.show(screen, seen).await;
        // Once more when the last card has settled.
        tokio::time::sleep(person::SETTLED + LOOK).await;
        self.show(screen, seen).await;
    }

    /// Shows what is new in the journal and on the phone.
    async fn show(&mut self, screen: &Screen, seen: &mut Observed) {
        let mut fresh = self.store.recent_events(200).await.unwrap_or_default();
        fresh.retain(|entry| entry.id > self.shown_events);
        for entry in fresh.iter().rev() {
            screen.event(entry);
            self.shown_events = entry.id;
        }
        self.phone.show(&self.simulator.telegram_messages(), screen, seen);
        screen.release(false);
    }

    pub(super) fn outage(&self, service: Service, on: bool) {
        let service = match service {
            Service::Fyers => simulator::Service::Fyers,
            Service::Telegram => simulator::Service::Telegram,
        };
        self.simulator.set_outage(service, on);
    }

    pub(super) fn refresh(&self, on: bool) {
        self.simulator.set_refresh(if on { RefreshMode::Enabled } else { RefreshMode::Disabled });
    }

    /// A person sees the login card, taps it, and goes through FYERS' login.
    /// When he did, and how it went.
    pub(super) async fn tap(
        &mut self,
        screen: &Screen,
        seen: &mut Observed,
    ) -> (DateTime<Utc>, &'static str) {
        for _ in 0..PATIENCE {
            self.show(screen, seen).await;
            if let Some(link) = self.phone.link() {
                self.phone.show_link(screen);
                let at = self.now();
                return (at, person::log_in(&link).await);
            }
            tokio::time::sleep(LOOK).await;
        }
        (self.now(), "no login card came")
    }

    pub(super) fn crash(&self, victim: Victim) {
        let actors = &self.keeper.actors;
        match victim {
            Victim::Token => actors.token.do_send(Crash),
            Victim::Clock => actors.clock.do_send(Crash),
            Victim::Exchange => actors.exchange.do_send(Crash),
            Victim::Notifier => actors.notifier.do_send(Crash),
        }
    }

    /// A refusal is part of the story: the journal tells it.
    pub(super) async fn order(&self, order: &OrderRequest) {
        let Ok(body) = fyers_api::request::order(order) else { return };
        let request = ApiRequest {
            surface: Surface::Api,
            method: Method::Post,
            path: "/orders/sync".to_owned(),
            query: String::new(),
            content_type: Some("application/json".to_owned()),
            body: body.to_string().into_bytes(),
        };
        let _told = self.keeper.actors.router.forward(request, BotName::owner()).await;
    }

    pub(super) async fn mode(&self) -> Option<Mode> {
        self.keeper.actors.exchange.send(GetMode).await.ok().map(|view| view.mode)
    }

    /// The whole journal, oldest first.
    pub(super) async fn journal(&self) -> Vec<Recorded> {
        let mut journal = self.store.recent_events(u32::MAX >> 1).await.unwrap_or_default();
        journal.reverse();
        journal
    }

    pub(super) async fn totals(&self) -> AlertTotals {
        self.store.alert_totals().await.unwrap_or_default()
    }

    /// Ends it all.
    pub(super) async fn strike(self) {
        self.clock.set_speed(1.0);
        self.keeper.tree.shutdown().await;
        let _left = std::fs::remove_dir_all(&self.folder);
    }
}

/// One that may place orders.
fn app() -> simulator::App {
    simulator::App { client_id: "ABCD1234EF-200".to_owned(), ..Options::default().app }
}

fn simulator(clock: &Arc<SpedClock>) -> Result<Simulator, String> {
    let shared = Arc::clone(clock);
    let options = Options {
        clock: Arc::new(move || shared.now()),
        refresh: RefreshMode::Disabled,
        instant_login: true,
        // The one from before the demo stays and nears its end.
        login_gives_refresh_token: false,
        app: app(),
        ..Options::default()
    };
    Simulator::start(options).map_err(|error| error.to_string())
}

fn parts(
    simulator: &Simulator,
    clock: &Arc<SpedClock>,
    store: &Arc<dyn Store>,
    calendar: &Arc<Calendar>,
) -> Result<Parts, String> {
    let (shown, start) = (Arc::clone(clock), clock.now());
    let limiter = Limiter::by(Arc::clone(clock) as Arc<dyn Time>, move || {
        (shown.now() - start).to_std().unwrap_or_default()
    });
    let client = Arc::new(
        FyersClient::new(fyers(simulator)?, Arc::clone(&limiter)).map_err(|error| error.to_string())?,
    );
    let proxy = FyersProxy::new(fyers(simulator)?).map_err(|error| error.to_string())?;
    let seeds = Seeds {
        access: Some(AccessToken::new(simulator.mint_at(TokenKind::Access, week::access_token_issued()))),
        refresh: Some(RefreshToken::new(simulator.mint_at(TokenKind::Refresh, week::refresh_token_issued()))),
    };
    let hours = Arc::new(TokenHours::usual(Arc::clone(calendar)));
    let facts = Facts {
        app_id: Some(app().client_id),
        has_pin: true,
        credentials: "demo".to_owned(),
        account: None,
        asks_owner: false,
        refresh_days: 15,
    };
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let (page, back) = (format!("http://{listen}/fyers/login"), format!("http://{listen}/fyers/callback"));
    simulator.set_redirect_uri(&back);
    let login = {
        let client = Arc::clone(&client);
        let authorize = move |state: &str| client.login_url(&back, state).to_string();
        LoginSetup { authorize: Arc::new(authorize), page: Some(page.clone()) }
    };
    let telegram = telegram(simulator)?;
    let chat = TelegramChat::new(&telegram).map_err(|error| error.to_string())?;
    let phone = app::Phone {
        chat: Arc::new(chat),
        chat_id: telegram.chat_id,
        allowed_users: telegram.allowed_users.clone(),
        moves: None,
    };
    let messenger = TelegramMessenger::new(&telegram).map_err(|error| error.to_string())?;
    Ok(Parts {
        broker: Some(client as Arc<dyn Broker>),
        proxy: Some(Arc::new(LimitedProxy::new(Arc::new(proxy), limiter))),
        contact: None,
        sockets: Some(Arc::new(FyersSockets::new(fyers(simulator)?).map_err(|error| error.to_string())?)),
        outgoing: None,
        messenger: Arc::new(messenger),
        webhook: None,
        state_folder: String::new(),
        store: Arc::clone(store),
        mirror: None,
        time: Arc::clone(clock) as Arc<dyn Time>,
        steady: None,
        day_summary: false,
        feed_items: MOST_TOGETHER,
        calendar: Arc::clone(calendar),
        hours: Arc::clone(&hours),
        tick_time: ist::at(8, 45),
        phone: Some(phone),
        login: Some(login),
        facts,
        test_doors: true,
        seeds,
        sandbox: false,
        on_token_loss: OnTokenLoss::Mock,
        rules: engine::Config { name: "fyers-keeper", ..engine::Config::new(Decimal::from(1_000_000)) },
        market: MockMarket::walking(Arc::clone(calendar)),
        instruments: engine::Instruments::default(),
        symbols: None,
        listen: Some(listen),
        public_url: None,
        trusted_proxies: vec![],
        metrics: crate::http::metrics::Metrics::new(),
        key: SecretString::from(hex::encode(rand::random::<[u8; 16]>())).into(),
        memory: crate::memory::Memory::default(),
        secrets: crate::logging::Redactor::default(),
        signing: SecretString::from(hex::encode(rand::random::<[u8; 16]>())),
        rotate_owner: None,
        texts: Context {
            login_hint: format!("log in at {page} (one tap)."),
            live: true,
            reads_only: false,
            reject_without_token: false,
            halted: false,
            tick_time: ist::at(8, 45),
            card: Some(hours),
        },
        missing: vec![],
        after_crash: false,
        after_loss: false,
        limits: Limits::default(),
        lease: None,
        set_up: None,
        order_fault: FaultPoint::default(),
    })
}

fn fyers(simulator: &Simulator) -> Result<FyersConfig, String> {
    let app = app();
    Ok(FyersConfig {
        api_url: url(&simulator.api_url())?,
        data_url: url(&simulator.data_url())?,
        data_socket_url: url(&simulator.data_socket_url())?,
        order_socket_url: url(&simulator.order_socket_url())?,
        client_id: app.client_id,
        secret: SecretString::from(app.secret),
        pin: Some(SecretString::from(app.pin)),
        timeouts: Timeouts { connect: Duration::from_secs(2), total: Duration::from_secs(5) },
        proxy: None,
    })
}

fn telegram(simulator: &Simulator) -> Result<TelegramSettings, String> {
    let telegram = Options::default().telegram;
    let chat_id = telegram.chats.first().copied().unwrap_or_default();
    Ok(TelegramSettings {
        bot_token: SecretString::from(telegram.bot_token),
        chat_id,
        allowed_users: vec![chat_id],
        api_url: url(&simulator.telegram_url())?,
    })
}

fn url(text: &str) -> Result<url::Url, String> {
    text.parse().map_err(|_| format!("no address: {text}"))
}

/// A port nobody uses right now.
fn free_port() -> Result<u16, String> {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.map(|addr| addr.port()).map_err(|error| error.to_string())
}

pub(super) fn outage_in_words(service: Service, on: bool) -> String {
    let name = match service {
        Service::Fyers => "FYERS",
        Service::Telegram => "Telegram",
    };
    if on { format!("{name} is down") } else { format!("{name} is back") }
}

pub(super) fn name(victim: Victim) -> &'static str {
    match victim {
        Victim::Token => "TokenActor",
        Victim::Clock => "ClockActor",
        Victim::Exchange => "ExchangeActor",
        Victim::Notifier => "NotifierActor",
    }
}
