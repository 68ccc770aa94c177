//! The MockExchange's book in the broker's JSON (docs/fyers-api.md, "Profile" and "Basics"), so that a bot reads it
//! like any other answer. What has no meaning here has the value an idle account shows.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    api::values::{exchange, moment, number, segment, short_name, token},
    book::Book,
    new_order::ExitLegs,
    order::OrderState,
    reply::Reply,
    sessions::{self, Segment},
    trades::Trade,
};
use fyers_api::{
    codes,
    error::ApiError,
    http::ApiResponse,
    model::{Exchange, OrderStatus, OrderType, Side},
};

/// What every simulated order's client is called.
pub const CLIENT: &str = "MOCK";

/// A JSON answer with this status.
pub fn answer(status: u16, body: &Value) -> ApiResponse {
    let headers = vec![("content-type".to_owned(), b"application/json; charset=utf-8".to_vec())];
    ApiResponse { status, headers, body: body.to_string().into_bytes() }
}

/// The broker's envelope around a payload.
pub(crate) fn good(name: &str, payload: Value) -> Value {
    let mut body = json!({"s": "ok", "code": 200, "message": ""});
    body[name] = payload;
    body
}

/// A refusal as the broker words it.
pub fn refusal(refusal: &ApiError) -> Value {
    let mut body = json!({"code": refusal.code, "message": refusal.message, "s": "error"});
    if let Some(id) = &refusal.id {
        body["id"] = json!(id);
    }
    body
}

/// A success as the broker words it.
pub fn reply(reply: &Reply) -> Value {
    let mut body = json!({"s": "ok", "code": reply.code, "message": reply.message});
    if let Some(id) = &reply.id {
        body["id"] = json!(id);
    }
    body
}

/// One element of a basket's answer.
pub fn element(outcome: &Result<Reply, ApiError>) -> Value {
    match outcome {
        Ok(done) => json!({"statusCode": 200, "body": reply(done), "statusDescription": "HTTP OK"}),
        Err(why) => {
            json!({"statusCode": why.status, "body": refusal(why), "statusDescription": "Bad Request"})
        }
    }
}

/// A basket's answer.
pub fn basket(outcomes: &[Result<Reply, ApiError>]) -> Value {
    good("data", outcomes.iter().map(element).collect())
}

/// The answer to an order that was sliced.
pub fn slices(outcomes: &[Result<Reply, ApiError>]) -> Value {
    let data: Vec<Value> = outcomes.iter().map(element).collect();
    json!({"s": "ok", "code": 1101, "message": "Order Slice placed successfully", "data": data})
}

/// `GET /profile`.
pub fn profile() -> Value {
    let data = json!({"name": "MOCK ACCOUNT", "image": null, "display_name": null, "email_id": "", "PAN": "",
        "fy_id": CLIENT, "pin_change_date": null, "mobile_number": "", "totp": true, "pwd_change_date": null,
        "pwd_to_expire": 90, "ddpi_enabled": false, "mtf_enabled": false});
    good("data", data)
}

/// `GET /funds`.
pub fn funds(book: &Book) -> Value {
    let money = book.balances();
    let zero = Decimal::ZERO;
    let rows = [
        (1, "Total Balance", money.total),
        (2, "Utilized Amount", money.utilized),
        (3, "Clear Balance", money.clear),
        (4, "Realized Profit and Loss", money.realized),
        (5, "Collaterals", zero),
        (6, "Fund Transfer", zero),
        (7, "Receivables", zero),
        (8, "Adhoc Limit", zero),
        (9, "Limit at start of the day", money.start_of_day),
        (10, "Available Balance", money.available),
    ];
    let row = |(id, title, amount): (u8, &str, Decimal)| json!({"id": id, "title": title, "equityAmount": number(amount), "commodityAmount": 0});
    good("fund_limit", rows.into_iter().map(row).collect())
}

