//! What risk management says to an order that is right by itself: is there the money, are there the shares,
//! is it allowed now. At the broker such an order is in the book as rejected.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    account::Account,
    book::Book,
    instrument::Instrument,
    new_order::NewOrder,
    order::{OrderState, has_limit, has_stop},
    symbol::Kind,
    words,
};
use fyers_api::error::ApiError;
use fyers_api::model::{OrderType, Product, Side};

/// The price in INR at which margin is blocked for an order.
///
/// # Errors
/// -99 with the broker's text, when the order is not to be taken. `replaces` is the waiting order that this one is the
/// new version of: what is blocked for that one is free for this one.
pub(crate) fn judge(
    book: &Book,
    order: &NewOrder,
    instrument: &Instrument,
    replaces: Option<&OrderState>,
    at: DateTime<Utc>,
) -> Result<Decimal, ApiError> {
    if order.request.product == Product::Intraday && book.is_squared_off(instrument.segment, at) {
        return Err(ApiError::after_square_off());
    }
    within_freeze(order, instrument)?;
    within_band(book, order, instrument)?;
    let reserve = reserve(book, order)?;
    let quantity = order.request.quantity - replaces.map_or(0, |old| old.filled);
    let mut account = account_without(book, order, replaces);
    held(book, order, quantity, &account)?;
    let value = reserve * Decimal::from(quantity * account.multiplier);
    account.open_mut(order.request.side).add(quantity, value);
    affordable(book, margin_now(book, &account.symbol, account.product), margin_of(book, &account))?;
    Ok(reserve)
}

fn within_freeze(order: &NewOrder, instrument: &Instrument) -> Result<(), ApiError> {
    let (quantity, symbol) = (order.request.quantity, &instrument.symbol);
    match instrument.freeze {
        Some(freeze) if quantity > freeze => Err(words::over_freeze(symbol, quantity, freeze)),
        _ => Ok(()),
    }
}

/// Prices lie within the day's band: the master's, or by the previous close.
fn within_band(book: &Book, order: &NewOrder, instrument: &Instrument) -> Result<(), ApiError> {
    let request = &order.request;
    let prices = [
        (has_limit(request.order_type), request.limit_price),
        (has_stop(request.order_type), request.stop_price),
    ];
    let priced = prices.iter().any(|(used, _)| *used);
    let Some((lower, upper)) = priced.then(|| band(book, instrument)).flatten() else { return Ok(()) };
    let outside = prices.into_iter().find(|(used, price)| *used && !(lower..=upper).contains(price));
    match outside {
        Some((_, price)) => Err(ApiError::circuit(price, lower, upper, &request.symbol)),
        None => Ok(()),
    }
}

/// Lowest and highest price of the day in INR: the master's, else a fifth around the previous close for shares and a
/// tenth for futures (the widest the exchange allows, for the symbol's own band is not known). Options have none here.
pub(crate) fn band(book: &Book, instrument: &Instrument) -> Option<(Decimal, Decimal)> {
    let percent = match instrument.kind {
        _ if instrument.circuit.is_some() => return instrument.circuit,
        Kind::Equity => Decimal::from(20),
        Kind::Future => Decimal::from(10),
        Kind::Option | Kind::Index => return None,
    };
    let previous = book.market.reference(&instrument.symbol)?;
    let width = previous * percent / Decimal::ONE_HUNDRED;
    let on_tick = |price: Decimal| (price / instrument.tick).floor() * instrument.tick;
    Some((on_tick(previous - width), on_tick(previous + width)))
}

/// The price in INR at which an order blocks margin.
///
/// # Errors
/// -99 when a market order's symbol has no price.
pub(crate) fn reserve(book: &Book, order: &NewOrder) -> Result<Decimal, ApiError> {
    let request = &order.request;
    match request.order_type {
        OrderType::Limit | OrderType::StopLimit => Ok(request.limit_price),
        OrderType::Stop => Ok(request.stop_price),
        OrderType::Market => {
            let price = book.market_price(&request.symbol, request.side);
            price.ok_or_else(|| ApiError::no_price(&request.symbol))
        }
    }
}

fn account_without(book: &Book, order: &NewOrder, replaces: Option<&OrderState>) -> Account {
    let mut account = account_of(book, order);
    if let Some(old) = replaces {
        let quantity = old.remaining();
        account.open_mut(old.side()).add(-quantity, -old.reserve * Decimal::from(quantity * old.multiplier));
    }
    account
}

/// The position that an order is about, with what waits in it.
pub(crate) fn account_of(book: &Book, order: &NewOrder) -> Account {
    let request = &order.request;
    let known = book.ledger.accounts.get(&(request.symbol.as_str(), request.product));
    let mut account = known.cloned().unwrap_or_else(|| Account::new(&request.symbol, request.product));
    account.multiplier = book.multiplier(&request.symbol, request.product);
    account
}

/// Delivery and the margin trading facility sell only what is there: settled, or bought today.
fn held(book: &Book, order: &NewOrder, quantity: i64, account: &Account) -> Result<(), ApiError> {
    let request = &order.request;
    let settled = match request.product {
        Product::Cnc => book.ledger.holdings.get(&request.symbol).map_or(0, |holding| holding.quantity),
        Product::Mtf => 0,
        Product::Intraday | Product::Margin | Product::Co | Product::Bo | Product::Other => return Ok(()),
    };
    let free = settled + account.net - account.open_sell.quantity;
    if request.side == Side::Sell && quantity > free {
        return Err(ApiError::not_held(&request.symbol, quantity, free.max(0)));
    }
    Ok(())
}

pub(crate) fn margin_of(book: &Book, account: &Account) -> Decimal {
    account.margin(book.config.leverage)
}

pub(crate) fn margin_now(book: &Book, symbol: &str, product: Product) -> Decimal {
    let account = book.ledger.accounts.get(&(symbol, product));
    account.map_or(Decimal::ZERO, |account| margin_of(book, account))
}

/// What needs no more money than before is always allowed, so that an overdrawn account can close its
/// positions.
pub(crate) fn affordable(book: &Book, before: Decimal, after: Decimal) -> Result<(), ApiError> {
    let more = after - before;
    if more <= Decimal::ZERO {
        return Ok(());
    }
    let available = book.ledger.available();
    if more <= available {
        return Ok(());
    }
    Err(ApiError::margin_shortfall(more - available, available))
}

/// Whether a kind of symbol can be converted to a product.
pub(crate) fn convertible(to: Product, kind: Kind, side: Side) -> bool {
    match to {
        Product::Intraday => true,
        Product::Margin => kind.is_derivative(),
        Product::Cnc => !kind.is_derivative() && side == Side::Buy,
        Product::Mtf | Product::Co | Product::Bo | Product::Other => false,
    }
}
