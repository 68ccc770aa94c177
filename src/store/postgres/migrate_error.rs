//! Why a migration did not happen.

use crate::store::postgres::connect::{ConnectError, problem};

/// A migration did not happen. Nothing was changed at the source, and nothing is left at the target.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The target holds a state already.
    #[error("there is a state in the target already: {0} events")]
    NotEmpty(i64),
    /// A keeper acts on one of them.
    #[error("a keeper acts on the PostgreSQL database")]
    InUse,
    /// The rows differ after they were written.
    #[error("table {0} is not the same after it was copied; nothing was kept")]
    Differs(String),
    /// PostgreSQL.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Another keeper may act by now.
    #[error("the lease on the PostgreSQL database ran out before all was copied; the state is where it was")]
    Late,
    /// A database failed.
    #[error("{0}")]
    Failed(String),
}

impl MigrateError {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotEmpty(_) => "Use an empty database, or remove the old state yourself when you are sure.",
            Self::InUse => "Stop the keepers first; a lease without a keeper ends after 15 s.",
            Self::Late => "Run it again.",
            Self::Differs(_) => "Run it again, and report it if it happens again.",
            Self::Connect(error) => error.advice(),
            Self::Failed(_) => "Check disk and server; nothing was changed at the source.",
        }
    }
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(format!("PostgreSQL: {}", problem(&error)))
    }
}

impl From<rusqlite::Error> for MigrateError {
    // Without SQLite's message, which may quote a value.
    fn from(error: rusqlite::Error) -> Self {
        let code =
            error.sqlite_error_code().map_or("unexpected failure".to_owned(), |code| format!("{code:?}"));
        Self::Failed(format!("SQLite: {code}"))
    }
}
