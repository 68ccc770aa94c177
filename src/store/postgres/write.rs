//! Changes to rows, inside a transaction that the committer begins and commits.

use chrono::{DateTime, Utc};
use keeper_domain::{
    alert::{Alert, Channel, Outgoing},
    event::Event,
    order_journal::{IntentOutcome, OrderEntry, OrderIntent},
    ports::{Change, KeyChange, TickRecord},
    session_state::StoredSession,
};
use mock_exchange::{ExchangeSnapshot, KeptPrice, Record};
use serde::Serialize;
use sqlx::{Error, PgConnection, Result};

use crate::store::rows::{self, cursor, digest_of, millis, name};

/// Journal entries kept; older ones go, unless the outbox has not read them.
const JOURNAL_KEPT: i64 = 100_000;
/// Symbols whose last price is kept: contracts end, and nobody asks for them again.
const PRICES_KEPT: i64 = 20_000;
/// Rows of each kind that one call removes at most.
const TRIMMED: i64 = 1_000;

/// The name under which it stands that old records have been removed.
pub(super) const RECORDS_TRIMMED: &str = "mock_records_trimmed";

/// What the committer can be asked for.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// Nothing: an answer shows that all before it is done.
    Nothing,
    /// All of one change.
    Change(Box<Change>),
    /// How far the outbox has read, its new alerts, and those that were merged.
    Alerts { channel: Channel, read_to: i64, new: Vec<Alert>, merged: Vec<Outgoing> },
    /// A new channel begins where the chat has read to.
    BeginChannel(Channel),
    /// A channel's place is forgotten, and what waits for it.
    EndChannel(Channel),
    /// An alert was delivered.
    Sent(i64, DateTime<Utc>),
    /// A delivery failed.
    Failed(i64),
}

impl Work {
    /// Makes it.
    pub(super) async fn make(&self, on: &mut PgConnection) -> Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Change(all) => change(on, all).await,
            Self::Alerts { channel, read_to, new, merged } => {
                alerts(on, *channel, *read_to, new, merged).await
            }
            Self::BeginChannel(channel) => begin_channel(on, *channel).await,
            Self::EndChannel(channel) => end_channel(on, *channel).await,
            Self::Sent(id, at) => {
                let put = sqlx::query("UPDATE alerts SET sent_at = $2 WHERE id = $1");
                put.bind(id).bind(millis(*at)).execute(on).await.map(drop)
            }
            Self::Failed(id) => {
                let put = sqlx::query("UPDATE alerts SET attempts = attempts + 1 WHERE id = $1");
                put.bind(id).execute(on).await.map(drop)
            }
        }
    }
}

/// A text holds no NUL in PostgreSQL; JSON writes it as an escape that is refused nowhere.
fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Encode(Box::new(error)))
}

async fn change(on: &mut PgConnection, change: &Change) -> Result<()> {
    if let Some(session) = &change.session {
        put_session(on, session).await?;
    }
    if let Some(tick) = change.tick {
        put_tick(on, tick).await?;
    }
    put_records(on, &change.mock_records).await?;
    if let Some(snapshot) = &change.mock_snapshot {
        put_snapshot(on, snapshot).await?;
    }
    put_orders(on, &change.orders).await?;
    for price in &change.mock_prices {
        put_price(on, price).await?;
    }
    for key in &change.keys {
        put_key(on, key).await?;
    }
    for intent in &change.intents {
        put_intent(on, intent).await?;
    }
    for (id, outcome) in &change.outcomes {
        put_outcome(on, *id, outcome).await?;
    }
    put_facts(on, change).await?;
    if let Some(number) = change.numbers_above {
        number_above(on, number).await?;
    }
    put_events(on, &change.events).await
}

async fn put_facts(on: &mut PgConnection, change: &Change) -> Result<()> {
    if let Some(positions) = &change.live_positions {
        put_text(on, "positions_at_fyers", &json(positions)?).await?;
    }
    if let Some(halted) = change.halted {
        put_text(on, "halted", &json(&halted)?).await?;
    }
    for note in &change.notes {
        put_text(on, note.name, &note.json).await?;
    }
    Ok(())
}

