//! The MockExchange's book in the broker's JSON (docs/fyers-api.md, "Profile" and "Basics"), so that a bot reads it
//! like any other answer. What has no meaning here has the value an idle account shows.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

use crate::{Engine, Kind, OrderState, PriceUpdate, Reply, Trade};
use fyers_api::ist;
use fyers_api::{codes, error::ApiError, http::ApiResponse, model::Side};

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

/// A refusal in the broker's shape.
pub fn refusal(refusal: &ApiError) -> Value {
    let mut body = json!({"code": refusal.code, "message": refusal.message, "s": "error"});
    if let Some(id) = &refusal.id {
        body["id"] = json!(id);
    }
    body
}

/// A success in the broker's shape.
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

/// Money leaves as the broker writes it: a JSON number.
pub(crate) fn number(value: Decimal) -> Value {
    json!(value.round_dp(4).to_f64().unwrap_or_default())
}

pub(crate) fn moment(at: DateTime<Utc>) -> String {
    ist::ist(at).format("%d-%b-%Y %H:%M:%S").to_string()
}

pub(crate) fn exchange(symbol: &str) -> u8 {
    match symbol.split(':').next() {
        Some("MCX") => 11,
        Some("BSE") => 12,
        _ => 10,
    }
}

pub(crate) fn segment(symbol: &str) -> u8 {
    match (symbol.split(':').next(), Kind::of(symbol)) {
        (Some("MCX"), _) => 20,
        (_, kind) if kind.is_derivative() => 11,
        _ => 10,
    }
}

pub(crate) fn short_name(symbol: &str) -> &str {
    symbol.split_once(':').map_or(symbol, |(_, name)| name)
}

/// `GET /profile`.
pub fn profile() -> Value {
    let data = json!({"name": "MOCK ACCOUNT", "image": null, "display_name": null, "email_id": "", "PAN": "",
        "fy_id": CLIENT, "pin_change_date": null, "mobile_number": "", "totp": true, "pwd_change_date": null,
        "pwd_to_expire": 90, "ddpi_enabled": false, "mtf_enabled": false});
    good("data", data)
}

