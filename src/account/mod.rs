//! The account as a person reads it: positions, orders and money, out of the answers that bots get too. From FYERS while
//! live, from the MockExchange otherwise, and every value says which. What an answer does not tell is `None`, which is
//! not zero.

mod answer;
mod columns;
mod funds;
mod orders;
mod positions;

pub use answer::{AccountPart, Trouble, call, own_words, read};
pub use columns::{amount, rupees};
pub use funds::Money;
pub use orders::{OrderRow, Orders};
pub use positions::{PositionRow, Positions};
