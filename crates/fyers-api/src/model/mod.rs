//! Orders, positions, money and prices as values. How FYERS writes them is known to `request` and `response` only.

mod account;
mod market;
mod order;
mod position;
mod quote;

pub use account::{FundLimits, Funds, HeldShare, Profile};
pub use market::{Exchange, Segment};
pub use order::{Order, OrderAck, OrderRequest, OrderStatus, OrderType, Product, Side, Validity};
pub use position::{Position, Traded, UnknownPosition};
pub use quote::{Offer, Quote, SeenPrice};
