//! The broker's numbers and words for our enums (docs/fyers-api.md, "Enums").

use crate::model::{Exchange, OrderStatus, OrderType, Product, Segment, Side};
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
        _ => Err(ApiError::invalid("type is 1 (limit), 2 (market), 3 (stop) or 4 (stop limit)")),
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
        _ => Err(ApiError::invalid("side is 1 (buy) or -1 (sell)")),
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
        _ => Err(ApiError::invalid("productType is CNC, INTRADAY, MARGIN or MTF")),
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
        _ => Err(ApiError::invalid("validity is DAY or IOC")),
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

/// The exchanges and their numbers.
const EXCHANGES: [(Exchange, i64); 3] = [(Exchange::Nse, 10), (Exchange::Mcx, 11), (Exchange::Bse, 12)];

/// The segments and their numbers.
const SEGMENTS: [(Segment, i64); 4] =
    [(Segment::Cash, 10), (Segment::Fno, 11), (Segment::Currency, 12), (Segment::Mcx, 20)];

/// `exchange` 10 to 12.
pub fn exchange(number: i64) -> Option<Exchange> {
    EXCHANGES.iter().find(|(_, own)| *own == number).map(|(exchange, _)| *exchange)
}

/// 10 NSE, 11 MCX, 12 BSE.
pub fn exchange_number(exchange: Exchange) -> i64 {
    EXCHANGES.iter().find(|(own, _)| *own == exchange).map_or(0, |(_, number)| *number)
}

/// `segment` 10, 11, 12 or 20.
pub fn segment(number: i64) -> Option<Segment> {
    SEGMENTS.iter().find(|(_, own)| *own == number).map(|(segment, _)| *segment)
}

/// 10 cash, 11 futures and options, 12 currency, 20 MCX.
pub fn segment_number(segment: Segment) -> i64 {
    SEGMENTS.iter().find(|(own, _)| *own == segment).map_or(0, |(_, number)| *number)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_goes_there_and_back() {
        for number in -30..30 {
            assert_eq!(side(number).ok().map(Side::sign).unwrap_or(number), number);
            assert_eq!(order_type(number).ok().map(order_type_number).unwrap_or(number), number);
            assert_eq!(status(number).map(status_number).unwrap_or(number), number);
            assert_eq!(exchange(number).map(exchange_number).unwrap_or(number), number);
            assert_eq!(segment(number).map(segment_number).unwrap_or(number), number);
        }
        let known = |all: fn(i64) -> bool| (-30..30).filter(|number| all(*number)).collect::<Vec<_>>();
        assert_eq!(known(|n| side(n).is_ok()), [-1, 1]);
        assert_eq!(known(|n| order_type(n).is_ok()), [1, 2, 3, 4]);
        assert_eq!(known(|n| status(n).is_some()), [1, 2, 4, 5, 6, 7]);
        assert_eq!(known(|n| exchange(n).is_some()), [10, 11, 12]);
        assert_eq!(known(|n| segment(n).is_some()), [10, 11, 12, 20]);
    }

    #[test]
    fn orders_refuse_the_products_that_books_may_show() {
        for word in ["CO", "BO", "NEW"] {
            assert!(product(word).is_err(), "{word}");
        }
        for word in ["CNC", "INTRADAY", "MARGIN", "MTF", "CO", "BO"] {
            assert_eq!(product_word(product_seen(word)), word);
        }
        assert_eq!(product_seen("NEW"), Product::Other);
        assert_eq!(symbol_of_position("NSE:SBIN-EQ-BO"), "NSE:SBIN-EQ");
        assert_eq!(Exchange::of_symbol("MCX:GOLD26DECFUT"), Some(Exchange::Mcx));
        assert_eq!(Exchange::of_symbol("SBIN"), None);
    }
}
