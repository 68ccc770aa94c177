//! Rows of a database from outside, into a new one of our own: nothing of the file itself is taken over, neither its
//! pages nor its schema.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use sqlx::sqlite::SqlitePoolOptions;

use crate::store::sqlite::database::{self, MIGRATIONS, OpenError};

/// Fills the empty file `to` with the rows of `from`, whose schema must have been compared before.
pub(crate) async fn transfer(from: &Path, to: &Path) -> Result<(), OpenError> {
    let version = applied_version(from).await?;
    let pool = database::open_as_it_is(to).await?;
    let made = MIGRATIONS.run_to(version, &pool).await;
    pool.close().await;
    made.map_err(|_error| failed(to, "its tables cannot be made"))?;
    copy_rows(from, to).map_err(|error| failed(from, &problem(&error)))
}

fn failed(path: &Path, problem: &str) -> OpenError {
    OpenError::Failed { path: path.to_owned(), problem: problem.to_owned() }
}

async fn applied_version(path: &Path) -> Result<i64, OpenError> {
    let pool = database::open_read_only(path).await?.ok_or_else(|| failed(path, "it is not there"))?;
    let query = "SELECT MAX(version) FROM _sqlx_migrations WHERE success";
    let version: Result<(Option<i64>,), _> = sqlx::query_as(query).fetch_one(&pool).await;
    pool.close().await;
    version.map_err(|error| database::told(&error, path))?.0.ok_or_else(|| failed(path, "it has no version"))
}

/// The names come from the schema that this program has just made, never from the file.
fn copy_rows(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
    let mut on = Connection::open_with_flags(to, flags)?;
    on.query_row("PRAGMA journal_mode = DELETE", [], |_mode| Ok(()))?;
    on.execute("ATTACH ?1 AS brought", [address(from)])?;
    let transaction = on.transaction()?;
    for (table, columns) in tables(&transaction)? {
        transaction.execute(&format!("DELETE FROM main.{table}"), [])?;
        let rows = format!("SELECT {columns} FROM brought.{table} ORDER BY rowid");
        transaction.execute(&format!("INSERT INTO main.{table} ({columns}) {rows}"), [])?;
    }
    transaction.commit()
}

fn tables(on: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    // Last `sqlite_sequence`, which the inserts before it have changed.
    let query = "SELECT name, (SELECT group_concat(name) FROM pragma_table_info(tables.name))
                 FROM main.sqlite_schema AS tables
                 WHERE type = 'table' AND name <> '_sqlx_migrations'
                 ORDER BY name = 'sqlite_sequence', name";
    let mut statement = on.prepare(query)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The file as SQLite opens it for reading only. One that nobody writes to is read as it lies there, without side files.
fn address(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let name: String = std::os::unix::ffi::OsStrExt::as_bytes(absolute.as_os_str())
        .iter()
        .map(|byte| encode(*byte))
        .collect();
    let written =
        path.with_file_name(format!("{}-wal", path.file_name().unwrap_or_default().display())).exists();
    format!("file://{name}?mode=ro{}", if written { "" } else { "&immutable=1" })
}

/// Without SQLite's message, which may quote a value.
fn problem(error: &rusqlite::Error) -> String {
    error.sqlite_error_code().map_or_else(|| "unexpected failure".to_owned(), |code| format!("{code:?}"))
}

/// The schema that this version's own migrations make, for comparison.
pub(super) async fn schema_of(version: i64) -> sqlx::Result<Vec<SchemaRow>> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    MIGRATIONS.run_to(version, &pool).await.map_err(|error| sqlx::Error::Migrate(Box::new(error)))?;
    let rows = schema(&pool).await;
    pool.close().await;
    rows
}

/// Type, name, table and definition of everything in a schema.
pub(super) type SchemaRow = (String, String, String, Option<String>);

/// Everything in a schema, in order.
pub(super) async fn schema(pool: &sqlx::SqlitePool) -> sqlx::Result<Vec<SchemaRow>> {
    let query = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    sqlx::query_as(query).fetch_all(pool).await
}
