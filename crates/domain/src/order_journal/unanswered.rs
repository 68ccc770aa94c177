//! Orders whose answer never came, as entries of the order journal: a person finds each of them in the list.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    asked::Asked,
    event::{Event, UnreadBook},
    mode::Mode,
    order_journal::{OrderEntry, OrderIntent},
    routing::{
        Venue,
        request::{Leg, Reserved},
    },
};

/// An order that the book does not show may still arrive for so long, while FYERS is slow: until then it counts as sent,
/// for a halt and for what is protected.
pub(super) const MAY_ARRIVE: TimeDelta = TimeDelta::minutes(2);

/// Which order it is, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// Its intent.
    pub intent: i64,
    /// Its place among the orders of that intent.
    pub place: usize,
    /// Its product: an exit of another product is another exit.
    pub product: String,
    /// What the order book said.
    pub known: LookedUp,
    /// When it left, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<DateTime<Utc>>,
    /// A person has heard of it although no book could be read for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_told: bool,
    /// The ids of rows that may be it or somebody else's, and have been told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
}

/// What the order book said. In the order of what is worth telling: one that was looked for again may be told anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookedUp {
    /// Nothing yet.
    LookedFor,
    /// It is not there.
    NotFound,
    /// FYERS has refused it with the token, and so has done nothing; nobody has looked yet, or it is not there.
    TokenRefused,
    /// The book cannot tell.
    LookYourself,
    /// FYERS has it.
    Found,
}

impl Unanswered {
    /// What only an entry of this very order has in its JSON. A store looks for it as text: a damaged entry beside it must
    /// not stop a commit, and in what a bot writes the quotes are escaped.
    pub fn mark(&self) -> String {
        format!(r#""unanswered":{{"intent":{},"place":{},"#, self.intent, self.place)
    }

    /// Whether a person has heard of it, by a search or before one.
    pub(super) fn is_told(&self) -> bool {
        self.is_told || self.known != LookedUp::LookedFor
    }
}

/// What is listed of one that FYERS refused with the token, once its book was read.
pub(super) const REFUSED_AND_NOT_THERE: &str = "refused by FYERS with the token, and not in its order book";

impl LookedUp {
    fn words(self) -> &'static str {
        match self {
            Self::LookedFor => "unknown: the answer was lost; the keeper looks for the order",
            Self::Found => "found in FYERS' order book after its answer was lost",
            Self::NotFound => "unknown: not in FYERS' order book; look in the FYERS app",
            Self::TokenRefused => {
                "refused by FYERS with the token; looked for in the order book once a token works"
            }
            Self::LookYourself => "unknown: look in the FYERS app",
        }
    }
}

impl OrderEntry {
    /// The same with an answer that never came.
    #[must_use]
    pub fn without_answer(self, intent: &OrderIntent, place: usize, sent: Option<DateTime<Utc>>) -> Self {
        let known = LookedUp::LookedFor;
        let product = product(intent.legs.get(place));
        let of = Unanswered { product, sent, ..intent.unanswered((place, None), known) };
        let unanswered = Some(of);
        // An id or a code that proves nothing is nobody's.
        let (id, code) = (None, self.code.max(0));
        Self { unanswered, id, code, message: known.words().to_owned(), ..self }
    }

    /// Whether it was written down for this intent, which has no outcome yet.
    pub fn is_of(&self, intent: &OrderIntent) -> bool {
        self.unanswered.as_ref().is_some_and(|lost| lost.intent == intent.id)
    }

    /// Whether FYERS has refused it with the token.
    pub fn is_refused_with_the_token(&self) -> bool {
        self.unanswered.as_ref().is_some_and(|lost| lost.known == LookedUp::TokenRefused)
    }

    /// Whether nobody here knows what became of it.
    pub fn is_unknown(&self) -> bool {
        self.unanswered.as_ref().is_some_and(|lost| lost.known != LookedUp::Found)
    }

    /// What a search has found out takes the place of what was written down when the answer did not come, if that was.
    pub fn settles(&self) -> Option<&Unanswered> {
        self.unanswered.as_ref().filter(|lost| lost.is_told())
    }

