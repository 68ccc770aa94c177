//! The last step of a migration: what is done in the name of its lease, and the lease let go, in one transaction.

use sqlx::{Connection, PgConnection, Result};

use crate::store::postgres::{
    away::{Away, MOVED_AWAY},
    lease::{FREE, LeaseId},
};

/// Lets the lease go inside of a transaction, which is then the last thing that is done in its name; false when it was over before.
/// Whoever has seen the row before that takes nothing: its number is another one.
pub(super) async fn end_in_time(on: &mut PgConnection, id: &LeaseId) -> Result<bool> {
    let end =
        "UPDATE lease SET holder = NULL, address = NULL, epoch = epoch + 1, expires_at = clock_timestamp()
               WHERE one = 1 AND epoch = $1 AND holder = $2 AND expires_at > clock_timestamp()";
    let ended = sqlx::query(end).bind(id.epoch).bind(&id.holder).execute(&mut *on).await?;
    sqlx::query("SELECT pg_notify($1, '')").bind(FREE).execute(on).await?;
    Ok(ended.rows_affected() == 1)
}

/// From this commit on the state is in the folder; false when this migration's lease is over, and then nothing is changed.
pub(super) async fn leave(on: &mut PgConnection, id: &LeaseId, away: &Away) -> Result<bool> {
    let json = serde_json::to_string(away).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let mut writing = on.begin().await?;
    if !end_in_time(&mut writing, id).await? {
        return Ok(false);
    }
    let put = "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    sqlx::query(put).bind(MOVED_AWAY).bind(json).execute(&mut *writing).await?;
    writing.commit().await.map(|()| true)
}
