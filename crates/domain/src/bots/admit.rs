//! The one decision about a bot's request: its key first, then where it goes, then its limits.
//!
//! Limits are checked before anything leaves. What only brings an open position nearer to zero, beside everything that may
//! still fill, always passes them, by the rule that holds for a halt too (`routing/route/exits`); cancels do anyway. What
//! cannot be checked is refused: a loss is not known while the price of one position is not, nor before FYERS' order book has
//! been read.

mod change;
mod exits;
mod unseen;

use std::collections::BTreeSet;

use fyers_api::{http::ApiRequest, operation::Operation};
use rust_decimal::Decimal;

use change::ChangedOrder;
use exits::{as_exit, exits_beside, judged, would_be_exit};
pub use unseen::{reads_again_for_limits, reads_for_limits};

use crate::{
    bots::{
        books::{BotBooks, counts},
        reached::has_reached,
    },
    keys::{BotKey, BotName, LimitKind},
    money::rupees,
    routing::{
        no_exit::NoExit,
        own::OwnDay,
        request::{Leg, OrderCall},
        route::{Refused, Route, Snapshot, closes_alone, only_reduces, route},
    },
};

/// What is known beside the snapshot when limits are checked.
pub struct Knowledge<'a> {
    /// Whose orders are whose.
    pub books: &'a BotBooks,
    /// Prices of now in INR, where they are known.
    pub price: &'a dyn Fn(&str) -> Option<Decimal>,
    /// Units that one of a symbol stands for, where they are known.
    pub units: &'a dyn Fn(&str) -> Option<i64>,
    /// The bot's day at these prices; asked for where its key has limits.
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
        let stays_exit = changed.stays_exit(now, (key, books), real);
        return (!stays_exit).then(|| symbols.into_iter().collect());
    }
    let judged = judged(now, (key.name(), books), None);
    if !counts(call.operation) || as_exit(&judged, call, real).is_ok() {
        return None;
    }
    let beside = exits_beside(&judged, (key, books), call, real);
    let legs = call.legs.iter().chain(&beside);
    let by_market = legs.filter(|leg| is_by_market(leg, is_at_market(leg)));
    Some(by_market.map(|leg| leg.symbol.clone()).collect())
}

