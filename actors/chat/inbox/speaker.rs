//! Words to Telegram: tried a few times with short waits, because somebody looks at the phone now. An alert
//! waits in the outbox for hours; an answer to a command is of no use by then.

use std::time::Duration;

use keeper_domain::chat::inbox::reaction::CommandOrigin;
use keeper_domain::{
    alert::SendError,
    chat::talk::{Bubble, Button, Chat, MessageId},
    ports::Time,
};

/// Waits before the second and the third attempt.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// The longest wait that Telegram may ask for in between.
const LONGEST_ASKED: Duration = Duration::from_secs(5);
/// The longest that all attempts together may take: meanwhile nobody listens.
const LIMIT: Duration = Duration::from_secs(15);

/// A chat, and the patience to get through to it.
pub(super) struct Speaker<'a> {
    pub(super) chat: &'a dyn Chat,
    pub(super) time: &'a dyn Time,
}

impl Speaker<'_> {
    /// Answers a message; an empty text is no answer.
    pub(super) async fn reply(&self, origin: &CommandOrigin, text: String) {
        self.reply_with(origin, text, vec![]).await;
    }

    /// Answers a message, with buttons below.
    pub(super) async fn reply_with(&self, origin: &CommandOrigin, text: String, buttons: Vec<Vec<Button>>) {
        self.say(origin.chat, Bubble { text, buttons, reply_to: Some(origin.message), ..Bubble::default() })
            .await;
    }

    /// Says something in a chat.
    pub(super) async fn say(&self, chat: i64, bubble: Bubble) {
        if !bubble.text.is_empty() {
            self.insist("say", || self.chat.say(chat, &bubble)).await;
        }
    }

    /// Puts other words in place of a message, without buttons; says them anew when that is not possible.
    pub(super) async fn replace(&self, origin: &CommandOrigin, text: String) {
        let bubble = Bubble { text: text.clone(), ..Bubble::default() };
        let edited = self.insist("edit", || self.chat.edit(origin.chat, origin.message, &bubble)).await;
        if edited.is_none() {
            self.reply(origin, text).await;
        }
    }

    /// Takes a message away; false when it is still there.
    pub(super) async fn delete(&self, chat: i64, id: MessageId) -> bool {
        self.insist("delete", || self.chat.delete(chat, id)).await.is_some()
    }

    /// Answers a press; false when the person has not seen it.
    pub(super) async fn answer(&self, callback: &str, text: &str, alert: bool) -> bool {
        self.insist("answer", || self.chat.answer(callback, text, alert)).await.is_some()
    }

    async fn insist<T, R>(&self, what: &'static str, attempt: impl Fn() -> R) -> Option<T>
    where
        R: Future<Output = Result<T, SendError>>,
    {
        let attempts = async {
            let mut failures = 0;
            loop {
                let error = match attempt().await {
                    Ok(done) => return Ok(done),
                    Err(error) => error,
                };
                let Some(wait) = wait(failures, &error) else { return Err(error) };
                failures += 1;
                self.time.sleep(wait).await;
            }
        };
        let why = match tokio::time::timeout(LIMIT, attempts).await {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        tracing::warn!(event = "chat.unanswered", actor = "inbox", "{what}: {why}");
        None
    }
}

/// How long to wait before another attempt; `None` when there is no point in one.
fn wait(failures: usize, error: &SendError) -> Option<Duration> {
    let next = WAITS.get(failures).copied();
    match error {
        SendError::Wait(asked) if *asked > LONGEST_ASKED => None,
        SendError::Wait(asked) => next.map(|_| *asked),
        SendError::Unreachable(_) => next,
        SendError::Unauthorized(_) | SendError::BadMessage(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again_and_only_for_a_short_while() {
        let unreachable = SendError::Unreachable(String::new());
        let asked = |seconds| SendError::Wait(Duration::from_secs(seconds));
        for (failures, error, seconds) in [
            (0, &unreachable, Some(1)),
            (1, &unreachable, Some(3)),
            (2, &unreachable, None),
            (0, &asked(5), Some(5)),
            (2, &asked(5), None),
            (0, &asked(6), None),
            (0, &SendError::BadMessage(String::new()), None),
            (0, &SendError::Unauthorized(String::new()), None),
        ] {
            assert_eq!(wait(failures, error), seconds.map(Duration::from_secs), "{failures} {error}");
        }
    }
}
