//! The `.env` file behind the port.

use async_trait::async_trait;
use keeper_domain::{
    ports::TokenMirror,
    secret::{AccessToken, RefreshToken},
};
use secrecy::SecretString;

use crate::env_file::EnvFile;

/// Keeps FYERS_ACCESS_TOKEN and FYERS_REFRESH_TOKEN in a `.env` file up to date.
pub struct EnvMirror {
    file: std::sync::Arc<EnvFile>,
}

impl EnvMirror {
    /// Writes to this file.
    pub fn new(file: EnvFile) -> Self {
        Self { file: std::sync::Arc::new(file) }
    }
}

#[async_trait]
impl TokenMirror for EnvMirror {
    async fn write(&self, access: &AccessToken, refresh: Option<&RefreshToken>) -> Result<(), String> {
        let file = std::sync::Arc::clone(&self.file);
        let access = SecretString::from(access.expose().to_owned());
        let refresh = refresh.map(|refresh| SecretString::from(refresh.expose().to_owned()));
        // The file is synced to disk, which can take a while on a busy machine: not on the actors' thread.
        let written = tokio::task::spawn_blocking(move || {
            let mut changes = vec![("FYERS_ACCESS_TOKEN", &access)];
            changes.extend(refresh.as_ref().map(|refresh| ("FYERS_REFRESH_TOKEN", refresh)));
            file.update(&changes).map_err(|error| format!("{error}. {}", error.advice()))
        });
        written.await.unwrap_or_else(|_| Err("writing .env was cut off".to_owned())).map(|_| ())
    }
}
