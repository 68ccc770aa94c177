//! The `Store` port on PostgreSQL, for hosts without a disk and for two hosts: one active keeper at a time, by a lease.

mod committer;
mod connect;
mod contender;
mod fault;
mod lease;
mod migrate;
mod mock_journal;
mod read;
mod store;
mod transaction;
mod write;

pub use connect::{Address, ConnectError};
pub use contender::{Contender, OnLost};
pub use lease::{Candidate, HeldLease, LEASE, LeaseRow, RENEW_EVERY};
pub use migrate::{Copied, MigrateError, SHARED_SECRETS};
pub use store::PostgresStore;