async fn put_text(on: &mut PgConnection, name: &str, text: &str) -> Result<()> {
    let put = "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    sqlx::query(put).bind(name).bind(text).execute(on).await.map(drop)
}

async fn put_session(on: &mut PgConnection, session: &StoredSession) -> Result<()> {
    let block = session.refresh_block.as_ref();
    let put = "INSERT INTO session (one, state, reason, access, source, verified_at, refresh, previous_refresh,
         account, block_reason, block_day, block_credentials, ending_announced, login_asked_on, login_asked_for)
         VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (one) DO UPDATE SET (state, reason, access, source, verified_at, refresh, previous_refresh,
         account, block_reason, block_day, block_credentials, ending_announced, login_asked_on, login_asked_for)
         = ROW (EXCLUDED.state, EXCLUDED.reason, EXCLUDED.access, EXCLUDED.source, EXCLUDED.verified_at,
         EXCLUDED.refresh, EXCLUDED.previous_refresh, EXCLUDED.account, EXCLUDED.block_reason, EXCLUDED.block_day,
         EXCLUDED.block_credentials, EXCLUDED.ending_announced, EXCLUDED.login_asked_on, EXCLUDED.login_asked_for)";
    let query = sqlx::query(put)
        .bind(name(&session.state))
        .bind(session.reason.as_ref().and_then(name))
        .bind(session.access.as_ref().map(|token| token.expose().to_owned()))
        .bind(session.source.as_ref().and_then(name))
        .bind(session.verified_at.map(millis))
        .bind(session.refresh.as_ref().map(|token| token.expose().to_owned()))
        .bind(session.previous_refresh.as_ref().map(|token| token.expose().to_owned()))
        .bind(session.account.clone())
        .bind(block.and_then(|block| name(&block.reason)))
        .bind(block.map(|block| block.day.to_string()))
        .bind(block.map(|block| block.credentials.clone()))
        .bind(session.ending_announced)
        .bind(session.login_asked.map(|(day, _)| day.to_string()))
        .bind(session.login_asked.and_then(|(_, reason)| name(&reason)));
    query.execute(on).await.map(drop)
}

async fn put_tick(on: &mut PgConnection, tick: TickRecord) -> Result<()> {
    let put = "INSERT INTO ticks (date, begun_at, done_at) VALUES ($1, $2, $3)
               ON CONFLICT (date) DO UPDATE SET begun_at = $2, done_at = $3";
    let query = sqlx::query(put).bind(tick.date.to_string()).bind(millis(tick.begun_at));
    query.bind(tick.done_at.map(millis)).execute(on).await.map(drop)
}

/// All rows by one statement: a round trip costs more than a row.
async fn put_records(on: &mut PgConnection, records: &[Record]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let rows = records.iter().map(json).collect::<Result<Vec<_>>>()?;
    let put = "INSERT INTO mock_records (record)
               SELECT record FROM UNNEST($1::text[]) WITH ORDINALITY AS new (record, nth) ORDER BY nth";
    sqlx::query(put).bind(rows).execute(on).await.map(drop)
}

/// What was learned of an order later takes the place of what was written down before.
async fn settled(on: &mut PgConnection, order: &OrderEntry) -> Result<bool> {
    let Some([one, other]) = order.replaces() else { return Ok(false) };
    let settle = "UPDATE orders SET entry = $1
                  WHERE id > (SELECT MAX(id) FROM orders) - 10000 AND position($2 IN entry) > 0 AND position($3 IN entry) > 0";
    let settle = sqlx::query(settle).bind(json(order)?).bind(one).bind(other);
    Ok(settle.execute(on).await?.rows_affected() > 0)
}

async fn put_orders(on: &mut PgConnection, orders: &[OrderEntry]) -> Result<()> {
    for order in orders {
        if settled(on, order).await? {
            continue;
        }
        let put = sqlx::query("INSERT INTO orders (at, entry) VALUES ($1, $2)");
        put.bind(millis(order.at)).bind(json(order)?).execute(&mut *on).await?;
    }
    Ok(())
}

async fn put_price(on: &mut PgConnection, price: &KeptPrice) -> Result<()> {
    let put = "INSERT INTO mock_prices (symbol, price) VALUES ($1, $2) ON CONFLICT (symbol) DO UPDATE
               SET price = $2, written = nextval(pg_get_serial_sequence('mock_prices', 'written'))";
    sqlx::query(put).bind(&price.symbol).bind(json(price)?).execute(on).await.map(drop)
}

