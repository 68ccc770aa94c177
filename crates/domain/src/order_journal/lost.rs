//! Orders whose answer never came, from then on until it is known what became of them. The keeper never sends them again.

mod telling;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::ist;

use crate::{
    event::Event,
    order_journal::{
        BrokerClock, LookedUp, OrderEntry, OrderIntent, Search, Unanswered,
        look_up::{Sighting, Sought, Stood, look_up},
    },
    routing::{
        live_positions::BookRow,
        request::{Leg, Reserved},
    },
};

/// An order that was sent this long before a reading began and is not in the book is told as not found.
const LATE: TimeDelta = TimeDelta::seconds(3);
/// So many readings wait for the answer to an equal order.
const MOST_WAITS: u32 = 20;
/// So long its row may be taken for that of an equal order, so it is looked up together with those.
const MAY_BE_MISTAKEN: TimeDelta = TimeDelta::minutes(10);

/// A reading of FYERS' order book.
pub struct SeenBook<'a> {
    /// Its rows.
    pub book: &'a [BookRow],
    /// When it began.
    pub began: DateTime<Utc>,
    /// Tells the ids that already are somebody's.
    pub is_known: &'a dyn Fn(&str) -> bool,
    /// Orders that are waiting for their answers.
    pub on_the_way: &'a [Reserved],
    /// The newest intent that was made before the reading came.
    pub newest: i64,
    /// How far FYERS' clock is ahead.
    pub clock: BrokerClock,
    /// A bot has asked for it: when it began is not known, so what it does not show is no news.
    pub is_a_bots: bool,
}

/// What is to be told and written down of one intent.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The intent.
    pub id: i64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What the book says of it.
    pub search: Search,
    /// Its orders.
    pub entries: Vec<OrderEntry>,
    /// What a person hears.
    pub events: Vec<Event>,
    /// What may still arrive, and until when it counts as sent; `None` when nothing may.
    pub may_arrive: Option<(Reserved, DateTime<Utc>)>,
}

/// One order of an intent.
#[derive(Debug, Clone)]
struct LostOrder {
    place: usize,
    leg: Leg,
    known: LookedUp,
    id: Option<String>,
    /// Rows of the book that may be it or somebody else's, and have been told.
    rows: Vec<String>,
    /// It was found by its time, and another row that came later may be it as well.
    is_doubted: bool,
}

#[derive(Debug, Clone)]
struct LostIntent {
    intent: OrderIntent,
    /// When it left, as far as that is known.
    sent: Option<DateTime<Utc>>,
    orders: Vec<LostOrder>,
    /// FYERS has refused it with the token.
    is_refused: bool,
    /// A person has heard of it, or there is nothing to hear.
    is_told: bool,
    /// A reading has begun after it could arrive: the book is not read for it any more, but a row that comes later is told.
    is_over: bool,
    /// Readings that have waited for the answer to an equal order.
    waits: u32,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct LostOrders {
    all: Vec<LostIntent>,
    stood: Stood,
}

impl LostOrders {
    /// What the store knows at a start: intents without an outcome, and those of this day of which not everything was
    /// found. Whether FYERS was asked about these since is not known, so they are looked for once more at least.
    pub fn recall(open: Vec<OrderIntent>, entries: &[OrderEntry], day: NaiveDate) -> Self {
        let is_open = |id: i64| open.iter().any(|intent| intent.id == id);
        let mut told: Vec<LostIntent> = vec![];
        for entry in entries.iter().filter(|entry| entry.what == "place" && ist::date(entry.at) == day) {
            if recalled(entry).is_some_and(|(id, _)| !is_open(id)) {
                LostIntent::recall(&mut told, entry);
            }
        }
        told.iter_mut().for_each(LostIntent::in_order);
        let open = open.into_iter().map(|intent| LostIntent::new(intent, entries));
        Self { all: open.chain(told).collect(), stood: Stood::default() }
    }

    /// One more, with the rows that were written down of it.
    pub fn add(&mut self, intent: OrderIntent, rows: &[OrderEntry]) {
        // A new life has read it from the store already.
        if !self.all.iter().any(|known| known.intent.id == intent.id) {
            self.all.push(LostIntent::new(intent, rows));
        }
    }

