//! The one decision about a bot's request: its key first, then where it goes, then its limits.
//!
//! Limits are checked before anything leaves. What only brings an open position nearer to zero always passes them, by
//! the rule that holds for a halt too; cancels and exits of positions do anyway. What cannot be checked is refused: a
//! loss is not known while the price of one position is not, nor before FYERS' order book has been read.

mod change;

use std::collections::BTreeSet;

use fyers_api::{http::ApiRequest, model::Position, operation::Operation};
use mock_exchange::symbol::{Kind, is_well_formed};
use rust_decimal::Decimal;

use change::ChangedOrder;

use crate::{
    bots::{
        books::{BotBooks, counts},
        reached::loses,
    },
    keys::{BotKey, BotName, LimitKind},
    money::rupees,
    routing::{
        exposure::reduces,
        own::OwnDay,
        request::{Leg, OrderCall},
        route::{Refused, Route, Snapshot, route},
    },
};

/// What is known beside the snapshot when limits are checked.
pub struct Knowledge<'a> {
    /// Whose orders are whose.
    pub books: &'a BotBooks,
    /// Prices of now in INR, where they are known.
    pub price: &'a dyn Fn(&str) -> Option<Decimal>,
    /// The bot's day at these prices.
    pub day: OwnDay,
}

/// Where a bot's request goes. `now` is the snapshot as this bot sees it ([`Snapshot::seen_by`]).
pub fn decide(
    now: &Snapshot,
    key: &BotKey,
    call: &OrderCall,
    request: &ApiRequest,
    known: &Knowledge<'_>,
) -> Route {
    if !call.operation.trades() {
        return route(now, call);
    }
    if key.stored.read_only {
        return Route::Refused(Refused::ReadOnly(key.name().clone()));
    }
    let goes = route(now, call);
    match goes {
        Route::Refused(_) => goes,
        _ => match within_limits(now, key, call, request, (known, goes == Route::Fyers)) {
            Ok(()) => goes,
            Err(why) => Route::Refused(why),
        },
    }
}

/// How many orders of the day a request uses up.
pub fn orders_in(call: &OrderCall) -> u32 {
    if counts(call.operation) { u32::try_from(call.legs.len().max(1)).unwrap_or(u32::MAX) } else { 0 }
}

/// Symbols whose price must be known to check the request: those of orders that have no limit to go by, and for a loss those
/// that the bot holds. Exits need none.
pub fn to_be_priced(
    now: &Snapshot,
    key: &BotKey,
    call: &OrderCall,
    request: &ApiRequest,
    books: &BotBooks,
) -> Vec<String> {
    let limits = key.stored.limits;
    if limits.max_order_value.is_none() && limits.max_loss.is_none() {
        return vec![];
    }
    let goes = route(now, call);
    if matches!(goes, Route::Refused(_)) {
        return vec![];
    }
    let Some(ordered) = ordered(now, key, (call, request, books), goes == Route::Fyers) else {
        return vec![];
    };
    let of_value = ordered.into_iter().filter(|_| limits.max_order_value.is_some());
    let held = if limits.max_loss.is_some() { books.held(key.name()) } else { BTreeSet::new() };
    let all: BTreeSet<String> = of_value.chain(held).collect();
    all.into_iter().collect()
}

/// Symbols of the orders in a request that are worth what the market says; `None` where no limit is checked.
fn ordered(
    now: &Snapshot,
    key: &BotKey,
    (call, request, books): (&OrderCall, &ApiRequest, &BotBooks),
    real: bool,
) -> Option<Vec<String>> {
    let is_by_market = |leg: &Leg, is_at_market: bool| is_at_market || leg.quantity < 0;
    if call.operation == Operation::Modify {
        let changed = ChangedOrder::read(key.name(), request, books).ok()?;
        let leg = changed.leg();
        let symbols = is_by_market(&leg, changed.is_at_market()).then_some(leg.symbol);
        return (!changed.stays_exit(now, &now.own(key), real)).then(|| symbols.into_iter().collect());
    }
    if !counts(call.operation) || passes_as_exit(now, key, call, real) {
        return None;
    }
    let by_market = call.legs.iter().filter(|leg| is_by_market(leg, is_at_market(leg)));
    Some(by_market.map(|leg| leg.symbol.clone()).collect())
}

