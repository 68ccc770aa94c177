//! The order journal: every order a bot sent, where it went, and what came back. No token, no body.

mod asked;
mod broker_clock;
mod look_up;
mod lost;
mod placed_today;
mod progress;
mod rejected;
mod unanswered;
mod unread;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use broker_clock::BrokerClock;
pub use lost::{LostOrders, SeenBook, Telling, Verdict};
pub use placed_today::PlacedToday;
pub use progress::OrderProgress;
pub use rejected::{EndedRow, OrdersByTime, Rejection, TakenOrders};
pub use unanswered::{LookedUp, Unanswered};
pub use unread::{SentRequest, unread};

use crate::keys::BotName;
use crate::mode::Mode;
use crate::routing::{
    Venue,
    closed_orders::ClosedOrder,
    request::{Leg, OrderCall, OrderEffect, Reserved},
    settling::UnreadRequest,
};
use fyers_api::{
    error::ApiError,
    http::{ApiRequest, Method},
    ist,
    operation::{MULTI_LEG, Operation},
};
use mock_exchange::{Reply, exchange::Attempt};

/// One order and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// When the keeper answered.
    pub at: DateTime<Utc>,
    /// Whose order it is; `None` in entries of the time before there were several keys.
    #[serde(default)]
    pub bot: Option<BotName>,
    /// The mode it was handled in.
    pub mode: Mode,
    /// Who answered.
    pub venue: Venue,
    /// What was asked: `place`, `modify`, `cancel`, `exit`, `convert` or `other`.
    pub what: String,
    /// As `NSE:SBIN-EQ`, when the request names one.
    pub symbol: Option<String>,
    /// Signed: negative sells.
    pub quantity: Option<i64>,
    /// Limit price in INR; zero for a market order. `None` when the request names none, or is older than this field.
    #[serde(default)]
    pub price: Option<Decimal>,
    /// The bot's mark.
    pub tag: Option<String>,
    /// The order's id.
    pub id: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// The broker's code.
    pub code: i64,
    /// The broker's words, cut short.
    pub message: String,
    /// Of an order whose answer never came: what is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Unanswered>,
    /// Of an order that FYERS had taken: that it has rejected it afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Rejection>,
    /// Of a request of which FYERS makes orders without an id of each in its answer: these.
    #[serde(default, alias = "closes", skip_serializing_if = "Option::is_none")]
    pub by_time: Option<OrdersByTime>,
}

/// Longest message kept.
const WORDS: usize = 400;

impl OrderEntry {
    /// A simulated one.
    pub fn simulated(operation: Operation, tried: &Attempt, mode: Mode, at: DateTime<Utc>) -> Self {
        let (status, code, message, id) = match &tried.outcome {
            Ok(Reply { code, message, id }) => (200, *code, message, id),
            Err(ApiError { status, code, message, id }) => (*status, *code, message, id),
        };
        let leg = tried.order.as_ref().map(|order| Leg::of(&order.request));
        Self::new((operation, mode, Venue::Mock), leg.as_ref(), (status, code, message, id.clone()), at)
    }

    /// The same as this bot's.
    #[must_use]
    pub fn of(self, bot: &BotName) -> Self {
        Self { bot: Some(bot.clone()), ..self }
    }

    /// One from its parts: where, what, and the answer.
    pub fn new(
        (operation, mode, venue): (Operation, Mode, Venue),
        order: Option<&Leg>,
        (status, code, message, id): (u16, i64, &str, Option<String>),
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            at,
            bot: None,
            mode,
            venue,
            what: word(operation).to_owned(),
            symbol: order.map(|order| order.symbol.clone()),
            quantity: order.map(|order| order.quantity),
            price: order.map(|order| order.price),
            tag: order.and_then(|order| order.tag.clone()),
            id,
            status,
            code,
            message: crate::alerts::words::excerpt(message, WORDS),
            unanswered: None,
            rejected: None,
            by_time: None,
        }
    }
}

