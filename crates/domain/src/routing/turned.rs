//! Positions that turn round under a halt. No order that a halt lets out does that alone; an exit that FYERS takes when
//! everybody has stopped waiting for it can, behind a second one, and so can a person. Whoever it was, somebody must hear.

use std::collections::BTreeMap;

use fyers_api::model::Position;

use super::request::Leg;
use crate::keys::BotName;

/// A position that has turned round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// Its symbol.
    pub symbol: String,
    /// What was open before, signed.
    pub from: i64,
    /// What is open now.
    pub to: i64,
}

/// Whose halt it is.
#[derive(Debug, Clone, Default)]
pub struct Halts<'a> {
    /// Trading as a whole is halted.
    pub all: bool,
    /// These bots are.
    pub bots: Vec<&'a BotName>,
}

impl Halts<'_> {
    /// Whether nothing is halted.
    pub fn is_none(&self) -> bool {
        !self.all && self.bots.is_empty()
    }

    /// Whether a turn in this symbol is news. A bot that is not halted may turn its own positions round, so of a halted bot
    /// only the symbols count in which it has orders at FYERS.
    pub fn reach(&self, symbol: &str, has_orders: impl Fn(&BotName, &str) -> bool) -> bool {
        self.all || self.bots.iter().any(|bot| has_orders(bot, symbol))
    }
}

/// What was last open in each symbol and product since a halt began. One that was closed is remembered: it may turn through
/// nothing.
#[derive(Debug, Clone, Default)]
pub struct LastOpen(BTreeMap<(String, String), i64>);

impl LastOpen {
    /// Learns a reading, and tells which positions have turned round.
    pub fn learn(&mut self, positions: &[Position]) -> Vec<Turned> {
        let open = positions.iter().filter(|position| position.net != 0);
        let turned = |position: &Position| {
            let before = self.0.insert(Leg::closing(position).key(), position.net);
            let from = before.filter(|before| before.signum() == -position.net.signum())?;
            Some(Turned { symbol: position.symbol.clone(), from, to: position.net })
        };
        open.filter_map(turned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::exposure::tests::position;

    #[test]
    fn under_the_halt_of_one_bot_only_the_symbols_of_its_orders_count() {
        let (trial, main) = (BotName::new("trial").unwrap(), BotName::new("main").unwrap());
        let has_orders =
            |bot: &BotName, symbol: &str| (bot, symbol) == (&trial, "A") || (bot, symbol) == (&main, "B");
        let reach = |halts: &Halts<'_>| ["A", "B", "C"].map(|symbol| halts.reach(symbol, has_orders));
        assert_eq!(reach(&Halts { all: true, bots: vec![] }), [true; 3]);
        let one = Halts { all: false, bots: vec![&trial] };
        assert!(reach(&one) == [true, false, false] && !one.is_none());
        assert_eq!(reach(&Halts { all: false, bots: vec![&trial, &main] }), [true, true, false]);
        assert!(reach(&Halts::default()) == [false; 3] && Halts::default().is_none());
    }

    #[test]
    fn a_position_that_turns_at_once_or_through_nothing_is_told_once() {
        let mut open = LastOpen::default();
        let mut read = |a: i64, b: i64| open.learn(&[position("A", a), position("B", b)]);
        assert_eq!(read(10, -5), []);
        assert_eq!(read(4, -9), [], "less and more are no turn");
        let turned = |symbol: &str, from, to| Turned { symbol: symbol.to_owned(), from, to };
        assert_eq!(read(-6, -9), [turned("A", 4, -6)]);
        assert_eq!(read(-6, 0), [], "once");
        assert_eq!(read(-6, 0), []);
        assert_eq!(read(-6, 9), [turned("B", -9, 9)], "through nothing");
        assert_eq!(open.learn(&[position("C", 1)]), [], "what was not open has not turned");
    }
}
