//! The settings as values, checked. `Debug` of them shows no secret.

use std::{net::SocketAddr, path::PathBuf};

use chrono::NaiveTime;
use keeper_actors::exchange::market::Fill;
use keeper_domain::{
    address::{Network, is_loopback},
    clock::sessions::Segment,
    routing::OnTokenLoss,
    secret::Fingerprint,
    served::Served,
};
use mock_exchange::exchange::Prices;
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::config::{source::SettingOrigin, table};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// JSON unless the output is a terminal.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Where the MockExchange's symbols come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SymbolSource {
    /// From FYERS, once a day, while there is an app.
    Auto,
    /// Nowhere: every well-formed symbol is taken.
    Off,
    /// From these files, in either of FYERS' forms.
    Files(Vec<PathBuf>),
}

/// The FYERS app.
#[derive(Debug, Clone)]
pub struct AppSettings {
    /// The app id with its ending, as `ABCD1234EF-200`.
    pub client_id: String,
    /// The app secret.
    pub secret: SecretString,
}

impl AppSettings {
    /// Whether it is the same app with the same secret.
    pub fn is_same(&self, other: &Self) -> bool {
        self.client_id == other.client_id && self.secret.expose_secret() == other.secret.expose_secret()
    }
}

/// The Telegram bot.
#[derive(Debug, Clone)]
pub struct TelegramSettings {
    /// The bot token.
    pub bot_token: SecretString,
    /// The chat that alerts go to.
    pub chat_id: i64,
    /// Who may command the bot.
    pub allowed_users: Vec<i64>,
    /// The Bot API's address.
    pub api_url: Url,
}

/// All settings.
#[derive(Clone)]
pub struct Settings {
    /// The FYERS app; `None` is a valid set-up that runs in Mock mode.
    pub app: Option<AppSettings>,
    /// Access token to start from.
    pub access_token: Option<SecretString>,
    /// Refresh token to start from.
    pub refresh_token: Option<SecretString>,
    /// PIN for the refresh call.
    pub pin: Option<SecretString>,
    /// The only account whose login counts.
    pub account_id: Option<String>,
    /// Orders never leave the keeper.
    pub sandbox: bool,
    /// Where FYERS sends a browser after login, as it is written: FYERS compares it to the letter.
    pub redirect_uri: Option<String>,
    /// Trading API.
    pub api_url: Url,
    /// Data API.
    pub data_url: Url,
    /// The data socket.
    pub data_socket_url: Url,
    /// The order socket.
    pub order_socket_url: Url,
    /// Days a refresh token without an `exp` claim is good for.
    pub refresh_token_days: i64,
    /// The Bot API's address, also without a bot.
    pub telegram_api_url: Url,
    /// The Telegram bot; `None` sends alerts to the log.
    pub telegram: Option<TelegramSettings>,
    /// The `.env` file.
    pub env_file: PathBuf,
    /// PostgreSQL in the place of the state folder's database; its address holds a password.
    pub database_url: Option<SecretString>,
    /// Where another keeper of the same database reaches this one.
    pub advertise_url: Option<Url>,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The listener's address.
    pub http_addr: SocketAddr,
    /// Where a browser reaches the keeper.
    pub public_url: Option<Url>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The gateway key, if a person chose one.
    pub gateway_key: Option<SecretString>,
    /// The daily tick (IST).
    pub tick_time: NaiveTime,
    /// Whether each trading day ends with a summary.
    pub day_summary: bool,
    /// Items that all bots' sockets may follow together.
    pub feed_items: usize,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are.
    pub log_filter: String,
    /// Segments whose sessions need a token.
    pub segments: Vec<Segment>,
    /// A calendar instead of the built-in one.
    pub calendar_file: Option<PathBuf>,
    /// What happens to orders while there is no token.
    pub on_token_loss: OnTokenLoss,
    /// The MockExchange's cash, in INR; `None`: as the account at FYERS where there is one.
    pub mock_capital: Option<Decimal>,
    /// What the MockExchange's prices do while FYERS cannot be asked.
    pub mock_prices: Prices,
    /// How much of a simulated order the market takes.
    pub mock_fill: Fill,
    /// Whether simulated trades cost anything.
    pub mock_charges: bool,
    /// Where symbols come from.
    pub symbol_master: SymbolSource,
    /// FYERS' public files, if another address than FYERS' own was named.
    pub public_files_url: Option<Url>,
    /// Whether the same `orderTag` twice in a day is one simulated order.
    pub idempotent_tags: bool,
    /// Tells the outgoing address.
    pub ip_check_url: Option<Url>,
    /// The outgoing address FYERS knows.
    pub expected_ip: Option<std::net::IpAddr>,
    /// The second channel for alerts. Whoever knows the address can write there, so it is a secret.
    pub webhook_url: Option<SecretString>,
    /// Signs what goes to the webhook.
    pub webhook_secret: Option<SecretString>,
    /// Heartbeat. Whoever knows the address can send one, so it is a secret.
    pub ping_url: Option<SecretString>,
    /// Heartbeat of the daily login.
    pub daily_ping_url: Option<SecretString>,
    /// `HTTPS_PROXY`.
    pub proxy: Option<SecretString>,
    /// What `config check` shows.
    pub rows: Vec<Row>,
    /// What a person should know and may ignore.
    pub notes: Vec<String>,
}

