//! A store in memory, a messenger that follows a script, and a stand-in for the supervisor.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix::{Actor, Addr};
use async_trait::async_trait;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::notifier::actor::{NotifierActor, Ports};
use keeper_domain::alert::{Alert, Outgoing, SendError};
use keeper_domain::{
    alerts::{render::plain, texts::Context},
    event::{Event, Recorded},
    ports::{AlertTotals, Messenger, NoteStore, OutboxStore, StoreError, StoreErrorKind, Time},
};

/// An event whose alert is never merged with another one's.
pub(super) fn refused(n: i64) -> Event {
    Event::OrderRefused {
        bot: None,
        symbol: format!("NSE:S{n}-EQ"),
        quantity: -n,
        why: "no token".into(),
        is_halted_entry: false,
        is_bots_halt: false,
        is_simulated: false,
    }
}

/// Virtual time: tokio's paused clock, shown as a wall clock that began at 09:00 IST.
pub(super) struct PausedTime(tokio::time::Instant);

impl PausedTime {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self(tokio::time::Instant::now()))
    }
}

#[async_trait]
impl Time for PausedTime {
    fn now(&self) -> DateTime<Utc> {
        let began: DateTime<Utc> = "2026-11-23T03:30:00Z".parse().unwrap();
        began + TimeDelta::from_std(self.0.elapsed()).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[derive(Default)]
struct Tables {
    journal: Vec<Recorded>,
    read_to: i64,
    outbox: Vec<(Outgoing, bool)>,
    sent: usize,
    fail_next: Option<&'static str>,
    is_away: bool,
    closes_nothing: bool,
    queues_nothing: bool,
    queue_calls: usize,
    looks: usize,
}

/// Keeps the promises of the store port, in memory.
#[derive(Default)]
pub(super) struct MemoryStore(Mutex<Tables>);

impl MemoryStore {
    /// Appends an event as another actor's transaction would.
    pub(super) fn record(&self, at: DateTime<Utc>, event: Event) {
        let mut tables = self.0.lock().unwrap();
        let id = tables.journal.len() as i64 + 1;
        tables.journal.push(Recorded { id, at, event });
    }

    /// The next call doing this fails.
    pub(super) fn fail_next(&self, doing: &'static str) {
        self.0.lock().unwrap().fail_next = Some(doing);
    }

    /// It cannot be reached, or it can again.
    pub(super) fn away(&self, is_away: bool) {
        self.0.lock().unwrap().is_away = is_away;
    }

    /// It takes no word of a delivery, or it does again; all else goes on.
    pub(super) fn closes_nothing(&self, closes_nothing: bool) {
        self.0.lock().unwrap().closes_nothing = closes_nothing;
    }

    /// It has no room for a new alert, or it has again.
    pub(super) fn queues_nothing(&self, queues_nothing: bool) {
        self.0.lock().unwrap().queues_nothing = queues_nothing;
    }

    pub(super) fn queue_calls(&self) -> usize {
        self.0.lock().unwrap().queue_calls
    }

    /// How often the journal was read.
    pub(super) fn looks(&self) -> usize {
        self.0.lock().unwrap().looks
    }

    /// Everything ever queued and whether it counts as delivered.
    pub(super) fn outbox(&self) -> Vec<(Outgoing, bool)> {
        self.0.lock().unwrap().outbox.clone()
    }

    pub(super) fn is_done(&self) -> bool {
        let tables = self.0.lock().unwrap();
        tables.read_to == tables.journal.len() as i64 && tables.sent == tables.outbox.len()
    }

    fn tables(&self, doing: &'static str) -> Result<std::sync::MutexGuard<'_, Tables>, StoreError> {
        let mut tables = self.0.lock().unwrap();
        if tables.is_away {
            return Err(StoreError::of(StoreErrorKind::Failing, doing));
        }
        match tables.fail_next.take_if(|fail| *fail == doing) {
            Some(doing) => Err(StoreError::refused(doing, "planned")),
            None => Ok(tables),
        }
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let mut tables = self.tables("read the journal")?;
        tables.looks += 1;
        let (read_to, limit) = (tables.read_to, limit as usize);
        Ok(tables.journal.iter().skip(read_to as usize).take(limit).cloned().collect())
    }

    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        let mut tables = self.tables("queue alerts")?;
        if tables.queues_nothing {
            return Err(StoreError::of(StoreErrorKind::Full, "queue alerts"));
        }
        tables.queue_calls += 1;
        assert!(read_to > tables.read_to, "the cursor goes forward only");
        tables.read_to = read_to;
        for grown in merged {
            let (old, sent) = tables.outbox.iter_mut().find(|(old, _)| old.id == grown.id).unwrap();
            assert!(!*sent, "a delivered alert cannot grow");
            *old = grown;
        }
        for alert in new {
            let id = tables.outbox.len() as i64 + 1;
            let Alert { event_id, event, at, severity, key, text, item } = alert;
            let (last_at, count, items, attempts) = (at, 1, vec![item], 0);
            let row =
                Outgoing { id, event_id, event, at, last_at, count, severity, key, text, items, attempts };
            tables.outbox.push((row, false));
        }
        Ok(())
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        let tables = self.tables("read the outbox")?;
        Ok(tables.outbox.iter().filter(|(_, sent)| !sent).map(|(alert, _)| alert.clone()).collect())
    }

    async fn alert_sent(&self, id: i64, _at: DateTime<Utc>) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        let mut tables = self.tables("close an alert")?;
        if tables.closes_nothing {
            return Err(StoreError::of(StoreErrorKind::Full, "close an alert"));
        }
        let row = &mut tables.outbox[id as usize - 1];
        assert!(!std::mem::replace(&mut row.1, true), "closed twice");
        tables.sent += 1;
        Ok(())
    }

    async fn alert_failed(&self, id: i64) -> Result<(), StoreError> {
        let mut tables = self.tables("count a failure")?;
        tables.outbox[id as usize - 1].0.attempts += 1;
        Ok(())
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        let tables = self.tables("count alerts")?;
        Ok(AlertTotals { queued: tables.outbox.len() as u64, delivered: tables.sent as u64 })
    }
}

#[async_trait]
impl NoteStore for MemoryStore {
    async fn note_text(&self, _: &'static str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
}

/// What the messenger does with one call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// Delivers and says so.
    Deliver,
    /// Delivers, but the answer is lost.
    DeliverThenFail,
    /// Delivers, then the actor's future panics.
    DeliverThenPanic,
    /// Does not deliver and panics.
    Panic,
    /// Never answers.
    Hang,
    /// Does not deliver and says why.
    Fail(SendError),
}

type Chooser = Box<dyn FnMut(&Outgoing) -> Fate + Send>;

/// One call as the messenger saw it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) at: DateTime<Utc>,
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) fate: Fate,
}

