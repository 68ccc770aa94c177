//! A look at a state database that changes nothing: is it whole, whose is it, what is in it.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use crate::store::sqlite::{
    database::{self, MIGRATIONS},
    session_row, transfer,
};

/// The tables whose rows are counted, by the names a person sees.
const COUNTED: [(&str, &str); 5] = [
    ("alerts", "SELECT COUNT(*) FROM alerts"),
    ("events", "SELECT COUNT(*) FROM journal"),
    ("orders", "SELECT COUNT(*) FROM orders"),
    ("simulated", "SELECT COUNT(*) FROM mock_records"),
    ("ticks", "SELECT COUNT(*) FROM ticks"),
];

/// The name of the single value that marks a backup.
pub(crate) const LABEL: &str = "backup";

/// Rows by table.
pub type Counts = BTreeMap<&'static str, i64>;

/// What a backup says of itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct Label {
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// By which version.
    pub version: String,
    /// Whether tokens and the gateway key are in it.
    pub with_tokens: bool,
    /// The gateway key, if it is in it.
    #[serde(default, serialize_with = "exposed", skip_serializing_if = "Option::is_none")]
    pub gateway_key: Option<SecretString>,
    /// SHA-256 of everything else in it: SQLite does not notice a bit that fell over inside a text.
    #[serde(default)]
    pub digest: String,
}

fn exposed<S: serde::Serializer>(key: &Option<SecretString>, out: S) -> Result<S::Ok, S::Error> {
    key.as_ref().map(ExposeSecret::expose_secret).serialize(out)
}

/// A sound state database.
#[derive(Clone)]
pub struct Examined {
    /// What is in it.
    pub counts: Counts,
    /// Set in a backup.
    pub label: Option<Label>,
    /// Whether there is an access or refresh token in it.
    pub has_tokens: bool,
}

/// A file that is no sound state database of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Not there.
    #[error("does not exist")]
    Missing,
    /// Not SQLite, or a database of something else.
    #[error("is no state of fyers-keeper")]
    Foreign,
    /// Broken.
    #[error("is damaged")]
    Damaged,
    /// It has tables, columns, views or triggers that a state does not have, or lacks some.
    #[error("has been changed: its tables are not those of a state")]
    Altered,
    /// A newer keeper has written it.
    #[error("was written by a newer fyers-keeper")]
    Newer,
    /// The system does not allow a look.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

impl Unfit {
    fn of(error: &sqlx::Error) -> Self {
        match database::code(error) {
            Some(26) => Self::Foreign,
            // SQLITE_ERROR: a table or a column is not what it should be.
            Some(1 | 11) => Self::Damaged,
            Some(code) => Self::Unreadable(format!("SQLite error {code}")),
            None => Self::Unreadable(database::kind(error).to_owned()),
        }
    }
}

/// Looks at the whole file.
pub async fn examine(path: &Path) -> Result<Examined, Unfit> {
    let pool = database::look_at(path).await.map_err(|error| Unfit::of(&error))?.ok_or(Unfit::Missing)?;
    let examined = look(&pool).await;
    pool.close().await;
    examined
}

async fn look(pool: &SqlitePool) -> Result<Examined, Unfit> {
    let wrong = |error: sqlx::Error| Unfit::of(&error);
    // First of all: in a foreign schema even a count or a check could be made to run for ever.
    compare_schema(pool).await?;
    let sound: (String,) =
        sqlx::query_as("PRAGMA integrity_check(1)").fetch_one(pool).await.map_err(wrong)?;
    if sound.0 != "ok" {
        return Err(Unfit::Damaged);
    }
    let row = sqlx::query(session_row::SESSION).fetch_optional(pool).await.map_err(wrong)?;
    let session = row.map(|row| session_row::session(&row).ok_or(Unfit::Damaged)).transpose()?;
    let has_tokens = session.is_some_and(|session| {
        session.access.is_some() || session.refresh.is_some() || session.previous_refresh.is_some()
    });
    let label = label(pool).await?;
    if let Some(label) = &label
        && label.digest != digest(pool).await.map_err(wrong)?
    {
        return Err(Unfit::Damaged);
    }
    Ok(Examined { counts: counts(pool).await?, label, has_tokens })
}

