//! The TokenActor with a scripted broker on a paused clock: what the rules say is what happens, when they say.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use actix::Addr;
use async_trait::async_trait;
use serde_json::json;
use tokio::time::{self, Instant};

use crate::token::{
    actor::{TokenActor, TokenDeps},
    messages::{GetSession, RefreshNow, Tick, Verify},
};
use crate::{
    recipient_cell::RecipientCell,
    supervisor::{CrashSink, Tree, chaos::Crash, install_panic_hook},
    testing::{MemoryStore, PausedTime},
};
use fyers_api::claims as jwt;
use fyers_api::model::{FundLimits, Profile};
use keeper_domain::session::login::StateKey;
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    clock::{calendar::Calendar, token_hours::TokenHours},
    session::{StateName, reconcile::Seeds, rules::Facts},
};
use keeper_domain::{
    event::{Death, Event},
    ports::{Broker, FreshTokens, Store, Time},
    reason::Reason,
    restart_policy::Limits,
    secret::{AccessToken, AuthCode, RefreshToken},
};

/// Answers by script, counts, and notes when it was called.
struct Backend {
    time: Arc<PausedTime>,
    script: Mutex<VecDeque<BrokerError>>,
    calls: Mutex<Vec<Instant>>,
    flying: AtomicU32,
    most_flying: AtomicU32,
    slow: Duration,
}

impl Backend {
    fn token(&self) -> AccessToken {
        let end = self.time.now() + chrono::TimeDelta::hours(20);
        AccessToken::new(jwt::fake(&json!({"exp": end.timestamp(), "fy_id": "XX00001"})))
    }

    fn waits(&self) -> Vec<u64> {
        let calls = self.calls.lock().unwrap();
        calls.windows(2).map(|pair| (pair[1] - pair[0]).as_millis() as u64).collect()
    }
}

#[async_trait]
impl Broker for Backend {
    async fn profile(&self, _: &AccessToken) -> Result<Profile, BrokerError> {
        Ok(Profile { fy_id: "XX00001".into(), name: String::new() })
    }

    async fn login(&self, _: &AuthCode) -> Result<FreshTokens, BrokerError> {
        let next = self.script.lock().unwrap().pop_front();
        next.map_or_else(|| Ok(FreshTokens { access: self.token(), refresh: None }), Err)
    }

    async fn funds(&self, _: &AccessToken) -> Result<FundLimits, BrokerError> {
        Ok(FundLimits::default())
    }

    async fn logout(&self, _: &AccessToken) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn refresh(&self, _: &RefreshToken) -> Result<FreshTokens, BrokerError> {
        self.calls.lock().unwrap().push(Instant::now());
        self.most_flying.fetch_max(self.flying.fetch_add(1, SeqCst) + 1, SeqCst);
        time::sleep(self.slow).await;
        self.flying.fetch_sub(1, SeqCst);
        let next = self.script.lock().unwrap().pop_front();
        next.map_or_else(|| Ok(FreshTokens { access: self.token(), refresh: None }), Err)
    }
}

struct Deaf;

