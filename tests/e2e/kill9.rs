//! `kill -9` at any moment: whatever was on disk is told, the database opens, and no day is ticked twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveTime};
use keeper_domain::{
    alerts::texts::{Context, alert_for},
    event::{Event, Recorded},
};
use rand::Rng;
use simulator::{Fault, FaultRule, RefreshMode, Service, TelegramMessage, TokenKind, endpoint};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{DEADLINE, Home, Keeper, block_on, get, post, wait_for};

/// Kills with Telegram out of reach, then with Telegram losing its answers, then in good weather.
const ROUNDS: usize = 15;

#[test]
fn nothing_that_was_on_disk_stays_untold() {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Enabled);
    let home = home.set("FYERS_SANDBOX", "false").with_telegram();
    let (access, refresh) = (home.sim.mint(TokenKind::Access), home.sim.mint(TokenKind::Refresh));
    home.append_env(&format!("FYERS_ACCESS_TOKEN={access}\nFYERS_REFRESH_TOKEN={refresh}\n# the end\n"));
    let env = home.env();

    let mut seen_ready = 0;
    for round in 0..ROUNDS {
        weather(&home, round);
        seen_ready += usize::from(live_and_die(&home, round));
    }
    home.sim.clear_faults();
    let keeper = home.start_ready();
    keeper.wait_status("a token in use", |status| status["mode"] == "live");
    // On a slow machine none of the short lives may have come so far.
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let before = refreshes(&journal(&home.path("state/keeper.db")));
    wait_for("an answer", || post(&keeper.url("/api/refresh"), Some(key.trim())));
    wait_for("a refresh", || (refreshes(&journal(&home.path("state/keeper.db"))) > before).then_some(()));
    wait_delivered(&home, &keeper);
    assert!(keeper.stop().success());

    let journal = journal(&home.path("state/keeper.db"));
    let told = told(&home.sim.telegram_messages());
    let starts = journal.iter().filter(|entry| matches!(entry.event, Event::KeeperStarted { .. })).count();
    println!("{starts} starts, {} events, {} alerts told", journal.len(), told.len());
    assert!(starts > seen_ready, "{starts} starts in the journal, but {seen_ready} and the last were seen");
    every_event_is_told(&journal, &told);
    no_double_tick(&journal);
    nothing_damaged(&home, &env, &access);
}

fn weather(home: &Home, round: usize) {
    home.sim.clear_faults();
    home.sim.set_outage(Service::Telegram, round < ROUNDS / 3);
    if (ROUNDS / 3..2 * ROUNDS / 3).contains(&round) {
        home.sim.inject(FaultRule::forever(endpoint::SEND_MESSAGE, Fault::LostAnswer));
    }
}

