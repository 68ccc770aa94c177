//! The channels to people: who sends alerts, and who talks in the chat.

use std::sync::Arc;

use keeper_domain::{chat::talk::SHOW_BOT_TOKEN, ports::Messenger};

use super::CliConfig;
use crate::{
    app::Phone,
    cli::{exit::Exit, failure::Failure, output::fail},
    telegram::{LogMessenger, TelegramChat, TelegramMessenger, TelegramSetupError},
    webhook::{WebhookMessenger, WebhookSettings},
};

impl CliConfig {
    /// Where alerts go.
    pub fn messenger(&self) -> Result<Arc<dyn Messenger>, Failure> {
        let Some(telegram) = &self.settings.telegram else { return Ok(Arc::new(LogMessenger)) };
        let messenger = TelegramMessenger::new(telegram).map_err(refuse_telegram)?;
        let messenger = messenger.with_moves(Arc::clone(&self.moves));
        Ok(Arc::new(messenger))
    }

    /// The second channel for alerts; `None` when it is not configured.
    pub fn webhook(&self) -> Result<Option<Arc<dyn Messenger>>, Failure> {
        let Some(url) = self.settings.webhook_url.clone() else { return Ok(None) };
        let settings = WebhookSettings { url, secret: self.settings.webhook_secret.clone() };
        let messenger = WebhookMessenger::new(&settings).ok_or_else(|| {
            fail(Exit::BadSettings, "KEEPER_WEBHOOK_URL cannot be used: TLS cannot be set up here", "")
        })?;
        Ok(Some(Arc::new(messenger)))
    }

    /// The chat for the login card and for commands; `None` when Telegram is not configured.
    pub fn phone(&self) -> Result<Option<Phone>, Failure> {
        let Some(telegram) = &self.settings.telegram else { return Ok(None) };
        let chat = TelegramChat::new(telegram).map_err(refuse_telegram)?;
        let chat = chat.with_moves(Arc::clone(&self.moves));
        Ok(Some(Phone {
            chat: Arc::new(chat),
            chat_id: telegram.chat_id,
            allowed_users: telegram.allowed_users.clone(),
            moves: Some(Arc::clone(&self.moves)),
        }))
    }
}

fn refuse_telegram(error: TelegramSetupError) -> Failure {
    let remedy = match error {
        TelegramSetupError::BotToken => format!("Set it again: {SHOW_BOT_TOKEN}."),
        TelegramSetupError::ApiUrl | TelegramSetupError::Client => {
            "Compare the TELEGRAM_ settings with `fyers-keeper config example`.".to_owned()
        }
    };
    fail(Exit::BadSettings, &error.to_string(), &remedy)
}
