//! What happened: the journal. Records are facts; applying them never fails and never decides.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{exact, gtt::NewGtt, new_order::NewOrder, sessions::Segment};
use fyers_api::error::ApiError;
use fyers_api::model::{OrderType, Product, Side};

/// Who sent an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The bot.
    Bot,
    /// An exit the bot asked for.
    Exit,
    /// The intraday square-off.
    SquareOff,
    /// A GTT order whose trigger was reached.
    Gtt,
    /// An exit leg of another order.
    Leg,
    /// The settlement of a contract at its expiry.
    Expiry,
}

/// How an exit leg hangs together with the order it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegLink {
    /// The order whose fill it closes.
    pub parent: String,
    /// The other leg: a fill here takes as much away there, and a cancel here ends it.
    pub sibling: Option<String>,
    /// Whether margin and stock are blocked for it; of two legs only the stop counts.
    pub counts: bool,
}

/// A share that the account begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeededHolding {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Above zero.
    pub quantity: i64,
    /// Average cost in INR.
    #[serde(with = "exact")]
    pub cost_price: Decimal,
}

/// What journals from before there were multipliers say.
pub(crate) fn one() -> i64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(crate) fn is_one(number: &i64) -> bool {
    *number == 1
}

/// One fact. The order of records is their meaning: replaying them all gives the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Record {
    /// A trading day began: yesterday's delivery is settled, its orders are gone.
    DayOpened {
        /// IST.
        date: NaiveDate,
    },
    /// The account began as a copy of one at the broker.
    AccountSeeded {
        /// INR.
        #[serde(with = "exact")]
        cash: Decimal,
        /// Shares.
        holdings: Vec<SeededHolding>,
        /// When.
        at: DateTime<Utc>,
    },
    /// INTRADAY is over for the day.
    SquaredOff {
        /// In this segment; `None`, in old journals: in all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        segment: Option<Segment>,
        /// When.
        at: DateTime<Utc>,
    },
    /// An order waits (status 6).
    OrderAccepted {
        /// Its id.
        id: String,
        /// What was asked for.
        order: NewOrder,
        /// Who asked.
        origin: Origin,
        /// INR for each share that margin is blocked for.
        #[serde(with = "exact")]
        reserve: Decimal,
        /// What it belongs to, when it is an exit leg.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<LegLink>,
        /// Whether the symbol's price was made up when it was taken.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        made_up: bool,
        /// Units of what the price is for in one of the quantity.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        multiplier: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// Risk management refused an order (status 5).
    OrderRejected {
        /// Its id.
        id: String,
        /// What was asked for.
        order: NewOrder,
        /// The answer to the bot.
        refusal: ApiError,
        /// When.
        at: DateTime<Utc>,
    },
    /// The last price reached an order's stop.
    OrderTriggered {
        /// Which.
        id: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// A waiting order was changed; all values are the new ones.
    OrderModified {
        /// Which.
        id: String,
        /// Its type.
        order_type: OrderType,
        /// Total quantity.
        quantity: i64,
        /// INR.
        #[serde(with = "exact")]
        limit_price: Decimal,
        /// INR.
        #[serde(with = "exact")]
        stop_price: Decimal,
        /// Disclosed quantity.
        disclosed: i64,
        /// Whether its stop counts as reached.
        triggered: bool,
        /// INR for each share that margin is blocked for.
        #[serde(with = "exact")]
        reserve: Decimal,
        /// When.
        at: DateTime<Utc>,
    },
    /// What was left of an order was cancelled (status 1).
    OrderCancelled {
        /// Which.
        id: String,
        /// Why, or empty when the bot asked.
        message: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The day ended before the order traded (status 7).
    OrderExpired {
        /// Which.
        id: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// A fill, whole or partial.
    Traded {
        /// The order.
        id: String,
        /// Number of the trade within the day, from 1.
        number: u64,
        /// Above zero.
        quantity: i64,
        /// INR.
        #[serde(with = "exact")]
        price: Decimal,
        /// INR, to the paisa.
        #[serde(with = "exact")]
        charges: Decimal,
        /// When.
        at: DateTime<Utc>,
    },
    /// A GTT order waits.
    GttAccepted {
        /// Its id.
        id: String,
        /// What was asked for.
        order: NewGtt,
        /// Whether its first trigger lies above the market.
        above: bool,
        /// Whether the symbol's price was made up when it was taken.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        made_up: bool,
        /// When.
        at: DateTime<Utc>,
    },
    /// A waiting GTT order was changed; all values are the new ones.
    GttModified {
        /// Which.
        id: String,
        /// What it is now.
        order: NewGtt,
        /// Whether its first trigger lies above the market.
        above: bool,
        /// When.
        at: DateTime<Utc>,
    },
    /// A waiting GTT order was cancelled.
    GttCancelled {
        /// Which.
        id: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// The last price reached a GTT order's trigger; the order it became follows.
    GttTriggered {
        /// Which.
        id: String,
        /// Why the order was refused, when it was.
        refused: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// A position's product changed.
    PositionConverted {
        /// As `NSE:SBIN-EQ`.
        symbol: String,
        /// Long is [`Side::Buy`].
        side: Side,
        /// How much, above zero.
        quantity: i64,
        /// From this product.
        from: Product,
        /// To this one.
        to: Product,
        /// When.
        at: DateTime<Utc>,
    },
}
