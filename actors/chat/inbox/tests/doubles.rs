//! A chat that behaves like Telegram's, and a Control that writes down what it is asked for.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix::Addr;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{self, Instant};

use crate::{
    chat::{
        inbox::{InboxActor, InboxDeps, note, verdict::Policy},
        talk::{
            Bubble, Button, Chat, Control, Deed, FULL_BATCH, Heard, MessageId, Person, PollError, Topic,
            Update,
        },
    },
    event::Death,
    notifier::outbox::SendError,
    ports::{Store, Time},
    supervisor::{CrashSink, Limits, Tree, install_panic_hook},
    testing::{MemoryStore, PausedTime},
};

/// Something that was done, in words.
pub(super) type Deeds = Vec<(Instant, String)>;

#[derive(Default)]
struct Tables {
    updates: Vec<Update>,
    poll_errors: VecDeque<PollError>,
    /// Failures to come, by what is tried.
    failures: BTreeMap<&'static str, VecDeque<SendError>>,
    /// Control panics at the next of these.
    panics: Vec<&'static str>,
    polls: Vec<(&'static str, i64)>,
    bubbles: Vec<Bubble>,
    done: Deeds,
    /// What Control says, and how long it takes to.
    words: String,
    slow: Duration,
    nameless: u32,
    /// What was on disk at each deed.
    disk: Vec<i64>,
    /// How long an answer to a poll stays open.
    open: Duration,
}

/// Telegram and Control in one, so that the order of everything can be seen.
pub(super) struct World {
    tables: Mutex<Tables>,
    store: Arc<MemoryStore>,
    pub(super) time: Arc<PausedTime>,
}

impl World {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: String) {
        let cursor = self.cursor();
        let mut tables = self.lock();
        tables.disk.push(cursor);
        tables.done.push((Instant::now(), what));
    }

    /// The cursor on disk.
    pub(super) fn cursor(&self) -> i64 {
        let shelf = self.store.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.notes.get(note::NAME).map_or(0, |note| note["cursor"]["id"].as_i64().unwrap())
    }

    /// What was done, in order, without the introduction.
    pub(super) fn done(&self) -> Vec<String> {
        let done = self.lock().done.clone();
        done.into_iter().map(|(_, what)| what).filter(|what| what != "register").collect()
    }

    /// When something was done for the first time.
    pub(super) fn when(&self, what: &str) -> Instant {
        self.lock().done.iter().find(|(_, done)| done.starts_with(what)).unwrap().0
    }

    /// What was on disk when something was done for the first time.
    pub(super) fn disk_at(&self, what: &str) -> i64 {
        let tables = self.lock();
        let place = tables.done.iter().position(|(_, done)| done.starts_with(what)).unwrap();
        tables.disk[place]
    }

    pub(super) fn count(&self, what: &str) -> usize {
        self.lock().done.iter().filter(|(_, done)| done.starts_with(what)).count()
    }

    pub(super) fn polls(&self) -> Vec<(&'static str, i64)> {
        self.lock().polls.clone()
    }

    pub(super) fn last_bubble(&self) -> Bubble {
        self.lock().bubbles.last().unwrap().clone()
    }

    /// The data of the newest question's yes (0) or no (1).
    pub(super) fn button(&self, which: usize) -> String {
        let tables = self.lock();
        let asked = tables.bubbles.iter().rev().find(|bubble| !bubble.buttons.is_empty()).unwrap();
        match &asked.buttons[0][which] {
            Button::Press { data, .. } => data.clone(),
            Button::Link { .. } => panic!("{asked:?}"),
        }
    }

    pub(super) fn fail(&self, what: &'static str, errors: impl IntoIterator<Item = SendError>) {
        self.lock().failures.entry(what).or_default().extend(errors);
    }

    pub(super) fn fail_polls(&self, errors: impl IntoIterator<Item = PollError>) {
        self.lock().poll_errors.extend(errors);
    }

    pub(super) fn panic_at(&self, what: &'static str) {
        self.lock().panics.push(what);
    }

    pub(super) fn answers(&self, words: &str, slow: Duration) {
        let mut tables = self.lock();
        (tables.words, tables.slow) = (words.to_owned(), slow);
    }

    pub(super) fn nameless_for(&self, times: u32) {
        self.lock().nameless = times;
    }

    pub(super) fn answers_polls_after(&self, open: Duration) {
        self.lock().open = open;
    }

    pub(super) fn arrive(&self, update: Update) {
        self.lock().updates.push(update);
    }

    /// The next number, and now.
    pub(super) fn next(&self) -> (i64, DateTime<Utc>) {
        (100 + self.lock().updates.len() as i64, self.time.now())
    }

    fn try_to(&self, what: &'static str) -> Result<(), SendError> {
        let failure = self.lock().failures.get_mut(what).and_then(VecDeque::pop_front);
        failure.map_or(Ok(()), |error| {
            self.note(format!("{what} failed"));
            Err(error)
        })
    }

    fn fetch(&self, after: i64) -> Vec<Update> {
        let tables = self.lock();
        tables.updates.iter().filter(|update| update.id > after).take(FULL_BATCH).cloned().collect()
    }

    async fn control(&self, what: String) -> String {
        let (panics, slow, words) = {
            let mut tables = self.lock();
            let place = tables.panics.iter().position(|at| what.starts_with(at));
            (place.map(|place| tables.panics.remove(place)), tables.slow, tables.words.clone())
        };
        self.note(what);
        assert!(panics.is_none(), "planned");
        time::sleep(slow).await;
        words
    }
}

