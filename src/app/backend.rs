//! Answers for the listener, gathered from the actors. None of it waits longer than a moment.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta};
use fyers_api::{
    http::ApiRequest,
    ist::{self, ist},
};
use keeper_actors::{
    clock::messages::GetClock,
    exchange::messages::{Forwarded, GetMode, NextRows, Rest, Rows},
    notifier::messages::GetOutbox,
    supervisor::{Tree, watchdog::Pulse},
    token::messages::{ConfirmAccount, GetSession, LoginCompleted, LoginProof, RefreshNow},
};
use keeper_domain::{
    clock::{calendar::Calendar, token_hours::TokenHours},
    equity::EquityCurve,
    event::{Event, Recorded},
    keys::BotName,
    mode::ShownMode,
    mornings::{self, Morning},
    ports::{Store, Time},
    reason::Reason,
    routing::{OnTokenLoss, own::Own},
    secret::AuthCode,
    session::{
        SessionView,
        login::{LoginFailure, LoginOrigin, StateKey, StateRefusal},
    },
};
use rand::Rng;

use crate::app::{
    Actors, Parts,
    ask::ask,
    contact::ContactWatch,
    equity,
    lease::{Lease, halted_for_put_back},
    logins::Logins,
    sink::JournalSink,
    told_orders,
};
use crate::{
    build_info,
    disk::DiskLog,
    fyers::symbols::{Renewal, Watched},
    http::{Backend, GatewayKey, HandOver},
    login_report::{LoginReport, LoginSetup},
    status::{
        ActorStatus, CalendarStatus, Checks, ContactStatus, Day, DiskStatus, FeedsStatus, Health,
        HolidayStatus, SessionStatus, Status, TickStatus,
    },
};

/// Longest wait for the outcome of a refresh: the retries of half a minute, and the last call.
const REFRESH_LIMIT: Duration = Duration::from_secs(45);
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
    state_folder: String,
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    calendar: Arc<Calendar>,
    hours: Arc<TokenHours>,
    tick_time: NaiveTime,
    login: Option<LoginSetup>,
    /// FYERS takes no orders from the app.
    reads_only: bool,
    #[cfg(feature = "fault-injection")]
    test_doors: bool,
    key: GatewayKey,
    symbols: Option<Watched>,
    contact: Option<ContactWatch>,
    journal: Arc<JournalSink>,
    disk: Arc<DiskLog>,
    lease: Option<Lease>,
    pulse: Pulse,
    logins: Logins,
    /// Session and book are in memory.
    is_loaded: Arc<AtomicBool>,
    began: Instant,
    /// The pulse as last seen, and when it last moved (milliseconds since `began`).
    last_pulse: AtomicU64,
    last_moved: AtomicU64,
}

impl KeeperBackend {
    /// What signs logins' states now: another gateway key ends those that have begun.
    fn state_key(&self) -> StateKey {
        StateKey::derive(&self.key.secret())
    }

