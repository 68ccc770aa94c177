//! When a loss is looked at that may have reached the limit of a key: with each reading of FYERS' books by the prices in it,
//! and every five seconds by what was heard.

use std::collections::{BTreeMap, BTreeSet};

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use chrono::{DateTime, Utc};
use fyers_api::{http::ApiResponse, ist, response};
use keeper_domain::{
    bots::admit::stopped,
    keys::{BotKey, BotName},
    mode::Mode,
    ports::Change,
    routing::{live_positions::LOOK_WHILE_OPEN, own::OwnDay},
};
use rust_decimal::Decimal;

use crate::exchange::{
    ExchangeActor,
    pricing::{LARGEST, Share},
};

/// Last prices of an answer that came just now.
pub(super) type Told = BTreeMap<String, Decimal>;

impl ExchangeActor {
    /// A bot's day at prices of this moment. What is open at FYERS has none while FYERS cannot be asked.
    pub(super) fn day_for_limits(&self, bot: &BotName, at: DateTime<Utc>, told: &Told) -> OwnDay {
        let price = |symbol: &str| told.get(symbol).copied().or_else(|| self.price_for_limits(symbol, at));
        let live = |symbol: &str| price(symbol).filter(|_| self.volatile.mode != Mode::Mock);
        self.volatile.books.day_of(ist::date(at), bot, &price, &live)
    }

    /// The last prices in FYERS' positions as they were read now; none where no key has a largest loss.
    pub(super) fn told_with(&self, positions: Option<&ApiResponse>) -> Told {
        let keys = self.deps.keys.load();
        let is_wanted = keys.all().iter().any(|key| key.stored.limits.max_loss.is_some());
        let good = positions.filter(|answer| answer.status == 200 && answer.body.len() <= LARGEST);
        good.filter(|_| is_wanted)
            .map(|answer| response::last_prices(&response::json(answer)).value.into_iter().collect())
            .unwrap_or_default()
    }

    /// A loss that has reached its limit holds for the day, also where the price comes back before the next entry. It is looked
    /// at whenever the books or prices were read.
    pub(super) fn stop_losers(&mut self, told: &Told, ctx: &mut Context<Self>) {
        let (at, keys) = (self.deps.time.now(), self.deps.keys.load_full());
        if self.volatile.mode == Mode::Live && !self.snapshot().has_read_the_books() {
            return;
        }
        let mut change = Change::default();
        for (key, limit) in keys.all().iter().filter_map(|key| Some((key, key.stored.limits.max_loss?))) {
            let (bot, day) = (key.name(), self.day_for_limits(key.name(), at, told));
            let why = stopped(bot, &day, limit).filter(|_| !day.has_lost);
            let event = why.and_then(|why| self.limit_event(bot, &why));
            change.events.extend(event.map(|event| (at, event)));
        }
        if change.events.is_empty() {
            return;
        }
        self.publish();
        ctx.wait(self.written().then(move |(), act, _| {
            act.note_books(&mut change);
            act.commit_or_keep(change)
        }));
    }

    /// The same every five seconds. Of what is simulated for such a key FYERS is asked as often as its positions are read:
    /// no reading tells a price of it.
    pub(super) fn watch_losses(&mut self, ctx: &mut Context<Self>) {
        self.stop_losers(&Told::new(), ctx);
        let at = self.deps.time.now();
        let is_due = self.volatile.losses_asked.is_none_or(|asked| (at - asked).abs() >= LOOK_WHILE_OPEN);
        let symbols =
            if is_due && self.volatile.mode != Mode::Mock { self.unheard_simulated(at) } else { vec![] };
        let Some(asked) = self.ask_quotes(&symbols, Share::Bots) else { return };
        self.volatile.losses_asked = Some(at);
        ctx.spawn(asked.into_actor(self).map(|seen, act, ctx| {
            let learnt = act.learn_prices(seen);
            act.keep_records(learnt, ctx);
            act.stop_losers(&Told::new(), ctx);
        }));
    }

    /// What is simulated of keys with a largest loss, where its market is open and its price was not heard a moment ago.
    fn unheard_simulated(&self, at: DateTime<Utc>) -> Vec<String> {
        let (keys, books) = (self.deps.keys.load(), &self.volatile.books);
        let limited = keys.all().iter().filter(|key| key.stored.limits.max_loss.is_some()).map(BotKey::name);
        let held =
            limited.filter(|bot| !books.has_lost(bot, ist::date(at))).flat_map(|bot| books.simulated(bot));
        let engine = self.volatile.book.engine();
        let is_unheard =
            |symbol: &String| engine.takes_orders(symbol, at) && self.price_for_limits(symbol, at).is_none();
        let all: BTreeSet<String> = held.map(|one| one.symbol).filter(is_unheard).collect();
        all.into_iter().collect()
    }
}
