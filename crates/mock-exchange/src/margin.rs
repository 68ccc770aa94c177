//! What orders would block, by the very sums that block it when they are placed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::{
    account::PositionKey,
    book::Book,
    new_order::NewOrder,
    risk::{account_of, margin_now, margin_of, reserve},
};
use fyers_api::error::ApiError;

/// Money in INR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Margin {
    /// Free now.
    pub available: Decimal,
    /// Blocked once these orders wait or have traded, for all that is there already too.
    pub total: Decimal,
    /// What they add to it together.
    pub new_orders: Decimal,
    /// What each would add if it were alone.
    pub alone: Vec<Decimal>,
}

/// The margin of these orders, in their order.
///
/// # Errors
/// -99 when a market order's symbol has no price.
pub(crate) fn needed(book: &Book, orders: &[NewOrder]) -> Result<Margin, ApiError> {
    let balances = book.balances();
    let together = added(book, orders)?;
    let alone =
        orders.iter().map(|order| added(book, std::slice::from_ref(order))).collect::<Result<_, _>>()?;
    Ok(Margin {
        available: balances.available,
        total: balances.utilized + together,
        new_orders: together,
        alone,
    })
}

fn added(book: &Book, orders: &[NewOrder]) -> Result<Decimal, ApiError> {
    let mut accounts = BTreeMap::new();
    for order in orders {
        let request = &order.request;
        let key = PositionKey::new(&request.symbol, request.product);
        let account = accounts.entry(key).or_insert_with(|| account_of(book, order));
        let value = reserve(book, order)? * Decimal::from(request.quantity * account.multiplier);
        account.open_mut(request.side).add(request.quantity, value);
    }
    let more = accounts
        .values()
        .map(|account| margin_of(book, account) - margin_now(book, &account.symbol, account.product));
    Ok(more.sum())
}
