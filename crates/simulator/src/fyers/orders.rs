//! Orders: placing, changing and cancelling them, and the books.

use serde_json::{Value, json};

use super::requests::{CancelOrder, ModifyOrder, PlaceOrder};
use crate::broker::OrderRow;
use crate::broker::fy_token;
use crate::broker::quantity;
use crate::broker::{ApiError, order_restricted};
use crate::clock::ist;
use crate::http::{Request, Response};
use crate::state::World;

/// Status of an order that waits in the book.
pub(super) const WAITING: i64 = 6;

/// `GET /orders`, whole or by `id` or `order_tag` (section 3.5).
pub(super) fn order_book(world: &World, request: &Request) -> Response {
    let ids = request.query("id").map(|ids| ids.split(',').collect::<Vec<_>>());
    let tag = request.query("order_tag");
    let wanted = |order: &&OrderRow| {
        ids.as_ref().is_none_or(|ids| ids.contains(&order.id.as_str()))
            && tag.is_none_or(|tag| order.order_tag == tag)
    };
    let rows: Vec<_> = world.book.orders.iter().filter(wanted).collect();
    if rows.is_empty() && ids.is_some() {
        return ApiError::UnknownOrder.response();
    }
    Response::ok(&json!({"s": "ok", "code": 200, "message": "", "orderBook": rows}))
}

/// `GET /tradebook`, whole or by `order_tag` (section 3.6).
pub(super) fn trade_book(world: &World, request: &Request) -> Response {
    let tag = request.query("order_tag");
    let rows: Vec<_> =
        world.book.trades.iter().filter(|trade| tag.is_none_or(|tag| trade.order_tag == tag)).collect();
    Response::ok(&json!({"s": "ok", "code": 200, "message": "", "tradeBook": rows}))
}

/// `GET /positions` (section 3.4).
pub(super) fn positions(world: &World) -> Response {
    Response::ok(&world.book.positions(&world.market))
}

/// `POST /orders/sync` (section 3.7).
pub(super) fn place(world: &mut World, request: &Request) -> Response {
    if world.order_restricted {
        return order_restricted(&world.app.client_id);
    }
    let Ok(order) = serde_json::from_slice::<PlaceOrder>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    let Some(ltp) = world.market.price(&order.symbol) else {
        return Response::error(400, -50, "The input symbol is invalid.");
    };
    if let Err(message) = check(&order) {
        return Response::error(400, -50, &message);
    }
    let id = enter(world, &order, ltp);
    if let Some(reply) = refuse_for_margin(world, &order, &id, ltp) {
        return reply;
    }
    if marketable(order.kind, order.side, order.limit_price, ltp) {
        world.book.fill(&id, ltp);
    } else if order.validity == "IOC" {
        set_status(world, &id, 1, "");
    }
    let message = format!("Order submitted successfully. Your Order Ref. No.{id}");
    Response::ok(&json!({"s": "ok", "code": 1101, "message": message, "id": id}))
}

/// The rules of section 6.2 that concern one order by itself.
fn check(order: &PlaceOrder) -> Result<(), String> {
    let prices = match order.kind {
        1 => order.limit_price > 0.0 && order.stop_price == 0.0,
        2 => order.limit_price == 0.0 && order.stop_price == 0.0,
        3 => order.limit_price == 0.0 && order.stop_price > 0.0,
        4 => order.limit_price > 0.0 && order.stop_price > 0.0,
        _ => false,
    };
    let product = matches!(order.product_type.as_str(), "CNC" | "INTRADAY" | "MARGIN" | "MTF");
    let enums = matches!(order.side, 1 | -1) && matches!(order.validity.as_str(), "DAY" | "IOC");
    let tag = order.order_tag.as_deref().is_none_or(good_tag);
    if !(prices && product && enums && tag) || order.qty <= 0 || order.disclosed_qty < 0 {
        return Err("Invalid input".into());
    }
    for (name, price) in [("LimitPrice", order.limit_price), ("StopPrice", order.stop_price)] {
        let ticks = price / 0.1;
        if (ticks - ticks.round()).abs() > 1e-6 {
            return Err(format!("{name} not a multiple of tick size 0.1000"));
        }
    }
    Ok(())
}

fn good_tag(tag: &str) -> bool {
    (1..=30).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric()) && tag != "Untagged"
}

/// Whether an order trades at once at the quoted price.
fn marketable(kind: i64, side: i64, limit: f64, ltp: f64) -> bool {
    match (kind, side) {
        (2, _) => true,
        (1, 1) => limit >= ltp,
        (1, _) => limit <= ltp,
        _ => false,
    }
}

