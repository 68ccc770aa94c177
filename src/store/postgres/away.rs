//! A state that has left this database for a state folder: nobody acts here until that folder brings it again.

use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection, Result};

use crate::store::postgres::lease::FREE;

/// The fact that says so, in a row of its own.
pub const MOVED_AWAY: &str = "moved_away";

/// Where the state is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the state of the PostgreSQL database was moved to the state folder {folder} on host {host}")]
pub struct Away {
    /// The migration that has moved it; the folder's rows have it, too.
    pub number: String,
    /// The state folder.
    pub folder: String,
    /// The machine on which the folder is.
    pub host: String,
}

impl Away {
    /// What to do about it, in one line.
    pub fn advice() -> &'static str {
        "Remove KEEPER_DATABASE_URL there, and stop this keeper; or bring it again from there: fyers-keeper migrate --to postgres."
    }

    /// A mark that cannot be read says as much: it has left.
    pub(super) fn read(json: &str) -> Self {
        let unknown = || "(not known)".to_owned();
        let of_unknown = || Self { number: String::new(), folder: unknown(), host: unknown() };
        serde_json::from_str(json).unwrap_or_else(|_| of_unknown())
    }
}

/// Lets the lease go inside of a transaction, which is then the last thing that is done in its name; false when it was over before.
/// Whoever has seen the row before that takes nothing: its number is another one.
pub(super) async fn end_in_time(on: &mut PgConnection, epoch: i64) -> Result<bool> {
    let end =
        "UPDATE lease SET holder = NULL, address = NULL, epoch = epoch + 1, expires_at = clock_timestamp()
               WHERE one = 1 AND epoch = $1 AND holder IS NOT NULL AND expires_at > clock_timestamp()";
    let ended = sqlx::query(end).bind(epoch).execute(&mut *on).await?;
    sqlx::query("SELECT pg_notify($1, '')").bind(FREE).execute(on).await?;
    Ok(ended.rows_affected() == 1)
}

/// From this commit on the state is in the folder; false when this migration's lease is over, and then nothing is changed.
pub(super) async fn leave(on: &mut PgConnection, epoch: i64, away: &Away) -> Result<bool> {
    let json = serde_json::to_string(away).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let mut writing = on.begin().await?;
    if !end_in_time(&mut writing, epoch).await? {
        return Ok(false);
    }
    let put = "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    sqlx::query(put).bind(MOVED_AWAY).bind(json).execute(&mut *writing).await?;
    writing.commit().await.map(|()| true)
}

/// Where the state is, when it has left.
pub(super) async fn look(on: &mut PgConnection) -> Result<Option<Away>> {
    let query = sqlx::query_as::<_, (String,)>("SELECT value FROM facts WHERE name = $1").bind(MOVED_AWAY);
    Ok(query.fetch_optional(on).await?.map(|(json,)| Away::read(&json)))
}
