//! Changes to rows. All of this runs inside a transaction that somebody else begins and commits.

use chrono::{DateTime, Utc};
use keeper_domain::{
    alert::{Alert, Channel, Outgoing},
    event::Event,
    order_journal::{IntentOutcome, OrderEntry, OrderIntent},
    ports::{Change, KeyChange, TickRecord},
    session_state::StoredSession,
};
use mock_exchange::ExchangeSnapshot;
use rusqlite::{Connection, OptionalExtension, Params, Result, named_params, params};
use serde::Serialize;

use crate::store::{
    rows::{self, cursor, millis, name},
    sqlite::session_row::SESSION,
};

/// Journal entries kept; older ones go, unless the outbox has not read them.
const JOURNAL_KEPT: i64 = 100_000;
/// Symbols whose last price is kept: contracts end, and nobody asks for them again.
const PRICES_KEPT: i64 = 20_000;
/// Rows of each kind that one call removes at most: a change that waits behind it should not notice.
const TRIMMED: i64 = 1_000;

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
    for price in &change.mock_prices {
        let put = "REPLACE INTO mock_prices (symbol, price) VALUES (?1, ?2)";
        run(connection, put, params![price.symbol, json(price)?])?;
    }
    if let Some(snapshot) = &change.mock_snapshot {
        put_snapshot(connection, snapshot)?;
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
    for key in &change.keys {
        put_key(connection, key)?;
    }
    put_facts(connection, change)?;
    if let Some(number) = change.numbers_above {
        number_above(connection, number)?;
    }
    for (at, event) in &change.events {
        put_event(connection, *at, event)?;
    }
    Ok(())
}

/// A table that never had a row has no line there.
fn number_above(connection: &Connection, number: i64) -> Result<()> {
    for table in ["journal", "alerts"] {
        let raise = "UPDATE sqlite_sequence SET seq = MAX(seq, ?2) WHERE name = ?1";
        let begin = "INSERT INTO sqlite_sequence (name, seq)
                     SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)";
        run(connection, raise, params![table, number])?;
        run(connection, begin, params![table, number])?;
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
    for note in &change.notes {
        put_text(connection, note.name, &note.json)?;
    }
    Ok(())
}

pub(super) fn put_fact(connection: &Connection, name: &str, value: &impl Serialize) -> Result<()> {
    put_text(connection, name, &json(value)?)
}

fn put_text(connection: &Connection, name: &str, text: &str) -> Result<()> {
    let put = "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
    run(connection, put, [name, text])
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
    put_session_digest(connection)
}

