//! Heartbeats against a real monitor on a real socket, on a paused clock.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use keeper_domain::{ports::NoteStore, reason::Reason, session::StateName};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::*;
use crate::{
    status::{CalendarStatus, Checks, OutboxStatus, SessionStatus, Status, TickStatus},
    store::{SqliteStore, StateDir},
};

/// A keeper as a value.
#[derive(Clone)]
struct Shown {
    health: Health,
    usable: bool,
    tick: Option<TickStatus>,
}

struct StillBackend {
    shown: std::sync::Mutex<Option<Shown>>,
    live: AtomicBool,
}

impl StillBackend {
    fn new(shown: Shown) -> Arc<Self> {
        Arc::new(Self { shown: std::sync::Mutex::new(Some(shown)), live: AtomicBool::new(true) })
    }

    fn show(&self, change: impl FnOnce(&mut Shown)) {
        if let Some(shown) = self.shown.lock().unwrap().as_mut() {
            change(shown);
        }
    }
}

fn status_of(shown: &Shown) -> Status {
    let now = ist(DateTime::UNIX_EPOCH);
    Status {
        lease: None,
        status: shown.health,
        mode: keeper_domain::mode::ShownMode::Mock,
        mode_below_halt: keeper_domain::mode::Mode::Mock,
        refuses_without_token: false,
        reason: Reason::NoCredentials,
        halted: false,
        halted_for_put_back: false,
        session: SessionStatus {
            state: StateName::NoToken,
            reason: Reason::NoCredentials,
            expires_at: None,
            fingerprint: None,
            source: None,
            account: None,
            problem: None,
            failed_login: None,
            to_confirm: vec![],
            usable: shown.usable,
        },
        token_needed: false,
        next_tick: None,
        last_tick: shown.tick,
        calendar: CalendarStatus::default(),
        actors: std::collections::BTreeMap::new(),
        outbox: OutboxStatus::default(),
        webhook: None,
        orders_simulated_today: 0,
        orders_at_fyers_today: 0,
        orders_refused_today: 0,
        open_at_fyers: None,
        waiting_at_fyers: vec![],
        protection: keeper_domain::routing::real_positions::Protection::Nothing,
        app_reads_only: false,
        positions_known: keeper_domain::routing::live_positions::Known::Never,
        simulated_left: vec![],
        state_folder: String::new(),
        fyers: crate::status::ContactStatus::default(),
        disk: crate::status::DiskStatus::default(),
        feeds: crate::status::FeedsStatus::default(),
        symbols: None,
        version: String::new(),
        commit: String::new(),
        time: now,
        checks: Checks::default(),
    }
}

#[async_trait]
impl Backend for StillBackend {
    fn is_live(&self) -> bool {
        self.live.load(Ordering::Relaxed)
    }
    fn is_ready(&self) -> bool {
        true
    }
    async fn status(&self) -> Option<Status> {
        self.shown.lock().unwrap().as_ref().map(status_of)
    }
}

/// A clock that moves when somebody waits on it.
struct Steps(std::sync::Mutex<DateTime<Utc>>);

impl Steps {
    fn at(text: &str) -> Arc<Self> {
        let start = DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap().to_utc();
        Arc::new(Self(std::sync::Mutex::new(start)))
    }
}

#[async_trait]
impl Time for Steps {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
        // Real sockets need real moments.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn monitor(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    server
}

fn pinger(server: &MockServer) -> Pinger {
    Pinger::new(SecretString::from(format!("{}/ping/uuid", server.uri()))).unwrap()
}

async fn paths(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|request| request.url.path().trim_start_matches("/ping/uuid").to_owned()).collect()
}

/// Lets the work run until the monitor has heard this, or panics.
async fn until_heard(work: impl Future<Output = ()>, server: &MockServer, wanted: &[&str]) {
    let heard = async {
        while paths(server).await.len() < wanted.len() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = work => panic!("a heartbeat ends never"),
        () = heard => {}
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("heard only {:?}", paths(server).await),
    }
    assert_eq!(paths(server).await, wanted);
}

fn well() -> Shown {
    Shown { health: Health::Warn, usable: false, tick: None }
}

#[tokio::test]
async fn a_ping_a_minute_while_well_and_none_while_not() {
    let (server, time) = (monitor(200).await, Steps::at("2026-11-23T10:00:00"));
    let backend = StillBackend::new(well());
    let work = beat(backend.clone(), pinger(&server), time.clone());
    let begun = time.now();
    until_heard(work, &server, &["", "", ""]).await;
    assert!(time.now() - begun >= chrono::TimeDelta::seconds(120), "one a minute");

    for spoil in [0, 1, 2] {
        let backend = StillBackend::new(well());
        match spoil {
            0 => backend.show(|shown| shown.health = Health::Fail),
            1 => backend.live.store(false, Ordering::Relaxed),
            _ => *backend.shown.lock().unwrap() = None,
        }
        let time = Steps::at("2026-11-23T10:00:00");
        let work = beat(backend, pinger(&server), time.clone());
        tokio::select! {
            () = work => panic!("a heartbeat ends never"),
            () = async { while (time.now() - begun).num_minutes() < 5 { tokio::task::yield_now().await } } => {}
        }
        assert_eq!(paths(&server).await.len(), 3, "no ping is the alarm ({spoil})");
    }
}

