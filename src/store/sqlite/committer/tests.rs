//! The committer on a real database, with failures made by the changes themselves.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use tempfile::TempDir;

use super::*;
use crate::store::sqlite::committer::{fault::Step, pair::Pair};

const MADE: &str = "made a test's change";

struct Home {
    folder: TempDir,
    committer: Committer,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Connection::open(folder.path().join("keeper.db")).unwrap();
        database.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
             CREATE TABLE numbers (n INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT").unwrap();
        let committer = Committer::start(folder.path().join("keeper.db")).await.unwrap();
        Self { folder, committer }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("keeper.db")
    }

    fn make(&self, work: Work) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(self.committer.queue(MADE, work))
    }

    fn put(&self, n: i64) -> BoxFuture<'static, Result<(), StoreError>> {
        self.make(put(n, 1))
    }

    /// What another program sees: only what is committed.
    fn on_disk(&self) -> Vec<i64> {
        let database = Connection::open(self.path()).unwrap();
        let mut query = database.prepare("SELECT n FROM numbers ORDER BY rowid").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Holds the committer up, so that what is queued meanwhile goes into one transaction.
    fn hold(&self) -> mpsc::Sender<()> {
        let (go, wait) = mpsc::channel();
        let (busy, is_busy) = mpsc::channel();
        let work = move |_: &Connection| {
            let _nobody = busy.send(());
            let _gone = wait.recv();
            Ok(())
        };
        drop(self.committer.queue(MADE, Box::new(work)));
        is_busy.recv().unwrap();
        go
    }
}

fn put(n: i64, size: usize) -> Work {
    Box::new(move |on| {
        on.execute("INSERT INTO numbers VALUES (?1, ?2)", (n, vec![7_u8; size])).map(|_rows| ())
    })
}

/// SQLite itself says that the disk is full, and rolls back by itself.
fn too_large() -> Work {
    Box::new(|on| {
        on.query_row("PRAGMA max_page_count = 1", [], |_pages| Ok(()))?;
        put(1_000, 100_000)(on)
    })
}

fn kinds(answers: Vec<Result<(), StoreError>>) -> Vec<Option<StoreErrorKind>> {
    answers.into_iter().map(|answer| answer.err().map(|error| error.kind)).collect()
}

#[tokio::test]
async fn changes_are_made_in_the_order_of_the_calls_whoever_waits_for_them() {
    let home = Home::new().await;
    let go = home.hold();
    let first = home.put(30);
    drop(home.put(10));
    let last = home.committer.queue(
        MADE,
        Box::new(|on| {
            let seen: i64 = on.query_row("SELECT COUNT(*) FROM numbers", [], |row| row.get(0))?;
            put(100 + seen, 1)(on)
        }),
    );
    go.send(()).unwrap();
    last.await.unwrap();
    first.await.unwrap();
    assert_eq!(home.on_disk(), [10, 30, 102], "both were made before the last one");
}

#[tokio::test]
async fn a_change_that_is_refused_does_not_fail_its_neighbours() {
    let home = Home::new().await;
    home.put(2).await.unwrap();
    let go = home.hold();
    let half: Work = Box::new(|on| put(9, 1)(on).and_then(|()| put(2, 1)(on)));
    let answers = join_all([home.put(1), home.make(half), home.put(3)]);
    go.send(()).unwrap();
    let answers = answers.await;
    assert!(!answers[1].as_ref().unwrap_err().problem.contains("numbers"), "{answers:?}");
    assert_eq!(kinds(answers), [None, Some(StoreErrorKind::Refused), None]);
    assert_eq!(home.on_disk(), [1, 2, 3], "and nothing is half there");
}

#[tokio::test]
async fn a_full_disk_refuses_the_group_and_what_waits_and_then_it_goes_on() {
    let home = Home::new().await;
    home.put(1).await.unwrap();
    let go = home.hold();
    let many = (2..=200).map(|n| home.make(if n == 5 { too_large() } else { put(n, 1) }));
    let many: Vec<_> = many.collect();
    go.send(()).unwrap();
    let answers = join_all(many).await;
    assert!(answers[0].as_ref().unwrap_err().to_string().contains("disk is full. Free some space"));
    assert_eq!(kinds(answers), [Some(StoreErrorKind::Full); 199]);
    for n in 500..510 {
        home.put(n).await.unwrap();
        assert!(home.on_disk().contains(&n));
    }
    assert_eq!(home.on_disk().len(), 11);
}

