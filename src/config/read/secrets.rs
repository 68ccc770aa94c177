//! Credentials among the settings: the app, its tokens, the PIN, the gateway key and the chat.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Reader, is_bot_token, not_possible};
use crate::config::{
    credential, key_strength,
    settings::{AppSettings, TelegramSettings},
};

impl Reader<'_> {
    pub(super) fn secret(&mut self, name: &'static str) -> Option<SecretString> {
        self.value(name).map(|found| SecretString::from(found.text))
    }

    /// A token, with or without its app's id before it. The id is taken off: FYERS is sent one anyway.
    pub(super) fn token(&mut self, name: &'static str) -> Option<SecretString> {
        let found = self.value(name)?;
        let Some((id, token)) = credential::with_app_id(&found.text) else {
            return Some(SecretString::from(found.text));
        };
        if self.client_id.as_ref().is_some_and(|own| own != id) {
            let what = format!("belongs to the app {id}, and FYERS_CLIENT_ID is another one");
            self.problem(
                name,
                what,
                "Use a token of the app in FYERS_CLIENT_ID, or leave it empty and log in.",
            );
            return None;
        }
        self.remarks.notes.push(format!("{name} has the app's id before the token: only the token is used."));
        Some(SecretString::from(token.to_owned()))
    }

    pub(super) fn gateway_key(&mut self) -> Option<SecretString> {
        let key = self.secret("KEEPER_GATEWAY_KEY")?;
        if let Err(weakness) = key_strength::check(key.expose_secret()) {
            let remedy =
                "Leave it out, and the keeper makes one; or set it to what `openssl rand -hex 32` prints.";
            self.problem("KEEPER_GATEWAY_KEY", weakness.to_string(), remedy);
            return None;
        }
        Some(key)
    }

    /// Long enough that nobody guesses it from a signed request.
    pub(super) fn webhook_secret(&mut self) -> Option<SecretString> {
        let secret = self.secret("KEEPER_WEBHOOK_SECRET")?;
        if secret.expose_secret().len() < 16 {
            let remedy = "Set it to what `openssl rand -hex 32` prints, here and at the receiver.";
            self.problem("KEEPER_WEBHOOK_SECRET", "is shorter than 16 characters", remedy);
            return None;
        }
        if self.sources.raw("KEEPER_WEBHOOK_URL").is_none()
            && self.sources.raw("KEEPER_WEBHOOK_URL_FILE").is_none()
        {
            self.remarks
                .notes
                .push("KEEPER_WEBHOOK_SECRET signs nothing while KEEPER_WEBHOOK_URL is not set.".to_owned());
        }
        Some(secret)
    }

    pub(super) fn pin(&mut self) -> Option<SecretString> {
        let pin = self.secret("FYERS_PIN")?;
        let digits = pin.expose_secret().chars().all(|c| c.is_ascii_digit());
        if !digits || !(4..=6).contains(&pin.expose_secret().len()) {
            self.problem("FYERS_PIN", "is not four to six digits", "Set it to the PIN of your FYERS login.");
            return None;
        }
        Some(pin)
    }

    pub(super) fn app(&mut self) -> Option<AppSettings> {
        let client_id = self.value("FYERS_CLIENT_ID").map(|found| found.text);
        let secret = self.secret("FYERS_SECRET_KEY");
        let has_problem =
            |name: &str| self.remarks.problems.iter().any(|problem| problem.name.starts_with(name));
        let (id_is_bad, secret_is_bad) = (has_problem("FYERS_CLIENT_ID"), has_problem("FYERS_SECRET_KEY"));
        self.client_id = client_id.clone().filter(|id| credential::is_client_id(id));
        if let Some(client_id) = client_id.as_ref().filter(|_| self.client_id.is_none()) {
            let (what, remedy) = credential::not_an_app_id(client_id);
            self.problem("FYERS_CLIENT_ID", what, remedy);
        }
        let both = "Set both, or neither for Mock mode.";
        match (client_id, secret) {
            (Some(client_id), Some(secret)) => return Some(AppSettings { client_id, secret }),
            (Some(_), None) if !secret_is_bad => {
                self.problem("FYERS_SECRET_KEY", "is not set, but FYERS_CLIENT_ID is", both);
            }
            (None, Some(_)) if !id_is_bad => {
                self.problem("FYERS_CLIENT_ID", "is not set, but FYERS_SECRET_KEY is", both);
            }
            _ => {}
        }
        None
    }

    pub(super) fn telegram(&mut self, api_url: &Url) -> Option<TelegramSettings> {
        let bot_token = self.secret("TELEGRAM_BOT_TOKEN");
        let chat_id = self.parsed::<i64>("TELEGRAM_CHAT_ID", "the chat's number, as 123456789");
        let allowed_users = self.users();
        if bot_token.as_ref().is_some_and(|token| !is_bot_token(token.expose_secret())) {
            let what = "does not look like a bot token";
            self.problem(
                "TELEGRAM_BOT_TOKEN",
                what,
                "In Telegram write /mybots to @BotFather, choose the bot, press \"API Token\", and copy all of it: digits, a \
                 colon, 35 letters or more.",
            );
        }
        let has_chat = self.sources.raw("TELEGRAM_CHAT_ID").is_some();
        let has_token =
            self.remarks.problems.iter().any(|problem| problem.name.starts_with("TELEGRAM_BOT_TOKEN"));
        match (bot_token, chat_id) {
            (Some(bot_token), Some(chat_id)) => {
                let own = if chat_id > 0 { vec![chat_id] } else { vec![] };
                let allowed_users = allowed_users.unwrap_or(own);
                Some(TelegramSettings { bot_token, chat_id, allowed_users, api_url: api_url.clone() })
            }
            (Some(_), None) if !has_chat => {
                let what = "is not set, but TELEGRAM_BOT_TOKEN is";
                self.problem(
                    "TELEGRAM_CHAT_ID",
                    what,
                    "Write to the bot once and use your own id, as @userinfobot tells it.",
                );
                None
            }
            (None, Some(_)) if !has_token => {
                let what = "is not set, but TELEGRAM_CHAT_ID is";
                self.problem("TELEGRAM_BOT_TOKEN", what, "Set both, or neither to have alerts in the log.");
                None
            }
            _ => None,
        }
    }

    pub(super) fn users(&mut self) -> Option<Vec<i64>> {
        let text = self.value("TELEGRAM_ALLOWED_USERS")?.text;
        let users: Result<Vec<i64>, _> = text.split(',').map(|user| user.trim().parse()).collect();
        if users.is_err() {
            let remedy = "Set it to user numbers with commas between them, as 12345,67890.";
            self.problem("TELEGRAM_ALLOWED_USERS", not_possible(&text), remedy);
        }
        users.ok()
    }
}
