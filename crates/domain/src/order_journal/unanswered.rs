//! Orders whose answer never came, as entries of the order journal: a person finds each of them in the list.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    mode::Mode,
    order_journal::{OrderEntry, OrderIntent, Search},
    routing::{
        Venue,
        live_positions::BookRow,
        request::{Leg, Reserved},
    },
};

/// An order that the book does not show may still arrive for so long, while FYERS is slow: until then it counts as sent,
/// for a halt and for what is protected.
const MAY_ARRIVE: TimeDelta = TimeDelta::minutes(2);

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
}

/// What the order book said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookedUp {
    /// Nothing yet.
    LookedFor,
    /// FYERS has it.
    Found,
    /// It is not there.
    NotFound,
    /// The book cannot tell.
    LookYourself,
}

impl Unanswered {
    /// What only an entry of this very order has in its JSON. A store looks for it as text: a damaged entry beside it must
    /// not stop a commit, and in what a bot writes the quotes are escaped.
    pub fn mark(&self) -> String {
        format!(r#""unanswered":{{"intent":{},"place":{},"#, self.intent, self.place)
    }
}

impl LookedUp {
    fn words(self) -> &'static str {
        match self {
            Self::LookedFor => "unknown: the answer was lost; the keeper looks for the order",
            Self::Found => "found in FYERS' order book after its answer was lost",
            Self::NotFound => "unknown: not in FYERS' order book; look in the FYERS app",
            Self::LookYourself => "unknown: look in the FYERS app",
        }
    }
}

impl OrderEntry {
    /// The same with an answer that never came.
    #[must_use]
    pub fn without_answer(self, intent: &OrderIntent, place: usize) -> Self {
        let known = LookedUp::LookedFor;
        let product = product(intent.legs.get(place));
        let unanswered = Some(Unanswered { intent: intent.id, place, product, known });
        Self { unanswered, message: known.words().to_owned(), ..self }
    }

    /// Whether it was written down for this intent, which has no outcome yet.
    pub fn is_of(&self, intent: &OrderIntent) -> bool {
        self.unanswered.as_ref().is_some_and(|lost| lost.intent == intent.id)
    }

    /// Whether nobody here knows what became of it.
    pub fn is_unknown(&self) -> bool {
        self.unanswered.as_ref().is_some_and(|lost| lost.known != LookedUp::Found)
    }

    /// What a search has found out takes the place of what was written down when the answer did not come, if that was.
    pub fn settles(&self) -> Option<&Unanswered> {
        self.unanswered.as_ref().filter(|lost| lost.known != LookedUp::LookedFor)
    }

    /// Of an order that was told as not found: its intent, until when it counts as sent all the same, and what it may do.
    pub fn may_arrive(&self, now: DateTime<Utc>) -> Option<(i64, DateTime<Utc>, Reserved)> {
        let lost =
            self.unanswered.as_ref().filter(|lost| lost.known != LookedUp::Found && self.what == "place")?;
        let until = self.at + MAY_ARRIVE;
        let leg = Leg { product: lost.product.clone(), ..self.leg()? };
        (now < until).then_some((lost.intent, until, Reserved { legs: vec![leg], is_opaque: false }))
    }
}

impl OrderIntent {
    /// Until when it counts as sent although the book does not show it.
    pub fn may_arrive_until(&self) -> DateTime<Utc> {
        self.at + MAY_ARRIVE
    }

    /// Its orders as this search leaves them, an entry each; one for what is no order. `own` are the rows that are its own.
    pub fn entries(&self, search: &Search, own: &[BookRow], now: DateTime<Utc>) -> Vec<OrderEntry> {
        let entry = |place: usize, leg: Option<&Leg>, known: LookedUp, id: Option<String>| {
            let same_day = fyers_api::ist::date(self.at) == fyers_api::ist::date(now);
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
                id,
                status,
                code: 0,
                message: known.words().to_owned(),
                unanswered: Some(Unanswered { intent: self.id, place, product: product(leg), known }),
            }
        };
        if self.legs.is_empty() {
            return vec![entry(0, None, LookedUp::LookYourself, None)];
        }
        let ids = match search {
            Search::LookYourself => vec![None; self.legs.len()],
            Search::Found { .. } | Search::NotFound => self.ids_in(own),
        };
        let known = |id: &Option<String>| match (search, id) {
            (Search::LookYourself, _) => LookedUp::LookYourself,
            (_, Some(_)) => LookedUp::Found,
            (_, None) => LookedUp::NotFound,
        };
        let legs = self.legs.iter().zip(ids).enumerate();
        legs.map(|(place, (leg, id))| entry(place, Some(leg), known(&id), id)).collect()
    }
}

