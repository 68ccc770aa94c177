//! Positions that turn round under a halt. No order that a halt lets out does that alone; an exit that FYERS takes when
//! everybody has stopped waiting for it can, behind a second one, and so can a person. Whoever it was, somebody must hear.

use std::collections::BTreeMap;

use fyers_api::model::Position;

use super::request::Leg;

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
