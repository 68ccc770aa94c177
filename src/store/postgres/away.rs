//! A state that has left this database for a state folder: nobody acts here until that folder brings it again.

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Result};

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

/// Where the state is, when it has left.
pub(super) async fn look(on: &mut PgConnection) -> Result<Option<Away>> {
    let query = sqlx::query_as::<_, (String,)>("SELECT value FROM facts WHERE name = $1").bind(MOVED_AWAY);
    Ok(query.fetch_optional(on).await?.map(|(json,)| Away::read(&json)))
}