#[async_trait]
impl Chat for World {
    async fn updates(&self, after: i64) -> Result<Vec<Update>, PollError> {
        self.lock().polls.push(("updates", after));
        let error = self.lock().poll_errors.pop_front();
        if let Some(error) = error {
            return Err(error);
        }
        let (began, open) = (Instant::now(), self.lock().open);
        while self.fetch(after).is_empty() && began.elapsed() < open {
            time::sleep(Duration::from_millis(100)).await;
        }
        Ok(self.fetch(after))
    }

    async fn pending(&self, after: i64) -> Result<Vec<Update>, PollError> {
        self.lock().polls.push(("pending", after));
        let error = self.lock().poll_errors.pop_front();
        error.map_or_else(|| Ok(self.fetch(after)), Err)
    }

    async fn say(&self, chat: i64, bubble: &Bubble) -> Result<MessageId, SendError> {
        self.try_to("say")?;
        self.note(format!("say in {chat}: {}", bubble.text));
        let mut tables = self.lock();
        tables.bubbles.push(bubble.clone());
        Ok(MessageId(1000 + tables.bubbles.len() as i32))
    }

    async fn edit(&self, _: i64, id: MessageId, bubble: &Bubble) -> Result<(), SendError> {
        self.try_to("edit")?;
        assert!(bubble.buttons.is_empty());
        self.note(format!("edit {}: {}", id.0, bubble.text));
        Ok(())
    }

    async fn delete(&self, chat: i64, id: MessageId) -> Result<(), SendError> {
        self.try_to("delete")?;
        self.note(format!("delete {} in {chat}", id.0));
        Ok(())
    }

    async fn answer(&self, callback: &str, text: &str, alert: bool) -> Result<(), SendError> {
        self.try_to("answer")?;
        self.note(format!("answer {callback}{}: {text}", if alert { " aloud" } else { "" }));
        Ok(())
    }

    async fn register(&self, commands: &[(&'static str, &'static str)]) -> Result<(), SendError> {
        assert!(commands.iter().any(|(name, _)| *name == "halt"));
        self.try_to("register")?;
        self.note("register".to_owned());
        Ok(())
    }

    async fn name(&self) -> Option<String> {
        let mut tables = self.lock();
        let known = tables.nameless == 0;
        tables.nameless = tables.nameless.saturating_sub(1);
        known.then(|| "keeper_bot".to_owned())
    }
}

#[async_trait]
impl Control for World {
    async fn tell(&self, topic: Topic) -> String {
        self.control(format!("tell {topic:?}")).await
    }

    async fn act(&self, deed: Deed, by: &Person) -> String {
        self.control(format!("act {deed:?} by {}", by.id)).await
    }

    async fn redeem(&self, pasted: SecretString, by: &Person) -> String {
        assert!(pasted.expose_secret().contains("eyJ"));
        self.control(format!("redeem by {}", by.id)).await
    }

    async fn stranger(&self, user: i64) {
        self.control(format!("stranger {user}")).await;
    }

    async fn second_poller(&self) {
        self.control("second poller".to_owned()).await;
    }
}

struct Deaf;

impl CrashSink for Deaf {
    fn crashed(&self, _: &'static str, _: Death) {}
    fn restarted(&self, _: &'static str, _: u64) {}
    fn gave_up(&self, _: &'static str) {}
}

/// A supervised inbox in its world.
pub(super) struct Room {
    pub(super) world: Arc<World>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) actor: Addr<InboxActor>,
    pub(super) tree: Tree,
}

/// A world at 09:00 IST in which nothing happened yet.
pub(super) fn world() -> Arc<World> {
    time::pause();
    install_panic_hook();
    let tables = Tables { open: Duration::from_secs(25), words: "Done.".into(), ..Tables::default() };
    Arc::new(World {
        tables: Mutex::new(tables),
        store: Arc::default(),
        time: PausedTime::at("2026-11-23T09:00"),
    })
}

/// An inbox that wakes up in this world.
pub(super) fn wake(world: &Arc<World>, policy: Policy) -> Room {
    let store = Arc::clone(&world.store);
    let deps = InboxDeps {
        chat: Arc::clone(world) as Arc<dyn Chat>,
        control: Arc::clone(world) as Arc<dyn Control>,
        store: Arc::clone(&store) as Arc<dyn Store>,
        time: Arc::clone(&world.time) as Arc<dyn Time>,
        policy,
    };
    let tree = Tree::new(Limits::tireless(), Arc::new(Deaf));
    let actor = tree.supervise("inbox", InboxActor::new(deps));
    Room { world: Arc::clone(world), store, actor, tree }
}

impl Room {
    /// Somebody writes in their private chat; the message's number.
    pub(super) fn write(&self, from: i64, text: &str) -> i64 {
        let (id, at) = self.world.next();
        let note =
            super::scene::Note { update: id, from: Some(from), chat: from, at, ..super::scene::note() };
        self.world.arrive(note.says(text));
        id
    }

    /// Somebody presses a button in their private chat; the update's number.
    pub(super) fn press(&self, from: i64, data: &str) -> i64 {
        let (id, _) = self.world.next();
        self.world.arrive(super::scene::press(id, from, from, data));
        id
    }

    /// Telegram brings something nobody cares about.
    pub(super) fn noise(&self) {
        let (id, _) = self.world.next();
        self.world.arrive(Update { id, heard: Heard::Other });
    }
}

/// Lets virtual time pass.
pub(super) async fn pass(seconds: u64) {
    time::sleep(Duration::from_secs(seconds)).await;
}
