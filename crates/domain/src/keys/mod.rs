//! Keys of bots: who a bot is, and how far its orders may go.

pub mod key;
pub mod limits;
pub mod name;
pub mod relayed_client;
pub mod ring;
pub mod token;

pub use key::{BotKey, NewKey, StoredKey};
pub use limits::{KEY_LIMIT_HEADER, KeyLimits, LimitKind};
pub use name::{BotName, NameProblem};
pub use ring::{KeyProblem, KeyRing};