/// What sqlx's pool did: the transaction is gone, and what follows runs in a savepoint of its own.
#[tokio::test]
async fn a_transaction_that_ended_behind_its_back_is_never_acknowledged() {
    for trick in
        ["ROLLBACK", "ROLLBACK; SAVEPOINT change", "ROLLBACK; SAVEPOINT deeper; SAVEPOINT change", "COMMIT"]
    {
        let home = Home::new().await;
        let work: Work = Box::new(move |on| on.execute_batch(trick));
        let go = home.hold();
        let answers = join_all([home.put(1), home.make(work), home.put(2)]);
        go.send(()).unwrap();
        assert!(answers.await.iter().all(Result::is_err), "{trick}");
        home.put(3).await.unwrap();
        home.put(4).await.unwrap();
        assert!(home.on_disk().ends_with(&[3, 4]), "{trick}: {:?}", home.on_disk());
    }
}

#[tokio::test]
async fn a_commit_that_nobody_else_can_see_is_a_fault() {
    let home = Home::new().await;
    home.committer.close().await;
    let mut pair = Pair::open(&home.path()).unwrap();
    pair.commit(vec![(None, put(1, 1))], &mut Vec::new()).unwrap();
    let fault = pair.pretend().unwrap_err();
    assert_eq!((fault.kind, fault.step), (StoreErrorKind::Failing, Step::Before));
}

#[tokio::test]
async fn while_it_cannot_be_opened_all_is_refused_and_then_it_heals() {
    let home = Home::new().await;
    home.put(1).await.unwrap();
    let elsewhere = home.folder.path().join("elsewhere");
    let away = |from: &Path, to: &Path| std::fs::rename(from, to).unwrap();
    away(&home.path(), &elsewhere);
    assert_eq!(home.make(too_large()).await.unwrap_err().kind, StoreErrorKind::Full);
    for n in 2..50 {
        assert_eq!(home.put(n).await.unwrap_err().kind, StoreErrorKind::ReadOnly);
    }
    away(&elsewhere, &home.path());
    while home.put(50).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(home.on_disk(), [1, 50]);
}

#[tokio::test]
async fn a_thread_that_dies_is_noticed() {
    let home = Home::new().await;
    let go = home.hold();
    let answers = join_all([home.put(1), home.make(Box::new(|_| panic!("planned"))), home.put(2)]);
    go.send(()).unwrap();
    assert_eq!(kinds(answers.await), [Some(StoreErrorKind::Ended); 3]);
    assert_eq!(home.put(3).await.unwrap_err().kind, StoreErrorKind::Ended);
    home.committer.close().await;
    assert!(home.on_disk().is_empty());
}

#[tokio::test]
async fn the_queue_has_an_end_and_says_so() {
    let home = Home::new().await;
    let go = home.hold();
    let waiting: Vec<_> = (0..1_024).map(|n| home.put(n)).collect();
    assert_eq!(home.put(5_000).await.unwrap_err().kind, StoreErrorKind::Busy);
    go.send(()).unwrap();
    assert!(join_all(waiting).await.iter().all(Result::is_ok));
    assert_eq!(home.on_disk().len(), 1_024);
}

#[tokio::test]
async fn closing_makes_what_waits_and_takes_nothing_more() {
    let home = Home::new().await;
    let go = home.hold();
    let waiting: Vec<_> = (0..100).map(|n| home.put(n)).collect();
    go.send(()).unwrap();
    home.committer.close().await;
    assert_eq!(home.on_disk().len(), 100);
    assert!(join_all(waiting).await.iter().all(Result::is_ok));
    assert_eq!(home.put(5_000).await.unwrap_err().kind, StoreErrorKind::Ended);
}

/// Changes that build on each other.
struct Lined<'a>(&'a Home, ChangeLine);

impl Lined<'_> {
    fn make(&self, work: Work) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(self.0.committer.queue_in(Some(self.1.clone()), MADE, work))
    }
}

