//! An order as it is asked for.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use fyers_api::model::{OrderRequest, Validity};

/// An order with everything the broker's form has (docs/fyers-api.md, "Place").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// Symbol, quantity, side, type, product, prices and tag.
    pub request: OrderRequest,
    /// How long it lives.
    pub validity: Validity,
    /// How much of it the market sees; zero: all. Equity only. It changes no fill here.
    pub disclosed: i64,
    /// Exit legs that follow each fill; `None`: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legs: Option<ExitLegs>,
}

/// Exits that an order brings along: of a fill's two legs one cancels the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitLegs {
    /// Distance of the stop from the fill's price, above zero; `None`: no stop.
    pub stop_loss: Option<Decimal>,
    /// Distance of the target from the fill's price, above zero; `None`: no target.
    pub take_profit: Option<Decimal>,
    /// Whether the distances are percents of the fill's price (`legType` 2) instead of INR (1).
    pub percent: bool,
}

impl From<OrderRequest> for NewOrder {
    fn from(request: OrderRequest) -> Self {
        Self { request, validity: Validity::Day, disclosed: 0, legs: None }
    }
}
