//! What the exchange can be told.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::gtt::{GttChange, NewGtt};
use fyers_api::model::Validity;
use fyers_api::model::{OrderRequest, OrderType, Product, Side};

/// An order with everything the broker's form has (docs/fyers-api.md, "Place"), legs and slices aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// Symbol, quantity, side, type, product, prices and tag.
    pub request: OrderRequest,
    /// How long it lives.
    pub validity: Validity,
    /// How much of it the market sees; zero: all. Equity only. It changes no fill here.
    pub disclosed: i64,
}

impl From<OrderRequest> for NewOrder {
    fn from(request: OrderRequest) -> Self {
        Self { request, validity: Validity::Day, disclosed: 0 }
    }
}

/// A change to a waiting order (docs/fyers-api.md, "Modify"). `None` keeps what was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modification {
    /// The order.
    pub id: String,
    /// Another type.
    pub order_type: Option<OrderType>,
    /// Another total quantity, what is already filled included.
    pub quantity: Option<i64>,
    /// Another limit price in INR.
    pub limit_price: Option<Decimal>,
    /// Another stop price in INR.
    pub stop_price: Option<Decimal>,
    /// Another disclosed quantity.
    pub disclosed: Option<i64>,
}

/// What the market shows of one symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceUpdate {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Last traded price in INR.
    pub ltp: Decimal,
    /// Best price somebody buys at, in INR; `None`: the last price stands for it.
    pub bid: Option<Decimal>,
    /// Best price somebody sells at, in INR; `None`: the last price stands for it.
    pub ask: Option<Decimal>,
    /// How much can be sold at the bid; `None`: any quantity.
    pub bid_quantity: Option<i64>,
    /// How much can be bought at the ask; `None`: any quantity.
    pub ask_quantity: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
}

impl PriceUpdate {
    /// A last price alone: both sides trade at it, any quantity.
    pub fn last(symbol: impl Into<String>, ltp: Decimal, at: DateTime<Utc>) -> Self {
        let symbol = symbol.into();
        Self { symbol, ltp, bid: None, ask: None, bid_quantity: None, ask_quantity: None, at }
    }

    /// The price at which an order of this side trades at once.
    pub fn touch(&self, side: Side) -> Decimal {
        match side {
            Side::Buy => self.ask.unwrap_or(self.ltp),
            Side::Sell => self.bid.unwrap_or(self.ltp),
        }
    }

    /// How much is left for an order of this side.
    pub(super) fn left_mut(&mut self, side: Side) -> &mut Option<i64> {
        match side {
            Side::Buy => &mut self.ask_quantity,
            Side::Sell => &mut self.bid_quantity,
        }
    }
}

/// Which positions to exit (docs/fyers-api.md, "Exit").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// `exit_all`.
    All,
    /// These position ids, as `NSE:SBIN-EQ-INTRADAY`.
    Ids(Vec<String>),
    /// Those of one of these segments, one of these sides and one of these products; no products: all.
    Matching {
        /// Segment numbers, as 10.
        segments: Vec<u8>,
        /// Long is [`Side::Buy`].
        sides: Vec<Side>,
        /// Products.
        products: Vec<Product>,
    },
}

/// A change of product (docs/fyers-api.md, "Convert").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The symbol; a position id is split by [`fyers_api::codes::symbol_of_position`].
    pub symbol: String,
    /// Long is [`Side::Buy`].
    pub side: Side,
    /// How much of it.
    pub quantity: i64,
    /// From this product.
    pub from: Product,
    /// To this one.
    pub to: Product,
}

/// What the exchange can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take an order.
    Place {
        /// The order.
        order: NewOrder,
        /// When.
        at: DateTime<Utc>,
    },
    /// Change a waiting order.
    Modify {
        /// What changes.
        change: Modification,
        /// When.
        at: DateTime<Utc>,
    },
    /// Cancel a waiting order.
    Cancel {
        /// The order.
        id: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Take a GTT order.
    PlaceGtt {
        /// The order.
        order: NewGtt,
        /// When.
        at: DateTime<Utc>,
    },
    /// Change a waiting GTT order.
    ModifyGtt {
        /// What changes.
        change: GttChange,
        /// When.
        at: DateTime<Utc>,
    },
    /// Cancel a waiting GTT order.
    CancelGtt {
        /// Which.
        id: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Send the order of a GTT order whose trigger is reached ([`crate::Engine::gtts_due`]).
    TriggerGtt {
        /// Which.
        id: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The market moved.
    Quote(PriceUpdate),
    /// Send market orders that close positions.
    ExitPosition {
        /// Which.
        exit: Exit,
        /// Cancel waiting orders of those symbols and products first (`pending_orders_cancel`).
        cancel_pending: bool,
        /// When.
        at: DateTime<Utc>,
    },
    /// Change the product of a position.
    ConvertPosition {
        /// What and how much.
        conversion: Conversion,
        /// When.
        at: DateTime<Utc>,
    },
    /// The day's end for INTRADAY: waiting orders are cancelled, positions closed at the market.
    SquareOff {
        /// When.
        at: DateTime<Utc>,
    },
    /// Close the open day and begin this one.
    NewDay {
        /// The trading day (IST).
        date: NaiveDate,
    },
}

impl Command {
    /// When it happens; a new day carries no time.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Place { at, .. }
            | Self::Modify { at, .. }
            | Self::Cancel { at, .. }
            | Self::PlaceGtt { at, .. }
            | Self::ModifyGtt { at, .. }
            | Self::CancelGtt { at, .. }
            | Self::TriggerGtt { at, .. }
            | Self::ExitPosition { at, .. }
            | Self::ConvertPosition { at, .. }
            | Self::SquareOff { at } => Some(*at),
            Self::Quote(quote) => Some(quote.at),
            Self::NewDay { .. } => None,
        }
    }
}
