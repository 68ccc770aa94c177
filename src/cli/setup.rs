//! From settings to parts: what every verb needs, made once.

mod channels;
mod written;

use std::{io::IsTerminal, sync::Arc};

use keeper_actors::exchange::market::MockMarket;
use keeper_domain::{
    app_kind::AppKind,
    clock::calendar::Calendar,
    ports::{Broker, OutgoingAddress, TokenMirror},
    secret::{AccessToken, RefreshToken},
    session::{reconcile::Seeds, rules::Facts},
};
use mock_exchange as engine;
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::cli::{exit::Exit, failure::Failure, output::fail};
use crate::memory::Memory;
use crate::{
    app::EnvMirror,
    build_info::OPERATE_DOCUMENT,
    config::{self, Problem, Row, SettingOrigin, Settings},
    env_file::EnvFile,
    fyers::{
        ContactLog, FyersClient, FyersConfig, FyersWay, Limiter, SetupError, Timeouts,
        outgoing_address::AddressEcho,
    },
    http::metrics::Metrics,
    logging::{self, LearningBroker, LogOptions, Redactor, Style},
    login_report::LoginSetup,
    telegram::GroupMoves,
    wall_clock::WallClock,
};
use written::Written;

/// The MockExchange's money in INR where neither the settings nor an account at FYERS tell it.
const USUAL_CAPITAL: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// Settings, and the net that keeps their secrets out of what is printed.
pub struct CliConfig {
    /// The settings.
    pub settings: Settings,
    /// Knows every secret in them.
    pub redactor: Redactor,
    /// What a person should know and may ignore.
    pub notes: Vec<String>,
    /// Hears of every call to FYERS.
    pub metrics: Arc<Metrics>,
    /// Where the configured Telegram group is now.
    pub moves: Arc<GroupMoves>,
    /// FYERS' limits, for every call that this program makes.
    pub limiter: Arc<Limiter>,
    /// Whether FYERS answers, as every call that this program makes shows it.
    pub contact: Arc<ContactLog>,
    /// What bodies of requests and long answers may take together.
    pub memory: Memory,
}

/// Reads environment and `.env` file. Mistakes are all told at once.
pub fn load() -> Result<CliConfig, Failure> {
    let (written, unreadable) = Written::read();
    let read = written.settings().map(CliConfig::new);
    match (unreadable, read) {
        (None, Ok(config)) => Ok(config),
        (unreadable, read) => {
            let others = read.err().unwrap_or_default();
            let problems: Vec<Problem> = unreadable.into_iter().chain(others).collect();
            Err(Failure::settings(&problems))
        }
    }
}

/// What holds without the settings that are not possible, and those.
pub(super) fn load_anyway() -> (CliConfig, Vec<Problem>) {
    let (mut written, problem) = Written::read();
    let mut problems: Vec<Problem> = problem.into_iter().collect();
    // What is left may be half a pair, which is a mistake again; the last try is without any.
    for round in 0..4 {
        match written.settings().map(CliConfig::new) {
            Ok(config) => return (config, problems),
            Err(found) => {
                found.iter().for_each(|problem| written.forget(&problem.name));
                // Later finds are the other halves of what was just forgotten.
                if round == 0 {
                    problems.extend(found);
                }
            }
        }
    }
    match written.without_values().settings().map(CliConfig::new) {
        Ok(config) => (config, problems),
        Err(_) => unreachable!("no settings at all are a valid setup"),
    }
}

pub(super) fn unusable(error: SetupError) -> Failure {
    fail(
        Exit::BadSettings,
        &error.to_string(),
        "Compare the FYERS_ settings with `fyers-keeper config example`.",
    )
}

impl CliConfig {
    fn new((settings, notes): (Settings, Vec<String>)) -> Self {
        let redactor = Redactor::default();
        settings.secrets().iter().for_each(|secret| redactor.register(secret));
        let tokens = [&settings.access_token, &settings.refresh_token];
        tokens.into_iter().flatten().for_each(|token| redactor.tokens().learn(token.expose_secret().trim()));
        let moves = GroupMoves::new(settings.telegram.as_ref().map_or(0, |telegram| telegram.chat_id));
        Self {
            settings,
            redactor,
            notes,
            metrics: Metrics::new(),
            moves,
            limiter: Limiter::new(Arc::new(WallClock)),
            contact: ContactLog::new(),
            memory: Memory::default(),
        }
    }

