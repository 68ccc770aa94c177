//! Bots beside each other: whose request it is, what its key lets through, and what each of them holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use actix::{ActorFutureExt, AtomicResponse, Context, Handler};
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use fyers_api::{codes, http::ApiRequest, ist, model::Position};
use keeper_domain::{
    bots::{
        admit::{Knowledge, decide, orders_in, to_be_priced},
        books::BotBooks,
        changed::OrderChange,
        view::asks_what_waits,
    },
    event::Event,
    keys::{BotKey, BotName, KeyRing},
    note::NoteChange,
    notes::{BOT_BOOKS, CHANGED_ORDERS},
    order_journal::OrderIntent,
    ports::Change,
    routing::{
        own::{Own, OwnDay},
        request::{Leg, OrderCall},
        route::{Refused, Route, Snapshot},
    },
};
use mock_exchange::{Record, exchange::Prices};
use rust_decimal::Decimal;

use crate::exchange::{ExchangeActor, messages::BotGone};

/// All keys, as everybody who recognises a bot sees them.
pub type SharedKeys = Arc<ArcSwap<KeyRing>>;

/// The key of a bot; `None` when it was removed while its request waited.
pub(super) fn key_of(keys: &SharedKeys, bot: &BotName) -> Option<BotKey> {
    keys.load().named(bot).cloned()
}

/// The snapshot as the bot of this key sees it. A read needs no copy where the key changes nothing.
pub(super) fn seen_by(now: &Arc<Snapshot>, key: &BotKey, call: &OrderCall) -> Arc<Snapshot> {
    let is_plain = !call.operation.trades() && key.mode(now.mode) == now.mode && !key.stored.halted;
    if is_plain { Arc::clone(now) } else { Arc::new(now.seen_by(key)) }
}

impl ExchangeActor {
    /// What decides about this bot's request now. Of the book it is what is in memory: a request is decided on top of all
    /// that were decided before it, on disk or not.
    pub(super) fn deciding(&self, key: &BotKey, call: &OrderCall) -> Arc<Snapshot> {
        let published = self.snapshot();
        if !call.operation.trades() {
            return seen_by(&published, key, call);
        }
        let name = key.name();
        let waiting = if asks_what_waits(&published, key) { self.waiting_of(name) } else { vec![] };
        let books = &self.volatile.books;
        let (simulated, left) = (books.simulated(name), books.not_at_fyers(name));
        let own = Own { simulated, left, waiting, day: OwnDay::default() };
        let own = Arc::new(BTreeMap::from([(name.clone(), own)]));
        Arc::new(Snapshot { own, ..(*published).clone() }.seen_by(key))
    }

    /// The one decision about a bot's request, with all that is known now.
    pub(super) fn decide(
        &self,
        now: &Snapshot,
        key: &BotKey,
        call: &OrderCall,
        request: &ApiRequest,
    ) -> Route {
        let (at, books) = (self.deps.time.now(), &self.volatile.books);
        let price = |symbol: &str| self.price_for_limits(symbol, at);
        // Every position is priced for it: nobody pays for that whose key has no limit.
        let has_limits = key.stored.limits.any() && call.operation.trades();
        let day = if has_limits {
            self.day_for_limits(key.name(), at, &BTreeMap::new())
        } else {
            OwnDay::default()
        };
        let units = |symbol: &str| self.volatile.book.engine().units(symbol);
        decide(now, key, call, request, &Knowledge { books, price: &price, units: &units, day })
    }

    /// A limit goes by prices of this moment. Where FYERS cannot be asked, they are what the order would fill at.
    pub(super) fn price_for_limits(&self, symbol: &str, at: DateTime<Utc>) -> Option<Decimal> {
        match self.prices(self.volatile.mode) {
            Prices::Live => self.volatile.book.fresh_price(symbol, at),
            prices => self.volatile.book.price(symbol, prices, at),
        }
    }

    /// What must be priced before the key's limits can be checked, and is not.
    pub(super) fn to_be_valued(
        &self,
        seen: &Snapshot,
        key: &BotKey,
        call: &OrderCall,
        request: &ApiRequest,
    ) -> Vec<String> {
        let at = self.deps.time.now();
        let mut symbols = to_be_priced(seen, key, call, request, &self.volatile.books);
        symbols.retain(|symbol| self.price_for_limits(symbol, at).is_none());
        symbols
    }

