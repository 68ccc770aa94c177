//! Carries out what the rules said. Every update comes here once at most: its number is on disk before.

use std::time::Duration;

use secrecy::SecretString;

use crate::chat::inbox::speaker::Speaker;
use keeper_domain::chat::inbox::{
    commands::question,
    confirm::{Nonce, buttons},
    reaction::{CommandOrigin, MessageReaction, PressReaction, Reaction},
};
use keeper_domain::chat::talk::{Action, Bubble, Control};

/// The longest wait for an answer of Control. A login takes up to half a minute.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest text that can be read in passing, in characters.
const PASSING: usize = 60;

const SLOW: &str = "That takes unusually long, so I cannot say how it went. See /status";
const WORKING: &str = "One moment…";
const CANCELLED: &str = "Cancelled: nothing was done.";
const LATE: &str = "Not taken: nothing was done.";
const LATE_QUESTION: &str = "Not taken: your press did nothing. The question is more than a minute old, or was asked before the keeper \
     started or changed hands. Look at /mode, which says whether trading is halted, and send the command again if you still want it.";
const NOT_DELETED: &str = "I could not delete your message with the code: please delete it.";

const UNWRITTEN: &str =
    "Not done: the keeper cannot write its state, see /status. Send it again when it can. /halt works.";

/// What it takes to carry something out.
pub(super) struct Performer<'a> {
    pub(super) speaker: Speaker<'a>,
    pub(super) control: &'a dyn Control,
}

impl Performer<'_> {
    /// Does what the rules said, and says how it went.
    pub(super) async fn carry_out(&self, reaction: Reaction, nonce: Nonce) {
        match reaction {
            Reaction::Silence(_) => {}
            Reaction::Stranger(user) => {
                in_time(self.control.stranger(user)).await;
            }
            Reaction::Message(origin, reply) => self.message(&origin, reply, nonce).await,
            Reaction::Press(origin, callback, touch) => self.press(&origin, &callback, touch).await,
        }
    }

    /// Says that nothing was done, because it could not be written down first.
    pub(super) async fn refuse(&self, reaction: &Reaction) {
        match reaction {
            Reaction::Silence(_) | Reaction::Stranger(_) => {}
            Reaction::Message(origin, _) => self.speaker.reply(origin, UNWRITTEN.to_owned()).await,
            Reaction::Press(_, callback, _) => _ = self.speaker.answer(callback, UNWRITTEN, true).await,
        }
    }

    async fn message(&self, origin: &CommandOrigin, reply: MessageReaction, nonce: Nonce) {
        let text = match reply {
            MessageReaction::Say(text) => text,
            MessageReaction::Hint(text) => text.to_owned(),
            MessageReaction::Tell(topic) => in_words(self.control.tell(topic)).await,
            MessageReaction::Act(action) => in_words(self.control.act(action, &origin.by)).await,
            MessageReaction::Ask(action) => return self.ask(origin, &action, nonce).await,
            MessageReaction::Redeem(pasted) => return self.redeem(origin, pasted).await,
        };
        self.speaker.reply(origin, text).await;
    }

    async fn ask(&self, origin: &CommandOrigin, action: &Action, nonce: Nonce) {
        // The rules only ask about what there is a question for.
        let Some((title, meaning, yes)) = question(action) else { return };
        if let Some(why) = in_time(self.control.needless(action)).await.flatten() {
            return self.speaker.reply(origin, why).await;
        }
        let title = with_name(title, action);
        let more = in_time(self.control.beforehand(action)).await.flatten().unwrap_or_default();
        let text = format!("{title}\n{meaning} {more}").trim_end().to_owned();
        self.speaker.reply_with(origin, text, vec![buttons(yes, nonce)]).await;
    }

    /// The code is out of the chat before it is used, and whatever becomes of it.
    async fn redeem(&self, origin: &CommandOrigin, pasted: SecretString) {
        let deleted = self.speaker.delete(origin.chat, origin.message).await;
        let outcome = in_words(self.control.redeem(pasted, &origin.by)).await;
        if outcome.is_empty() && deleted {
            return;
        }
        if deleted {
            self.speaker.say(origin.chat, Bubble { text: outcome, ..Bubble::default() }).await;
        } else {
            self.speaker.reply(origin, format!("{outcome}\n{NOT_DELETED}").trim().to_owned()).await;
        }
    }

    async fn press(&self, origin: &CommandOrigin, callback: &str, touch: PressReaction) {
        match touch {
            PressReaction::Pass(text) => {
                self.speaker.answer(callback, text, false).await;
            }
            PressReaction::Card(action) => {
                let outcome = in_words(self.control.act(action, &origin.by)).await;
                let seen = self.speaker.answer(callback, &outcome, is_long(&outcome)).await;
                if !seen {
                    self.speaker.reply(origin, outcome).await;
                }
            }
            PressReaction::Yes(_, action) => {
                // Trouble with Telegram must not delay a halt.
                let act = in_words(self.control.act(action.clone(), &origin.by));
                let (outcome, _) = tokio::join!(act, self.speaker.answer(callback, WORKING, false));
                self.settle(origin, &action, &outcome).await;
            }
            PressReaction::Late => {
                self.speaker.answer(callback, LATE, false).await;
                self.speaker.replace(origin, LATE_QUESTION.to_owned()).await;
            }
            PressReaction::No(_, action) => {
                self.speaker.answer(callback, "", false).await;
                self.settle(origin, &action, CANCELLED).await;
            }
        }
    }

    /// The question's message says how it ended, and has no buttons any more.
    async fn settle(&self, origin: &CommandOrigin, action: &Action, outcome: &str) {
        let title = question(action).map_or_else(String::new, |(title, ..)| with_name(title, action));
        self.speaker.replace(origin, format!("{title}\n{outcome}").trim().to_owned()).await;
    }
}

/// A question about one bot says which.
fn with_name(title: &str, action: &Action) -> String {
    match action {
        Action::Halt { bot: Some(bot) } | Action::Resume { bot: Some(bot) } => format!("{title} ({bot})"),
        _ => title.to_owned(),
    }
}

fn is_long(text: &str) -> bool {
    text.contains('\n') || text.chars().count() > PASSING
}

/// Control's words, or that there are none.
async fn in_words(answer: impl Future<Output = String>) -> String {
    in_time(answer).await.unwrap_or_else(|| SLOW.to_owned())
}

/// `None` when it takes too long.
pub(super) async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, answer).await.ok()
}