/// Puts a pending order (status 6) into the book and returns its id, `YYMMDD` and eight digits.
fn enter(world: &mut World, order: &PlaceOrder, ltp: f64) -> String {
    let now = ist(world.now());
    let number = world.book.next_number();
    let id = format!("{}{number:08}", now.format("%y%m%d"));
    let (_, name) = order.symbol.split_once(':').unwrap_or(("", &order.symbol));
    let row = OrderRow {
        client_id: world.account.fy_id.clone(),
        id: id.clone(),
        id_fyers: uuid::Uuid::new_v4().to_string(),
        exch_ord_id: format!("11{number:014}"),
        qty: order.qty,
        remaining_quantity: order.qty,
        filled_qty: 0,
        disclose_qty: order.disclosed_qty,
        limit_price: order.limit_price,
        stop_price: order.stop_price,
        traded_price: 0.0,
        kind: order.kind,
        fy_token: fy_token(&order.symbol),
        exchange: 10,
        segment: 10,
        symbol: order.symbol.clone(),
        instrument: 0,
        message: String::new(),
        offline_order: order.offline_order,
        order_date_time: now.format("%d-%b-%Y %H:%M:%S").to_string(),
        order_validity: order.validity.clone(),
        pan: String::new(),
        product_type: order.product_type.clone(),
        side: order.side,
        status: 6,
        source: "API".into(),
        ex_sym: name.split('-').next().unwrap_or(name).into(),
        description: name.into(),
        ch: 0.0,
        chp: 0.0,
        lp: ltp,
        sl_no: number,
        dq_qty_rem: 0,
        order_num_status: format!("{id}:6"),
        disclosed_qty: order.disclosed_qty,
        order_tag: order.order_tag.as_ref().map_or("2:Untagged".into(), |tag| format!("1:{tag}")),
        take_profit: order.take_profit,
        stop_loss: order.stop_loss,
    };
    world.book.orders.push(row);
    world.book.push_order(&id);
    id
}

/// An order beyond the available money is in the book as rejected, and the error carries its id.
fn refuse_for_margin(world: &mut World, order: &PlaceOrder, id: &str, ltp: f64) -> Option<Response> {
    let net = world.book.net(&order.symbol, &order.product_type);
    let opens = (net + order.side * order.qty).abs() - net.abs();
    let needed = quantity(opens.max(0)) * ltp;
    let available = world.account.capital + world.book.realized() - world.book.blocked();
    if needed <= available {
        return None;
    }
    let client = &world.account.fy_id;
    let message = format!(
        "RED:Margin Shortfall:INR {needed:.2} Available:INR {available:.2} for C-{client} [FYERS_RISK_CUG]"
    );
    set_status(world, id, 5, &message);
    Some(Response::json(400, &json!({"code": -99, "message": message, "s": "error", "id": id})))
}

fn set_status(world: &mut World, id: &str, status: i64, message: &str) {
    if let Some(order) = world.book.find(id) {
        order.status = status;
        order.message = message.into();
        order.order_num_status = format!("{id}:{status}");
    }
    world.book.push_order(id);
}

/// `PATCH /orders/sync` (section 3.8): a pending order only.
pub(super) fn modify(world: &mut World, request: &Request) -> Response {
    if world.order_restricted {
        return order_restricted(&world.app.client_id);
    }
    let Ok(change) = serde_json::from_slice::<ModifyOrder>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    let Some(order) = world.book.find(&change.id).filter(|order| order.status == WAITING) else {
        return ApiError::UnknownOrder.response();
    };
    order.kind = change.kind;
    order.limit_price = change.limit_price.unwrap_or(order.limit_price);
    order.stop_price = change.stop_price.unwrap_or(order.stop_price);
    order.qty = change.qty.unwrap_or(order.qty);
    order.remaining_quantity = order.qty;
    let order = order.clone();
    world.book.push_order(&order.id);
    fill_if_marketable(world, &order);
    done(1102, "Successfully modified order", &change.id)
}

/// `DELETE /orders/sync` (section 3.9): a pending order only.
pub(super) fn cancel(world: &mut World, request: &Request) -> Response {
    if world.order_restricted {
        return order_restricted(&world.app.client_id);
    }
    let Ok(CancelOrder { id }) = serde_json::from_slice::<CancelOrder>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    if world.book.find(&id).is_none_or(|order| order.status != WAITING) {
        return ApiError::UnknownOrder.response();
    }
    set_status(world, &id, 1, "");
    done(1103, "Successfully cancelled order", &id)
}

/// Cancels what waits in the symbols and products that are meant.
pub(super) fn cancel_waiting(world: &mut World, is_meant: impl Fn(&str, &str) -> bool) {
    let waits = world.book.orders.iter().filter(|order| order.status == WAITING);
    let ids: Vec<String> = waits
        .filter(|order| is_meant(&order.symbol, &order.product_type))
        .map(|order| order.id.clone())
        .collect();
    ids.iter().for_each(|id| set_status(world, id, 1, ""));
}

/// Fills a waiting order if the present price reaches it.
pub(super) fn fill_if_marketable(world: &mut World, order: &OrderRow) {
    let Some(ltp) = world.market.price(&order.symbol) else { return };
    if marketable(order.kind, order.side, order.limit_price, ltp) {
        world.book.fill(&order.id, ltp);
    }
}

fn done(code: i64, message: &str, id: &str) -> Response {
    let body: Value = json!({"s": "ok", "code": code, "message": message, "id": id});
    Response::ok(&body)
}
