//! What must never be simulated: an order that a person counts on to get out of a real position.

use crate::broker_error::BrokerError;
use crate::routing::OnTokenLoss;
use fyers_api::model::{OrderRequest, Position};

/// Why an order is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It would reduce a live position that only FYERS can reduce.
    #[error(
        "this order would reduce your live position of {net} {symbol}, and FYERS cannot be used now: \
         it is refused, not simulated; close the position in the FYERS app if you must"
    )]
    ReducesLivePosition {
        /// The position's symbol.
        symbol: String,
        /// Its signed quantity.
        net: i64,
    },
    /// `KEEPER_ON_TOKEN_LOSS=reject`.
    #[error(
        "there is no good FYERS token, and KEEPER_ON_TOKEN_LOSS=reject: orders are refused, not simulated"
    )]
    NoToken,
}

/// Whether the MockExchange may take an order that was meant for FYERS.
pub fn may_simulate(
    order: &OrderRequest,
    live_positions: &[Position],
    on_token_loss: OnTokenLoss,
) -> Result<(), Refusal> {
    let reduced = live_positions.iter().find(|position| reduces(order, position));
    if let Some(position) = reduced {
        return Err(Refusal::ReducesLivePosition { symbol: position.symbol.clone(), net: position.net });
    }
    match on_token_loss {
        OnTokenLoss::Mock => Ok(()),
        OnTokenLoss::Reject => Err(Refusal::NoToken),
    }
}

/// Whether the order brings the position nearer to zero.
pub fn reduces(order: &OrderRequest, position: &Position) -> bool {
    let opposite = order.signed_quantity().signum() == -position.net.signum();
    let same_product = position.product.may_be(order.product);
    position.net != 0 && opposite && position.symbol == order.symbol && same_product
}

/// Whether FYERS takes no orders from this app at all: wrong kind of app, no permission, or another address than
/// the registered one (docs/fyers-api.md, "Order bans"). It says the same words for all three.
pub fn is_order_ban(error: &BrokerError) -> bool {
    let BrokerError::Refused { message, .. } = error else { return false };
    message.contains("not allowed from this app") || message.contains("Order placement restricted")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use fyers_api::model::{OrderType, Product, Side};

    fn order(symbol: &str, quantity: i64, side: Side, product: Product) -> OrderRequest {
        OrderRequest {
            symbol: symbol.into(),
            quantity,
            side,
            order_type: OrderType::Market,
            product,
            limit_price: Decimal::ZERO,
            stop_price: Decimal::ZERO,
            tag: None,
        }
    }

    fn position(symbol: &str, net: i64) -> Position {
        let (average, realized) = (Decimal::from(800), Decimal::ZERO);
        Position { symbol: symbol.into(), product: Product::Intraday, net, average, realized }
    }

    #[test]
    fn an_exit_is_refused_an_entry_is_not() {
        let long = [position("NSE:SBIN-EQ", 10)];
        let judge = |order: OrderRequest| may_simulate(&order, &long, OnTokenLoss::Mock);
        assert!(judge(order("NSE:SBIN-EQ", 1, Side::Sell, Product::Intraday)).is_err());
        assert!(
            judge(order("NSE:SBIN-EQ", 50, Side::Sell, Product::Intraday)).is_err(),
            "more than it closes"
        );
        assert!(judge(order("NSE:SBIN-EQ", 1, Side::Buy, Product::Intraday)).is_ok());
        assert!(judge(order("NSE:INFY-EQ", 1, Side::Sell, Product::Intraday)).is_ok());
        assert!(judge(order("NSE:SBIN-EQ", 1, Side::Sell, Product::Cnc)).is_ok(), "another product");
    }

    #[test]
    fn reject_refuses_entries_too() {
        let entry = order("NSE:SBIN-EQ", 1, Side::Buy, Product::Intraday);
        assert_eq!(may_simulate(&entry, &[], OnTokenLoss::Reject), Err(Refusal::NoToken));
    }

    proptest! {
        #[test]
        fn whatever_brings_a_live_position_nearer_to_zero_is_refused(
            net in -100i64..100, quantity in 1i64..200, buys: bool,
        ) {
            let side = if buys { Side::Buy } else { Side::Sell };
            let order = order("NSE:SBIN-EQ", quantity, side, Product::Intraday);
            let refused = may_simulate(&order, &[position("NSE:SBIN-EQ", net)], OnTokenLoss::Mock).is_err();
            prop_assert_eq!(refused, net != 0 && (net > 0) != buys);
        }
    }
}