/// `GET /holdings`.
pub fn holdings(book: &Book) -> Value {
    let all = book.holdings();
    let (mut invested, mut worth) = (Decimal::ZERO, Decimal::ZERO);
    let rows: Vec<Value> = all
        .iter()
        .enumerate()
        .map(|(row, held)| {
            invested += held.cost_price * Decimal::from(held.quantity);
            worth += held.value;
            json!({"holdingType": "HLD", "quantity": held.quantity, "costPrice": number(held.cost_price),
                "marketVal": number(held.value), "remainingQuantity": held.remaining, "pl": number(held.profit),
                "ltp": number(held.ltp), "id": row, "fyToken": token(&held.symbol), "exchange": exchange(&held.symbol),
                "symbol": held.symbol, "segment": segment(&held.symbol), "isin": "", "qty_t1": 0,
                "remainingPledgeQuantity": -1, "collateralQuantity": 0})
        })
        .collect();
    let profit = worth - invested;
    let percent = if invested.is_zero() { Decimal::ZERO } else { profit / invested * Decimal::ONE_HUNDRED };
    let mut body = good("holdings", json!(rows));
    body["overall"] = json!({"count_total": all.len(), "total_investment": number(invested),
        "total_current_value": number(worth), "total_pl": number(profit), "pnl_perc": number(percent)});
    body
}

/// `GET /positions`.
pub fn positions(book: &Book) -> Value {
    let all = book.positions();
    let (mut realized, mut unrealized) = (Decimal::ZERO, Decimal::ZERO);
    let rows: Vec<Value> = all
        .iter()
        .enumerate()
        .map(|(row, view)| {
            let account = &view.account;
            realized += account.realized;
            unrealized += view.unrealized;
            let (buy, sell) = (&account.buy, &account.sell);
            json!({"id": codes::position_id(&account.symbol, account.product), "symbol": account.symbol,
                "productType": codes::product_word(account.product), "fyToken": token(&account.symbol), "side": account.net.signum(),
                "netQty": account.net, "qty": account.net.abs(), "buyQty": buy.quantity, "sellQty": sell.quantity,
                "buyAvg": number(account.buy_average()), "sellAvg": number(account.sell_average()),
                "netAvg": number(account.net_average()), "avgPrice": number(account.average()),
                "buyVal": number(buy.value), "sellVal": number(sell.value),
                "realized_profit": number(account.realized), "unrealized_profit": number(view.unrealized),
                "pl": number(account.realized + view.unrealized), "ltp": number(view.ltp), "crossCurrency": "N",
                "rbiRefRate": 1, "qtyMulti_com": account.multiplier, "segment": segment(&account.symbol),
                "exchange": exchange(&account.symbol), "slNo": row,
                "cfBuyQty": account.carried.max(0), "cfSellQty": (-account.carried).max(0),
                "dayBuyQty": account.bought_today(), "daySellQty": account.sold_today()})
        })
        .collect();
    let open = all.iter().filter(|view| view.account.net != 0).count();
    let mut body = good("netPositions", json!(rows));
    body["overall"] = json!({"count_total": all.len(), "count_open": open,
        "pl_total": number(realized + unrealized), "pl_realized": number(realized),
        "pl_unrealized": number(unrealized)});
    body
}

/// One row of the order book.
pub fn order(order: &OrderState, ltp: Option<Decimal>, row: usize) -> Value {
    let request = &order.order.request;
    let status = codes::status_number(order.status);
    let side = request.side.sign();
    // A rejected order never reached the exchange.
    let exchange_id = if order.status == OrderStatus::Rejected { "" } else { &order.id };
    let legs = order.order.legs.as_ref();
    let distance = |pick: fn(&ExitLegs) -> Option<Decimal>| number(legs.and_then(pick).unwrap_or_default());
    let mut body = json!({"clientId": CLIENT, "id": order.id, "id_fyers": order.id, "exchOrdId": exchange_id,
        "qty": request.quantity, "remainingQuantity": order.open_quantity(), "filledQty": order.filled,
        "discloseQty": order.order.disclosed, "disclosedQty": order.order.disclosed, "dqQtyRem": 0,
        "limitPrice": number(shown_limit(order, ltp)),
        "stopPrice": number(request.stop_price), "tradedPrice": number(order.average()),
        "type": codes::order_type_number(request.order_type), "fyToken": token(order.symbol()),
        "exchange": exchange(order.symbol()),
        "segment": segment(order.symbol()), "symbol": order.symbol(), "instrument": 0, "message": order.message,
        "offlineOrder": false, "orderDateTime": moment(order.placed_at),
        "orderValidity": if order.is_ioc() { "IOC" } else { "DAY" }, "pan": "",
        "productType": codes::product_word(order.product()), "side": side, "status": status, "source": "API",
        "ex_sym": short_name(order.symbol()), "description": short_name(order.symbol()), "ch": 0, "chp": 0,
        "lp": number(ltp.unwrap_or_default()), "slNo": row, "orderNumStatus": format!("{}:{status}", order.id),
        "orderTag": order.shown_tag(), "takeProfit": distance(|legs| legs.take_profit),
        "stopLoss": distance(|legs| legs.stop_loss)});
    if let Some(legs) = legs {
        body["legType"] = json!(if legs.percent { 2 } else { 1 });
    }
    if let Some(link) = &order.link {
        body["parentId"] = json!(link.parent);
    }
    body
}