impl OrderEntry {
    /// The order, when FYERS took it.
    pub fn taken_by_fyers(&self) -> Option<Leg> {
        let taken = self.venue == Venue::Fyers && self.what == "place" && !self.is_refused();
        self.leg().filter(|_| taken && !self.is_unknown())
    }

    /// The day (IST) on which it was sent: what became of an order without an answer may be listed on a later one.
    pub fn sent_on(&self) -> NaiveDate {
        let left = self.unanswered.as_ref().and_then(|lost| lost.sent);
        ist::date(left.map_or(self.at, |left| left.min(self.at)))
    }

    /// Whether its answer says no. An error of FYERS' may have a positive code, and an acceptance comes under HTTP 200 alone.
    pub fn is_refused(&self) -> bool {
        self.code < 0 || (self.status >= 400 && self.unanswered.is_none())
    }

    /// The order, when it is one. Its product is not written down, so it may be any.
    fn leg(&self) -> Option<Leg> {
        Some(Leg {
            symbol: self.symbol.clone()?,
            product: String::new(),
            quantity: self.quantity?,
            price: self.price.unwrap_or_default(),
            tag: self.tag.clone(),
        })
    }
}

/// An order that is about to leave for FYERS. It is on disk before the first byte is sent, and it stays open until
/// what came of it is on disk too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderIntent {
    /// Grows by one from intent to intent.
    pub id: i64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Whose order it is; `None` in intents of the time before there were several keys.
    #[serde(default)]
    pub bot: Option<BotName>,
    /// Which holder of the store sent it; 0 with one machine.
    #[serde(default)]
    pub epoch: u64,
    /// `place`, `modify`, `cancel`, `exit`, `convert`, `gtt` or `other`.
    pub what: String,
    /// The path behind `/api/v3`.
    pub path: String,
    /// SHA-256 of the body, in hex: whether two requests were the same, without keeping them.
    pub body: String,
    /// The orders in it, as far as they could be read.
    pub legs: Vec<Leg>,
    /// The orders that it names, as one that is to be cancelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Whether it may do more than its orders tell; `None` in intents of the time before this was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_opaque: Option<bool>,
    /// What it does to positions and orders that are there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<OrderEffect>,
    /// The orders that an exit closes too, if they fill before it, as far as their ids were known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_orders: Vec<ClosedOrder>,
}

/// What came of an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "snake_case")]
pub enum IntentOutcome {
    /// FYERS answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// Order ids in the answer.
        ids: Vec<String>,
        /// When the answer came; `None` in what was written before there was this field.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
        /// Whether FYERS has refused all of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_refused: bool,
    },
    /// It never left this machine.
    NotSent,
    /// No answer of FYERS came; the order book was looked at afterwards.
    Searched(Search),
}

/// What a look into the order book says about an intent whose answer is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "search", rename_all = "snake_case")]
pub enum Search {
    /// These orders are its own.
    Found {
        /// Their ids.
        ids: Vec<String>,
    },
    /// None of its orders is in the book.
    NotFound,
    /// The book cannot tell: it is no placed order, it is of another day, or a row may be its own or somebody else's.
    LookYourself,
}

impl OrderIntent {
    /// The intent of a request.
    pub fn of(
        (id, bot): (i64, &BotName),
        call: &OrderCall,
        request: &ApiRequest,
        epoch: u64,
        at: DateTime<Utc>,
    ) -> Self {
        use sha2::Digest;
        Self {
            id,
            at,
            bot: Some(bot.clone()),
            epoch,
            what: word_of(call, request).to_owned(),
            path: request.path.clone(),
            body: hex::encode(sha2::Sha256::digest(&request.body)),
            legs: call.legs.clone(),
            ids: call.ids.clone(),
            is_opaque: Some(call.is_opaque()),
            effect: None,
            closed_orders: vec![],
        }
    }

