//! Backups of real databases in folders of their own.

use std::os::unix::fs::PermissionsExt;

use keeper_domain::session_state::StoredSession;
use keeper_domain::{
    alert::{Alert, Severity},
    event::Event,
    note::Note,
    ports::{
        Change, ChangeStore, JournalStore, NoteStore, OrderJournalStore, OutboxStore, SessionStore,
        TradingStore,
    },
    reason::Reason,
    routing::live_positions::LivePositions,
    secret::{AccessToken, RefreshToken},
    session::{Source, StateName},
};
use tempfile::TempDir;

mod refused;

use super::*;
use crate::store::{
    SqliteStore, StateDir, Unfit,
    state_dir::{DATABASE, GATEWAY_KEY},
};

const NOTE: Note<String> = Note::new("note");
const ACCESS: &str = "eyJ0eXAi.CANARY-access-token-long-enough-to-be-found.c2ln";
const REFRESH: &str = "eyJ0eXAi.CANARY-refresh-token-long-enough-to-be-found.c2ln";

struct Home {
    folder: TempDir,
}

impl Home {
    /// A state with something in everything, and no keeper on it.
    async fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        let (state, store) = home.open().await;
        let session = StoredSession {
            state: StateName::Valid,
            reason: Some(Reason::Verified),
            access: Some(AccessToken::new(ACCESS.to_owned())),
            refresh: Some(RefreshToken::new(REFRESH.to_owned())),
            source: Some(Source::Settings),
            account: Some("XX00001".to_owned()),
            ..StoredSession::default()
        };
        store.commit(Change { session: Some(session), ..Change::default() }).await.unwrap();
        for n in 0..20 {
            home.grow(&store, n).await;
        }
        state.gateway_key().unwrap();
        store.close().await;
        home
    }

    async fn grow(&self, store: &SqliteStore, n: i64) {
        let notes = vec![NOTE.set(&"words ".repeat(100)).unwrap()];
        let events = vec![(Utc::now(), Event::KeeperStopping { handed_over: false, stands_by: false })];
        store.commit(Change { notes, events, ..Change::default() }).await.unwrap();
        let (event, text) = ("keeper.stopping".to_owned(), "text".to_owned());
        let (at, key, item) = (Utc::now(), String::new(), String::new());
        let alert = Alert { event_id: n, event, at, severity: Severity::Info, key, text, item };
        store.queue_alerts(n, vec![alert], vec![]).await.unwrap();
    }

    fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn open(&self) -> (StateDir, SqliteStore) {
        let state = StateDir::open(&self.state_dir()).unwrap();
        let store = SqliteStore::open(&state).await.unwrap();
        (state, store)
    }

    async fn backup(&self, name: &str, wish: Wish) -> Result<Backup, BackupError> {
        backup(&self.state_dir(), &self.path(name), wish).await
    }

    async fn restore(&self, name: &str) -> Result<Restored, BackupError> {
        let state = StateDir::open(&self.state_dir()).unwrap();
        restore(&state, &self.path(name), Restore { with_gateway_key: true }).await
    }

    /// What the state says, in all of its parts.
    async fn everything(&self) -> String {
        let (_state, store) = self.open().await;
        let session = store.session().await.unwrap();
        let (events, alerts) =
            (store.recent_events(100).await.unwrap(), store.waiting_alerts().await.unwrap());
        let note = NOTE.read(&store).await.unwrap();
        store.close().await;
        format!(
            "{session:?} {:?} {events:?} {alerts:?} {note:?}",
            session.access.as_ref().map(AccessToken::fingerprint)
        )
    }

    /// Everything in the state folder, by name.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.state_dir()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn contains(path: &Path, needle: &str) -> bool {
    fs::read(path).unwrap().windows(needle.len()).any(|window| window == needle.as_bytes())
}

const TOKENS: Wish = Wish { with_tokens: true, force: false };