/// SHA-256 over all rows of all tables but the label.
pub(super) async fn digest(pool: &SqlitePool) -> sqlx::Result<String> {
    let mut hash = Sha256::new();
    let tables = "SELECT name, (SELECT group_concat(name) FROM pragma_table_info(tables.name)) FROM sqlite_schema AS tables
                  WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations' ORDER BY name";
    let tables: Vec<(String, String)> = sqlx::query_as(tables).fetch_all(pool).await?;
    for (table, columns) in tables {
        hash.update(format!("{table}({columns})"));
        let label = if table == "facts" { format!(" WHERE name <> '{LABEL}'") } else { String::new() };
        // The names come from the schema; a strange one is a mistake of SQL, not a command.
        let rows = AssertSqlSafe(format!("SELECT json_array({columns}) FROM {table}{label} ORDER BY rowid"));
        let mut rows = sqlx::query_as::<_, (String,)>(rows).fetch(pool);
        while let Some((row,)) = rows.try_next().await? {
            hash.update(row);
            hash.update([0]);
        }
    }
    Ok(hex::encode(hash.finalize()))
}

/// The schema must be the one that this program makes, to the letter. An older one is fine, since opening the database brings it up to date.
async fn compare_schema(pool: &SqlitePool) -> Result<(), Unfit> {
    let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('_sqlx_migrations', 'journal', 'session')";
    let ours: (i64,) = sqlx::query_as(tables).fetch_one(pool).await.map_err(|error| Unfit::of(&error))?;
    if ours.0 != 3 {
        return Err(Unfit::Foreign);
    }
    let applied = sqlx::query("SELECT version, checksum FROM _sqlx_migrations WHERE success");
    let applied = applied.fetch_all(pool).await.map_err(|error| Unfit::of(&error))?;
    let known = |row: &sqlx::sqlite::SqliteRow| {
        let version: i64 = row.try_get("version").ok()?;
        let checksum: Vec<u8> = row.try_get("checksum").ok()?;
        let found = MIGRATIONS.iter().find(|migration| migration.version == version)?;
        (*found.checksum == *checksum).then_some(())
    };
    if !applied.iter().all(|row| known(row).is_some()) {
        return Err(Unfit::Newer);
    }
    let version = applied.iter().filter_map(|row| row.try_get::<i64, _>("version").ok()).max();
    let own = transfer::schema_of(version.unwrap_or_default()).await.map_err(|error| Unfit::of(&error))?;
    let found = transfer::schema(pool).await.map_err(|error| Unfit::of(&error))?;
    if own == found { Ok(()) } else { Err(Unfit::Altered) }
}

/// A table that an older schema does not have yet has no rows.
async fn counts(pool: &SqlitePool) -> Result<Counts, Unfit> {
    let mut counts = Counts::new();
    for (name, query) in COUNTED {
        let count: Result<(i64,), _> = sqlx::query_as(query).fetch_one(pool).await;
        match count {
            Ok((count,)) => counts.insert(name, count),
            Err(error) if database::code(&error) == Some(1) => counts.insert(name, 0),
            Err(error) => return Err(Unfit::of(&error)),
        };
    }
    Ok(counts)
}

async fn label(pool: &SqlitePool) -> Result<Option<Label>, Unfit> {
    let query = sqlx::query_as::<_, (String,)>("SELECT value FROM facts WHERE name = ?1").bind(LABEL);
    let row = query.fetch_optional(pool).await.map_err(|error| Unfit::of(&error))?;
    row.map(|(text,)| serde_json::from_str(&text).map_err(|_unreadable| Unfit::Damaged)).transpose()
}