fn within_limits(
    now: &Snapshot,
    key: &BotKey,
    call: &OrderCall,
    request: &ApiRequest,
    (known, real): (&Knowledge<'_>, bool),
) -> Result<(), Refused> {
    use Operation::{Cancel, CancelGtt, CancelMany, ConvertPosition, ExitPositions};
    let limits = key.stored.limits;
    if !limits.any()
        || matches!(call.operation, Cancel | CancelMany | CancelGtt | ConvertPosition | ExitPositions)
    {
        return Ok(());
    }
    let unchecked = |why: &str| Refused::Unchecked { bot: key.name().clone(), why: why.to_owned() };
    if call.operation == Operation::Modify {
        return modify(now, key, request, (known, real));
    }
    if !counts(call.operation) || call.operation == Operation::LiveOrder {
        return Err(unchecked("the keeper cannot check them for this kind of request; place single orders"));
    }
    if !call.understood {
        return Err(unchecked("the keeper cannot read every order in this request"));
    }
    if passes_as_exit(now, key, call, real) {
        return Ok(());
    }
    let bot = key.name();
    lost(now, key, known, real)?;
    counted(bot, limits.max_orders_per_day, &known.day, orders_in(call))?;
    let new = |leg| (leg, is_at_market(leg), "this order");
    call.legs.iter().try_for_each(|leg| valued(bot, limits.max_order_value, new(leg), known))
}

fn passes_as_exit(now: &Snapshot, key: &BotKey, call: &OrderCall, real: bool) -> bool {
    let own = now.own(key);
    let (positions, waiting): (_, Vec<&Leg>) = if real {
        (&now.live.positions, now.live.waiting.iter().chain(&now.sent.legs).collect())
    } else {
        (&now.simulated, own.waiting.iter().collect())
    };
    call.understood && !call.has_extras && is_exit(&call.legs, positions, waiting)
}

/// Whether it sells shares from delivery, of which nobody can be short. Of futures and options anybody can, whatever product
/// the order names.
fn sells_delivery(leg: &Leg) -> bool {
    let (symbol, product) = leg.key();
    let is_share = is_well_formed(&symbol) && Kind::of(&symbol) == Kind::Equity;
    leg.quantity < 0 && product == "CNC" && is_share
}

fn is_at_market(leg: &Leg) -> bool {
    leg.price <= Decimal::ZERO
}

/// Exits by the rule of exits; selling delivery is one too.
fn is_exit<'a>(legs: &[Leg], positions: &[Position], waiting: impl IntoIterator<Item = &'a Leg>) -> bool {
    reduces(legs, positions, waiting) || (!legs.is_empty() && legs.iter().all(sells_delivery))
}

/// A loss that is not known may be one above the limit.
fn lost(now: &Snapshot, key: &BotKey, known: &Knowledge<'_>, real: bool) -> Result<(), Refused> {
    let (bot, day) = (key.name(), &known.day);
    let Some(limit) = key.stored.limits.max_loss else { return Ok(()) };
    let unknown = |why: String| {
        let why = format!("{why}, so that its loss of today is not known; entries wait, exits pass");
        Err(Refused::Unchecked { bot: bot.clone(), why })
    };
    if let Some(symbol) = day.unpriced.first() {
        return unknown(format!("the price of {symbol}, which it holds, is not known now"));
    }
    if real && !now.has_read_the_books() {
        return unknown("FYERS' order book has not been read a short while ago".to_owned());
    }
    if !loses(day, limit) {
        return Ok(());
    }
    let (loss, limit) = (rupees(-day.result), rupees(limit));
    let words = format!(
        "bot {bot} has lost {loss} today, and its key's max-loss is {limit}: entries are refused until \
         tomorrow; exits pass"
    );
    Err(Refused::Limit { limit: LimitKind::Loss, words })
}

fn counted(bot: &BotName, limit: Option<u32>, day: &OwnDay, more: u32) -> Result<(), Refused> {
    let Some(limit) = limit.filter(|limit| day.orders.saturating_add(more) > *limit) else { return Ok(()) };
    let sent = day.orders;
    let words = format!(
        "bot {bot} has sent {sent} orders today, this would be {more} more, and its key's max-orders-per-day is \
         {limit}: entries are refused until tomorrow; exits pass"
    );
    Err(Refused::Limit { limit: LimitKind::OrdersPerDay, words })
}

fn valued(
    bot: &BotName,
    limit: Option<Decimal>,
    (leg, is_at_market, what): (&Leg, bool, &str),
    known: &Knowledge<'_>,
) -> Result<(), Refused> {
    let Some(limit) = limit else { return Ok(()) };
    // The limit of a buy order is the most it costs; that of a sell order is the least it brings.
    let price = match is_at_market || leg.quantity < 0 {
        true => (known.price)(&leg.symbol).map(|last| last.max(leg.price)),
        false => Some(leg.price),
    };
    let Some(price) = price else {
        let why = format!("the price of {} is not known, so its value cannot be checked", leg.symbol);
        return Err(Refused::Unchecked { bot: bot.clone(), why });
    };
    let quantity = Decimal::from(leg.quantity.unsigned_abs());
    let value = price.checked_mul(quantity).unwrap_or(Decimal::MAX);
    if value <= limit {
        return Ok(());
    }
    let words = format!(
        "{what} of {} {} is worth {}, and the max-order-value of bot {bot}'s key is {}; exits pass",
        leg.quantity,
        leg.symbol,
        rupees(value),
        rupees(limit)
    );
    Err(Refused::Limit { limit: LimitKind::OrderValue, words })
}

/// A changed order is worth at most what a new one may be, and none is changed that may not be placed.
fn modify(
    now: &Snapshot,
    key: &BotKey,
    request: &ApiRequest,
    (known, real): (&Knowledge<'_>, bool),
) -> Result<(), Refused> {
    let unchecked = |why: &str| Refused::Unchecked { bot: key.name().clone(), why: why.to_owned() };
    let changed = ChangedOrder::read(key.name(), request, known.books).map_err(unchecked)?;
    if changed.stays_exit(now, &now.own(key), real) {
        return Ok(());
    }
    lost(now, key, known, real)?;
    let what = "with this change, and those sent before it, this may be an order";
    let order = (&changed.leg(), changed.is_at_market(), what);
    valued(key.name(), key.stored.limits.max_order_value, order, known)
}

#[cfg(test)]
pub(crate) mod tests;
