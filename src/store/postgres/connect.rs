//! Reaching the server: the address, its TLS, and the schema.

use std::time::Duration;

use keeper_domain::served::Misfit;

use secrecy::SecretString;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use crate::store::postgres::{
    away::Away,
    fault::{
        CertificateFlaw, certificate_flaw, is_of_the_connection, is_of_the_settings, refusal_words,
        unreachable_words,
    },
    flaw::{self, AddressFlaw},
};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./src/store/postgres/migrations");

/// Of the tables as this program knows them.
pub(super) fn version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// How long one attempt to connect may take.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long the tables may take to be made or looked at: a server that is gone meanwhile says nothing.
const MIGRATION_LIMIT: Duration = Duration::from_secs(30);
/// How long a connection may take to be closed in good order.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// How long a connection that was idle may take to show that it still works: one that says nothing is replaced.
const PROOF_LIMIT: Duration = Duration::from_secs(1);
/// Connections that read. The committer and the lease have their own.
const READERS: u32 = 4;

/// PostgreSQL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The setting is no address of PostgreSQL.
    #[error("KEEPER_DATABASE_URL {0}")]
    Address(#[from] AddressFlaw),
    /// It is that of a keeper which is set up otherwise.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// Its state is elsewhere.
    #[error(transparent)]
    Away(#[from] Away),
    /// A newer keeper has made its tables.
    #[error("the PostgreSQL database was written by a newer fyers-keeper")]
    Newer,
    /// Its tables are not those of a keeper, or cannot be made.
    #[error("the tables of the PostgreSQL database cannot be made ready: {0}")]
    Schema(String),
    /// It answers, and knows neither this user nor this database, or takes no such password.
    #[error("PostgreSQL does not take KEEPER_DATABASE_URL: {0}")]
    Settings(String),
    /// It answers, and it is not known to be the one that is meant.
    #[error("the certificate of the PostgreSQL server {}", .0.words())]
    Certificate(CertificateFlaw),
    /// It does not answer, or not to us.
    #[error("PostgreSQL cannot be used: {0}")]
    Failed(String),
}

impl ConnectError {
    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Address(flaw) => flaw.advice(),
            Self::Misfit(misfit) => misfit.advice(),
            Self::Away(_) => Away::advice(),
            Self::Newer => "Use the newer version, or another database.",
            Self::Schema(_) => {
                "Give the keeper a database of its own, and a user that may create tables in it."
            }
            Self::Settings(_) => {
                "Correct user, password and database in KEEPER_DATABASE_URL (or in its file), or make them on the server."
            }
            Self::Certificate(flaw) => flaw.advice(),
            Self::Failed(_) => "Check the server, the network, host and port in the address, and sslmode.",
        }
    }

    /// Whether waiting may help somebody who has not reached the database yet.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// The same for somebody who has: what worked a moment ago is no mistake in the settings.
    pub fn may_pass_again(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Settings(_) | Self::Certificate(_))
    }
}

impl From<&sqlx::Error> for ConnectError {
    fn from(error: &sqlx::Error) -> Self {
        if let Some(flaw) = certificate_flaw(error) {
            return Self::Certificate(flaw);
        }
        let problem = problem(error);
        if is_of_the_settings(error) { Self::Settings(problem) } else { Self::Failed(problem) }
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
    pub fn parse(url: &SecretString) -> Result<Self, AddressFlaw> {
        let options = flaw::read(url)?;
        let options = options.application_name("fyers-keeper").disable_statement_logging().options([
            // Acknowledged means on the server's disk, whatever the server's default is.
            ("synchronous_commit", "on"),
            // A keeper that was stopped in the middle of a transaction must not hold the lease's row for ever.
            ("idle_in_transaction_session_timeout", "4s"),
            ("statement_timeout", "10s"),
            ("lock_timeout", "5s"),
            // A keeper that was cut off in the middle of a message holds what it has locked until the server misses it.
            ("tcp_keepalives_idle", "3"),
            ("tcp_keepalives_interval", "1"),
            ("tcp_keepalives_count", "3"),
        ]);
        Ok(Self(options))
    }

    /// The host, for people. Never user or password.
    pub fn host(&self) -> String {
        format!("{}:{}", self.0.get_host(), self.0.get_port())
    }

    /// Which database it is, by host, port and name. Never user or password.
    pub fn place(&self) -> String {
        format!("{}/{}", self.host(), self.0.get_database().unwrap_or_default())
    }

    /// One connection.
    pub(super) async fn connect(&self) -> sqlx::Result<PgConnection> {
        let connecting = PgConnection::connect_with(&self.0);
        timeout(CONNECT_LIMIT, connecting).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    /// Connections that read.
    pub(super) fn readers(&self) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(READERS).acquire_timeout(CONNECT_LIMIT);
        // The pool's own looks have no end: a connection that a network has forgotten would take the whole time there is to get
        // one, and the place of another one for as long as the system tries.
        pool.test_before_acquire(false)
            .before_acquire(|on, _| Box::pin(proven(on)))
            .after_release(|on, _| Box::pin(proven(on)))
            .connect_lazy_with(self.0.clone())
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
        let mut on = self.connect().await.map_err(|error| ConnectError::from(&error))?;
        let made = timeout(MIGRATION_LIMIT, MIGRATIONS.run(&mut on)).await;
        let made = made.unwrap_or(Err(MigrateError::Execute(sqlx::Error::PoolTimedOut)));
        let _closed = timeout(CLOSE_LIMIT, on.close()).await;
        made.map_err(|error| not_made(&error))
    }
}

/// An error where it says nothing: then it is dropped, and another one opened.
async fn proven(on: &mut PgConnection) -> sqlx::Result<bool> {
    timeout(PROOF_LIMIT, on.ping()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
}

fn not_made(error: &MigrateError) -> ConnectError {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => ConnectError::Newer,
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            let problem = problem(error);
            if is_of_the_connection(error) {
                ConnectError::Failed(problem)
            } else {
                ConnectError::Schema(problem)
            }
        }
        _ => ConnectError::Schema("unexpected failure".to_owned()),
    }
}

/// The error without any stored value and without the address.
pub(super) fn problem(error: &sqlx::Error) -> String {
    if let Some(flaw) = certificate_flaw(error) {
        return format!("its certificate {}", flaw.words());
    }
    match error {
        sqlx::Error::Io(error) => unreachable_words(error),
        sqlx::Error::Tls(_) => "no TLS connection".to_owned(),
        sqlx::Error::PoolTimedOut => "no answer in time".to_owned(),
        sqlx::Error::Database(refusal) => refusal_words(refusal.code().as_deref()),
        _ => "unexpected failure".to_owned(),
    }
}
