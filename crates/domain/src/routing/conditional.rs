//! Orders that wait at FYERS for a condition: GTT orders and smart orders. No reading of the order book shows them, and they
//! execute without a token, so the keeper remembers each from before it leaves until it is known to be over: refused, cancelled
//! by a bot, past its day, or over in FYERS' GTT book, which is read now and then.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::{
    http::{ApiRequest, Method},
    ist,
    number::whole,
    operation::Operation,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod effect;
mod gtt_book;

pub use effect::effect;
pub use gtt_book::{EVERY as GTT_BOOK_EVERY, NotWaiting, learn_gtts, read_gtts};

use super::{
    request::{Leg, OrderCall},
    symbols,
};

/// So many are remembered; then the oldest makes room.
pub const MOST: usize = 1_000;
/// An order that leaves so shortly before the close may be one of the next trading day.
const NEAR_CLOSE: TimeDelta = TimeDelta::minutes(10);
/// So many days ahead a trading day is looked for.
const DAYS_AHEAD: u64 = 20;

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionalKind {
    /// Good till triggered: a year at most.
    Gtt,
    /// A smart order.
    Smart,
    /// What was remembered and cannot be read any more.
    Unreadable,
}

impl ConditionalKind {
    fn words(self) -> &'static str {
        match self {
            Self::Gtt => "a GTT order",
            Self::Smart => "a smart order",
            Self::Unreadable => "a GTT or smart order",
        }
    }
}

/// One order that FYERS has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditional {
    /// FYERS' id; empty where it has told none.
    pub id: String,
    /// What it is.
    pub kind: ConditionalKind,
    /// Its symbols; empty: not known, so it may be any.
    pub symbols: Vec<String>,
    /// Signed, as it was sent; `None` when that could not be read.
    pub quantity: Option<i64>,
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// The trading day (IST) after which it is over; `None`: only a cancel ends it.
    pub last_day: Option<NaiveDate>,
}

/// What an acknowledged request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// This order waits from now on.
    Waits(Conditional),
    /// The order of this id is over: a GTT order, or else a smart one.
    Over {
        /// Its id.
        id: String,
        /// Whether it is a GTT order.
        is_gtt: bool,
    },
}

impl Step {
    /// What a request means that FYERS has acknowledged with these ids. `sent` is when it left, and the trading day it belongs
    /// to; `None` for any other request.
    pub fn of(
        call: &OrderCall,
        request: &ApiRequest,
        ids: &[String],
        sent: (DateTime<Utc>, Option<NaiveDate>),
    ) -> Option<Self> {
        let place = request.path.trim_end_matches('/');
        match (call.operation, request.method, place.strip_prefix("/smart-order/")) {
            (Operation::PlaceGtt, ..) => Some(Self::Waits(of_gtt(call, request, ids, sent.0))),
            (Operation::CancelGtt, ..) => over(call.ids.as_slice(), true),
            (Operation::LiveOrder, Method::Post, Some(what)) => {
                Some(Self::Waits(of_smart(what, request, ids, sent)))
            }
            (Operation::LiveOrder, Method::Delete, Some("cancel")) => {
                let id = body(request)["flowId"].as_str().map(|id| id.trim().to_owned());
                over(&id.into_iter().collect::<Vec<_>>(), false)
            }
            _ => None,
        }
    }
}

/// What a request may leave waiting at FYERS while nobody knows its answer. Without an id no cancel ends a smart order, so
/// that its day does.
pub fn may_wait(
    call: &OrderCall,
    request: &ApiRequest,
    sent: (DateTime<Utc>, Option<NaiveDate>),
) -> Option<Conditional> {
    match Step::of(call, request, &[], sent)? {
        Step::Waits(order) if order.kind == ConditionalKind::Smart => {
            Some(Conditional { last_day: sent.1, ..order })
        }
        Step::Waits(order) => Some(order),
        Step::Over { .. } => None,
    }
}

/// A cancel of several in one is no proof for any of them.
fn over(ids: &[String], is_gtt: bool) -> Option<Step> {
    match ids {
        [id] if !id.is_empty() => Some(Step::Over { id: id.clone(), is_gtt }),
        _ => None,
    }
}

fn of_gtt(call: &OrderCall, request: &ApiRequest, ids: &[String], at: DateTime<Utc>) -> Conditional {
    let quantity = call.legs.first().map(|leg| leg.quantity);
    let (id, symbols) = (ids.first().cloned().unwrap_or_default(), symbols::of(&body(request)));
    Conditional { id, kind: ConditionalKind::Gtt, symbols, quantity, at, last_day: None }
}

