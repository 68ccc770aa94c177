//! What the limits of a key refuse by the last reading of FYERS' books, and what may be an exit by now: it waits for another one.

use fyers_api::operation::Operation;

use crate::routing::{
    no_exit::NoExit,
    request::{Leg, OrderCall},
    route::{ReadsFirst, Refused, Route, Snapshot, is_fill_unseen, route},
};

/// Whether a request that a key's limits refuse must wait for a new reading of the positions, and be decided again then: an
/// order may have opened what it closes, or the one before it may have ended. Such readings take their turn.
pub fn reads_for_limits(now: &Snapshot, call: &OrderCall, decided: &Route) -> Option<ReadsFirst> {
    use Operation::{ConvertPosition, ExitPositions, Place, PlaceMany};
    let is_exit = matches!(call.operation, ConvertPosition | ExitPositions | Place | PlaceMany);
    let may_pass = match decided {
        Route::Refused(Refused::NoExit { why, .. }) => {
            matches!(why, NoExit::NotShown | NoExit::OnItsWay | NoExit::Unknown)
        }
        Route::Refused(Refused::Limit { .. } | Refused::Unchecked { .. }) => may_have_opened(now, call),
        _ => false,
    };
    (is_exit && may_pass && route(now, call) == Route::Fyers).then_some(ReadsFirst::InTurn)
}

/// Whether one more reading may let it out: FYERS' books show a little later what came of the order before it.
pub fn reads_again_for_limits(now: &Snapshot, call: &OrderCall, decided: &Route) -> bool {
    match decided {
        Route::Refused(Refused::NoExit { why: NoExit::NotShown, .. }) => true,
        Route::Refused(Refused::NoExit { .. } | Refused::Limit { .. } | Refused::Unchecked { .. }) => {
            is_fill_unseen(now, call)
        }
        _ => false,
    }
}

/// Whether an order that waited at the last reading, or was sent since, may have opened what this one closes.
fn may_have_opened(now: &Snapshot, call: &OrderCall) -> bool {
    let is_readable = call.understood && !call.has_extras;
    let before = || now.live.waiting.iter().chain(&now.sent.legs);
    let closes = |leg: &Leg| {
        before().any(|one| one.key() == leg.key() && one.quantity.signum() == -leg.quantity.signum())
    };
    is_readable && (is_fill_unseen(now, call) || call.legs.iter().any(closes))
}

#[cfg(test)]
mod tests;