    /// Orders that FYERS has refused with the token, with what was written down of them. Nothing is told of them and they
    /// count as not sent, unless a book shows one.
    pub fn add_refused(&mut self, rows: &[OrderEntry]) {
        let mut refused = vec![];
        rows.iter().for_each(|row| LostIntent::recall(&mut refused, row));
        refused.iter_mut().for_each(LostIntent::in_order);
        let is_new = |lost: &LostIntent| !self.all.iter().any(|known| known.intent.id == lost.intent.id);
        refused.retain(is_new);
        self.all.extend(refused);
    }

    /// Whether the book is to be read for them.
    pub fn are_looked_for(&self) -> bool {
        self.all.iter().any(|lost| !lost.is_over)
    }

    /// Whether a book could still show one of them.
    pub fn are_missed(&self) -> bool {
        self.all.iter().any(|lost| lost.intent.is_order() && !lost.is_certain())
    }

    /// Those of which nobody has heard yet.
    pub fn untold(&self) -> impl Iterator<Item = &OrderIntent> {
        self.all.iter().filter(|lost| !lost.is_told).map(|lost| &lost.intent)
    }

    /// What this reading says, as far as it is news.
    pub fn settle(&mut self, reading: &SeenBook<'_>, now: DateTime<Utc>) -> Vec<Verdict> {
        self.stood.saw(reading.book, reading.newest, ist::date(now));
        let seen = self.sightings(reading, now);
        let mut verdicts = vec![];
        for (lost, seen) in self.all.iter_mut().zip(seen) {
            verdicts.extend(lost.learn(seen, reading, now));
        }
        self.all.retain(|lost| lost.matters(reading.began));
        verdicts
    }

    /// What the book says of each order.
    fn sightings(&self, reading: &SeenBook<'_>, now: DateTime<Utc>) -> Vec<Vec<Sighting>> {
        let seen = self.all.iter().filter(|lost| lost.intent.can_be_seen(now));
        let sought: Vec<Sought<'_>> = seen.flat_map(|lost| lost.sought(&self.stood, reading.clock)).collect();
        let mut seen = look_up(&sought, reading.book, reading.is_known).into_iter();
        let mut of = |lost: &LostIntent| match lost.intent.can_be_seen(now) {
            true => seen.by_ref().take(lost.orders.len()).collect(),
            false => vec![Sighting::CannotTell; lost.orders.len()],
        };
        self.all.iter().map(&mut of).collect()
    }
}

/// One order of an intent that was told, from its row.
fn recalled(entry: &OrderEntry) -> Option<(i64, LostOrder)> {
    let lost = entry.unanswered.as_ref().filter(|lost| lost.known != LookedUp::LookedFor)?;
    let leg = Leg { product: lost.product.clone(), ..entry.leg()? };
    let (id, rows) = (entry.id.clone(), lost.rows.clone());
    let is_doubted = id.is_some() && lost.known == LookedUp::LookYourself;
    let known = if is_doubted { LookedUp::Found } else { lost.known };
    Some((lost.intent, LostOrder { place: lost.place, leg, known, id, rows, is_doubted }))
}

impl LostIntent {
    /// FYERS may have answered for some orders of a basket: where rows of it are, only those without an answer are lost.
    fn new(mut intent: OrderIntent, rows: &[OrderEntry]) -> Self {
        let lost = rows.iter().filter(|row| row.is_of(&intent)).filter_map(|row| row.unanswered.as_ref());
        let sent = lost.clone().find_map(|lost| lost.sent);
        let places: Vec<usize> = lost.map(|lost| lost.place).collect();
        let order = |(place, leg): (usize, &Leg)| LostOrder {
            place,
            leg: leg.clone(),
            known: LookedUp::LookedFor,
            id: None,
            rows: vec![],
            is_doubted: false,
        };
        let is_lost = |order: &LostOrder| places.is_empty() || places.contains(&order.place);
        let orders: Vec<LostOrder> = intent.legs.iter().enumerate().map(order).filter(is_lost).collect();
        intent.legs = orders.iter().map(|order| order.leg.clone()).collect();
        Self { intent, sent, orders, is_refused: false, is_told: false, is_over: false, waits: 0 }
    }

