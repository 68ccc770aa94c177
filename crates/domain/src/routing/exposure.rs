//! The one rule of exits: whether orders can only bring open positions nearer to zero.

use std::collections::BTreeMap;

use fyers_api::{
    codes,
    model::{Position, Product},
};

use super::request::Leg;

/// Whether these orders together only reduce what is open, whatever else happens to the orders that are on their way.
///
/// In every symbol and product they must all point against the position, and together with what is on its way in the
/// same direction they must not be larger than the position. `on_the_way` are orders that were sent and may still
/// fill: none of them is taken for filled or for dead.
pub fn reduces<'a>(
    legs: &[Leg],
    positions: &[Position],
    on_the_way: impl IntoIterator<Item = &'a Leg>,
) -> bool {
    let mut room = rooms(positions, on_the_way);
    !legs.is_empty() && legs.iter().all(|leg| room.get_mut(&leg.key()).is_some_and(|net| take(net, leg)))
}

/// How much of what is open in this order's symbol and product it may close, signed like the position.
pub fn room<'a>(leg: &Leg, positions: &[Position], on_the_way: impl IntoIterator<Item = &'a Leg>) -> i64 {
    let left = rooms(positions, on_the_way).get(&leg.key()).copied().unwrap_or_default();
    if left.signum() == -leg.quantity.signum() { left } else { 0 }
}

fn rooms<'a>(
    positions: &[Position],
    on_the_way: impl IntoIterator<Item = &'a Leg>,
) -> BTreeMap<(String, String), i64> {
    let mut room: BTreeMap<(String, String), i64> = BTreeMap::new();
    for position in positions {
        *room.entry(Leg::closing(position).key()).or_default() += position.net;
    }
    for leg in on_the_way {
        for (key, net) in &mut room {
            if may_be_in(leg, key) {
                take(net, leg);
            }
        }
    }
    room
}

/// Whether an order that waits may be in this symbol and product. A product that is not known may be any of its symbol.
pub fn may_be_in(leg: &Leg, (symbol, product): &(String, String)) -> bool {
    let (own_symbol, own) = leg.key();
    own_symbol == *symbol && (own == *product || codes::product_seen(&own) == Product::Other)
}

/// Uses up what the order would close; false when it is larger than that, or no exit at all.
fn take(net: &mut i64, leg: &Leg) -> bool {
    if net.signum() != -leg.quantity.signum() || *net == 0 {
        return false;
    }
    let left = net.saturating_add(leg.quantity);
    let fits = left == 0 || left.signum() == net.signum();
    *net = if fits { left } else { 0 };
    fits
}

#[cfg(test)]
pub(crate) mod tests {
    use fyers_api::model::Product;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;

    pub(crate) fn leg(symbol: &str, quantity: i64) -> Leg {
        Leg { symbol: symbol.into(), product: "INTRADAY".into(), quantity, price: Decimal::ZERO, tag: None }
    }

    pub(crate) fn position(symbol: &str, net: i64) -> Position {
        let (average, realized) = (Decimal::from(800), Decimal::ZERO);
        Position { symbol: symbol.into(), product: Product::Intraday, net, average, realized, today: None }
    }

    #[test]
    fn an_exit_is_at_most_what_is_open() {
        let open = [position("A", 10), position("B", -5)];
        let judge = |legs: &[Leg], on_the_way: &[Leg]| reduces(legs, &open, on_the_way);
        assert!(judge(&[leg("A", -10)], &[]) && judge(&[leg("a ", -4), leg("B", 5), leg("A", -6)], &[]));
        for (legs, on_the_way) in [
            (vec![], vec![]),
            (vec![leg("A", -500)], vec![]),
            (vec![leg("A", -1); 11], vec![]),
            (vec![leg("A", -1)], vec![leg("A", -10)]),
            (vec![leg("A", -1)], vec![leg("A", -900)]),
            (vec![leg("A", 1)], vec![]),
            (vec![leg("C", -1)], vec![]),
            (vec![leg("A", -1), leg("A", 300)], vec![]),
            (vec![Leg { product: "CNC".into(), ..leg("A", -1) }], vec![]),
        ] {
            assert!(!judge(&legs, &on_the_way), "{legs:?} {on_the_way:?}");
        }
        assert!(judge(&[leg("A", -10)], &[leg("A", 3), leg("C", -3)]), "an entry on its way takes no room");
        assert!(judge(&[leg("A", -6)], &[leg("A", 30), leg("A", -4), leg("A", 30)]));
    }

    #[test]
    fn an_order_of_a_product_that_is_not_known_may_close_any_position_of_its_symbol() {
        let open = [position("A", 10), Position { product: Product::Margin, ..position("A", 6) }];
        let of = |product: &str, quantity| Leg { product: product.into(), ..leg("a", quantity) };
        let judge = |exit: Leg, ahead: Leg| reduces(&[exit], &open, [&ahead]);
        for product in ["MIS", "", "other"] {
            assert!(!judge(leg("A", -10), of(product, -1)), "{product}");
            assert!(!judge(of("MARGIN", -6), of(product, -1)), "{product}");
            assert!(judge(leg("A", -6), of(product, -4)), "{product}");
            assert!(judge(leg("A", -10), of(product, 4)), "{product}: an entry takes no room");
        }
        for product in ["BO", "CO", "CNC"] {
            assert!(judge(leg("A", -10), of(product, -10)), "{product} is another product");
        }
        assert!(judge(leg("A", -10), Leg { product: "MIS".into(), ..leg("B", -10) }), "another symbol");
        assert!(!reduces(&[of("MIS", -1)], &open, []), "an exit names its product");
    }

    proptest! {
        /// Whatever is sent, and whichever of the accepted orders fill in whatever parts and order: no position grows
        /// and none changes its sign.
        #[test]
        fn accepted_exits_never_turn_a_position(
            net in -50i64..50,
            sent in proptest::collection::vec((-60i64..60, 0.0f64..=1.0), 1..20),
        ) {
            let mut accepted: Vec<Leg> = vec![];
            let mut now = net;
            for (quantity, filled) in sent {
                let order = leg("A", if quantity == 0 { 1 } else { quantity });
                if !reduces(std::slice::from_ref(&order), &[position("A", net)], &accepted) {
                    continue;
                }
                now += (order.quantity as f64 * filled) as i64;
                accepted.push(order);
                prop_assert!(now.abs() <= net.abs() && now.signum() * net.signum() >= 0, "{net} -> {now}");
            }
        }
    }
}
