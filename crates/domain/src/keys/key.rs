//! One key: what is kept of it, and what it means for its bot's requests.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    keys::{
        limits::KeyLimits,
        name::BotName,
        token::{Digest, Minted},
    },
    mode::Mode,
};

/// What a person asks for when a key is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The bot's name.
    pub name: BotName,
    /// How far its orders may go.
    pub ceiling: Mode,
    /// Whether it may only read.
    pub read_only: bool,
    /// What it may do at most.
    pub limits: KeyLimits,
}

/// What is kept of a key: nothing that opens a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    /// The bot's name.
    pub name: BotName,
    /// How far its orders may go.
    pub ceiling: Mode,
    /// Whether it may only read.
    #[serde(default)]
    pub read_only: bool,
    /// What it may do at most.
    #[serde(default)]
    pub limits: KeyLimits,
    /// Whether a person has halted this bot.
    #[serde(default)]
    pub halted: bool,
    /// SHA-256 of the token; `None` for the first key, whose token is in the settings or in a file of its own.
    #[serde(default)]
    pub token: Option<Digest>,
    /// SHA-256 of the token's `hsm_key`.
    #[serde(default)]
    pub hsm_key: Option<Digest>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last given a new token.
    #[serde(default)]
    pub rotated_at: Option<DateTime<Utc>>,
}

impl StoredKey {
    /// A key as it was asked for, with this token.
    pub fn new(wish: NewKey, minted: &Minted, at: DateTime<Utc>) -> Self {
        let NewKey { name, ceiling, read_only, limits } = wish;
        Self {
            name,
            ceiling,
            read_only,
            limits,
            halted: false,
            token: Some(minted.digest()),
            hsm_key: Some(minted.hsm_digest()),
            created_at: at,
            rotated_at: None,
        }
    }

    /// The first key: it may do everything.
    pub fn owner(at: DateTime<Utc>) -> Self {
        Self {
            name: BotName::owner(),
            ceiling: Mode::Live,
            read_only: false,
            limits: KeyLimits::default(),
            halted: false,
            token: None,
            hsm_key: None,
            created_at: at,
            rotated_at: None,
        }
    }

    /// The same key with another token.
    #[must_use]
    pub fn rotated(self, minted: &Minted, at: DateTime<Utc>) -> Self {
        Self {
            token: Some(minted.digest()),
            hsm_key: Some(minted.hsm_digest()),
            rotated_at: Some(at),
            ..self
        }
    }
}

/// A key in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotKey {
    /// What is kept of it.
    pub stored: StoredKey,
    /// SHA-256 of each token that is accepted for it. The first key has two: as it was chosen, and as a JWT.
    pub tokens: Vec<Digest>,
    /// SHA-256 of the `hsm_key` that its data socket shows.
    pub hsm_key: Option<Digest>,
}

impl BotKey {
    /// The bot's name.
    pub fn name(&self) -> &BotName {
        &self.stored.name
    }

    /// The mode that counts for this bot: never above its ceiling.
    pub fn mode(&self, mode: Mode) -> Mode {
        mode.at_most(self.stored.ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ceiling_lowers_and_never_lifts() {
        let key = |ceiling| {
            let stored = StoredKey { ceiling, ..StoredKey::owner(DateTime::UNIX_EPOCH) };
            BotKey { stored, tokens: vec![], hsm_key: None }
        };
        use Mode::{Live, Mock, Sandbox};
        for (ceiling, mode, counts) in [
            (Live, Live, Live),
            (Live, Sandbox, Sandbox),
            (Live, Mock, Mock),
            (Sandbox, Live, Sandbox),
            (Sandbox, Sandbox, Sandbox),
            (Sandbox, Mock, Mock),
            (Mock, Live, Mock),
            (Mock, Sandbox, Mock),
            (Mock, Mock, Mock),
        ] {
            assert_eq!(key(ceiling).mode(mode), counts, "{ceiling:?} {mode:?}");
        }
    }
}