/// One short life in which things happen, ended at a random moment. Says whether the keeper was seen ready.
fn live_and_die(home: &Home, round: usize) -> bool {
    // From "has hardly begun" to "amid its work"; every third life lasts longer, so that some get far.
    let longest = if round.is_multiple_of(3) { 2_500 } else { 900 };
    let moment = Duration::from_millis(rand::rng().random_range(0..longest));
    println!("round {round}: killed after {moment:?}");
    let keeper = home.start();
    let (ready, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let (status, refresh) = (keeper.url("/readyz"), keeper.url("/api/refresh"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut asked = false;
            while !over.load(Ordering::Relaxed) {
                if get(&status).is_some_and(|(code, _)| code == 200) {
                    ready.store(true, Ordering::Relaxed);
                    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
                    if !asked {
                        let _cut_off = post(&refresh, Some(key.trim()));
                        asked = true;
                    }
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        std::thread::sleep(moment); // the moment of death is what this is about; nothing is hoped for
        keeper.kill9();
        over.store(true, Ordering::Relaxed);
    });
    ready.into_inner()
}

/// Waits until the journal is read to its end and every alert made from it is delivered. The pace of messages
/// is 15 a minute, so this may take a while.
fn wait_delivered(home: &Home, keeper: &Keeper) {
    keeper.wait_status("a token in use", |status| status["mode"] == "live");
    let end = Instant::now() + 5 * DEADLINE;
    let left = "SELECT (SELECT COUNT(*) FROM alerts WHERE sent_at IS NULL) + (SELECT COUNT(*) FROM journal
                WHERE id > (SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'read_to'))";
    loop {
        let left: (i64,) = block_on(async {
            let mut database = open(&home.path("state/keeper.db")).await;
            sqlx::query_as(left).fetch_one(&mut database).await.unwrap()
        });
        if left.0 == 0 {
            return;
        }
        assert!(Instant::now() < end, "{left:?} events and alerts are still waiting: {:#}", keeper.status());
        std::thread::sleep(Duration::from_millis(100));
    }
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap()
}

fn journal(path: &Path) -> Vec<Recorded> {
    let rows: Vec<(i64, i64, String)> = block_on(async {
        let mut database = open(path).await;
        let sound: (String,) =
            sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut database).await.unwrap();
        assert_eq!(sound.0, "ok");
        let all = "SELECT id, at, event FROM journal ORDER BY id";
        sqlx::query_as(all).fetch_all(&mut database).await.unwrap()
    });
    let entry = |(id, at, event): (i64, i64, String)| Recorded {
        id,
        at: DateTime::from_timestamp_millis(at).unwrap(),
        event: serde_json::from_str(&event).unwrap(),
    };
    rows.into_iter().map(entry).collect()
}

/// What one alert said, by its `#K` id.
#[derive(Debug)]
struct Told {
    title: String,
    /// How many events it stands for.
    count: usize,
}

/// The phone's alerts. One that came twice has the same id and title twice, and counts once.
fn told(messages: &[TelegramMessage]) -> BTreeMap<String, Told> {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    // The login card and its reminders have no id: they are not alerts.
    for message in messages.iter().filter(|message| message.text.contains("#K-")) {
        let (title, stamp) = (message.text.lines().next().unwrap(), message.text.lines().last().unwrap());
        let (_, id) = stamp.split_once("#K-").unwrap_or_else(|| panic!("no id: {}", message.text));
        let count = stamp.strip_prefix('×').and_then(|rest| rest.split_once(',')).map_or("1", |(n, _)| n);
        let count = count.parse().unwrap();
        let entry = told.entry(id.to_owned()).or_insert(Told { title: title.to_owned(), count });
        entry.count = entry.count.max(count);
        if !title.contains("Keeper ") {
            assert_eq!(entry.title, title, "one id, two alerts");
        }
    }
    told
}

fn refreshes(journal: &[Recorded]) -> usize {
    journal.iter().filter(|entry| matches!(entry.event, Event::RefreshSucceeded { .. })).count()
}

fn every_event_is_told(journal: &[Recorded], told: &BTreeMap<String, Told>) {
    let context = Context {
        login_hint: String::new(),
        live: true,
        reads_only: false,
        reject_without_token: false,
        halted: false,
        tick_time: NaiveTime::from_hms_opt(8, 45, 0).unwrap(),
        card: Some(std::sync::Arc::new(keeper_domain::clock::token_hours::TokenHours::usual(
            std::sync::Arc::new(keeper_domain::clock::calendar::Calendar::embedded()),
        ))),
    };
    // The goodbye of the last run may have found no time.
    let worth = |entry: &&Recorded| {
        !matches!(entry.event, Event::KeeperStopping { .. }) && alert_for(entry, &context).is_some()
    };
    let titled = |words: &[&str]| -> usize {
        let fits = |told: &&Told| words.iter().any(|words| told.title.contains(words));
        told.values().filter(fits).map(|told| told.count).sum()
    };
    let starts = journal.iter().filter(|entry| matches!(entry.event, Event::KeeperStarted { .. })).count();
    assert_eq!(titled(&["has started", "is back"]), starts, "{told:#?}");
    let refreshes = refreshes(journal);
    assert!(refreshes > 0, "nothing happened");
    assert_eq!(titled(&["TOKEN REFRESH SUCCESSFUL"]), refreshes, "{told:#?}");
    let all: usize = told.values().map(|told| told.count).sum();
    assert_eq!(all - titled(&["is stopping"]), journal.iter().filter(worth).count(), "{told:#?}");
}

fn no_double_tick(journal: &[Recorded]) {
    let mut dates = BTreeSet::new();
    for entry in journal {
        if let Event::Ticked { trade_date, .. } = &entry.event {
            assert!(dates.insert(*trade_date), "{trade_date} was ticked twice");
        }
    }
}

/// No database was put aside, and `.env` differs from what it was in whole, known tokens only.
fn nothing_damaged(home: &Home, env: &str, first: &str) {
    for entry in std::fs::read_dir(home.path("state")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains("damaged"), "{name}");
    }
    let tokens = home.sim.state().tokens;
    let access = tokens.iter().filter(|token| token.kind == TokenKind::Access);
    let possible: Vec<String> = access.map(|token| env.replace(first, &token.token)).collect();
    assert!(possible.contains(&home.env()), "{}", home.env());
}
