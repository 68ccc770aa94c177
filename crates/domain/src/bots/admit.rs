//! The one decision about a bot's request: its key first, then where it goes, then its limits.
//!
//! Limits are checked before anything leaves. What only brings an open position nearer to zero always passes them, by
//! the rule that holds for a halt too; cancels and exits of positions do anyway. What cannot be checked is refused: a
//! loss is not known while the price of one position is not, nor before FYERS' order book has been read.

use std::collections::BTreeSet;

use fyers_api::{
    http::ApiRequest,
    model::Position,
    number::{decimal, whole},
    operation::Operation,
};
use rust_decimal::Decimal;
use serde_json::Value;

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

/// Symbols whose price must be known to check the request: those of orders that name none, and for a loss those that
/// the bot holds. `held` are these. Exits need none.
pub fn to_be_priced(now: &Snapshot, key: &BotKey, call: &OrderCall, held: BTreeSet<String>) -> Vec<String> {
    let (limits, is_new) = (key.stored.limits, counts(call.operation));
    if !(limits.max_order_value.is_some() || limits.max_loss.is_some())
        || !(is_new || call.operation == Operation::Modify)
    {
        return vec![];
    }
    let goes = route(now, call);
    if matches!(goes, Route::Refused(_)) || (is_new && passes_as_exit(now, key, call, goes == Route::Fyers)) {
        return vec![];
    }
    let by_market = |leg: &&Leg| leg.price == Decimal::ZERO || leg.quantity < 0;
    let of_value = call.legs.iter().filter(|leg| limits.max_order_value.is_some() && by_market(leg));
    let of_loss = held.into_iter().filter(|_| limits.max_loss.is_some());
    let all: BTreeSet<String> = of_value.map(|leg| leg.symbol.clone()).chain(of_loss).collect();
    all.into_iter().collect()
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
    let positions = if real { &now.live.positions } else { &now.simulated };
    let unchecked = |why: &str| Refused::Unchecked { bot: key.name().clone(), why: why.to_owned() };
    if call.operation == Operation::Modify {
        return modify(now, key, request, (known, real), positions);
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
    call.legs.iter().try_for_each(|leg| valued(bot, limits.max_order_value, leg, known))
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

/// Exits by the rule of exits; selling delivery is one too, since nobody can be short of it.
fn is_exit<'a>(legs: &[Leg], positions: &[Position], waiting: impl IntoIterator<Item = &'a Leg>) -> bool {
    let sells_delivery = |leg: &Leg| leg.quantity < 0 && leg.key().1 == "CNC";
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

fn valued(bot: &BotName, limit: Option<Decimal>, leg: &Leg, known: &Knowledge<'_>) -> Result<(), Refused> {
    let Some(limit) = limit else { return Ok(()) };
    let at = Some(leg.price).filter(|price| *price > Decimal::ZERO);
    let last = || (known.price)(&leg.symbol);
    // The limit of a buy order is the most it costs; that of a sell order is the least it brings.
    let price = match at {
        Some(limit) if leg.quantity > 0 => Some(limit),
        Some(limit) => last().map(|last| last.max(limit)),
        None => last(),
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
        "this order of {} {} is worth {}, and the max-order-value of bot {bot}'s key is {}; exits pass",
        leg.quantity,
        leg.symbol,
        rupees(value),
        rupees(limit)
    );
    Err(Refused::Limit { limit: LimitKind::OrderValue, words })
}

/// Fields of a change that would make another order of it.
const ANOTHER_ORDER: [&str; 5] = ["symbol", "side", "productType", "stopLoss", "takeProfit"];

/// A changed order is worth at most what a new one may be, and none is changed that may not be placed.
fn modify(
    now: &Snapshot,
    key: &BotKey,
    request: &ApiRequest,
    (known, real): (&Knowledge<'_>, bool),
    positions: &[Position],
) -> Result<(), Refused> {
    let limits = key.stored.limits;
    if limits.max_order_value.is_none() && limits.max_loss.is_none() {
        return Ok(());
    }
    let unchecked = |why: &str| Refused::Unchecked { bot: key.name().clone(), why: why.to_owned() };
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let id = body["id"].as_str().map(str::to_owned).or_else(|| whole(&body["id"]).map(|id| id.to_string()));
    let Some(order) = id.and_then(|id| known.books.order(key.name(), &id)) else {
        return Err(unchecked("the keeper does not know this order as one of its own today"));
    };
    let asked = |name: &str| Some(&body[name]).filter(|value| !value.is_null());
    if ANOTHER_ORDER.iter().any(|name| asked(name).is_some()) {
        return Err(unchecked("a change of symbol, side, product or legs would make another order of it"));
    }
    let quantity = match asked("qty") {
        Some(value) => whole(value).filter(|quantity| *quantity > 0),
        None => Some(order.quantity.abs()),
    };
    // Without a limit it trades at the market, whatever its limit was before.
    let is_limit = |value: &Value| matches!(whole(value), Some(1 | 4));
    let price = match (asked("type"), asked("limitPrice")) {
        (Some(kind), _) if !is_limit(kind) => Some(Decimal::ZERO),
        // A limit bounds nothing where the order has none and the change does not make it one that has.
        (None, Some(_)) if order.price.is_zero() => Some(Decimal::ZERO),
        (_, Some(value)) => decimal(value),
        _ => Some(order.price),
    };
    let (Some(quantity), Some(price)) = (quantity, price) else {
        return Err(unchecked("the keeper cannot read quantity and price of this change"));
    };
    let leg = Leg { quantity: quantity.saturating_mul(order.quantity.signum()), price, ..order };
    // The order itself is on its way: only the position is asked.
    if is_exit(std::slice::from_ref(&leg), positions, []) {
        return Ok(());
    }
    lost(now, key, known, real)?;
    valued(key.name(), limits.max_order_value, &leg, known)
}

#[cfg(test)]
pub(crate) mod tests;