    /// Takes in one order of an intent that was told, from its row.
    fn recall(all: &mut Vec<Self>, entry: &OrderEntry) {
        let Some((id, order)) = recalled(entry) else { return };
        match all.iter_mut().find(|lost| lost.intent.id == id) {
            Some(lost) => lost.orders.push(order),
            None => all.push(Self::told(id, entry, order)),
        }
    }

    fn told(id: i64, entry: &OrderEntry, order: LostOrder) -> Self {
        let (path, body) = (String::new(), String::new());
        let (at, bot, what) = (entry.at, entry.bot.clone(), entry.what.clone());
        let intent = OrderIntent { id, at, bot, epoch: 0, what, path, body, legs: vec![], ids: vec![] };
        let sent = entry.unanswered.as_ref().and_then(|lost| lost.sent);
        let is_refused = entry.is_refused_with_the_token();
        Self { intent, sent, orders: vec![order], is_refused, is_told: true, is_over: false, waits: 0 }
    }

    /// Its orders as they stood in the request.
    fn in_order(&mut self) {
        self.orders.sort_by_key(|order| order.place);
        self.intent.legs = self.orders.iter().map(|order| order.leg.clone()).collect();
        self.is_over = self.is_whole();
    }

    fn sought<'a>(&'a self, stood: &'a Stood, clock: BrokerClock) -> impl Iterator<Item = Sought<'a>> {
        self.orders.iter().map(move |order| Sought {
            intent: &self.intent,
            leg: &order.leg,
            left: clock.of(self.sent.unwrap_or(self.intent.at)),
            is_found: order.known == LookedUp::Found,
            stood,
        })
    }

    fn missing(&self) -> impl Iterator<Item = &LostOrder> {
        self.orders.iter().filter(|order| order.known != LookedUp::Found)
    }

    fn is_whole(&self) -> bool {
        self.orders.iter().all(|order| order.known == LookedUp::Found)
    }

    /// Whether no later row can be news of it. What was found by its time alone may have been a person's order.
    fn is_certain(&self) -> bool {
        self.is_whole() && self.orders.iter().all(|order| order.leg.tag.is_some())
    }

    /// What is news of it. Nothing is, while an equal order waits for its answer: the row may be that one's.
    fn learn(&mut self, seen: Vec<Sighting>, reading: &SeenBook<'_>, now: DateTime<Utc>) -> Option<Verdict> {
        let is_last = !reading.is_a_bots && reading.began >= self.intent.may_arrive_until();
        if self.is_told && !(self.is_news(&seen) && self.intent.can_be_seen(now)) {
            self.is_over |= is_last;
            return None;
        }
        let is_mixed_up = reading.on_the_way.iter().any(|sent| self.intent.is_like(sent));
        self.waits += u32::from(is_mixed_up && !reading.is_a_bots);
        let is_early = reading.is_a_bots || reading.began - self.intent.at < LATE;
        let is_young = is_early && self.intent.can_be_seen(now);
        // What has no mark is known by being the only one, so others are waited for.
        let is_there = seen.iter().all(|seen| matches!(seen, Sighting::Found(_)));
        let is_marked = || self.orders.iter().all(|order| order.leg.tag.is_some());
        let is_clear = is_there && (now - self.intent.at >= LATE || is_marked());
        let waits = is_mixed_up && (reading.is_a_bots || self.waits <= MOST_WAITS);
        if waits || (is_young && !self.is_told && !is_clear) {
            return None;
        }
        self.is_over |= is_last;
        let learnt = self.orders.iter_mut().zip(seen).map(|(order, seen)| order.learn(seen, is_mixed_up));
        let news: Vec<Option<News>> = learnt.collect();
        let is_news = news.iter().any(Option::is_some) || !self.is_told;
        let verdict = is_news.then(|| self.verdict(self.events(&news, reading.book), now));
        self.is_told |= is_news;
        self.is_over |= self.intent.is_order() && self.is_whole();
        verdict
    }

    /// Whether this says more of any of its orders than was said before.
    fn is_news(&self, seen: &[Sighting]) -> bool {
        self.orders.iter().zip(seen).any(|(order, seen)| order.is_news(seen))
    }

