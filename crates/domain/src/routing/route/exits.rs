//! The one rule of exits: whether a request can only bring open positions nearer to zero, beside everything that may still
//! fill. A halt lets nothing else through, and nothing else is spared by the limits of a key.

use fyers_api::{model::Position, operation::Operation};

use super::{NoExit, Snapshot, unread::closes_the_unknown};
use crate::routing::{
    exposure::{may_be_in, reduces},
    request::{Leg, OrderCall},
    sums::unseen_fills,
};

/// Whether orders, or an exit of positions, only reduce what is open: at FYERS where it is `real`, else in the MockExchange.
///
/// # Errors
/// What keeps it from being an exit.
pub fn only_reduces(now: &Snapshot, call: &OrderCall, real: bool) -> Result<(), NoExit> {
    let is_exit = call.operation == Operation::ExitPositions;
    if is_exit && real && closes_the_unknown(now, call) {
        return Ok(());
    }
    if real && !now.knows_the_books() {
        return Err(NoExit::Unknown);
    }
    if is_exit {
        return closes_alone(now, call, real);
    }
    let mut doubtful = now.live.unknown.iter().chain(&now.untold);
    if real && doubtful.any(|symbol| call.legs.iter().any(|leg| leg.is_in(symbol))) {
        return Err(NoExit::Unknown);
    }
    if !call.understood || call.has_extras {
        return Err(NoExit::Entry);
    }
    let (positions, waiting) = (positions(now, real), waiting(now, real));
    let unseen = if real { unseen_exits(now) } else { vec![] };
    let beside = |ahead: &[&Leg]| reduces(&call.legs, positions, ahead.iter().copied());
    let with_unseen: Vec<&Leg> = waiting.iter().copied().chain(&unseen).collect();
    match (beside(&waiting), beside(&[])) {
        (true, _) if !beside(&with_unseen) => Err(NoExit::Unknown),
        (true, _) => Ok(()),
        (false, true) if real => Err(why_no_second_exit(now, false, beside)),
        (false, true) => Err(NoExit::OnItsWay),
        (false, false) => Err(NoExit::Entry),
    }
}

/// Whether no order may still fill that closes one of the positions which an exit closes, or a conversion takes away: such an
/// order would open a new one. An exit of all closes what is open then, and so what an order opens before it: with another one
/// that closes that again, neither may be ahead. One that also cancels what waits leaves only what is in flight.
///
/// # Errors
/// What stands before it.
pub fn closes_alone(now: &Snapshot, call: &OrderCall, real: bool) -> Result<(), NoExit> {
    let closed = call.closes(positions(now, real));
    let ahead: Vec<&Leg> = match call.cancels_waiting {
        true => now.sent.legs.iter().filter(|_| real).collect(),
        false => waiting(now, real),
    };
    let closes = |leg: &Leg, other: &Leg| {
        leg.key() == other.key() && leg.quantity.signum() == -other.quantity.signum() && call.may_close(leg)
    };
    let unseen = if real { unseen_fills(&now.torn) } else { vec![] };
    let is_free = |ahead: &[&Leg]| {
        let is_against = |leg: &Leg| closed.iter().any(|open| may_close(leg, open));
        let is_closed =
            |leg: &Leg| real && ahead.iter().copied().chain(&unseen).any(|other| closes(leg, other));
        !ahead.iter().any(|leg| is_against(leg) || is_closed(leg))
    };
    match is_free(&ahead) {
        true => Ok(()),
        false if real => Err(why_no_second_exit(now, call.cancels_waiting, is_free)),
        false => Err(NoExit::OnItsWay),
    }
}

/// Exits that FYERS' order book shows as filled, and its positions do not: of an order that nobody here waits for any more, or of
/// the app.
pub(super) fn unseen_exits(now: &Snapshot) -> Vec<Leg> {
    let of = |(key, ahead): &((String, String), i64)| {
        let open = now.live.positions.iter().map(Leg::closing).find(|closing| closing.key() == *key)?;
        let is_of_it = |leg: &&Leg| leg.key() == *key && leg.quantity.signum() == ahead.signum();
        let counted: i64 = now.listed.iter().filter(is_of_it).map(|leg| leg.quantity).sum();
        let quantity = ahead - counted;
        (ahead.signum() == open.quantity.signum() && quantity.signum() == ahead.signum())
            .then_some(Leg { quantity, ..open })
    };
    now.torn.iter().filter_map(of).collect()
}

fn positions(now: &Snapshot, real: bool) -> &[Position] {
    if real { &now.live.positions } else { &now.simulated }
}

fn waiting(now: &Snapshot, real: bool) -> Vec<&Leg> {
    if real { now.on_the_way().collect() } else { now.simulated_waiting.iter().collect() }
}

/// What stands before an exit that is small enough by itself. `passes` tells whether it would go with these ahead.
fn why_no_second_exit(now: &Snapshot, cancels_waiting: bool, passes: impl Fn(&[&Leg]) -> bool) -> NoExit {
    let waiting = now.live.waiting.iter().filter(|_| !cancels_waiting);
    let mut ahead: Vec<&Leg> = waiting.chain(&now.sent.legs).collect();
    for (of_a_kind, why) in [(&now.not_shown, NoExit::NotShown), (&now.unanswered, NoExit::Unanswered)] {
        for leg in of_a_kind {
            if let Some(place) = ahead.iter().rposition(|other| *other == leg) {
                ahead.remove(place);
            }
        }
        if passes(&ahead) {
            return why;
        }
    }
    NoExit::OnItsWay
}

/// Whether the order may close some of this position, whatever its size.
pub(super) fn may_close(leg: &Leg, open: &Position) -> bool {
    may_be_in(leg, &Leg::closing(open).key()) && leg.quantity.signum() == -open.net.signum() && open.net != 0
}
