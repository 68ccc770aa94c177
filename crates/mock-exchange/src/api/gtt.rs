//! GTT orders as bots write and read them (docs/fyers-api.md, "GTT").

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    api::{
        fields,
        requests::{id_of, read},
        responses::{CLIENT, good},
        values::{self, exchange, moment, segment, short_name},
    },
    book::Book,
    command::Command,
    gtt::{GttChange, GttLeg, GttState, GttStatus, NewGtt},
    instrument::FALLBACK_TICK,
};
use fyers_api::{
    codes,
    error::ApiError,
    number,
    request::{self, GttFields, GttLegs, whole},
};

fn leg(legs: &GttLegs, name: &str) -> Result<Option<GttLeg>, ApiError> {
    let Some(fields) = legs.get(name).and_then(Option::as_ref) else { return Ok(None) };
    let price = |value: &Value| number::decimal(value).ok_or_else(ApiError::invalid_input);
    let (trigger, limit) = (price(&fields.trigger)?, price(&fields.price)?);
    Ok(Some(GttLeg { trigger, limit, quantity: whole(&fields.qty)? }))
}

fn only_legs(info: &Value) -> Result<(), ApiError> {
    fields::only(info, &["leg1", "leg2"])?;
    let legs = ["leg1", "leg2"].into_iter().filter_map(|leg| info.get(leg));
    legs.into_iter().try_for_each(|leg| fields::only(leg, &["price", "triggerPrice", "qty"]))
}

/// A GTT order (docs/fyers-api.md, "GTT").
///
/// # Errors
/// -50 for a missing or badly typed field.
pub fn order(value: Value) -> Result<NewGtt, ApiError> {
    fields::only(&value, &["side", "symbol", "productType", "orderInfo", "orderTag"])?;
    only_legs(&value["orderInfo"])?;
    let fields: GttFields = read(value)?;
    Ok(NewGtt {
        side: codes::side(whole(&fields.side)?)?,
        product: codes::product(&fields.product)?,
        first: leg(&fields.legs, "leg1")?.ok_or_else(ApiError::invalid_input)?,
        second: leg(&fields.legs, "leg2")?,
        tag: request::tag(&fields.tag)?,
        symbol: fields.symbol,
    })
}

/// A change to a waiting GTT order.
///
/// # Errors
/// -50, as for a new one.
pub fn change(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    fields::only(value, &["id", "orderInfo"])?;
    only_legs(&value["orderInfo"])?;
    let legs: GttLegs = read(value["orderInfo"].clone())?;
    let change = GttChange { id: id_of(value)?, first: leg(&legs, "leg1")?, second: leg(&legs, "leg2")? };
    Ok(Command::ModifyGtt { change, at })
}

/// The end of a waiting GTT order.
///
/// # Errors
/// -50 without an id.
pub fn cancel(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    fields::only(value, &["id"])?;
    Ok(Command::CancelGtt { id: id_of(value)?, at })
}

/// `GET /gtt/orders`, in snake case as the broker has it.
pub fn rows(book: &Book) -> Value {
    let row = |gtt: &GttState| {
        let (order, ltp) = (&gtt.order, book.market().ltp(&gtt.order.symbol));
        let (status, report) = match gtt.status {
            GttStatus::Cancelled => (1, "CANCELLED"),
            GttStatus::Triggered => (2, "TRIGGERED"),
            GttStatus::Rejected => (5, "REJECTED"),
            GttStatus::Waiting => (6, "PLACED"),
        };
        let (first, second) = (&order.first, order.second.as_ref());
        let of_second = |pick: fn(&GttLeg) -> Decimal| values::number(second.map(pick).unwrap_or_default());
        let tick = book.tick(&order.symbol).unwrap_or(FALLBACK_TICK);
        json!({"clientId": CLIENT, "exchange": exchange(&order.symbol), "fy_token": "", "id_fyers": gtt.id,
            "id": gtt.id, "instrument": 0, "lot_size": 1, "multiplier": 0, "ord_status": status, "precision": 2,
            "price_limit": values::number(first.limit), "price2_limit": of_second(|leg| leg.limit),
            "price_trigger": values::number(first.trigger), "price2_trigger": of_second(|leg| leg.trigger),
            "product_type": codes::product_word(order.product), "qty": first.quantity,
            "qty2": second.map_or(0, |leg| leg.quantity), "report_type": report,
            "segment": segment(&order.symbol), "symbol": order.symbol, "symbol_desc": short_name(&order.symbol),
            "symbol_exch": order.symbol.split(':').next(), "tick_size": values::number(tick),
            "tran_side": order.side.sign(), "gtt_oco_ind": if second.is_some() { 2 } else { 1 },
            "create_time": moment(gtt.placed_at), "create_time_epoch": gtt.placed_at.timestamp(),
            "oms_msg": gtt.message, "ltp": values::number(ltp.unwrap_or_default()), "ltp_ch": 0, "ltp_chp": 0})
    };
    good("orderBook", book.gtts().map(row).collect())
}
