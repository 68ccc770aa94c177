//! Answers for the listener, gathered from the actors. None of it waits longer than a moment.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use actix::{Actor, Addr, Context, Handler, Message, dev::ToEnvelope};
use async_trait::async_trait;
use chrono::NaiveTime;
use fyers_api::{
    http::ApiRequest,
    ist::{self, ist},
};
use keeper_actors::{
    clock::messages::GetClock,
    exchange::messages::{Forward, Forwarded, GetMode},
    notifier::messages::GetOutbox,
    supervisor::{Tree, watchdog::Pulse},
    token::messages::{BeginLogin, GetSession, LoginCompleted, RefreshNow},
};
use keeper_domain::{
    clock::calendar::Calendar,
    event::Recorded,
    mode::Mode,
    ports::{Store, Time},
    reason::Reason,
    secret::AuthCode,
    session::{SessionView, StateName, login::LoginFailure},
};

use secrecy::SecretString;

use crate::app::{Actors, Parts};
use crate::{
    app::{
        login::{LoginReport, LoginSetup},
        status::{
            ActorStatus, CalendarStatus, Checks, Day, Health, HolidayStatus, OutboxStatus, SessionStatus,
            Status, TickStatus,
        },
    },
    build_info,
    http::Backend,
};

/// Longest wait for an actor's answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// Longest wait for the outcome of a refresh: the retries of half a minute, and the last call.
const REFRESH_LIMIT: Duration = Duration::from_secs(45);
/// Longest wait for the outcome of a login: two calls to the broker with some retries.
const LOGIN_LIMIT: Duration = Duration::from_secs(30);
/// Longest wait for the answer to a bot's request: the pipe's own limit, and some.
const FORWARD_LIMIT: Duration = Duration::from_secs(40);
/// The pause before an actor that died is asked again.
const NEXT_LIFE: Duration = Duration::from_millis(50);
/// No sign of life for this long means that the actors' thread hangs.
const PULSE_LIMIT: Duration = Duration::from_secs(10);

/// Gathers what the listener tells.
pub struct KeeperBackend {
    actors: Actors,
    tree: Tree,
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    calendar: Arc<Calendar>,
    tick_time: NaiveTime,
    login: Option<LoginSetup>,
    pulse: Pulse,
    /// Session and book are in memory.
    is_loaded: Arc<AtomicBool>,
    began: Instant,
    /// The pulse as last seen, and when it last moved (milliseconds since `began`).
    last_pulse: AtomicU64,
    last_moved: AtomicU64,
}

impl KeeperBackend {
    pub(super) fn new(actors: Actors, tree: Tree, parts: &Parts) -> Self {
        Self {
            actors,
            pulse: tree.pulse(),
            tree,
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            calendar: Arc::clone(&parts.calendar),
            tick_time: parts.tick_time,
            login: parts.login.clone(),
            is_loaded: Arc::new(AtomicBool::new(false)),
            began: Instant::now(),
            last_pulse: AtomicU64::new(0),
            last_moved: AtomicU64::new(0),
        }
    }

    /// Becomes ready when the exchange has its book: it answers nothing before. The session is loaded by then.
    pub(super) fn until_loaded(&self) -> impl Future<Output = ()> + use<> {
        let (exchange, is_loaded) = (self.actors.exchange.clone(), Arc::clone(&self.is_loaded));
        async move {
            // Fails when the actor dies over it; its next life has the same address.
            while exchange.send(GetMode).await.is_err() {
                tokio::time::sleep(NEXT_LIFE).await;
            }
            is_loaded.store(true, Ordering::Relaxed);
        }
    }

    /// The actors' thread's signs of life.
    pub(super) fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Whether a missing token matters right now: a trading day, after the tick, before the close.
    fn token_matters(&self) -> bool {
        let now = ist(self.time.now());
        let open = self.tick_time..ist::at(15, 30);
        self.calendar.is_trading_day(now.date_naive()) && open.contains(&now.time())
    }

    async fn session(&self) -> Option<SessionView> {
        ask(&self.actors.token, GetSession).await
    }

