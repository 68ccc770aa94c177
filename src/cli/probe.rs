//! `status` and `healthcheck`: questions to the keeper that runs on this machine.

use std::{net::SocketAddr, time::Duration};

use keeper_domain::session::StateName;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{bad_end, fail, json as print_json, say},
    setup::{CliConfig, load},
};
use crate::{
    account::{AccountPart, Trouble},
    keys::KeyWish,
    login_report::LoginReport,
    private_file::{self, Rules},
    status::{Health, SessionStatus, Status},
    store::state_dir::GATEWAY_KEY,
};

/// Longest wait for the keeper's answer.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) fn healthcheck() -> Result<Exit, Failure> {
    let config = load()?;
    let alive = block_on(async {
        let url = format!("http://{}/livez", reachable(config.settings.http_addr));
        let limit = Duration::from_secs(2);
        let answer = client().ok()?.get(url).timeout(limit).send().await.ok()?;
        answer.status().is_success().then_some(())
    });
    match alive.flatten() {
        Some(()) => Ok(Exit::Good),
        None => Err(fail(Exit::Error, "the keeper does not answer", "")),
    }
}

pub(super) fn status(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let Some(status) = block_on(fetch(&config)).flatten() else { return Err(nobody(&config)) };
    if !json {
        say(&table(&status));
    }
    match (bad(&status), json) {
        (None, true) => print_json(&status),
        (None, false) => {}
        (Some(failure), true) => return Ok(bad_end(Some(&status), &failure)),
        // The table has said it.
        (Some(failure), false) => return Ok(failure.exit),
    }
    Ok(Exit::Good)
}

/// What is not good about a keeper, for the exit code.
fn bad(status: &Status) -> Option<Failure> {
    let reason = status.session.reason;
    match status.session.state {
        StateName::LoginRequired => Some(fail(Exit::LoginRequired, reason.words(), Exit::advice(reason))),
        _ if status.status == Health::Fail => {
            Some(fail(Exit::Error, "a part of the keeper is down", "Look at its log; it restarts by itself."))
        }
        _ => None,
    }
}

/// The keeper does not answer.
pub(super) fn nobody(config: &CliConfig) -> Failure {
    let what = format!("no keeper answers on {}", reachable(config.settings.http_addr));
    let remedy = "Start it with `fyers-keeper run`, or check KEEPER_HTTP_ADDR and KEEPER_STATE_DIR.";
    fail(Exit::Unreachable, &what, remedy)
}

async fn fetch(config: &CliConfig) -> Option<Status> {
    let url = format!("http://{}/api/status", reachable(config.settings.http_addr));
    let mut request = client().ok()?.get(url).timeout(LIMIT);
    if let Some(key) = key(config) {
        request = request.bearer_auth(key.expose_secret());
    }
    request.send().await.ok()?.json().await.ok()
}

/// What the keeper said to a question about the account.
pub(super) enum Told<T> {
    /// This.
    Good(T),
    /// Why it cannot say.
    Trouble(String),
}

/// The keeper that runs on this machine, for whoever has its key.
pub(super) struct Remote {
    client: Client,
    base: String,
    key: SecretString,
}

/// An answer of the running keeper.
pub(super) struct Answer {
    /// Whether it did what was asked for.
    pub(super) good: bool,
    /// What it says.
    pub(super) body: serde_json::Value,
}

