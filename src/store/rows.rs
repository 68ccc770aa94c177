//! Rows to values and back. A value that cannot be read is left out with a warning: what is missing only ever
//! makes the keeper more careful. Both databases have the same columns.

use chrono::{DateTime, NaiveDate, Utc};
use keeper_domain::{
    alert::{Channel, Outgoing},
    event::Recorded,
    mornings,
    order_journal::{IntentOutcome, OrderIntent, Search, SentRequest},
    ports::TickRecord,
    reason::Reason,
    secret::{AccessToken, RefreshToken},
    session_state::{RefreshBlock, StoredSession},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// Milliseconds since 1970.
pub(in crate::store) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

pub(in crate::store) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// The name of a plain enum value, as serde spells it.
pub(in crate::store) fn name(value: &impl Serialize) -> Option<String> {
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

/// One stored value; a damaged one is left out and told.
pub(in crate::store) fn readable<T: DeserializeOwned>(name: &'static str, text: &str) -> Option<T> {
    let value = serde_json::from_str(text);
    if value.is_err() {
        tracing::warn!(event = "store.unreadable", name, "a stored value cannot be read");
    }
    value.ok()
}

/// A request that trades, from its number, time, text and the text of what came of it.
pub(in crate::store) fn sent_request(
    (id, at, intent, outcome): &(i64, i64, String, Option<String>),
) -> SentRequest {
    let read = readable("intent", intent);
    let intent = read.unwrap_or_else(|| OrderIntent::unreadable(*id, instant(*at)));
    let read =
        |text: &String| readable("outcome", text).unwrap_or(IntentOutcome::Searched(Search::LookYourself));
    (intent, outcome.as_ref().map(read))
}

/// The name under which a channel's place in the journal is kept.
pub(in crate::store) fn cursor(channel: Channel) -> &'static str {
    match channel {
        Channel::Chat => "read_to",
        Channel::Webhook => "read_to_webhook",
    }
}

/// The events that outlast the rest of the journal, as SQL: the same list as in the migration that indexes them.
pub(in crate::store) const MORNING_KINDS: &str = "'clock.tick', 'clock.caught_up', 'token.check', \
     'token.refresh.succeeded', 'login.completed', 'login.required', 'token.day_given_up', 'exchange.switched'";

/// What mornings are made from, newer than so many milliseconds before the newest entry.
pub(in crate::store) fn morning_events() -> String {
    format!(
        "SELECT id, at, event FROM journal WHERE kind IN ({MORNING_KINDS})
         AND at >= (SELECT MAX(at) FROM journal) - {} ORDER BY id",
        mornings::KEPT.num_milliseconds()
    )
}

/// Rows of the journal that are trimmed whatever their age; the others stay as long as they are told.
pub(in crate::store) fn is_trimmed() -> String {
    format!(
        "(kind NOT IN ({MORNING_KINDS}) OR at < (SELECT MAX(at) FROM journal) - {})",
        mornings::KEPT.num_milliseconds()
    )
}

/// A row of either database.
pub(in crate::store) trait Columns {
    /// A whole number; `None` also when the column holds something else.
    fn int(&self, column: &str) -> Option<i64>;
    /// A text; `None` also when the column holds something else.
    fn text(&self, column: &str) -> Option<String>;
}

pub(in crate::store) fn digest_of(covered: &str) -> String {
    hex::encode(Sha256::digest(covered))
}

/// The session, when what it was read from is sound.
pub(in crate::store) fn session(row: &impl Columns) -> StoredSession {
    StoredSession {
        state: named(row.text("state")).unwrap_or_default(),
        reason: named(row.text("reason")),
        access: row.text("access").map(AccessToken::new),
        source: named(row.text("source")),
        verified_at: row.int("verified_at").map(instant),
        refresh: row.text("refresh").map(RefreshToken::new),
        previous_refresh: row.text("previous_refresh").map(RefreshToken::new),
        account: row.text("account"),
        refresh_block: block(row),
        login_asked: asked(row),
        ending_announced: row.int("ending_announced"),
    }
}

fn asked(row: &impl Columns) -> Option<(NaiveDate, Reason)> {
    Some((row.text("login_asked_on")?.parse().ok()?, named(row.text("login_asked_for"))?))
}

fn block(row: &impl Columns) -> Option<RefreshBlock> {
    Some(RefreshBlock {
        reason: named(row.text("block_reason"))?,
        day: row.text("block_day")?.parse().ok()?,
        credentials: row.text("block_credentials")?,
    })
}

pub(in crate::store) fn tick(row: &impl Columns) -> Option<TickRecord> {
    Some(TickRecord {
        date: row.text("date")?.parse::<NaiveDate>().ok()?,
        begun_at: instant(row.int("begun_at")?),
        done_at: row.int("done_at").map(instant),
    })
}

/// An event of a kind this program does not know is skipped: it was written by a newer one.
pub(in crate::store) fn recorded(row: &impl Columns) -> Option<Recorded> {
    let event = serde_json::from_str(&row.text("event")?);
    if event.is_err() {
        tracing::warn!(event = "store.unreadable", "a journal entry is not known here and is skipped");
    }
    Some(Recorded { id: row.int("id")?, at: instant(row.int("at")?), event: event.ok()? })
}

pub(in crate::store) fn outgoing(row: &impl Columns) -> Option<Outgoing> {
    Some(Outgoing {
        id: row.int("id")?,
        event_id: row.int("event_id")?,
        event: row.text("event")?,
        at: instant(row.int("at")?),
        last_at: instant(row.int("last_at")?),
        count: row.int("count")?.try_into().ok()?,
        severity: named(row.text("severity"))?,
        key: row.text("key")?,
        text: row.text("text")?,
        items: row.text("items").and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        attempts: row.int("attempts")?.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index serves only queries that say the very same.
    #[test]
    fn the_names_of_mornings_are_the_domains_and_those_of_the_index() {
        let names: Vec<&str> = MORNING_KINDS.split(',').map(|name| name.trim().trim_matches('\'')).collect();
        assert_eq!(names, mornings::NAMES);
        for migration in [
            include_str!("sqlite/migrations/0008_mornings.sql"),
            include_str!("postgres/migrations/0002_mornings.sql"),
        ] {
            let words: Vec<&str> = migration.split_whitespace().collect();
            assert!(words.join(" ").contains(MORNING_KINDS), "{migration}");
        }
    }
}
