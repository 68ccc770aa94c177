//! The session's row on SQLite, with a digest: SQLite does not notice a bit that fell over inside a text.

use keeper_domain::session_state::StoredSession;
use sqlx::{Row, sqlite::SqliteRow};

use crate::store::rows::{self, Columns, digest_of};

impl Columns for SqliteRow {
    fn int(&self, column: &str) -> Option<i64> {
        self.try_get::<Option<i64>, _>(column).ok().flatten()
    }

    fn text(&self, column: &str) -> Option<String> {
        self.try_get::<Option<String>, _>(column).ok().flatten()
    }
}

/// The session with all that its digest covers, as SQLite spells it. Columns are named one by one here and elsewhere:
/// what a damaged schema calls them may be no text at all, and sqlx panics over that.
pub(super) const SESSION: &str =
    "SELECT state, reason, access, source, verified_at, refresh, previous_refresh, account, block_reason, block_day,
     block_credentials, login_asked_on, login_asked_for, ending_announced, digest, json_array(state, reason, access, source, verified_at, refresh, previous_refresh, account,
     block_reason, block_day, block_credentials, login_asked_on, login_asked_for, ending_announced) AS covered FROM session";

/// What the `digest` column holds for this row of [`SESSION`].
pub(super) fn digest(row: &SqliteRow) -> String {
    digest_of(&row.text("covered").unwrap_or_default())
}

/// `None` when a bit has fallen over since it was written: half a token is worse than none.
pub(super) fn session(row: &SqliteRow) -> Option<StoredSession> {
    if row.text("digest") != Some(digest(row)) {
        tracing::error!(event = "store.unreadable", "the stored session is damaged");
        return None;
    }
    Some(rows::session(row))
}
