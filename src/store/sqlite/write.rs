//! Changes to rows. All of this runs inside a transaction that somebody else begins and commits.

use chrono::{DateTime, Utc};
use keeper_domain::{
    alert::{Alert, Outgoing},
    event::Event,
    order_journal::{IntentOutcome, OrderEntry, OrderIntent},
    ports::{Change, TickRecord},
    session_state::StoredSession,
};
use rusqlite::{Connection, Params, Result, named_params, params};
use serde::Serialize;

use crate::store::sqlite::rows::{self, millis, name};

/// Journal entries kept; older ones go when the database is opened, unless the outbox has not read them.
const JOURNAL_KEPT: i64 = 100_000;

fn run(connection: &Connection, sql: &str, values: impl Params) -> Result<()> {
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// All of one [`Change`].
pub(super) fn change(connection: &Connection, change: &Change) -> Result<()> {
    if let Some(session) = &change.session {
        put_session(connection, session)?;
    }
    if let Some(tick) = change.tick {
        put_tick(connection, tick)?;
    }
    for record in &change.mock_records {
        run(connection, "INSERT INTO mock_records (record) VALUES (?1)", [json(record)?])?;
    }
    for order in &change.orders {
        put_order(connection, order)?;
    }
    for intent in &change.intents {
        put_intent(connection, intent)?;
    }
    for (id, outcome) in &change.outcomes {
        put_outcome(connection, *id, outcome)?;
    }
    put_facts(connection, change)?;
    for (at, event) in &change.events {
        put_event(connection, *at, event)?;
    }
    Ok(())
}

fn put_facts(connection: &Connection, change: &Change) -> Result<()> {
    if let Some(positions) = &change.live_positions {
        put_fact(connection, "positions_at_fyers", positions)?;
    }
    if let Some(halted) = change.halted {
        put_fact(connection, "halted", &halted)?;
    }
    for (name, value) in &change.notes {
        put_fact(connection, name, value)?;
    }
    Ok(())
}

pub(super) fn put_fact(connection: &Connection, name: &str, value: &impl Serialize) -> Result<()> {
    let put = "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
    run(connection, put, [name, &json(value)?])
}

pub(super) fn put_session(connection: &Connection, session: &StoredSession) -> Result<()> {
    let block = session.refresh_block.as_ref();
    let put =
        "REPLACE INTO session (one, state, reason, access, source, verified_at, refresh, previous_refresh,
         account, block_reason, block_day, block_credentials, ending_announced,
         login_asked_on, login_asked_for, digest)
         VALUES (1, :state, :reason, :access, :source, :verified_at, :refresh, :previous_refresh,
         :account, :block_reason, :block_day, :block_credentials, :ending_announced,
         :login_asked_on, :login_asked_for, '')";
    let values = named_params! {
        ":state": name(&session.state),
        ":reason": session.reason.as_ref().and_then(name),
        ":access": session.access.as_ref().map(|token| token.expose().to_owned()),
        ":source": session.source.as_ref().and_then(name),
        ":verified_at": session.verified_at.map(millis),
        ":refresh": session.refresh.as_ref().map(|token| token.expose().to_owned()),
        ":previous_refresh": session.previous_refresh.as_ref().map(|token| token.expose().to_owned()),
        ":account": session.account,
        ":block_reason": block.and_then(|block| name(&block.reason)),
        ":block_day": block.map(|block| block.day.to_string()),
        ":block_credentials": block.map(|block| block.credentials.clone()),
        ":ending_announced": session.ending_announced,
        ":login_asked_on": session.login_asked.map(|(day, _)| day.to_string()),
        ":login_asked_for": session.login_asked.and_then(|(_, reason)| name(&reason)),
    };
    run(connection, put, values)?;
    let covered: Option<String> = connection.query_row(rows::SESSION, [], |row| row.get("covered"))?;
    run(connection, "UPDATE session SET digest = ?1", [rows::digest_of(&covered.unwrap_or_default())])
}

fn put_tick(connection: &Connection, tick: TickRecord) -> Result<()> {
    let put = "REPLACE INTO ticks (date, begun_at, done_at) VALUES (?1, ?2, ?3)";
    run(connection, put, params![tick.date.to_string(), millis(tick.begun_at), tick.done_at.map(millis)])
}

fn put_event(connection: &Connection, at: DateTime<Utc>, event: &Event) -> Result<()> {
    let put = "INSERT INTO journal (at, kind, event) VALUES (?1, ?2, ?3)";
    run(connection, put, params![millis(at), event.name(), json(event)?])
}

fn put_order(connection: &Connection, order: &OrderEntry) -> Result<()> {
    run(connection, "INSERT INTO orders (at, entry) VALUES (?1, ?2)", params![millis(order.at), json(order)?])
}

fn put_intent(connection: &Connection, intent: &OrderIntent) -> Result<()> {
    let put = "INSERT INTO order_intents (id, at, intent) VALUES (?1, ?2, ?3)";
    run(connection, put, params![intent.id, millis(intent.at), json(intent)?])
}

fn put_outcome(connection: &Connection, id: i64, outcome: &IntentOutcome) -> Result<()> {
    let put = "UPDATE order_intents SET outcome = ?2 WHERE id = ?1 AND outcome IS NULL";
    run(connection, put, params![id, json(outcome)?])
}

/// How far the outbox has read, its new alerts, and those that were merged.
pub(super) fn alerts(
    connection: &Connection,
    read_to: i64,
    new: &[Alert],
    merged: &[Outgoing],
) -> Result<()> {
    put_fact(connection, "read_to", &read_to)?;
    for alert in new {
        put_alert(connection, alert)?;
    }
    for alert in merged {
        merge_alert(connection, alert)?;
    }
    Ok(())
}

fn put_alert(connection: &Connection, alert: &Alert) -> Result<()> {
    let put = "INSERT INTO alerts (event_id, at, last_at, count, severity, key, text)
               VALUES (?1, ?2, ?2, 1, ?3, ?4, ?5)";
    let severity = name(&alert.severity);
    run(connection, put, params![alert.event_id, millis(alert.at), severity, alert.key, alert.text])
}

fn merge_alert(connection: &Connection, alert: &Outgoing) -> Result<()> {
    let merge = "UPDATE alerts SET last_at = ?2, count = ?3, severity = ?4, text = ?5
                 WHERE id = ?1 AND sent_at IS NULL";
    let severity = name(&alert.severity);
    run(connection, merge, params![alert.id, millis(alert.last_at), alert.count, severity, alert.text])
}

pub(super) fn alert_sent(connection: &Connection, id: i64, at: DateTime<Utc>) -> Result<()> {
    run(connection, "UPDATE alerts SET sent_at = ?2 WHERE id = ?1", params![id, millis(at)])
}

pub(super) fn alert_failed(connection: &Connection, id: i64) -> Result<()> {
    run(connection, "UPDATE alerts SET attempts = attempts + 1 WHERE id = ?1", [id])
}

pub(super) fn prune(connection: &Connection) -> Result<()> {
    let old = "DELETE FROM journal WHERE id <= (SELECT MAX(id) FROM journal) - ?1
               AND id <= COALESCE((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'read_to'), 0)";
    run(connection, old, [JOURNAL_KEPT])
}