async fn put_key(on: &mut PgConnection, key: &KeyChange) -> Result<()> {
    let query = match key {
        KeyChange::Put(key) => {
            let put =
                "INSERT INTO bot_keys (name, key) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET key = $2";
            sqlx::query(put).bind(key.name.as_str().to_owned()).bind(json(key)?)
        }
        KeyChange::Remove(name) => {
            sqlx::query("DELETE FROM bot_keys WHERE name = $1").bind(name.as_str().to_owned())
        }
    };
    query.execute(on).await.map(drop)
}

async fn put_intent(on: &mut PgConnection, intent: &OrderIntent) -> Result<()> {
    let put = sqlx::query("INSERT INTO order_intents (id, at, intent) VALUES ($1, $2, $3)");
    put.bind(intent.id).bind(millis(intent.at)).bind(json(intent)?).execute(on).await.map(drop)
}

/// The first outcome stays, but for one of a search that has not found the order: it may turn up later.
async fn put_outcome(on: &mut PgConnection, id: i64, outcome: &IntentOutcome) -> Result<()> {
    let put = "UPDATE order_intents SET outcome = $2 WHERE id = $1
               AND (outcome IS NULL OR (outcome LIKE '{\"fate\":\"searched\",%' AND outcome NOT LIKE '%:\"found\"%'))";
    sqlx::query(put).bind(id).bind(json(outcome)?).execute(on).await.map(drop)
}

async fn put_events(on: &mut PgConnection, events: &[(DateTime<Utc>, Event)]) -> Result<()> {
    for (at, event) in events {
        let put = sqlx::query("INSERT INTO journal (at, kind, event) VALUES ($1, $2, $3)");
        put.bind(millis(*at)).bind(event.name()).bind(json(event)?).execute(&mut *on).await?;
    }
    Ok(())
}

async fn begin_channel(on: &mut PgConnection, channel: Channel) -> Result<()> {
    let begin = "INSERT INTO facts (name, value)
                 VALUES ($1, COALESCE((SELECT value FROM facts WHERE name = $2), '0')) ON CONFLICT (name) DO NOTHING";
    sqlx::query(begin).bind(cursor(channel)).bind(cursor(Channel::Chat)).execute(on).await.map(drop)
}

async fn number_above(on: &mut PgConnection, number: i64) -> Result<()> {
    let above = "SELECT setval(number, GREATEST($1, pg_sequence_last_value(number)))
                 FROM (SELECT pg_get_serial_sequence(name, 'id')::regclass AS number
                       FROM (VALUES ('journal'), ('alerts')) AS tables (name)) AS numbers";
    sqlx::query(above).bind(number).execute(on).await.map(drop)
}

async fn end_channel(on: &mut PgConnection, channel: Channel) -> Result<()> {
    sqlx::query("DELETE FROM facts WHERE name = $1").bind(cursor(channel)).execute(&mut *on).await?;
    let waiting = sqlx::query("DELETE FROM alerts WHERE channel = $1 AND sent_at IS NULL");
    waiting.bind(channel.slug()).execute(on).await.map(drop)
}

async fn alerts(
    on: &mut PgConnection,
    channel: Channel,
    read_to: i64,
    new: &[Alert],
    merged: &[Outgoing],
) -> Result<()> {
    put_text(on, cursor(channel), &json(&read_to)?).await?;
    for alert in new {
        put_alert(on, channel, alert).await?;
    }
    for alert in merged {
        let merge = "UPDATE alerts SET last_at = $2, count = $3, severity = $4, text = $5, items = $6
                     WHERE id = $1 AND sent_at IS NULL";
        let query =
            sqlx::query(merge).bind(alert.id).bind(millis(alert.last_at)).bind(i64::from(alert.count));
        let query = query.bind(name(&alert.severity)).bind(&alert.text).bind(json(&alert.items)?);
        query.execute(&mut *on).await?;
    }
    Ok(())
}

