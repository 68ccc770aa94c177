//! Rows that may be an order, for a person to look at.

use std::collections::{BTreeMap, BTreeSet};

use super::{Sighting, Sought, group::kind};
use crate::routing::live_positions::BookRow;

/// So many rows of another quantity or price are named.
const MOST_CHANGED: usize = 3;

/// The orders with the rows that each of them names. Of orders that are the same in everything one names a row, rather one
/// that has none yet: after many losses each row would else be told as often as there are orders.
pub(super) fn named<'a>(
    orders: &[usize],
    rows: &[&BookRow],
    sought: &[Sought<'a>],
    may_be: impl Fn(&Sought<'a>, &BookRow) -> bool,
) -> Vec<(usize, Vec<String>)> {
    let mut orders = orders.to_vec();
    orders.sort_by_key(|order| sought[*order].is_found);
    let mut taken: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
    let name = |order: usize| {
        let taken = taken.entry(kind(&sought[order])).or_default();
        let is_own =
            |(place, row): &(usize, &&BookRow)| !taken.contains(place) && may_be(&sought[order], row);
        let (places, ids): (Vec<usize>, Vec<String>) =
            rows.iter().enumerate().filter(is_own).map(|(place, row)| (place, row.id.clone())).unzip();
        taken.extend(places);
        (order, ids)
    };
    orders.into_iter().map(name).collect()
}

/// Of what is not there: rows that may be the order with another quantity or price.
pub(super) fn changed(sought: &[Sought<'_>], rows: &[&BookRow], seen: &mut [Sighting]) {
    let missing = sought.iter().zip(seen).filter(|(one, seen)| **seen == Sighting::NotThere && !one.is_found);
    for (one, seen) in missing {
        let like = rows.iter().filter(|row| one.may_be_changed(row)).take(MOST_CHANGED);
        let like: Vec<String> = like.map(|row| row.id.clone()).collect();
        if !like.is_empty() {
            *seen = Sighting::MayBeChanged(like);
        }
    }
}