/// FYERS shows market orders with a limit price: the price they traded at, or the one margin was blocked for.
fn shown_limit(order: &OrderState, ltp: Option<Decimal>) -> Decimal {
    let request = &order.order.request;
    match request.order_type {
        OrderType::Market if order.filled > 0 => order.average(),
        OrderType::Market if order.reserve.is_zero() => ltp.unwrap_or_default(),
        OrderType::Market => order.reserve,
        _ => request.limit_price,
    }
}

/// `GET /orders`, filtered by ids and by tag as shown.
///
/// # Errors
/// -51 when ids are asked for and none of them is known.
pub fn orders(book: &Book, ids: Option<&str>, tag: Option<&str>) -> Result<Value, ApiError> {
    let wanted: Option<Vec<&str>> = ids.map(|ids| ids.split(',').map(str::trim).collect());
    let fits = |order: &OrderState| {
        wanted.as_ref().is_none_or(|ids| ids.contains(&order.id.as_str()))
            && tag
                .is_none_or(|tag| order.shown_tag() == tag || order.order.request.tag.as_deref() == Some(tag))
    };
    let row = |(row, found): (usize, OrderState)| order(&found, book.market().ltp(found.symbol()), row + 1);
    let rows: Vec<Value> = book.orders().filter(fits).enumerate().map(row).collect();
    if rows.is_empty() && wanted.is_some() {
        return Err(ApiError::unknown_order());
    }
    Ok(good("orderBook", json!(rows)))
}

/// `GET /tradebook`, filtered by tag as shown.
pub fn trades(book: &Book, tag: Option<&str>) -> Value {
    let tag_of = |trade: &Trade| book.ledger().orders.get(&trade.order_id).map(|order| order.shown_tag());
    let fits = |trade: &Trade| tag.is_none_or(|tag| tag_of(trade).as_deref() == Some(tag));
    let row = |trade: Trade| {
        let order = book.ledger().orders.get(&trade.order_id);
        let order_type = order.map_or(0, |order| codes::order_type_number(order.order.request.order_type));
        json!({"clientId": CLIENT, "orderDateTime": moment(trade.at), "orderNumber": trade.order_id,
            "exchangeOrderNo": trade.order_id, "tradeNumber": trade.number.to_string(), "row": trade.number,
            "exchange": exchange(&trade.symbol), "segment": segment(&trade.symbol),
            "side": if trade.side == Side::Buy { 1 } else { -1 }, "orderType": order_type, "fyToken": token(&trade.symbol),
            "productType": codes::product_word(trade.product), "tradedQty": trade.quantity,
            "tradePrice": number(trade.price), "tradeValue": number(trade.value()),
            "symbol": trade.symbol, "orderTag": tag_of(&trade).unwrap_or_default()})
    };
    good("tradeBook", book.trades().filter(fits).map(row).collect())
}

/// `GET /data/marketStatus`: a row for each exchange and segment, by the table of sessions.
pub fn market_status(book: &Book, at: DateTime<Utc>) -> Value {
    let rows = [
        (Exchange::Nse, Segment::Cash),
        (Exchange::Nse, Segment::Fno),
        (Exchange::Bse, Segment::Cash),
        (Exchange::Bse, Segment::Fno),
        (Exchange::Mcx, Segment::Mcx),
    ];
    let row = |(exchange, segment): (Exchange, Segment)| {
        let status = sessions::status_word(book.calendar(), segment, at);
        json!({"exchange": codes::exchange_number(exchange), "market_type": "NORMAL",
            "segment": codes::segment_number(segment), "status": status})
    };
    good("marketStatus", rows.into_iter().map(row).collect())
}

/// Marks a body as simulated: each `message` in it begins with `SIMULATED by` and the name.
pub fn mark_simulated(body: &mut Value, name: &str) {
    let elements = body.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten();
    elements.filter_map(|element| element.get_mut("body")).for_each(|inner| prefix(inner, name));
    prefix(body, name);
    body["simulated"] = json!(true);
}

fn prefix(body: &mut Value, name: &str) {
    let words = body["message"].as_str().filter(|words| !words.is_empty());
    body["message"] = match words {
        Some(words) => json!(format!("SIMULATED by {name}: {words}")),
        None => json!(format!("SIMULATED by {name}")),
    };
}