impl Remote {
    /// `None` without a key: there has never been a keeper here.
    pub(super) fn new(config: &CliConfig) -> Option<Self> {
        let base = format!("http://{}/api", reachable(config.settings.http_addr));
        Some(Self { client: client().ok()?, base, key: key(config)? })
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("{}/{path}", self.base));
        request.bearer_auth(self.key.expose_secret()).timeout(Duration::from_secs(60))
    }

    pub(super) async fn status(&self) -> Option<Status> {
        let request = self.client.get(format!("{}/status", self.base)).timeout(LIMIT);
        request.bearer_auth(self.key.expose_secret()).send().await.ok()?.json().await.ok()
    }

    /// What bots have ordered; `None` when the keeper does not answer.
    pub(super) async fn orders(&self, limit: u32) -> Option<serde_json::Value> {
        let request = self.client.get(format!("{}/orders?limit={limit}", self.base)).timeout(LIMIT);
        let answer = request.bearer_auth(self.key.expose_secret()).send().await.ok()?;
        answer.error_for_status().ok()?.json().await.ok()
    }

    /// A part of the account, as the keeper reads it now; `None` when the keeper does not answer.
    pub(super) async fn account<T: serde::de::DeserializeOwned>(
        &self,
        part: &str,
    ) -> Option<Told<AccountPart<T>>> {
        let request = self.client.get(format!("{}/{part}", self.base)).timeout(Duration::from_secs(45));
        let answer = request.bearer_auth(self.key.expose_secret()).send().await.ok()?;
        if answer.status().is_success() {
            return Some(Told::Good(answer.json().await.ok()?));
        }
        let status = answer.status().as_u16();
        let trouble: Option<Trouble> = answer.json().await.ok();
        let problem =
            trouble.map_or_else(|| format!("the keeper answers {status}"), |trouble| trouble.problem);
        Some(Told::Trouble(problem))
    }

    /// Asks for something about the keys; `None` when the keeper does not answer.
    pub(super) async fn send(&self, method: &str, path: &str, body: Option<&KeyWish>) -> Option<Answer> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).ok()?;
        let request = self.client.request(method, format!("{}/{path}", self.base)).timeout(LIMIT);
        let request = request.bearer_auth(self.key.expose_secret());
        let request = body.map_or(request.try_clone()?, |body| request.json(body));
        let answer = request.send().await.ok()?;
        let good = answer.status().is_success();
        Some(Answer { good, body: answer.json().await.unwrap_or_default() })
    }

    /// Asks for a refresh; `None` when the keeper does not answer.
    pub(super) async fn refresh(&self) -> Option<SessionStatus> {
        self.post("refresh").send().await.ok()?.error_for_status().ok()?.json().await.ok()
    }

    /// Asks for a handover: the HTTP status of the answer.
    pub(super) async fn hand_over(&self, force: bool) -> Option<u16> {
        Some(self.post(&format!("handover?force={force}")).send().await.ok()?.status().as_u16())
    }

    /// FYERS' login address, or why there is none; `None` when the keeper does not answer.
    pub(super) async fn begin_login(&self) -> Option<Result<String, LoginReport>> {
        let answer = self.post("login").send().await.ok()?;
        if !answer.status().is_success() {
            return Some(Err(answer.json().await.ok()?));
        }
        let answer: serde_json::Value = answer.json().await.ok()?;
        Some(Ok(answer.get("url")?.as_str()?.to_owned()))
    }

    /// Hands over what a person pasted.
    pub(super) async fn finish_login(&self, pasted: &SecretString) -> Option<LoginReport> {
        let body = serde_json::json!({ "pasted": pasted.expose_secret() });
        self.post("login/complete").json(&body).send().await.ok()?.json().await.ok()
    }
}

/// The gateway key, from the settings or from the state folder.
pub(super) fn key(config: &CliConfig) -> Option<SecretString> {
    let file = || private_file::read(&config.settings.state_dir.join(GATEWAY_KEY), Rules::OWN).ok();
    let chosen = config.settings.gateway_key.clone();
    chosen.or_else(|| file().map(|content| SecretString::from(content.text.trim().to_owned())))
}

/// A client that talks to this machine only.
fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()
}

/// "All addresses" is where to listen, not where to knock.
pub(super) fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip([127, 0, 0, 1].into());
    }
    addr
}

/// Runs something to its end on this thread.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    Some(runtime.block_on(work))
}

/// The status for a person.
fn table(status: &Status) -> String {
    let time = |at: Option<chrono::DateTime<chrono::FixedOffset>>| {
        at.map_or_else(|| "-".to_owned(), |at| at.format("%a %d %b %Y, %H:%M:%S IST").to_string())
    };
    let session = &status.session;
    let token = session.fingerprint.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let mut rows = vec![
        ("health", format!("{:?}", status.status).to_lowercase()),
        ("mode", format!("{}, because {}", status.mode, status.reason.words())),
        ("session", format!("{}, because {}", session.state, session.reason.words())),
        ("token", format!("{token}, until {}", time(session.expires_at))),
        ("FYERS", status.fyers.words()),
        ("next tick", time(status.next_tick)),
        ("last tick", time(status.last_tick.map(|tick| tick.begun_at))),
        (
            "outbox",
            format!(
                "{} waiting, {} of {} delivered",
                status.outbox.waiting, status.outbox.delivered, status.outbox.queued
            ),
        ),
        ("simulated", format!("{} orders today", status.orders_simulated_today)),
    ];
    rows.extend(status.lease.as_ref().map(|lease| ("lease", lease.words())));
    for (name, actor) in &status.actors {
        let state = if actor.alive { "alive" } else { "down" };
        rows.push((name, format!("{state}, {} restarts", actor.restarts)));
    }
    let commit = if status.commit.is_empty() { String::new() } else { format!(" ({})", status.commit) };
    rows.push(("version", format!("{}{commit}", status.version)));
    rows.iter().map(|(name, value)| format!("{name:<11}{value}")).collect::<Vec<_>>().join("\n")
}
