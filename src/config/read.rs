//! From text to settings.

mod database;
mod listener;
mod mock;
mod secrets;
mod slips;
mod sockets;

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use chrono::NaiveTime;
use keeper_domain::{
    address::is_loopback,
    clock::sessions::Segment,
    feeds::state::{MOST_ITEMS, MOST_TOGETHER},
    secret::Fingerprint,
};
use secrecy::SecretString;
use url::Url;

use slips::Slips;

use crate::config::{
    credential,
    problem::Problem,
    settings::{LogFormat, Row, Settings, SymbolSource},
    source::{Found, Remarks, SettingOrigin, Sources},
    table::{self, Show, Spec},
};

/// Reads all settings, or tells all mistakes.
pub fn read(sources: &Sources<'_>) -> Result<Settings, Vec<Problem>> {
    let mut reader = Reader { sources, remarks: Remarks::default(), rows: vec![], client_id: None };
    let settings = reader.settings();
    let live = settings.app.is_some() && !settings.sandbox;
    let Reader { remarks: Remarks { mut problems, mut notes }, mut rows, .. } = reader;
    let Slips { fatal, harmless } = slips::find(sources, live);
    problems.extend(fatal);
    notes.extend(slips::kind_of_app(&settings));
    match problems.is_empty() {
        true => notes.extend(harmless.iter().map(slips::as_note)),
        // Nobody reads notes while there are errors, and a slip of the pen may be behind one.
        false => problems.extend(harmless),
    }
    notes.extend(slips::not_ours(sources));
    // A person looks for the name that they have written.
    for problem in &mut problems {
        if let Some(alias) = sources.alias_used(&problem.name) {
            problem.what = format!("(set as {alias}) {}", problem.what);
        }
    }
    rows.sort_by_key(|row| table::TABLE.iter().position(|spec| spec.name == row.name));
    if problems.is_empty() { Ok(Settings { rows, notes, ..settings }) } else { Err(problems) }
}

struct Reader<'a> {
    sources: &'a Sources<'a>,
    remarks: Remarks,
    rows: Vec<Row>,
    /// The app id as far as it is one: a token's own must be the same.
    client_id: Option<String>,
}

