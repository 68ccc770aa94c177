//! Broken and foreign databases: no panic, and never a token that nobody committed.

use std::fs;

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;

const ACCESS: &str = "eyJ0eXAiOiJKV1Qi.access-token-that-was-committed-and-is-rather-long.c2lnbmF0dXJl";

/// The first bytes of a SQLite database (SQLite file format, section 1.3).
const HEADER: usize = 100;

/// A database of some size, closed, and its bytes.
async fn good() -> (TempDir, PathBuf, Vec<u8>) {
    let home = Home::new().await;
    for n in 0..60 {
        home.store.commit(notes(&[&format!("{n} {}", "words ".repeat(30))])).await.unwrap();
        home.store.queue_alerts(n, vec![alert(n, "text")], vec![]).await.unwrap();
    }
    home.store.commit(of_session(&session(ACCESS))).await.unwrap();
    let path = home.path();
    let folder = home.closed().await;
    let bytes = fs::read(path.join("keeper.db")).unwrap();
    (folder, path, bytes)
}

/// The databases that were kept under another name, without their side files.
fn quarantined(folder: &Path) -> Vec<PathBuf> {
    let is_copy = |path: &PathBuf| {
        let path = path.to_string_lossy();
        path.contains("keeper.db.damaged-") && !path.ends_with("-wal") && !path.ends_with("-shm")
    };
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_copy).collect()
}

/// Opens the folder with these bytes as its database. True when the session survived.
async fn survives(folder: &Path, bytes: &[u8], what: &str) -> bool {
    let _fresh = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("keeper.db"), bytes).unwrap();
    let peeked = SqliteStore::peek(folder).await.ok().flatten().unwrap_or_default();
    assert!(peeked == session(ACCESS) || peeked == StoredSession::default(), "{what}: peek {peeked:?}");
    let store = match open_in(folder).await {
        Ok(store) => store,
        // Two bytes in a migration's number can make it look like one of the future.
        Err(OpenError::Newer(_)) => return false,
        // sqlx gives up over the type of a column that is no text; the program ends with words then, and reads nothing.
        Err(OpenError::Failed { problem, .. }) if problem == "the database is closed" => return false,
        Err(error) => panic!("{what}: {error}"),
    };
    // Whatever else is damaged may fail, but must not panic.
    let _tick = store.last_tick().await;
    let _events = store.unread_events(1_000).await;
    let _alerts = store.waiting_alerts().await;
    let found = store.session().await;
    store.close().await;
    let kept = found.as_ref().is_ok_and(|found| *found == session(ACCESS));
    if !kept {
        assert_eq!(found.unwrap(), StoredSession::default(), "{what}");
        // SQLite takes less than a header for a new database, and there is nothing in it to keep.
        let wanted = usize::from(bytes.len() >= HEADER);
        assert_eq!(
            quarantined(folder).len(),
            wanted,
            "{what}: an empty session, but the damaged file was not kept"
        );
    }
    kept
}

#[tokio::test]
async fn mutated_copies_give_the_exact_session_or_none() {
    let (_folder, path, bytes) = good().await;
    let mut kept = 0;
    for seed in 0..200 {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut copy = bytes.clone();
        for _ in 0..dice.random_range(1..=8) {
            let place = dice.random_range(0..copy.len());
            copy[place] = dice.random();
        }
        kept += usize::from(survives(&path, &copy, &format!("seed {seed}")).await);
    }
    assert!((1..200).contains(&kept), "{kept} of 200 kept their session: the mutations are of no use");
    println!("200 mutated databases: {kept} with the exact session, the others with none");
}

#[tokio::test]
async fn every_bit_of_the_stored_token_counts() {
    let (_folder, path, bytes) = good().await;
    let place = bytes.windows(ACCESS.len()).rposition(|window| window == ACCESS.as_bytes()).unwrap();
    for offset in (0..ACCESS.len()).step_by(7) {
        let mut copy = bytes.clone();
        copy[place + offset] ^= 1 << (offset % 7);
        assert!(!survives(&path, &copy, &format!("bit in byte {offset} of the token")).await);
    }
}

#[tokio::test]
async fn truncated_copies_give_the_exact_session_or_none() {
    let (_folder, path, bytes) = good().await;
    for tenth in 0..10 {
        for ragged in [0, 1, 313] {
            let copy = &bytes[..bytes.len() * tenth / 10 + ragged];
            assert!(!survives(&path, copy, &format!("{tenth} tenths and {ragged} bytes")).await);
        }
    }
    assert!(survives(&path, &bytes, "whole").await);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_kept_under_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut noise = vec![0; 50_000];
    StdRng::seed_from_u64(5).fill(noise.as_mut_slice());
    assert!(!survives(&folder.path().join("state"), &noise, "noise").await);
    let state = folder.path().join("state");
    assert_eq!(fs::read(&quarantined(&state)[0]).unwrap(), noise, "not a byte of it is lost");
}

/// The write-ahead log has checksums: what of it is broken counts as never written.
#[tokio::test]
async fn a_damaged_log_never_brings_another_token() {
    let home = Home::new().await;
    home.store.commit(of_session(&session("token-one"))).await.unwrap();
    home.store.commit(of_session(&session("token-two"))).await.unwrap();
    let files = ["keeper.db", "keeper.db-wal"].map(|name| (name, fs::read(home.path().join(name)).unwrap()));
    let good = [session("token-one"), session("token-two"), StoredSession::default()];
    for seed in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let mut dice = StdRng::seed_from_u64(seed);
        for (name, bytes) in &files {
            let mut bytes = bytes.clone();
            if name.ends_with("wal") {
                let place = dice.random_range(0..bytes.len());
                bytes[place] ^= dice.random_range(1..=255u8);
            }
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let found = open_in(folder.path()).await.unwrap().session().await.unwrap();
        assert!(good.contains(&found), "seed {seed}: {found:?}");
    }
}

#[tokio::test]
async fn a_newer_database_is_left_as_it_is() {
    let home = Home::new().await;
    let path = home.path();
    home.store.commit(of_session(&session(ACCESS))).await.unwrap();
    let _folder = home.closed().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'the future', 1, x'00', 0)";
    meddle(&path, newer).await;
    let before = fs::read(path.join("keeper.db")).unwrap();
    let error = open_in(&path).await.unwrap_err();
    assert!(matches!(&error, OpenError::Newer(file) if file.ends_with("keeper.db")), "{error:?}");
    assert!(error.advice().contains("newer version"));
    assert_eq!(fs::read(path.join("keeper.db")).unwrap(), before);
    assert_eq!(quarantined(&path).len(), 0);
}

#[tokio::test]
async fn a_folder_in_the_databases_place_is_an_error_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("keeper.db")).unwrap();
    let error = open_in(folder.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Failed { .. }), "{error:?}");
    assert!(folder.path().join("keeper.db").is_dir());
}
