//! The first set-up by pages: what they ask of the program, and the link that opens them once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// How long the link is good for after the start.
const GOOD_FOR: Duration = Duration::from_secs(60 * 60);

/// How far the chat is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pairing {
    /// No bot was named.
    None,
    /// A person is to send this code to the bot.
    Waiting {
        /// As `@keeper_bot`.
        bot: String,
        /// Six digits.
        code: String,
    },
    /// The chat is known, and whether the test message arrived in it.
    Done {
        /// Whether it did.
        is_greeted: bool,
    },
    /// A person goes on without.
    Skipped,
}

/// What the pages show. Nothing in it is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetUpView {
    /// Where a login comes back to; `None` while nobody knows.
    pub redirect: Option<String>,
    /// The keeper's address that was entered before, where it is asked for again; empty otherwise.
    pub public_url: String,
    /// What is saved already and stays until something else is accepted, in words.
    pub kept: Option<String>,
    /// The address from which this machine's requests go out, in words.
    pub egress: String,
    /// The app's id, once it is saved.
    pub app: Option<String>,
    /// The app id that was entered and not saved, so that nobody types it twice.
    pub entered: String,
    /// What FYERS said of it.
    pub app_words: String,
    /// The chat.
    pub pairing: Pairing,
    /// Why the chat was not found, when that ended.
    pub trouble: Option<String>,
    /// Where the answers are saved.
    pub saved_in: String,
    /// The lines for a bot.
    pub bot_lines: String,
    /// How a login ends for a browser that is not on the keeper's machine; `None` where its page opens everywhere.
    pub login_elsewhere: Option<String>,
    /// Which mode the login leads to, and the one line that changes it.
    pub next_mode: String,
    /// Whether a person is still to say where orders go: nothing says so yet, and FYERS takes some from this app.
    pub asks_orders: bool,
}

/// What a person says of the app.
pub struct AppAnswers {
    /// The keeper's https address; empty for none.
    pub public_url: String,
    /// `Host` of the request: where the person's own browser reaches the keeper.
    pub host: String,
    /// The app id.
    pub id: String,
    /// The secret id.
    pub secret: SecretString,
}

/// What the pages need of the program. Every error is one for the person, in words, without what was answered.
#[async_trait]
pub trait SetUp: Send + Sync {
    /// How far the set-up is. Looks whether the code has come, when one is waited for.
    async fn view(&self) -> SetUpView;
    /// Saves the app and asks FYERS about it; one that FYERS does not know is not kept.
    async fn save_app(&self, answers: AppAnswers) -> Result<(), String>;
    /// Asks Telegram about the bot and waits for the code from then on.
    async fn begin_pairing(&self, bot_token: SecretString) -> Result<(), String>;
    /// Goes on without Telegram.
    async fn skip_pairing(&self) -> Result<(), String>;
    /// Asks again for the answer before the present step. What was saved of it stays until another one is accepted.
    async fn step_back(&self);
    /// Goes on with what was saved after all.
    async fn keep(&self);
    /// Saves where orders go: to FYERS with real money, or nowhere.
    async fn choose_orders(&self, real: bool) -> Result<(), String>;
    /// Ends the set-up: the keeper starts again with what was saved.
    fn finish(&self);
    /// Whether it was ended: this program is about to be replaced, and knows nothing of what was saved.
    fn is_finished(&self) -> bool;
}

/// The set-up with the link that opens it.
pub struct SetUpDoor {
    /// The link.
    pub link: SetUpLink,
    /// What the pages do.
    pub steps: Arc<dyn SetUp>,
}

/// The link that opens the set-up.
pub struct SetUpLink {
    code: SecretString,
    began: Instant,
    is_used: Mutex<bool>,
}

impl Default for SetUpLink {
    fn default() -> Self {
        let code = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 24]>());
        Self { code: code.into(), began: Instant::now(), is_used: Mutex::new(false) }
    }
}

impl SetUpLink {
    /// The path with the code, for the person who can see this program's terminal or log.
    pub fn path(&self) -> String {
        format!("setup?once={}", self.code.expose_secret())
    }

    /// Uses the link up; false for a wrong code, and once it was used or is too old.
    pub(in crate::http) fn redeem(&self, shown: &str) -> bool {
        self.redeem_after(shown, self.began.elapsed())
    }

    fn redeem_after(&self, shown: &str, age: Duration) -> bool {
        let is_right: bool = shown.as_bytes().ct_eq(self.code.expose_secret().as_bytes()).into();
        if !is_right || age >= GOOD_FOR {
            return false;
        }
        let mut is_used = self.is_used.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut is_used, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_once_and_for_an_hour() {
        let link = SetUpLink::default();
        let code = link.path().split_once('=').unwrap().1.to_owned();
        assert_eq!(code.len(), 32, "192 bits");
        assert!(!link.redeem("") && !link.redeem(&code[1..]) && !link.redeem_after(&code, GOOD_FOR));
        assert!(link.redeem(&code), "a wrong one uses nothing up");
        assert!(!link.redeem(&code), "it was used");
        assert_ne!(SetUpLink::default().path(), SetUpLink::default().path());
    }
}
