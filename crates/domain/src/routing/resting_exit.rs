//! Under a halt a change may pass that leaves a resting exit an exit.

use super::{change::ChangedOrder, exposure::reduces, live_positions::LivePositions, request::Leg};

/// The orders as they would be. Whether FYERS counts what has filled into a new quantity is not known, so it is taken for
/// what is left. `None` where one of them does not wait, as far as is known, or is named twice.
fn changed(changes: &[ChangedOrder], live: &LivePositions) -> Option<(Vec<usize>, Vec<Leg>)> {
    let mut places: Vec<usize> = vec![];
    let mut legs = vec![];
    for change in changes {
        let place = live.waiting_ids.iter().position(|id| *id == change.id)?;
        let leg = live.waiting.get(place).filter(|_| !places.contains(&place))?;
        let quantity = change.quantity.map_or(leg.quantity, |new| new.saturating_mul(leg.quantity.signum()));
        legs.push(Leg { quantity, ..leg.clone() });
        places.push(place);
    }
    Some((places, legs))
}

/// Whether the changed orders only reduce what is open, with all others that are on their way.
pub(super) fn still_reduces(changes: &[ChangedOrder], live: &LivePositions, sent: &[Leg]) -> bool {
    let Some((places, legs)) = changed(changes, live) else { return false };
    let others = live.waiting.iter().enumerate().filter(|(place, _)| !places.contains(place));
    reduces(&legs, &live.positions, others.map(|(_, leg)| leg).chain(sent))
}

/// Whether one of the orders is in a symbol of which a position could not be read.
pub(super) fn touches_the_unknown(changes: &[ChangedOrder], live: &LivePositions) -> bool {
    let legs = changed(changes, live).map(|(_, legs)| legs).unwrap_or_default();
    legs.iter().any(|leg| live.unknown.iter().any(|symbol| leg.is_in(symbol)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::routing::{
        change::read,
        exposure::tests::{leg, position},
    };

    fn live() -> LivePositions {
        LivePositions {
            positions: vec![position("A", 10)],
            waiting: vec![leg("A", -4), leg("A", -3), leg("A", 5)],
            waiting_ids: ["exit", "other", "entry"].map(str::to_owned).into(),
            ..LivePositions::default()
        }
    }

    fn passes(body: &Value, sent: &[Leg]) -> bool {
        read(body.to_string().as_bytes()).is_some_and(|changes| still_reduces(&changes, &live(), sent))
    }

    #[test]
    fn a_change_that_leaves_an_exit_an_exit_of_what_is_open_passes() {
        for change in [
            json!({"id": "exit", "type": 1, "limitPrice": 801}),
            json!({"id": "exit", "qty": 7, "stopLoss": 0}),
            json!({"id": " exit", "qty": "1"}),
            json!([{"id": "exit", "qty": 5}, {"id": "other", "qty": 5}]),
        ] {
            assert!(passes(&change, &[]), "{change}");
        }
        for change in [
            json!({"id": "exit", "qty": 8}),
            json!({"id": "entry", "limitPrice": 801}),
            json!({"id": "unknown", "qty": 1}),
            json!({"id": "exit", "qty": 0}),
            json!({"id": "exit", "qty": 1, "side": -1}),
            json!({"id": "exit", "qty": 1, "stopLoss": 5}),
            json!([{"id": "exit", "qty": 1}, {"id": "exit", "qty": 1}]),
            json!([{"id": "exit", "qty": 6}, {"id": "other", "qty": 5}]),
            json!([]),
            json!({}),
        ] {
            assert!(!passes(&change, &[]), "{change}");
        }
        assert!(!passes(&json!({"id": "exit", "qty": 7}), &[leg("A", -1)]), "what was sent counts too");
    }
}