    /// Whether FYERS takes no orders from the app.
    pub fn app_reads_only(&self) -> bool {
        self.settings.app.as_ref().is_some_and(|app| AppKind::of(&app.client_id) == AppKind::Reads)
    }

    /// Starts the log: on standard output for the service, on standard error for everything else, where a person at a
    /// terminal has the answer itself and is told only of trouble.
    pub fn start_log(&self, service: bool) {
        let format = self.settings.log_format;
        let (style, output): (_, Box<dyn std::io::Write + Send>) = if service {
            (Style::choose(format, &std::io::stdout()), logging::standard(&std::io::stdout()))
        } else {
            (Style::choose(format, &std::io::stderr()), logging::standard(&std::io::stderr()))
        };
        let redactor = self.redactor.clone();
        let is_chosen = |row: &Row| row.name == "KEEPER_LOG" && row.origin != SettingOrigin::Default;
        let is_quiet = !service && std::io::stderr().is_terminal();
        let filter = match self.settings.rows.iter().any(is_chosen) {
            false if is_quiet => "warn".to_owned(),
            _ => self.settings.log_filter.clone(),
        };
        let dropped = self.metrics.dropped_log_lines();
        logging::init(LogOptions {
            style,
            filter,
            output,
            redactor,
            clock: Arc::new(chrono::Utc::now),
            on_drop: Box::new(move |count| dropped.inc_by(count)),
        });
        for note in &self.notes {
            tracing::warn!(event = "keeper.settings", "{note}");
        }
        if let Some(setting) = self.real_money().filter(|_| service) {
            tracing::info!(
                event = "keeper.settings",
                "{setting} means real money: orders go to FYERS once there is a login"
            );
        }
    }

    /// The setting, as it was written, by which orders will be real: `no` and `0` say it as well as `false`.
    pub(super) fn real_money(&self) -> Option<String> {
        let is_real = self.settings.app.is_some() && !self.settings.sandbox;
        let row = self.settings.rows.iter().find(|row| row.name == "FYERS_SANDBOX").filter(|_| is_real)?;
        Some(format!("{}={}", row.name, row.value))
    }

    /// The broker's client; `None` when no app is configured.
    pub fn client(&self) -> Result<Option<Arc<FyersClient>>, Failure> {
        let Some(config) = self.fyers(Timeouts::default()) else { return Ok(None) };
        let client = FyersClient::new(config, Arc::clone(&self.limiter))
            .map_err(unusable)?
            .timed_by(self.metrics.broker_timer())
            .noted_in(Arc::clone(&self.contact));
        client.secrets().iter().for_each(|secret| self.redactor.register(secret));
        Ok(Some(Arc::new(client)))
    }

    /// The way to FYERS for somebody who may not ask anything; `None` when no app is configured.
    pub fn way(&self) -> Result<Option<FyersWay>, Failure> {
        let Some(config) = self.fyers(Timeouts::default()) else { return Ok(None) };
        FyersWay::new(&config, Arc::clone(&self.contact)).map(Some).map_err(unusable)
    }

    /// The broker whose every token the redactor knows.
    pub fn learning(&self, client: Arc<FyersClient>) -> Arc<dyn Broker> {
        Arc::new(LearningBroker::new(client, self.redactor.clone()))
    }

    /// The broker's session calls; `None` when no app is configured.
    pub fn broker(&self) -> Result<Option<Arc<dyn Broker>>, Failure> {
        Ok(self.client()?.map(|client| self.learning(client)))
    }

    pub(super) fn fyers(&self, timeouts: Timeouts) -> Option<FyersConfig> {
        let app = self.settings.app.as_ref()?;
        Some(FyersConfig {
            api_url: self.settings.api_url.clone(),
            data_url: self.settings.data_url.clone(),
            data_socket_url: self.settings.data_socket_url.clone(),
            order_socket_url: self.settings.order_socket_url.clone(),
            client_id: app.client_id.clone(),
            secret: app.secret.clone(),
            pin: self.settings.pin.clone(),
            timeouts,
            proxy: self.settings.proxy.clone(),
        })
    }

