//! Positions that turn round or grow under a halt. No order that a halt lets out turns one alone; an exit that FYERS takes when
//! everybody has stopped waiting for it can, behind a second one, and so can a person. One grows when an order fills that
//! waited at FYERS before the halt. Whoever it was, somebody must hear.

use std::collections::BTreeMap;

use fyers_api::model::Position;

use super::request::Leg;
use crate::keys::BotName;

/// A position that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its symbol.
    pub symbol: String,
    /// What was open before, signed.
    pub from: i64,
    /// What is open now.
    pub to: i64,
}

/// What a reading says of positions beside the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moves {
    /// Long positions that are short now, and the other way round; `from` was last open.
    pub turned: Vec<Moved>,
    /// Positions that are larger than before; `from` may be nothing.
    pub grown: Vec<Moved>,
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

/// What is open in each symbol and product since a halt began, and what was open there last: one that was closed is
/// remembered, as it may turn through nothing.
#[derive(Debug, Clone, Default)]
pub struct LastOpen(BTreeMap<(String, String), Held>);

#[derive(Debug, Clone, Copy, Default)]
struct Held {
    now: i64,
    last: i64,
}

impl LastOpen {
    /// Learns a reading, and tells what has changed.
    pub fn learn(&mut self, positions: &[Position]) -> Moves {
        let mut moves = Moves::default();
        for position in positions {
            let held = self.0.entry(Leg::closing(position).key()).or_default();
            let Held { now, last } = *held;
            let to = position.net;
            *held = Held { now: to, last: if to == 0 { last } else { to } };
            let moved = |from| Moved { symbol: position.symbol.clone(), from, to };
            match () {
                () if to == 0 => {}
                () if last.signum() == -to.signum() => moves.turned.push(moved(last)),
                () if to.unsigned_abs() > now.unsigned_abs() => moves.grown.push(moved(now)),
                () => {}
            }
        }
        moves
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
        let mut read = |a: i64, b: i64| open.learn(&[position("A", a), position("B", b)]).turned;
        assert_eq!(read(10, -5), []);
        assert_eq!(read(4, -9), [], "less and more are no turn");
        let turned = |symbol: &str, from, to| Moved { symbol: symbol.to_owned(), from, to };
        assert_eq!(read(-6, -9), [turned("A", 4, -6)]);
        assert_eq!(read(-6, 0), [], "once");
        assert_eq!(read(-6, 0), []);
        assert_eq!(read(-6, 9), [turned("B", -9, 9)], "through nothing");
        assert_eq!(open.learn(&[position("C", 1)]).turned, [], "what was not open has not turned");
    }

    #[test]
    fn a_position_that_grows_is_told_by_how_much_and_one_that_turns_or_shrinks_has_not_grown() {
        let mut open = LastOpen::default();
        open.learn(&[position("A", 10)]);
        let mut read = |a: i64, b: i64| {
            let Moves { turned, grown } = open.learn(&[position("A", a), position("B", b)]);
            (turned.len(), grown.into_iter().map(|one| (one.symbol, one.from, one.to)).collect::<Vec<_>>())
        };
        let grown = |symbol: &str, from, to| vec![(symbol.to_owned(), from, to)];
        assert_eq!(read(10, 0), (0, vec![]));
        assert_eq!(read(14, 0), (0, grown("A", 10, 14)));
        assert_eq!(read(14, -3), (0, grown("B", 0, -3)), "from nothing");
        assert_eq!(read(4, -3), (0, vec![]));
        assert_eq!(read(0, -3), (0, vec![]));
        assert_eq!(read(5, -3), (0, grown("A", 0, 5)));
        assert_eq!(read(-20, -3), (1, vec![]), "it has turned, which says more");
    }
}
