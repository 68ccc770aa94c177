//! What the listener asks of the keeper, and what it shows beside that.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use fyers_api::http::ApiRequest;
use keeper_actors::{
    exchange::messages::{Forwarded, Rest, Rows},
    hub::Hub,
    token::messages::LoginProof,
};
use keeper_domain::{
    address::Network,
    chat::talk::Control,
    equity::EquityCurve,
    event::{Event, Recorded},
    keys::BotName,
    mode::ShownMode,
    mornings::Morning,
    routing::own::Own,
    secret::AuthCode,
    session::login::{LoginOrigin, StateRefusal},
};
use url::Url;

use crate::{
    http::{journal_signal::JournalSignal, metrics::Metrics, set_up::SetUpDoor},
    keys::KeyAdmin,
    logging::Redactor,
    login_report::LoginReport,
    memory::Memory,
    status::{Day, SessionStatus, Status},
};

/// What comes of the wish that another keeper should act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandOver {
    /// It will.
    Begun,
    /// This keeper has its state to itself.
    Alone,
    /// No keeper stands by that would act, so nothing was done.
    NobodyStandsBy,
    /// The keeper that stands by cannot reach FYERS, so nothing was done.
    StandbyCutOff,
}

/// What the listener may ask of the keeper. A question that a backend leaves out is one that nobody answers there.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Whether the actors' thread and the supervisor are alive. No I/O, no waiting.
    fn is_live(&self) -> bool;
    /// Whether the state is loaded.
    fn is_ready(&self) -> bool;
    /// Why nothing that must be put on record is taken now, if it is so: orders are refused then.
    fn unwritable(&self) -> Option<String> {
        None
    }
    /// Lets another keeper of the same database act in the place of this one.
    async fn hand_over(&self, _is_forced: bool) -> HandOver {
        HandOver::Alone
    }
    /// Everything at one glance; `None` when the keeper does not answer in time.
    async fn status(&self) -> Option<Status> {
        None
    }
    /// Makes a refresh call and waits for its outcome.
    async fn refresh(&self) -> Option<SessionStatus> {
        None
    }
    /// Begins a login: FYERS' login address with a fresh one-time state. Costs no memory and asks no actor.
    fn begin_login(&self, _origin: LoginOrigin) -> Result<String, LoginReport> {
        Err(LoginReport::silent())
    }
    /// Where a login began that comes back with this state, when it is one of this keeper's and not too old.
    /// Whether it has been used is known to [`Backend::finish_login`] only.
    fn login_state(&self, _state: &str) -> Result<LoginOrigin, StateRefusal> {
        Err(StateRefusal::Unknown)
    }
    /// Whether a link to the login page is the card's.
    fn is_card_link(&self, _token: &str) -> bool {
        false
    }
    /// A link to the login page for somebody who has shown the key: what is begun there is vouched for.
    fn vouched_link(&self) -> String {
        "/fyers/login".to_owned()
    }
    /// Notes something that happened at the listener, for journal, log and alerts. Returns at once.
    fn report(&self, _event: Event) {}
    /// Takes a login's code and waits for a bounded time until its token is in use, or is not.
    async fn finish_login(&self, _code: AuthCode, _proof: LoginProof) -> LoginReport {
        LoginReport::silent()
    }
    /// What `X-Keeper-Mode` says of a request that is refused at the door. No I/O, no waiting.
    fn shown_mode(&self) -> ShownMode {
        ShownMode::Mock
    }
    /// Brings a bot's request to where the mode and its key say; `None` when the keeper does not answer in time.
    async fn forward(&self, _call: ApiRequest, _bot: BotName) -> Option<Forwarded> {
        None
    }
    /// More of an order book that is too long for one answer; `None` when the keeper does not answer in time.
    async fn next_rows(&self, _rest: Rest) -> Option<Rows> {
        None
    }
    /// The newest orders that bots have sent, or this one alone, and what came of them, newest first, `limit` at most;
    /// `None` when the keeper does not answer in time.
    async fn orders(&self, _limit: u32, _of: Option<&BotName>) -> Option<Vec<serde_json::Value>> {
        None
    }
    /// What is open at FYERS beside the simulated account, in words. No I/O, no waiting.
    fn open_at_fyers(&self) -> Option<String> {
        None
    }
    /// What is each bot's own now. No I/O, no waiting.
    fn owns(&self) -> Arc<BTreeMap<BotName, Own>> {
        Arc::default()
    }
    /// The newest events of the journal, newest first, `limit` at most; `None` when they cannot be read.
    async fn recent_events(&self, _limit: u32) -> Option<Vec<Recorded>> {
        None
    }
    /// The last trading days and how each got its token, oldest first; `None` when they cannot be read.
    async fn mornings(&self) -> Option<Vec<Morning>> {
        None
    }
    /// What the MockExchange's account was worth over time; `None` when it cannot be read.
    async fn equity(&self) -> Option<EquityCurve> {
        None
    }
    /// Events of the journal after this one, oldest first, `limit` at most; `None` when they cannot be read.
    async fn events_after(&self, _id: i64, _limit: u32) -> Option<Vec<Recorded>> {
        None
    }
    /// What the day of the present moment looks like.
    fn day(&self) -> Option<Day> {
        None
    }
    /// Makes an actor panic, or blocks the actors' thread ("thread"); false for a name it does not know.
    #[cfg(feature = "fault-injection")]
    fn fault(&self, _victim: &str) -> bool {
        false
    }
}

/// What the listener shows beside the backend.
pub struct Front {
    /// Carries out what the status page's buttons ask for; `None` for a page without buttons.
    pub control: Option<Arc<dyn Control>>,
    /// Changes the keys; `None` where nobody can.
    pub keys: Option<Arc<KeyAdmin>>,
    /// What Prometheus is told.
    pub metrics: Arc<Metrics>,
    /// Says when the journal has grown.
    pub feed: JournalSignal,
    /// Market data and order updates.
    pub feeds: Hub,
    /// Where a browser reaches the keeper, if a person said so.
    pub public_url: Option<Url>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The FYERS app's id, if there is one.
    pub app_id: Option<String>,
    /// What bodies of requests and long answers may take, shared with the way to FYERS.
    pub memory: Memory,
    /// Knows the secrets of the run.
    pub secrets: Redactor,
    /// The first set-up; `None` once there is an app.
    pub set_up: Option<Arc<SetUpDoor>>,
}