    /// The same with what it does to what is there already.
    #[must_use]
    pub fn doing(self, effect: Option<OrderEffect>, closed_orders: Vec<ClosedOrder>) -> Self {
        Self { effect, closed_orders, ..self }
    }

    /// What it may have done at FYERS, as long as that is not known.
    pub fn reserved(&self) -> Reserved {
        Reserved { legs: self.all_legs(), is_opaque: !self.is_told() || self.is_opaque == Some(true) }
    }

    /// What it has done there when FYERS has taken it, as far as the request tells.
    pub(crate) fn taken(&self) -> Reserved {
        // FYERS closes what was open, and nothing else.
        let is_told = self.effect.as_ref().is_some_and(OrderEffect::is_told);
        let is_opaque = !is_told && self.is_opaque.unwrap_or(!self.is_told());
        Reserved { legs: self.all_legs(), is_opaque }
    }

    /// Once FYERS has answered it, with these ids, at this moment.
    pub fn answered(&self, ids: Vec<String>, at: DateTime<Utc>) -> UnreadRequest {
        let (reserved, effect) = (self.taken(), self.effect.clone());
        let closed_orders = self.closed_orders.clone();
        UnreadRequest { id: self.id, ids, sent: self.at, at, reserved, effect, closed_orders }
    }

    /// While nobody knows whether FYERS has taken it: what it may have closed depends on when it came there.
    pub(crate) fn unanswered_request(&self) -> UnreadRequest {
        let request = self.answered(vec![], self.at);
        let is_opaque = request.reserved.is_opaque || self.effect.is_some();
        UnreadRequest { reserved: Reserved { is_opaque, ..request.reserved }, ..request }
    }

    fn all_legs(&self) -> Vec<Leg> {
        let of_effect = self.effect.iter().flat_map(OrderEffect::legs);
        self.legs.iter().cloned().chain(of_effect).collect()
    }

    /// Whether it is one order of several legs, which FYERS answers as one.
    pub fn is_multi_leg(&self) -> bool {
        self.path.trim_end_matches('/') == MULTI_LEG
    }

    fn is_told(&self) -> bool {
        match self.what.as_str() {
            "place" => !self.legs.is_empty(),
            what => what == "cancel",
        }
    }

    /// Whether it may have opened a position, or moved one, of which no reading of before tells. What cancels or exits is about
    /// orders and positions that are known, and are protected by that; an order that is changed may be one that nobody here has read.
    pub fn may_open(&self) -> bool {
        !matches!(self.what.as_str(), "cancel" | "exit")
    }

    /// The first order's symbol and signed quantity; empty and zero when there is none.
    pub fn subject(&self) -> (String, i64) {
        self.legs.first().map_or((String::new(), 0), |leg| (leg.symbol.clone(), leg.quantity))
    }
}

/// The intents of which the outcome is not on disk, and the newest number given out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenIntents {
    /// The largest id there is; 0 when there is none.
    pub last: i64,
    /// Without outcome, oldest first.
    pub open: Vec<OrderIntent>,
}

/// An order by an async path is one like another, where a mark of the bot's tells it in the order book: FYERS' answer has no
/// id of it.
fn word_of(call: &OrderCall, request: &ApiRequest) -> &'static str {
    let is_new = call.operation == Operation::LiveOrder && request.method == Method::Post;
    let is_marked = !call.legs.is_empty() && call.legs.iter().all(|leg| leg.tag.is_some());
    match is_new && call.understood && is_marked {
        true => word(Operation::Place),
        false => word(call.operation),
    }
}

fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Place | Operation::PlaceMany => "place",
        Operation::Modify | Operation::ModifyMany => "modify",
        Operation::Cancel | Operation::CancelMany => "cancel",
        Operation::ExitPositions => "exit",
        Operation::ConvertPosition => "convert",
        Operation::PlaceGtt | Operation::ModifyGtt | Operation::CancelGtt => "gtt",
        _ => "other",
    }
}
