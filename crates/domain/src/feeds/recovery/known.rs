//! What bots have been told.

use std::{collections::HashMap, hash::Hash, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::ist;

use super::standing::{Fill, Standing};

/// So long after a book has told of a fill the socket may still tell of the same one.
const ECHO: Duration = Duration::from_secs(30);

/// When something is heard.
#[derive(Debug, Clone, Copy)]
pub struct EventTime {
    /// Time since the start of the program.
    pub elapsed: Duration,
    /// Wall clock.
    pub at: DateTime<Utc>,
}

impl EventTime {
    pub(super) fn day(self) -> NaiveDate {
        ist::date(self.at)
    }
}

#[derive(Debug)]
struct Told<S> {
    standing: S,
    day: NaiveDate,
    /// The book told it: the socket may tell the same late.
    from_book: bool,
}

/// The latest state of each thing that bots have been told.
#[derive(Debug)]
pub(super) struct Latest<K, S>(HashMap<K, Told<S>>);

impl<K, S> Default for Latest<K, S> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone, S: Standing> Latest<K, S> {
    /// The socket tells this; false when a book has told it, or what follows on it, already.
    pub(super) fn hear(&mut self, key: &K, standing: &S, day: NaiveDate) -> bool {
        let is_echo = self.0.get(key).is_some_and(|told| {
            told.from_book && (standing.is_same(&told.standing) || standing.is_older(&told.standing))
        });
        if !is_echo {
            self.0.insert(key.clone(), Told { standing: standing.clone(), day, from_book: false });
        }
        !is_echo
    }

    /// A book shows this; true when bots are to be told. States of another day say nothing of which is older. Before
    /// bots `know_the_beginning`, the book is where their knowledge begins.
    pub(super) fn learn(&mut self, key: &K, standing: &S, day: NaiveDate, know_the_beginning: bool) -> bool {
        let told = self.0.get(key);
        let is_told = told.is_some_and(|told| {
            standing.is_same(&told.standing) || (told.day == day && standing.is_older(&told.standing))
        });
        if !is_told && (know_the_beginning || told.is_none()) {
            let told = Told { standing: standing.clone(), day, from_book: know_the_beginning };
            self.0.insert(key.clone(), told);
        }
        !is_told && know_the_beginning
    }

    /// The latest state that bots were told.
    pub(super) fn get(&self, key: &K) -> Option<&S> {
        self.0.get(key).map(|told| &told.standing)
    }

    /// Forgets what was last heard of before that day.
    pub(super) fn forget_before(&mut self, day: NaiveDate) {
        self.0.retain(|_, told| told.day >= day);
    }
}

#[derive(Debug, Default)]
struct OrderFills {
    told: HashMap<Fill, usize>,
    /// Those that a book told, and that the socket has not repeated.
    from_book: HashMap<Fill, usize>,
    seen_at: Duration,
    day: NaiveDate,
}

impl OrderFills {
    fn quantity(&self) -> i64 {
        let part = |((quantity, _), times): (&Fill, &usize)| quantity * i64::try_from(*times).unwrap_or(0);
        self.told.iter().map(part).sum()
    }
}

/// How often each fill of each order was told.
#[derive(Debug, Default)]
pub(super) struct Fills(HashMap<String, OrderFills>);

impl Fills {
    fn of(&mut self, order: &str, day: NaiveDate) -> &mut OrderFills {
        let fills = self.0.entry(order.to_owned()).or_default();
        fills.day = day;
        fills
    }

    /// How often bots have been told of this one.
    pub(super) fn told(&self, order: &str, fill: &Fill) -> usize {
        self.0.get(order).and_then(|fills| fills.told.get(fill)).copied().unwrap_or(0)
    }

    /// The socket tells this; false when a book has told it already. A fill like one of the book's is new all the same
    /// when the order is filled so far that there must have been one more.
    pub(super) fn hear(&mut self, order: &str, fill: Fill, filled: i64, now: EventTime) -> bool {
        let fills = self.of(order, now.day());
        let is_late = now.elapsed.saturating_sub(fills.seen_at) < ECHO;
        let is_full = fills.quantity() + fill.0 > filled;
        let echoes = fills.from_book.get_mut(&fill).filter(|left| is_late && is_full && **left > 0);
        if let Some(left) = echoes {
            *left -= 1;
            return false;
        }
        *fills.told.entry(fill).or_default() += 1;
        true
    }

    /// A book has told this one.
    pub(super) fn see(&mut self, order: &str, fill: Fill, now: EventTime) {
        let fills = self.of(order, now.day());
        fills.seen_at = now.elapsed;
        *fills.told.entry(fill).or_default() += 1;
        *fills.from_book.entry(fill).or_default() += 1;
    }

    /// Bots know of this one by themselves.
    pub(super) fn begin_at(&mut self, order: &str, fill: Fill, day: NaiveDate) {
        *self.of(order, day).told.entry(fill).or_default() += 1;
    }

    /// Forgets orders whose last fill was before that day.
    pub(super) fn forget_before(&mut self, day: NaiveDate) {
        self.0.retain(|_, fills| fills.day >= day);
    }
}