    /// Changes leave: from now on each order counts as the most that it may be with them. What is to be on disk before.
    pub(super) fn count_changes(&mut self, intent: &OrderIntent, request: &ApiRequest) -> Option<NoteChange> {
        if intent.what != "modify" {
            return None;
        }
        self.volatile.books.begin(ist::date(intent.at));
        self.volatile.books.change_leaves(intent.id, &OrderChange::all(&request.body));
        CHANGED_ORDERS.set(self.volatile.books.changes()).ok()
    }

    /// An order goes out: it counts from now on, whatever comes of it.
    pub(super) fn count_order(&mut self, bot: &BotName, call: &OrderCall) {
        let orders = orders_in(call);
        if orders > 0 {
            self.volatile.books.begin(ist::date(self.deps.time.now()));
            self.volatile.books.sent(bot, orders);
        }
    }

    /// What a person should hear of a refusal by a key: once a day for each bot and limit.
    pub(super) fn limit_event(&mut self, bot: &BotName, why: &Refused) -> Option<Event> {
        let Refused::Limit { limit, words } = why else { return None };
        self.volatile.books.begin(ist::date(self.deps.time.now()));
        let (bot, limit, words) = (bot.clone(), *limit, words.clone());
        self.volatile.books.tell(&bot, limit).then_some(Event::KeyLimitReached { bot, limit, words })
    }

    /// Books facts of the MockExchange for the bots, in the change that writes the facts down.
    pub(super) fn book_for_bots(&mut self, records: &[Record], by: Option<&BotName>) {
        self.volatile.books.record(records, by);
    }

    /// What is open in the MockExchange, whoever opened it.
    pub(super) fn simulated(&self) -> Vec<Position> {
        let accounts = self.volatile.book.engine().ledger().accounts.values();
        let open = accounts.filter(|account| account.net != 0);
        open.map(|account| Position {
            symbol: account.symbol.clone(),
            product: account.product,
            net: account.net,
            average: account.average(),
            realized: account.realized,
            today: None,
        })
        .collect()
    }

    /// What is each bot's own now. What waits is not among it: only decisions ask for that.
    pub(super) fn owns(&self, now: DateTime<Utc>) -> BTreeMap<BotName, Own> {
        let (books, keys) = (&self.volatile.books, self.deps.keys.load());
        let bots: BTreeSet<&BotName> = books.bots().chain(keys.all().iter().map(BotKey::name)).collect();
        let price = |symbol: &str| self.volatile.book.price(symbol, Prices::Last, now);
        let own = |bot: &BotName| (bot.clone(), books.own(ist::date(now), bot, &price));
        bots.into_iter().map(own).collect()
    }

    /// What waits of this bot in the MockExchange.
    fn waiting_of(&self, bot: &BotName) -> Vec<Leg> {
        let mine = |id: &str| self.volatile.books.owner_of(id) == Some(bot);
        let waiting = self.volatile.book.engine().waiting().filter(|order| mine(&order.id));
        let leg = |order: mock_exchange::OrderState| Leg {
            symbol: order.symbol().to_owned(),
            product: codes::product_word(order.product()).to_owned(),
            quantity: order.side().sign() * order.open_quantity(),
            price: order.limit().unwrap_or_default(),
            tag: None,
        };
        waiting.map(leg).collect()
    }

    /// The books as they were last written, brought in line with the account: what waits there is known from there, and
    /// what nobody is known to hold is the owner's.
    pub(super) fn take_books(&mut self, books: Option<BotBooks>) {
        let mut books = books.unwrap_or_default();
        books.recall_waiting(self.volatile.book.engine().waiting());
        books.balance(&self.simulated());
        self.volatile.books = books;
    }

    /// The books as a note, for the change that changes them.
    pub(super) fn note_books(&self, change: &mut Change) {
        change.notes.extend(BOT_BOOKS.set(&self.volatile.books));
    }
}

impl Handler<BotGone> for ExchangeActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, BotGone(bot): BotGone, _: &mut Context<Self>) -> Self::Result {
        let inherited = self.written().then(move |(), act, _| {
            act.volatile.books.inherit(&bot);
            act.publish();
            let mut change = Change::default();
            act.note_books(&mut change);
            act.commit_or_keep(change)
        });
        // Before any price: whoever is added under its name next may be one whose orders are real.
        AtomicResponse::new(Box::pin(inherited.map(|(), act: &mut Self, ctx| act.cancel_left_orders(ctx))))
    }
}
