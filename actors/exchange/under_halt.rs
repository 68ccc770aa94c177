//! What happens to positions at FYERS under a halt, as far as it is read: one that turns round, and one that grows because an
//! order that waited there has filled.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use keeper_domain::{
    event::Event,
    keys::BotKey,
    ports::Change,
    routing::{
        live_positions::{BookRow, LivePositions},
        request::{Leg, normal},
        shown_fills::LONGEST_LAG,
        turned::{Halts, LastOpen, Moved, Moves},
    },
};

use crate::exchange::{ExchangeActor, state::Volatile};

impl ExchangeActor {
    /// Remembers whose orders have filled since the book was read before.
    pub(super) fn note_fills(&mut self, orders: &[BookRow]) {
        let Volatile { books, progress, filled, looks, .. } = &mut self.volatile;
        let before = |row: &BookRow| progress.get(&row.id).map_or(0, |known| known.filled);
        let fresh = orders.iter().filter(|row| row.filled.unsigned_abs() > before(row));
        let whose = fresh.filter_map(|row| Some((books.whose(&row.id)?.clone(), normal(&row.leg.symbol))));
        *filled = if looks.done { whose.collect() } else { BTreeSet::new() };
    }

    /// Orders that FYERS has answered, and that no reading before this one has shown: they may have filled before the halt. No
    /// order under it makes a position larger.
    pub(super) fn answered_before(&self, began: DateTime<Utc>) -> Vec<Leg> {
        let placed = self.volatile.answered.iter().filter(|order| order.may_arrive_until.is_none());
        let placed = placed.map(|order| &order.request).filter(|request| {
            request.effect.is_none() && !request.ids.is_empty() && (began - request.at).abs() < LONGEST_LAG
        });
        placed.flat_map(|request| request.reserved.legs.iter().cloned()).collect()
    }

    /// What has turned round or grown since a halt began, of everything or of one bot, as far as that was read. What orders of
    /// before have filled was there when it began, as far as anybody can know.
    pub(super) fn tell_of_moves(&mut self, live: &LivePositions, before_it: &[Leg], change: &mut Change) {
        let Volatile { last_open, halted, live: before, books, filled, .. } = &mut self.volatile;
        let keys = self.deps.keys.load();
        let bots = keys.all().iter().filter(|key| key.stored.halted).map(BotKey::name).collect();
        let halts = Halts { all: *halted, bots };
        if halts.is_none() {
            return *last_open = LastOpen::default();
        }
        let now = self.deps.time.now();
        last_open.learn(&before.positions);
        let Moves { turned, grown } = last_open.learn(&live.positions);
        let turned = turned
            .into_iter()
            .filter(|one| halts.reach(&one.symbol, |bot, symbol| books.has_ordered(bot, symbol)));
        // What was never read before, or could not be, has not grown.
        let is_news = |one: &Moved| {
            before.read_at.is_some()
                && !one.may_be_by(before_it)
                && !before.unknown.iter().any(|symbol| normal(symbol) == normal(&one.symbol))
                && halts.reach(&one.symbol, |bot, symbol| filled.contains(&(bot.clone(), normal(symbol))))
        };
        let grown = grown.into_iter().filter(is_news);
        let of_turned = |Moved { symbol, from, to }| (now, Event::PositionTurned { symbol, from, to });
        let of_grown = |Moved { symbol, from, to }| (now, Event::PositionGrew { symbol, from, to });
        change.events.extend(turned.map(of_turned).chain(grown.map(of_grown)));
    }
}
