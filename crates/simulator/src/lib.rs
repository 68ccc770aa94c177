//! A stand-in for FYERS API v3 and for the Telegram Bot API, on real ports, with faults on demand.
//!
//! It is written from the FYERS API contract alone and shares no type with the keeper, so that an error in one
//! is not repeated in the other. It runs in a thread of its own: any test, on any runtime, can start one, point the
//! keeper at its addresses, and inject every failure known from the real services.
//!
//! A person logs in through pages (client id, one-time password, pin, consent) that need neither scripts nor cookies,
//! and chats with the bot as people do: see [`Simulator::login_url`] and [`Simulator::act`].
//!
//! Both FYERS sockets are served on the port of the REST API: see [`Simulator::sockets`] for who is connected and
//! subscribed to what, and [`Fault::is_for_frames`] for the faults of established connections.
//!
//! ```
//! use simulator::{Fault, FaultRule, Options, Simulator, TokenKind, endpoint};
//!
//! let simulator = Simulator::start(Options::default())?;
//! let token = simulator.mint(TokenKind::Access);
//! simulator.inject(FaultRule::once(endpoint::PROFILE, Fault::Reset));
//! assert!(simulator.api_url().ends_with("/api/v3"));
//! assert_eq!(token.split('.').count(), 3);
//! # Ok::<(), std::io::Error>(())
//! ```

mod broker;
mod calls;
pub mod clock;
mod control;
pub mod endpoint;
mod faults;
mod fyers;
mod hsm;
mod http;
mod login;
mod options;
mod phone;
mod server;
mod simulator;
mod sockets;
mod state;
mod streams;
mod telegram;

pub use broker::{ApiError, LoginSession, LoginStep, OrderTopic, TokenKind, TokenRecord, TokenStatus};
pub use calls::{Call, CallCount};
pub use clock::{ManualClock, SimClock};
pub use faults::{Fault, FaultRule, Life, Scope};
pub use options::{Account, App, Options, OtherAccount, PriceWalkOptions, RefreshMode, Telegram};
pub use phone::{Button, CallbackAnswer, PersonMessage, TelegramMessage, UserAction, Writing};
pub use simulator::Simulator;
pub use sockets::{SocketEnd, SocketFilter, SocketInfo, SocketKind, SocketReport};
pub use state::{Service, Snapshot};
