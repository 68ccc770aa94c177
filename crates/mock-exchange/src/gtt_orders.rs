//! What happens to GTT orders: placing, changing, cancelling, triggering.

use chrono::{DateTime, Utc};

use crate::{
    book::Book,
    draft::Draft,
    gtt::{GttChange, GttState, GttStatus, NewGtt},
    place,
    record::{Origin, Record},
    validate, words,
};
use fyers_api::{error::ApiError, ist, model::Product};

type Decision = Result<Vec<Record>, ApiError>;

/// A new GTT order.
pub(crate) fn accept(book: &Book, order: &NewGtt, at: DateTime<Utc>) -> Decision {
    let (order, above) = judge(book, order, at)?;
    let (id, made_up) = (Draft::new(book, at).take_id(), book.is_made_up(&order.symbol));
    Ok(vec![Record::GttAccepted { id, order, above, made_up, at }])
}

/// The order with its prices on ticks, and whether the first trigger lies above the market; an error when the order is
/// not sound.
fn judge(book: &Book, order: &NewGtt, at: DateTime<Utc>) -> Result<(NewGtt, bool), ApiError> {
    let instrument = book.instrument(&order.symbol, Some(order.first.limit))?;
    if instrument.last_day(&book.calendar).is_some_and(|last| last < ist::date(at)) {
        return Err(ApiError::unknown_symbol());
    }
    if order.product == Product::Intraday {
        return Err(ApiError::invalid_input());
    }
    let mut order = order.clone();
    let near = |price| validate::near_tick(price, instrument.tick);
    for leg in [Some(&mut order.first), order.second.as_mut()].into_iter().flatten() {
        (leg.trigger, leg.limit) = (near(leg.trigger), near(leg.limit));
    }
    for leg in order.legs() {
        let becomes = order.order(leg);
        validate::values(&becomes)?;
        validate::fits(&becomes, &instrument, None, book.config.mtf)?;
        validate::trigger(leg.trigger, instrument.tick)?;
    }
    let ltp = book.market.ltp(&order.symbol).ok_or_else(|| ApiError::no_price(&order.symbol))?;
    let above = order.first.trigger > ltp;
    let apart = order.second.is_none_or(|second| above && second.trigger < ltp);
    if apart { Ok((order, above)) } else { Err(ApiError::invalid_input()) }
}

fn waiting<'a>(book: &'a Book, id: &str) -> Result<&'a GttState, ApiError> {
    let gtt = book.ledger.gtts.get(id).ok_or_else(ApiError::unknown_order)?;
    match gtt.status {
        GttStatus::Waiting => Ok(gtt),
        GttStatus::Triggered | GttStatus::Rejected | GttStatus::Cancelled => Err(words::not_pending(id)),
    }
}

/// A change to a waiting one.
pub(crate) fn modify(book: &Book, change: &GttChange, at: DateTime<Utc>) -> Decision {
    let mut order = waiting(book, &change.id)?.order.clone();
    if change.second.is_some() && order.second.is_none() {
        return Err(ApiError::invalid_input());
    }
    order.first = change.first.unwrap_or(order.first);
    order.second = change.second.or(order.second);
    let (order, above) = judge(book, &order, at)?;
    Ok(vec![Record::GttModified { id: change.id.clone(), order, above, at }])
}

/// The end of a waiting one.
pub(crate) fn cancel(book: &Book, id: &str, at: DateTime<Utc>) -> Decision {
    waiting(book, id)?;
    Ok(vec![Record::GttCancelled { id: id.to_owned(), at }])
}

/// The order that a waiting one becomes at the present price; nothing when no trigger is reached.
pub(crate) fn trigger(book: &Book, id: &str, at: DateTime<Utc>) -> Decision {
    let gtt = waiting(book, id)?;
    let ltp = book.market.ltp(&gtt.order.symbol);
    let Some(leg) = ltp.and_then(|ltp| gtt.reached(ltp)) else { return Ok(vec![]) };
    let placed = place::take(book, &gtt.order.order(leg), Origin::Gtt, at);
    let refused = match &placed {
        Ok(records) => records.iter().find_map(|record| match record {
            Record::OrderRejected { refusal, .. } => Some(refusal.message.clone()),
            _ => None,
        }),
        Err(refusal) => Some(refusal.message.clone()),
    };
    let mut records = vec![Record::GttTriggered { id: id.to_owned(), refused, at }];
    records.extend(placed.unwrap_or_default());
    Ok(records)
}