#[tokio::test]
async fn a_backup_has_everything_but_the_tokens_and_is_for_its_owner_only() {
    let home = Home::new().await;
    let key = fs::read_to_string(home.state_dir().join(GATEWAY_KEY)).unwrap();
    let made = home.backup("b.db", Wish::default()).await.unwrap();
    assert_eq!(made.counts["events"], 20);
    assert_eq!(made.counts["alerts"], 20);
    assert_eq!(made.bytes, fs::metadata(home.path("b.db")).unwrap().len());
    assert_eq!(fs::metadata(home.path("b.db")).unwrap().permissions().mode() & 0o777, 0o600);
    for secret in ["CANARY", key.trim()] {
        assert!(!contains(&home.path("b.db"), secret), "a secret is in the backup");
    }
    let session = StoredSession { account: Some("XX00001".to_owned()), ..StoredSession::default() };
    let other = Home { folder: tempfile::tempdir().unwrap() };
    fs::copy(home.path("b.db"), other.path("b.db")).unwrap();
    let restored = other.restore("b.db").await.unwrap();
    assert_eq!((restored.old_state, restored.with_tokens, restored.gateway_key), (None, false, false));
    let (_state, store) = other.open().await;
    assert_eq!(store.session().await.unwrap(), session, "whose account it is stays known");
    assert!(!home.names().iter().any(|name| name.contains("partial")), "{:?}", home.names());
}

#[tokio::test]
async fn tokens_and_key_travel_only_when_asked_for() {
    let home = Home::new().await;
    let key = fs::read_to_string(home.state_dir().join(GATEWAY_KEY)).unwrap();
    home.backup("b.db", TOKENS).await.unwrap();
    let other = Home { folder: tempfile::tempdir().unwrap() };
    fs::copy(home.path("b.db"), other.path("b.db")).unwrap();
    let restored = other.restore("b.db").await.unwrap();
    assert!(restored.with_tokens && restored.gateway_key && restored.made_at.is_some());
    assert_eq!(fs::read_to_string(other.state_dir().join(GATEWAY_KEY)).unwrap(), key.trim());
    let (_state, store) = other.open().await;
    assert_eq!(store.session().await.unwrap().access, Some(AccessToken::new(ACCESS.to_owned())));
    assert!(store.note_text("backup").await.unwrap().is_none(), "the label, and the key in it, are gone");
    assert!(!contains(&other.state_dir().join(DATABASE), key.trim()), "deleted is overwritten");
}

#[tokio::test]
async fn a_backup_can_be_made_while_the_keeper_writes() {
    let home = Home::new().await;
    let (_state, store) = home.open().await;
    let writing = async {
        for n in 20..120 {
            home.grow(&store, n).await;
        }
    };
    let copying = async {
        for n in 0..8 {
            let made = home.backup(&format!("b{n}.db"), Wish::default()).await.unwrap();
            assert!(made.counts["events"] >= 20);
        }
    };
    tokio::join!(writing, copying);
    let made = home.backup("last.db", Wish::default()).await.unwrap();
    assert_eq!(made.counts["events"], 120, "what is in the side file is in the backup, too");
}

#[tokio::test]
async fn nothing_is_overwritten_by_accident() {
    let home = Home::new().await;
    fs::write(home.path("b.db"), "precious").unwrap();
    assert!(matches!(home.backup("b.db", Wish::default()).await, Err(BackupError::Exists(_))));
    assert_eq!(fs::read(home.path("b.db")).unwrap(), b"precious");
    home.backup("b.db", Wish { force: true, ..Wish::default() }).await.unwrap();
    for name in ["state/keeper.db", "state/other.db"] {
        let wish = Wish { force: true, ..Wish::default() };
        assert!(matches!(home.backup(name, wish).await, Err(BackupError::InState(_))), "{name}");
    }
    assert!(matches!(home.backup("none/b.db", Wish::default()).await, Err(BackupError::NoFolder(_))));
    assert!(matches!(home.backup("state", Wish::default()).await, Err(BackupError::NoFile(_))));
    let nowhere = backup(&home.path("nowhere"), &home.path("c.db"), Wish::default()).await;
    assert!(matches!(nowhere, Err(BackupError::NoState(_))));
    assert!(!home.path("nowhere").exists());
}

