//! The public symbol master: fetched once a day, kept in the state folder, handed to the MockExchange.
//!
//! Nobody waits for it. At the start what is in the folder is used; then each file that is a day old is fetched anew, row
//! by row from the wire to a file of our own, so that tens of megabytes of JSON are never held. A file that does not come
//! whole changes nothing: the one before stays, and a person hears of it once a day.

mod cache;
mod download;
mod renewal;

pub use cache::{Cached, Found, look, read_file};
pub use download::FetchError;
pub(crate) use renewal::Ears;
pub use renewal::{Renewal, SymbolsStatus, Watched};