    pub(super) fn new(
        actors: Actors,
        tree: Tree,
        parts: &Parts,
        (journal, disk): (Arc<JournalSink>, Arc<DiskLog>),
    ) -> Self {
        Self {
            contact: ContactWatch::new(parts, &actors),
            logins: Logins::new(parts, &actors),
            actors,
            pulse: tree.pulse(),
            tree,
            state_folder: parts.state_folder.clone(),
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            calendar: Arc::clone(&parts.calendar),
            hours: Arc::clone(&parts.hours),
            tick_time: parts.tick_time,
            login: parts.login.clone(),
            reads_only: parts.texts.reads_only,
            is_loaded: Arc::new(AtomicBool::new(false)),
            #[cfg(feature = "fault-injection")]
            test_doors: parts.test_doors,
            symbols: parts.symbols.as_ref().map(Renewal::status),
            key: parts.key.clone(),
            journal,
            disk,
            lease: parts.lease.clone().map(|store| Lease::new(store, parts.time.now())),
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

    /// Waits until somebody asks this keeper to hand over to another one.
    pub async fn handed_over(&self) {
        match &self.lease {
            Some(lease) => lease.hand_over.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The actors' thread's signs of life.
    pub(super) fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Whether a missing token matters right now: after the tick, while a session is open or coming.
    fn token_matters(&self) -> bool {
        let now = self.time.now();
        self.hours.needed(now).is_some() && ist(now).time() >= self.tick_time
    }

    pub(super) async fn session(&self) -> Option<SessionView> {
        ask(&self.actors.token, GetSession).await
    }

    /// The owner says whose keeper this is.
    pub(super) async fn confirm_account(&self, account: String) -> LoginReport {
        self.logins.report(self.actors.token.send(ConfirmAccount(account))).await
    }

    /// See [`Logins::end`].
    pub(super) async fn end_logins(&self, limit: Duration) {
        self.logins.end(limit).await;
    }

    fn calendar_status(&self) -> CalendarStatus {
        let today = ist::date(self.time.now());
        CalendarStatus {
            trading_day: self.calendar.is_trading_day(today),
            next_holiday: self.calendar.next_holiday(today).map(|(date, name)| HolidayStatus { date, name }),
            covered_until: self.calendar.covered_until(),
        }
    }

    fn ago(&self, age: Duration) -> DateTime<FixedOffset> {
        ist(self.time.now() - TimeDelta::from_std(age).unwrap_or_default())
    }

    fn contact_status(&self) -> ContactStatus {
        self.contact.as_ref().map(|contact| contact.status(|age| self.ago(age))).unwrap_or_default()
    }

    fn actor_states(&self) -> BTreeMap<String, ActorStatus> {
        let state = |(name, (alive, counters)): (&'static str, (bool, _))| {
            let counters: keeper_actors::supervisor::Counters = counters;
            (name.to_owned(), ActorStatus { alive, restarts: counters.restarts })
        };
        self.tree.actors().into_iter().map(state).collect()
    }
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

    fn unwritable(&self) -> Option<String> {
        self.disk.failing().map(|(_, problem)| problem)
    }

    async fn hand_over(&self, is_forced: bool) -> HandOver {
        match &self.lease {
            Some(lease) => lease.hand_over(is_forced).await,
            None => HandOver::Alone,
        }
    }

    async fn status(&self) -> Option<Status> {
        let session = self.session().await?;
        let now = self.actors.router.snapshot.load_full();
        let clock = ask(&self.actors.clock, GetClock).await?;
        let outbox = ask(&self.actors.notifier, GetOutbox).await?;
        let webhook = match &self.actors.webhook {
            Some(webhook) => Some(ask(webhook, GetOutbox).await?),
            None => None,
        };
        let last_tick = self.store.last_tick().await.ok()?;
        let lease = Lease::status_of(self.lease.as_ref()).await;
        let halted_for_put_back = now.halted && halted_for_put_back(self.store.as_ref()).await;
        let status = Status {
            status: Health::Pass,
            mode: now.shown(),
            mode_below_halt: now.mode,
            reason: now.reason,
            halted: now.halted,
            halted_for_put_back,
            refuses_without_token: now.on_token_loss == OnTokenLoss::Reject && !now.sandbox,
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
            outbox: (&outbox).into(),
            webhook: webhook.as_ref().map(Into::into),
            orders_simulated_today: now.simulated_today,
            orders_at_fyers_today: now.placed_today,
            orders_refused_today: now.rejected_today,
            positions_known: now.live.known(self.time.now()),
            open_at_fyers: now.open_at_fyers(),
            waiting_at_fyers: now.waiting_at_fyers(),
            protection: now.protection(),
            app_reads_only: self.reads_only,
            simulated_left: self.actors.router.leftovers(&now),
            lease,
            feeds: FeedsStatus::from(&self.actors.hub.status()),
            fyers: self.contact_status(),
            disk: DiskStatus::of(self.disk.failing(), |age| self.ago(age)),
            symbols: self.symbols.as_ref().map(|status| (**status.load()).clone()),
            state_folder: self.state_folder.clone(),
            version: build_info::VERSION.to_owned(),
            commit: build_info::COMMIT.to_owned(),
            time: ist(self.time.now()),
            checks: Checks::new(),
        };
        Some(status.judged())
    }

    async fn refresh(&self) -> Option<SessionStatus> {
        let outcome = tokio::time::timeout(REFRESH_LIMIT, self.actors.token.send(RefreshNow)).await;
        let session = match outcome {
            Ok(session) => session.ok(),
            Err(_still_trying) => self.session().await,
        };
        session.as_ref().map(SessionStatus::from)
    }

    fn begin_login(&self, origin: LoginOrigin) -> Result<String, LoginReport> {
        let none =
            || LoginReport::failed(LoginFailure::Refused { reason: Reason::NoCredentials, code: None });
        let setup = self.login.as_ref().ok_or_else(none)?;
        let state = self.state_key().issue(origin, self.time.now(), rand::rng().random());
        Ok((setup.authorize)(&state.ok_or_else(LoginReport::silent)?))
    }

    fn login_state(&self, state: &str) -> Result<LoginOrigin, StateRefusal> {
        self.state_key().read(state, self.time.now())
    }

    fn is_card_link(&self, token: &str) -> bool {
        self.state_key().is_card_token(token)
    }

    fn vouched_link(&self) -> String {
        format!("/fyers/login?card={}&from=page", self.state_key().card_token())
    }

    fn report(&self, event: Event) {
        self.journal.report("listener", event);
    }

    async fn finish_login(&self, code: AuthCode, proof: LoginProof) -> LoginReport {
        self.logins.report(self.actors.token.send(LoginCompleted { code, proof })).await
    }

    async fn forward(&self, call: ApiRequest, bot: BotName) -> Option<Forwarded> {
        tokio::time::timeout(FORWARD_LIMIT, self.actors.router.forward(call, bot)).await.ok()?
    }

    fn open_at_fyers(&self) -> Option<String> {
        self.actors.router.snapshot.load().open_at_fyers()
    }

    fn owns(&self) -> Arc<BTreeMap<BotName, Own>> {
        Arc::clone(&self.actors.router.snapshot.load().own)
    }

    fn shown_mode(&self) -> ShownMode {
        self.actors.router.snapshot.load().shown()
    }

    async fn next_rows(&self, rest: Rest) -> Option<Rows> {
        let answer = self.actors.exchange.send(NextRows(rest));
        tokio::time::timeout(FORWARD_LIMIT, answer).await.ok()?.ok()
    }

    async fn orders(&self, limit: u32, of: Option<&BotName>) -> Option<Vec<serde_json::Value>> {
        told_orders::told(self.store.as_ref(), &self.actors.exchange, limit, of).await
    }

    async fn recent_events(&self, limit: u32) -> Option<Vec<Recorded>> {
        self.store.recent_events(limit).await.ok()
    }

    async fn mornings(&self) -> Option<Vec<Morning>> {
        let events = self.store.morning_events().await.ok()?;
        Some(mornings::mornings(&self.hours, self.time.now(), &events))
    }

    async fn equity(&self) -> Option<EquityCurve> {
        equity::curve(self.store.as_ref(), self.time.as_ref(), &self.actors.exchange).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Option<Vec<Recorded>> {
        self.store.events_after(id, limit).await.ok()
    }

    fn day(&self) -> Option<Day> {
        Some(Day::of(&self.calendar, &self.hours, self.tick_time, self.time.now()))
    }

    #[cfg(feature = "fault-injection")]
    fn fault(&self, victim: &str) -> bool {
        use keeper_actors::supervisor::chaos::{Block, Crash};
        match victim {
            _ if !self.test_doors => return false,
            "token" => self.actors.token.do_send(Crash),
            "clock" => self.actors.clock.do_send(Crash),
            "exchange" => self.actors.exchange.do_send(Crash),
            "notifier" => self.actors.notifier.do_send(Crash),
            "feeds" => self.actors.feeds.do_send(Crash),
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
