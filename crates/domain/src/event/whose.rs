//! Whom an event is about: what happens to one bot's key and orders is not told to another bot.

use crate::{event::Event, keys::BotName};

impl Event {
    /// The bot that it is about; `None` where it is about the account and the keeper. An order without a bot is of the time
    /// when there was one key, the owner's.
    fn bot(&self) -> Option<BotName> {
        match self {
            Self::KeyAdded { bot, .. }
            | Self::KeyRotated { bot, .. }
            | Self::KeyRemoved { bot, .. }
            | Self::KeyHalted { bot, .. }
            | Self::KeyLimitReached { bot, .. } => Some(bot.clone()),
            Self::OrderSimulated { bot, .. }
            | Self::OrderOutcomeUnknown { bot, .. }
            | Self::OrderRejected { bot, .. }
            | Self::OrderPlaced { bot, .. }
            | Self::OrderRefused { bot, .. } => Some(bot.clone().unwrap_or_else(BotName::owner)),
            _ => None,
        }
    }

    /// Whether this bot may be told of it.
    pub fn may_be_told_to(&self, bot: &BotName) -> bool {
        self.bot().is_none_or(|of| of == *bot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot(name: &str) -> BotName {
        BotName::new(name).unwrap()
    }

    fn order(bot: Option<BotName>) -> Event {
        Event::OrderPlaced { bot, id: "26".to_owned(), symbol: "NSE:SBIN-EQ".to_owned(), quantity: 1 }
    }

    #[test]
    fn a_bot_is_told_of_its_own_and_of_what_is_everybodys() {
        let halted = Event::KeyHalted { bot: bot("trial"), halted: true, by: "me".to_owned() };
        for (event, to_trial, to_other) in [
            (halted, true, false),
            (order(Some(bot("trial"))), true, false),
            (order(Some(bot("somebody"))), false, true),
            (order(None), false, false),
            (Event::LoggedOut, true, true),
        ] {
            let told = (event.may_be_told_to(&bot("trial")), event.may_be_told_to(&bot("somebody")));
            assert_eq!(told, (to_trial, to_other), "{event:?}");
        }
        assert!(order(None).may_be_told_to(&BotName::owner()));
    }

    /// A new event of a bot is noticed here.
    #[test]
    fn every_event_that_names_a_bot_is_one_bots() {
        let list = include_str!("../event.rs").split("pub enum Event {").nth(1).unwrap();
        let (mut variant, mut found) = ("", 0);
        for line in list.lines() {
            if let Some(name) = line.strip_prefix("    ").filter(|name| name.starts_with(char::is_uppercase))
            {
                variant = name.split([' ', ',', '(']).next().unwrap();
            }
            if line.contains("BotName") {
                let is_known = include_str!("whose.rs").contains(&format!("Self::{variant} {{ bot, .. }}"));
                assert!(is_known, "{variant} is of a bot, and every other bot would be told of it");
                found += 1;
            }
        }
        assert!(found >= 10, "{found}");
    }
}
