//! Signs of life of the real program: to a monitor by HTTP, and to systemd by its socket.

use std::{
    io::ErrorKind,
    os::unix::net::UnixDatagram,
    time::{Duration, Instant},
};

use simulator::{Options, RefreshMode, TokenKind};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::support::{DEADLINE, Home, block_on, post, wait_for};

/// A monitor that notes who pings.
struct Monitor {
    runtime: tokio::runtime::Runtime,
    server: MockServer,
}

impl Monitor {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
            server
        });
        Self { runtime, server }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.uri())
    }

    fn heard(&self, prefix: &str) -> Vec<String> {
        let requests = self.runtime.block_on(self.server.received_requests()).unwrap();
        let paths = requests.iter().map(|request| request.url.path().to_owned());
        paths.filter_map(|path| path.strip_prefix(prefix).map(str::to_owned)).collect()
    }

    fn wait(&self, prefix: &str, wanted: &[&str]) {
        wait_for(&format!("{wanted:?} at the monitor"), || (self.heard(prefix) == wanted).then_some(()));
    }
}

#[test]
fn a_morning_is_told_to_the_monitors_and_their_addresses_to_nobody() {
    let monitor = Monitor::start();
    let home = Home::at("2026-11-23T08:44:57", RefreshMode::Enabled).set("KEEPER_LOG", "debug");
    let refresh = home.sim.mint(TokenKind::Refresh);
    home.append_env(&format!("FYERS_REFRESH_TOKEN={refresh}\n"));
    let home = home
        .set("KEEPER_PING_URL", monitor.url("/minute/CANARY-0000-1111-2222"))
        .set("KEEPER_DAILY_PING_URL", monitor.url("/day/CANARY-3333-4444-5555"));
    let check = home.run(&["config", "check"]).exits(0);
    let keeper = home.start_ready();
    // One at the start and one a minute: on a slow machine this takes more than a minute.
    let minutes = || monitor.heard("/minute/CANARY-0000-1111-2222");
    wait_for("a sign of life", || minutes().first().cloned());
    monitor.wait("/day/CANARY-3333-4444-5555", &["/start", ""]);
    assert!(!format!("{}{}{}", keeper.log(), keeper.err(), check.text()).contains("CANARY"));

    // A restart knows what was told, once that is on disk: the monitor hears it a moment earlier.
    wait_for("the note of what was told", || told_on_disk(&home).contains("success").then_some(()));
    keeper.kill9();
    let before = minutes().len();
    let keeper = home.start_ready();
    keeper.wait_status("a good token", |status| status["session"]["state"] == "valid");
    wait_for("the ping of the new start", || (minutes().len() > before).then_some(()));
    assert!(minutes().iter().all(String::is_empty), "{:?}", minutes());
    assert_eq!(monitor.heard("/day/CANARY-3333-4444-5555"), ["/start", ""], "the day was told once");
    assert!(keeper.stop().success());
}

/// What the keeper remembers to have told the monitor of the day.
fn told_on_disk(home: &Home) -> String {
    block_on(async {
        let file = SqliteConnectOptions::new().filename(home.path("state/keeper.db"));
        let mut database = SqliteConnection::connect_with(&file).await.unwrap();
        let row = sqlx::query_as("SELECT value FROM facts WHERE name = 'daily_ping'");
        let told: Option<(String,)> = row.fetch_optional(&mut database).await.unwrap();
        told.map_or_else(String::new, |(told,)| told)
    })
}

#[test]
fn a_monitor_that_is_gone_harms_nothing() {
    let home = Home::with_app(RefreshMode::Disabled);
    let home = home
        .set("KEEPER_PING_URL", "http://127.0.0.1:1/CANARY-0000")
        .set("KEEPER_DAILY_PING_URL", "http://127.0.0.1:1/CANARY-1111");
    let keeper = home.start_ready();
    wait_for("the failure in the log", || {
        keeper.lines().into_iter().any(|line| line["event"] == "ping.failed").then_some(())
    });
    keeper.wait_status("login required", |status| status["session"]["state"] == "login_required");
    assert!(!keeper.log().contains("CANARY"), "{}", keeper.log());
    assert_eq!(keeper.stop().code(), Some(0));
}

/// systemd's end of the socket.
struct Systemd(UnixDatagram);

impl Systemd {
    /// The next message, or `None` when none comes in time.
    fn hear(&self, patience: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(patience)).unwrap();
        let mut buffer = [0; 4096];
        match self.0.recv(&mut buffer) {
            Ok(length) => Some(String::from_utf8(buffer[..length].to_vec()).unwrap()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn wait(&self, words: &str) {
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            if self
                .hear(Duration::from_secs(1))
                .is_some_and(|heard| heard.lines().any(|line| line.starts_with(words)))
            {
                return;
            }
        }
        panic!("systemd never heard {words}");
    }
}

fn under_systemd(home: Home) -> (Home, Systemd) {
    let path = home.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let home = home.set("NOTIFY_SOCKET", path.to_str().unwrap()).set("WATCHDOG_USEC", "400000");
    (home, Systemd(socket))
}

#[test]
fn systemd_hears_ready_alive_and_stopping() {
    let (home, systemd) = under_systemd(Home::bare(Options::default()));
    let keeper = home.start();
    let first = wait_for("a message", || systemd.hear(Duration::from_millis(100)));
    assert_eq!(first, "READY=1\n");
    assert_eq!(crate::support::get(&keeper.url("/readyz")).unwrap().0, 200, "ready is what /readyz says");
    systemd.wait("STATUS=mode mock");
    for _ in 0..5 {
        systemd.wait("WATCHDOG=1");
    }
    assert!(keeper.stop().success());
    systemd.wait("STOPPING=1");
}

#[test]
fn a_blocked_thread_is_silent_to_systemd() {
    let (home, systemd) = under_systemd(Home::with_app(RefreshMode::Disabled));
    let mut keeper = home.start_ready();
    systemd.wait("WATCHDOG=1");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let _answer = post(&keeper.url("/api/fault/thread"), Some(key.trim()));
    assert_eq!(keeper.wait().code(), Some(70));
    // The thread blocks for ten seconds before the end; what was said before that is a few messages at most.
    let mut heard = vec![];
    while let Some(message) = systemd.hear(Duration::from_millis(100)) {
        heard.push(message);
    }
    let alive = heard.iter().filter(|message| message.contains("WATCHDOG=1")).count();
    assert!(alive < 25, "{alive} signs of life: ten seconds of 400 ms would be 50");
    assert!(!heard.iter().any(|message| message.contains("STOPPING")), "{heard:?}");
}