#[tokio::test]
async fn a_restore_keeps_the_old_state_and_a_halt() {
    let home = Home::new().await;
    home.backup("b.db", TOKENS).await.unwrap();
    let (state, store) = home.open().await;
    home.grow(&store, 20).await;
    store.commit(Change { halted: Some(true), ..Change::default() }).await.unwrap();
    store.close().await;
    drop((state, store));

    let restored = home.restore("b.db").await.unwrap();
    assert_eq!(restored.counts["events"], 20);
    assert!(restored.halt_kept);
    let old = examine(&restored.old_state.unwrap()).await.unwrap_or_else(|unfit| panic!("{unfit}"));
    assert_eq!(old.counts["events"], 21, "the old state is whole");
    let (_state, store) = home.open().await;
    assert!(store.halted().await.unwrap(), "nobody ended the halt");
    assert_eq!(store.recent_events(1_000).await.unwrap().len(), 20);
}

/// Between the backup and the restore a bot may have traded: what was open then is not what is open now.
#[tokio::test]
async fn what_is_open_at_fyers_is_not_known_after_a_restore() {
    for was_live in [true, false] {
        let home = Home::new().await;
        let (state, store) = home.open().await;
        let read = LivePositions { was_live, read_at: Some(Utc::now()), ..LivePositions::default() };
        store.commit(Change { live_positions: Some(read), ..Change::default() }).await.unwrap();
        store.close().await;
        drop((state, store));
        home.backup("b.db", Wish::default()).await.unwrap();
        home.restore("b.db").await.unwrap();
        let (_state, store) = home.open().await;
        let restored = store.live_positions().await.unwrap();
        assert_eq!((restored.was_live, restored.read_at.is_none()), (was_live, was_live));
    }
}

#[tokio::test]
async fn a_state_that_was_killed_is_put_aside_with_its_side_files() {
    let home = Home::new().await;
    home.backup("b.db", TOKENS).await.unwrap();
    let (state, store) = home.open().await;
    home.grow(&store, 20).await;
    // What a kill leaves: the side file with the newest changes.
    let copies: Vec<_> = ["", "-wal"]
        .map(|suffix| (suffix, fs::read(copy::side(&home.state_dir().join(DATABASE), suffix)).unwrap()))
        .into();
    store.close().await;
    drop((state, store));
    for (suffix, bytes) in copies {
        fs::write(copy::side(&home.state_dir().join(DATABASE), suffix), bytes).unwrap();
    }
    let restored = home.restore("b.db").await.unwrap();
    let old = examine(&restored.old_state.unwrap()).await.unwrap_or_else(|unfit| panic!("{unfit}"));
    assert_eq!(old.counts["events"], 21, "what was only in the side file is kept");
    assert!(!home.names().contains(&"keeper.db-wal".to_owned()), "{:?}", home.names());
    let (_state, store) = home.open().await;
    assert_eq!(store.recent_events(1_000).await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_damaged_state_can_be_replaced() {
    let home = Home::new().await;
    home.backup("b.db", TOKENS).await.unwrap();
    fs::write(home.state_dir().join(DATABASE), "no database at all, but long enough to be looked at")
        .unwrap();
    let restored = home.restore("b.db").await.unwrap();
    assert!(restored.old_state.unwrap().exists());
    assert!(restored.halt_kept, "a halt that cannot be read is a halt");
    let (_state, store) = home.open().await;
    assert_eq!(store.session().await.unwrap().access, Some(AccessToken::new(ACCESS.to_owned())));
}
