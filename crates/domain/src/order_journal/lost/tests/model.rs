//! A model of FYERS' order book: equal orders of two bots and of a person, answered, lost, filled late, over kills and
//! restarts of the keeper, with a clock that is apart by some seconds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// How an order goes.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// FYERS answers after so many milliseconds.
    Answered(i64),
    /// No answer comes, and FYERS has it.
    Lost,
    /// No answer comes, and FYERS never gets it.
    Gone,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Send {
        bot: usize,
        kind: usize,
        way: Way,
        stamped: i64,
        shown: i64,
    },
    /// The same from the FYERS app.
    Person {
        kind: usize,
    },
    Read {
        lasts: i64,
    },
    /// kill -9, and the next life so much later.
    Die {
        down: i64,
    },
}

/// One order at FYERS.
#[derive(Debug)]
struct AtFyers {
    row: BookRow,
    shown_at: DateTime<Utc>,
    /// Its intent; `None`: a person's.
    of: Option<i64>,
}

/// The keeper with what is on its disk.
#[derive(Default)]
struct World {
    skew: i64,
    now: i64,
    book: Vec<AtFyers>,
    lost: LostOrders,
    /// On disk: intents, what came of them, and the rows of `orders`.
    intents: BTreeMap<i64, OrderIntent>,
    answered: BTreeMap<i64, String>,
    settled: BTreeSet<i64>,
    rows: BTreeMap<i64, OrderEntry>,
    /// In memory: intents that wait, and when their wait ends.
    waiting: Vec<(i64, i64, Way)>,
    arrived: BTreeMap<i64, String>,
    /// Of each row that this life has seen, the newest intent there was then.
    stood: BTreeMap<String, i64>,
}

fn at(milliseconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::milliseconds(milliseconds)
}

fn kind(kind: usize) -> Leg {
    let priced = |price: i64| Leg { price: price.into(), ..leg("A", 5, None) };
    match kind {
        0 => leg("A", 5, None),
        1 => leg("A", 5, Some("x")),
        2 => priced(800),
        _ => priced(801),
    }
}

impl World {
    fn stamp(&mut self, leg: &Leg, (stamped, shown): (i64, i64), of: Option<i64>) -> String {
        let id = self.book.len().to_string();
        let second = (self.now + stamped + self.skew * 1_000).div_euclid(1_000);
        let row = row(&id, leg.clone(), second);
        self.book.push(AtFyers { row, shown_at: at(self.now + stamped + shown), of });
        id
    }

    fn send(&mut self, bot: usize, leg: &Leg, way: Way, times: (i64, i64)) {
        let id = self.intents.len() as i64 + 1;
        let bot = Some(BotName::new(["one", "two"][bot]).unwrap());
        let order = OrderIntent { id, at: at(self.now), bot, ..intent("place", vec![leg.clone()]) };
        self.intents.insert(id, order);
        if !matches!(way, Way::Gone) {
            let given = self.stamp(leg, times, Some(id));
            self.arrived.insert(id, given);
        }
        let ends = match way {
            Way::Answered(after) => self.now + times.0 + after,
            Way::Lost | Way::Gone => self.now + 1_500,
        };
        self.waiting.push((id, ends, way));
    }

