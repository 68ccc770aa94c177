//! What the log knows of the chat: who wanted what, never a word of what was written.

use std::time::Duration;

use keeper_domain::chat::inbox::verdict::{Denial, Reply, Touch, Verdict};
use keeper_domain::chat::talk::{Action, PollError, Topic, Update};

/// Logs what is done about an update, before it is done.
pub(super) fn heard(update: &Update, verdict: &Verdict) {
    let update = update.id;
    match verdict {
        Verdict::Silence(Denial::Other | Denial::Replay | Denial::Chatter | Denial::OtherBot) => {}
        // One line a day for strangers, or anybody could fill the disk.
        Verdict::Silence(Denial::Stranger) => {}
        Verdict::Silence(why) => {
            let verdict = why.slug();
            tracing::info!(event = "chat.denied", actor = "inbox", update, verdict, "not heard: {verdict}");
        }
        Verdict::Stranger(user) => {
            let verdict = Denial::Stranger.slug();
            tracing::warn!(event = "chat.denied", actor = "inbox", update, user, verdict, "a stranger wrote");
        }
        Verdict::Message(origin, _) | Verdict::Press(origin, ..) => {
            let (user, (verdict, command)) = (origin.by.id, slugs(verdict));
            tracing::info!(
                event = "chat.command",
                actor = "inbox",
                update,
                user,
                verdict,
                command,
                "{verdict} {command}"
            );
        }
    }
}

/// Kind of verdict, and the command it is about.
pub(super) fn slugs(verdict: &Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Silence(why) => ("silence", why.slug()),
        Verdict::Stranger(_) => ("silence", Denial::Stranger.slug()),
        Verdict::Message(_, Reply::Say(_)) => ("say", ""),
        Verdict::Message(_, Reply::Hint(_)) => ("hint", ""),
        Verdict::Message(_, Reply::Tell(topic)) => ("tell", of_topic(*topic)),
        Verdict::Message(_, Reply::Act(action)) => ("act", of_action(action)),
        Verdict::Message(_, Reply::Ask(action)) => ("ask", of_action(action)),
        Verdict::Message(_, Reply::Redeem(_)) => ("redeem", "login"),
        Verdict::Press(_, _, Touch::Pass(_)) => ("pass", ""),
        Verdict::Press(_, _, Touch::Card(action)) => ("card", of_action(action)),
        Verdict::Press(_, _, Touch::Yes(_, action)) => ("yes", of_action(action)),
        Verdict::Press(_, _, Touch::No(_, action)) => ("no", of_action(action)),
    }
}

fn of_topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Status => "status",
        Topic::Mode => "mode",
        Topic::Token => "token",
        Topic::Calendar => "calendar",
        Topic::Health => "health",
        Topic::Logs => "logs",
        Topic::Version => "version",
    }
}

fn of_action(action: &Action) -> &'static str {
    match action {
        Action::Login => "login",
        Action::Logout => "logout",
        Action::Refresh => "refresh",
        Action::Halt => "halt",
        Action::Resume => "resume",
        Action::Mute { .. } => "mute",
        Action::Unmute => "unmute",
        Action::Snooze { .. } => "snooze",
        Action::MockToday => "mock_today",
        Action::Test => "test",
    }
}

/// For the log.
pub(super) fn of_error(error: &PollError) -> &'static str {
    match error {
        PollError::Conflict => "conflict",
        PollError::Wait(_) => "wait",
        PollError::Refused => "refused",
        PollError::Failed(_) => "failed",
    }
}

/// Commands cannot be heard, for another reason than before.
pub(super) fn deaf(error: &PollError, pause: Duration) {
    let (reason, pause) = (of_error(error), pause.as_secs());
    let why = match error {
        PollError::Conflict => "another program polls with the same bot token",
        PollError::Wait(_) => "Telegram asks to wait",
        PollError::Refused => "Telegram refuses the bot token",
        PollError::Failed(why) => why,
    };
    tracing::warn!(
        event = "chat.deaf",
        actor = "inbox",
        reason,
        pause,
        "commands by chat are not heard for now: {why}"
    );
}

/// They are heard again.
pub(super) fn recovered() {
    tracing::info!(event = "chat.recovered", actor = "inbox", "commands by chat are heard again");
}
