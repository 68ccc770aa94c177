//! systemd's side channel (`sd_notify`): ready, alive, stopping. Nothing of it happens where `NOTIFY_SOCKET` is not set.

use std::{sync::Arc, time::Duration};

use keeper_domain::ports::Time;
use sd_notify::NotifyState;

use crate::http::Backend;

/// Longest wait for systemd to take a message.
const LIMIT: Duration = Duration::from_secs(2);
/// Time between two looks at whether the keeper is ready.
const SOON: Duration = Duration::from_millis(100);
/// Time between two looks at what to show in `systemctl status`, if the watchdog asks for nothing shorter.
const SHOW: Duration = Duration::from_secs(15);

/// Says READY once the state is loaded, then WATCHDOG at half the time systemd gives, as long as the supervisor says
/// that the actors' thread is alive. It runs on that thread, too: when that is blocked, systemd hears nothing.
pub async fn attend(backend: Arc<dyn Backend>, time: Arc<dyn Time>) {
    while !backend.is_ready() {
        time.sleep(SOON).await;
    }
    say(vec![Message::Ready]).await;
    let patience = sd_notify::watchdog_enabled();
    let pause = patience.map_or(SHOW, |patience| (patience / 2).min(SHOW));
    let mut shown = String::new();
    loop {
        let mut messages = vec![];
        if patience.is_some() && backend.is_live() {
            messages.push(Message::Alive);
        }
        if let Some(words) = words(backend.as_ref()).await.filter(|words| *words != shown) {
            messages.push(Message::Status(words.clone()));
            shown = words;
        }
        say(messages).await;
        time.sleep(pause).await;
    }
}

/// Says that the end has been asked for.
pub async fn stopping() {
    if crate::config::notify_socket() {
        say(vec![Message::Stopping]).await;
    }
}

/// What `systemctl status` shows.
async fn words(backend: &dyn Backend) -> Option<String> {
    let status = backend.status().await?;
    Some(format!("mode {}, session {}", status.mode, status.session.state))
}

enum Message {
    Ready,
    Alive,
    Stopping,
    Status(String),
}

impl Message {
    fn state(&self) -> NotifyState<'_> {
        match self {
            Self::Ready => NotifyState::Ready,
            Self::Alive => NotifyState::Watchdog,
            Self::Stopping => NotifyState::Stopping,
            Self::Status(words) => NotifyState::Status(words),
        }
    }
}

/// A socket that nobody reads would hold up whoever writes to it: not on the actors' thread, and not for ever.
async fn say(messages: Vec<Message>) {
    if messages.is_empty() {
        return;
    }
    let sending = tokio::task::spawn_blocking(move || {
        let states: Vec<_> = messages.iter().map(Message::state).collect();
        sd_notify::notify(&states)
    });
    // systemd that does not hear draws its own conclusions.
    let _unheard = tokio::time::timeout(LIMIT, sending).await;
}
