//! Rows to values and back. A value that cannot be read is left out with a warning: what is missing only ever
//! makes the keeper more careful.

use chrono::{DateTime, NaiveDate, Utc};
use keeper_domain::{
    alert::Outgoing,
    event::Recorded,
    ports::TickRecord,
    reason::Reason,
    secret::{AccessToken, RefreshToken},
    session_state::{RefreshBlock, StoredSession},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use sqlx::{Row, sqlite::SqliteRow};

/// Milliseconds since 1970.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

pub(super) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The name of a plain enum value, as serde spells it.
pub(super) fn name(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn named<T: DeserializeOwned>(text: Option<String>) -> Option<T> {
    let text = text?;
    let value = serde_json::from_value(serde_json::Value::String(text)).ok();
    if value.is_none() {
        tracing::warn!(event = "store.unreadable", "a name in the state database is not known here");
    }
    value
}

fn get<'r, T>(row: &'r SqliteRow, column: &str) -> Option<T>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get::<Option<T>, _>(column).ok().flatten()
}

/// The session with all that its digest covers, as SQLite spells it. Columns are named one by one here and elsewhere:
/// what a damaged schema calls them may be no text at all, and sqlx panics over that.
pub(super) const SESSION: &str =
    "SELECT state, reason, access, source, verified_at, refresh, previous_refresh, account, block_reason, block_day,
     block_credentials, login_asked_on, login_asked_for, ending_announced, digest, json_array(state, reason, access, source, verified_at, refresh, previous_refresh, account,
     block_reason, block_day, block_credentials, login_asked_on, login_asked_for, ending_announced) AS covered FROM session";

/// What the `digest` column holds for this row of [`SESSION`].
pub(super) fn digest(row: &SqliteRow) -> String {
    digest_of(&get::<String>(row, "covered").unwrap_or_default())
}

pub(super) fn digest_of(covered: &str) -> String {
    hex::encode(Sha256::digest(covered))
}

/// `None` when a bit has fallen over since it was written: half a token is worse than none.
pub(super) fn session(row: &SqliteRow) -> Option<StoredSession> {
    if get::<String>(row, "digest") != Some(digest(row)) {
        tracing::error!(event = "store.unreadable", "the stored session is damaged");
        return None;
    }
    Some(StoredSession {
        state: named(get(row, "state")).unwrap_or_default(),
        reason: named(get(row, "reason")),
        access: get::<String>(row, "access").map(AccessToken::new),
        source: named(get(row, "source")),
        verified_at: get(row, "verified_at").map(instant),
        refresh: get::<String>(row, "refresh").map(RefreshToken::new),
        previous_refresh: get::<String>(row, "previous_refresh").map(RefreshToken::new),
        account: get(row, "account"),
        refresh_block: block(row),
        login_asked: asked(row),
        ending_announced: get(row, "ending_announced"),
    })
}

fn asked(row: &SqliteRow) -> Option<(NaiveDate, Reason)> {
    Some((get::<String>(row, "login_asked_on")?.parse().ok()?, named(get(row, "login_asked_for"))?))
}

fn block(row: &SqliteRow) -> Option<RefreshBlock> {
    Some(RefreshBlock {
        reason: named(get(row, "block_reason"))?,
        day: get::<String>(row, "block_day")?.parse().ok()?,
        credentials: get(row, "block_credentials")?,
    })
}

pub(super) fn tick(row: &SqliteRow) -> Option<TickRecord> {
    Some(TickRecord {
        date: get::<String>(row, "date")?.parse::<NaiveDate>().ok()?,
        begun_at: instant(get(row, "begun_at")?),
        done_at: get(row, "done_at").map(instant),
    })
}

/// An event of a kind this program does not know is skipped: it was written by a newer one.
pub(super) fn recorded(row: &SqliteRow) -> Option<Recorded> {
    let event = serde_json::from_str(&get::<String>(row, "event")?);
    if event.is_err() {
        tracing::warn!(event = "store.unreadable", "a journal entry is not known here and is skipped");
    }
    Some(Recorded { id: get(row, "id")?, at: instant(get(row, "at")?), event: event.ok()? })
}

pub(super) fn outgoing(row: &SqliteRow) -> Option<Outgoing> {
    Some(Outgoing {
        id: get(row, "id")?,
        event_id: get(row, "event_id")?,
        event: get(row, "event")?,
        at: instant(get(row, "at")?),
        last_at: instant(get(row, "last_at")?),
        count: get(row, "count")?,
        severity: named(get(row, "severity"))?,
        key: get(row, "key")?,
        text: get(row, "text")?,
        items: get::<String>(row, "items")
            .and_then(|json| serde_json::from_str(&json).ok())
            .unwrap_or_default(),
        attempts: get(row, "attempts")?,
    })
}