/// A store in a folder of its own.
async fn memory() -> (tempfile::TempDir, Arc<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let store = SqliteStore::open(&state).await.unwrap();
    (folder, Arc::new(store))
}

fn daily(
    server: &MockServer,
    backend: &Arc<StillBackend>,
    store: &Arc<SqliteStore>,
    time: &Arc<Steps>,
) -> Daily {
    Daily::new(
        pinger(server),
        backend.clone(),
        store.clone(),
        time.clone(),
        Arc::new(Calendar::embedded()),
        fyers_api::ist::at(8, 45),
    )
}

/// Lets the work run until it is on disk that the monitor was told this.
async fn until_noted(work: impl Future<Output = ()>, store: &SqliteStore, signal: &str) {
    let noted = async {
        let told = |text: Option<String>| text.is_some_and(|text| text.contains(&format!("\"{signal}\"")));
        while !told(store.note_text("daily_ping").await.unwrap()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = work => panic!("a heartbeat ends never"),
        () = noted => {}
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("{signal} was not told"),
    }
}

fn begun(day: &str) -> Option<TickStatus> {
    let at = DateTime::parse_from_rfc3339(&format!("{day}T08:45:00+05:30")).unwrap();
    Some(TickStatus { date: day.parse().unwrap(), begun_at: at, done_at: Some(at) })
}

#[tokio::test]
async fn the_day_is_told_once_even_over_a_restart_and_an_outage_of_the_monitor() {
    let (server, time) = (monitor(200).await, Steps::at("2026-11-23T08:44:30"));
    let (backend, (_folder, store)) = (StillBackend::new(well()), memory().await);
    backend.show(|shown| shown.tick = begun("2026-11-23"));
    until_noted(daily(&server, &backend, &store, &time).run(), &store, "start").await;
    assert_eq!(paths(&server).await, ["/start"]);

    server.reset().await;
    Mock::given(path("/ping/uuid"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    backend.show(|shown| shown.usable = true);
    // A new task is a restart: it knows what the store knows. Two refusals, then the monitor takes it.
    until_noted(daily(&server, &backend, &store, &time).run(), &store, "success").await;
    assert_eq!(paths(&server).await, ["", "", ""]);
    let end = time.now() + chrono::TimeDelta::hours(4);
    tokio::select! {
        () = daily(&server, &backend, &store, &time).run() => panic!("a heartbeat ends never"),
        () = async { while time.now() < end { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(paths(&server).await.len(), 3, "the day has been told");
}

#[tokio::test]
async fn no_login_by_the_bell_is_a_failure_and_the_holiday_after_it_a_success() {
    let (server, time) = (monitor(200).await, Steps::at("2026-11-23T08:45:05"));
    let (backend, (_folder, store)) = (StillBackend::new(well()), memory().await);
    backend.show(|shown| shown.tick = begun("2026-11-23"));
    until_noted(daily(&server, &backend, &store, &time).run(), &store, "fail").await;
    assert_eq!(paths(&server).await, ["/start", "/fail"]);
    assert_eq!(ist(time.now()).format("%d %H:%M").to_string(), "23 09:15");
    // 24 November 2026 is a market holiday: told at 08:45 without a tick.
    *time.0.lock().unwrap() += chrono::TimeDelta::hours(23);
    until_heard(daily(&server, &backend, &store, &time).run(), &server, &["/start", "/fail", ""]).await;
    assert_eq!(ist(time.now()).format("%d %H:%M").to_string(), "24 08:45");
}

#[tokio::test]
async fn a_failure_says_what_it_was_and_never_where() {
    let server = monitor(404).await;
    let wanted = PingError::Refused(404);
    assert_eq!(pinger(&server).ping(None).await, Err(wanted));
    let moved = MockServer::start().await;
    let elsewhere = ResponseTemplate::new(302).insert_header("location", format!("{}/stolen", server.uri()));
    Mock::given(method("GET")).respond_with(elsewhere).mount(&moved).await;
    assert_eq!(pinger(&moved).ping(None).await, Err(PingError::Refused(302)));
    assert_eq!(paths(&server).await, [""], "the redirect was not followed");

    let gone = Pinger::new(SecretString::from("http://127.0.0.1:1/CANARY")).unwrap();
    let error = gone.ping(Some("fail")).await.unwrap_err();
    assert_eq!(error, PingError::Unreachable);
    assert!(!format!("{error} {error:?} {gone:?}").contains("CANARY"));
}

#[tokio::test]
async fn the_ending_goes_into_the_path_and_the_query_stays() {
    let server = monitor(200).await;
    let pinger = Pinger::new(SecretString::from(format!("{}/api/push/x/?status=up", server.uri()))).unwrap();
    pinger.ping(Some("start")).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].url.path(), "/api/push/x/start");
    assert_eq!(requests[0].url.query(), Some("status=up"));
}