    /// The mode once the exchange has heard of the new token, which it does at the same time as this.
    async fn mode_after_login(&self, session: &SessionView) -> Mode {
        for _ in 0..50 {
            match ask(&self.actors.exchange, GetMode).await {
                Some(view) if view.mode != Mode::Mock || session.usable.is_none() => return view.mode,
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        Mode::Mock
    }

    fn calendar_status(&self) -> CalendarStatus {
        let today = ist::date(self.time.now());
        CalendarStatus {
            trading_day: self.calendar.is_trading_day(today),
            next_holiday: self.calendar.next_holiday(today).map(|(date, name)| HolidayStatus { date, name }),
            covered_until: self.calendar.covered_until(),
        }
    }

    fn actor_states(&self) -> BTreeMap<String, ActorStatus> {
        let state = |(name, (alive, counters)): (&'static str, (bool, _))| {
            let counters: keeper_actors::supervisor::Counters = counters;
            (name.to_owned(), ActorStatus { alive, restarts: counters.restarts })
        };
        self.tree.actors().into_iter().map(state).collect()
    }
}

async fn ask<A, M>(addr: &Addr<A>, message: M) -> Option<M::Result>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
    A::Context: ToEnvelope<A, M>,
{
    tokio::time::timeout(ANSWER_LIMIT, addr.send(message)).await.ok()?.ok()
}

#[async_trait]
impl Backend for KeeperBackend {
    fn is_live(&self) -> bool {
        let now = self.began.elapsed().as_millis() as u64;
        let pulse = self.pulse.count();
        if self.last_pulse.swap(pulse, Ordering::Relaxed) != pulse {
            self.last_moved.store(now, Ordering::Relaxed);
        }
        now.saturating_sub(self.last_moved.load(Ordering::Relaxed)) < PULSE_LIMIT.as_millis() as u64
    }

    fn is_ready(&self) -> bool {
        self.is_loaded.load(Ordering::Relaxed)
    }

    async fn status(&self) -> Option<Status> {
        let session = self.session().await?;
        let mode = ask(&self.actors.exchange, GetMode).await?;
        let clock = ask(&self.actors.clock, GetClock).await?;
        let outbox = ask(&self.actors.notifier, GetOutbox).await?;
        let last_tick = self.store.last_tick().await.ok()?;
        let status = Status {
            status: Health::Pass,
            mode: mode.mode,
            reason: mode.reason,
            halted: self.store.halted().await.ok()?,
            session: SessionStatus::from(&session),
            token_needed: self.token_matters(),
            next_tick: clock.next_tick.map(ist),
            last_tick: last_tick.map(|tick| TickStatus {
                date: tick.date,
                begun_at: ist(tick.begun_at),
                done_at: tick.done_at.map(ist),
            }),
            calendar: self.calendar_status(),
            actors: self.actor_states(),
            outbox: OutboxStatus {
                waiting: outbox.waiting as u64,
                oldest: outbox.oldest.map(ist),
                queued: outbox.queued_total,
                delivered: outbox.delivered_total,
            },
            orders_simulated_today: mode.simulated_today,
            version: build_info::VERSION.to_owned(),
            commit: build_info::COMMIT.to_owned(),
            time: ist(self.time.now()),
            checks: Checks::new(),
        };
        Some(status.judged())
    }

    async fn refresh(&self) -> Option<SessionStatus> {
        ask(&self.actors.token, RefreshNow).await?;
        let deadline = Instant::now() + REFRESH_LIMIT;
        loop {
            let session = self.session().await?;
            let settled = !matches!(session.state, StateName::Checking | StateName::Refreshing);
            if settled || Instant::now() > deadline {
                return Some(SessionStatus::from(&session));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn begin_login(&self) -> Result<String, LoginReport> {
        let none =
            || LoginReport::failed(LoginFailure::Refused { reason: Reason::NoCredentials, code: None });
        let setup = self.login.as_ref().ok_or_else(none)?;
        let state = ask(&self.actors.token, BeginLogin).await.flatten().ok_or_else(LoginReport::silent)?;
        Ok((setup.authorize)(&state))
    }

    async fn finish_login(&self, code: AuthCode, state: Option<SecretString>) -> LoginReport {
        let outcome = self.actors.token.send(LoginCompleted { code, state });
        match tokio::time::timeout(LOGIN_LIMIT, outcome).await {
            Ok(Ok(Ok(session))) => LoginReport::done(&session, self.mode_after_login(&session).await),
            Ok(Ok(Err(failure))) => LoginReport::failed(failure),
            Ok(Err(_)) | Err(_) => LoginReport::silent(),
        }
    }

    async fn forward(&self, call: ApiRequest) -> Option<Forwarded> {
        let answer = self.actors.exchange.send(Forward(call));
        tokio::time::timeout(FORWARD_LIMIT, answer).await.ok()?.ok()
    }

    async fn orders(&self, limit: u32) -> Option<Vec<serde_json::Value>> {
        let entries = self.store.order_journal(limit).await.ok()?;
        Some(entries.iter().filter_map(|entry| serde_json::to_value(entry).ok()).collect())
    }

    async fn recent_events(&self, limit: u32) -> Option<Vec<Recorded>> {
        self.store.recent_events(limit).await.ok()
    }

    async fn events_after(&self, id: i64, limit: u32) -> Option<Vec<Recorded>> {
        self.store.events_after(id, limit).await.ok()
    }

    fn day(&self) -> Option<Day> {
        Some(Day::of(&self.calendar, self.tick_time, self.time.now()))
    }

    #[cfg(feature = "demo")]
    fn fault(&self, victim: &str) -> bool {
        use keeper_actors::supervisor::chaos::{Block, Crash};
        match victim {
            "token" => self.actors.token.do_send(Crash),
            "clock" => self.actors.clock.do_send(Crash),
            "exchange" => self.actors.exchange.do_send(Crash),
            "notifier" => self.actors.notifier.do_send(Crash),
            "card" => match &self.actors.card {
                Some(card) => card.do_send(Crash),
                None => return false,
            },
            "thread" => self.actors.clock.do_send(Block),
            _ => return false,
        }
        true
    }
}
