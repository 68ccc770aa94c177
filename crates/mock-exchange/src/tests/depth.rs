//! Partial fills by what the order book shows, level by level.

use super::*;

/// SBIN at 800.00, with these offers to buy from and as many to sell to, a step of 0.05 apart.
fn shown(quantities: &[i64]) -> PriceUpdate {
    let level =
        |step: i64, quantity: i64, sign: i64| Level { price: inr(800_00 + sign * 5 * step), quantity };
    let side = |sign| {
        let all = (1..).zip(quantities).map(move |(step, quantity)| level(step, *quantity, sign));
        all.collect::<Vec<_>>()
    };
    let (asks, bids) = (side(1), side(-1));
    PriceUpdate {
        ask: asks.first().map(|level| level.price),
        bid: bids.first().map(|level| level.price),
        ask_quantity: asks.first().map(|level| level.quantity),
        bid_quantity: bids.first().map(|level| level.quantity),
        more_asks: asks.into_iter().skip(1).collect(),
        more_bids: bids.into_iter().skip(1).collect(),
        ..PriceUpdate::last(SBIN, inr(800_00), at(70))
    }
}

fn floor(quantities: &[i64]) -> Engine {
    let mut engine = exchange(rich());
    engine.execute(&Command::Quote(shown(quantities))).unwrap();
    engine
}

fn fills(engine: &Engine) -> Vec<(i64, Decimal)> {
    engine.trades().map(|trade| (trade.quantity, trade.price)).collect()
}

#[test]
fn a_market_order_goes_through_the_levels_and_the_rest_waits() {
    let mut engine = floor(&[10, 20, 30]);
    let id = engine.place(order(Side::Buy, 100)).unwrap();
    assert_eq!(fills(&engine), [(10, inr(800_05)), (20, inr(800_10)), (30, inr(800_15))]);
    assert_eq!((engine.status(&id), engine.state(&id).remaining()), (OrderStatus::Pending, 40));
    engine.execute(&Command::Quote(shown(&[25, 25]))).unwrap();
    assert_eq!(fills(&engine)[3..], [(25, inr(800_05)), (15, inr(800_10))]);
    assert_eq!(engine.status(&id), OrderStatus::Traded);
}

#[test]
fn what_one_order_took_is_gone_for_the_next() {
    let mut engine = floor(&[10, 20]);
    engine.place(order(Side::Buy, 15)).unwrap();
    engine.place(order(Side::Buy, 15)).unwrap();
    assert_eq!(fills(&engine), [(10, inr(800_05)), (5, inr(800_10)), (15, inr(800_10))]);
    let id = engine.place(order(Side::Sell, 25)).unwrap();
    assert_eq!(engine.status(&id), OrderStatus::Traded, "the other side is its own");
    assert_eq!(fills(&engine)[3..], [(10, inr(799_95)), (15, inr(799_90))]);
}

#[test]
fn a_limit_stops_at_its_price_and_ioc_drops_the_rest() {
    let mut engine = floor(&[10, 20, 30]);
    let id = engine.place(order(Side::Buy, 50).limit(800_10)).unwrap();
    assert_eq!(fills(&engine), [(10, inr(800_05)), (20, inr(800_10))]);
    assert_eq!(engine.status(&id), OrderStatus::Pending);
    let mut engine = floor(&[10, 20, 30]);
    let id = engine.place(order(Side::Sell, 50).limit(799_90).ioc()).unwrap();
    assert_eq!((engine.state(&id).filled, engine.status(&id)), (30, OrderStatus::Cancelled));
}

#[test]
fn a_released_stop_goes_through_the_levels_too() {
    let mut engine = floor(&[10, 10]);
    let id = engine.place(order(Side::Sell, 15).stop(790_00)).unwrap();
    let quote = PriceUpdate { ltp: inr(790_00), ..shown(&[10, 10]) };
    engine.execute(&Command::Quote(quote)).unwrap();
    assert_eq!(fills(&engine), [(10, inr(799_95)), (5, inr(799_90))]);
    assert_eq!(engine.status(&id), OrderStatus::Traded);
}
