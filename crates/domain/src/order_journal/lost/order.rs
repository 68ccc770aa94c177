//! One order of an intent whose answer never came: what is known of it, and what of a sighting is news.

use crate::{
    order_journal::{LookedUp, OrderEntry, Unanswered, look_up::Sighting},
    routing::request::Leg,
};

/// One order of an intent.
#[derive(Debug, Clone)]
pub(super) struct LostOrder {
    pub(super) place: usize,
    pub(super) leg: Leg,
    pub(super) known: LookedUp,
    pub(super) id: Option<String>,
    /// Rows of the book that may be it or somebody else's, and have been told.
    pub(super) rows: Vec<String>,
    /// It was found by its time, and another row that came later may be it as well.
    pub(super) is_doubted: bool,
}

/// One order of an intent that was told, from its row.
pub(super) fn recalled(entry: &OrderEntry) -> Option<(i64, LostOrder)> {
    let lost = entry.unanswered.as_ref().filter(|lost| lost.known != LookedUp::LookedFor)?;
    let leg = Leg { product: lost.product.clone(), ..entry.leg()? };
    let (id, rows) = (entry.id.clone(), lost.rows.clone());
    let is_doubted = id.is_some() && lost.known == LookedUp::LookYourself;
    let known = if is_doubted { LookedUp::Found } else { lost.known };
    Some((lost.intent, LostOrder { place: lost.place, leg, known, id, rows, is_doubted }))
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
pub(super) enum News {
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
    /// One for which no book was read yet, with what was written down of the orders of its intent.
    pub(super) fn new(place: usize, leg: &Leg, lost: &[&Unanswered]) -> Self {
        let row = lost.iter().find(|lost| lost.place == place);
        let known = row.map_or(LookedUp::LookedFor, |row| row.known);
        let rows = row.map(|row| row.rows.clone()).unwrap_or_default();
        Self { place, leg: leg.clone(), known, id: None, rows, is_doubted: false }
    }

    /// Whether this says more of it than was said before. A row that may be it is news once, each of them.
    pub(super) fn is_news(&self, seen: &Sighting) -> bool {
        let is_new = |row: &String| !self.rows.contains(row) && self.id.as_ref() != Some(row);
        match seen {
            Sighting::MayBe(rows) => seen.means() > self.known || rows.iter().any(is_new),
            _ => seen.means() > self.known,
        }
    }

    /// What is news. A row of which it was said once that it may be the order's own is not forgotten.
    pub(super) fn learn(&mut self, seen: Sighting, is_mixed_up: bool) -> Option<News> {
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
    pub(super) fn listed(&self) -> LookedUp {
        if self.is_doubted { LookedUp::LookYourself } else { self.known }
    }
}
