//! One attempt to deliver one alert, and what the store must know of it.

use std::time::Duration;

use chrono::{DateTime, Utc};

use keeper_domain::alert::{Outgoing, SendError, Severity};
use keeper_domain::alerts::{
    delivery::{self, Next},
    render::{SAFE_TEXT, id, overtaken, whole_text},
};
use keeper_domain::notes::MUTED_UNTIL;
use keeper_domain::ports::{Messenger, NoteStore, OutboxStore, StoreError, Time};

/// A messenger that never answers would silence the keeper for good. Real time on purpose: it guards
/// against the network, not against the schedule, and the adapters give up long before it.
const STUCK: Duration = Duration::from_secs(60);

/// How an attempt went.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Which alert it was.
    pub(super) id: i64,
    /// What to do now.
    pub(super) next: Next,
    /// Whether the receiver itself set the pause.
    pub(super) asked_for: bool,
    /// Why it failed.
    pub(super) error: Option<String>,
    /// Whether the store knows of it.
    pub(super) noted: Result<(), StoreError>,
}

/// In which words an alert goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// Its own.
    AsItIs,
    /// Its own, and that a newer alert has come before it.
    Overtaken,
    /// [`SAFE_TEXT`], after its own were refused.
    Safe,
}

/// Sends the alert once and writes the outcome down. A crash in between means that it is sent again.
pub(super) async fn attempt(
    (messenger, store, notes, time): (&dyn Messenger, &dyn OutboxStore, &dyn NoteStore, &dyn Time),
    alert: &Outgoing,
    wording: Wording,
    luck: f64,
) -> Result<Attempt, StoreError> {
    let mutable = messenger.can_be_muted() && alert.severity != Severity::Critical;
    let quiet = mutable && is_muted(notes, time.now()).await?;
    let result = send(messenger, alert, wording, quiet).await;
    let next = delivery::after(&result, alert.attempts, alert.severity, wording == Wording::Safe, luck);
    let noted = match next {
        Next::Delivered | Next::DeadLetter => store.alert_sent(alert.id, time.now()).await,
        Next::Again(_) | Next::SendSafeText => store.alert_failed(alert.id).await,
    };
    let error = result.as_ref().err();
    tell(messenger, alert, next, error);
    Ok(Attempt {
        id: alert.id,
        next,
        asked_for: matches!(error, Some(SendError::Wait(_))),
        error: error.map(ToString::to_string),
        noted,
    })
}

/// Whether a person wants no sound right now.
async fn is_muted(notes: &dyn NoteStore, now: DateTime<Utc>) -> Result<bool, StoreError> {
    // When it cannot be read, alerts are heard.
    Ok(MUTED_UNTIL.read(notes).await?.readable().is_some_and(|until| now < until))
}

async fn send(
    messenger: &dyn Messenger,
    alert: &Outgoing,
    wording: Wording,
    quiet: bool,
) -> Result<(), SendError> {
    let mut message = alert.clone();
    match wording {
        Wording::AsItIs => {}
        Wording::Overtaken => message.text = overtaken(&message.text),
        Wording::Safe => SAFE_TEXT.clone_into(&mut message.text),
    }
    if quiet {
        // The least of severities is the one without a sound.
        message.severity = Severity::Info;
    }
    match tokio::time::timeout(STUCK, messenger.send(&message)).await {
        Ok(result) => result,
        Err(_elapsed) => Err(SendError::Unreachable("no answer for a minute".to_owned())),
    }
}

/// The log has every alert's text once it is out, whatever the channel.
fn tell(messenger: &dyn Messenger, alert: &Outgoing, next: Next, error: Option<&SendError>) {
    let (channel, shown) = (messenger.channel(), id(alert));
    let (severity, count) = (alert.severity.slug(), alert.count);
    let why = error.map(ToString::to_string).unwrap_or_default();
    macro_rules! sent {
        ($level:ident) => {
            tracing::$level!(
                event = "alert.sent",
                id = alert.id,
                severity,
                count,
                channel,
                shown,
                "{}",
                whole_text(alert)
            )
        };
    }
    match (next, alert.severity) {
        (Next::Delivered, Severity::Info) => sent!(info),
        (Next::Delivered, Severity::Warning) => sent!(warn),
        (Next::Delivered, Severity::Critical) => sent!(error),
        (Next::DeadLetter, _) => tracing::error!(
            event = "alert.failed",
            id = alert.id,
            severity,
            count,
            channel,
            shown,
            error = why,
            given_up = true,
            "the alert cannot be delivered: {}",
            alert.text
        ),
        (Next::Again(_) | Next::SendSafeText, _) => tracing::warn!(
            event = "alert.failed",
            id = alert.id,
            severity,
            count,
            channel,
            shown,
            error = why,
            attempt = alert.attempts.saturating_add(1),
            "the alert waits on disk and is sent again later"
        ),
    }
}
