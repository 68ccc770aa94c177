//! A Telegram without a network, and the phone behind it: what was delivered, and what is in the chat now.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keeper_domain::{
    alert::{Outgoing, SendError, Severity},
    chat::talk::{Bubble, Button, Chat, Heard, MessageId, Person, PollError, Update},
    ports::Messenger,
};
use secrecy::SecretString;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use crate::clock::Clock;

pub(crate) const CHAT: i64 = 42;
/// How long a poll waits.
const POLL: Duration = Duration::from_secs(25);
const USUAL: Duration = Duration::from_millis(120);
/// Messages of the chat that are kept.
const KEPT: usize = 100;

/// What Telegram does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deafness {
    /// No connection.
    Unreachable,
    /// Messages arrive, and the keeper does not hear that they did.
    Silent,
    /// HTTP 429, with this `retry_after`.
    Flood(Duration),
}

/// An alert that has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) id: i64,
    pub(crate) event_id: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) count: u32,
}

#[derive(Default)]
struct State {
    outage: Option<(DateTime<Utc>, Deafness)>,
    fine_since: Duration,
    messages: BTreeMap<i32, Bubble>,
    newest: i32,
    updates: Vec<Update>,
    newest_update: i64,
    delivered: Vec<Delivery>,
    deliveries: u64,
    alerted: Option<Duration>,
}

impl State {
    /// What nobody scrolls back to.
    fn forget_old(&mut self) {
        while self.messages.len() > KEPT {
            self.messages.pop_first();
        }
    }
}

pub(crate) struct Telegram {
    clock: Arc<Clock>,
    state: Mutex<State>,
    news: Notify,
}

/// Alerts that tell a person that there is no token.
const ASKS: [&str; 4] = ["login.required", "token.delayed", "exchange.switched", "token.day_given_up"];

impl Telegram {
    pub(crate) fn new(clock: &Arc<Clock>) -> Self {
        Self { clock: Arc::clone(clock), state: Mutex::default(), news: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn fails(&self, how: Deafness, long: TimeDelta) {
        self.state().outage = Some((self.clock.truth() + long, how));
    }

    pub(crate) fn heals(&self) {
        self.state().outage = None;
    }

    fn outage(&self) -> Option<Deafness> {
        let (now, ran) = (self.clock.truth(), self.clock.ran());
        let mut state = self.state();
        let outage = state.outage.filter(|(until, _)| now < *until).map(|(_, how)| how);
        if outage.is_some() {
            state.fine_since = ran;
        }
        outage
    }

    /// Since when, by the machine's own clock, Telegram answers.
    pub(crate) fn fine_since(&self) -> Duration {
        self.outage();
        self.state().fine_since
    }

    /// Messages that ask for a login with a link.
    pub(crate) fn cards(&self) -> usize {
        self.state().messages.values().filter(|bubble| link(bubble).is_some()).count()
    }

    /// Where the newest card leads.
    pub(crate) fn link(&self) -> Option<String> {
        self.state().messages.values().rev().find_map(link)
    }

    /// When a person was last alerted of a missing token.
    pub(crate) fn alerted(&self) -> Option<Duration> {
        self.state().alerted
    }

    /// What has arrived since this was asked.
    pub(crate) fn take_delivered(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.state().delivered)
    }

    pub(crate) fn deliveries(&self) -> u64 {
        self.state().deliveries
    }

    /// The person writes.
    pub(crate) fn write(&self, text: String) {
        let at = self.clock.truth();
        let mut state = self.state();
        state.newest += 1;
        state.newest_update += 1;
        let person = Person { id: CHAT, name: "Asha".to_owned() };
        let heard = Heard::Message {
            chat: CHAT,
            private: true,
            from: Some(person),
            id: MessageId(state.newest),
            at,
            text: SecretString::from(text),
            forwarded: false,
            edited: false,
        };
        let id = state.newest_update;
        state.updates.push(Update { id, heard });
        drop(state);
        self.news.notify_waiters();
    }

    /// Carries it out, and says what the keeper hears of that.
    async fn answers<T>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, SendError>,
    ) -> Result<T, SendError> {
        sleep(USUAL).await;
        match self.outage() {
            None => work(&mut self.state()),
            Some(Deafness::Unreachable) => Err(SendError::Unreachable("no connection".to_owned())),
            Some(Deafness::Silent) => {
                let _unheard = work(&mut self.state());
                sleep(Duration::from_secs(8)).await;
                Err(SendError::Unreachable("no answer in time".to_owned()))
            }
            Some(Deafness::Flood(wait)) => Err(SendError::Wait(wait)),
        }
    }