/// The digest of the session's row as it is now.
pub(in crate::store) fn put_session_digest(connection: &Connection) -> Result<()> {
    let covered: Option<String> =
        connection.query_row(SESSION, [], |row| row.get("covered")).optional()?.flatten();
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

/// Entries in which the one that a search settles is looked for.
const SETTLED_AMONG: i64 = 10_000;

/// What was learned of an order later takes the place of what was written down before.
fn put_order(connection: &Connection, order: &OrderEntry) -> Result<()> {
    if let Some([one, other]) = order.replaces() {
        let settle = "UPDATE orders SET entry = ?1
                      WHERE id > (SELECT MAX(id) FROM orders) - ?4 AND instr(entry, ?2) > 0 AND instr(entry, ?3) > 0";
        let values = params![json(order)?, one, other, SETTLED_AMONG];
        if connection.prepare_cached(settle)?.execute(values)? > 0 {
            return Ok(());
        }
    }
    run(connection, "INSERT INTO orders (at, entry) VALUES (?1, ?2)", params![millis(order.at), json(order)?])
}

fn put_intent(connection: &Connection, intent: &OrderIntent) -> Result<()> {
    let put = "INSERT INTO order_intents (id, at, intent) VALUES (?1, ?2, ?3)";
    run(connection, put, params![intent.id, millis(intent.at), json(intent)?])
}

fn put_key(connection: &Connection, key: &KeyChange) -> Result<()> {
    match key {
        KeyChange::Put(key) => {
            let put = "REPLACE INTO bot_keys (name, key) VALUES (?1, ?2)";
            run(connection, put, params![key.name.as_str(), json(key)?])
        }
        KeyChange::Remove(name) => run(connection, "DELETE FROM bot_keys WHERE name = ?1", [name.as_str()]),
    }
}

/// The first outcome stays, but for one of a search that has not found the order: it may turn up later.
fn put_outcome(connection: &Connection, id: i64, outcome: &IntentOutcome) -> Result<()> {
    let put = "UPDATE order_intents SET outcome = ?2 WHERE id = ?1
               AND (outcome IS NULL OR (outcome LIKE '{\"fate\":\"searched\",%' AND outcome NOT LIKE '%:\"found\"%'))";
    run(connection, put, params![id, json(outcome)?])
}

/// Gives a new channel the chat's place in the journal.
pub(super) fn begin_channel(connection: &Connection, channel: Channel) -> Result<()> {
    let begin = "INSERT INTO facts (name, value)
                 VALUES (?1, COALESCE((SELECT value FROM facts WHERE name = ?2), '0')) ON CONFLICT (name) DO NOTHING";
    run(connection, begin, [cursor(channel), cursor(Channel::Chat)])
}

/// Forgets a channel's place and what waits for it.
pub(super) fn end_channel(connection: &Connection, channel: Channel) -> Result<()> {
    run(connection, "DELETE FROM facts WHERE name = ?1", [cursor(channel)])?;
    run(connection, "DELETE FROM alerts WHERE channel = ?1 AND sent_at IS NULL", [channel.slug()])
}

/// How far the outbox has read, its new alerts, and those that were merged.
pub(super) fn alerts(
    connection: &Connection,
    channel: Channel,
    read_to: i64,
    new: &[Alert],
    merged: &[Outgoing],
) -> Result<()> {
    put_fact(connection, cursor(channel), &read_to)?;
    for alert in new {
        put_alert(connection, channel, alert)?;
    }
    for alert in merged {
        merge_alert(connection, alert)?;
    }
    Ok(())
}

fn put_alert(connection: &Connection, channel: Channel, alert: &Alert) -> Result<()> {
    let put = "INSERT INTO alerts (event_id, at, last_at, count, severity, key, text, items, channel, event)
               VALUES (?1, ?2, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (at, severity, channel) = (millis(alert.at), name(&alert.severity), channel.slug());
    let items: Vec<&str> = Some(alert.item.as_str()).filter(|item| !item.is_empty()).into_iter().collect();
    let items = json(&items)?;
    let (key, text) = (&alert.key, &alert.text);
    run(connection, put, params![alert.event_id, at, severity, key, text, items, channel, alert.event])
}

fn merge_alert(connection: &Connection, alert: &Outgoing) -> Result<()> {
    let merge = "UPDATE alerts SET last_at = ?2, count = ?3, severity = ?4, text = ?5, items = ?6
                 WHERE id = ?1 AND sent_at IS NULL";
    let (last_at, severity, items) = (millis(alert.last_at), name(&alert.severity), json(&alert.items)?);
    run(connection, merge, params![alert.id, last_at, alert.count, severity, alert.text, items])
}

pub(super) fn alert_sent(connection: &Connection, id: i64, at: DateTime<Utc>) -> Result<()> {
    run(connection, "UPDATE alerts SET sent_at = ?2 WHERE id = ?1", params![id, millis(at)])
}

pub(super) fn alert_failed(connection: &Connection, id: i64) -> Result<()> {
    run(connection, "UPDATE alerts SET attempts = attempts + 1 WHERE id = ?1", [id])
}

/// The newest snapshot; the one before it stays, for the case that this one cannot be read some day.
fn put_snapshot(connection: &Connection, snapshot: &ExchangeSnapshot) -> Result<()> {
    let (day, text) = (snapshot.day.to_string(), json(snapshot)?);
    let digest = rows::digest_of(&text);
    let is_known = "SELECT EXISTS (SELECT 1 FROM mock_snapshots WHERE day = ?1 AND digest = ?2)";
    if connection.prepare_cached(is_known)?.query_row([&day, &digest], |row| row.get(0))? {
        return Ok(());
    }
    let opening =
        "SELECT seq FROM mock_records WHERE record ->> 'fact' = 'day_opened' AND record ->> 'date' = ?1
                   ORDER BY seq DESC LIMIT 1";
    let after =
        connection.prepare_cached(opening)?.query_row([&day], |row| row.get::<_, i64>(0)).optional()?;
    // Already trimmed away: a newer one is there.
    let Some(after) = after else { return Ok(()) };
    let put = "REPLACE INTO mock_snapshots (after, day, snapshot, digest) VALUES (?1, ?2, ?3, ?4)";
    run(connection, put, params![after, day, text, digest])?;
    let old = "DELETE FROM mock_snapshots
               WHERE after NOT IN (SELECT after FROM mock_snapshots ORDER BY after DESC LIMIT 2)";
    run(connection, old, [])
}

/// Removes the oldest of what nobody reads any more. True when there may be more.
pub(super) fn trim(connection: &Connection) -> Result<bool> {
    let records = "DELETE FROM mock_records WHERE seq IN (SELECT seq FROM mock_records
                   WHERE seq <= (SELECT MIN(after) FROM mock_snapshots HAVING COUNT(*) > 1) ORDER BY seq LIMIT ?1)";
    let events = format!("DELETE FROM journal WHERE id IN (SELECT id FROM journal
                  WHERE id <= (SELECT id FROM journal ORDER BY id DESC LIMIT 1 OFFSET ?2)
                  AND id <= COALESCE((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'read_to'), 0)
                  AND id <= COALESCE((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'read_to_webhook'), id)
                  AND {} ORDER BY id LIMIT ?1)", rows::is_trimmed());
    // A price that is written again gets a new row number: the smallest ones were seen longest ago.
    let prices = "DELETE FROM mock_prices WHERE rowid IN
                  (SELECT rowid FROM mock_prices ORDER BY rowid DESC LIMIT ?1 OFFSET ?2)";
    run(connection, prices, [TRIMMED, PRICES_KEPT])?;
    let records = connection.prepare_cached(records)?.execute([TRIMMED])?;
    let events = connection.prepare_cached(&events)?.execute([TRIMMED, JOURNAL_KEPT])?;
    Ok([records, events].contains(&(TRIMMED as usize)))
}
