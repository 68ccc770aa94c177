//! What is known of the positions and waiting orders at FYERS, and how well it is known.
//!
//! "Could not be read" is never "there are none": an answer that cannot be read leaves what was known as it was, and
//! a row that cannot be read makes its symbol one in which nothing is simulated.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::{
    http::ApiResponse,
    model::{Position, Product},
    number::{decimal, whole},
    response::{self, Body, Parsed},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    conditional::Conditional,
    request::{Leg, Reserved},
    sums::{Key, Sums, unseen_fills},
};

/// How often positions and orders are read while Live with something open: two calls, 4 a minute of the 200 that
/// FYERS allows.
pub const LOOK_WHILE_OPEN: TimeDelta = TimeDelta::seconds(30);
/// How often while Live with nothing open: a position may be opened in the FYERS app.
pub const LOOK_WHILE_FLAT: TimeDelta = TimeDelta::seconds(60);
/// Knowledge older than this is stale.
const STALE_AFTER: TimeDelta = TimeDelta::seconds(180);
/// Order statuses that are final: cancelled, traded, rejected, expired.
const FINAL: [i64; 4] = [1, TRADED, 5, 7];
const TRADED: i64 = 2;

/// How well positions are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The keeper has never been Live: it has sent nothing to FYERS.
    Never,
    /// It has been Live and could not read them yet, or could not for some time.
    Unknown,
    /// Read a short while ago.
    Known,
    /// Read some time ago; they may have changed.
    Stale,
}

/// Positions and waiting orders at FYERS as last read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LivePositions {
    /// Rows that were understood; `net` zero was closed today.
    pub positions: Vec<Position>,
    /// Symbols with a position row that was not understood.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// What waits in the order book, each by its remaining quantity.
    #[serde(default)]
    pub waiting: Vec<Leg>,
    /// The ids of these orders, in the same order; missing in what was written before there was this field.
    #[serde(default)]
    pub waiting_ids: Vec<String>,
    /// Whether the keeper has been Live.
    #[serde(default)]
    pub was_live: bool,
    /// When they were last read whole.
    #[serde(default)]
    pub read_at: Option<DateTime<Utc>>,
    /// Since when they could not be read, again and again: what came after `read_at` is not known.
    #[serde(default)]
    pub unread_since: Option<DateTime<Utc>>,
    /// Nobody has heard of that yet.
    #[serde(default)]
    pub is_untold: bool,
    /// The newest request that traded when they were read; `None` in what was written before there was this field.
    #[serde(default)]
    pub newest_sent: Option<i64>,
    /// Requests up to that one, by their intents, whose effect this reading may not show.
    #[serde(default)]
    pub not_shown: Vec<i64>,
    /// Where the order book and these positions agreed last, with what both said (`shown_fills`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreed: Vec<(Key, Sums)>,
    /// Where the first reading has not told what is of today, so that both may agree by chance (`shown_fills`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<Key>,
    /// Where the order book has filled more than these positions show, by how much, signed (`shown_fills`): so much more may be
    /// open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradicted: Vec<(Key, i64)>,
    /// Rows of the order book that have filled something: a reading of another life may leave them out (`known_rows`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filled: Vec<BookRow>,
    /// Orders that were sent and that no reading shows yet, in words, for people; it is not written down.
    #[serde(skip)]
    pub sent: Vec<String>,
    /// GTT and smart orders that wait at FYERS; they have a note of their own.
    #[serde(skip)]
    pub conditional: Vec<Conditional>,
}

impl LivePositions {
    /// There may be some, and nothing is known of them.
    pub fn not_known() -> Self {
        Self { was_live: true, ..Self::default() }
    }

    /// What a keeper begins with that has no memory at all. A token beside it (`FYERS_ACCESS_TOKEN`) is one of a keeper that
    /// has traded, or of a person who has: the memory was lost. Without one this is a first start.
    pub fn without_memory(has_token: bool, sandbox: bool) -> Option<Self> {
        (has_token && !sandbox).then(Self::not_known)
    }

    /// How well they are known now.
    pub fn known(&self, now: DateTime<Utc>) -> Known {
        match self.read_at {
            None if self.was_live => Known::Unknown,
            None => Known::Never,
            Some(_) if self.unread_since.is_some() => Known::Unknown,
            Some(at) if now - at > STALE_AFTER => Known::Stale,
            Some(_) => Known::Known,
        }
    }

