//! From FYERS' JSON to the keeper's model (docs/fyers-api.md, "Login" and "Order book" and "Quotes").
//!
//! A row that cannot be read fails the whole answer: a hidden order or position is worse than an error.

use fyers_api::model::{
    Funds, Order, OrderAck, OrderRequest, OrderStatus, OrderType, Position, Product, Profile, Side,
};
use keeper_domain::{
    ports::FreshTokens,
    secret::{AccessToken, RefreshToken},
};
use rust_decimal::Decimal;

use crate::fyers::{
    clean::clean,
    date,
    fields::{Miss, Row, is_token},
};

/// Codes of an order that FYERS took and acknowledged. Anything else, as 201, sends the reader to the book.
const ACKNOWLEDGED: [i64; 2] = [1101, 200];

/// The answer to a refresh or a login. A refresh token of the wrong shape is as good as none: the access
/// token beside it is what was asked for, and it cannot be had a second time.
pub(super) fn tokens(answer: Row<'_>) -> Result<FreshTokens, Miss> {
    let access = answer.text("access_token").ok().filter(|text| is_token(text));
    let refresh = answer.text("refresh_token").ok().filter(|text| is_token(text));
    Ok(FreshTokens {
        access: access.map(AccessToken::new).ok_or(Miss("access_token"))?,
        refresh: refresh.map(RefreshToken::new),
    })
}

pub(super) fn profile(answer: Row<'_>) -> Result<Profile, Miss> {
    let data = answer.row("data")?;
    Ok(Profile { fy_id: data.word("fy_id")?.to_owned(), name: data.text_or_empty("name")?.to_owned() })
}

/// Amounts are found by id: the order of the list is not promised.
pub(super) fn funds(answer: Row<'_>) -> Result<Funds, Miss> {
    let limits = answer.rows("fund_limit")?;
    let amount = |id: i64| {
        let row = limits.iter().find(|row| row.int("id") == Ok(id)).ok_or(Miss("fund_limit"))?;
        row.money("equityAmount")
    };
    Ok(Funds { total: amount(1)?, utilized: amount(2)?, available: amount(10)? })
}

pub(super) fn ack(answer: Row<'_>) -> Result<OrderAck, Miss> {
    let confirmed = answer.int("code").is_ok_and(|code| ACKNOWLEDGED.contains(&code));
    Ok(OrderAck { id: answer.id("id")?, confirmed })
}

pub(super) fn orders(answer: Row<'_>) -> Result<Vec<Order>, Miss> {
    answer.rows("orderBook")?.into_iter().map(order).collect()
}

fn order(row: Row<'_>) -> Result<Order, Miss> {
    let placed_at = date::order_time(row.text("orderDateTime")?).ok_or(Miss("orderDateTime"))?;
    Ok(Order {
        id: row.id("id")?,
        request: request(row)?,
        status: status(row)?,
        filled: row.int_or_zero("filledQty")?,
        average: row.money_or_zero("tradedPrice")?,
        placed_at,
        message: clean(row.text_or_empty("message")?, &[]),
    })
}

fn request(row: Row<'_>) -> Result<OrderRequest, Miss> {
    Ok(OrderRequest {
        symbol: row.word("symbol")?.to_owned(),
        quantity: row.int("qty")?,
        side: side(row)?,
        order_type: order_type(row)?,
        product: product(row)?,
        limit_price: row.money_or_zero("limitPrice")?,
        stop_price: row.money_or_zero("stopPrice")?,
        tag: tag(row)?,
    })
}

fn side(row: Row<'_>) -> Result<Side, Miss> {
    match row.int("side")? {
        1 => Ok(Side::Buy),
        -1 => Ok(Side::Sell),
        _ => Err(Miss("side")),
    }
}

fn order_type(row: Row<'_>) -> Result<OrderType, Miss> {
    match row.int("type")? {
        1 => Ok(OrderType::Limit),
        2 => Ok(OrderType::Market),
        3 => Ok(OrderType::Stop),
        4 => Ok(OrderType::StopLimit),
        _ => Err(Miss("type")),
    }
}

/// Status 3 is listed as unused.
fn status(row: Row<'_>) -> Result<OrderStatus, Miss> {
    match row.int("status")? {
        1 => Ok(OrderStatus::Cancelled),
        2 => Ok(OrderStatus::Traded),
        4 => Ok(OrderStatus::Transit),
        5 => Ok(OrderStatus::Rejected),
        6 => Ok(OrderStatus::Pending),
        7 => Ok(OrderStatus::Expired),
        _ => Err(Miss("status")),
    }
}

/// Cover and bracket orders (CO, BO) are retired but may still be in a book; they live for one day, so they
/// are read as intraday rather than hiding everything else.
fn product(row: Row<'_>) -> Result<Product, Miss> {
    match row.text("productType")? {
        "CNC" => Ok(Product::Cnc),
        "INTRADAY" | "CO" | "BO" => Ok(Product::Intraday),
        "MARGIN" => Ok(Product::Margin),
        "MTF" => Ok(Product::Mtf),
        _ => Err(Miss("productType")),
    }
}

/// `1:` marks the bot's own tag; `2:` is the system's.
fn tag(row: Row<'_>) -> Result<Option<String>, Miss> {
    let own = row.text_or_empty("orderTag")?.strip_prefix("1:");
    Ok(own.filter(|tag| !matches!(*tag, "" | "Untagged")).map(str::to_owned))
}

pub(super) fn positions(answer: Row<'_>) -> Result<Vec<Position>, Miss> {
    answer.rows("netPositions")?.into_iter().map(position).collect()
}

fn position(row: Row<'_>) -> Result<Position, Miss> {
    let net = row.int("netQty")?;
    let average = if net == 0 { row.money_or_zero("netAvg")? } else { row.money("netAvg")? };
    Ok(Position {
        symbol: row.word("symbol")?.to_owned(),
        product: product(row)?,
        net,
        average,
        realized: row.money_or_zero("realized_profit")?,
    })
}

/// One element of a quotes answer.
pub(super) struct QuoteRow<'a> {
    pub(super) symbol: &'a str,
    /// The price, or FYERS' code and words for why there is none.
    pub(super) last: Result<Decimal, (i64, &'a str)>,
}

/// Code of a quote that was refused without a code of its own.
const BAD_SYMBOL: i64 = -300;

pub(super) fn quotes(answer: Row<'_>) -> Result<Vec<QuoteRow<'_>>, Miss> {
    answer.rows("d")?.into_iter().map(quote).collect()
}

fn quote(row: Row<'_>) -> Result<QuoteRow<'_>, Miss> {
    let symbol = row.word("n")?;
    let last = match row.text("s")? {
        "ok" => Ok(row.row("v")?.money("lp")?),
        _ => Err(bad_quote(row)),
    };
    Ok(QuoteRow { symbol, last })
}

/// The inner names vary from report to report, so nothing in here is required.
fn bad_quote(row: Row<'_>) -> (i64, &str) {
    let Ok(inner) = row.row("v") else { return (BAD_SYMBOL, "") };
    let words = inner.word("message").or_else(|_| inner.word("errmsg")).unwrap_or("");
    (inner.int("code").unwrap_or(BAD_SYMBOL), words)
}