    fn after(&self, after: i64) -> Vec<Update> {
        let mut state = self.state();
        state.updates.retain(|update| update.id > after);
        state.updates.clone()
    }

    async fn poll_fails(&self) -> Option<PollError> {
        let error = match self.outage()? {
            Deafness::Unreachable | Deafness::Silent => PollError::Failed("no connection".to_owned()),
            Deafness::Flood(wait) => PollError::Wait(wait),
        };
        sleep(USUAL).await;
        Some(error)
    }
}

fn link(bubble: &Bubble) -> Option<String> {
    let buttons = bubble.buttons.iter().flatten().filter(|_| bubble.reply_to.is_none());
    buttons.into_iter().find_map(|button| match button {
        Button::Link { url, .. } => Some(url.clone()),
        Button::Press { .. } => None,
    })
}

#[async_trait]
impl Messenger for Telegram {
    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        let Outgoing { id, event_id, at, count, severity, .. } = *message;
        let (event, ran) = (message.event.clone(), self.clock.ran());
        self.answers(move |state| {
            if severity > Severity::Info && ASKS.contains(&event.as_str()) {
                state.alerted = Some(ran);
            }
            state.deliveries += 1;
            state.delivered.push(Delivery { id, event_id, at, count });
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Chat for Telegram {
    async fn updates(&self, after: i64) -> Result<Vec<Update>, PollError> {
        if let Some(error) = self.poll_fails().await {
            return Err(error);
        }
        let news = self.news.notified();
        if self.after(after).is_empty() {
            // A quiet half minute is no error.
            let _quiet = timeout(POLL, news).await;
        }
        match self.poll_fails().await {
            Some(error) => Err(error),
            None => Ok(self.after(after)),
        }
    }

    async fn pending(&self, after: i64) -> Result<Vec<Update>, PollError> {
        if let Some(error) = self.poll_fails().await {
            return Err(error);
        }
        sleep(USUAL).await;
        Ok(self.after(after))
    }

    async fn say(&self, _: i64, bubble: &Bubble) -> Result<MessageId, SendError> {
        let bubble = bubble.clone();
        self.answers(move |state| {
            state.newest += 1;
            let id = state.newest;
            state.messages.insert(id, bubble);
            state.forget_old();
            Ok(MessageId(id))
        })
        .await
    }

    async fn edit(&self, _: i64, id: MessageId, bubble: &Bubble) -> Result<(), SendError> {
        let bubble = bubble.clone();
        self.answers(move |state| match state.messages.get_mut(&id.0) {
            Some(message) => {
                *message = bubble;
                Ok(())
            }
            None => Err(SendError::BadMessage("message to edit not found".to_owned())),
        })
        .await
    }

    async fn delete(&self, _: i64, id: MessageId) -> Result<(), SendError> {
        self.answers(move |state| {
            state.messages.remove(&id.0);
            Ok(())
        })
        .await
    }

    async fn answer(&self, _: &str, _: &str, _: bool) -> Result<(), SendError> {
        self.answers(|_| Ok(())).await
    }

    async fn register(&self, _: &[(&'static str, &'static str)]) -> Result<(), SendError> {
        self.answers(|_| Ok(())).await
    }

    async fn name(&self) -> Option<String> {
        Some("keeper_bot".to_owned())
    }
}
