//! What the actors need from the world. The adapters in the root package implement these.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

pub use crate::store_error::{StoreError, StoreErrorKind};
use crate::{
    alert::{Alert, Outgoing, SendError},
    broker_error::{BrokerError, Transport},
    event::{Event, Recorded},
    order_journal::{IntentOutcome, OpenIntents, OrderEntry, OrderIntent},
    routing::live_positions::LivePositions,
    secret::{AccessToken, AuthCode, RefreshToken},
    session_state::StoredSession,
};
use fyers_api::{
    http::{ApiRequest, ApiResponse},
    model::{FundLimits, Profile},
};
use mock_exchange::Record;

/// Wall clock and waiting, together, so that a test or the demo can run both faster.
#[async_trait]
pub trait Time: Send + Sync {
    /// The time of day. It may jump in both directions.
    fn now(&self) -> DateTime<Utc>;
    /// Waits. Never used for more than a minute at a time by anything that must see the wall clock move.
    async fn sleep(&self, duration: Duration);
}

/// What a successful refresh or login brings.
#[derive(Debug, Clone)]
pub struct FreshTokens {
    /// The new access token.
    pub access: AccessToken,
    /// A new refresh token, when the broker sent one.
    pub refresh: Option<RefreshToken>,
}

/// The broker's session calls. The adapter knows app id, secret and PIN; the actors never see them.
#[async_trait]
pub trait Broker: Send + Sync {
    /// `GET /profile`: the cheapest proof that a token works (docs/fyers-api.md, "Profile").
    async fn profile(&self, token: &AccessToken) -> Result<Profile, BrokerError>;
    /// `POST /validate-refresh-token` (docs/fyers-api.md, "Refresh"). Exactly one call, never a retry.
    async fn refresh(&self, token: &RefreshToken) -> Result<FreshTokens, BrokerError>;
    /// `POST /validate-authcode` (docs/fyers-api.md, "Login"). Exactly one call: a code works once.
    async fn login(&self, code: &AuthCode) -> Result<FreshTokens, BrokerError>;
    /// `GET /funds`: that the token may do what it is for.
    async fn funds(&self, token: &AccessToken) -> Result<FundLimits, BrokerError>;
    /// `POST /logout`: ends the token at the broker.
    async fn logout(&self, token: &AccessToken) -> Result<(), BrokerError>;
    /// How far the broker's clock is ahead of this machine's by its latest answer, if it told.
    fn clock_skew(&self) -> Option<TimeDelta> {
        None
    }
}

/// A call brought no answer that can be passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The call did not reach the broker, or its answer did not reach the keeper.
    #[error("FYERS did not answer: {0:?}")]
    Transport(Transport),
    /// More than the keeper is willing to carry.
    #[error("the answer of FYERS is longer than {limit} bytes")]
    TooLong {
        /// The bound.
        limit: usize,
    },
}

/// Carries calls to the broker, each exactly once, and never anywhere else.
#[async_trait]
pub trait BrokerProxy: Send + Sync {
    /// Sends the call with these credentials. Redirects are not followed; nothing is tried twice.
    async fn send(&self, token: &AccessToken, call: &ApiRequest) -> Result<ApiResponse, ProxyError>;
}

/// The address this machine has on the internet, as somebody outside sees it.
#[async_trait]
pub trait OutgoingAddress: Send + Sync {
    /// Asks now; `None` when nobody answers.
    async fn ask(&self) -> Option<String>;
    /// The address registered with the app, if the settings tell it.
    fn expected(&self) -> Option<String>;
}

/// Where alerts go.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Hands over one message; an error says whether and when to try again.
    async fn send(&self, message: &Outgoing) -> Result<(), SendError>;
    /// What the log calls it.
    fn channel(&self) -> &'static str {
        "telegram"
    }
    /// Whether messages must keep a pace: chats allow about one a second, a log takes all at once.
    fn is_paced(&self) -> bool {
        true
    }
}

/// The `.env` file other programs read: a courtesy copy of the tokens.
#[async_trait]
pub trait TokenMirror: Send + Sync {
    /// Writes the tokens; an error is one line for a person, without any content of the file.
    async fn write(&self, access: &AccessToken, refresh: Option<&RefreshToken>) -> Result<(), String>;
}

