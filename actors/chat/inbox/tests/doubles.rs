//! A chat that behaves like Telegram's, and writes down what happens in it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::time::{self, Instant};

use crate::testing::{MemoryStore, PausedTime};
use keeper_domain::{
    alert::SendError,
    chat::talk::{Bubble, Button, Chat, FULL_BATCH, MessageId, PollError, Update},
    ports::Time,
};

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
    /// What was done, in words.
    done: Vec<(Instant, String)>,
    /// What Control says, and how long it takes to.
    words: String,
    slow: Duration,
    nameless: u32,
    /// What was on disk at each action.
    disk: Vec<i64>,
    /// How long an answer to a poll stays open.
    open: Duration,
}

/// Telegram and Control in one, so that the order of everything can be seen.
pub(super) struct World {
    tables: Mutex<Tables>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) time: Arc<PausedTime>,
}

impl World {
    /// It is 09:00 IST and nothing happened yet.
    pub(super) fn new() -> Arc<Self> {
        let tables = Tables { open: Duration::from_secs(25), words: "Done.".into(), ..Tables::default() };
        let time = PausedTime::at("2026-11-23T09:00");
        Arc::new(Self { tables: Mutex::new(tables), store: Arc::default(), time })
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, what: String) {
        let cursor = self.cursor();
        let mut tables = self.lock();
        tables.disk.push(cursor);
        tables.done.push((Instant::now(), what));
    }

    /// The cursor on disk.
    pub(super) fn cursor(&self) -> i64 {
        let shelf = self.store.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.note("inbox_cursor").map_or(0, |note| note["cursor"]["id"].as_i64().unwrap_or(-1))
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

    /// Whether Control panics now, how long it takes, and what it says.
    pub(super) fn plan(&self, what: &str) -> (bool, Duration, String) {
        let mut tables = self.lock();
        let place = tables.panics.iter().position(|at| what.starts_with(at));
        let panics = place.map(|place| tables.panics.remove(place)).is_some();
        (panics, tables.slow, tables.words.clone())
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
