//! What an account's keeper is made of.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use chrono::NaiveTime;
use keeper_actors::exchange::{execution::FaultPoint, market::MockMarket};
use keeper_domain::{
    alerts::texts::Context,
    chat::talk::Chat,
    clock::{calendar::Calendar, token_hours::TokenHours},
    ports::{Broker, BrokerProxy, BrokerSockets, Messenger, OutgoingAddress, Store, Time, TokenMirror},
    restart_policy::Limits,
    routing::OnTokenLoss,
    session::{reconcile::Seeds, rules::Facts},
};
use mock_exchange::{Config, Instruments};
use secrecy::SecretString;

use crate::{
    fyers::{ContactLog, symbols::Renewal},
    http::{GatewayKey, metrics::Metrics, set_up::SetUpDoor},
    keys::RotateOwner,
    logging::Redactor,
    login_report::LoginSetup,
    memory::Memory,
    store::postgres::PostgresStore,
    telegram::GroupMoves,
};

/// Everything one account's keeper is made of.
pub struct Parts {
    /// The broker's session calls; `None` when no app is configured.
    pub broker: Option<Arc<dyn Broker>>,
    /// Carries bots' calls to the broker as they are; `None` when no app is configured.
    pub proxy: Option<Arc<dyn BrokerProxy>>,
    /// Whether FYERS answers; `None` when nobody asks it: without an app, and on a clock that is sped up.
    pub contact: Option<Arc<ContactLog>>,
    /// FYERS' sockets; `None` when no app is configured.
    pub sockets: Option<Arc<dyn BrokerSockets>>,
    /// Who knows this machine's address on the internet.
    pub outgoing: Option<Arc<dyn OutgoingAddress>>,
    /// Where alerts go.
    pub messenger: Arc<dyn Messenger>,
    /// Where else alerts go.
    pub webhook: Option<Webhook>,
    /// Which state folder this keeper works on; empty where it has none.
    pub state_folder: String,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// The `.env` file to keep up to date.
    pub mirror: Option<Arc<dyn TokenMirror>>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// A clock that only goes forward, to notice steps of the other; `None` on a made-up time.
    pub steady: Option<Arc<dyn Fn() -> Duration + Send + Sync>>,
    /// Whether each trading day ends with a summary.
    pub day_summary: bool,
    /// Items that all bots' sockets may follow together.
    pub feed_items: usize,
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
    /// Where the MockExchange's prices and its account come from.
    pub market: MockMarket,
    /// Symbols with their ticks and lots, as far as they are known.
    pub instruments: Instruments,
    /// Fetches the symbol master; `None` where it is not fetched.
    pub symbols: Option<Renewal>,
    /// Whether fault injection may be reached: only while everybody this program talks to is a stand-in on this
    /// machine, and only in builds that have it.
    pub test_doors: bool,
    /// Where the listener binds; `None` for no listener.
    pub listen: Option<SocketAddr>,
    /// The gateway key.
    pub key: GatewayKey,
    /// What the tokens of bots are signed with.
    pub signing: SecretString,
    /// How the gateway key is replaced; `None` where it is a setting.
    pub rotate_owner: Option<RotateOwner>,
    /// What bodies of requests and long answers may take, shared with the proxy.
    pub memory: Memory,
    /// Knows the secrets of the run.
    pub secrets: Redactor,
    /// Where a browser reaches the keeper, if a person said so.
    pub public_url: Option<url::Url>,
    /// The first set-up; `None` once there is an app.
    pub set_up: Option<Arc<SetUpDoor>>,
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
    /// Whether that was this same keeper, which had lost its lease and stood by.
    pub after_loss: bool,
    /// The supervisor's patience.
    pub limits: Limits,
    /// The store with its lease, which says how long this keeper may act; `None` where no other one can.
    pub lease: Option<PostgresStore>,
    /// For tests that end the program at a step of an order.
    pub order_fault: FaultPoint,
}

/// The second channel for alerts.
#[derive(Clone)]
pub struct Webhook {
    /// Who sends them.
    pub messenger: Arc<dyn Messenger>,
    /// The keeper's memory with this channel's outbox.
    pub store: Arc<dyn Store>,
}

/// A chat with a person.
#[derive(Clone)]
pub struct Phone {
    /// The bot's side of it.
    pub chat: Arc<dyn Chat>,
    /// The configured chat; a group has a negative id.
    pub chat_id: i64,
    /// Who may command.
    pub allowed_users: Vec<i64>,
    /// Where the chat is now, if it is a group that may move.
    pub moves: Option<Arc<GroupMoves>>,
}