    fn verdict(&self, events: Vec<Event>, now: DateTime<Utc>) -> Verdict {
        let OrderIntent { id, at, .. } = self.intent;
        let legs: Vec<Leg> = self.missing().map(|order| order.leg.clone()).collect();
        let reserved = Reserved { legs, is_opaque: false };
        let may_arrive = (self.intent.is_order() && !reserved.legs.is_empty())
            .then(|| (reserved, self.intent.may_arrive_until()));
        Verdict { id, at, search: self.search(), entries: self.entries(now), events, may_arrive }
    }

    fn search(&self) -> Search {
        let ids: Vec<String> = self.orders.iter().filter_map(|order| order.id.clone()).collect();
        let is_clear = self.orders.iter().all(|order| order.known == LookedUp::NotFound);
        match () {
            () if self.orders.iter().any(|order| order.is_doubted) => Search::LookYourself,
            () if !ids.is_empty() => Search::Found { ids },
            () if is_clear && self.intent.is_order() => Search::NotFound,
            () => Search::LookYourself,
        }
    }

    fn entries(&self, now: DateTime<Utc>) -> Vec<OrderEntry> {
        if self.orders.is_empty() {
            let unanswered = self.intent.unanswered((0, None), LookedUp::LookYourself);
            return vec![self.intent.entry(None, (unanswered, None), now)];
        }
        let entry = |order: &LostOrder| {
            let leg = Some(&order.leg);
            let unanswered = Unanswered {
                sent: self.sent,
                rows: order.rows.clone(),
                ..self.intent.unanswered((order.place, leg), order.listed())
            };
            self.intent.entry(leg, (unanswered, order.id.as_deref()), now)
        };
        self.orders.iter().map(entry).collect()
    }

    /// Whether it is still needed, for itself or so that no equal order is given its row. What was not found may be at FYERS
    /// all day long.
    fn matters(&self, began: DateTime<Utc>) -> bool {
        let may_be_mistaken = began < self.intent.at + MAY_BE_MISTAKEN;
        let is_missed = !self.is_certain() && self.intent.can_be_seen(began);
        !self.is_told || (self.intent.is_order() && (is_missed || may_be_mistaken))
    }
}

impl Sighting {
    fn means(&self) -> LookedUp {
        match self {
            Self::Found(_) => LookedUp::Found,
            Self::MayBe(_) | Self::MayBeChanged(_) | Self::CannotTell => LookedUp::LookYourself,
            Self::NotThere => LookedUp::NotFound,
        }
    }
}

/// What is news of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
enum News {
    /// More is known of it than before.
    Known {
        /// The rows that may be it.
        rows: Vec<String>,
    },
    /// It had a row already, and here are more that are like it.
    Another {
        /// These.
        rows: Vec<String>,
    },
}

impl LostOrder {
    /// Whether this says more of it than was said before. A row that may be it is news once, each of them.
    fn is_news(&self, seen: &Sighting) -> bool {
        let is_new = |row: &String| !self.rows.contains(row) && self.id.as_ref() != Some(row);
        match seen {
            Sighting::MayBe(rows) => seen.means() > self.known || rows.iter().any(is_new),
            _ => seen.means() > self.known,
        }
    }

    /// What is news. A row of which it was said once that it may be the order's own is not forgotten.
    fn learn(&mut self, seen: Sighting, is_mixed_up: bool) -> Option<News> {
        let seen = match seen {
            Sighting::Found(id) if is_mixed_up => Sighting::MayBe(vec![id]),
            seen => seen,
        };
        if !self.is_news(&seen) {
            return None;
        }
        let had_its_own = self.known == LookedUp::Found;
        self.known = self.known.max(seen.means());
        let mut rows = match seen {
            Sighting::Found(id) => {
                self.id = Some(id);
                vec![]
            }
            Sighting::MayBe(rows) | Sighting::MayBeChanged(rows) => rows,
            Sighting::NotThere | Sighting::CannotTell => vec![],
        };
        rows.retain(|row| !self.rows.contains(row) && self.id.as_ref() != Some(row));
        self.rows.extend(rows.iter().cloned());
        self.is_doubted |= had_its_own;
        Some(if had_its_own { News::Another { rows } } else { News::Known { rows } })
    }

    /// What is listed of it. Which of two rows is its own a person must say.
    fn listed(&self) -> LookedUp {
        if self.is_doubted { LookedUp::LookYourself } else { self.known }
    }
}

#[cfg(test)]
mod tests;