fn product(leg: Option<&Leg>) -> String {
    leg.map(|leg| leg.product.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::{keys::BotName, order_journal::look_up};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_420_000, 0).unwrap()
    }

    fn leg(symbol: &str) -> Leg {
        Leg { symbol: symbol.into(), product: "INTRADAY".into(), quantity: 5, price: Decimal::ONE, tag: None }
    }

    fn intent(what: &str, legs: Vec<Leg>) -> OrderIntent {
        let (path, body, bot) = ("/orders/sync".into(), String::new(), Some(BotName::owner()));
        OrderIntent { id: 7, at: now(), bot, epoch: 0, what: what.into(), path, body, legs }
    }

    fn book(symbol: &str) -> Vec<BookRow> {
        let (filled, average) = (0, Decimal::ZERO);
        vec![BookRow {
            id: "26".into(),
            leg: leg(symbol),
            whole: 5,
            waits: true,
            filled,
            average,
            at: Some(now()),
        }]
    }

    fn told(intent: &OrderIntent, book: &[BookRow], at: DateTime<Utc>) -> Vec<OrderEntry> {
        let (search, own) = look_up(std::slice::from_ref(intent), book, |_| false, at).remove(0);
        intent.entries(&search, &own, at)
    }

    #[test]
    fn each_order_of_a_basket_has_its_entry() {
        let rows = told(&intent("place", vec![leg("A"), leg("B")]), &book("B"), now());
        let known = |row: &OrderEntry| {
            let lost = row.unanswered.as_ref().unwrap();
            (lost.place, lost.known)
        };
        assert_eq!([known(&rows[0]), known(&rows[1])], [(0, LookedUp::NotFound), (1, LookedUp::Found)]);
        assert_eq!((rows[0].id.as_deref(), rows[1].id.as_deref()), (None, Some("26")));
        let has = |row: &OrderEntry, other: &OrderEntry| {
            serde_json::to_string(row).unwrap().contains(&other.unanswered.as_ref().unwrap().mark())
        };
        assert!(has(&rows[0], &rows[0]) && !has(&rows[0], &rows[1]));
        let said = OrderEntry { message: rows[1].unanswered.as_ref().unwrap().mark(), ..rows[0].clone() };
        assert!(!has(&said, &rows[1]), "words of a bot are none");
        assert!(rows.iter().all(|row| row.venue == Venue::Fyers && row.bot == Some(BotName::owner())));
        assert!(rows[0].is_unknown() && rows[0].taken_by_fyers().is_none());
        assert!(!rows[1].is_unknown() && rows[1].taken_by_fyers().is_some());
    }

    #[test]
    fn what_the_book_cannot_tell_is_listed_too() {
        for rows in [
            told(&intent("exit", vec![]), &book("A"), now()),
            told(&intent("place", vec![leg("A")]), &book("A"), now() + TimeDelta::days(1)),
        ] {
            assert_eq!(rows.len(), 1);
            assert!(rows[0].is_unknown() && rows[0].message.contains("look in the FYERS app"), "{rows:?}");
        }
    }

    #[test]
    fn what_was_not_found_counts_as_sent_for_two_minutes_after_it_was_sent() {
        let rows = told(&intent("place", vec![leg("A")]), &[], now() + TimeDelta::seconds(30));
        let counts = |seconds| rows[0].may_arrive(now() + TimeDelta::seconds(seconds));
        let (number, until, reserved) = counts(119).unwrap();
        assert_eq!((number, until), (7, now() + MAY_ARRIVE));
        assert_eq!((&reserved.legs[0], reserved.is_opaque), (&leg("A"), false));
        assert!(counts(120).is_none());
        let found = told(&intent("place", vec![leg("A")]), &book("A"), now());
        assert!(found[0].may_arrive(now()).is_none());
    }
}
