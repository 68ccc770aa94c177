//! What passes the limits of a key because it is an exit, and what an entry beside it makes of one that waits.

use fyers_api::{model::Position, operation::Operation};
use mock_exchange::symbol::{Kind, is_well_formed};

use crate::{
    bots::books::BotBooks,
    keys::{BotKey, BotName},
    routing::{
        exposure::{may_be_in, reduces},
        no_exit::NoExit,
        request::{Leg, OrderCall},
        route::{Snapshot, only_reduces},
    },
};

/// The account with this bot's orders at FYERS as large as they may be with every change that was sent; `but` is left out.
/// What other requests do that nobody can tell is no order of this bot's.
pub(super) fn judged(now: &Snapshot, (bot, books): (&BotName, &BotBooks), but: Option<&str>) -> Snapshot {
    let mut judged = now.clone();
    for (leg, id) in judged.live.waiting.iter_mut().zip(&judged.live.waiting_ids) {
        if let Some(own) = books.order(bot, id) {
            leg.quantity = leg.quantity.signum() * own.left.max(leg.quantity.saturating_abs());
        }
    }
    for legs in [&mut judged.sent.legs, &mut judged.not_shown, &mut judged.listed, &mut judged.unanswered] {
        legs.retain(|leg| !leg.is_any());
    }
    judged.sent.legs.extend(books.grown_unseen(bot, but));
    judged.sent.is_opaque = false;
    judged
}

/// Whether these orders are exits by the rule of exits; selling delivery is one too. A GTT order that closes something may be
/// there when it is closed long since.
pub(super) fn as_exit(now: &Snapshot, call: &OrderCall, real: bool) -> Result<(), NoExit> {
    let sells = call.understood && !call.has_extras && !call.legs.is_empty();
    if sells && call.legs.iter().all(sells_delivery) {
        return Ok(());
    }
    if call.operation == Operation::PlaceGtt { Err(NoExit::Entry) } else { only_reduces(now, call, real) }
}

/// Whether they would be if nothing else could fill, as far as is known.
pub(super) fn would_be_exit(now: &Snapshot, call: &OrderCall, real: bool) -> bool {
    let is_readable = call.understood && !call.has_extras && call.operation != Operation::PlaceGtt;
    is_readable && reduces(&call.legs, positions(now, real), [])
}

/// Whether it sells shares from delivery, of which nobody can be short. Of futures and options anybody can, whatever product
/// the order names.
pub(super) fn sells_delivery(leg: &Leg) -> bool {
    let (symbol, product) = leg.key();
    let is_share = is_well_formed(&symbol) && Kind::of(&symbol) == Kind::Equity;
    leg.quantity < 0 && product == "CNC" && is_share
}

/// Orders of the bot's that wait as exits of what these orders close too: whichever fills last is an entry. Of what was sent
/// a moment ago nobody knows whose it is.
pub(super) fn exits_beside(
    now: &Snapshot,
    (key, books): (&BotKey, &BotBooks),
    call: &OrderCall,
    real: bool,
) -> Vec<Leg> {
    let own = now.own(key);
    let waiting: Vec<&Leg> = if real {
        let ids = now.live.waiting_ids.iter();
        let listed = ids.zip(&now.live.waiting).filter(|(id, _)| books.whose(id) == Some(key.name()));
        listed.map(|(_, leg)| leg).chain(&now.sent.legs).collect()
    } else {
        own.waiting.iter().collect()
    };
    let positions = positions(now, real);
    let closes = |leg: &Leg| {
        let is_closed = |open: &Position| {
            let closing = Leg::closing(open);
            may_be_in(leg, &closing.key()) && closing.quantity.signum() == leg.quantity.signum()
        };
        positions.iter().any(is_closed)
    };
    let is_beside = |leg: &&Leg| {
        let is_alike =
            |new: &Leg| may_be_in(leg, &new.key()) && new.quantity.signum() == leg.quantity.signum();
        closes(leg) && call.legs.iter().any(is_alike)
    };
    waiting.into_iter().filter(is_beside).cloned().collect()
}

fn positions(now: &Snapshot, real: bool) -> &[Position] {
    if real { &now.live.positions } else { &now.simulated }
}

#[cfg(test)]
mod tests;
