//! The order socket: JSON texts in both directions, so that a client and a server can be made of them
//! (docs/fyers-api.md, "Sockets").

mod books;
mod client;
mod events;
mod server;

pub use books::DayBooks;
pub use client::{ClientText, OrderTopic};
pub use events::{OrderEvent, PositionEvent, TradeEvent};
pub use server::ServerText;

/// The code of the acknowledgement of a subscription.
pub const SUBSCRIBED: i64 = 1605;
