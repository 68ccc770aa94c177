//! The order journal: every order a bot sent, where it went, and what came back. No token, no body.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::mode::Mode;
use crate::routing::Venue;
use fyers_api::{error::ApiError, operation::Operation};
use mock_exchange::{NewOrder, Reply, exchange::Attempt};

/// One order and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// When the keeper answered.
    pub at: DateTime<Utc>,
    /// The mode it was handled in.
    pub mode: Mode,
    /// The house that answered.
    pub venue: Venue,
    /// What was asked: `place`, `modify`, `cancel`, `exit`, `convert` or `other`.
    pub what: String,
    /// As `NSE:SBIN-EQ`, when the request names one.
    pub symbol: Option<String>,
    /// Signed: negative sells.
    pub quantity: Option<i64>,
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
}

/// Longest message kept.
const WORDS: usize = 200;

impl OrderEntry {
    /// A simulated one.
    pub fn simulated(operation: Operation, tried: &Attempt, mode: Mode, at: DateTime<Utc>) -> Self {
        let (status, code, message, id) = match &tried.outcome {
            Ok(Reply { code, message, id }) => (200, *code, message, id),
            Err(ApiError { status, code, message, id }) => (*status, *code, message, id),
        };
        Self::new(
            (operation, mode, Venue::Mock),
            tried.order.as_ref(),
            (status, code, message, id.clone()),
            at,
        )
    }

    /// One from its parts: where, what, and the answer.
    pub fn new(
        (operation, mode, venue): (Operation, Mode, Venue),
        order: Option<&NewOrder>,
        (status, code, message, id): (u16, i64, &str, Option<String>),
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            at,
            mode,
            venue,
            what: word(operation).to_owned(),
            symbol: order.map(|order| order.request.symbol.clone()),
            quantity: order.map(|order| order.request.signed_quantity()),
            tag: order.and_then(|order| order.request.tag.clone()),
            id,
            status,
            code,
            message: crate::alerts::words::excerpt(message, WORDS),
        }
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
