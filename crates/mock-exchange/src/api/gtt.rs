//! GTT orders as bots write and read them (docs/fyers-api.md, "GTT").

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Command, Engine, FALLBACK_TICK, GttChange, GttLeg, GttState, GttStatus, NewGtt,
    api::{
        requests::{decimal, id_of, read, whole},
        responses::{CLIENT, exchange, good, moment, number, segment, short_name},
    },
};
use fyers_api::{codes, error::ApiError};

#[derive(Deserialize)]
struct GttLegForm {
    price: Value,
    #[serde(rename = "triggerPrice")]
    trigger: Value,
    qty: Value,
}

impl GttLegForm {
    fn leg(&self) -> Result<GttLeg, ApiError> {
        let (trigger, limit) = (decimal(&self.trigger)?, decimal(&self.price)?);
        Ok(GttLeg { trigger, limit, quantity: whole(&self.qty)? })
    }
}

#[derive(Deserialize)]
struct GttLegs {
    leg1: Option<GttLegForm>,
    leg2: Option<GttLegForm>,
}

#[derive(Deserialize)]
struct GttForm {
    side: Value,
    symbol: String,
    #[serde(rename = "productType")]
    product: String,
    #[serde(rename = "orderInfo")]
    legs: GttLegs,
    #[serde(rename = "orderTag")]
    tag: Option<String>,
}

/// A GTT order (docs/fyers-api.md, "GTT").
///
/// # Errors
/// -50 for a missing or badly typed field.
pub fn order(value: Value) -> Result<NewGtt, ApiError> {
    let form: GttForm = read(value)?;
    Ok(NewGtt {
        symbol: form.symbol,
        side: codes::side(whole(&form.side)?)?,
        product: codes::product(&form.product)?,
        first: form.legs.leg1.ok_or_else(ApiError::invalid_input)?.leg()?,
        second: form.legs.leg2.map(|leg| leg.leg()).transpose()?,
        tag: form.tag.filter(|tag| !tag.is_empty()),
    })
}

/// A change to a waiting GTT order.
///
/// # Errors
/// -50, as for a new one.
pub fn change(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    let legs: GttLegs = read(value["orderInfo"].clone())?;
    let leg = |leg: Option<GttLegForm>| leg.map(|leg| leg.leg()).transpose();
    let change = GttChange { id: id_of(value)?, first: leg(legs.leg1)?, second: leg(legs.leg2)? };
    Ok(Command::ModifyGtt { change, at })
}

/// The end of a waiting GTT order.
///
/// # Errors
/// -50 without an id.
pub fn cancel(value: &Value, at: DateTime<Utc>) -> Result<Command, ApiError> {
    Ok(Command::CancelGtt { id: id_of(value)?, at })
}

/// `GET /gtt/orders`, in snake case as the broker has it.
pub fn rows(engine: &Engine) -> Value {
    let row = |gtt: &GttState| {
        let (order, ltp) = (&gtt.order, engine.market().ltp(&gtt.order.symbol));
        let (status, report) = match gtt.status {
            GttStatus::Cancelled => (1, "CANCELLED"),
            GttStatus::Triggered => (2, "TRIGGERED"),
            GttStatus::Rejected => (5, "REJECTED"),
            GttStatus::Waiting => (6, "PLACED"),
        };
        let (first, second) = (&order.first, order.second.as_ref());
        let of_second = |pick: fn(&GttLeg) -> Decimal| number(second.map(pick).unwrap_or_default());
        let tick = engine.tick(&order.symbol).unwrap_or(FALLBACK_TICK);
        json!({"clientId": CLIENT, "exchange": exchange(&order.symbol), "fy_token": "", "id_fyers": gtt.id,
            "id": gtt.id, "instrument": 0, "lot_size": 1, "multiplier": 0, "ord_status": status, "precision": 2,
            "price_limit": number(first.limit), "price2_limit": of_second(|leg| leg.limit),
            "price_trigger": number(first.trigger), "price2_trigger": of_second(|leg| leg.trigger),
            "product_type": codes::product_word(order.product), "qty": first.quantity,
            "qty2": second.map_or(0, |leg| leg.quantity), "report_type": report,
            "segment": segment(&order.symbol), "symbol": order.symbol, "symbol_desc": short_name(&order.symbol),
            "symbol_exch": order.symbol.split(':').next(), "tick_size": number(tick),
            "tran_side": order.side.sign(), "gtt_oco_ind": if second.is_some() { 2 } else { 1 },
            "create_time": moment(gtt.placed_at), "create_time_epoch": gtt.placed_at.timestamp(),
            "oms_msg": gtt.message, "ltp": number(ltp.unwrap_or_default()), "ltp_ch": 0, "ltp_chp": 0})
    };
    good("orderBook", engine.gtts().map(row).collect())
}
