//! What the exchange can be told.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::{
    gtt::{GttChange, NewGtt},
    new_order::NewOrder,
    price::PriceUpdate,
    record::SeededHolding,
    sessions::Segment,
};
use fyers_api::model::{OrderType, Product, Side, Validity};

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
    /// What a change cannot change; named by mistake or to be sure, and refused unless it is the order's own.
    pub fixed: Fixed,
}

/// Terms of an order that stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fixed {
    /// `symbol`.
    pub symbol: Option<String>,
    /// `side`.
    pub side: Option<Side>,
    /// `productType`.
    pub product: Option<Product>,
    /// `validity`.
    pub validity: Option<Validity>,
}

/// Which positions to exit (docs/fyers-api.md, "Exit").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExitScope {
    /// `exit_all`.
    All,
    /// These position ids, as `NSE:SBIN-EQ-INTRADAY`.
    Ids(Vec<String>),
    /// Those of one of these segments, one of these sides and one of these products; no products: all.
    Matching {
        /// Segments.
        segments: Vec<Segment>,
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
    /// Begin as a copy of an account at the broker, if nothing has happened yet.
    SeedAccount {
        /// Free money in INR; `None` where it is not known.
        cash: Option<Decimal>,
        /// Shares.
        holdings: Vec<SeededHolding>,
        /// When.
        at: DateTime<Utc>,
    },
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
    /// Cancel these waiting orders and GTT orders at any hour: nobody has asked for it. Those that wait no longer are left out.
    Withdraw {
        /// Which.
        ids: Vec<String>,
        /// Why.
        message: String,
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
    /// Send the order of a GTT order whose trigger is reached ([`crate::Book::gtts_due`]).
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
        exit: ExitScope,
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
    /// The day's end for INTRADAY in a segment: waiting orders are cancelled, positions closed at the market.
    SquareOff {
        /// Where.
        segment: Segment,
        /// When.
        at: DateTime<Utc>,
    },
    /// A segment's last session of the day is over: DAY orders expire, contracts of the day are settled.
    EndSession {
        /// Where.
        segment: Segment,
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
            | Self::SeedAccount { at, .. }
            | Self::Modify { at, .. }
            | Self::Cancel { at, .. }
            | Self::Withdraw { at, .. }
            | Self::PlaceGtt { at, .. }
            | Self::ModifyGtt { at, .. }
            | Self::CancelGtt { at, .. }
            | Self::TriggerGtt { at, .. }
            | Self::ExitPosition { at, .. }
            | Self::ConvertPosition { at, .. }
            | Self::SquareOff { at, .. }
            | Self::EndSession { at, .. } => Some(*at),
            Self::Quote(quote) => Some(quote.at),
            Self::NewDay { .. } => None,
        }
    }
}
