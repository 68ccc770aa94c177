//! What may go, and what may be simulated, while FYERS' positions cannot be read.

use fyers_api::{ist::ist, operation::Operation};

use super::{Refused, Route, Snapshot, names_what_is_simulated};
use crate::routing::{
    exposure::reduces,
    request::{Leg, OrderCall},
};

/// What nobody has read may be a position of which any order is the exit.
pub(super) fn is_no_exit_of_the_unread(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    if let Some(since) = now.live.unread_since.filter(|_| !names_what_is_simulated(call)) {
        let since = ist(since).format("%H:%M on %-d %b");
        return Err(Refused::Protected(format!(
            "your live positions could not be read since {since} IST, so it may be the exit of one that is not known"
        )));
    }
    Ok(())
}

/// What is sold from delivery may be shares at FYERS, of which nothing is known without a token. Only what was bought in
/// simulation today can be sold so.
pub(super) fn sells_no_real_shares(now: &Snapshot, call: &OrderCall) -> Result<(), Refused> {
    let is_sale = |leg: &&Leg| {
        let simulated = reduces(std::slice::from_ref(leg), &now.simulated, &now.simulated_waiting);
        leg.quantity < 0 && leg.may_be_delivery() && !simulated
    };
    match call.legs.iter().find(is_sale) {
        Some(leg) => Err(Refused::Protected(format!(
            "it would sell shares of {} from delivery, and which of them you hold at FYERS is not known now",
            leg.symbol
        ))),
        None => Ok(()),
    }
}

/// Whether an exit of positions may go although nobody knows what is open: FYERS closes what is open then, which is never more.
/// Beside an order that may still fill it could be too much, so none may be on its way; one that FYERS has answered is cancelled
/// with those that wait, where the exit says so; but for what comes of a GTT or smart order, of which the product is not told.
pub(super) fn closes_the_unknown(now: &Snapshot, call: &OrderCall) -> bool {
    let is_unanswered = now.sent.legs.len() > now.not_shown.len();
    let waits_elsewhere = || now.sent.legs.iter().any(|leg| leg.product.is_empty());
    let is_free = match call.cancels_waiting {
        true => !is_unanswered && !waits_elsewhere(),
        false => now.on_the_way().next().is_none(),
    };
    !now.knows_the_books() && !now.sent.is_opaque && is_free
}

/// Whether it may go when no reading of the positions could be had.
pub fn passes_unread(call: &OrderCall, decided: &Route) -> bool {
    call.operation == Operation::ExitPositions && *decided == Route::Fyers
}
