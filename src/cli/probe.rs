//! `status` and `healthcheck`: questions to the keeper that runs on this machine.

use std::{net::SocketAddr, time::Duration};

use keeper_domain::{session::StateName, text::excerpt};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{bad_end, fail, json as print_json, no_database, no_runtime, say},
    setup::{CliConfig, load},
    state_store,
    status_table::table,
};
use crate::{
    account::{AccountPart, Trouble, own_words},
    keys::KeyWish,
    login_report::LoginReport,
    private_file::{self, Rules},
    status::{Health, SessionStatus, Status},
    store::{
        postgres::{ConnectError, LeaseRow},
        state_dir::{GATEWAY_KEY, folder_id},
    },
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
        None => Err(nobody(&config).with(Exit::Error)),
    }
}

pub(super) fn status(json: bool) -> Result<Exit, Failure> {
    let config = load()?;
    let Some(told) = block_on(fetch(&config)).flatten() else { return Err(nobody(&config)) };
    if is_anothers(&config, &told.status) {
        return Err(anothers(&config));
    }
    if !json {
        say(&table(&told.status, &told.halted_bots()));
    }
    match (bad(&told.status), json) {
        (None, true) => print_json(&told),
        (None, false) => {}
        (Some(failure), true) => return Ok(bad_end(Some(&told), &failure)),
        // The table has said it.
        (Some(failure), false) => return Ok(failure.exit),
    }
    Ok(Exit::Good)
}

