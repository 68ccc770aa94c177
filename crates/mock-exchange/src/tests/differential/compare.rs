//! What must be the same after each act.

use std::collections::BTreeSet;

use proptest::test_runner::TestCaseError;

use super::{
    listed::{SYMBOLS, TRADED},
    model::Model,
    orders::{End, Order},
    requests::product,
};
use crate::tests::*;

pub(super) type Checked = Result<(), TestCaseError>;

pub(super) fn check(holds: bool, words: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(TestCaseError::fail(words())) }
}

/// Each split of a cost is rounded to the hundredth of a paisa: less than half a paisa in all is no difference.
fn near(amount: Decimal, paise: f64) -> bool {
    (amount.to_string().parse::<f64>().unwrap() * 100.0 - paise).abs() < 0.5
}

/// The model learns how the exchange calls the orders that followed from others: they come in the same order.
pub(super) fn name_orders(engine: &Engine, model: &mut Model) -> Checked {
    let known: BTreeSet<String> = model.orders.iter().filter_map(|order| order.id.clone()).collect();
    let is_new = |order: &OrderState| {
        let brokers = matches!(order.origin, Origin::SquareOff | Origin::Expiry);
        !brokers && order.status != OrderStatus::Rejected && !known.contains(&order.id)
    };
    let mut new = engine.orders().filter(is_new);
    for order in model.orders.iter_mut().filter(|order| order.id.is_none()) {
        let Some(named) = new.next() else { return check(false, || format!("{order:?} is not in the book")) };
        let of = |symbol: &str, side: Side| (symbol.to_owned(), side.sign());
        let found = of(named.symbol(), named.side());
        check(found == (SYMBOLS[order.symbol].name.to_owned(), order.sign), || {
            format!("{named:?} is there in the place of {order:?}")
        })?;
        order.id = Some(named.id.clone());
    }
    let more = new.next();
    check(more.is_none(), || format!("the model does not have {more:?}"))
}

pub(super) fn compare(engine: &Engine, model: &Model, capital: Decimal) -> Checked {
    compare_fills(engine, model)?;
    model.orders.iter().try_for_each(|order| compare_order(engine, order))?;
    let ledger = engine.ledger();
    let cash = ledger.cash - capital;
    check(cash == inr(model.cash), || format!("cash: {cash}, the model has {}", model.cash))?;
    let today: f64 = model.positions.iter().flatten().map(|one| one.realized_today).sum();
    let realized = (ledger.realized.today, ledger.realized.before);
    check(near(realized.0, today) && near(realized.1, model.realized_before), || {
        format!("realized: {realized:?}, the model has {today} and {}", model.realized_before)
    })?;
    let waiting: BTreeSet<&String> = ledger.gtts_waiting.values().flatten().collect();
    let own: BTreeSet<&String> = model.gtts.iter().map(|gtt| &gtt.id).collect();
    check(waiting == own, || format!("GTT orders: {waiting:?}, the model has {own:?}"))?;
    (0..TRADED).try_for_each(|symbol| compare_symbol(engine, model, symbol))
}

/// No rule says in which order the broker's own come, and the model has no names for them.
fn compare_fills(engine: &Engine, model: &Model) -> Checked {
    let known: BTreeSet<&String> = model.orders.iter().filter_map(|order| order.id.as_ref()).collect();
    let sorted = |mut fills: Vec<(String, i64, Decimal)>| {
        fills.sort_by_key(|(id, quantity, price)| id.is_empty().then_some((*quantity, *price)));
        fills
    };
    let name = |id: &String| known.get(id).map_or_else(String::new, ToString::to_string);
    let trades = engine.trades();
    let fills = sorted(trades.map(|trade| (name(&trade.order_id), trade.quantity, trade.price)).collect());
    let id = |at: usize| model.orders[at].id.clone().unwrap_or_default();
    let own = model.fills.iter();
    let own = sorted(
        own.map(|(at, quantity, price)| (at.map(id).unwrap_or_default(), *quantity, inr(*price))).collect(),
    );
    check(fills == own, || format!("fills: {fills:?}, the model has {own:?}"))
}

fn compare_order(engine: &Engine, order: &Order) -> Checked {
    let state = engine.ledger().orders.get(order.id.as_deref().unwrap_or_default()).unwrap();
    let status = match order.end {
        None => OrderStatus::Pending,
        Some(End::Traded) => OrderStatus::Traded,
        Some(End::Cancelled) => OrderStatus::Cancelled,
        Some(End::Expired) => OrderStatus::Expired,
    };
    let request = &state.order.request;
    let stop = state.is_dormant().then_some(request.stop_price);
    let found = (state.status, state.filled, request.quantity, state.limit(), stop);
    let own = (status, order.filled, order.quantity, order.limit.map(inr), order.stop.map(inr));
    check(found == own, || format!("{state:?}, the model has {order:?}"))
}

fn compare_symbol(engine: &Engine, model: &Model, symbol: usize) -> Checked {
    let held = engine.ledger().holdings.get(SYMBOLS[symbol].name).copied().unwrap_or_default();
    let own = model.held[symbol];
    check(held.quantity == own.quantity && near(held.value, own.cost), || {
        format!("held: {held:?}, the model has {own:?}")
    })?;
    [false, true].into_iter().try_for_each(|carries| compare_position(engine, model, symbol, carries))
}

fn compare_position(engine: &Engine, model: &Model, symbol: usize, carries: bool) -> Checked {
    let wanted = model.positions[symbol][usize::from(carries)];
    let product = match product(symbol, carries) {
        "INTRADAY" => Product::Intraday,
        "MARGIN" => Product::Margin,
        _ => Product::Cnc,
    };
    let key = PositionKey::new(SYMBOLS[symbol].name, product);
    let none = Account::new(&key.symbol, product);
    let found = engine.ledger().accounts.get(&key).unwrap_or(&none);
    let side =
        |leg: Turnover, (quantity, value): (i64, f64)| leg.quantity == quantity && near(leg.value, value);
    let sides = wanted.converted || (side(found.buy, wanted.sides[0]) && side(found.sell, wanted.sides[1]));
    let same = (found.net, found.carried) == (wanted.net, wanted.carried) && near(found.cost, wanted.cost);
    check(sides && same && near(found.realized, wanted.realized_today), || {
        format!("{}: {found:?}, the model has {wanted:?}", key.symbol)
    })
}
