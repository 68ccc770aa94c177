//! What keepers of one account tell each other of their calls to FYERS, beside the lease.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use fyers_keeper::store::postgres::{Away, RENEW_EVERY};
use keeper_domain::shared_calls::{CallsBefore, CallsOfDay, MOST_UNTOLD, PastCall, SentCalls, SharedCalls};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Place, contender, holder,
    lease::end_lease,
    server::{self, Server},
    suite::notes,
};

/// Where the calls leave that these tests tell of, and where others do.
const HERE: u32 = 1;
const THERE: u32 = 2;
/// They count as much.
const SENT: u32 = 7;

/// Some calls three seconds ago, and what the test says.
#[derive(Default)]
struct Sent {
    /// For how many seconds FYERS wants no calls.
    wait: AtomicU64,
    left: AtomicU64,
    told: AtomicU64,
    /// What it has counted of others that came with a state.
    adopted: AtomicU64,
}

impl SentCalls for Sent {
    fn origin(&self) -> u32 {
        HERE
    }

    fn tell(&self) -> (SharedCalls, u64) {
        let call = PastCall { origin: HERE, age: Duration::from_secs(3), weight: SENT };
        (SharedCalls::new([call], CallsOfDay::default()).held_for(self.held()), self.left.load(SeqCst))
    }

    fn told(&self, mark: u64) {
        self.told.fetch_max(mark, SeqCst);
    }

    fn is_much_untold(&self) -> bool {
        self.left.load(SeqCst) > self.told.load(SeqCst)
    }

    fn held(&self) -> Duration {
        Duration::from_secs(self.wait.load(SeqCst))
    }

    fn adopt(&self, before: &CallsBefore) {
        self.adopted.fetch_add(weight(before).into(), SeqCst);
    }
}

/// How many somebody counts who knows of none.
fn weight(before: &CallsBefore) -> u32 {
    before.elsewhere(THERE, 0).iter().map(|call| call.weight).sum()
}

fn database(url: &SecretString) -> String {
    url.expose_secret().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned()
}

/// It is so before the next renewal would be.
async fn at_once(what: &str, is_so: impl Fn() -> bool) {
    let asked = tokio::time::Instant::now();
    while !is_so() {
        assert!(asked.elapsed() < RENEW_EVERY - Duration::from_secs(1), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the next one counts, fifteen seconds after this was written.
async fn told_to_the_next(server: &Server, url: &SecretString, as_written: &str) -> u32 {
    // First of all, for it is not renewed any more then.
    end_lease(server, url);
    let later = "written_at = written_at - interval '15 s'";
    server.sql(&database(url), &format!("UPDATE lease_calls SET {later}, calls = {as_written}"));
    let next = contender(url, "next").try_take().await.unwrap().unwrap();
    next.calls_before().elsewhere(THERE, 0).iter().map(|call| call.weight).sum()
}

/// FYERS counts the calls of all keepers together: who takes the lease knows what was sent, and what may have been.
#[tokio::test]
async fn whoever_takes_it_knows_the_calls_of_the_one_before() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let first = holder(&url, "a").await;
    assert!(first.holding().calls_before().elsewhere(THERE, 0).is_empty(), "nobody was here before");
    first.holding().share(Arc::new(Sent::default()));
    first.close().await;
    let second = holder(&url, "b").await;
    let told = second.holding().calls_before().elsewhere(THERE, 0);
    assert_eq!(told.iter().map(|call| call.weight).sum::<u32>(), SENT, "it was let go: {told:?}");
    assert!(second.holding().calls_before().elsewhere(HERE, SENT).is_empty(), "its own it knows");
    second.holding().share(Arc::new(Sent::default()));
    let is_whole = || server.sql(&database(&url), "SELECT is_whole FROM lease_calls");
    at_once("it is told", || is_whole() == "f\n").await;
    assert_eq!(told_to_the_next(server, &url, "calls").await, SENT + MOST_UNTOLD, "all that may have left");
}

/// A program that promises nothing, as before there was a promise: what it may have sent is all that FYERS allows.
#[tokio::test]
async fn of_a_program_that_promises_nothing_all_is_counted_that_fyers_allows() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let first = holder(&url, "a").await;
    first.holding().share(Arc::new(Sent::default()));
    let written = || server.sql(&database(&url), "SELECT calls FROM lease_calls");
    at_once("it is told", || written().contains("untold")).await;
    let without = "(calls::jsonb - 'untold')::text";
    assert_eq!(told_to_the_next(server, &url, without).await, SENT + 130);
}

/// What has left is told sooner than with the next renewal when it is much, and whoever counts it hears that it is.
#[tokio::test]
async fn much_is_told_at_once() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let (first, sent) = (holder(&url, "a").await, Arc::new(Sent::default()));
    first.holding().share(Arc::<Sent>::clone(&sent));
    for left in 1..=3 {
        sent.left.store(left, SeqCst);
        at_once("it is told", || sent.told.load(SeqCst) == left).await;
    }
}

/// FYERS has told the holder to wait: that is written at once, not with the next renewal, and whoever takes the lease knows it
/// by the database's clock.
#[tokio::test]
async fn whoever_takes_it_knows_until_when_fyers_wants_no_calls() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let (first, sent) = (holder(&url, "a").await, Arc::new(Sent::default()));
    first.holding().share(Arc::<Sent>::clone(&sent));
    let written = || server.sql(&database(&url), "SELECT calls FROM lease_calls");
    at_once("it is told", || written().contains("orders")).await;
    sent.wait.store(300, SeqCst);
    at_once("the wait is told", || written().contains("\"held\":300000")).await;
    server.sql(&database(&url), "UPDATE lease_calls SET written_at = written_at - interval '100 s'");
    end_lease(server, &url);
    let second = contender(&url, "b").try_take().await.unwrap().unwrap();
    let held = second.calls_before().held().as_secs();
    assert!((170..=200).contains(&held), "{held} s");
}

/// A state that is moved takes them along: to the database as after a keeper that has let its lease go, and back to whoever
/// counts in the folder.
#[tokio::test]
async fn a_state_that_is_moved_takes_the_calls_along() {
    let Some(server) = server::shared() else { return };
    let (url, there, back) = (server.database(), Place::sqlite().unwrap(), Place::sqlite().unwrap());
    let open = there.open().await;
    open.store.commit(notes(&["one"])).await.unwrap();
    open.close().await;
    back.open().await.close().await;
    let (Place::Sqlite(from), Place::Sqlite(to)) = (&there, &back) else { unreachable!() };
    let sent = Arc::new(Sent::default());
    let mover = contender(&url, "mover").counting(Arc::<Sent>::clone(&sent));
    mover.fill_from(&from.path().join("state/keeper.db"), vec![]).await.unwrap();
    let first = holder(&url, "a").await;
    let calls = first.holding().calls_before();
    assert_eq!((weight(calls), calls.is_in_doubt(THERE, 0)), (SENT, false), "{calls:?}");
    assert!(calls.elsewhere(HERE, SENT).is_empty(), "where they left they are known");
    first.close().await;
    let away = Away { number: "seven".into(), folder: "/state".into(), host: "first.example".into() };
    mover.move_to(&to.path().join("state/keeper.db"), &|_| Ok(()), &away).await.unwrap();
    assert_eq!(sent.adopted.load(SeqCst), u64::from(SENT));
}