    /// Whether anything is open, or may be by now.
    pub fn is_open(&self) -> bool {
        let open = self.positions.iter().any(|position| position.net != 0);
        let is_doubtful = !self.unknown.is_empty() || !self.contradicted.is_empty();
        open || is_doubtful || !self.conditional.is_empty() || self.are_not_known()
    }

    /// Whether there may be some of which nothing at all is known.
    pub fn are_not_known(&self) -> bool {
        self.was_live && (self.read_at.is_none() || self.unread_since.is_some())
    }

    /// The same with what was sent since, for people.
    #[must_use]
    pub fn with_sent(&self, sent: &Reserved) -> Self {
        let legs = sent.legs.iter().filter_map(Leg::told);
        let legs = legs.map(|leg| format!("{leg} (sent, not read yet)"));
        let opaque = sent.is_opaque.then(|| "what the last request has done is not known".to_owned());
        Self { sent: legs.chain(opaque).collect(), ..self.clone() }
    }

    /// What simulating this order would put at risk, in words: `None` when nothing is. `sent` are orders at FYERS that
    /// may fill, or may have filled since the last reading.
    pub fn protects<'a>(&self, leg: &Leg, sent: impl IntoIterator<Item = &'a Leg>) -> Option<String> {
        if let Some(symbol) = self.unknown.iter().find(|symbol| leg.is_in(symbol)) {
            return Some(format!("you have a position in {symbol} that the keeper could not read"));
        }
        let in_it = |position: &&Position| is_about(leg, &position.symbol, Some(position.product));
        let opposite = |net: i64| net != 0 && net.signum() == -leg.quantity.signum();
        if let Some(open) = self.positions.iter().filter(in_it).find(|position| opposite(position.net)) {
            return Some(format!("it would reduce your live position of {} {}", open.net, open.symbol));
        }
        let against = |one: &&Leg| opposite(one.quantity) && is_about(leg, &one.symbol, one.known_product());
        let net: i64 = self.positions.iter().filter(in_it).map(|position| position.net).sum();
        // The farthest that the position can have moved against this order.
        let farthest =
            |net: i64, by: &[&Leg]| by.iter().fold(net, |net, one| net.saturating_add(one.quantity));
        let sent: Vec<&Leg> = sent.into_iter().filter(against).collect();
        let by_sent = farthest(net, &sent);
        if let Some(first) = sent.first().filter(|_| opposite(by_sent)) {
            // It may be another bot's.
            return Some(format!("an order in {} at FYERS may have filled", first.symbol));
        }
        let unseen = unseen_fills(&self.contradicted);
        let unseen: Vec<&Leg> = unseen.iter().filter(against).collect();
        let first = unseen.first().filter(|_| opposite(farthest(by_sent, &unseen)))?;
        Some(format!("FYERS' order book shows fills in {} that its positions do not", first.symbol))
    }

    /// Whether two readings say the same, whenever they were made.
    pub fn same_as(&self, other: &Self) -> bool {
        Self { read_at: None, ..self.clone() } == Self { read_at: None, ..other.clone() }
            && self.read_at.is_some() == other.read_at.is_some()
    }
}

/// Whether the order is in this symbol and product. A product the keeper does not know may be this one under another
/// name.
fn is_about(leg: &Leg, symbol: &str, product: Option<Product>) -> bool {
    let known = product.filter(|product| !matches!(product, Product::Co | Product::Bo | Product::Other));
    let own = leg.known_product();
    leg.is_in(symbol) && (known.is_none() || own.is_none() || own == known)
}

/// The rows of a positions answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PositionRows {
    /// Rows that were understood.
    pub positions: Vec<Position>,
    /// Symbols of the others.
    pub unknown: Vec<String>,
}

/// Reads a positions answer strictly (docs/fyers-api.md, "Positions"). `None` when it is no good answer, or when a
/// row does not even tell its symbol: then nothing is known.
pub fn read_positions(answer: &ApiResponse) -> Option<Parsed<PositionRows>> {
    let book = response::positions(answer.status, &answer.body).ok()?;
    let unknown = book.unknown.into_iter().map(|row| row.symbol).collect::<Option<_>>()?;
    Some(Parsed { value: PositionRows { positions: book.rows, unknown }, drift: book.drift })
}