/// Delivers or fails as the script says.
pub(super) struct ScriptedMessenger {
    time: Arc<PausedTime>,
    choose: Mutex<Chooser>,
    calls: Mutex<Vec<Call>>,
}

impl ScriptedMessenger {
    /// These fates in order, then everything is delivered.
    fn following(time: Arc<PausedTime>, script: Vec<Fate>) -> Arc<Self> {
        let mut script = VecDeque::from(script);
        Self::choosing(time, Box::new(move |_| script.pop_front().unwrap_or(Fate::Deliver)))
    }

    pub(super) fn choosing(time: Arc<PausedTime>, choose: Chooser) -> Arc<Self> {
        Arc::new(Self { time, choose: Mutex::new(choose), calls: Mutex::default() })
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Ids in the order in which the person got them.
    pub(super) fn delivered(&self) -> Vec<i64> {
        let got =
            |call: &Call| matches!(call.fate, Fate::Deliver | Fate::DeliverThenFail | Fate::DeliverThenPanic);
        self.calls().iter().filter(|call| got(call)).map(|call| call.id).collect()
    }
}

#[async_trait]
impl Messenger for ScriptedMessenger {
    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        let fate = (self.choose.lock().unwrap())(message);
        self.calls.lock().unwrap().push(Call {
            at: self.time.now(),
            id: message.id,
            text: plain(message),
            fate: fate.clone(),
        });
        tokio::time::sleep(Duration::from_millis(80)).await;
        match fate {
            Fate::Deliver => Ok(()),
            Fate::DeliverThenFail => Err(SendError::Unreachable("the answer was lost".into())),
            Fate::DeliverThenPanic | Fate::Panic => panic!("planned: the messenger's future panics"),
            Fate::Hang => std::future::pending().await,
            Fate::Fail(error) => Err(error),
        }
    }
}

/// A live keeper that loses its token: everything is worth a message.
pub(super) fn context() -> Context {
    Context {
        login_hint: "log in at https://keeper.example/fyers/login".to_owned() + ".",
        live: true,
        reads_only: false,
        reject_without_token: false,
        halted: false,
        tick_time: NaiveTime::from_hms_opt(8, 45, 0).unwrap(),
        card: None,
    }
}

/// Everything a test needs, in virtual time.
pub(super) struct World {
    pub(super) time: Arc<PausedTime>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) messenger: Arc<ScriptedMessenger>,
}

impl World {
    pub(super) fn with(script: Vec<Fate>) -> Self {
        let time = PausedTime::start();
        let messenger = ScriptedMessenger::following(Arc::clone(&time), script);
        Self { store: Arc::default(), messenger, time }
    }

    pub(super) fn start(&self) -> Addr<NotifierActor> {
        self.actor().start()
    }

    pub(super) fn actor(&self) -> NotifierActor {
        let ports = Ports {
            store: Arc::clone(&self.store) as Arc<dyn OutboxStore>,
            notes: Arc::clone(&self.store) as Arc<dyn NoteStore>,
            messenger: Arc::clone(&self.messenger) as Arc<dyn Messenger>,
            time: Arc::clone(&self.time) as Arc<dyn Time>,
        };
        NotifierActor::new(ports, context())
    }

    /// Records an event as happening now.
    pub(super) fn happens(&self, event: Event) {
        self.store.record(self.time.now(), event);
    }

    /// Stands in for the supervisor until everything is delivered: a new actor for each that dies. Fails
    /// after `limit` of virtual time.
    pub(super) async fn run_until_done(&self, limit: Duration) -> usize {
        self.keep_until_done(self.start(), limit).await
    }

    /// The same for an actor that runs already: two at a time would each close the other's alerts.
    pub(super) async fn keep_until_done(&self, mut addr: Addr<NotifierActor>, limit: Duration) -> usize {
        let deadline = tokio::time::Instant::now() + limit;
        let mut deaths = 0;
        while !self.store.is_done() {
            assert!(tokio::time::Instant::now() < deadline, "alerts are still waiting after {limit:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
            if !addr.connected() {
                deaths += 1;
                addr = self.start();
            }
        }
        deaths
    }
}

/// Runs a test in a fresh actix system on tokio's paused clock.
pub(super) fn in_virtual_time<F: Future<Output = ()>>(test: F) {
    actix_rt::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
    })
    .block_on(test);
}
