//! Backups and files that are refused: damaged, newer, altered, somebody else's.

use super::*;

#[tokio::test]
async fn what_is_no_good_backup_changes_nothing() {
    let home = Home::new().await;
    home.backup("b.db", TOKENS).await.unwrap();
    let good = fs::read(home.path("b.db")).unwrap();
    let before = fs::read(home.state_dir().join(DATABASE)).unwrap();
    // Alerts that waited are not sent after a restore.
    home.restore("b.db").await.unwrap();
    let whole = home.everything().await;
    fs::write(home.state_dir().join(DATABASE), &before).unwrap();
    let mut refused = 0;
    for place in (0..good.len()).step_by(331) {
        let mut bytes = good.clone();
        for byte in &mut bytes[place..(place + 64).min(good.len())] {
            *byte ^= 0x5a;
        }
        fs::write(home.path("bad.db"), &bytes).unwrap();
        match home.restore("bad.db").await {
            // Much of a small database is room for more: bytes that mean nothing.
            Ok(_) => {
                assert_eq!(home.everything().await, whole, "taken with a damage at {place}");
                fs::write(home.state_dir().join(DATABASE), &before).unwrap();
            }
            Err(_) => {
                refused += 1;
                assert_eq!(fs::read(home.state_dir().join(DATABASE)).unwrap(), before, "at {place}");
            }
        }
        assert!(!home.names().iter().any(|name| name.contains("partial")), "{:?}", home.names());
    }
    assert!(refused > 10, "only {refused} damages mattered");

    fs::write(home.path("cut.db"), &good[..good.len() / 2]).unwrap();
    fs::write(
        home.path("text.db"),
        "just some text, but longer than the header of a database is, by far: ".repeat(3),
    )
    .unwrap();
    fs::write(home.path("empty.db"), "").unwrap();
    for (name, wanted) in [
        ("cut.db", Unfit::Damaged),
        ("text.db", Unfit::Foreign),
        ("empty.db", Unfit::Foreign),
        ("none.db", Unfit::Missing),
    ] {
        match home.restore(name).await {
            Err(BackupError::Unfit { unfit, .. }) => assert_eq!(unfit, wanted, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(fs::read(home.state_dir().join(DATABASE)).unwrap(), before);
}

#[tokio::test]
async fn a_backup_of_a_newer_keeper_is_refused_and_one_of_an_older_is_brought_up_to_date() {
    use sqlx::Connection;
    let home = Home::new().await;
    home.backup("b.db", TOKENS).await.unwrap();
    let edit = async |from: &str, to: &str, change: &'static str| {
        fs::copy(home.path(from), home.path(to)).unwrap();
        let url = sqlx::sqlite::SqliteConnectOptions::new().filename(home.path(to));
        let mut database = sqlx::SqliteConnection::connect_with(&url).await.unwrap();
        sqlx::raw_sql(change).execute(&mut database).await.unwrap();
        database.close().await.unwrap();
    };
    edit("b.db", "newer.db", "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99999999999999, 'x', 1, x'00', 0)").await;
    let Err(BackupError::Unfit { unfit: Unfit::Newer, .. }) = home.restore("newer.db").await else {
        panic!("taken")
    };

    edit("b.db", "older.db", "DROP INDEX journal_mornings; ALTER TABLE alerts DROP COLUMN channel; ALTER TABLE alerts DROP COLUMN event; ALTER TABLE alerts DROP COLUMN items; DROP TABLE mock_prices; DROP TABLE bot_keys; DROP TABLE mock_snapshots; DROP TABLE order_intents; DROP TABLE mock_records; DROP TABLE orders; DELETE FROM facts WHERE name = 'backup'; DELETE FROM _sqlx_migrations WHERE version > 1").await;
    let restored = home.restore("older.db").await.unwrap();
    assert_eq!(restored.counts["orders"], 0);
    let (_state, store) = home.open().await;
    assert!(store.order_journal(10).await.unwrap().is_empty());
}

/// Changes a backup as somebody with an editor for databases could.
async fn edit(home: &Home, from: &str, to: &str, change: &'static str) {
    use sqlx::Connection;
    fs::copy(home.path(from), home.path(to)).unwrap();
    let url = sqlx::sqlite::SqliteConnectOptions::new().filename(home.path(to));
    let mut database = sqlx::SqliteConnection::connect_with(&url).await.unwrap();
    sqlx::raw_sql(change).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_backup_with_anything_of_its_own_in_its_schema_is_refused() {
    let home = Home::new().await;
    home.backup("b.db", TOKENS).await.unwrap();
    let changes = [
        "CREATE TRIGGER t AFTER INSERT ON alerts BEGIN DELETE FROM journal; END",
        "ALTER TABLE facts RENAME TO kept;
         CREATE VIEW facts AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
         SELECT CAST(i AS TEXT) AS name, '' AS value FROM n",
        "CREATE TABLE more (x)",
        "CREATE INDEX more ON journal (id)",
        "ALTER TABLE session ADD COLUMN more TEXT",
        "DROP TABLE orders",
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let name = format!("changed-{number}.db");
        edit(&home, "b.db", &name, change).await;
        match home.restore(&name).await {
            Err(BackupError::Unfit { unfit: Unfit::Altered, .. }) => {}
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_gateway_key_is_taken_only_when_it_is_wanted() {
    let home = Home::new().await;
    home.backup("b.db", TOKENS).await.unwrap();
    let other = Home { folder: tempfile::tempdir().unwrap() };
    let state = StateDir::open(&other.state_dir()).unwrap();
    let restored = restore(&state, &home.path("b.db"), Restore::default()).await.unwrap();
    assert!(restored.gateway_key_left && !restored.gateway_key);
    assert!(!other.state_dir().join(GATEWAY_KEY).exists());
}

#[tokio::test]
async fn what_somebody_else_put_under_the_name_is_not_written_to() {
    let home = Home::new().await;
    let planted = home.path("planted");
    fs::write(&planted, "").unwrap();
    std::os::unix::fs::symlink(&planted, home.path(".b.db.partial")).unwrap();
    let error = home.backup("b.db", TOKENS).await.unwrap_err();
    assert!(matches!(error, BackupError::NotOurs { .. }), "{error}");
    assert_eq!(fs::read(&planted).unwrap(), b"");
    fs::remove_file(home.path(".b.db.partial")).unwrap();
    fs::write(home.path(".b.db.partial"), "left by a backup that was cut off").unwrap();
    home.backup("b.db", TOKENS).await.unwrap();
}

#[tokio::test]
async fn what_is_no_file_or_too_large_is_not_read() {
    let home = Home::new().await;
    for path in ["/dev/zero", "/"] {
        let state = StateDir::open(&home.state_dir()).unwrap();
        let error = restore(&state, Path::new(path), Restore::default()).await.unwrap_err();
        assert!(matches!(error, BackupError::Unfit { unfit: Unfit::Foreign, .. }), "{path}: {error}");
    }
    let large = fs::File::create(home.path("large.db")).unwrap();
    large.set_len(3 << 30).unwrap();
    assert!(matches!(home.restore("large.db").await, Err(BackupError::TooLarge(_))));
}
