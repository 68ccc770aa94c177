//! All rows from one database to the other one, and then a comparison, row by row.
//!
//! Tables and columns are the same in both; their names come from the schema that this program has made, never from
//! data. What only one of them has (a digest on SQLite, the lease on PostgreSQL) is made anew there.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, OpenFlags, OptionalExtension, types::Value};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, PgConnection, Row, postgres::PgRow};

use crate::store::{
    postgres::{
        away::{self, Away, MOVED_AWAY},
        connect::ConnectError,
        lease::Told,
        migrate_error::MigrateError,
    },
    sqlite::write_session_digest,
};

/// Rows that travel together.
const BATCH: usize = 500;
/// Tables of PostgreSQL alone. A column `written`, too, is made anew there.
const ELSEWHERE: [&str; 3] = ["lease", "lease_calls", "_sqlx_migrations"];

/// The names of the secrets that keepers of one database share.
pub const SHARED_SECRETS: [&str; 2] = ["gateway_key", "signing_secret"];

/// The fact that names the migration which has filled a database.
pub const FILLED_BY: &str = "filled_by";

/// Shared secrets by their names.
pub type Secrets = Vec<(&'static str, SecretString)>;

/// Where shared secrets go when a state leaves PostgreSQL; the words of what went wrong.
pub type Keep<'a> = &'a dyn Fn(Secrets) -> Result<(), String>;

/// How many rows each table had.
pub type Copied = BTreeMap<String, u64>;

/// A table and its columns; true for the ones that hold whole numbers.
struct Table {
    name: String,
    columns: Vec<(String, bool)>,
    /// The column that numbers its rows by itself.
    numbered: Option<String>,
}

impl Table {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    /// All rows in one order.
    fn select(&self) -> String {
        let first = self.columns.first().map_or("", |(name, _)| name.as_str());
        format!("SELECT {} FROM {} ORDER BY \"{first}\"", self.names(), self.name)
    }
}

async fn tables(on: &mut PgConnection) -> sqlx::Result<Vec<Table>> {
    let query = "SELECT table_name::text, column_name::text, data_type = 'bigint', is_identity = 'YES'
                 FROM information_schema.columns WHERE table_schema = current_schema()
                 ORDER BY table_name, ordinal_position";
    let rows: Vec<(String, String, bool, bool)> = sqlx::query_as(query).fetch_all(on).await?;
    let mut tables: Vec<Table> = vec![];
    for (table, column, is_number, is_numbered) in rows {
        if ELSEWHERE.contains(&table.as_str()) || column == "written" {
            continue;
        }
        if tables.last().is_none_or(|last| last.name != table) {
            tables.push(Table { name: table, columns: vec![], numbered: None });
        }
        if let Some(last) = tables.last_mut() {
            last.numbered = last.numbered.take().or(is_numbered.then(|| column.clone()));
            last.columns.push((column, is_number));
        }
    }
    Ok(tables)
}

/// One value as both databases have it.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Nothing,
    Number(i64),
    Text(String),
}

type Cells = Vec<Cell>;

/// What tells whether two tables are the same: their rows, in order.
#[derive(Default)]
struct Sum(Sha256, u64);

impl Sum {
    fn add(&mut self, row: &[Cell]) {
        self.1 += 1;
        for cell in row {
            match cell {
                Cell::Nothing => self.0.update([0]),
                Cell::Number(number) => self.0.update([&[1][..], &number.to_le_bytes()].concat()),
                Cell::Text(text) => {
                    self.0.update([&[2][..], &text.len().to_le_bytes(), text.as_bytes()].concat());
                }
            }
        }
    }

    fn end(self) -> (Vec<u8>, u64) {
        (self.0.finalize().to_vec(), self.1)
    }
}

/// Fills an empty PostgreSQL, in one transaction of the caller's. The secrets of the state folder come with it: whichever
/// host starts first, bots need no new keys.
pub(crate) async fn to_postgres(
    from: &Path,
    on: &mut PgConnection,
    secrets: Secrets,
) -> Result<Copied, MigrateError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    match away::look(on).await? {
        Some(away) => make_room(&source, away, on).await?,
        None => refuse_if_used(on).await?,
    }
    let mut copied = Copied::new();
    for table in tables(on).await? {
        let sent = send(&source, &table, on).await?;
        if sent != sum_of_postgres(&table, on).await? {
            return Err(MigrateError::Differs(table.name));
        }
        if let Some(column) = &table.numbered {
            go_on_counting(&table.name, column, on).await?;
        }
        copied.insert(table.name, sent.1);
    }
    for (name, secret) in secrets {
        let put =
            "INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
        let text = serde_json::Value::from(secret.expose_secret()).to_string();
        sqlx::query(put).bind(name).bind(text).execute(&mut *on).await?;
    }
    Ok(copied)
}