/// A daily tick on its way: written when it begins, closed when its outcome is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickRecord {
    /// The trading day (IST).
    pub date: NaiveDate,
    /// When the TokenActor took it on.
    pub begun_at: DateTime<Utc>,
    /// When its outcome was known: a good token, a login request, or the end of the day.
    pub done_at: Option<DateTime<Utc>>,
}

/// One atomic, durable change. Everything in it happens, or nothing does.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The whole session record, replaced.
    pub session: Option<StoredSession>,
    /// One tick, inserted or replaced by its date.
    pub tick: Option<TickRecord>,
    /// Appended to the MockExchange's journal in this order.
    pub mock_records: Vec<Record>,
    /// Appended to the order journal.
    pub orders: Vec<OrderEntry>,
    /// Orders that are about to leave for FYERS.
    pub intents: Vec<OrderIntent>,
    /// What came of intents, by their id.
    pub outcomes: Vec<(i64, IntentOutcome)>,
    /// What is known of the positions at FYERS, replaced.
    pub live_positions: Option<LivePositions>,
    /// Whether trading is halted.
    pub halted: Option<bool>,
    /// Small things remembered by name, as JSON: the login card, the chat's cursor. Replaced.
    pub notes: Vec<(&'static str, serde_json::Value)>,
    /// Appended to the journal in this order.
    pub events: Vec<(DateTime<Utc>, Event)>,
}

/// The keeper's memory: one embedded database. A returned `Ok` means: on disk.
#[async_trait]
pub trait Store: Send + Sync {
    /// Makes one atomic change.
    ///
    /// The change is queued when this is called, not when the future is polled: changes happen in the order of the
    /// calls. What is queued happens even if nobody waits for the answer. After an error the change is not on disk,
    /// except where the words say that this is not known; then it is there whole or not at all. Changes that wait in
    /// the queue when the disk fails are refused together with the one that failed, since they may build on it.
    async fn commit(&self, change: Change) -> Result<(), StoreError>;
    /// The session as last committed; the default when there is none.
    async fn session(&self) -> Result<StoredSession, StoreError>;
    /// The newest tick by date.
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError>;
    /// All dates for which there is a tick.
    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError>;
    /// The MockExchange's journal, oldest first.
    async fn mock_records(&self) -> Result<Vec<Record>, StoreError>;
    /// The newest entries of the order journal, newest first.
    async fn order_journal(&self, limit: u32) -> Result<Vec<OrderEntry>, StoreError>;
    /// The intents without outcome.
    async fn open_intents(&self) -> Result<OpenIntents, StoreError>;
    /// What is known of the positions at FYERS.
    async fn live_positions(&self) -> Result<LivePositions, StoreError>;
    /// Whether trading is halted.
    async fn halted(&self) -> Result<bool, StoreError>;
    /// A note by its name; `None` when there is none or it cannot be read.
    async fn note(&self, name: &'static str) -> Result<Option<serde_json::Value>, StoreError>;

    /// Journal events after the one the outbox has consumed, oldest first, `limit` at most.
    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError>;
    /// In one transaction: remembers that events up to `read_to` are consumed, adds the new alerts, and
    /// replaces the waiting ones that were merged.
    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError>;
    /// Alerts not yet delivered, oldest first.
    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError>;
    /// Remembers that an alert was delivered.
    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// Remembers one more failed delivery.
    async fn alert_failed(&self, id: i64) -> Result<(), StoreError>;
    /// How many alerts were ever queued and ever delivered.
    async fn alert_totals(&self) -> Result<AlertTotals, StoreError>;
    /// The newest journal events, newest first.
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError>;
    /// Journal events after this one, oldest first, `limit` at most.
    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let mut events = self.recent_events(u32::MAX).await?;
        events.retain(|recorded| recorded.id > id);
        events.reverse();
        events.truncate(limit as usize);
        Ok(events)
    }
}

/// How many alerts there have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertTotals {
    /// Rows ever written to the outbox.
    pub queued: u64,
    /// Of these, delivered.
    pub delivered: u64,
}
