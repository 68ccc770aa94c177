//! A bot's name: it stands in journals, metrics, addresses and chats, so it is short, plain and said in one way.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::{Deserialize, Serialize};

/// The first key's name.
const DEFAULT: &str = "default";
/// The longest name: a column of a table.
const LONGEST: usize = 24;
/// Names that would be read as something else.
const RESERVED: [&str; 9] = ["all", "none", "other", "keeper", "fyers", "mock", "sandbox", "live", "halted"];

/// A bot's name: 2 to 24 lower-case letters, digits and dashes, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BotName(String);

/// Why a name is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Characters, length, or the first one.
    #[error("a name is 2 to 24 lower-case letters, digits and dashes, and begins with a letter")]
    Spelling,
    /// It means something else.
    #[error("this name has a meaning of its own: choose another one")]
    Reserved,
}

impl BotName {
    /// The first key: the owner's own.
    pub fn owner() -> Self {
        Self(DEFAULT.to_owned())
    }

    /// Reads a name.
    ///
    /// # Errors
    /// It is not spelt as a name, or is reserved.
    pub fn new(name: &str) -> Result<Self, NameProblem> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !(2..=LONGEST).contains(&name.len()) || !begins || !name.chars().all(plain) || name.ends_with('-')
        {
            return Err(NameProblem::Spelling);
        }
        if RESERVED.contains(&name) { Err(NameProblem::Reserved) } else { Ok(Self(name.to_owned())) }
    }

    /// Tells the bots of one keeper apart where a whole name is too much to carry along. Not to be written down.
    pub fn number(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the first key.
    pub fn is_owner(&self) -> bool {
        self.0 == DEFAULT
    }
}

impl fmt::Display for BotName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl TryFrom<String> for BotName {
    type Error = NameProblem;

    fn try_from(name: String) -> Result<Self, NameProblem> {
        Self::new(&name)
    }
}

impl From<BotName> for String {
    fn from(BotName(name): BotName) -> Self {
        name
    }
}

impl Default for BotName {
    fn default() -> Self {
        Self::owner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_or_refused() {
        for name in ["default", "scalper", "bot-2", "a1", "abcdefghijklmnopqrstuvwx"] {
            assert_eq!(BotName::new(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "a",
            "A1",
            "Scalper",
            "2bot",
            "-bot",
            "bot-",
            "bot_2",
            "bot 2",
            "b\u{f6}t",
            "bot\n",
            "../x",
            "abcdefghijklmnopqrstuvwxy",
            "a\"b",
        ] {
            assert_eq!(BotName::new(name), Err(NameProblem::Spelling), "{name:?}");
        }
        for name in RESERVED {
            assert_eq!(BotName::new(name), Err(NameProblem::Reserved), "{name}");
        }
        assert!(BotName::owner().is_owner() && BotName::new("default").unwrap().is_owner());
    }
}