async fn put_alert(on: &mut PgConnection, channel: Channel, alert: &Alert) -> Result<()> {
    let put = "INSERT INTO alerts (event_id, at, last_at, count, severity, key, text, items, channel, event)
               VALUES ($1, $2, $2, 1, $3, $4, $5, $6, $7, $8)";
    let items: Vec<&str> = Some(alert.item.as_str()).filter(|item| !item.is_empty()).into_iter().collect();
    let query = sqlx::query(put).bind(alert.event_id).bind(millis(alert.at)).bind(name(&alert.severity));
    let query = query.bind(&alert.key).bind(&alert.text).bind(json(&items)?).bind(channel.slug());
    query.bind(&alert.event).execute(on).await.map(drop)
}

/// The newest snapshot; the one before it stays, for the case that this one cannot be read some day.
async fn put_snapshot(on: &mut PgConnection, snapshot: &ExchangeSnapshot) -> Result<()> {
    let (day, text) = (snapshot.day.to_string(), json(snapshot)?);
    let digest = digest_of(&text);
    let is_known = "SELECT EXISTS (SELECT 1 FROM mock_snapshots WHERE day = $1 AND digest = $2)";
    let (known,): (bool,) = sqlx::query_as(is_known).bind(&day).bind(&digest).fetch_one(&mut *on).await?;
    if known {
        return Ok(());
    }
    // As text: PostgreSQL's JSON refuses a NUL, which a bot may have in a tag. Inside a JSON string these quotation marks
    // would have backslashes before them.
    let opening = r#"SELECT seq FROM mock_records WHERE record LIKE '%"fact":"day_opened"%'
                     AND record LIKE '%"date":"' || $1 || '"%' ORDER BY seq DESC LIMIT 1"#;
    let after: Option<(i64,)> = sqlx::query_as(opening).bind(&day).fetch_optional(&mut *on).await?;
    // Already trimmed away: a newer one is there.
    let Some((after,)) = after else { return Ok(()) };
    let put = "INSERT INTO mock_snapshots (after, day, snapshot, digest) VALUES ($1, $2, $3, $4)
               ON CONFLICT (after) DO UPDATE SET day = $2, snapshot = $3, digest = $4";
    sqlx::query(put).bind(after).bind(day).bind(text).bind(digest).execute(&mut *on).await?;
    let old = "DELETE FROM mock_snapshots
               WHERE after NOT IN (SELECT after FROM mock_snapshots ORDER BY after DESC LIMIT 2)";
    sqlx::query(old).execute(on).await.map(drop)
}

/// Removes the oldest of what nobody reads any more. True when there may be more.
pub(super) async fn trim(on: &mut PgConnection) -> Result<bool> {
    let records = "DELETE FROM mock_records WHERE seq IN (SELECT seq FROM mock_records
                   WHERE seq <= (SELECT MIN(after) FROM mock_snapshots HAVING COUNT(*) > 1) ORDER BY seq LIMIT $1)";
    let events = format!(
        "DELETE FROM journal WHERE id IN (SELECT id FROM journal
                  WHERE id <= (SELECT id FROM journal ORDER BY id DESC LIMIT 1 OFFSET $2)
                  AND id <= COALESCE((SELECT value::bigint FROM facts WHERE name = 'read_to'), 0)
                  AND id <= COALESCE((SELECT value::bigint FROM facts WHERE name = 'read_to_webhook'), id)
                  AND {} ORDER BY id LIMIT $1)",
        rows::is_trimmed()
    );
    let prices = "DELETE FROM mock_prices WHERE symbol IN
                  (SELECT symbol FROM mock_prices ORDER BY written DESC LIMIT $1 OFFSET $2)";
    let prices = sqlx::query(prices).bind(TRIMMED).bind(PRICES_KEPT).execute(&mut *on).await?.rows_affected();
    let records = sqlx::query(records).bind(TRIMMED).execute(&mut *on).await?.rows_affected();
    let events = sqlx::query(sqlx::AssertSqlSafe(events))
        .bind(TRIMMED)
        .bind(JOURNAL_KEPT)
        .execute(&mut *on)
        .await?
        .rows_affected();
    if records > 0 {
        put_text(on, RECORDS_TRIMMED, "true").await?;
    }
    Ok([records, events, prices].contains(&TRIMMED.unsigned_abs()))
}
