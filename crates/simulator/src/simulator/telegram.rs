//! The chats as a test sees them, and acting as a person.

use super::handle::Simulator;
use crate::phone::{CallbackAnswer, PersonMessage, TelegramMessage, UserAction, Writing};

impl Simulator {
    /// Messages the bot sent, oldest first, edited and deleted ones included.
    pub fn telegram_messages(&self) -> Vec<TelegramMessage> {
        self.world.lock().phone.messages.clone()
    }

    /// Lets a person write to the bot or press a button; returns the update's id, or `None` when the message with
    /// the button is not there.
    pub fn act(&self, action: &UserAction) -> Option<i64> {
        let mut world = self.world.lock();
        let now = world.now();
        world.phone.act(action, now)
    }

    /// Lets a person press the callback button with this data on the newest message that shows it to them; returns
    /// the update's id, or `None` when they see no such button.
    pub fn press_button(&self, from: i64, data: &str) -> Option<i64> {
        self.act(&UserAction::PressButton { from, data: data.to_owned() })
    }

    /// Lets a person write any message; returns the message's id.
    pub fn write(&self, writing: Writing) -> i64 {
        let mut world = self.world.lock();
        let now = world.now();
        world.phone.act(&UserAction::Write(writing), now);
        world.phone.heard.last().map_or(0, |message| message.id)
    }

    /// A group becomes a supergroup with another id: every call to the old one is answered with
    /// `migrate_to_chat_id` from now on, and its messages cannot be changed any more.
    pub fn move_group(&self, from: i64, to: i64) {
        self.world.lock().phone.move_group(from, to);
    }

    /// Tells the bot of a move by the two service messages that Telegram sends for it.
    pub fn announce_move(&self, from: i64, to: i64) {
        let mut world = self.world.lock();
        let now = world.now();
        world.phone.announce_move(from, to, now);
    }

    /// Messages people wrote, oldest first, edited and deleted ones included.
    pub fn person_messages(&self) -> Vec<PersonMessage> {
        self.world.lock().phone.heard.clone()
    }

    /// What the bot answered to pressed buttons, oldest first.
    pub fn callback_answers(&self) -> Vec<CallbackAnswer> {
        self.world.lock().phone.answers.clone()
    }
}
