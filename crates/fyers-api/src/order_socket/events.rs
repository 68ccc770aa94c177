//! What happens to orders, trades and positions, in the snake case of the wire.
//!
//! Keys are left out when they are empty, so everything is optional; a value of a wrong type is as good as none.

use std::collections::BTreeSet;

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Map, Number, Value};

use crate::{model::OrderStatus, number};

/// How a value stands in JSON.
trait Wire: Sized {
    fn read(value: &Value) -> Option<Self>;
    fn write(&self) -> Value;
}

impl Wire for String {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Wire for i64 {
    fn read(value: &Value) -> Option<Self> {
        number::whole(value)
    }

    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl Wire for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }

    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

impl Wire for Decimal {
    fn read(value: &Value) -> Option<Self> {
        number::decimal(value)
    }

    fn write(&self) -> Value {
        let whole = self.fract().is_zero().then(|| self.to_i64()).flatten().map(Number::from);
        whole.or_else(|| self.to_f64().and_then(Number::from_f64)).map_or(Value::Null, Value::Number)
    }
}

fn told<T: Wire>(row: &Map<String, Value>, key: &'static str, odd: &mut BTreeSet<&'static str>) -> Option<T> {
    let value = row.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))?;
    let read = T::read(value);
    if read.is_none() {
        odd.insert(key);
    }
    read
}

/// An event type from one table of its fields: name, type, key on the wire, key in the REST book (empty when it has none).
macro_rules! event {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $kind:ty = $key:literal / $book:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $($(#[$doc])* pub $field: Option<$kind>,)*
        }

        impl $name {
            /// Reads the object under the event's key.
            pub fn read(fields: &Map<String, Value>) -> Self {
                Self { $($field: fields.get($key).and_then(Wire::read),)* }
            }

            /// Reads a row of the REST book of the same things. Texts that say nothing are left out, as on the wire, and what
            /// is odd is named.
            pub(crate) fn of_row(row: &Map<String, Value>, odd: &mut BTreeSet<&'static str>) -> Self {
                Self { $($field: told(row, $book, odd),)* }
            }

            /// The object under the event's key; what is `None` is left out.
            pub fn write(&self) -> Map<String, Value> {
                let mut fields = Map::new();
                $(if let Some(value) = &self.$field {
                    fields.insert($key.to_owned(), value.write());
                })*
                fields
            }
        }
    };
}

event! {
    /// An order has changed.
    OrderEvent {
        /// The order id.
        id: String = "id" / "id",
        /// The account.
        client_id: String = "client_id" / "clientId",
        /// The order it is a leg of.
        parent_id: String = "id_parent" / "parentId",
        /// The exchange's id.
        exchange_id: String = "id_exchange" / "exchOrdId",
        /// FYERS' own id, a UUID.
        fyers_id: String = "id_fyers" / "id_fyers",
        /// As `NSE:SBIN-EQ`.
        symbol: String = "symbol" / "symbol",
        /// As `10100000003045`.
        fy_token: String = "fy_token" / "fyToken",
        /// Whole quantity.
        quantity: i64 = "qty" / "qty",
        /// Still waiting.
        remaining: i64 = "qty_remaining" / "remainingQuantity",
        /// Filled so far.
        filled: i64 = "qty_filled" / "filledQty",
        /// INR.
        limit_price: Decimal = "price_limit" / "limitPrice",
        /// INR.
        stop_price: Decimal = "price_stop" / "stopPrice",
        /// Average of the fills in INR.
        traded_price: Decimal = "price_traded" / "tradedPrice",
        /// 1 to 4, see [`codes::order_type`](crate::codes::order_type).
        order_type: i64 = "ord_type" / "type",
        /// 1 or -1.
        side: i64 = "tran_side" / "side",
        /// As `INTRADAY`.
        product: String = "product_type" / "productType",
        /// `DAY` or `IOC`.
        validity: String = "validity" / "orderValidity",
        /// After-market order.
        offline: bool = "offline_flag" / "offlineOrder",
        /// 1 to 7, what the Python SDK reads; see [`OrderEvent::status`].
        status_number: i64 = "org_ord_status" / "status",
        /// The internal number, what the JavaScript SDK reads.
        internal_status: i64 = "ord_status" / "",
        /// See docs/fyers-api.md, "Enums".
        exchange: i64 = "exchange" / "exchange",
        /// See docs/fyers-api.md, "Enums".
        segment: i64 = "segment" / "segment",
        /// Kind of instrument.
        instrument: i64 = "instrument" / "instrument",
        /// The exchange's name for the symbol.
        exchange_symbol: String = "symbol_exch" / "ex_sym",
        /// The symbol in words.
        description: String = "symbol_desc" / "description",
        /// Rejection text.
        message: String = "oms_msg" / "message",
        /// As `23-Nov-2026 09:15:01`, IST; see [`date::order_time`](crate::date::order_time).
        time: String = "time_oms" / "orderDateTime",
        /// As `API`.
        source: String = "ord_source" / "source",
        /// As `1:tag`.
        tag: String = "ordertag" / "orderTag",
        /// INR or percent.
        take_profit: Decimal = "take_profit" / "takeProfit",
        /// INR or percent.
        stop_loss: Decimal = "stop_loss" / "stopLoss",
        /// 1 points, 2 percent.
        leg_type: i64 = "leg_type" / "legType",
    }
}

