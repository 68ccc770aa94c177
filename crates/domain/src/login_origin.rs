//! Where a person began a login.

use serde::{Deserialize, Serialize};

/// The place where a login began, and with it how far whoever began it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginOrigin {
    /// The public login page: perhaps a stranger.
    Page,
    /// The login card in the chat.
    Card,
    /// The status page of a browser that has shown the key, or the set-up pages.
    StatusPage,
    /// The command line.
    CommandLine,
    /// A code that was pasted into the chat, or an account that was confirmed there.
    Chat,
}

impl LoginOrigin {
    const ALL: [Self; 5] = [Self::Page, Self::Card, Self::StatusPage, Self::CommandLine, Self::Chat];

    /// Whether whoever began there may command the keeper.
    pub fn is_vouched(self) -> bool {
        self != Self::Page
    }

    /// "logged in from …"
    pub fn words(self) -> &'static str {
        match self {
            Self::Page => "the login page",
            Self::Card => "the login card",
            Self::StatusPage => "the status page",
            Self::CommandLine => "the command line",
            Self::Chat => "the chat",
        }
    }

    /// As a signed state has it.
    pub(crate) fn byte(self) -> u8 {
        self as u8
    }

    /// What a state says; one that is not known is trusted least.
    pub(crate) fn of_byte(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or(Self::Page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_comes_back_and_an_unknown_one_is_a_strangers() {
        for origin in LoginOrigin::ALL {
            assert_eq!(LoginOrigin::of_byte(origin.byte()), origin);
        }
        assert_eq!(LoginOrigin::of_byte(200), LoginOrigin::Page);
        assert!(!LoginOrigin::Page.is_vouched() && LoginOrigin::Card.is_vouched());
    }
}