    /// Of an order that may have reached FYERS without an answer: its intent, until when it counts as sent, and what it may
    /// do. It counts longer where the books were not read (`read_at`) since it could arrive.
    pub fn may_arrive(
        &self,
        now: DateTime<Utc>,
        read_at: Option<DateTime<Utc>>,
    ) -> Option<(i64, DateTime<Utc>, Reserved)> {
        let lost = self.unanswered.as_ref().filter(|lost| lost.known != LookedUp::Found)?;
        let lost = Some(lost).filter(|_| self.what == "place")?;
        let until = self.at + MAY_ARRIVE;
        let leg = Leg { product: lost.product.clone(), ..self.leg()? };
        let counts = now < until || read_at.is_none_or(|read_at| read_at < until);
        counts.then_some((lost.intent, until, Reserved { legs: vec![leg], is_opaque: false }))
    }
}

impl OrderIntent {
    /// Until when it counts as sent although the book does not show it.
    pub fn may_arrive_until(&self) -> DateTime<Utc> {
        self.at + MAY_ARRIVE
    }

    /// One of its orders, as far as it is known; `None`: what is no order.
    pub(super) fn entry(
        &self,
        leg: Option<&Leg>,
        (unanswered, id): (Unanswered, Option<&str>),
        now: DateTime<Utc>,
    ) -> OrderEntry {
        let known = unanswered.known;
        let same_day = fyers_api::ist::date(self.at) == fyers_api::ist::date(now);
        let sent = unanswered.sent.or_else(|| (!same_day).then_some(self.at));
        let unanswered = Unanswered { sent, ..unanswered };
        let status = if known == LookedUp::Found { 200 } else { 0 };
        OrderEntry {
            // Lists go by days, from the newest entry on.
            at: if same_day { self.at } else { now },
            bot: self.bot.clone(),
            mode: Mode::Live,
            venue: Venue::Fyers,
            what: self.what.clone(),
            symbol: leg.map(|leg| leg.symbol.clone()),
            quantity: leg.map(|leg| leg.quantity),
            price: leg.map(|leg| leg.price),
            tag: leg.and_then(|leg| leg.tag.clone()),
            id: id.map(str::to_owned),
            status,
            code: 0,
            message: known.words().to_owned(),
            unanswered: Some(unanswered),
            rejected: None,
            by_time: self.orders_by_time(leg),
        }
    }

    /// Its orders, an entry each, when FYERS has refused them with the token. Of what is no order a book shows nothing.
    pub fn token_refused_entries(&self, sent: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<OrderEntry> {
        let entry = |(place, leg)| {
            let known = self.unanswered((place, Some(leg)), LookedUp::TokenRefused);
            self.entry(Some(leg), (Unanswered { sent, ..known }, None), now)
        };
        self.legs.iter().enumerate().filter(|_| self.is_order()).map(entry).collect()
    }

    /// What a person hears and finds of it when FYERS has refused it with a dead token and it was not simulated either. Its
    /// orders are listed already ([`Self::token_refused_entries`]).
    pub fn left_open(&self, now: DateTime<Utc>) -> (Vec<OrderEntry>, Event) {
        let (symbol, quantity) = self.subject();
        let event = Event::OrderOutcomeUnknown {
            bot: self.bot.clone(),
            asked: Asked::of(self, (0, 0)),
            symbol,
            quantity,
            found: None,
            searched: false,
            orders: vec![],
            rows: vec![],
            token_refused: true,
            is_by_time: false,
            unread: Some(UnreadBook::Yet),
        };
        let unanswered = self.unanswered((0, None), LookedUp::LookYourself);
        let entry = (!self.is_order()).then(|| self.entry(None, (unanswered, None), now));
        (entry.into_iter().collect(), event)
    }

    /// What is known of one of its orders.
    pub(super) fn unanswered(&self, (place, leg): (usize, Option<&Leg>), known: LookedUp) -> Unanswered {
        let (sent, is_told, rows) = (None, false, vec![]);
        Unanswered { intent: self.id, place, product: product(leg), known, sent, is_told, rows }
    }

    /// Its orders while nothing is known of them, an entry each; one for what is no order.
    pub fn unknown_entries(&self, now: DateTime<Utc>) -> Vec<OrderEntry> {
        let entry =
            |place, leg| self.entry(leg, (self.unanswered((place, leg), LookedUp::LookedFor), None), now);
        match self.legs[..] {
            [] => vec![entry(0, None)],
            _ => self.legs.iter().enumerate().map(|(place, leg)| entry(place, Some(leg))).collect(),
        }
    }
}

fn product(leg: Option<&Leg>) -> String {
    leg.map(|leg| leg.product.clone()).unwrap_or_default()
}
