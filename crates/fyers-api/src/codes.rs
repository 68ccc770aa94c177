//! The broker's numbers and words for our enums (docs/fyers-api.md, "Enums").

use crate::model::{OrderStatus, OrderType, Product, Side};
use crate::{error::ApiError, model::Validity};

/// `type` 1 to 4.
///
/// # Errors
/// -50 for any other number.
pub fn order_type(number: i64) -> Result<OrderType, ApiError> {
    match number {
        1 => Ok(OrderType::Limit),
        2 => Ok(OrderType::Market),
        3 => Ok(OrderType::Stop),
        4 => Ok(OrderType::StopLimit),
        _ => Err(ApiError::invalid_input()),
    }
}

/// 1 to 4.
pub fn order_type_number(order_type: OrderType) -> i64 {
    match order_type {
        OrderType::Limit => 1,
        OrderType::Market => 2,
        OrderType::Stop => 3,
        OrderType::StopLimit => 4,
    }
}

/// `side` 1 or -1.
///
/// # Errors
/// -50 for any other number.
pub fn side(number: i64) -> Result<Side, ApiError> {
    match number {
        1 => Ok(Side::Buy),
        -1 => Ok(Side::Sell),
        _ => Err(ApiError::invalid_input()),
    }
}

/// `productType`. CO and BO are gone since August 2026 and are refused as any other word.
///
/// # Errors
/// -50 for any other word.
pub fn product(word: &str) -> Result<Product, ApiError> {
    match word {
        "CNC" => Ok(Product::Cnc),
        "INTRADAY" => Ok(Product::Intraday),
        "MARGIN" => Ok(Product::Margin),
        "MTF" => Ok(Product::Mtf),
        _ => Err(ApiError::invalid_input()),
    }
}

/// `productType` as FYERS says it of orders and positions that exist: cover and bracket orders may still be there,
/// and a word that is not known must not hide what it is said of.
pub fn product_seen(word: &str) -> Product {
    match word {
        "CO" => Product::Co,
        "BO" => Product::Bo,
        other => product(other).unwrap_or(Product::Other),
    }
}

/// `CNC`, `INTRADAY`, `MARGIN`, `MTF`, `CO` or `BO`; `OTHER` for one that is not known.
pub fn product_word(product: Product) -> &'static str {
    match product {
        Product::Cnc => "CNC",
        Product::Intraday => "INTRADAY",
        Product::Margin => "MARGIN",
        Product::Mtf => "MTF",
        Product::Co => "CO",
        Product::Bo => "BO",
        Product::Other => "OTHER",
    }
}

/// `validity`.
///
/// # Errors
/// -50 for any other word.
pub fn validity(word: &str) -> Result<Validity, ApiError> {
    match word {
        "DAY" => Ok(Validity::Day),
        "IOC" => Ok(Validity::Ioc),
        _ => Err(ApiError::invalid_input()),
    }
}

/// `status` 1 to 7; 3 is unused.
pub fn status_number(status: OrderStatus) -> i64 {
    match status {
        OrderStatus::Cancelled => 1,
        OrderStatus::Traded => 2,
        OrderStatus::Transit => 4,
        OrderStatus::Rejected => 5,
        OrderStatus::Pending => 6,
        OrderStatus::Expired => 7,
    }
}

/// The status with this number; `None` for 3 and any other.
pub fn status(number: i64) -> Option<OrderStatus> {
    match number {
        1 => Some(OrderStatus::Cancelled),
        2 => Some(OrderStatus::Traded),
        4 => Some(OrderStatus::Transit),
        5 => Some(OrderStatus::Rejected),
        6 => Some(OrderStatus::Pending),
        7 => Some(OrderStatus::Expired),
        _ => None,
    }
}

/// As `NSE:SBIN-EQ-INTRADAY` (docs/fyers-api.md, "Positions").
pub fn position_id(symbol: &str, product: Product) -> String {
    format!("{symbol}-{}", product_word(product))
}

/// The symbol in a position id; a plain symbol stays as it is, for SDKs send either.
pub fn symbol_of_position(id: &str) -> &str {
    let products = ["CNC", "INTRADAY", "MARGIN", "MTF", "CO", "BO"];
    id.rsplit_once('-').filter(|(_, word)| products.contains(word)).map_or(id, |(symbol, _)| symbol)
}
