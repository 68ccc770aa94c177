//! Reaching the server: the address, its TLS, and the schema.

use std::{str::FromStr, time::Duration};

use crate::store::postgres::fault::is_of_the_connection;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./src/store/postgres/migrations");

/// How long one attempt to connect may take.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Connections that read. The committer and the lease have their own.
const READERS: u32 = 4;

/// PostgreSQL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The setting is no address of PostgreSQL. Its text is a secret and not repeated.
    #[error("KEEPER_DATABASE_URL is not of the form postgres://USER:PASSWORD@HOST/DATABASE")]
    Address,
    /// A newer keeper has made its tables.
    #[error("the PostgreSQL database was written by a newer fyers-keeper")]
    Newer,
    /// Its tables are not those of a keeper, or cannot be made.
    #[error("the tables of the PostgreSQL database cannot be made ready: {0}")]
    Schema(String),
    /// It does not answer, or not to us.
    #[error("PostgreSQL cannot be used: {0}")]
    Failed(String),
}

impl ConnectError {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Address => {
                "Write it as your database's host shows it, with ?sslmode=verify-full at the end."
            }
            Self::Newer => "Use the newer version, or another database.",
            Self::Schema(_) => {
                "Give the keeper a database of its own, and a user that may create tables in it."
            }
            Self::Failed(_) => "Check the server, the network, user and password, and sslmode.",
        }
    }

    /// Whether waiting may help.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// The server's address with everything that this program wants of a connection.
#[derive(Debug, Clone)]
pub struct Address(pub(super) PgConnectOptions);

impl Address {
    /// Reads `KEEPER_DATABASE_URL`.
    ///
    /// # Errors
    /// It is no address of PostgreSQL.
    pub fn parse(url: &SecretString) -> Result<Self, ConnectError> {
        let text = url.expose_secret();
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(ConnectError::Address);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_quotes_it| ConnectError::Address)?;
        let options = options.application_name("fyers-keeper").disable_statement_logging().options([
            // Acknowledged means on the server's disk, whatever the server's default is.
            ("synchronous_commit", "on"),
            // A keeper that was stopped in the middle of a transaction must not hold the lease's row for ever.
            ("idle_in_transaction_session_timeout", "4s"),
            ("statement_timeout", "10s"),
            ("lock_timeout", "5s"),
        ]);
        Ok(Self(options))
    }

    /// The host, for people. Never user or password.
    pub fn host(&self) -> String {
        format!("{}:{}", self.0.get_host(), self.0.get_port())
    }

    /// One connection.
    pub(super) async fn connect(&self) -> sqlx::Result<PgConnection> {
        let connecting = PgConnection::connect_with(&self.0);
        tokio::time::timeout(CONNECT_LIMIT, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Connections that read.
    pub(super) fn readers(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(READERS).acquire_timeout(CONNECT_LIMIT);
        pool.connect_lazy_with(self.0.clone())
    }

    /// One connection that stays open, for somebody who listens.
    pub(super) fn single(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        pool.acquire_timeout(CONNECT_LIMIT).connect_lazy_with(self.0.clone())
    }

    /// Makes the tables, or brings them forward. Two keepers that start together wait for each other.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn prepare(&self) -> Result<(), ConnectError> {
        let mut on = self.connect().await.map_err(|error| ConnectError::Failed(problem(&error)))?;
        let made = MIGRATIONS.run(&mut on).await;
        let _closed = on.close().await;
        made.map_err(|error| match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => ConnectError::Newer,
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                let problem = problem(&error);
                if is_of_the_connection(&error) {
                    ConnectError::Failed(problem)
                } else {
                    ConnectError::Schema(problem)
                }
            }
            _ => ConnectError::Schema("unexpected failure".to_owned()),
        })
    }
}

/// The error without any stored value and without the address.
pub(super) fn problem(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.kind().to_string(),
        sqlx::Error::Tls(_) => "no TLS connection".to_owned(),
        sqlx::Error::PoolTimedOut => "no answer in time".to_owned(),
        sqlx::Error::Database(refusal) => match refusal.code().as_deref() {
            Some("28P01" | "28000") => "it refuses user or password".to_owned(),
            Some("3D000") => "there is no such database".to_owned(),
            Some("42501") => "the user may not do that".to_owned(),
            Some(code) => format!("PostgreSQL error {code}"),
            None => "PostgreSQL refused".to_owned(),
        },
        _ => "unexpected failure".to_owned(),
    }
}
