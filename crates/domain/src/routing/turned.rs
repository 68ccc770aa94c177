//! Positions that turn round or grow under a halt. No order that a halt lets out turns one alone; an exit that FYERS takes when
//! everybody has stopped waiting for it can, behind a second one, and so can a person. One grows when an order fills that
//! waited at FYERS before the halt. Whoever it was, somebody must hear.

use std::collections::BTreeMap;

use fyers_api::model::Position;

use super::request::{Leg, normal};
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

impl Moved {
    /// Whether these orders alone may have moved it so far.
    pub fn may_be_by<'a>(&self, orders: impl IntoIterator<Item = &'a Leg>) -> bool {
        let by = self.to.saturating_sub(self.from);
        let is_of_it = |leg: &&Leg| leg.is_in(&self.symbol) && leg.quantity.signum() == by.signum();
        let ordered =
            orders.into_iter().filter(is_of_it).fold(0_i64, |all, leg| all.saturating_add(leg.quantity));
        by.unsigned_abs() <= ordered.unsigned_abs()
    }
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

/// What is open since a halt began, and what was open last: one that was closed is remembered, as it may turn through nothing.
/// Of each symbol the sum of its products counts: a conversion takes from one product what it gives to another. What turns in
/// one product is news all the same, unless the sum stays as it was.
#[derive(Debug, Clone, Default)]
pub struct LastOpen {
    /// By symbol and product.
    products: BTreeMap<(String, String), Held>,
    /// By symbol.
    sums: BTreeMap<String, Held>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Held {
    now: i64,
    last: i64,
}

impl Held {
    fn learn(&mut self, to: i64) -> Self {
        let before = *self;
        *self = Self { now: to, last: if to == 0 { before.last } else { to } };
        before
    }

    fn is_turned_by(self, to: i64) -> bool {
        to != 0 && self.last.signum() == -to.signum()
    }
}

impl LastOpen {
    /// Learns a reading, and tells what has changed.
    pub fn learn(&mut self, positions: &[Position]) -> Moves {
        let mut moves = Moves::default();
        for (key, (symbol, to)) in sums(positions) {
            let before = self.sums.entry(key.clone()).or_default().learn(to);
            let of_it = positions.iter().filter(|position| normal(&position.symbol) == key);
            let turned = of_it.filter_map(|position| self.turned(position)).collect::<Vec<_>>();
            let moved = |from| Moved { symbol: symbol.to_owned(), from, to };
            match () {
                () if to == before.now => {}
                () if !turned.is_empty() => moves.turned.extend(turned),
                () if before.is_turned_by(to) => moves.turned.push(moved(before.last)),
                () if to.unsigned_abs() > before.now.unsigned_abs() => moves.grown.push(moved(before.now)),
                () => {}
            }
        }
        moves
    }

    /// One that has turned in its product.
    fn turned(&mut self, position: &Position) -> Option<Moved> {
        let to = position.net;
        let before = self.products.entry(Leg::closing(position).key()).or_default().learn(to);
        let moved = || Moved { symbol: position.symbol.clone(), from: before.last, to };
        before.is_turned_by(to).then(moved)
    }
}

/// What is open in each symbol, with the symbol as FYERS writes it.
fn sums(positions: &[Position]) -> BTreeMap<String, (&str, i64)> {
    let mut sums = BTreeMap::new();
    for position in positions {
        let (_, sum) = sums.entry(normal(&position.symbol)).or_insert((position.symbol.as_str(), 0_i64));
        *sum = sum.saturating_add(position.net);
    }
    sums
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
    fn what_orders_may_have_filled_is_by_them_up_to_their_quantity() {
        use crate::routing::exposure::tests::leg;
        let grown = |from, to| Moved { symbol: "A".to_owned(), from, to };
        let orders = [leg("a ", 6), leg("A", 4), leg("A", -3), leg("B", 50)];
        assert!(grown(0, 10).may_be_by(&orders) && grown(5, 7).may_be_by(&orders));
        assert!(!grown(0, 11).may_be_by(&orders) && !grown(0, 1).may_be_by(&[]));
        assert!(grown(-2, -5).may_be_by(&orders) && !grown(-2, -6).may_be_by(&orders));
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

    #[test]
    fn a_conversion_is_no_growth_and_hides_no_turn() {
        let mut open = LastOpen::default();
        let in_margin = |net| Position { product: fyers_api::model::Product::Margin, ..position("A", net) };
        open.learn(&[position("A", 10)]);
        let mut read = |intraday: i64, margin: i64| {
            let Moves { turned, grown } = open.learn(&[position("A", intraday), in_margin(margin)]);
            let of = |all: Vec<Moved>| all.into_iter().map(|one| (one.from, one.to)).collect::<Vec<_>>();
            (of(turned), of(grown))
        };
        assert_eq!(read(0, 10), (vec![], vec![]), "all of it was converted");
        assert_eq!(read(4, 6), (vec![], vec![]), "some of it came back");
        assert_eq!(read(1, 8), (vec![], vec![]), "converted and sold");
        assert_eq!(read(1, 12), (vec![], vec![(9, 13)]), "the sum has grown");
        assert_eq!(read(-3, 12), (vec![(1, -3)], vec![]), "in its product");
        assert_eq!(read(-3, -2), (vec![(12, -2)], vec![]));
    }
}
