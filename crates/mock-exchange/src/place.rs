//! Placing, changing and cancelling orders, and what a new price does to those that wait.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    book::Book,
    command::{Fixed, Modification},
    draft::Draft,
    instrument::Instrument,
    new_order::NewOrder,
    order::{OrderState, has_stop},
    price::{PriceOrigin, PriceUpdate},
    record::{Origin, Record},
    risk, sessions, validate, words,
};
use fyers_api::{
    error::ApiError,
    ist,
    model::{OrderStatus, OrderType},
};

type Decision = Result<Vec<Record>, ApiError>;

/// A new order. One that risk management refuses is recorded as rejected.
pub(crate) fn place(book: &Book, order: &NewOrder, at: DateTime<Utc>) -> Decision {
    validate::values(order)?;
    if book.placed_before(order).is_some() {
        return Ok(vec![]);
    }
    take(book, order, Origin::Bot, at)
}

/// A sound order of whoever sends it.
pub(crate) fn take(book: &Book, order: &NewOrder, origin: Origin, at: DateTime<Utc>) -> Decision {
    let symbol = &order.request.symbol;
    let instrument = book.instrument(symbol, validate::own_price(order))?;
    trades_now(book, &instrument, at)?;
    let order = &*validate::on_ticks(order, instrument.tick);
    validate::fits(order, &instrument, book.market.ltp(symbol), book.config.mtf)?;
    let mut draft = Draft::new(book, at);
    match risk::judge(book, order, &instrument, None, at) {
        Ok(reserve) => enter(&mut draft, order, origin, reserve),
        Err(refusal) => {
            let (id, order) = (draft.take_id(), order.clone());
            let refusal = ApiError { id: Some(id.clone()), ..refusal };
            draft.records.push(Record::OrderRejected { id, order, refusal, at });
        }
    }
    Ok(draft.records)
}

/// Orders, changes and cancels are taken while the market is, contracts until their last day.
fn trades_now(book: &Book, instrument: &Instrument, at: DateTime<Utc>) -> Result<(), ApiError> {
    let today = ist::date(at);
    if instrument.last_day(&book.calendar).is_some_and(|last| last < today) {
        return Err(ApiError::unknown_symbol());
    }
    if !book.takes_orders(&instrument.symbol, at) {
        let next = sessions::next_open(&book.calendar, &[instrument.segment], at);
        return Err(words::market_closed(instrument.segment_name(), next.map(|(_, session)| session.open)));
    }
    if instrument.closing_auction && sessions::closing_auction_freeze(&book.calendar, at) {
        return Err(words::closing_auction(&instrument.symbol));
    }
    Ok(())
}

fn enter(draft: &mut Draft<'_>, order: &NewOrder, origin: Origin, reserve: Decimal) {
    // Accepted and traded: room for more than that is slow to come by.
    draft.records.reserve_exact(2);
    let mut state = draft.accept(order, origin, reserve);
    draft.expose(&mut state, true);
    if state.is_ioc() && state.remaining() > 0 {
        draft.cancel(&state, "");
    }
}

/// A change to a waiting order. It counts as arriving anew, so it may trade at once.
pub(crate) fn modify(book: &Book, change: &Modification, at: DateTime<Utc>) -> Decision {
    let old = waiting(book, &change.id)?;
    keeps(&old.order, &change.fixed)?;
    let order = changed(&old.order, change);
    let instrument = book.instrument(old.symbol(), validate::own_price(&order))?;
    trades_now(book, &instrument, at)?;
    let order = validate::on_ticks(&order, instrument.tick).into_owned();
    validate::values(&order)?;
    if order.request.quantity <= old.filled {
        return Err(ApiError::invalid_input());
    }
    let request = &order.request;
    let same_stop = request.stop_price == old.order.request.stop_price;
    let triggered = old.triggered && has_stop(request.order_type) && same_stop;
    let ltp = book.market.ltp(&request.symbol).filter(|_| !triggered);
    if old.link.is_some() && (request.quantity, request.order_type) != terms(&old) {
        return Err(words::not_taken("qty and type of an exit leg", "they follow the order it belongs to"));
    }
    validate::fits(&order, &instrument, ltp, book.config.mtf)?;
    let reserve = risk::judge(book, &order, &instrument, Some(&old), at)?;
    let mut draft = Draft::new(book, at);
    let mut state = OrderState { order, triggered, reserve, ..old };
    draft.records.push(modified(&state, at));
    draft.expose(&mut state, true);
    Ok(draft.records)
}

