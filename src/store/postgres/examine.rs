//! What somebody who asks should know of the database, before a keeper relies on it. Nothing is changed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sqlx::{PgConnection, postgres::PgSslMode};
use tokio::time::timeout;

use crate::store::postgres::{
    connect::{Address, ConnectError},
    lease::{self, Awaiting, LeaseRow},
};

/// How long all questions together may take.
const LIMIT: Duration = Duration::from_secs(5);

/// What the database says of itself.
#[derive(Debug, Clone)]
pub struct DatabaseReport {
    /// Its version, as 150008.
    pub version: i32,
    /// How long the connection took.
    pub took: Duration,
    /// Whether this connection is encrypted, and whether it is known who answers.
    pub tls: Tls,
    /// Whether what was acknowledged survives a power cut.
    pub is_durable: bool,
    /// Why nothing can be written, if it is so.
    pub unwritable: Option<String>,
    /// How much later it is there than here, in seconds.
    pub skew: f64,
    /// Who acts; `None` before the first keeper of this version has made its tables.
    pub lease: Option<(LeaseRow, Awaiting)>,
}

/// How well a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted, with a certificate for this name.
    Verified,
    /// Encrypted; somebody between could still answer in the server's place.
    Unverified,
    /// In clear text.
    None,
}

impl Address {
    /// Looks at everything.
    ///
    /// # Errors
    /// It does not answer, or not to us.
    pub async fn examine(&self) -> Result<DatabaseReport, ConnectError> {
        let began = Instant::now();
        let asked = async {
            let mut on = self.connect().await?;
            report(&mut on, self.0.get_ssl_mode(), began.elapsed()).await
        };
        let asked = timeout(LIMIT, asked).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        asked.map_err(|error| ConnectError::from(&error))
    }

    /// Whether the server is on this machine.
    pub fn is_local(&self) -> bool {
        let host = self.0.get_host();
        let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.0.get_socket().is_some() || host.starts_with('/') || host == "localhost" || is_loopback
    }
}

async fn report(on: &mut PgConnection, mode: PgSslMode, took: Duration) -> sqlx::Result<DatabaseReport> {
    let settings = "SELECT current_setting('server_version_num')::int4,
                    COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
                    current_setting('fsync') = 'on'";
    let (version, is_encrypted, is_durable): (i32, bool, bool) =
        sqlx::query_as(settings).fetch_one(&mut *on).await?;
    let tls = match (is_encrypted, mode) {
        (false, _) => Tls::None,
        (true, PgSslMode::VerifyFull) => Tls::Verified,
        (true, _) => Tls::Unverified,
    };
    let unwritable = unwritable(on).await?;
    let skew = skew(on).await?;
    let lease = lease(on).await?;
    Ok(DatabaseReport { version, took, tls, is_durable, unwritable, skew, lease })
}

async fn unwritable(on: &mut PgConnection) -> sqlx::Result<Option<String>> {
    let read_only = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";
    if sqlx::query_as::<_, (bool,)>(read_only).fetch_one(&mut *on).await?.0 {
        return Ok(Some("it takes no changes: a replica, or a database that is set to read only".to_owned()));
    }
    let tables = "SELECT COUNT(*), STRING_AGG(tablename, ', ' ORDER BY tablename) FILTER (WHERE NOT (
                  has_table_privilege(format('%I.%I', schemaname, tablename), 'INSERT')
                  AND has_table_privilege(format('%I.%I', schemaname, tablename), 'UPDATE')
                  AND has_table_privilege(format('%I.%I', schemaname, tablename), 'DELETE')))::text
                  FROM pg_tables WHERE schemaname = current_schema()";
    let (count, refused): (i64, Option<String>) = sqlx::query_as(tables).fetch_one(&mut *on).await?;
    if count > 0 {
        return Ok(refused.map(|tables| format!("the user may not write to: {tables}")));
    }
    let create = "SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false)";
    let (may_create,): (bool,) = sqlx::query_as(create).fetch_one(on).await?;
    Ok((!may_create).then(|| "the user may not make tables".to_owned()))
}

/// The answer was written somewhere on the way; half of it is the best guess.
async fn skew(on: &mut PgConnection) -> sqlx::Result<f64> {
    let seconds = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
    let before = seconds();
    let query = sqlx::query_as("SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8");
    let (there,): (f64,) = query.fetch_one(on).await?;
    Ok(there - f64::midpoint(before, seconds()))
}

async fn lease(on: &mut PgConnection) -> sqlx::Result<Option<(LeaseRow, Awaiting)>> {
    let is_there = "SELECT EXISTS (SELECT 1 FROM information_schema.columns
                    WHERE table_schema = current_schema() AND table_name = 'lease' AND column_name = 'served')";
    if !sqlx::query_as::<_, (bool,)>(is_there).fetch_one(&mut *on).await?.0 {
        return Ok(None);
    }
    let row = lease::look(on).await?;
    Ok(Some((row, lease::awaiting(on).await?)))
}
