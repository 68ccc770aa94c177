//! Alerts without Telegram: the log is the channel.

use async_trait::async_trait;
use keeper_domain::{
    alert::{Outgoing, SendError},
    ports::Messenger,
};

/// Takes every alert. The notifier logs the text of each alert that is out, as `alert.sent` with this channel's
/// name, so there is nothing left to do here.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogMessenger;

#[async_trait]
impl Messenger for LogMessenger {
    async fn send(&self, _message: &Outgoing) -> Result<(), SendError> {
        Ok(())
    }

    fn channel(&self) -> &'static str {
        "log"
    }

    fn is_paced(&self) -> bool {
        false
    }
}
