//! Which limits of a key let no entry through any more today.

use rust_decimal::Decimal;

use crate::{
    keys::{KeyLimits, LimitKind},
    routing::own::OwnDay,
};

/// Those that the day so far has reached, as the next entry would find them. A loss that is not known whole reaches none.
pub fn reached(limits: &KeyLimits, day: &OwnDay) -> Vec<LimitKind> {
    let orders = limits.max_orders_per_day.is_some_and(|most| day.orders >= most);
    let loss = limits.max_loss.is_some_and(|limit| day.has_lost || has_reached(day, limit));
    let all = [(orders, LimitKind::OrdersPerDay), (loss, LimitKind::Loss)];
    all.into_iter().filter_map(|(is_reached, kind)| is_reached.then_some(kind)).collect()
}

/// Whether the day's loss is known now, and is this limit or more.
pub fn has_reached(day: &OwnDay, limit: Decimal) -> bool {
    day.unpriced.is_empty() && -day.result >= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_reached_when_the_next_entry_would_be_refused() {
        let some = |value: i64| Some(Decimal::from(value));
        let limits = KeyLimits { max_orders_per_day: Some(3), max_loss: some(500), ..KeyLimits::default() };
        let of = |orders: u32, result: i64, unpriced: &[&str]| {
            let unpriced = unpriced.iter().map(|symbol| (*symbol).to_owned()).collect();
            reached(&limits, &OwnDay { orders, result: Decimal::from(result), unpriced, has_lost: false })
        };
        assert!(of(2, -499, &[]).is_empty());
        assert_eq!(of(3, 900, &[]), [LimitKind::OrdersPerDay]);
        assert_eq!(of(2, -500, &[]), [LimitKind::Loss]);
        assert_eq!(of(9, -501, &[]), [LimitKind::OrdersPerDay, LimitKind::Loss]);
        assert!(of(0, -501, &["NSE:SBIN-EQ"]).is_empty(), "what it lost is not known");
        let was_down = OwnDay { has_lost: true, result: Decimal::from(900), ..OwnDay::default() };
        assert_eq!(reached(&limits, &was_down), [LimitKind::Loss], "until the next day");
        assert!(reached(&KeyLimits::default(), &was_down).is_empty());
        assert!(reached(&KeyLimits::default(), &OwnDay { orders: 9, ..OwnDay::default() }).is_empty());
    }
}