#[tokio::test]
async fn of_a_line_nothing_is_made_behind_one_that_is_refused() {
    let home = Home::new().await;
    home.put(2).await.unwrap();
    let (line, other) = (Lined(&home, ChangeLine::default()), Lined(&home, ChangeLine::default()));
    let go = home.hold();
    let answers = join_all([
        line.make(put(1, 1)),
        line.make(put(2, 1)),
        line.make(put(3, 1)),
        other.make(put(4, 1)),
        home.put(5),
    ]);
    go.send(()).unwrap();
    let answers = answers.await;
    let words = &answers[2].as_ref().unwrap_err().problem;
    assert!(words.contains("a change before it was refused"), "{words}");
    let refused = Some(StoreErrorKind::Refused);
    assert_eq!(kinds(answers), [None, refused, refused, None, None]);
    assert_eq!(line.make(put(6, 1)).await.unwrap_err().kind, StoreErrorKind::Refused, "nor later");
    other.make(put(7, 1)).await.unwrap();
    assert_eq!(home.on_disk(), [1, 2, 4, 5, 7]);
}

#[tokio::test]
async fn of_a_line_nothing_is_made_after_a_fault_whenever_it_is_queued() {
    let home = Home::new().await;
    let line = Lined(&home, ChangeLine::default());
    let go = home.hold();
    let answers = join_all([line.make(put(1, 1)), line.make(too_large()), line.make(put(2, 1))]);
    go.send(()).unwrap();
    assert_eq!(kinds(answers.await), [Some(StoreErrorKind::Full); 3]);
    home.put(3).await.unwrap();
    assert_eq!(line.make(put(4, 1)).await.unwrap_err().kind, StoreErrorKind::Full, "healed, but not for it");
    Lined(&home, ChangeLine::default()).make(put(5, 1)).await.unwrap();
    assert_eq!(home.on_disk(), [3, 5]);
}

#[tokio::test]
async fn who_waits_for_the_queue_waits_for_all_of_it() {
    let home = Home::new().await;
    let go = home.hold();
    let mut waits = Box::pin(home.committer.settled());
    let first: Vec<_> = (0..100).map(|n| home.put(n)).collect();
    assert!(futures_util::FutureExt::now_or_never(waits.as_mut()).is_none());
    drop(waits);
    go.send(()).unwrap();
    home.committer.settled().await;
    assert_eq!(home.on_disk().len(), 100);
    drop(first);
}

#[tokio::test]
async fn who_waits_for_the_queue_does_not_wait_for_a_database_that_another_program_holds() {
    let home = Home::new().await;
    let other = Connection::open(home.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(home.put(1).await.unwrap_err().kind, StoreErrorKind::Busy);
    home.committer.settled().await;
    other.execute_batch("ROLLBACK").unwrap();
    while home.put(2).await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(home.on_disk(), [2]);
}

/// An actor that waits for its change is not held up twice by a program that holds the database.
#[tokio::test]
async fn a_writer_of_another_program_is_waited_for_once() {
    let home = Home::new().await;
    let (go, wait) = mpsc::channel::<()>();
    let (held, is_held) = mpsc::channel();
    let path = home.path();
    let other = std::thread::spawn(move || {
        let database = Connection::open(path).unwrap();
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        held.send(()).unwrap();
        let _gone = wait.recv();
    });
    is_held.recv().unwrap();

    // What one wait takes on this machine, at the same time.
    let path = home.path();
    let began = std::time::Instant::now();
    let peer = std::thread::spawn(move || {
        let database = Connection::open(path).unwrap();
        database.busy_timeout(Duration::from_secs(5)).unwrap();
        database.execute_batch("BEGIN IMMEDIATE").unwrap_err();
        began.elapsed()
    });
    let refused = home.put(1).await;
    let waited = began.elapsed();
    assert_eq!(kinds(vec![refused]), [Some(StoreErrorKind::Busy)]);
    let once = peer.join().unwrap();
    assert!(waited < once.mul_f64(1.6), "{waited:?}, and one wait takes {once:?}");

    drop(go);
    other.join().unwrap();
    while home.put(2).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(home.on_disk(), [2]);
}