impl Reader<'_> {
    fn settings(&mut self) -> Settings {
        let public_url = self.url("KEEPER_PUBLIC_URL");
        let public_url = public_url.or_else(|| self.platform_url("KEEPER_PUBLIC_URL", "RENDER_EXTERNAL_URL"));
        let telegram_api_url = self.url_or("TELEGRAM_API_URL");
        let redirect_uri = self.redirect_uri().or_else(|| {
            let own = String::from(below(public_url.as_ref()?, "fyers/callback")?);
            self.show_instead("FYERS_REDIRECT_URI", &own, SettingOrigin::Default);
            Some(own)
        });
        let api_url = self.url_or("FYERS_API_URL");
        Settings {
            app: self.app(),
            access_token: self.token("FYERS_ACCESS_TOKEN"),
            refresh_token: self.token("FYERS_REFRESH_TOKEN"),
            pin: self.pin(),
            account_id: self.value("FYERS_ACCOUNT_ID").map(|found| found.text.trim().to_ascii_uppercase()),
            sandbox: self.flag("FYERS_SANDBOX", true),
            redirect_uri,
            data_url: self.url_or("FYERS_DATA_URL"),
            data_socket_url: self.socket_url("FYERS_DATA_SOCKET_URL", &api_url),
            order_socket_url: self.socket_url("FYERS_ORDER_SOCKET_URL", &api_url),
            api_url,
            refresh_token_days: self.days("FYERS_REFRESH_TOKEN_VALID_DAYS", 15),
            telegram: self.telegram(&telegram_api_url),
            telegram_api_url,
            env_file: self.path("KEEPER_ENV_FILE").unwrap_or_else(|| PathBuf::from(".env")),
            state_dir: self.path("KEEPER_STATE_DIR").unwrap_or_else(|| PathBuf::from("./state")),
            database_url: self.database_url(),
            advertise_url: self.private_url("KEEPER_ADVERTISE_URL"),
            http_addr: self.http_addr(),
            gateway_key: self.gateway_key(),
            tick_time: self.tick_time(),
            day_summary: self.flag("KEEPER_DAY_SUMMARY", true),
            feed_items: self.feed_items(),
            log_format: self.log_format(),
            log_filter: self.log_filter(),
            segments: self.segments(),
            calendar_file: self.path("KEEPER_CALENDAR_FILE"),
            on_token_loss: self.on_token_loss(),
            mock_capital: self.capital(),
            mock_prices: self.mock_prices(),
            mock_fill: self.mock_fill(),
            mock_charges: self.flag("KEEPER_MOCK_CHARGES", false),
            symbol_master: self.symbol_master(),
            public_files_url: self.url("FYERS_PUBLIC_URL"),
            idempotent_tags: self.flag("KEEPER_IDEMPOTENT_TAGS", false),
            ip_check_url: self.url("KEEPER_IP_CHECK_URL"),
            expected_ip: self.parsed::<IpAddr>("KEEPER_EXPECTED_IP", "an IP address, as 203.0.113.7"),
            webhook_url: self.secret_url("KEEPER_WEBHOOK_URL"),
            webhook_secret: self.webhook_secret(),
            ping_url: self.secret_url("KEEPER_PING_URL"),
            daily_ping_url: self.secret_url("KEEPER_DAILY_PING_URL"),
            proxy: self.sources.raw("HTTPS_PROXY").map(|found| SecretString::from(found.text)),
            public_url,
            trusted_proxies: self.networks("KEEPER_TRUSTED_PROXIES"),
            rows: vec![],
            notes: vec![],
        }
    }

    /// The text of a setting, noted for `config check`.
    fn value(&mut self, name: &'static str) -> Option<Found> {
        let spec = table::spec(name)?;
        let found =
            self.sources.find(spec, &mut self.remarks).filter(|found| self.is_sound(spec, &found.text));
        let value = match (&found, spec.show) {
            (None, _) => spec.default.to_owned(),
            (Some(found), Show::Plain) => shown(&found.text),
            (Some(found), Show::Host) => host_of(&found.text),
            (Some(found), Show::Fingerprint) => format!("set, fingerprint {}", Fingerprint::of(&found.text)),
            (Some(_), Show::Nothing) => "set".to_owned(),
        };
        let origin = found.as_ref().map_or(SettingOrigin::Default, |found| found.origin);
        self.rows.push(Row { name, value, origin });
        found
    }

    /// Nothing goes anywhere that was pasted with its quotation marks, or that a template has left.
    fn is_sound(&mut self, spec: &Spec, text: &str) -> bool {
        let flaw = match spec.is_secret() {
            true => credential::flaw(text),
            false => credential::quoted(text),
        };
        if let Some(flaw) = flaw {
            self.problem(spec.name, flaw.what, flaw.remedy);
        }
        flaw.is_none()
    }

    fn problem(&mut self, name: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.remarks.problems.push(Problem::new(name, what, remedy));
    }

    fn parsed<T: FromStr>(&mut self, name: &'static str, wanted: &str) -> Option<T> {
        let text = self.value(name)?.text;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problem(name, not_possible(&text), format!("Set it to {wanted}."));
        }
        parsed
    }

    fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let Some(found) = self.value(name) else { return default };
        match found.text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                self.problem(name, not_possible(&found.text), "Set it to true or false.");
                default
            }
        }
    }

    fn symbol_master(&mut self) -> SymbolSource {
        let Some(found) = self.value("KEEPER_SYMBOL_MASTER") else { return SymbolSource::Auto };
        match found.text.trim().to_ascii_lowercase().as_str() {
            "auto" => SymbolSource::Auto,
            "off" => SymbolSource::Off,
            _ => {
                let all = found.text.split(',').map(str::trim).filter(|path| !path.is_empty());
                SymbolSource::Files(all.map(PathBuf::from).collect())
            }
        }
    }

    fn feed_items(&mut self) -> usize {
        let (least, most) = (MOST_ITEMS, 1_000_000);
        let items = self.parsed::<usize>("KEEPER_FEED_ITEMS", "a whole number").unwrap_or(MOST_TOGETHER);
        if !(least..=most).contains(&items) {
            self.problem(
                "KEEPER_FEED_ITEMS",
                format!("is {items}"),
                "Set it to a number from 5000 to 1000000.",
            );
        }
        items
    }

    fn days(&mut self, name: &'static str, default: i64) -> i64 {
        let days = self.parsed::<i64>(name, "a number of days from 1 to 365").unwrap_or(default);
        if !(1..=365).contains(&days) {
            self.problem(name, format!("is {days}"), "Set it to a number of days from 1 to 365.");
        }
        days
    }

    fn path(&mut self, name: &'static str) -> Option<PathBuf> {
        self.value(name).map(|found| PathBuf::from(found.text))
    }

    fn url_or(&mut self, name: &'static str) -> Url {
        let default = || table::spec(name).and_then(|spec| Url::parse(spec.default).ok());
        // The defaults in the table are addresses, so the last resort is never taken.
        self.url(name).or_else(default).unwrap_or_else(|| unreachable!("{name} has no default"))
    }

    fn url(&mut self, name: &'static str) -> Option<Url> {
        let text = self.value(name)?.text;
        self.checked_url(name, &text)
    }

    fn segments(&mut self) -> Vec<Segment> {
        let usual = vec![Segment::Cash, Segment::Fno];
        let Some(text) = self.value("KEEPER_SEGMENTS").map(|found| found.text) else { return usual };
        let read: Option<Vec<Segment>> = text.split(',').map(|word| segment(word.trim())).collect();
        let read = read.filter(|segments| !segments.is_empty());
        read.unwrap_or_else(|| {
            let remedy = "Set it to some of cash, fno and mcx, with commas between.";
            self.problem("KEEPER_SEGMENTS", not_possible(&text), remedy);
            usual
        })
    }

    /// An address whose path is a password.
    fn secret_url(&mut self, name: &'static str) -> Option<SecretString> {
        self.url(name).map(|url| SecretString::from(String::from(url)))
    }

    /// An address inside a private network, where plain http is usual.
    fn private_url(&mut self, name: &'static str) -> Option<Url> {
        let text = self.value(name)?.text;
        let url =
            Url::parse(&text).ok().filter(|url| url.host().is_some() && url.scheme().starts_with("http"));
        if url.is_none() {
            self.problem(name, not_possible(&text), "Set it to an address, as http://keeper-a:8080.");
        }
        url
    }

    fn redirect_uri(&mut self) -> Option<String> {
        let text = self.value("FYERS_REDIRECT_URI")?.text;
        self.checked_url("FYERS_REDIRECT_URI", &text).map(|_url| text)
    }

    /// A setting that a hosting platform gives under a name of its own, shown where a person's own would be.
    fn platform_url(&mut self, name: &str, platform: &'static str) -> Option<Url> {
        let found = self.sources.raw(platform)?;
        let url = self.checked_url(platform, &found.text)?;
        self.show_instead(name, &format!("{url} ({platform})"), found.origin);
        Some(url)
    }

    /// What holds in the place of a setting's usual value.
    fn show_instead(&mut self, name: &str, value: &str, origin: SettingOrigin) {
        for row in self.rows.iter_mut().filter(|row| row.name == name) {
            (row.value, row.origin) = (value.to_owned(), origin);
        }
    }

    fn checked_url(&mut self, name: &str, text: &str) -> Option<Url> {
        let open = table::spec(name).is_none_or(|spec| spec.show == Show::Plain);
        let what = if open { not_possible(text) } else { NOT_POSSIBLE.to_owned() };
        let url = Url::parse(text).ok().filter(|url| url.host().is_some());
        let remedy = match &url {
            None => "Set it to an address, as https://keeper.example.com.",
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                "Leave out the name and the password before the @."
            }
            Some(url) if sockets::is_one(name) => {
                if sockets::is_safe(url) {
                    return Some(url.clone());
                }
                "Use wss: plain ws is for this machine only."
            }
            Some(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)) => {
                return Some(url.clone());
            }
            Some(_) => "Use https: plain http is for this machine only.",
        };
        self.problem(name, what, remedy);
        None
    }

    fn tick_time(&mut self) -> NaiveTime {
        let usual = fyers_api::ist::at(8, 45);
        let Some(found) = self.value("KEEPER_TICK_TIME") else { return usual };
        let allowed = fyers_api::ist::at(6, 5)..=fyers_api::ist::at(15, 0);
        match NaiveTime::parse_from_str(&found.text, "%H:%M") {
            Ok(time) if allowed.contains(&time) => time,
            _ => {
                let what = not_possible(&found.text);
                self.problem(
                    "KEEPER_TICK_TIME",
                    what,
                    "Set it to a time (IST) from 06:05 to 15:00, as 08:45.",
                );
                usual
            }
        }
    }

    fn log_format(&mut self) -> LogFormat {
        let Some(found) = self.value("KEEPER_LOG_FORMAT") else { return LogFormat::Auto };
        match found.text.to_lowercase().as_str() {
            "auto" => LogFormat::Auto,
            "json" => LogFormat::Json,
            "text" | "pretty" => LogFormat::Text,
            _ => {
                self.problem("KEEPER_LOG_FORMAT", not_possible(&found.text), "Set it to auto, json or text.");
                LogFormat::Auto
            }
        }
    }

    /// A word that is no level would be taken for a module's name, and the log would fall silent.
    fn log_filter(&mut self) -> String {
        let usual = "info".to_owned();
        let Some(found) = self.value("KEEPER_LOG") else { return usual };
        let is_level = |text: &str| text.parse::<tracing::level_filters::LevelFilter>().is_ok();
        let is_rule = |rule: &str| match rule.trim().split_once('=') {
            Some((module, level)) => !module.is_empty() && is_level(level),
            None => is_level(rule.trim()),
        };
        if found.text.split(',').all(is_rule) {
            return found.text;
        }
        let remedy = "Set it to error, warn, info, debug or trace, or to rules as info,keeper_actors=debug.";
        self.problem("KEEPER_LOG", not_possible(&found.text), remedy);
        usual
    }
}