fn terms(order: &OrderState) -> (i64, OrderType) {
    (order.order.request.quantity, order.order.request.order_type)
}

/// What a change cannot change may be named, but only as it is.
fn keeps(old: &NewOrder, fixed: &Fixed) -> Result<(), ApiError> {
    let request = &old.request;
    let kept = [
        ("symbol", fixed.symbol.as_ref().is_none_or(|symbol| *symbol == request.symbol)),
        ("side", fixed.side.is_none_or(|side| side == request.side)),
        ("productType", fixed.product.is_none_or(|product| product == request.product)),
        ("validity", fixed.validity.is_none_or(|validity| validity == old.validity)),
    ];
    match kept.into_iter().find(|(_, kept)| !kept) {
        Some((field, _)) => {
            Err(words::not_taken(field, "a waiting order cannot change it; cancel it and place another"))
        }
        None => Ok(()),
    }
}

fn changed(old: &NewOrder, change: &Modification) -> NewOrder {
    let mut order = old.clone();
    let request = &mut order.request;
    request.order_type = change.order_type.unwrap_or(request.order_type);
    request.quantity = change.quantity.unwrap_or(request.quantity);
    request.limit_price = change.limit_price.unwrap_or(request.limit_price);
    request.stop_price = change.stop_price.unwrap_or(request.stop_price);
    order.disclosed = change.disclosed.unwrap_or(order.disclosed);
    order
}

fn modified(state: &OrderState, at: DateTime<Utc>) -> Record {
    let request = &state.order.request;
    Record::OrderModified {
        id: state.id.clone(),
        order_type: request.order_type,
        quantity: request.quantity,
        limit_price: request.limit_price,
        stop_price: request.stop_price,
        disclosed: state.order.disclosed,
        triggered: state.triggered,
        reserve: state.reserve,
        at,
    }
}

/// Cancels what is left of a waiting order. An order that traded in the meantime stays traded.
pub(crate) fn cancel(book: &Book, id: &str, at: DateTime<Utc>) -> Decision {
    let order = waiting(book, id)?;
    let instrument = book.instrument(order.symbol(), None)?;
    if instrument.closing_auction && sessions::closing_auction_freeze(&book.calendar, at) {
        return Err(words::closing_auction(&instrument.symbol));
    }
    let mut draft = Draft::new(book, at);
    draft.cancel(&order, "");
    Ok(draft.records)
}

/// The order, if something can still happen to it.
fn waiting(book: &Book, id: &str) -> Result<OrderState, ApiError> {
    let order = book.ledger.orders.get(id).ok_or_else(ApiError::unknown_order)?;
    match order.status {
        OrderStatus::Pending | OrderStatus::Transit => Ok(order),
        OrderStatus::Cancelled | OrderStatus::Traded | OrderStatus::Rejected | OrderStatus::Expired => {
            Err(words::not_pending(id))
        }
    }
}

/// A new price: waiting orders of its symbol trade or trigger. The book has to [`crate::Engine::observe`] it, too.
pub(crate) fn quote(book: &Book, quote: &PriceUpdate) -> Decision {
    let prices = [Some(quote.ltp), quote.bid, quote.ask];
    let sane = |price: Decimal| price > Decimal::ZERO && price <= validate::MAX_PRICE;
    if !prices.into_iter().flatten().all(sane) {
        return Err(ApiError::invalid_input());
    }
    Ok(sweep(book, quote).records)
}

/// Lets a price work on the waiting orders of its symbol.
pub(crate) fn sweep<'a>(book: &'a Book, quote: &PriceUpdate) -> Draft<'a> {
    let (mut draft, quote) = (Draft::new(book, quote.at), quote.without_empty_levels());
    let queue = book.ledger.open.get(&quote.symbol);
    let reached: Vec<_> = queue.into_iter().flat_map(|queue| queue.reached(&quote)).collect();
    // Most prices reach nothing.
    if !reached.is_empty() {
        draft.see(&quote);
    }
    let real = quote.origin != PriceOrigin::Walk;
    let reached = reached.into_iter().filter_map(|id| book.ledger.orders.by_id(id));
    for mut order in reached.filter(|order| real || order.made_up) {
        draft.expose(&mut order, false);
    }
    draft
}