event! {
    /// A fill.
    TradeEvent {
        /// `<order id>-<n>`.
        id: String = "id_fill" / "tradeNumber",
        /// The order.
        order_id: String = "id" / "orderNumber",
        /// FYERS' own id, a UUID.
        fyers_id: String = "id_fyers" / "id_fyers",
        /// The exchange's id of the order.
        exchange_id: String = "id_exchange" / "exchangeOrderNo",
        /// The account.
        client_id: String = "client_id" / "clientId",
        /// As `NSE:SBIN-EQ`.
        symbol: String = "symbol" / "symbol",
        /// As `10100000003045`.
        fy_token: String = "fy_token" / "fyToken",
        /// How much.
        quantity: i64 = "qty_traded" / "tradedQty",
        /// INR.
        price: Decimal = "price_traded" / "tradePrice",
        /// INR.
        value: Decimal = "traded_val" / "tradeValue",
        /// 1 to 4.
        order_type: i64 = "ord_type" / "orderType",
        /// 1 or -1.
        side: i64 = "tran_side" / "side",
        /// As `INTRADAY`.
        product: String = "product_type" / "productType",
        /// As `23-11-2026 09:15:01`, IST; see [`date::fill_time`](crate::date::fill_time).
        time: String = "fill_time" / "orderDateTime",
        /// See docs/fyers-api.md, "Enums".
        exchange: i64 = "exchange" / "exchange",
        /// See docs/fyers-api.md, "Enums".
        segment: i64 = "segment" / "segment",
        /// As `1:tag`.
        tag: String = "ordertag" / "orderTag",
    }
}

