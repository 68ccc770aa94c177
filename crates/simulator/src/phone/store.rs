//! Everything the simulated Telegram remembers about the bot.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::message::{CallbackAnswer, OpenQuery, TelegramMessage};
use super::person::PersonMessage;
use super::updates::Updates;
use crate::options::Telegram;

/// Everything Telegram remembers about the bot.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) settings: Telegram,
    pub(crate) messages: Vec<TelegramMessage>,
    pub(crate) heard: Vec<PersonMessage>,
    pub(crate) answers: Vec<CallbackAnswer>,
    pub(crate) commands: Value,
    pub(crate) webhook: Option<String>,
    pub(crate) open_queries: Vec<OpenQuery>,
    pub(crate) updates: Updates,
    pub(crate) last_message: i64,
    /// Groups that became supergroups, each with its new id.
    pub(crate) moved: BTreeMap<i64, i64>,
}

impl Phone {
    pub(crate) fn new(settings: Telegram) -> Self {
        Self {
            settings,
            messages: Vec::new(),
            heard: Vec::new(),
            answers: Vec::new(),
            commands: json!([]),
            webhook: None,
            open_queries: Vec::new(),
            updates: Updates::new(),
            last_message: 0,
            moved: BTreeMap::new(),
        }
    }

    /// How often a `getUpdates` call was ended by a later one.
    pub(crate) fn poll_conflicts(&self) -> u64 {
        self.updates.conflicts
    }

    pub(crate) fn next_message_id(&mut self) -> i64 {
        self.last_message += 1;
        self.last_message
    }

    pub(crate) fn find(&mut self, chat: i64, id: i64) -> Option<&mut TelegramMessage> {
        self.messages.iter_mut().find(|message| message.chat == chat && message.id == id && !message.deleted)
    }

    pub(crate) fn find_heard(&mut self, chat: i64, id: i64) -> Option<&mut PersonMessage> {
        self.heard.iter_mut().find(|message| message.chat == chat && message.id == id && !message.deleted)
    }
}
