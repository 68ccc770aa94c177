//! A change of a waiting order: judged by the most that the order may be with it.

use std::slice;

use fyers_api::{http::ApiRequest, model::Position};
use rust_decimal::Decimal;
use serde_json::Value;

use super::exits::{judged, sells_delivery};
use crate::{
    bots::{
        books::{BotBooks, OwnOrder},
        changed::{AtMost, OrderChange},
    },
    keys::{BotKey, BotName},
    routing::{exposure::reduces, own::Own, request::Leg, route::Snapshot},
};

/// Fields of a change that would make another order of it.
const ANOTHER_ORDER: [&str; 5] = ["symbol", "side", "productType", "stopLoss", "takeProfit"];

/// An order as it may be with a change, and with all that were sent of it before.
pub(super) struct ChangedOrder {
    id: String,
    order: OwnOrder,
    at_most: AtMost,
    left: i64,
}

impl ChangedOrder {
    /// The change in a request of this bot, or why it cannot be checked.
    pub(super) fn read(bot: &BotName, request: &ApiRequest, books: &BotBooks) -> Result<Self, &'static str> {
        let changes = OrderChange::all(&request.body);
        let known = match &changes[..] {
            [change] => books.order(bot, &change.id).map(|order| (change, order)),
            _ => None,
        };
        let (change, order) = known.ok_or("the keeper does not know this order as one of its own today")?;
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if ANOTHER_ORDER.iter().any(|name| !body[name].is_null()) {
            return Err("a change of symbol, side, product or legs would make another order of it");
        }
        let at_most = order.at_most.or(change.to);
        if !change.is_understood
            || (change.makes_limit && at_most.limit <= Decimal::ZERO && !change.to.is_at_market)
        {
            return Err("the keeper cannot read quantity and price of this change");
        }
        let left = order.left.max(change.to.quantity);
        Ok(Self { id: change.id.clone(), order, at_most, left })
    }

    /// What it may be worth: quantity and limit, zero where it may trade at the market and has none.
    pub(super) fn leg(&self) -> Leg {
        let AtMost { quantity, limit, .. } = self.at_most;
        Leg { quantity: quantity.saturating_mul(self.side()), price: limit, ..self.order.leg.clone() }
    }

    pub(super) fn is_at_market(&self) -> bool {
        self.at_most.is_at_market
    }

    fn side(&self) -> i64 {
        self.order.leg.quantity.signum()
    }

    /// Whether it only brings an open position nearer to zero, beside all others that may still fill.
    pub(super) fn stays_exit(&self, now: &Snapshot, (key, books): (&BotKey, &BotBooks), real: bool) -> bool {
        let leg = Leg { quantity: self.left.saturating_mul(self.side()), ..self.order.leg.clone() };
        let positions: &[Position] = if real { &now.live.positions } else { &now.simulated };
        let (now, own) = (judged(now, (key.name(), books), Some(&self.id)), now.own(key));
        let others = if real { self.others_at_fyers(&now) } else { self.others_simulated(&own) };
        let is_known = !real || now.has_read_the_books();
        (is_known && reduces(slice::from_ref(&leg), positions, others)) || sells_delivery(&leg)
    }

    /// Of what was sent and is in no reading yet the ids are not known: one like this order is taken for it where it does
    /// not stand among those that wait.
    fn others_at_fyers<'a>(&self, now: &'a Snapshot) -> Vec<&'a Leg> {
        let live = &now.live;
        let own = live.waiting_ids.iter().position(|id| *id == self.id);
        let waiting = live.waiting.iter().enumerate().filter(|(place, _)| Some(*place) != own);
        let mut sent: Vec<&Leg> = now.sent.legs.iter().collect();
        if own.is_none() {
            let leg = &self.order.leg;
            take_one(&mut sent, |other| other.key() == leg.key() && other.quantity == leg.quantity);
        }
        waiting.map(|(_, leg)| leg).chain(sent).collect()
    }

    fn others_simulated<'a>(&self, own: &'a Own) -> Vec<&'a Leg> {
        let (leg, left) = (&self.order.leg, self.order.left.saturating_mul(self.side()));
        let mut waiting: Vec<&Leg> = own.waiting.iter().collect();
        take_one(&mut waiting, |other| other.key() == leg.key() && other.quantity == left);
        waiting
    }
}

fn take_one<'a>(legs: &mut Vec<&'a Leg>, is_it: impl Fn(&'a Leg) -> bool) {
    if let Some(place) = legs.iter().position(|leg| is_it(leg)) {
        legs.remove(place);
    }
}

#[cfg(test)]
mod tests;
