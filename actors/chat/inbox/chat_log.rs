//! What the log knows of the chat: who wanted what, never a word of what was written.

use std::time::Duration;

use keeper_domain::chat::inbox::reaction::{Denial, MessageReaction, PressReaction, Reaction};
use keeper_domain::chat::talk::{Action, PollError, SHOW_BOT_TOKEN, TalkTopic, Update};

/// Logs what is done about an update, before it is done.
pub(super) fn heard(update: &Update, reaction: &Reaction) {
    let update = update.id;
    match reaction {
        Reaction::Silence(Denial::Other | Denial::Replay | Denial::Chatter | Denial::OtherBot) => {}
        // One line a day for strangers, or anybody could fill the disk.
        Reaction::Silence(Denial::Stranger) => {}
        Reaction::Silence(why) => {
            let verdict = why.slug();
            tracing::info!(event = "chat.denied", actor = "inbox", update, verdict, "not heard: {verdict}");
        }
        Reaction::Stranger(user) => {
            let verdict = Denial::Stranger.slug();
            tracing::warn!(event = "chat.denied", actor = "inbox", update, user, verdict, "a stranger wrote");
        }
        Reaction::Message(origin, _) | Reaction::Press(origin, ..) => {
            let (user, (verdict, command)) = (origin.by.id, slugs(reaction));
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

/// Kind of reaction, and the command it is about.
pub(super) fn slugs(reaction: &Reaction) -> (&'static str, &'static str) {
    match reaction {
        Reaction::Silence(why) => ("silence", why.slug()),
        Reaction::Stranger(_) => ("silence", Denial::Stranger.slug()),
        Reaction::Message(_, MessageReaction::Say(_)) => ("say", ""),
        Reaction::Message(_, MessageReaction::Hint(_)) => ("hint", ""),
        Reaction::Message(_, MessageReaction::Tell(topic)) => ("tell", of_topic(*topic)),
        Reaction::Message(_, MessageReaction::Act(action)) => ("act", of_action(action)),
        Reaction::Message(_, MessageReaction::Ask(action)) => ("ask", of_action(action)),
        Reaction::Message(_, MessageReaction::Redeem(_)) => ("redeem", "login"),
        Reaction::Press(_, _, PressReaction::Pass(_)) => ("pass", ""),
        Reaction::Press(_, _, PressReaction::Late) => ("late", ""),
        Reaction::Press(_, _, PressReaction::Card(action)) => ("card", of_action(action)),
        Reaction::Press(_, _, PressReaction::Yes(_, action)) => ("yes", of_action(action)),
        Reaction::Press(_, _, PressReaction::No(_, action)) => ("no", of_action(action)),
    }
}

fn of_topic(topic: TalkTopic) -> &'static str {
    match topic {
        TalkTopic::Status => "status",
        TalkTopic::Mode => "mode",
        TalkTopic::Token => "token",
        TalkTopic::Confirm => "confirm",
        TalkTopic::Calendar => "calendar",
        TalkTopic::Health => "health",
        TalkTopic::Logs => "logs",
        TalkTopic::Version => "version",
        TalkTopic::Positions => "positions",
        TalkTopic::Orders => "orders",
        TalkTopic::Funds => "funds",
        TalkTopic::Pnl => "pnl",
        TalkTopic::Feeds => "feeds",
        TalkTopic::Keys => "keys",
    }
}

fn of_action(action: &Action) -> &'static str {
    match action {
        Action::Login => "login",
        Action::Logout => "logout",
        Action::Refresh => "refresh",
        Action::Halt { .. } => "halt",
        Action::Resume { .. } => "resume",
        Action::Flat => "flat",
        Action::Mute { .. } => "mute",
        Action::Unmute => "unmute",
        Action::Snooze { .. } => "snooze",
        Action::MockToday => "mock_today",
        Action::Confirm { .. } => "confirm",
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
        PollError::Conflict => "another program polls with the same bot token".to_owned(),
        PollError::Wait(_) => "Telegram asks to wait".to_owned(),
        PollError::Refused => {
            format!(
                "Telegram refuses TELEGRAM_BOT_TOKEN, and no alert arrives. Set it again ({SHOW_BOT_TOKEN}), then restart"
            )
        }
        PollError::Failed(why) => why.clone(),
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