fn within_limits(
    now: &Snapshot,
    key: &BotKey,
    call: &OrderCall,
    request: &ApiRequest,
    (known, real): (&Knowledge<'_>, bool),
) -> Result<(), Refused> {
    use Operation::{Cancel, CancelGtt, CancelMany, ConvertPosition, ExitPositions, Modify, PlaceGtt};
    let (limits, bot) = (key.stored.limits, key.name());
    if !limits.any() || matches!(call.operation, Cancel | CancelMany | CancelGtt) {
        return Ok(());
    }
    let unchecked = |why: &str| Refused::Unchecked { bot: bot.clone(), why: why.to_owned() };
    let no_exit = |why| Refused::NoExit { bot: bot.clone(), why };
    let judged = judged(now, (bot, known.books), None);
    match call.operation {
        ExitPositions => return only_reduces(&judged, call, real).map_err(no_exit),
        ConvertPosition => return takes_none_away(&judged, call, real).map_err(no_exit),
        Modify => return modify(now, key, request, (known, real)),
        operation if !counts(operation) || operation == Operation::LiveOrder => {
            return Err(unchecked(
                "the keeper cannot check them for this kind of request; place single orders",
            ));
        }
        _ if !call.understood => return Err(unchecked("the keeper cannot read every order in this request")),
        _ => {}
    }
    let Err(why) = as_exit(&judged, call, real) else { return Ok(()) };
    if call.operation == PlaceGtt && real && limits.max_loss.is_some() {
        return Err(unchecked(
            "FYERS does not tell whose GTT order has filled, so that its loss would not be known; place single orders",
        ));
    }
    as_entry(now, key, call, (known, real), &exits_beside(&judged, (key, known.books), call, real)).map_err(
        |limit| match would_be_exit(&judged, call, real) && why != NoExit::Entry {
            true => no_exit(why),
            false => limit,
        },
    )
}

/// A conversion takes a position away from the orders that close it.
fn takes_none_away(now: &Snapshot, call: &OrderCall, real: bool) -> Result<(), NoExit> {
    if real && !now.has_read_the_books() {
        return Err(NoExit::Unknown);
    }
    closes_alone(now, call, real)
}

/// What no exit is must be within all limits; so must those that wait as exits, and would be entries `beside` it.
fn as_entry(
    now: &Snapshot,
    key: &BotKey,
    call: &OrderCall,
    (known, real): (&Knowledge<'_>, bool),
    beside: &[Leg],
) -> Result<(), Refused> {
    let (bot, limits) = (key.name(), key.stored.limits);
    lost(now, key, known, real)?;
    counted(bot, limits.max_orders_per_day, &known.day, orders_in(call))?;
    // A stop without a limit is the least that a purchase costs.
    let with_stop = |(leg, stop): (&Leg, &Decimal)| Leg { price: leg.price.max(*stop), ..leg.clone() };
    let worth: Vec<Leg> = call.legs.iter().zip(&call.stops).map(with_stop).collect();
    let new = call.legs.iter().zip(&worth).map(|(leg, worth)| (worth, is_at_market(leg), "this order"));
    let words = "beside this order one that waits as an exit would be an entry: that";
    let beside = beside.iter().map(|leg| (leg, is_at_market(leg), words));
    new.chain(beside).try_for_each(|order| valued(bot, limits.max_order_value, order, known))
}

fn is_at_market(leg: &Leg) -> bool {
    leg.price <= Decimal::ZERO
}

/// A loss that is not known may be one above the limit.
fn lost(now: &Snapshot, key: &BotKey, known: &Knowledge<'_>, real: bool) -> Result<(), Refused> {
    let (bot, day) = (key.name(), &known.day);
    let Some(limit) = key.stored.limits.max_loss else { return Ok(()) };
    if let Some(why) = stopped(bot, day, limit).filter(|_| day.has_lost) {
        return Err(why);
    }
    let unknown = |why: String| {
        let why = format!("{why}, so that its loss of today is not known; entries wait, exits pass");
        Err(Refused::Unchecked { bot: bot.clone(), why })
    };
    if let Some(symbol) = day.unpriced.first() {
        if (known.units)(symbol).is_none() {
            return unknown(format!("{}, which it trades", unmeasured(symbol)));
        }
        return unknown(format!("the price of {symbol}, which it holds, is not known now"));
    }
    if real && !now.has_read_the_books() {
        return unknown("FYERS' order book has not been read a short while ago".to_owned());
    }
    if real && known.books.has_unknown(bot) {
        return unknown("nobody knows what became of an order of it that got no answer".to_owned());
    }
    stopped(bot, day, limit).map_or(Ok(()), Err)
}

/// Why a bot sends no entries any more today whose loss has reached this limit, now or at a moment before.
pub fn stopped(bot: &BotName, day: &OwnDay, limit: Decimal) -> Option<Refused> {
    let most = rupees(limit);
    let words = if has_reached(day, limit) {
        let loss = rupees(-day.result);
        format!(
            "bot {bot} has lost {loss} today, and its key's max-loss is {most}: entries are refused until tomorrow; exits pass"
        )
    } else if day.has_lost {
        format!(
            "bot {bot} has lost its key's max-loss of {most} at a moment of today: entries are refused until tomorrow, \
             whatever has become of it since; exits pass"
        )
    } else {
        return None;
    };
    Some(Refused::Limit { limit: LimitKind::Loss, words })
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
    let Some(units) = (known.units)(&leg.symbol) else {
        let why = format!("{}, so its value cannot be checked", unmeasured(&leg.symbol));
        return Err(Refused::Unchecked { bot: bot.clone(), why });
    };
    let quantity = Decimal::from(leg.quantity.unsigned_abs()).checked_mul(units.into());
    let value = quantity.and_then(|quantity| price.checked_mul(quantity)).unwrap_or(Decimal::MAX);
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

fn unmeasured(symbol: &str) -> String {
    format!("no symbol master tells how many units one of {symbol} stands for")
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
    if changed.stays_exit(now, (key, known.books), real) {
        return Ok(());
    }
    if real && !now.looked {
        // What a change does not name, as the stop, the order has, and only its book says it.
        return Err(unchecked("FYERS' order book has not been read since the start; try again in a moment"));
    }
    lost(now, key, known, real)?;
    let what = "with this change, and those sent before it, this may be an order";
    let order = (&changed.leg(), changed.is_at_market(), what);
    valued(key.name(), key.stored.limits.max_order_value, order, known)
}

#[cfg(test)]
pub(crate) mod tests;