/// A setting as `config check` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The setting.
    pub name: &'static str,
    /// Its value, or what may be shown of it.
    pub value: String,
    /// Where it came from.
    pub origin: SettingOrigin,
}

/// Nothing of them: a heartbeat's address is a password too.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Settings(..)")
    }
}

impl Settings {
    /// What is not configured and what that costs, a line each.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        let mut say = |absent: bool, text: &str| {
            if absent {
                missing.push(text.to_owned());
            }
        };
        say(
            self.app.is_none(),
            "no FYERS app (FYERS_CLIENT_ID, FYERS_SECRET_KEY): all orders and reads are simulated",
        );
        say(
            self.telegram.is_none(),
            "no Telegram (TELEGRAM_BOT_TOKEN, TELEGRAM_CHAT_ID): alerts go to the log",
        );
        missing
    }

    /// Whether everybody this program talks to with these settings is on this machine: no app or a stand-in for FYERS,
    /// no bot or a stand-in for Telegram. Only then may anything be tried that a test needs.
    pub fn talks_to_stand_ins(&self) -> bool {
        let fyers = self.app.is_none()
            || [&self.api_url, &self.data_url, &self.data_socket_url, &self.order_socket_url]
                .into_iter()
                .all(is_loopback);
        fyers && self.telegram.as_ref().is_none_or(|telegram| is_loopback(&telegram.api_url))
    }

    /// Where the symbol master is fetched from; `None` when it is not: no app, other files or none are wanted, or FYERS is
    /// a stand-in on this machine and nobody said where its public files are.
    pub fn fetches_symbols_from(&self) -> Option<Url> {
        let is_wanted = self.symbol_master == SymbolSource::Auto && self.app.is_some();
        let of_fyers = || table::spec("FYERS_PUBLIC_URL").and_then(|spec| Url::parse(spec.default).ok());
        let found =
            self.public_files_url.clone().or_else(|| of_fyers().filter(|_| !is_loopback(&self.api_url)));
        found.filter(|_| is_wanted)
    }

    /// What a keeper with these settings is set up for, to be compared with another one's of the same database.
    pub fn served(&self) -> Served {
        Served {
            account: self.account_id.clone(),
            app: self.app.as_ref().map(|app| app.client_id.clone()),
            sandbox: Some(self.sandbox),
            gateway_key: self.gateway_key.as_ref().map(|key| Fingerprint::of(key.expose_secret())),
        }
    }

    /// Every secret, to be searched for in what is printed.
    pub fn secrets(&self) -> Vec<SecretString> {
        let app = self.app.as_ref().map(|app| app.secret.clone());
        let bot = self.telegram.as_ref().map(|telegram| telegram.bot_token.clone());
        let others = [
            self.access_token.clone(),
            self.refresh_token.clone(),
            self.pin.clone(),
            self.gateway_key.clone(),
            self.proxy.clone(),
            self.webhook_url.clone(),
            self.webhook_secret.clone(),
            self.ping_url.clone(),
            self.daily_ping_url.clone(),
            self.database_url.clone(),
            self.database_url.as_ref().and_then(password_of),
            app,
            bot,
        ];
        others.into_iter().flatten().collect()
    }
}

/// The password in a database's address, which a server may quote alone.
fn password_of(url: &SecretString) -> Option<SecretString> {
    let url = Url::parse(url.expose_secret()).ok()?;
    url.password().filter(|password| password.len() >= 6).map(SecretString::from)
}
