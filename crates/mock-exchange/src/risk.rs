//! What risk management says to an order that is right by itself: is there the money, are there the shares,
//! is it allowed now. At the broker such an order is in the book as rejected.

use rust_decimal::Decimal;

use crate::{
    Engine,
    account::Account,
    command::NewOrder,
    instrument::{Instrument, Kind},
    order::{OrderState, has_limit, has_stop},
};
use fyers_api::model::{OrderType, Product, Side};
use fyers_api::{codes, error::ApiError};

/// The price in INR at which margin is set aside for an order.
///
/// # Errors
/// -99 with the broker's text, when the order is not to be taken. `replaces` is the waiting order that this one is the
/// new version of: what is set aside for that one is free for this one.
pub(super) fn judge(
    engine: &Engine,
    order: &NewOrder,
    instrument: &Instrument,
    replaces: Option<&OrderState>,
) -> Result<Decimal, ApiError> {
    if order.request.product == Product::Intraday && engine.ledger.squared_off {
        return Err(ApiError::after_square_off());
    }
    within_circuit(order, instrument)?;
    let reserve = reserve(engine, order)?;
    let quantity = order.request.quantity - replaces.map_or(0, |old| old.filled);
    let mut account = account_without(engine, order, replaces);
    held(engine, order, quantity, &account)?;
    let value = reserve * Decimal::from(quantity);
    account.open_mut(order.request.side).add(quantity, value);
    affordable(engine, margin_now(engine, &account.symbol, account.product), margin_of(engine, &account))?;
    Ok(reserve)
}

fn within_circuit(order: &NewOrder, instrument: &Instrument) -> Result<(), ApiError> {
    let Some((lower, upper)) = instrument.circuit else { return Ok(()) };
    let request = &order.request;
    let prices = [
        (has_limit(request.order_type), request.limit_price),
        (has_stop(request.order_type), request.stop_price),
    ];
    let outside = prices.into_iter().find(|(used, price)| *used && !(lower..=upper).contains(price));
    match outside {
        Some((_, price)) => Err(ApiError::circuit(price, lower, upper, &request.symbol)),
        None => Ok(()),
    }
}

fn reserve(engine: &Engine, order: &NewOrder) -> Result<Decimal, ApiError> {
    let request = &order.request;
    match request.order_type {
        OrderType::Limit | OrderType::StopLimit => Ok(request.limit_price),
        OrderType::Stop => Ok(request.stop_price),
        OrderType::Market => {
            let top = engine.market.top(&request.symbol);
            let price = top.map(|top| top.touch(request.side));
            price.ok_or_else(|| ApiError::no_price(&request.symbol))
        }
    }
}

fn account_without(engine: &Engine, order: &NewOrder, replaces: Option<&OrderState>) -> Account {
    let request = &order.request;
    let known = engine.ledger.accounts.get(&codes::position_id(&request.symbol, request.product));
    let mut account = known.cloned().unwrap_or_else(|| Account::new(&request.symbol, request.product));
    if let Some(old) = replaces {
        let quantity = old.remaining();
        account.open_mut(old.side()).add(-quantity, -old.reserve * Decimal::from(quantity));
    }
    account
}

/// Delivery and the margin trading facility sell only what is there: settled, or bought today.
fn held(engine: &Engine, order: &NewOrder, quantity: i64, account: &Account) -> Result<(), ApiError> {
    let request = &order.request;
    let settled = match request.product {
        Product::Cnc => engine.ledger.holdings.get(&request.symbol).map_or(0, |holding| holding.quantity),
        Product::Mtf => 0,
        Product::Intraday | Product::Margin | Product::Co | Product::Bo | Product::Other => return Ok(()),
    };
    let free = settled + account.net - account.open_sell.quantity;
    if request.side == Side::Sell && quantity > free {
        return Err(ApiError::not_held(&request.symbol, quantity, free.max(0)));
    }
    Ok(())
}

fn margin_of(engine: &Engine, account: &Account) -> Decimal {
    account.margin(engine.config.leverage)
}

fn margin_now(engine: &Engine, symbol: &str, product: Product) -> Decimal {
    let account = engine.ledger.accounts.get(&codes::position_id(symbol, product));
    account.map_or(Decimal::ZERO, |account| margin_of(engine, account))
}

/// What needs no more money than before is always allowed, so that an overdrawn account can close its
/// positions.
pub(super) fn affordable(engine: &Engine, before: Decimal, after: Decimal) -> Result<(), ApiError> {
    let (more, available) = (after - before, engine.funds().available);
    if more <= Decimal::ZERO || more <= available {
        return Ok(());
    }
    Err(ApiError::margin_shortfall(more - available, available))
}

/// Whether a kind of symbol can be converted to a product.
pub(super) fn convertible(to: Product, kind: Kind, side: Side) -> bool {
    match to {
        Product::Intraday => true,
        Product::Margin => kind.is_derivative(),
        Product::Cnc => !kind.is_derivative() && side == Side::Buy,
        Product::Mtf | Product::Co | Product::Bo | Product::Other => false,
    }
}