    /// How a person logs in; `None` without an address that FYERS may send the browser back to.
    pub fn login(&self, client: &Arc<FyersClient>) -> Option<LoginSetup> {
        let redirect = self.redirect_uri()?;
        let client = Arc::clone(client);
        let authorize = move |state: &str| client.login_url(&redirect, state).to_string();
        let page = self
            .settings
            .public_url
            .as_ref()
            .map(|url| format!("{}/fyers/login", url.as_str().trim_end_matches('/')));
        Some(LoginSetup { authorize: Arc::new(authorize), page })
    }

    /// The address registered with the app; a keeper on a person's own machine is reached there.
    pub fn redirect_uri(&self) -> Option<String> {
        let addr = self.settings.http_addr;
        let own = || addr.ip().is_loopback().then(|| format!("http://{addr}/fyers/callback"));
        // As it was written: FYERS compares it to the letter.
        self.settings.redirect_uri.clone().or_else(own)
    }

    /// Who knows this machine's address on the internet; `None` when nobody is configured.
    pub fn outgoing(&self) -> Option<Arc<dyn OutgoingAddress>> {
        let url = self.settings.ip_check_url.clone()?;
        let expected = self.settings.expected_ip.map(|ip| ip.to_string());
        Some(Arc::new(AddressEcho::new(url, expected)))
    }

    /// The calendar: built in, or from a file.
    pub fn calendar(&self) -> Result<Arc<Calendar>, Failure> {
        let file = self.settings.calendar_file.as_deref();
        config::calendar(file).map(Arc::new).map_err(|problem| {
            let path = file.unwrap_or(std::path::Path::new("")).display();
            let what = format!("KEEPER_CALENDAR_FILE {path} cannot be used: {problem}");
            fail(Exit::BadSettings, &what, &format!("How such a file looks: {OPERATE_DOCUMENT}"))
        })
    }

    /// The MockExchange's rules.
    pub fn rules(&self) -> engine::Config {
        let settings = &self.settings;
        let charges = if settings.mock_charges { engine::Charges::On } else { engine::Charges::Off };
        let idempotent = settings.idempotent_tags;
        engine::Config {
            charges,
            idempotent,
            name: "fyers-keeper",
            slippage: true,
            ..engine::Config::new(settings.mock_capital.unwrap_or(USUAL_CAPITAL))
        }
    }

    /// The MockExchange's market.
    pub fn market(&self, calendar: &Arc<Calendar>) -> MockMarket {
        let settings = &self.settings;
        MockMarket {
            without_token: settings.mock_prices,
            fill: settings.mock_fill,
            copies_account: settings.mock_capital.is_none(),
            calendar: Arc::clone(calendar),
        }
    }

    /// The `.env` file to keep up to date, repaired first if a writer had died over it.
    pub fn mirror(&self) -> Option<Arc<dyn TokenMirror>> {
        let path = &self.settings.env_file;
        if !path.exists() {
            return None;
        }
        let file = EnvFile::new(path, &self.settings.state_dir);
        if let Err(error) = file.recover() {
            tracing::warn!(event = "keeper.settings", "{error}. {}", error.advice());
            return None;
        }
        for warning in file.warnings() {
            tracing::warn!(event = "keeper.settings", "{warning}");
        }
        Some(Arc::new(EnvMirror::new(file)))
    }

    /// What the rules need to know of the settings.
    pub fn facts(&self) -> Facts {
        Facts {
            app_id: self.settings.app.as_ref().map(|app| app.client_id.clone()),
            has_pin: self.settings.pin.is_some(),
            credentials: self.credentials(),
            account: self.settings.account_id.clone(),
            asks_owner: self.settings.telegram.is_some(),
            refresh_days: self.settings.refresh_token_days,
        }
    }

    /// Changes when app or PIN change. The app secret in it keeps four digits from being guessed back.
    fn credentials(&self) -> String {
        let app = self.settings.app.as_ref();
        let parts = [
            app.map(|app| app.client_id.as_str()),
            app.map(|app| app.secret.expose_secret()),
            self.settings.pin.as_ref().map(ExposeSecret::expose_secret),
        ];
        let joined: Vec<&str> = parts.into_iter().flatten().collect();
        hex::encode(&Sha256::digest(joined.join("\n").as_bytes())[..8])
    }

    /// The tokens in the settings.
    pub fn seeds(&self) -> Seeds {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        Seeds {
            access: self.settings.access_token.as_ref().map(|secret| AccessToken::new(text(secret))),
            refresh: self.settings.refresh_token.as_ref().map(|secret| RefreshToken::new(text(secret))),
        }
    }
}
