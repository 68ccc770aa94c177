//! Orders and rows that could be each other's.

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::{DateTime, Utc};

use super::Sought;
use crate::{keys::BotName, order_journal::OrderIntent, routing::live_positions::BookRow};

/// One group: places in the lists of orders and of rows.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) orders: Vec<usize>,
    pub(super) rows: Vec<usize>,
}

/// What makes two orders the same in everything: a row of one is as good as a row of the other.
pub(super) type Kind<'a> = (Option<&'a BotName>, (String, String), i64, String, Option<&'a str>, &'a str);

/// The groups that there are.
pub(super) fn groups(sought: &[Sought<'_>], free: &[&BookRow]) -> Vec<Group> {
    let mut of_order: Vec<usize> = (0..sought.len()).collect();
    let mut rows_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row_at, row) in free.iter().enumerate() {
        let mut mates = (0..sought.len()).filter(|order| sought[*order].may_be(row));
        let Some(first) = mates.next() else { continue };
        let root = root(&of_order, first);
        rows_of.entry(root).or_default().push(row_at);
        for mate in mates {
            let other = self::root(&of_order, mate);
            if other != root {
                of_order[other] = root;
                let rows = rows_of.remove(&other).unwrap_or_default();
                rows_of.entry(root).or_default().extend(rows);
            }
        }
    }
    let mut groups: BTreeMap<usize, Group> =
        rows_of.into_iter().map(|(root, rows)| (root, Group { orders: vec![], rows })).collect();
    for order in 0..sought.len() {
        if let Some(group) = groups.get_mut(&root(&of_order, order)) {
            group.orders.push(order);
        }
    }
    groups.into_values().collect()
}

fn root(of: &[usize], mut place: usize) -> usize {
    while of[place] != place {
        place = of[place];
    }
    place
}

impl Group {
    /// The orders with their rows; `None` where it cannot be told whose a row is. Where a row may be of orders of two kinds,
    /// not even a count of rows and orders helps: a person's own order may be among them.
    pub(super) fn pairs(&self, sought: &[Sought<'_>], free: &[&BookRow]) -> Option<Vec<(usize, usize)>> {
        let mut kinds = self.orders.iter().map(|order| kind(&sought[*order]));
        let first = kinds.next()?;
        let missing: Vec<usize> =
            self.orders.iter().copied().filter(|order| !sought[*order].is_found).collect();
        kinds.all(|other| other == first).then(|| assign(&missing, &self.rows, sought, free)).flatten()
    }
}

pub(super) fn kind<'a>(one: &Sought<'a>) -> Kind<'a> {
    let Sought { intent, leg, .. } = one;
    // The body knows more than the keeper has read, as the order's type. Of a basket it is the same for all in it.
    let body = if intent.legs.len() == 1 { intent.body.as_str() } else { "" };
    let (bot, price) = (intent.bot.as_ref(), leg.price.normalize().to_string());
    (bot, leg.key(), leg.quantity, price, leg.tag.as_deref(), body)
}

/// Gives each row one of these equal orders, the latest row to the latest order. `None` when a row comes at no order's
/// time: then somebody else's is among them.
fn assign(
    orders: &[usize],
    rows: &[usize],
    sought: &[Sought<'_>],
    free: &[&BookRow],
) -> Option<Vec<(usize, usize)>> {
    let mut rows = rows.to_vec();
    // Rows without a time fit every order, so they come last.
    rows.sort_by_key(|row| free[*row].at.map_or((0, None), |at| (1, Some(at))));
    let mut orders = orders.to_vec();
    orders.sort_by_key(|order| Reverse(age(sought[*order].intent)));
    let mut pairs = vec![];
    for order in orders {
        if let Some(place) = rows.iter().rposition(|row| sought[order].is_on_time(free[*row])) {
            pairs.push((order, rows.remove(place)));
        }
    }
    rows.is_empty().then_some(pairs)
}

fn age(intent: &OrderIntent) -> (DateTime<Utc>, i64) {
    (intent.at, intent.id)
}