impl CrashSink for Deaf {
    fn crashed(&self, _: &'static str, _: Death) {}
    fn restarted(&self, _: &'static str, _: u64) {}
    fn gave_up(&self, _: &'static str) {}
}

struct Room {
    backend: Arc<Backend>,
    store: Arc<MemoryStore>,
    actor: Addr<TokenActor>,
    tree: Tree,
}

fn room(script: impl IntoIterator<Item = BrokerError>, slow: Duration) -> Room {
    install_panic_hook();
    let time = PausedTime::at("2026-11-23T08:45");
    let backend = Arc::new(Backend {
        time: Arc::clone(&time),
        script: Mutex::new(script.into_iter().collect()),
        calls: Mutex::default(),
        flying: AtomicU32::new(0),
        most_flying: AtomicU32::new(0),
        slow,
    });
    let store = Arc::new(MemoryStore::default());
    let end = time.now() + chrono::TimeDelta::days(9);
    let refresh = RefreshToken::new(jwt::fake(&json!({"exp": end.timestamp()})));
    let deps = TokenDeps {
        broker: Some(Arc::clone(&backend) as Arc<dyn Broker>),
        store: Arc::clone(&store) as Arc<dyn Store>,
        mirror: None,
        time,
        hours: Arc::new(TokenHours::usual(Arc::new(Calendar::embedded()))),
        state_key: Arc::new(|| StateKey::derive(&secrecy::SecretString::from("the gateway key"))),
        checks_clock: true,
        facts: Facts {
            app_id: Some("ABCD1234EF-100".into()),
            has_pin: true,
            credentials: "x".into(),
            account: None,
            asks_owner: false,
            refresh_days: 15,
        },
        seeds: Seeds { access: None, refresh: Some(refresh) },
        listeners: vec![],
        journal: RecipientCell::new(),
    };
    let tree = Tree::new(Limits::tireless(), Arc::new(Deaf));
    let actor = tree.supervise("token", TokenActor::new(deps));
    Room { backend, store, actor, tree }
}

fn tick() -> Tick {
    Tick { trade_date: "2026-11-23".parse().unwrap(), late: false }
}

async fn state(room: &Room) -> (StateName, Reason) {
    let view = room.actor.send(GetSession).await.unwrap();
    (view.state, view.reason)
}

fn down(times: usize) -> Vec<BrokerError> {
    vec![BrokerError::Transport(Transport::Connect); times]
}

#[actix::test]
async fn the_retry_schedule_is_full_jitter_from_one_second_to_a_minute() {
    time::pause();
    for _ in 0..20 {
        let room = room(down(12), Duration::ZERO);
        room.actor.send(tick()).await.unwrap();
        time::sleep(Duration::from_secs(900)).await;
        assert_eq!(state(&room).await, (StateName::Valid, Reason::Refreshed));
        let waits = room.backend.waits();
        let caps = [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60];
        assert_eq!(waits.len(), caps.len());
        for (wait, cap) in waits.iter().zip(caps) {
            assert!((1000..=cap * 1000 + 2).contains(wait), "{wait} ms, cap {cap} s");
        }
    }
}

#[actix::test]
async fn retry_after_moves_the_next_call_and_nothing_else_does() {
    time::pause();
    let asked = Some(Duration::from_secs(90));
    let room = room([BrokerError::RateLimited { retry_after: asked }], Duration::ZERO);
    for _ in 0..50 {
        room.actor.do_send(Verify);
        time::sleep(Duration::from_secs(1)).await;
    }
    time::sleep(Duration::from_secs(120)).await;
    let waits = room.backend.waits();
    assert!(waits.len() == 1 && (90_000..90_050).contains(&waits[0]), "{waits:?}");
}

#[actix::test]
async fn fifty_who_ask_at_once_get_one_refresh() {
    time::pause();
    let room = room(down(3), Duration::from_secs(4));
    for _ in 0..50 {
        room.actor.do_send(RefreshNow);
        room.actor.do_send(tick());
        room.actor.do_send(Verify);
    }
    time::sleep(Duration::from_secs(300)).await;
    assert_eq!(state(&room).await.0, StateName::Valid);
    assert_eq!(room.backend.most_flying.load(SeqCst), 1, "two refreshes at once");
    assert_eq!(room.backend.calls.lock().unwrap().len(), 4);
    assert_eq!(room.store.count(|event| matches!(event, Event::Ticked { .. })), 1);
}

#[actix::test]
async fn a_wrong_pin_is_one_call_whatever_crashes() {
    time::pause();
    let no = BrokerError::Refused { status: 400, code: -50, message: "Invalid PIN".into() };
    let room = room(vec![no; 9], Duration::ZERO);
    for _ in 0..20 {
        room.actor.do_send(tick());
        time::sleep(Duration::from_secs(40)).await;
        room.actor.do_send(Crash);
        time::sleep(Duration::from_secs(40)).await;
    }
    assert_eq!(room.backend.calls.lock().unwrap().len(), 1);
    assert_eq!(state(&room).await, (StateName::LoginRequired, Reason::PinRejected));
    assert_eq!(room.tree.counters("token").restarts, 20);
    assert_eq!(room.store.count(|event| matches!(event, Event::LoginRequired { .. })), 1, "told once");
}

#[actix::test]
async fn a_crash_in_the_middle_of_a_refresh_only_costs_the_call() {
    time::pause();
    let room = room([], Duration::from_secs(5));
    room.actor.send(tick()).await.unwrap();
    time::sleep(Duration::from_secs(2)).await;
    room.actor.do_send(Crash);
    time::sleep(Duration::from_secs(30)).await;
    assert_eq!(state(&room).await, (StateName::Valid, Reason::Refreshed));
    let ticks = room.store.shelf.lock().unwrap().ticks.clone();
    assert!(ticks.len() == 1 && ticks[0].done_at.is_some(), "the tick has its outcome: {ticks:?}");
    assert_eq!(room.store.count(|event| matches!(event, Event::Ticked { .. })), 1);
}

#[actix::test]
async fn the_token_ends_to_the_second() {
    time::pause();
    let room = room([], Duration::ZERO);
    room.actor.send(tick()).await.unwrap();
    time::sleep(Duration::from_secs(20 * 3600 - 5)).await;
    assert_eq!(state(&room).await.0, StateName::Valid);
    time::sleep(Duration::from_secs(7)).await;
    assert_eq!(state(&room).await, (StateName::Expired, Reason::TokenExpired));
}