/// Whether the keeper that answers works on another state folder than the one of these settings. One that shares a database
/// may pass the question on, and whoever has set its key says whose answer it is.
fn is_anothers(config: &CliConfig, told: &Status) -> bool {
    let settings = &config.settings;
    if settings.database_url.is_some() || settings.gateway_key.is_some() || told.state_folder.is_empty() {
        return false;
    }
    match folder_id(&settings.state_dir) {
        Ok(own) => own != told.state_folder,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn anothers(config: &CliConfig) -> Failure {
    let (addr, own) = (reachable(config.settings.http_addr), config.settings.state_dir.display());
    let what = format!("the keeper that answers on {addr} is another one: its state is not in {own}");
    let remedy = "Ask with its own settings (KEEPER_STATE_DIR), or give this one another KEEPER_HTTP_ADDR.";
    fail(Exit::Unreachable, &what, remedy)
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

/// Why there is no answer of a keeper on this machine.
pub(super) fn nobody(config: &CliConfig) -> Failure {
    let what = format!("no keeper answers on {}", reachable(config.settings.http_addr));
    let remedy = "Start it with `fyers-keeper run`, or check KEEPER_HTTP_ADDR and KEEPER_STATE_DIR.";
    let nobody = fail(Exit::Unreachable, &what, remedy);
    block_on(silence(config, nobody)).unwrap_or_else(no_runtime)
}

/// The same where the lock on the state folder says that a keeper runs.
pub(super) fn mute(config: &CliConfig) -> Failure {
    block_on(silence(config, in_use())).unwrap_or_else(no_runtime)
}

/// A keeper runs, and nobody hears it.
pub(super) fn in_use() -> Failure {
    let what = "a keeper uses this state folder, but it does not answer";
    fail(Exit::Unreachable, what, "Check KEEPER_HTTP_ADDR and KEEPER_GATEWAY_KEY, or stop the keeper first.")
}

/// Asks once more: there may be nobody, one that stands by and cannot pass the question on, or one that does not know
/// the key.
pub(super) async fn silence(config: &CliConfig, nobody: Failure) -> Failure {
    let addr = reachable(config.settings.http_addr);
    match ask_status(config).await {
        Some(answer) if stands_by(&answer) => of_standby(config, answer).await,
        Some(answer) => of_answer(addr, answer.status().as_u16()),
        None => of_silence(config, addr, nobody).await,
    }
}

/// Its own words, and the address that it does not tell strangers.
async fn of_standby(config: &CliConfig, answer: reqwest::Response) -> Failure {
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    let why = body["message"].as_str().unwrap_or("this keeper stands by for another one");
    let who = state_store::who_acts(config).await.and_then(Result::ok).filter(LeaseRow::is_held);
    let elsewhere = who.filter(|row| !row.is_here(state_store::own_address(config).as_deref()));
    let remedy = match elsewhere.and_then(|row| row.address) {
        Some(address) => format!("The one that acts is at {address}: ask there, or again in a moment."),
        None => "Ask on the host of the keeper that acts, or again in a moment.".to_owned(),
    };
    fail(Exit::Unreachable, &excerpt(own_words(why), 300), &remedy)
}

fn of_answer(addr: SocketAddr, status: u16) -> Failure {
    let (what, remedy) = match status {
        401 | 403 => (
            format!("a keeper answers on {addr}, but not to the key known here"),
            "Check KEEPER_GATEWAY_KEY and KEEPER_STATE_DIR: they must be those of the keeper.",
        ),
        200 => (
            format!("a keeper answers on {addr}, but not what was asked: it has another key, or is busy"),
            "Check that KEEPER_STATE_DIR and KEEPER_GATEWAY_KEY are those of the keeper, and try again in a moment.",
        ),
        _ => (
            format!("what answers on {addr} is no keeper that is ready (HTTP {status})"),
            "Try again in a moment, or check KEEPER_HTTP_ADDR.",
        ),
    };
    fail(Exit::Unreachable, &what, remedy)
}

/// Nobody listens here. Where the state is in a database, it says who acts.
async fn of_silence(config: &CliConfig, addr: SocketAddr, nobody: Failure) -> Failure {
    match state_store::who_acts(config).await {
        Some(Ok(row)) if row.is_held() && row.is_here(state_store::own_address(config).as_deref()) => {
            let what = format!(
                "no keeper answers on {addr}; the last one that acted was on this address and is gone"
            );
            fail(
                Exit::Unreachable,
                &what,
                "Start it again: fyers-keeper run. It acts when the lease has ended.",
            )
        }
        Some(Ok(row)) if row.is_held() => {
            let address = row.address.as_deref();
            let address = address.unwrap_or("a host that does not say where (KEEPER_ADVERTISE_URL)");
            let what = format!("no keeper answers on {addr}; the one that acts is on {address}");
            let remedy = "Ask on that host, or start one here that stands by: fyers-keeper run.";
            fail(Exit::Unreachable, &what, remedy)
        }
        Some(Err(
            error @ (ConnectError::Misfit(_)
            | ConnectError::Away(_)
            | ConnectError::Settings(_)
            | ConnectError::Certificate(_)),
        )) => no_database(&error),
        _ => nobody,
    }
}

async fn ask_status(config: &CliConfig) -> Option<reqwest::Response> {
    let url = format!("http://{}/api/status", reachable(config.settings.http_addr));
    let mut request = client().ok()?.get(url).timeout(LIMIT);
    if let Some(key) = key(config) {
        request = request.bearer_auth(key.expose_secret());
    }
    request.send().await.ok()
}

async fn fetch(config: &CliConfig) -> Option<WithKeys> {
    ask_status(config).await?.json().await.ok()
}

/// The status as the listener tells it, with what each key has used.
#[derive(serde::Deserialize, serde::Serialize)]
struct WithKeys {
    #[serde(flatten)]
    status: Status,
    #[serde(default)]
    keys: Vec<serde_json::Value>,
}

impl WithKeys {
    /// The bots that alone are halted.
    fn halted_bots(&self) -> Vec<String> {
        let halted = self.keys.iter().filter(|key| key["halted"] == true);
        halted.filter_map(|key| key["name"].as_str()).map(str::to_owned).collect()
    }
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
        heard(request.bearer_auth(self.key.expose_secret())).await?.json().await.ok()
    }

    /// What bots have ordered; `None` when the keeper does not answer.
    pub(super) async fn orders(&self, limit: u32) -> Option<serde_json::Value> {
        let request = self.client.get(format!("{}/orders?limit={limit}", self.base)).timeout(LIMIT);
        let answer = heard(request.bearer_auth(self.key.expose_secret())).await?;
        answer.error_for_status().ok()?.json().await.ok()
    }

    /// A part of the account, as the keeper reads it now; `None` when the keeper does not answer.
    pub(super) async fn account<T: serde::de::DeserializeOwned>(
        &self,
        part: &str,
    ) -> Option<Told<AccountPart<T>>> {
        let request = self.client.get(format!("{}/{part}", self.base)).timeout(Duration::from_secs(45));
        let answer = heard(request.bearer_auth(self.key.expose_secret())).await?;
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
        let answer = heard(request).await?;
        let good = answer.status().is_success();
        Some(Answer { good, body: answer.json().await.unwrap_or_default() })
    }

    /// Asks for a refresh; `None` when the keeper does not answer.
    pub(super) async fn refresh(&self) -> Option<SessionStatus> {
        heard(self.post("refresh")).await?.error_for_status().ok()?.json().await.ok()
    }

    /// Asks for a handover: the HTTP status of the answer.
    pub(super) async fn hand_over(&self, force: bool) -> Option<u16> {
        Some(heard(self.post(&format!("handover?force={force}"))).await?.status().as_u16())
    }

    /// FYERS' login address, or why there is none; `None` when the keeper does not answer.
    pub(super) async fn begin_login(&self) -> Option<Result<String, LoginReport>> {
        let answer = heard(self.post("login")).await?;
        if !answer.status().is_success() {
            return Some(Err(answer.json().await.ok()?));
        }
        let answer: serde_json::Value = answer.json().await.ok()?;
        Some(Ok(answer.get("url")?.as_str()?.to_owned()))
    }

    /// Hands over what a person pasted.
    pub(super) async fn finish_login(&self, pasted: &SecretString) -> Option<LoginReport> {
        let body = serde_json::json!({ "pasted": pasted.expose_secret() });
        heard(self.post("login/complete").json(&body)).await?.json().await.ok()
    }
}

/// A keeper's answer. That of one which stands by and cannot pass the question on is none: see [`silence`].
async fn heard(request: reqwest::RequestBuilder) -> Option<reqwest::Response> {
    request.send().await.ok().filter(|answer| !stands_by(answer))
}

fn stands_by(answer: &reqwest::Response) -> bool {
    answer.headers().get("x-keeper-mode").is_some_and(|mode| mode == "standby")
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
    let done = runtime.block_on(work);
    // Not waited for: a thread that asks a name server which says nothing.
    runtime.shutdown_background();
    Some(done)
}
