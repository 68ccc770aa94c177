//! Orders whose answer never came, from then on until it is known what became of them. The keeper never sends them again.

mod order;
mod telling;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::ist;

use crate::{
    event::Event,
    order_journal::{
        BrokerClock, LookedUp, OrderEntry, OrderIntent, Search, Unanswered,
        look_up::{Sighting, Sought, Stood, look_up},
        unanswered::REFUSED_AND_NOT_THERE,
    },
    routing::{
        live_positions::BookRow,
        request::{Leg, Reserved},
        settling::UnreadRequest,
    },
};
use order::{LostOrder, News, recalled};
use telling::together;

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
    /// What it has done, or may have, in as far as no reading may show it yet.
    pub unread: Option<UnreadRequest>,
    /// What may still arrive, and until when it counts as sent; `None` when nothing may.
    pub may_arrive: Option<(Reserved, DateTime<Utc>)>,
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
    /// A book was read for it, or none can show it: what came of it is on disk.
    is_looked_up: bool,
    /// A reading has begun after it could arrive: the book is not read for it any more, but a row that comes later is told.
    is_over: bool,
    /// Readings that have waited for the answer to an equal order.
    waits: u32,
    /// What the last reading has shown of it waits for that answer.
    is_held: bool,
}

/// What a person hears, and the rows that say so.
pub type Telling = (Vec<OrderEntry>, Vec<Event>);

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
        for entry in entries.iter().filter(|entry| entry.what == "place" && entry.sent_on() == day) {
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

    /// One that FYERS has refused with the token, with what was written down of it. A person hears of it when it is
    /// simulated or left open, and then only if a book shows it, or if none can.
    pub fn add_refused(&mut self, intent: OrderIntent, rows: &[OrderEntry]) {
        let id = intent.id;
        self.add(intent, rows);
        for lost in self.all.iter_mut().filter(|lost| lost.intent.id == id) {
            (lost.is_told, lost.is_refused) = (true, true);
        }
    }

    /// Whether the book is to be read for them.
    pub fn are_looked_for(&self) -> bool {
        self.all.iter().any(|lost| !lost.is_over)
    }

    /// Whether a book could still show one of them.
    pub fn are_missed(&self) -> bool {
        self.all.iter().any(|lost| lost.intent.is_order() && !lost.is_certain())
    }

    /// Those for which no book was read yet: they may be at FYERS.
    pub fn unsettled(&self) -> impl Iterator<Item = &OrderIntent> {
        self.all.iter().filter(|lost| !lost.is_looked_up).map(|lost| &lost.intent)
    }

    /// No book can be read now: what a person must hear at once, with the rows to be written down. The search goes on.
    pub fn tell_unread(&mut self, now: DateTime<Utc>) -> Vec<Telling> {
        let untold = self.all.iter_mut().filter(|lost| !lost.is_told);
        together(untold.map(|lost| lost.tell_unread(now)))
    }

    /// The trading of its day is over and no book was read for it, so none will show it: a person must look. `is_over` tells
    /// whether that is so of an order of this moment.
    pub fn tell_never_read(
        &mut self,
        is_over: impl Fn(DateTime<Utc>) -> bool,
        now: DateTime<Utc>,
    ) -> Vec<Telling> {
        let unread = self.all.iter_mut().filter(|lost| !lost.is_looked_up && is_over(lost.intent.at));
        together(unread.filter_map(|lost| lost.tell_never_read(now)))
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

impl LostIntent {
    /// FYERS may have answered for some orders of a basket: where rows of it are, only those without an answer are lost.
    fn new(mut intent: OrderIntent, rows: &[OrderEntry]) -> Self {
        let lost = rows.iter().filter(|row| row.is_of(&intent)).filter_map(|row| row.unanswered.as_ref());
        let lost: Vec<&Unanswered> = lost.collect();
        let order = |(place, leg): (usize, &Leg)| LostOrder::new(place, leg, &lost);
        let is_lost =
            |order: &LostOrder| lost.is_empty() || lost.iter().any(|lost| lost.place == order.place);
        let orders: Vec<LostOrder> = intent.legs.iter().enumerate().map(order).filter(is_lost).collect();
        let sent = lost.iter().find_map(|lost| lost.sent);
        let is_refused = lost.iter().any(|lost| lost.known == LookedUp::TokenRefused);
        let is_told = lost.iter().any(|lost| lost.is_told());
        intent.legs = orders.iter().map(|order| order.leg.clone()).collect();
        let (is_looked_up, is_over, waits, is_held) = (false, false, 0, false);
        Self { intent, sent, orders, is_refused, is_told, is_looked_up, is_over, waits, is_held }
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
        let (path, body, is_opaque) = (String::new(), String::new(), None);
        let (at, bot, what) = (entry.at, entry.bot.clone(), entry.what.clone());
        let (legs, ids, effect) = (vec![], vec![], None);
        let closed_orders = vec![];
        let intent = OrderIntent {
            id,
            at,
            bot,
            epoch: 0,
            what,
            path,
            body,
            legs,
            ids,
            is_opaque,
            effect,
            closed_orders,
        };
        let sent = entry.unanswered.as_ref().and_then(|lost| lost.sent);
        let (is_refused, orders) = (entry.is_refused_with_the_token(), vec![order]);
        let (is_told, is_looked_up, is_over, waits, is_held) = (true, true, false, 0, false);
        Self { intent, sent, orders, is_refused, is_told, is_looked_up, is_over, waits, is_held }
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
        self.is_held = false;
        if self.is_looked_up && !(self.is_news(&seen) && self.intent.can_be_seen(now)) {
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
        self.is_held = waits;
        if waits || (is_young && !self.is_looked_up && !is_clear) {
            return None;
        }
        self.is_over |= is_last;
        let learnt = self.orders.iter_mut().zip(seen).map(|(order, seen)| order.learn(seen, is_mixed_up));
        let news: Vec<Option<News>> = learnt.collect();
        let is_news = news.iter().any(Option::is_some) || !self.is_told;
        let events = if is_news { self.events(&news, reading.book) } else { vec![] };
        let verdict = (is_news || !self.is_looked_up).then(|| self.verdict(events, now));
        (self.is_told, self.is_looked_up) = (true, true);
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
        let (search, entries, unread) = (self.search(), self.entries(now), self.not_read(now));
        Verdict { id, at, search, entries, events, unread, may_arrive }
    }

    /// Orders that were found are like others that FYERS has answered now. Of what is no order no book says that it came.
    fn not_read(&self, now: DateTime<Utc>) -> Option<UnreadRequest> {
        let request = match self.intent.is_order() {
            false => self.intent.unanswered_request(),
            true => {
                let found = self.orders.iter().filter(|order| order.known == LookedUp::Found);
                let found = found.filter_map(|order| Some((order.id.clone()?, order.leg.clone())));
                let (ids, legs) = found.unzip();
                let reserved = Reserved { legs, is_opaque: false };
                UnreadRequest { reserved, ..self.intent.answered(ids, now) }
            }
        };
        (request.reserved != Reserved::default()).then_some(request)
    }

    fn search(&self) -> Search {
        let ids: Vec<String> = self.orders.iter().filter_map(|order| order.id.clone()).collect();
        let is_not_there = |known| matches!(known, LookedUp::NotFound | LookedUp::TokenRefused);
        let is_clear = self.orders.iter().all(|order| is_not_there(order.known));
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
            let entry = self.intent.entry(leg, (unanswered, order.id.as_deref()), now);
            match order.listed() {
                LookedUp::TokenRefused => OrderEntry { message: REFUSED_AND_NOT_THERE.to_owned(), ..entry },
                _ => entry,
            }
        };
        self.orders.iter().map(entry).collect()
    }

    /// Whether it is still needed, for itself or so that no equal order is given its row. What was not found may be at FYERS
    /// all day long.
    fn matters(&self, began: DateTime<Utc>) -> bool {
        let may_be_mistaken = began < self.intent.at + MAY_BE_MISTAKEN;
        let is_missed = !self.is_certain() && self.intent.can_be_seen(began);
        !self.is_looked_up || self.is_held || (self.intent.is_order() && (is_missed || may_be_mistaken))
    }
}

#[cfg(test)]
mod tests;