/// These three end with their day; a plan (`sip`), and what the keeper does not know, goes on.
fn of_smart(
    what: &str,
    request: &ApiRequest,
    ids: &[String],
    (at, day): (DateTime<Utc>, Option<NaiveDate>),
) -> Conditional {
    let body = body(request);
    let side = whole(&body["side"]).filter(|side| side.abs() == 1);
    let quantity = side.zip(whole(&body["qty"])).and_then(|(side, quantity)| quantity.checked_mul(side));
    let last_day = day.filter(|_| matches!(what, "step" | "limit" | "trail"));
    let id = ids.first().cloned().unwrap_or_default();
    Conditional { id, kind: ConditionalKind::Smart, symbols: symbols::of(&body), quantity, at, last_day }
}

fn body(request: &ApiRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

/// The trading day to which an order belongs that leaves now: the first whose close is still to come, with some room.
/// `closes` tells when the market closes on a date, if it opens.
pub fn trading_day(
    now: DateTime<Utc>,
    closes: impl Fn(NaiveDate) -> Option<DateTime<Utc>>,
) -> Option<NaiveDate> {
    let days = ist::date(now).iter_days().zip(0..DAYS_AHEAD).map(|(day, _)| day);
    days.into_iter().find(|day| closes(*day).is_some_and(|close| now + NEAR_CLOSE < close))
}

impl Conditional {
    /// Stands for those of which the store's words cannot be read: there may be one in any symbol.
    pub fn unreadable(at: DateTime<Utc>) -> Self {
        let (id, symbols, kind) = (String::new(), vec![], ConditionalKind::Unreadable);
        Self { id, kind, symbols, quantity: None, at, last_day: None }
    }

    /// Whether its day is over.
    pub fn is_over(&self, today: NaiveDate) -> bool {
        self.last_day.is_some_and(|last| last < today)
    }

    /// What ends what nobody can read.
    fn heals(&self) -> &'static str {
        match self.kind {
            ConditionalKind::Unreadable => {
                ". The keeper's note of these orders cannot be read; after the next login it is made anew from FYERS' GTT book"
            }
            ConditionalKind::Gtt | ConditionalKind::Smart => "",
        }
    }

    fn may_be_in(&self, leg: &Leg) -> bool {
        self.symbols.is_empty() || self.symbols.iter().any(|symbol| leg.is_in(symbol))
    }

    /// As `+75 NSE:SBIN-EQ (a GTT order that waits)`.
    pub(super) fn told(&self) -> String {
        let kind = self.kind.words();
        // FYERS has told no id: its answer was lost.
        let waits = if self.id.is_empty() { "may wait" } else { "waits" };
        if self.symbols.is_empty() {
            return format!("{kind} that {waits}, in a symbol that is not known");
        }
        let quantity = self.quantity.map(|quantity| format!("{quantity:+} ")).unwrap_or_default();
        format!("{quantity}{} ({kind} that {waits})", self.symbols.join(" and "))
    }
}

/// Learns a step; those whose day is over go. Gives back what had to make room.
pub fn learn(orders: &mut Vec<Conditional>, step: Step, today: NaiveDate) -> Option<Conditional> {
    orders.retain(|order| !order.is_over(today));
    match step {
        Step::Over { id, is_gtt } => {
            orders.retain(|order| order.id != id || is_gtt != (order.kind == ConditionalKind::Gtt));
            None
        }
        Step::Waits(order) => {
            orders.push(order);
            (orders.len() > MOST).then(|| orders.remove(0))
        }
    }
}

/// Forgets what [`may_wait`] gave: its answer is known now.
pub fn forget(orders: &mut Vec<Conditional>, order: &Conditional) {
    if let Some(place) = orders.iter().position(|one| one == order) {
        orders.remove(place);
    }
}

/// Why an order in this symbol must not be simulated because of one of these.
pub fn may_have_executed(orders: &[Conditional], leg: &Leg) -> Option<String> {
    let order = orders.iter().find(|order| order.may_be_in(leg))?;
    let whose = match order.symbols.is_empty() {
        true => "yours, in a symbol that is not known,".to_owned(),
        false => format!("yours for {}", order.symbols.join(" and ")),
    };
    let (kind, heals) = (order.kind.words(), order.heals());
    Some(format!("{kind} of {whose} may have executed at FYERS: look in the FYERS app{heals}"))
}

#[cfg(test)]
mod tests;