/// `GET /funds`.
pub fn funds(engine: &Engine) -> Value {
    let money = engine.balances();
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
pub fn holdings(engine: &Engine) -> Value {
    let all = engine.holdings();
    let (mut invested, mut worth) = (Decimal::ZERO, Decimal::ZERO);
    let rows: Vec<Value> = all
        .iter()
        .enumerate()
        .map(|(row, held)| {
            invested += held.cost_price * Decimal::from(held.quantity);
            worth += held.value;
            json!({"holdingType": "HLD", "quantity": held.quantity, "costPrice": number(held.cost_price),
                "marketVal": number(held.value), "remainingQuantity": held.remaining, "pl": number(held.profit),
                "ltp": number(held.ltp), "id": row, "fyToken": "", "exchange": exchange(&held.symbol),
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
pub fn positions(engine: &Engine) -> Value {
    let all = engine.positions();
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
                "productType": codes::product_word(account.product), "fyToken": "", "side": account.net.signum(),
                "netQty": account.net, "qty": account.net.abs(), "buyQty": buy.quantity, "sellQty": sell.quantity,
                "buyAvg": number(buy.average()), "sellAvg": number(sell.average()),
                "netAvg": number(account.average()), "avgPrice": number(account.average()),
                "buyVal": number(buy.value), "sellVal": number(sell.value),
                "realized_profit": number(account.realized), "unrealized_profit": number(view.unrealized),
                "pl": number(account.realized + view.unrealized), "ltp": number(view.ltp), "crossCurrency": "N",
                "rbiRefRate": 1, "qtyMulti_com": 1, "segment": segment(&account.symbol),
                "exchange": exchange(&account.symbol), "slNo": row, "cfBuyQty": 0, "cfSellQty": 0,
                "dayBuyQty": buy.quantity, "daySellQty": sell.quantity})
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
    let side = if order.side() == Side::Buy { 1 } else { -1 };
    json!({"clientId": CLIENT, "id": order.id, "id_fyers": order.id, "exchOrdId": order.id, "qty": request.quantity,
        "remainingQuantity": order.remaining(), "filledQty": order.filled, "discloseQty": order.order.disclosed,
        "disclosedQty": order.order.disclosed, "dqQtyRem": 0, "limitPrice": number(request.limit_price),
        "stopPrice": number(request.stop_price), "tradedPrice": number(order.average()),
        "type": codes::order_type_number(request.order_type), "fyToken": "", "exchange": exchange(order.symbol()),
        "segment": segment(order.symbol()), "symbol": order.symbol(), "instrument": 0, "message": order.message,
        "offlineOrder": false, "orderDateTime": moment(order.placed_at),
        "orderValidity": if order.is_ioc() { "IOC" } else { "DAY" }, "pan": "",
        "productType": codes::product_word(order.product()), "side": side, "status": status, "source": "API",
        "ex_sym": short_name(order.symbol()), "description": short_name(order.symbol()), "ch": 0, "chp": 0,
        "lp": number(ltp.unwrap_or_default()), "slNo": row, "orderNumStatus": format!("{}:{status}", order.id),
        "orderTag": order.shown_tag(), "takeProfit": 0, "stopLoss": 0})
}

/// `GET /orders`, filtered by ids and by tag as shown.
///
/// # Errors
/// -51 when ids are asked for and none of them is known.
pub fn orders(engine: &Engine, ids: Option<&str>, tag: Option<&str>) -> Result<Value, ApiError> {
    let wanted: Option<Vec<&str>> = ids.map(|ids| ids.split(',').map(str::trim).collect());
    let fits = |order: &&OrderState| {
        wanted.as_ref().is_none_or(|ids| ids.contains(&order.id.as_str()))
            && tag
                .is_none_or(|tag| order.shown_tag() == tag || order.order.request.tag.as_deref() == Some(tag))
    };
    let row = |(row, found): (usize, &OrderState)| order(found, engine.market().ltp(found.symbol()), row + 1);
    let rows: Vec<Value> = engine.orders().filter(fits).enumerate().map(row).collect();
    if rows.is_empty() && wanted.is_some() {
        return Err(ApiError::unknown_order());
    }
    Ok(good("orderBook", json!(rows)))
}

/// `GET /tradebook`, filtered by tag as shown.
pub fn trades(engine: &Engine, tag: Option<&str>) -> Value {
    let tag_of = |trade: &Trade| engine.ledger().orders.get(&trade.order_id).map(OrderState::shown_tag);
    let fits = |trade: &&Trade| tag.is_none_or(|tag| tag_of(trade).as_deref() == Some(tag));
    let row = |trade: &Trade| {
        let order = engine.ledger().orders.get(&trade.order_id);
        let order_type = order.map_or(0, |order| codes::order_type_number(order.order.request.order_type));
        json!({"clientId": CLIENT, "orderDateTime": moment(trade.at), "orderNumber": trade.order_id,
            "exchangeOrderNo": trade.order_id, "tradeNumber": trade.number.to_string(), "row": trade.number,
            "exchange": exchange(&trade.symbol), "segment": segment(&trade.symbol),
            "side": if trade.side == Side::Buy { 1 } else { -1 }, "orderType": order_type, "fyToken": "",
            "productType": codes::product_word(trade.product), "tradedQty": trade.quantity,
            "tradePrice": number(trade.price), "tradeValue": number(trade.price * Decimal::from(trade.quantity)),
            "symbol": trade.symbol, "orderTag": tag_of(trade).unwrap_or_default()})
    };
    good("tradeBook", engine.trades().iter().filter(fits).map(row).collect())
}

/// `GET /data/quotes` with made-up prices: each row says that it is simulated.
pub fn quotes(prices: &[PriceUpdate]) -> Value {
    let row = |price: &PriceUpdate| {
        let (last, name) = (number(price.ltp), short_name(&price.symbol));
        let day = ist::instant(ist::date(price.at), ist::at(0, 0)).timestamp().to_string();
        let v = json!({"ch": 0, "chp": 0, "lp": last, "spread": 0, "ask": last, "bid": last, "open_price": last,
            "high_price": last, "low_price": last, "prev_close_price": last, "atp": last, "volume": 0,
            "short_name": name, "exchange": price.symbol.split(':').next(), "description": price.symbol,
            "original_name": price.symbol, "symbol": price.symbol, "fyToken": "", "tt": day});
        json!({"n": price.symbol, "s": "ok", "v": v, "simulated": true})
    };
    json!({"s": "ok", "code": 200, "d": prices.iter().map(row).collect::<Vec<_>>(), "simulated": true})
}

/// `GET /data/depth` with a made-up price and no book behind it.
pub fn depth(price: &PriceUpdate, tick: Decimal) -> Value {
    let last = number(price.ltp);
    let none = json!({"price": last, "volume": 0, "ord": 0});
    let side = json!(vec![none; 5]);
    let row = json!({"totalbuyqty": 0, "totalsellqty": 0, "bids": side, "ask": side, "o": last, "h": last,
        "l": last, "c": last, "chp": 0, "tick_Size": number(tick), "ch": 0, "ltq": 0,
        "ltt": price.at.timestamp(), "ltp": last, "v": 0, "atp": last, "lower_ckt": 0, "upper_ckt": 0,
        "expiry": "", "oi": 0, "oiflag": false, "pdoi": 0, "oipercent": 0});
    let mut body = json!({"s": "ok", "d": {}, "message": "", "simulated": true});
    body["d"][&price.symbol] = row;
    body
}

/// `GET /data/history`: there is none.
pub fn history() -> Value {
    json!({"s": "no_data", "candles": [], "message": "", "simulated": true})
}

/// `GET /data/marketStatus`, by the clock alone.
pub fn market_status(is_open: bool) -> Value {
    let status = if is_open { "OPEN" } else { "CLOSED" };
    let row = |(exchange, segment): (u8, u8)| json!({"exchange": exchange, "market_type": "NORMAL", "segment": segment, "status": status});
    good("marketStatus", [(10, 10), (10, 11), (12, 10), (12, 11)].into_iter().map(row).collect())
}