event! {
    /// A position has changed.
    PositionEvent {
        /// As `NSE:SBIN-EQ-INTRADAY`.
        id: String = "id" / "id",
        /// As `NSE:SBIN-EQ`.
        symbol: String = "symbol" / "symbol",
        /// As `10100000003045`.
        fy_token: String = "fy_token" / "fyToken",
        /// As `INTRADAY`.
        product: String = "product_type" / "productType",
        /// 1 long, -1 short, 0 closed.
        side: i64 = "tran_side" / "side",
        /// Signed.
        net_quantity: i64 = "net_qty" / "netQty",
        /// Without sign.
        quantity: i64 = "qty" / "qty",
        /// INR.
        net_average: Decimal = "net_avg" / "netAvg",
        /// Bought in all.
        buy_quantity: i64 = "buy_qty" / "buyQty",
        /// INR.
        buy_average: Decimal = "buy_avg" / "buyAvg",
        /// INR.
        buy_value: Decimal = "buy_val" / "buyVal",
        /// Sold in all.
        sell_quantity: i64 = "sell_qty" / "sellQty",
        /// INR.
        sell_average: Decimal = "sell_avg" / "sellAvg",
        /// INR.
        sell_value: Decimal = "sell_val" / "sellVal",
        /// INR.
        realized: Decimal = "pl_realized" / "realized_profit",
        /// INR.
        unrealized: Decimal = "pl_unrealized" / "unrealized_profit",
        /// INR.
        profit: Decimal = "pl_total" / "pl",
        /// Bought today.
        day_buy_quantity: i64 = "day_buy_qty" / "dayBuyQty",
        /// Sold today.
        day_sell_quantity: i64 = "day_sell_qty" / "daySellQty",
        /// Bought before today.
        carried_buy_quantity: i64 = "cf_buy_qty" / "cfBuyQty",
        /// Sold before today.
        carried_sell_quantity: i64 = "cf_sell_qty" / "cfSellQty",
        /// See docs/fyers-api.md, "Enums".
        exchange: i64 = "exchange" / "exchange",
        /// See docs/fyers-api.md, "Enums".
        segment: i64 = "segment" / "segment",
        /// 1 but for commodities.
        multiplier: Decimal = "qty_multiplier" / "qtyMulti_com",
        /// `Y` or `N`.
        cross_currency: String = "cross_curr_flag" / "crossCurrency",
        /// Exchange rate, 1 in INR.
        reference_rate: Decimal = "rbirefrate" / "rbiRefRate",
        /// INR or percent.
        take_profit: Decimal = "take_profit" / "takeProfit",
        /// INR or percent.
        stop_loss: Decimal = "stop_loss" / "stopLoss",
        /// 1 points, 2 percent.
        leg_type: i64 = "leg_type" / "legType",
    }
}

impl OrderEvent {
    /// Where the order stands: by the number of the order book when there is one, else by the internal one.
    pub fn status(&self) -> Option<OrderStatus> {
        self.status_number.and_then(crate::codes::status).or_else(|| match self.internal_status? {
            11 | 12 | 20 | 21 => Some(OrderStatus::Transit),
            22..=26 | 51..=55 | 61..=64 | 71 | 72 => Some(OrderStatus::Pending),
            90 => Some(OrderStatus::Traded),
            73 | 91 => Some(OrderStatus::Cancelled),
            92..=94 => Some(OrderStatus::Rejected),
            _ => None,
        })
    }

    /// Sets both numbers, so that every SDK shows the same. The JavaScript SDK knows no expired order; it shows it
    /// as cancelled.
    #[must_use]
    pub fn with_status(self, status: OrderStatus) -> Self {
        let internal = match status {
            OrderStatus::Transit => 20,
            OrderStatus::Pending => 22,
            OrderStatus::Traded => 90,
            OrderStatus::Cancelled | OrderStatus::Expired => 91,
            OrderStatus::Rejected => 92,
        };
        let number = crate::codes::status_number(status);
        Self { status_number: Some(number), internal_status: Some(internal), ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_sdks_are_told_the_same() {
        for status in [
            OrderStatus::Transit,
            OrderStatus::Pending,
            OrderStatus::Traded,
            OrderStatus::Cancelled,
            OrderStatus::Rejected,
        ] {
            let event = OrderEvent::default().with_status(status);
            let for_javascript = OrderEvent { status_number: None, ..event.clone() };
            assert_eq!((event.status(), for_javascript.status()), (Some(status), Some(status)));
        }
        assert_eq!(
            OrderEvent::default().with_status(OrderStatus::Expired).status(),
            Some(OrderStatus::Expired)
        );
        assert_eq!(OrderEvent { internal_status: Some(5), ..OrderEvent::default() }.status(), None);
    }

    #[test]
    fn what_is_absent_or_odd_is_none_and_is_not_written() {
        let raw = json!({"id": "26112300000017", "qty": "5", "qty_filled": 2.0, "price_limit": 800.1, "symbol": [],
            "lot_size": 1, "status_msg": "x"});
        let event = OrderEvent::read(raw.as_object().unwrap());
        assert_eq!((event.quantity, event.filled, event.symbol.clone()), (Some(5), Some(2), None));
        let want = json!({"id": "26112300000017", "qty": 5, "qty_filled": 2, "price_limit": 800.1});
        assert_eq!(Value::Object(event.write()), want);
    }
}
