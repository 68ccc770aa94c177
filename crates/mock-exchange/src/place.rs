//! Placing, changing and cancelling orders, and what a new price does to those that wait.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    Engine,
    command::{Modification, NewOrder, PriceUpdate},
    draft::Draft,
    matching,
    order::{OrderState, has_stop},
    record::{Origin, Record},
    risk, validate,
};
use fyers_api::error::ApiError;
use fyers_api::model::OrderStatus;

type Decision = Result<Vec<Record>, ApiError>;

/// A new order. One that risk management refuses is recorded as rejected.
pub(super) fn place(engine: &Engine, order: &NewOrder, at: DateTime<Utc>) -> Decision {
    validate::form(order)?;
    if engine.placed_before(order).is_some() {
        return Ok(vec![]);
    }
    take(engine, order, Origin::Bot, at)
}

/// A sound order of whoever sends it.
pub(super) fn take(engine: &Engine, order: &NewOrder, origin: Origin, at: DateTime<Utc>) -> Decision {
    let symbol = &order.request.symbol;
    let instrument = engine.instruments.tradable(symbol)?;
    validate::fits(order, &instrument, engine.market.ltp(symbol), engine.config.mtf)?;
    let mut draft = Draft::new(engine, at);
    match risk::judge(engine, order, &instrument, None) {
        Ok(reserve) => enter(&mut draft, order, origin, reserve),
        Err(refusal) => {
            let (id, order) = (draft.take_id(), order.clone());
            let refusal = ApiError { id: Some(id.clone()), ..refusal };
            draft.records.push(Record::OrderRejected { id, order, refusal, at });
        }
    }
    Ok(draft.records)
}

fn enter(draft: &mut Draft<'_>, order: &NewOrder, origin: Origin, reserve: Decimal) {
    let mut state = draft.accept(order, origin, reserve);
    draft.expose(&mut state, true);
    if state.is_ioc() && state.remaining() > 0 {
        draft.cancel(&state.id, "");
    }
}

/// A change to a waiting order. It counts as arriving anew, so it may trade at once.
pub(super) fn modify(engine: &Engine, change: &Modification, at: DateTime<Utc>) -> Decision {
    let old = waiting(engine, &change.id)?;
    let order = changed(&old.order, change);
    validate::form(&order)?;
    if order.request.quantity <= old.filled {
        return Err(ApiError::invalid_input());
    }
    let request = &order.request;
    let same_stop = request.stop_price == old.order.request.stop_price;
    let triggered = old.triggered && has_stop(request.order_type) && same_stop;
    let ltp = engine.market.ltp(&request.symbol).filter(|_| !triggered);
    let instrument = engine.instruments.tradable(&request.symbol)?;
    validate::fits(&order, &instrument, ltp, engine.config.mtf)?;
    let reserve = risk::judge(engine, &order, &instrument, Some(old))?;
    let mut draft = Draft::new(engine, at);
    let mut state = OrderState { order, triggered, reserve, ..old.clone() };
    draft.records.push(modified(&state, at));
    draft.expose(&mut state, true);
    Ok(draft.records)
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
pub(super) fn cancel(engine: &Engine, id: &str, at: DateTime<Utc>) -> Decision {
    let order = waiting(engine, id)?;
    let mut draft = Draft::new(engine, at);
    draft.cancel(&order.id, "");
    Ok(draft.records)
}

/// The order, if something can still happen to it.
fn waiting<'a>(engine: &'a Engine, id: &str) -> Result<&'a OrderState, ApiError> {
    let order = engine.ledger.orders.get(id).ok_or_else(ApiError::unknown_order)?;
    match order.status {
        OrderStatus::Pending | OrderStatus::Transit => Ok(order),
        OrderStatus::Cancelled => Err(ApiError::already("cancelled")),
        OrderStatus::Traded => Err(ApiError::already("traded")),
        OrderStatus::Rejected => Err(ApiError::already("rejected")),
        OrderStatus::Expired => Err(ApiError::already("expired")),
    }
}

/// A new price: waiting orders of its symbol trade or trigger. The engine has to [`Engine::observe`] it, too.
pub(super) fn quote(engine: &Engine, quote: &PriceUpdate) -> Decision {
    let prices = [Some(quote.ltp), quote.bid, quote.ask];
    let sane = |price: Decimal| price > Decimal::ZERO && price <= validate::MAX_PRICE;
    if !prices.into_iter().flatten().all(sane) {
        return Err(ApiError::invalid_input());
    }
    Ok(sweep(engine, quote).records)
}

/// Lets a price work on the waiting orders of its symbol.
pub(super) fn sweep<'a>(engine: &'a Engine, quote: &PriceUpdate) -> Draft<'a> {
    let mut draft = Draft::new(engine, quote.at);
    draft.see(quote);
    for order in matching::queue(&engine.ledger, &quote.symbol) {
        draft.expose(&mut order.clone(), false);
    }
    draft
}
