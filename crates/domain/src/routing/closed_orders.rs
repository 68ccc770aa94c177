//! Orders that an exit of positions closes too, if they fill before it. One that the order book shows as over and unfilled has left it
//! nothing to close.

use fyers_api::model::Position;
use fyers_api::operation::Operation;
use serde::{Deserialize, Serialize};

use super::{
    live_positions::BookRow,
    request::{Leg, OrderCall, reduces_any},
};

/// Such an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedOrder {
    /// FYERS' id of it.
    pub id: String,
    /// What would close all of it that could still fill.
    pub leg: Leg,
}

impl OrderCall {
    /// Those of an exit, as far as FYERS has told their ids.
    pub fn closed_orders(&self, open: &[Position], on_the_way: &[(Option<&str>, &Leg)]) -> Vec<ClosedOrder> {
        let of = |(id, leg): &(Option<&str>, &Leg)| {
            let leg = self.closes_order(leg, open)?;
            Some(ClosedOrder { id: (*id)?.to_owned(), leg })
        };
        let is_exit = self.operation == Operation::ExitPositions;
        on_the_way.iter().filter(|_| is_exit).filter_map(of).collect()
    }

    /// What closes this order, if the exit does.
    pub(super) fn closes_order(&self, leg: &Leg, open: &[Position]) -> Option<Leg> {
        let is_closed = self.may_close(leg) && !reduces_any(leg, open);
        is_closed.then(|| Leg { quantity: -leg.quantity, tag: None, ..leg.clone() })
    }
}

/// Of what would close positions, that for which there was something to close.
pub(super) fn without_ended(legs: Vec<Leg>, orders: &[ClosedOrder], book: &[BookRow]) -> Vec<Leg> {
    let is_over = |order: &&ClosedOrder| book.iter().any(|row| row.id == order.id && row.is_unfilled);
    let mut ended: Vec<&Leg> = orders.iter().filter(is_over).map(|order| &order.leg).collect();
    let has_something = |leg: &Leg| {
        let of_ended = |other: &&Leg| other.key() == leg.key() && other.quantity == leg.quantity;
        let place = ended.iter().position(of_ended);
        place.map(|place| ended.swap_remove(place)).is_none()
    };
    legs.into_iter().filter(has_something).collect()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::routing::exposure::tests::{leg, position};

    fn row(id: &str, is_unfilled: bool) -> BookRow {
        let (average, stop, leg) = (Decimal::ZERO, Decimal::ZERO, leg("A", 10));
        let id = id.to_owned();
        BookRow { id, leg, whole: 10, waits: false, filled: 0, average, stop, is_unfilled, at: None }
    }

    fn over(id: &str) -> BookRow {
        row(id, true)
    }

    #[test]
    fn only_what_would_close_an_order_that_is_over_and_unfilled_is_left_out() {
        let orders = [("1", -10), ("2", -4)]
            .map(|(id, quantity)| ClosedOrder { id: id.into(), leg: leg("A", quantity) });
        let left = |quantities: &[i64], book: &[BookRow]| -> Vec<i64> {
            let legs = quantities.iter().map(|quantity| leg("A", *quantity)).collect();
            without_ended(legs, &orders, book).iter().map(|leg| leg.quantity).collect()
        };
        assert_eq!(left(&[-50, -10, -4], &[over("1")]), [-50, -4]);
        assert_eq!(left(&[-10, -10], &[over("1")]), [-10], "one of them is of a position");
        assert_eq!(left(&[-10], &[over("2"), over("3")]), [-10]);
        assert_eq!(left(&[-10], &[row("1", false)]), [-10], "it may have filled");
        assert_eq!(left(&[-10], &[]), [-10]);
    }

    #[test]
    fn an_exit_names_the_orders_that_it_would_close_and_whose_ids_are_known() {
        use fyers_api::http::{ApiRequest, Method, Surface};
        let call = |method, path: &str, body: &str| {
            let (query, content_type, body) = (String::new(), None, body.into());
            OrderCall::read(&ApiRequest {
                surface: Surface::Api,
                method,
                path: path.into(),
                query,
                content_type,
                body,
            })
        };
        let exit = call(Method::Delete, "/positions", r#"{"exit_all":1}"#);
        let legs = [leg("A", 10), leg("A", -5), leg("B", 3)];
        let on_the_way = [(Some("1"), &legs[0]), (Some("2"), &legs[1]), (None, &legs[2])];
        let closed = ClosedOrder { id: "1".into(), leg: leg("A", -10) };
        assert_eq!(exit.closed_orders(&[position("A", 50)], &on_the_way), [closed], "an exit itself is none");
        let cancel = call(Method::Delete, "/orders/sync", r#"{"id":"1"}"#);
        assert_eq!(cancel.closed_orders(&[], &on_the_way), []);
    }
}
