//! The person of the demo: looks at the phone, and logs in when the card asks for it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use fyers_api::ist;
use simulator::TelegramMessage;

use crate::demo::{report::Observed, screen::Screen};

/// A card gets its buttons a moment after its text; it is shown when nothing about it has changed for so long.
pub(super) const SETTLED: Duration = Duration::from_millis(300);

/// What the phone showed last.
#[derive(Default)]
pub(super) struct Phone {
    /// Messages as they are now, and since when.
    now: BTreeMap<i64, (TelegramMessage, Instant)>,
    /// Messages as they were shown.
    shown: BTreeMap<i64, TelegramMessage>,
}

impl Phone {
    /// Shows what is new and what changed; a message that was taken away leaves no trace.
    pub(super) fn show(&mut self, messages: &[TelegramMessage], screen: &Screen, seen: &mut Observed) {
        for message in messages {
            let same =
                |known: &TelegramMessage| known.text == message.text && labels(known) == labels(message);
            let known = self.now.get(&message.id).filter(|(known, _)| same(known));
            let since = known.map_or_else(Instant::now, |(_, since)| *since);
            if !self.now.contains_key(&message.id) {
                *seen.alerts.entry(ist::date(message.at)).or_default() += 1;
            }
            self.now.insert(message.id, (message.clone(), since));
            if since.elapsed() >= SETTLED {
                self.show_settled(message, screen);
            }
        }
    }

    fn show_settled(&mut self, message: &TelegramMessage, screen: &Screen) {
        let buttons = labels(message);
        match self.shown.get(&message.id) {
            None => screen.card(message.at, message.silent, &message.text, &buttons),
            Some(known) if known.text != message.text && !message.deleted => {
                screen.changed_card(message.changed_at, &message.text, &buttons);
            }
            Some(_) => {}
        }
        self.shown.insert(message.id, message.clone());
    }

    /// Shows the card with the link as it is now: it changes when the link is followed.
    pub(super) fn show_link(&mut self, screen: &Screen) {
        let with_link =
            |message: &&TelegramMessage| message.buttons().iter().any(|button| button.url.is_some());
        let messages: Vec<_> =
            self.now.values().map(|(message, _)| message).filter(with_link).cloned().collect();
        let new = messages.iter().filter(|message| !message.deleted && !self.shown.contains_key(&message.id));
        let new: Vec<_> = new.cloned().collect();
        new.iter().for_each(|message| self.show_settled(message, screen));
    }

    /// The link on the newest message that has one.
    pub(super) fn link(&self) -> Option<String> {
        let links = |message: &TelegramMessage| message.buttons().into_iter().find_map(|button| button.url);
        let messages = self.now.values().rev().map(|(message, _)| message);
        messages.filter(|message| !message.deleted).find_map(links)
    }
}

fn labels(message: &TelegramMessage) -> Vec<String> {
    message.buttons().into_iter().map(|button| button.text).collect()
}

/// Taps the link: to the keeper, to FYERS, back to the keeper, and the button on its page.
pub(super) async fn log_in(link: &str) -> &'static str {
    match try_to_log_in(link).await {
        Some(true) => "the person taps the card and logs in at FYERS",
        Some(false) => "the person taps the card, and the login does not work",
        None => "the person taps the card, and the page does not come",
    }
}

async fn try_to_log_in(link: &str) -> Option<bool> {
    let browser = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().ok()?;
    let answer = browser.get(link).send().await.ok()?;
    let back = answer.url().clone();
    let page = answer.text().await.ok()?;
    let form = [("auth_code", field(&page, "auth_code")?), ("state", field(&page, "state")?)];
    let done = browser.post(back.join("/fyers/callback").ok()?).form(&form).send().await.ok()?;
    Some(done.text().await.ok()?.contains("Logged in"))
}

/// A hidden field's value.
fn field(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}