/// What has left for FYERS within a minute where the state was: whoever acts next counts it, as after a keeper that has let its
/// lease go.
pub(super) async fn write_calls(on: &mut PgConnection, told: &Told) -> sqlx::Result<()> {
    let write =
        "UPDATE lease_calls SET calls = $1, written_at = clock_timestamp(), holder = $2, is_whole = true";
    sqlx::query(write).bind(&told.calls).bind(i64::from(told.by)).execute(on).await.map(drop)
}

/// The rows of a state that has left go when it comes back from where it went.
async fn make_room(source: &Connection, away: Away, on: &mut PgConnection) -> Result<(), MigrateError> {
    if filled_by(source)?.is_none_or(|number| number != away.number) {
        return Err(ConnectError::Away(away).into());
    }
    for table in tables(on).await? {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {}", table.name))).execute(&mut *on).await?;
    }
    Ok(())
}

/// The migration that has filled a SQLite database.
fn filled_by(on: &Connection) -> rusqlite::Result<Option<String>> {
    let query = "SELECT value FROM facts WHERE name = ?1";
    let json: Option<String> = on.query_row(query, [FILLED_BY], |row| row.get(0)).optional()?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

async fn refuse_if_used(on: &mut PgConnection) -> Result<(), MigrateError> {
    let (events,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM journal").fetch_one(on).await?;
    if events == 0 { Ok(()) } else { Err(MigrateError::NotEmpty(events)) }
}

async fn send(
    source: &Connection,
    table: &Table,
    on: &mut PgConnection,
) -> Result<(Vec<u8>, u64), MigrateError> {
    let mut statement = source.prepare(&table.select())?;
    let mut rows = statement.query([])?;
    let (mut sum, mut batch) = (Sum::default(), Vec::with_capacity(BATCH));
    loop {
        let row = rows.next()?;
        if let Some(row) = row {
            let cells =
                (0..table.columns.len()).map(|at| cell(row.get(at)?)).collect::<Result<Cells, _>>()?;
            sum.add(&cells);
            batch.push(cells);
        } else if batch.is_empty() {
            return Ok(sum.end());
        } else {
            insert(table, &std::mem::take(&mut batch), on).await?;
        }
        if batch.len() == BATCH {
            insert(table, &std::mem::take(&mut batch), on).await?;
        }
    }
}

/// PostgreSQL's texts hold no NUL. The keeper writes none; what another program wrote is named instead of changed.
fn cell(value: Value) -> rusqlite::Result<Cell> {
    match value {
        Value::Null => Ok(Cell::Nothing),
        Value::Integer(number) => Ok(Cell::Number(number)),
        Value::Text(text) => Ok(Cell::Text(text)),
        Value::Real(_) | Value::Blob(_) => Err(rusqlite::Error::InvalidQuery),
    }
}

async fn insert(table: &Table, rows: &[Cells], on: &mut PgConnection) -> sqlx::Result<()> {
    let kinds = table.columns.iter().enumerate();
    let arrays = kinds
        .map(|(at, (_, is_number))| format!("${}::{}[]", at + 1, if *is_number { "bigint" } else { "text" }));
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let sql = format!("INSERT INTO {} ({}) SELECT * FROM UNNEST({arrays})", table.name, table.names());
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (at, (_, is_number)) in table.columns.iter().enumerate() {
        query = if *is_number {
            query.bind(rows.iter().map(|row| number(&row[at])).collect::<Vec<Option<i64>>>())
        } else {
            query.bind(rows.iter().map(|row| text(&row[at])).collect::<Vec<Option<String>>>())
        };
    }
    query.execute(on).await.map(drop)
}

fn number(cell: &Cell) -> Option<i64> {
    if let Cell::Number(number) = cell { Some(*number) } else { None }
}

fn text(cell: &Cell) -> Option<String> {
    if let Cell::Text(text) = cell { Some(text.clone()) } else { None }
}

async fn go_on_counting(table: &str, column: &str, on: &mut PgConnection) -> sqlx::Result<()> {
    let sql = format!(
        "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), COALESCE(MAX({column}), 0) + 1, false) FROM {table}"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(on).await.map(drop)
}

async fn sum_of_postgres(table: &Table, on: &mut PgConnection) -> Result<(Vec<u8>, u64), MigrateError> {
    let mut sum = Sum::default();
    for_each_row(table, on, |row| {
        sum.add(&row);
        Ok(())
    })
    .await?;
    Ok(sum.end())
}

async fn for_each_row(
    table: &Table,
    on: &mut PgConnection,
    mut hear: impl FnMut(Cells) -> Result<(), MigrateError>,
) -> Result<(), MigrateError> {
    use futures_util::TryStreamExt;

    // Texts by their bytes, as SQLite orders them.
    let order =
        if table.columns.first().is_some_and(|(_, is_number)| *is_number) { "" } else { " COLLATE \"C\"" };
    let sql = format!("{}{order}", table.select());
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(on);
    while let Some(row) = rows.try_next().await? {
        hear(cells(table, &row)?)?;
    }
    Ok(())
}

fn cells(table: &Table, row: &PgRow) -> sqlx::Result<Cells> {
    let one = |(at, (_, is_number)): (usize, &(String, bool))| {
        Ok(if *is_number {
            row.try_get::<Option<i64>, _>(at)?.map_or(Cell::Nothing, Cell::Number)
        } else {
            row.try_get::<Option<String>, _>(at)?.map_or(Cell::Nothing, Cell::Text)
        })
    };
    table.columns.iter().enumerate().map(one).collect()
}

/// Fills an empty SQLite database with the rows of PostgreSQL, under the number of the migration if it is one. What keepers of one database share does not belong into the
/// file, which is backed up: it is given to `keep` when all else is ready, and nothing happens if that fails.
pub(crate) async fn to_sqlite(
    on: &mut PgConnection,
    to: &Path,
    (keep, number): (Keep<'_>, Option<&str>),
) -> Result<Copied, MigrateError> {
    let tables = tables(on).await?;
    let mut target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let events: i64 = target.query_row("SELECT COUNT(*) FROM journal", [], |row| row.get(0))?;
    // What the same migration has brought and not finished may have gone on at its source since.
    let is_own = number.is_some() && filled_by(&target)?.as_deref() == number;
    if events > 0 && !is_own {
        return Err(MigrateError::NotEmpty(events));
    }
    let writing = target.transaction()?;
    let (mut copied, mut secrets) = (Copied::new(), Secrets::new());
    for table in &tables {
        writing.execute(&format!("DELETE FROM {}", table.name), [])?;
        let marks = (1..=table.columns.len()).map(|at| format!("?{at}")).collect::<Vec<_>>().join(", ");
        // Its digest is written below.
        let (more, mark) = if table.name == "session" { (", digest", ", ''") } else { ("", "") };
        let sql = format!("INSERT INTO {} ({}{more}) VALUES ({marks}{mark})", table.name, table.names());
        let mut sum = Sum::default();
        let mut insert = writing.prepare(&sql)?;
        for_each_row(table, on, |row| {
            // Never in the file, not even for a moment: what was deleted can be read there for a long time.
            if let Some(secret) = secret(table, &row) {
                secrets.push(secret);
                return Ok(());
            }
            if is_of_a_migration(table, &row) {
                return Ok(());
            }
            sum.add(&row);
            insert.execute(rusqlite::params_from_iter(row.into_iter().map(value)))?;
            Ok(())
        })
        .await?;
        let sent = sum.end();
        if sent != sum_of_sqlite(table, &writing)? {
            return Err(MigrateError::Differs(table.name.clone()));
        }
        copied.insert(table.name.clone(), sent.1);
    }
    write_session_digest(&writing)?;
    if let Some(number) = number {
        let put = "INSERT INTO facts (name, value) VALUES (?1, ?2)";
        writing.execute(put, [FILLED_BY, &serde_json::Value::from(number).to_string()])?;
    }
    keep(secrets).map_err(MigrateError::Failed)?;
    writing.commit()?;
    Ok(copied)
}

/// The shared secret in a row of facts, if it is one.
fn secret(table: &Table, row: &[Cell]) -> Option<(&'static str, SecretString)> {
    let [Cell::Text(name), Cell::Text(value)] = row else { return None };
    let name = SHARED_SECRETS.into_iter().find(|shared| table.name == "facts" && shared == name)?;
    Some((name, SecretString::from(serde_json::from_str::<String>(value).ok()?)))
}

/// What a migration has noted of itself stays where it is.
fn is_of_a_migration(table: &Table, row: &[Cell]) -> bool {
    let is_noted = |name: &str| name == FILLED_BY || name == MOVED_AWAY;
    table.name == "facts" && matches!(row.first(), Some(Cell::Text(name)) if is_noted(name))
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Nothing => Value::Null,
        Cell::Number(number) => Value::Integer(number),
        Cell::Text(text) => Value::Text(text),
    }
}

fn sum_of_sqlite(table: &Table, on: &Connection) -> Result<(Vec<u8>, u64), MigrateError> {
    let mut statement = on.prepare(&table.select())?;
    let mut rows = statement.query([])?;
    let mut sum = Sum::default();
    while let Some(row) = rows.next()? {
        let cells = (0..table.columns.len()).map(|at| cell(row.get(at)?)).collect::<Result<Cells, _>>()?;
        sum.add(&cells);
    }
    Ok(sum.end())
}
