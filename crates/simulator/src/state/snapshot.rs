//! A copy of the simulator's state for tests.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::world::World;
use crate::broker::{LoginSession, TokenRecord};
use crate::calls::CallCount;
use crate::faults::FaultRule;
use crate::options::RefreshMode;
use crate::phone::{CallbackAnswer, PersonMessage, TelegramMessage};
use crate::sockets::SocketReport;

/// The simulator at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Simulated time.
    pub now: DateTime<Utc>,
    /// Whether the refresh call works.
    pub refresh: RefreshMode,
    /// Whether a refresh also brings a new refresh token.
    pub rotate_refresh_token: bool,
    /// Whether orders are refused as not allowed from this app.
    pub order_restricted: bool,
    /// Whether every FYERS connection is closed without an answer.
    pub fyers_outage: bool,
    /// Whether every Telegram connection is closed without an answer.
    pub telegram_outage: bool,
    /// Seconds added to the clock in the `Date` header.
    pub date_skew_seconds: i64,
    /// Every token ever minted, oldest first.
    pub tokens: Vec<TokenRecord>,
    /// The order book, rows as `GET /orders` shows them.
    pub orders: Vec<Value>,
    /// Last prices by symbol.
    pub prices: BTreeMap<String, f64>,
    /// Faults still to come, oldest first.
    pub faults: Vec<FaultRule>,
    /// Calls by path.
    pub calls: BTreeMap<String, CallCount>,
    /// Messages the bot sent, edited and deleted ones included.
    pub telegram_messages: Vec<TelegramMessage>,
    /// Buttons the bot answered.
    pub callback_answers: Vec<CallbackAnswer>,
    /// The bot's command menu, as set.
    pub telegram_commands: Value,
    /// Messages people wrote, edited and deleted ones included.
    pub person_messages: Vec<PersonMessage>,
    /// How often a `getUpdates` call was ended by a later one.
    pub poll_conflicts: u64,
    /// The one-time password every login expects.
    pub login_otp: String,
    /// Whether `generate-authcode` redirects at once.
    pub instant_login: bool,
    /// Logins through the pages, oldest first.
    pub logins: Vec<LoginSession>,
    /// Client ids that can log in; the first is the owner's.
    pub accounts: Vec<String>,
    /// WebSocket connections.
    pub sockets: SocketReport,
}

impl Snapshot {
    /// Copies what the world holds now.
    pub(crate) fn of(world: &World) -> Self {
        Self {
            now: world.now(),
            refresh: world.refresh,
            rotate_refresh_token: world.rotate_refresh_token,
            order_restricted: world.order_restricted,
            fyers_outage: world.fyers_outage,
            telegram_outage: world.telegram_outage,
            date_skew_seconds: world.date_skew_seconds,
            tokens: world.tokens.records().to_vec(),
            orders: world.book.order_rows(),
            prices: world.market.prices(),
            faults: world.faults.rules().to_vec(),
            calls: world.calls.counts().clone(),
            telegram_messages: world.phone.messages.clone(),
            callback_answers: world.phone.answers.clone(),
            telegram_commands: world.phone.commands.clone(),
            person_messages: world.phone.heard.clone(),
            poll_conflicts: world.phone.poll_conflicts(),
            login_otp: world.login_otp.clone(),
            instant_login: world.instant_login,
            logins: world.logins.all(),
            accounts: world.client_ids(),
            sockets: world.sockets.report(),
        }
    }
}
