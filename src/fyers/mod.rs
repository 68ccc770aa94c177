//! The FYERS API v3 client: the adapter behind the ports `Broker` and `Exchange`.
//!
//! Next to it `proxy` takes bots' calls to FYERS as they are, behind the port `BrokerProxy`.
//!
//! Every method makes exactly one HTTP call. Nothing in here retries, follows a redirect or decides what an
//! error means for the session: that is the actors' business. What leaves this module is a value of the
//! keeper's own model or a [`BrokerError`](keeper_domain::broker_error::BrokerError), and neither holds a
//! secret, a URL or an inner error.
//!
//! How FYERS writes things is known to the crate `fyers_api` only; in here is HTTP. Order of reading: `client` (the
//! calls), `answer` (what an unusable answer means), `http` (the only file that touches reqwest errors),
//! `credentials` (the only file that opens a secret).

mod answer;
mod clean;
mod client;
mod config;
mod contact;
mod credentials;
mod date;
mod echoes;
mod http;
mod limits;
pub mod outgoing_address;
mod proxy;
mod sockets;
pub mod symbols;
mod way;

pub use client::FyersClient;
pub use config::{FyersConfig, SetupError, Timeouts};
pub use contact::ContactLog;
pub(crate) use date::skew as clock_skew;
pub use http::Timer;
pub use limits::Limiter;
pub use proxy::{FyersProxy, LimitedProxy};
pub use sockets::FyersSockets;
pub use way::FyersWay;
