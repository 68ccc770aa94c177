//! The `Store` port on PostgreSQL, for hosts without a disk and for two hosts: one active keeper at a time, by a lease.

mod away;
mod committer;
mod connect;
mod contender;
mod deadline;
mod examine;
mod fault;
mod flaw;
mod held_lease;
mod lease;
mod leave;
mod migrate;
mod migrate_error;
mod mock_journal;
mod news;
mod read;
mod renewal;
mod room;
mod store;
mod transaction;
mod warm;
mod write;

pub use away::{Away, MOVED_AWAY};
pub use connect::{Address, ConnectError};
pub use contender::Contender;
pub use examine::{DatabaseReport, Tls};
pub use fault::CertificateFlaw;
pub use flaw::AddressFlaw;
pub use held_lease::HeldLease;
pub use lease::{Awaiting, Candidate, LEASE, LeaseRow, RENEW_EVERY};
pub use migrate::{Copied, FILLED_BY, Keep, SHARED_SECRETS, Secrets};
pub use migrate_error::MigrateError;
pub use news::LeaseNews;
pub use renewal::OnLost;
pub use store::PostgresStore;