    /// Answers come, and waits end without one.
    fn pass(&mut self, milliseconds: i64) {
        self.now += milliseconds;
        let (over, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, ends, _)| *ends <= self.now);
        self.waiting = waiting;
        for (id, _, way) in Vec::from_iter(over) {
            match way {
                Way::Answered(_) => drop(self.answered.insert(id, self.arrived[&id].clone())),
                Way::Lost | Way::Gone => self.lost.add(self.intents[&id].clone(), &[]),
            }
        }
    }

    fn known(&self) -> BTreeSet<String> {
        self.answered.values().cloned().chain(self.rows.values().filter_map(|row| row.id.clone())).collect()
    }

    fn read(&mut self, lasts: i64) {
        let began = at(self.now);
        let book: Vec<BookRow> =
            self.book.iter().filter(|one| one.shown_at <= began).map(|one| one.row.clone()).collect();
        self.pass(lasts);
        let known = self.known();
        let on_the_way: Vec<Reserved> =
            self.waiting.iter().map(|(id, ..)| self.intents[id].reserved()).collect();
        let is_known = |id: &str| known.contains(id);
        let newest = self.intents.len() as i64;
        let seen =
            SeenBook { is_known: &is_known, on_the_way: &on_the_way, newest, ..own_book(&book, began) };
        for row in &book {
            self.stood.entry(row.id.clone()).or_insert(newest);
        }
        for verdict in self.lost.settle(&seen, at(self.now)) {
            let is_older = |entry: &OrderEntry| {
                entry.id.as_ref().is_some_and(|id| self.stood[id] < verdict.id && !known.contains(id))
            };
            assert!(!verdict.entries.iter().any(is_older), "the book had it before: {verdict:?}");
            self.settled.insert(verdict.id);
            self.rows.extend(verdict.entries.into_iter().map(|entry| (verdict.id, entry)));
        }
    }

    fn die(&mut self, down: i64) {
        self.waiting.clear();
        self.stood.clear();
        self.now += down;
        let is_open = |id: &i64| !self.answered.contains_key(id) && !self.settled.contains(id);
        let open: Vec<OrderIntent> =
            self.intents.iter().filter(|(id, _)| is_open(id)).map(|(_, one)| one.clone()).collect();
        let rows: Vec<OrderEntry> = self.rows.values().cloned().collect();
        self.lost = LostOrders::recall(open, &rows, ist::date(at(self.now)));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Send { bot, kind: sort, way, stamped, shown } => {
                self.send(bot, &kind(sort), way, (stamped, shown));
            }
            Step::Person { kind: sort } => drop(self.stamp(&kind(sort), (0, 0), None)),
            Step::Read { lasts } => self.read(lasts),
            Step::Die { down } => self.die(down),
        }
    }

    /// Whether a row of one is as good as a row of the other.
    fn are_same(&self, one: i64, other: i64) -> bool {
        let of = |id: i64| (&self.intents[&id].bot, &self.intents[&id].legs);
        of(one) == of(other)
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let mut given = BTreeMap::new();
        for (id, entry) in &self.rows {
            let Some(order) = &entry.id else { continue };
            prop_assert_eq!(given.insert(order.clone(), *id), None, "an id is given twice: {}", order);
            prop_assert!(!self.answered.values().any(|answered| answered == order), "{} was answered", order);
            let whose = self.book.iter().find(|one| one.row.id == *order).unwrap().of;
            prop_assert!(
                whose.is_none_or(|whose| self.are_same(whose, *id)),
                "{} of {:?} given to {}",
                order,
                whose,
                id
            );
        }
        for id in self.intents.keys().filter(|id| !self.answered.contains_key(id)) {
            prop_assert!(self.rows.contains_key(id), "{} has no row", id);
        }
        // Each of them that FYERS has is given to it, or named as one that may be it. Equal orders of one bot stand for each
        // other.
        for (one, order) in self.arrived.iter().filter(|(id, _)| !self.answered.contains_key(id)) {
            let same = || self.rows.iter().filter(|(id, _)| self.are_same(**id, *one));
            let names = |entry: &OrderEntry| entry.unanswered.as_ref().unwrap().rows.contains(order);
            let is_told = given.contains_key(order) || same().any(|(_, entry)| names(entry));
            prop_assert!(is_told, "{} is at FYERS as {}, and nobody hears of it", one, order);
        }
        Ok(())
    }
}

fn step() -> impl Strategy<Value = Step> {
    let way =
        prop_oneof![3 => (0i64..3_000).prop_map(Way::Answered), 4 => Just(Way::Lost), 2 => Just(Way::Gone)];
    let stamped = prop_oneof![4 => 0i64..900, 1 => 0i64..60_000];
    let shown = prop_oneof![4 => 0i64..900, 1 => 0i64..50_000];
    let send = (0usize..2, prop_oneof![5 => Just(0usize), 1 => 1usize..4], way, stamped, shown)
        .prop_map(|(bot, kind, way, stamped, shown)| Step::Send { bot, kind, way, stamped, shown });
    prop_oneof![
        6 => send,
        1 => (0usize..4).prop_map(|kind| Step::Person { kind }),
        5 => (0i64..2_000).prop_map(|lasts| Step::Read { lasts }),
        1 => prop_oneof![500i64..20_000, 60_000i64..900_000].prop_map(|down| Step::Die { down }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// No order of FYERS' is given to two intents, no answered one is given away, and what is at FYERS has a row or is told
    /// as uncertain.
    #[test]
    fn no_row_is_taken_for_another_and_none_is_lost(
        skew in -5i64..=5,
        steps in proptest::collection::vec((step(), prop_oneof![0i64..1_500, 0i64..40_000]), 1..25),
    ) {
        let mut world = World { skew, ..World::default() };
        for (step, pause) in steps {
            world.take(step);
            world.pass(pause);
        }
        // The search goes to its end.
        for _ in 0..30 {
            world.pass(10_000);
            world.read(200);
        }
        world.check()?;
    }
}
