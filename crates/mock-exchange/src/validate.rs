//! What is wrong with an order by itself (docs/fyers-api.md, "Order validation").

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::{
    instrument::Instrument,
    new_order::NewOrder,
    order::{has_limit, has_stop},
};
use fyers_api::model::{OrderType, Product, Side};
use fyers_api::{
    codes,
    error::{ApiError, CLIENT},
};

/// Largest quantity of an order: far above any exchange's, far below what sums can hold.
pub(crate) const MAX_QUANTITY: i64 = 10_000_000;
/// Highest price in INR, for the same reason.
pub(crate) const MAX_PRICE: Decimal = Decimal::from_parts(100_000_000, 0, 0, false, 0);

/// How far from a tick a price may be and count as on it, in INR.
const DUST: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

/// The rules that need nothing but the values themselves: quantity, tag, disclosed quantity, range of prices.
///
/// # Errors
/// -50.
pub(crate) fn values(order: &NewOrder) -> Result<(), ApiError> {
    let request = &order.request;
    let prices = [request.limit_price, request.stop_price];
    let prices = prices.iter().all(|price| (Decimal::ZERO..=MAX_PRICE).contains(price));
    let legs = order.legs.is_none_or(|legs| {
        let distances = [legs.stop_loss, legs.take_profit];
        distances.into_iter().flatten().all(|distance| distance > Decimal::ZERO && distance <= MAX_PRICE)
    });
    let rules = [
        (request.tag.as_deref().is_none_or(good_tag), "orderTag is 1 to 30 letters and digits of your own"),
        ((1..=MAX_QUANTITY).contains(&request.quantity), "qty is a whole number from 1 to 1,00,00,000"),
        ((0..=request.quantity).contains(&order.disclosed), "disclosedQty is from 0 to qty"),
        (prices, "limitPrice and stopPrice are from 0 to 10,00,00,000"),
        (legs, "stopLoss and takeProfit are distances above 0"),
    ];
    rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(ApiError::invalid(rule)))
}

/// The order's own price in INR, which tells a share's tick while no price of it is known.
pub(crate) fn own_price(order: &NewOrder) -> Option<Decimal> {
    let prices = [order.request.limit_price, order.request.stop_price];
    prices.into_iter().find(|price| *price > Decimal::ZERO)
}

/// The order with prices that are almost on a tick on it: they come as binary floats, 100.15 as 100.15000000000001.
pub(crate) fn on_ticks(order: &NewOrder, tick: Decimal) -> Cow<'_, NewOrder> {
    let given = (order.request.limit_price, order.request.stop_price);
    let near = (near_tick(given.0, tick), near_tick(given.1, tick));
    // Not by value: 100.00 is to be 100 in the books.
    if [near.0.scale(), near.1.scale()] == [given.0.scale(), given.1.scale()] && near == given {
        return Cow::Borrowed(order);
    }
    let mut order = order.clone();
    (order.request.limit_price, order.request.stop_price) = near;
    Cow::Owned(order)
}

/// The tick within [`DUST`] of a price, or the price itself.
pub(crate) fn near_tick(price: Decimal, tick: Decimal) -> Decimal {
    if (price % tick).is_zero() {
        return price.normalize();
    }
    let nearest = (price / tick).round() * tick;
    if (price - nearest).abs() <= DUST { nearest.normalize() } else { price }
}

fn good_tag(tag: &str) -> bool {
    let plain = tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (1..=30).contains(&tag.len()) && plain && tag != "Untagged" && tag != CLIENT
}

/// The rules that depend on the symbol and its last price. `ltp` is `None` when it is not known or not to be
/// looked at; `mtf` says whether the account may use the margin trading facility.
///
/// # Errors
/// -50.
pub(crate) fn fits(
    order: &NewOrder,
    instrument: &Instrument,
    ltp: Option<Decimal>,
    mtf: bool,
) -> Result<(), ApiError> {
    let request = &order.request;
    if instrument.kind.is_derivative() && request.quantity % instrument.lot != 0 {
        return Err(ApiError::off_lot());
    }
    if instrument.kind.is_derivative() && order.disclosed > 0 {
        return Err(ApiError::invalid_input());
    }
    product_fits(request.product, instrument, mtf)?;
    prices_fit(order)?;
    on_tick("LimitPrice", request.limit_price, instrument.tick)?;
    on_tick("StopPrice", request.stop_price, instrument.tick)?;
    stop_ahead(order, ltp)
}

/// CNC and MTF are for shares, MARGIN is for derivatives, INTRADAY for everything.
pub(crate) fn product_fits(product: Product, instrument: &Instrument, mtf: bool) -> Result<(), ApiError> {
    let fits = match product {
        Product::Intraday => true,
        Product::Cnc => !instrument.kind.is_derivative(),
        Product::Mtf => mtf && !instrument.kind.is_derivative(),
        Product::Margin => instrument.kind.is_derivative(),
        Product::Co | Product::Bo | Product::Other => false,
    };
    let refusal = || ApiError::product_not_enabled(codes::product_word(product), instrument.segment_name());
    if fits { Ok(()) } else { Err(refusal()) }
}

/// Each type has the prices it needs and no others, and a stop-limit's stop comes before its limit.
fn prices_fit(order: &NewOrder) -> Result<(), ApiError> {
    let request = &order.request;
    let (limit, stop) = (request.limit_price, request.stop_price);
    if has_limit(request.order_type) == limit.is_zero() {
        return Err(ApiError::price_mismatch("limitPrice", limit));
    }
    if has_stop(request.order_type) == stop.is_zero() {
        return Err(ApiError::price_mismatch("stopPrice", stop));
    }
    let in_order = match request.side {
        Side::Buy => stop < limit,
        Side::Sell => stop > limit,
    };
    if request.order_type == OrderType::StopLimit && !in_order {
        return Err(ApiError::price_mismatch("limitPrice", limit));
    }
    Ok(())
}

fn on_tick(field: &str, price: Decimal, tick: Decimal) -> Result<(), ApiError> {
    if (price % tick).is_zero() { Ok(()) } else { Err(ApiError::off_tick(field, tick)) }
}

/// The trigger of a GTT order.
pub(crate) fn trigger(price: Decimal, tick: Decimal) -> Result<(), ApiError> {
    if price <= Decimal::ZERO || price > MAX_PRICE {
        return Err(ApiError::invalid_input());
    }
    on_tick("TriggerPrice", price, tick)
}

/// A stop lies where the price has not been yet.
fn stop_ahead(order: &NewOrder, ltp: Option<Decimal>) -> Result<(), ApiError> {
    let (stop, stops) = (order.request.stop_price, has_stop(order.request.order_type));
    let behind = ltp.is_some_and(|ltp| match order.request.side {
        Side::Buy => stop < ltp,
        Side::Sell => stop > ltp,
    });
    if stops && behind { Err(ApiError::price_mismatch("stopPrice", stop)) } else { Ok(()) }
}