/// One row of the order book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookRow {
    /// The broker's id.
    pub id: String,
    /// What is left of it, or all of it when it is over.
    pub leg: Leg,
    /// The whole quantity, signed.
    pub whole: i64,
    /// Whether it can still fill.
    pub waits: bool,
    /// What has filled, signed.
    pub filled: i64,
    /// At what price on average, in INR.
    pub average: Decimal,
    /// Its stop in INR; zero for none.
    pub stop: Decimal,
    /// Whether FYERS says that it is over and has filled nothing.
    pub is_unfilled: bool,
    /// When FYERS took it, when that can be read.
    pub at: Option<DateTime<Utc>>,
}

/// Reads an order book (docs/fyers-api.md, "Order book"). `None` when it is no good answer, or when a row that may
/// still fill cannot be understood.
pub fn read_orders(answer: &ApiResponse) -> Option<Parsed<Vec<BookRow>>> {
    let body = Body::read_strictly(answer.status, &answer.body).ok()?;
    let (mut rows, mut odd) = (vec![], Odd::new());
    for row in body.get("orderBook")?.as_array()? {
        let over = whole(&row["status"]).is_some_and(|status| FINAL.contains(&status));
        match book_row(row, over, &mut odd) {
            Some(row) => rows.push(row),
            // It can do nothing any more.
            None if over => drop(odd.insert("")),
            None => return None,
        }
    }
    let place = |field| format!("orderBook[].{field}").trim_end_matches('.').to_owned();
    Some(Parsed { value: rows, drift: odd.into_iter().map(place).collect() })
}

/// Fields that are not as documented and that no row needs; empty for a whole row.
type Odd = BTreeSet<&'static str>;

/// What FYERS always sends and no row needs.
fn optional<T: Default>(odd: &mut Odd, field: &'static str, value: Option<T>) -> T {
    value.unwrap_or_else(|| {
        odd.insert(field);
        T::default()
    })
}

fn book_row(row: &Value, over: bool, odd: &mut Odd) -> Option<BookRow> {
    let side = whole(&row["side"]).filter(|side| side.abs() == 1)?;
    let quantity = whole(&row["qty"])?;
    let left = optional(odd, "remainingQuantity", whole(&row["remainingQuantity"]));
    let left = Some(left).filter(|left| *left > 0 && !over).unwrap_or(quantity);
    let tag = row["orderTag"].as_str().and_then(user_tag);
    let id = row["id"].as_str()?.to_owned();
    let leg = Leg {
        symbol: row["symbol"].as_str().filter(|symbol| !symbol.trim().is_empty())?.to_owned(),
        product: row["productType"].as_str()?.to_owned(),
        quantity: left.checked_mul(side)?,
        price: optional(odd, "limitPrice", decimal(&row["limitPrice"])),
        tag,
    };
    let at = optional(odd, "orderDateTime", row["orderDateTime"].as_str().and_then(order_time).map(Some));
    let filled = optional(odd, "filledQty", whole(&row["filledQty"])).checked_mul(side)?;
    let average = optional(odd, "tradedPrice", decimal(&row["tradedPrice"]));
    let is_cut_off = whole(&row["status"]).is_some_and(|status| over && status != TRADED);
    let is_unfilled = is_cut_off && whole(&row["filledQty"]) == Some(0);
    let stop = optional(odd, "stopPrice", decimal(&row["stopPrice"]));
    let whole = quantity.checked_mul(side)?;
    Some(BookRow { id, leg, whole, waits: !over, filled, average, stop, is_unfilled, at })
}

/// The bot's own mark. FYERS writes `2:…` where there is none.
pub(crate) fn user_tag(tag: &str) -> Option<String> {
    let (whose, own) = tag.split_once(':').unwrap_or(("1", tag));
    Some(own.to_owned()).filter(|own| whose != "2" && !own.is_empty())
}

/// As `24-Nov-2026 11:00:05`, IST.
fn order_time(text: &str) -> Option<DateTime<Utc>> {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%d-%b-%Y %H:%M:%S").ok()?;
    Some(fyers_api::ist::instant(local.date(), local.time()))
}

#[cfg(test)]
mod tests;