/// A value as it may be shown. A secret pasted in the wrong place is long, or has the form of a login.
fn shown(text: &str) -> String {
    let odd =
        text.chars().count() > 120 || text.contains('@') || is_bot_token(text) || text.starts_with("eyJ");
    if odd { "set, not shown".to_owned() } else { text.to_owned() }
}

fn host_of(text: &str) -> String {
    let host = Url::parse(text).ok().and_then(|url| Some(format!("{}://{}/…", url.scheme(), url.host()?)));
    host.unwrap_or_else(|| "set, not shown".to_owned())
}

const NOT_POSSIBLE: &str = "has a value that cannot be used (it is not shown)";

fn not_possible(text: &str) -> String {
    let shown = shown(text);
    if shown == text { format!("cannot be \"{text}\"") } else { NOT_POSSIBLE.to_owned() }
}

/// An address below this one, whatever it ends in.
fn below(base: &Url, path: &str) -> Option<Url> {
    Url::parse(&format!("{}/{path}", base.as_str().trim_end_matches('/'))).ok()
}

fn is_bot_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(id, rest)| {
        let body = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        id.len() >= 6 && id.chars().all(|c| c.is_ascii_digit()) && rest.len() >= 10 && rest.chars().all(body)
    })
}

fn segment(word: &str) -> Option<Segment> {
    match word.to_ascii_lowercase().as_str() {
        "cash" => Some(Segment::Cash),
        "fno" => Some(Segment::Fno),
        "mcx" => Some(Segment::Mcx),
        _ => None,
    }
}
