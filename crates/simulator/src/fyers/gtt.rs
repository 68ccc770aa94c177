//! GTT orders (good till triggered): one leg, or two of which one cancels the other (section 3.16).

use serde_json::{Value, json};

use super::orders;
use super::requests::{GttChange, GttInfo, GttLeg, GttOrder};
use crate::broker::ApiError;
use crate::broker::fy_token;
use crate::broker::{Book, Gtt, GttRow, PENDING};
use crate::clock::ist;
use crate::http::{Request, Response};
use crate::state::World;

/// `POST /gtt/orders/sync`.
pub(super) fn place(world: &mut World, request: &Request) -> Response {
    if world.order_restricted {
        return crate::broker::order_restricted(&world.app.client_id);
    }
    let Ok(order) = serde_json::from_slice::<GttOrder>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    let Some(ltp) = world.market.price(&order.symbol) else {
        return Response::error(400, -50, "The input symbol is invalid.");
    };
    let product = matches!(order.product_type.as_str(), "CNC" | "MARGIN" | "MTF");
    if !product || !matches!(order.side, 1 | -1) || !sound(&order.order_info, ltp) {
        return ApiError::InvalidInput.response();
    }
    let id = enter(world, &order, ltp);
    Response::ok(&json!({"code": 1101, "message": "Successfully placed order", "s": "ok", "id": id}))
}

/// Prices and quantities above zero; of two legs the first waits above the market and the second below.
fn sound(info: &GttInfo, ltp: f64) -> bool {
    let leg = |leg: &GttLeg| leg.price > 0.0 && leg.trigger_price > 0.0 && leg.qty > 0;
    let apart = |second: &GttLeg| info.leg1.trigger_price > ltp && second.trigger_price < ltp;
    leg(&info.leg1) && info.leg2.as_ref().is_none_or(|second| leg(second) && apart(second))
}

fn enter(world: &mut World, order: &GttOrder, ltp: f64) -> String {
    let now = ist(world.now());
    let number = world.book.next_number();
    let id = format!("{}{number:08}", now.format("%y%m%d"));
    let (first, second) = (&order.order_info.leg1, order.order_info.leg2.as_ref());
    let (exchange, name) = order.symbol.split_once(':').unwrap_or(("NSE", &order.symbol));
    let row = GttRow {
        client_id: world.account.fy_id.clone(),
        exchange: 10,
        fy_token: fy_token(&order.symbol),
        id_fyers: uuid::Uuid::new_v4().to_string(),
        id: id.clone(),
        instrument: 0,
        lot_size: 1,
        multiplier: 0,
        ord_status: PENDING,
        precision: 2,
        price_limit: first.price,
        price2_limit: second.map_or(0.0, |leg| leg.price),
        price_trigger: first.trigger_price,
        price2_trigger: second.map_or(0.0, |leg| leg.trigger_price),
        product_type: order.product_type.clone(),
        qty: first.qty,
        qty2: second.map_or(0, |leg| leg.qty),
        report_type: "PLACED".into(),
        segment: 10,
        symbol: order.symbol.clone(),
        symbol_desc: name.into(),
        symbol_exch: exchange.into(),
        tick_size: 0.1,
        tran_side: order.side,
        gtt_oco_ind: if second.is_some() { 2 } else { 1 },
        create_time: now.format("%d-%b-%Y %H:%M:%S").to_string(),
        create_time_epoch: now.timestamp(),
        oms_msg: String::new(),
        ltp,
        ltp_ch: 0.0,
        ltp_chp: 0.0,
    };
    let leg1_waits_above = first.trigger_price > ltp;
    let tag = order.order_tag.as_ref().map_or("2:GTTUntagged".into(), |tag| format!("1:GTT{tag}"));
    world.book.gtts.push(Gtt { row, leg1_waits_above, tag });
    id
}

fn pending<'a>(book: &'a mut Book, id: &str) -> Option<&'a mut Gtt> {
    book.gtts.iter_mut().find(|gtt| gtt.row.id == id && gtt.row.ord_status == PENDING)
}

/// `PATCH /gtt/orders/sync`: legs that are not named stay as they are.
pub(super) fn modify(world: &mut World, request: &Request) -> Response {
    let Ok(change) = serde_json::from_slice::<GttChange>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    let Some(gtt) = pending(&mut world.book, &change.id) else {
        return ApiError::UnknownOrder.response();
    };
    if let Some(leg) = change.order_info.leg1 {
        (gtt.row.price_limit, gtt.row.price_trigger, gtt.row.qty) = (leg.price, leg.trigger_price, leg.qty);
        gtt.leg1_waits_above = leg.trigger_price > gtt.row.ltp;
    }
    if let Some(leg) = change.order_info.leg2.filter(|_| gtt.row.gtt_oco_ind == 2) {
        (gtt.row.price2_limit, gtt.row.price2_trigger, gtt.row.qty2) =
            (leg.price, leg.trigger_price, leg.qty);
    }
    done(1102, "Successfully modified order", &change.id)
}

/// `DELETE /gtt/orders/sync`.
pub(super) fn cancel(world: &mut World, request: &Request) -> Response {
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let id = body["id"].as_str().unwrap_or_default();
    let Some(gtt) = pending(&mut world.book, id) else {
        return ApiError::UnknownOrder.response();
    };
    gtt.row.ord_status = 1;
    gtt.row.report_type = "CANCELLED".into();
    done(1103, "Successfully cancelled order", id)
}

/// `GET /gtt/orders`.
pub(super) fn book(world: &World) -> Response {
    let rows: Vec<&GttRow> = world.book.gtts.iter().map(|gtt| &gtt.row).collect();
    Response::ok(&json!({"code": 200, "message": "", "s": "ok", "orderBook": rows}))
}

/// Enters an ordinary order for every GTT order whose trigger the present price has reached.
pub(super) fn trigger_reached(world: &mut World) {
    for index in 0..world.book.gtts.len() {
        let gtt = &world.book.gtts[index];
        let Some((qty, limit)) = world.market.price(&gtt.row.symbol).and_then(|ltp| gtt.leg_reached(ltp))
        else {
            continue;
        };
        let order = json!({"symbol": gtt.row.symbol, "qty": qty, "type": 1, "side": gtt.row.tran_side,
            "productType": gtt.row.product_type, "limitPrice": limit, "stopPrice": 0, "validity": "DAY",
            "disclosedQty": 0, "offlineOrder": false});
        let request = Request { body: order.to_string().into_bytes(), ..Request::default() };
        let placed = orders::place(world, &request);
        let tag = world.book.gtts[index].tag.clone();
        if let Some(order) = world.book.orders.last_mut().filter(|_| placed.status == 200) {
            order.order_tag = tag;
        }
        let row = &mut world.book.gtts[index].row;
        row.ord_status = if placed.status == 200 { 2 } else { 5 };
        row.report_type = if placed.status == 200 { "TRIGGERED" } else { "REJECTED" }.into();
    }
}

fn done(code: i64, message: &str, id: &str) -> Response {
    Response::ok(&json!({"code": code, "message": message, "s": "ok", "id": id}))
}
