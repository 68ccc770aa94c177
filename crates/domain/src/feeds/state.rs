//! Who follows what, and what each of them is sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use fyers_api::{hsm::FeedSnapshot, order_socket::OrderTopic};
use mock_exchange::PriceOrigin;

use super::{
    board::{Board, Entry, ItemNumber},
    directory::{Directory, Item},
    door::{ClientId, Door},
    news::{EndReason, FeedNews, ModeNotice, OrderNews, Upstream},
    queue::Queue,
    quote::{FeedQuote, ObservedPrice},
};
use crate::{
    mode::{Mode, ShownMode},
    reason::Reason,
    routing::Venue,
};

/// The most items of one bot, as FYERS' SDKs have it.
pub const MOST_ITEMS: usize = 5_000;
/// The most items of all bots together, as each of them counts them, unless a person said another number
/// (`KEEPER_FEED_ITEMS`): one takes 400 to 900 bytes of memory.
pub const MOST_TOGETHER: usize = 30_000;

#[derive(Debug)]
struct Client {
    door: Door,
    /// What its key may do at most.
    ceiling: Mode,
    items: BTreeSet<ItemNumber>,
    orders: BTreeSet<OrderTopic>,
    queue: Queue,
}

/// What a bot takes from its queue.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// In order.
    pub news: Vec<FeedNews>,
    /// The newest values of what changed.
    pub quotes: Vec<Arc<FeedQuote>>,
    /// Whether more waits.
    pub more: bool,
}

/// Numbers since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Values from FYERS or the MockExchange.
    pub values: u64,
    /// Values that were replaced by newer ones before a bot took them.
    pub conflated: u64,
    /// Order, trade and position events put into a bot's queue.
    pub order_events: u64,
}

/// All that is followed and known. Bots who have something to take are collected until [`Feeds::woken`] is called.
#[derive(Debug)]
pub struct Feeds {
    most_together: usize,
    clients: BTreeMap<ClientId, Client>,
    board: Board,
    /// Names of symbols.
    pub directory: Directory,
    notice: ModeNotice,
    ended: BTreeMap<Upstream, EndReason>,
    next: ClientId,
    version: u64,
    woken: BTreeSet<ClientId>,
    counts: FeedCounts,
}

impl Default for Feeds {
    fn default() -> Self {
        let at = DateTime::<Utc>::default();
        let notice = ModeNotice { mode: Mode::Mock, shown: ShownMode::Mock, reason: Reason::Starting, at };
        Self {
            most_together: MOST_TOGETHER,
            clients: BTreeMap::new(),
            board: Board::default(),
            directory: Directory::default(),
            notice,
            ended: BTreeMap::new(),
            next: 0,
            version: 0,
            woken: BTreeSet::new(),
            counts: FeedCounts::default(),
        }
    }
}

impl Feeds {
    /// With room for this many items of all bots together.
    pub fn with_room(most_together: usize) -> Self {
        Self { most_together, ..Self::default() }
    }

    /// A bot has come in.
    pub fn connect(&mut self, door: Door, ceiling: Mode) -> ClientId {
        self.next += 1;
        let (items, orders, queue) = (BTreeSet::new(), BTreeSet::new(), Queue::default());
        self.clients.insert(self.next, Client { door, ceiling, items, orders, queue });
        self.next
    }

    /// A bot has shown its key after it came in.
    pub fn set_ceiling(&mut self, id: ClientId, ceiling: Mode) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.ceiling = ceiling;
            self.version += 1;
        }
    }

    /// A bot has gone.
    pub fn disconnect(&mut self, id: ClientId) {
        let Some(client) = self.clients.remove(&id) else { return };
        self.version += 1;
        client.items.into_iter().for_each(|item| self.leave(id, item));
    }

    /// A bot follows these from now on, and is told at once what is known of them. The items that are too many for
    /// one bot, or for all together, are given back.
    pub fn follow(
        &mut self,
        id: ClientId,
        items: impl IntoIterator<Item = Item>,
        now: Duration,
    ) -> Vec<Item> {
        let mut together: usize = self.clients.values().map(|client| client.items.len()).sum();
        let Some(client) = self.clients.get_mut(&id) else { return vec![] };
        let mut too_many = vec![];
        for item in items {
            let is_new = self.board.find(&item).is_none_or(|known| !client.items.contains(&known));
            if is_new && (client.items.len() >= MOST_ITEMS || together >= self.most_together) {
                too_many.push(item);
                continue;
            }
            together += usize::from(is_new);
            let number = self.board.number(&item);
            let Some(entry) = self.board.get_mut(number) else { continue };
            client.items.insert(number);
            if entry.quote.is_some() {
                client.queue.mark(number, now);
                self.woken.insert(id);
            }
            self.version += u64::from(entry.followers.is_empty());
            entry.followers.insert(id);
        }
        too_many
    }

    /// A bot follows these no longer.
    pub fn unfollow(&mut self, id: ClientId, items: &[Item]) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let known = items.iter().filter_map(|item| self.board.find(item));
        let left: Vec<ItemNumber> = known.filter(|item| client.items.remove(item)).collect();
        client.queue.forget(&left);
        left.into_iter().for_each(|item| self.leave(id, item));
    }

    fn leave(&mut self, id: ClientId, item: ItemNumber) {
        let Some(entry) = self.board.get_mut(item) else { return };
        entry.followers.remove(&id);
        if entry.followers.is_empty() {
            self.version += 1;
            entry.age();
            self.board.release(item);
        }
    }

    /// Which order, trade and position events a bot wants.
    pub fn set_orders(&mut self, id: ClientId, topics: BTreeSet<OrderTopic>) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.orders = topics;
            self.version += 1;
        }
    }

    /// Everything about an item, from FYERS or from the MockExchange.
    pub fn snapshot(&mut self, quote: FeedQuote, now: Duration) {
        let item = self.board.number(&quote.item);
        let is_same = self.board.quote(item).is_some_and(|known| {
            known.snapshot.values == quote.snapshot.values && known.origin == quote.origin
        });
        let is_live = quote.origin == PriceOrigin::Live;
        self.counts.values += 1;
        self.board.set_quote(item, quote);
        if let Some(entry) = self.board.get_mut(item) {
            entry.is_unobserved |= is_live;
        }
        if !is_same {
            self.changed(item, now);
        }
    }

    /// New values of an item; absent ones stay.
    pub fn update(&mut self, item: &Item, values: &[i32], at: DateTime<Utc>, now: Duration) {
        let Some(item) = self.board.find(item) else { return };
        let Some(Entry { quote: Some(quote), is_unobserved, .. }) = self.board.get_mut(item) else { return };
        self.counts.values += 1;
        *is_unobserved = true;
        let quote = Arc::make_mut(quote);
        let was = quote.set_origin(PriceOrigin::Live);
        if quote.update(values, at) || was != PriceOrigin::Live {
            self.changed(item, now);
        }
    }

    /// Whoever follows it is to be told. A bot for which something waits already has been woken for that: it takes until
    /// nothing is left.
    fn changed(&mut self, item: ItemNumber, now: Duration) {
        for id in self.board.get(item).into_iter().flat_map(|entry| &entry.followers) {
            let Some(client) = self.clients.get_mut(id) else { continue };
            if client.queue.is_empty() {
                self.woken.insert(*id);
            }
            self.counts.conflated += u64::from(client.queue.mark(item, now));
        }
    }

    fn tell(&mut self, news: FeedNews, now: Duration, wants: impl Fn(&Client) -> bool) {
        let news = Arc::new(news);
        for (id, client) in self.clients.iter_mut().filter(|(_, client)| wants(client)) {
            client.queue.tell(Arc::clone(&news), now);
            self.woken.insert(*id);
            self.counts.order_events += u64::from(matches!(*news, FeedNews::Order(_)));
        }
    }

    /// Something happened to an order. What FYERS says goes to everybody who may trade there; what the MockExchange says goes to
    /// those whose orders go there now: it is of other bots while a bot's own go to FYERS.
    pub fn order(&mut self, news: OrderNews, now: Duration) {
        let mode = self.notice.mode;
        let (venue, topic) = (news.venue, news.topic);
        let wants = |client: &Client| {
            let general = [OrderTopic::Edis, OrderTopic::PriceAlerts, OrderTopic::Login];
            let listens = match topic {
                Some(topic) => client.orders.contains(&topic),
                None => general.iter().any(|topic| client.orders.contains(topic)),
            };
            let is_live = mode == Mode::Live && client.ceiling == Mode::Live;
            let fits = match venue {
                Venue::Fyers => client.ceiling == Mode::Live,
                _ => !is_live,
            };
            listens && fits
        };
        self.tell(FeedNews::Order(news), now, wants);
    }

    /// A new day at the MockExchange.
    pub fn day(&mut self, now: Duration) {
        self.tell(FeedNews::Day, now, |client| client.door == Door::Plain && !client.orders.is_empty());
    }

    /// Where requests go. Without a token prices are no longer FYERS' own of this moment.
    pub fn set_mode(&mut self, notice: ModeNotice, now: Duration) {
        let before = std::mem::replace(&mut self.notice, notice);
        if (before.shown, before.reason, before.mode) == (notice.shown, notice.reason, notice.mode) {
            self.notice.at = before.at;
            return;
        }
        if notice.mode == Mode::Mock {
            self.board.entries_mut().for_each(Entry::age);
            self.ended.clear();
        }
        self.version += u64::from(before.mode != notice.mode);
        for ceiling in [Mode::Live, Mode::Sandbox, Mode::Mock] {
            let wants = |client: &Client| client.door == Door::Plain && client.ceiling == ceiling;
            self.tell(FeedNews::Mode(notice.under(ceiling)), now, wants);
        }
    }

    /// The mode as a bot sees it.
    pub fn mode(&self, id: ClientId) -> ModeNotice {
        let ceiling = self.clients.get(&id).map_or(Mode::Mock, |client| client.ceiling);
        self.notice.under(ceiling)
    }

    /// A connection to FYERS has ended, or is open. Bots hear of the end once, and of the return.
    pub fn set_source(&mut self, upstream: Upstream, ended: Option<EndReason>, now: Duration) {
        let before = match ended {
            Some(reason) => self.ended.insert(upstream, reason),
            None => self.ended.remove(&upstream),
        };
        if before.is_none() != ended.is_none() {
            self.tell(FeedNews::Source { upstream, ended }, now, |client| client.door == Door::Plain);
        }
    }

    /// FYERS says something about the subscriptions.
    pub fn notice(&mut self, code: i32, message: &str, now: Duration) {
        self.tell(FeedNews::Notice { code, message: message.into() }, now, |client| !client.items.is_empty());
    }

    /// A symbol cannot be followed: those who do are told, and follow it no longer.
    pub fn refuse(&mut self, symbol: &str, why: &str, now: Duration) {
        self.directory.refuse(symbol);
        let items = [Some(Item::quote(symbol)), Item::depth(symbol)];
        for item in items.into_iter().flatten() {
            let entry = self.board.find(&item).and_then(|number| self.board.get(number));
            let ids: Vec<ClientId> = entry.into_iter().flat_map(|entry| &entry.followers).copied().collect();
            let news = Arc::new(FeedNews::Unknown { symbol: symbol.into(), why: why.into() });
            for id in ids {
                self.unfollow(id, std::slice::from_ref(&item));
                if let Some(client) = self.clients.get_mut(&id) {
                    client.queue.tell(Arc::clone(&news), now);
                    self.woken.insert(id);
                }
            }
        }
    }

    /// Takes what waits for a bot.
    pub fn take(&mut self, id: ClientId, most: usize, now: Duration) -> Taken {
        let Some(client) = self.clients.get_mut(&id) else { return Taken::default() };
        let (news, items) = client.queue.take(most, now);
        let more = !client.queue.is_empty();
        let quotes = items.into_iter().filter_map(|item| self.board.quote(item).cloned()).collect();
        Taken { news, quotes, more }
    }

    /// The newest price of each symbol that FYERS has told since the last call.
    pub fn take_observed(&mut self) -> Vec<ObservedPrice> {
        let new = |entry: &mut Entry| std::mem::take(&mut entry.is_unobserved);
        let new = self.board.entries_mut().filter_map(|entry| new(entry).then_some(entry.quote.as_ref()?));
        new.filter_map(|quote| quote.observed()).collect()
    }

    /// Bots for which something has come since the last call.
    pub fn woken(&mut self) -> BTreeSet<ClientId> {
        std::mem::take(&mut self.woken)
    }

    /// Bots that do not read.
    pub fn too_slow(&self, now: Duration) -> Vec<(ClientId, Door)> {
        let slow = self.clients.iter().filter(|(_, client)| client.queue.is_too_slow(now));
        slow.map(|(id, client)| (*id, client.door)).collect()
    }

    /// What is followed by anybody.
    pub fn wanted(&self) -> Vec<Item> {
        let followed = self.board.entries().filter(|entry| !entry.followers.is_empty());
        followed.map(|entry| entry.item.clone()).collect()
    }

    /// How many items that are.
    pub fn followed(&self) -> usize {
        self.board.entries().filter(|entry| !entry.followers.is_empty()).count()
    }

    /// Whether any bot follows orders, whoever simulates or takes them.
    pub fn tells_orders(&self) -> bool {
        self.clients.values().any(|client| !client.orders.is_empty())
    }

    /// Whether anybody waits for what happens to orders.
    pub fn wants_orders(&self) -> bool {
        self.clients.values().any(|client| !client.orders.is_empty() && client.ceiling == Mode::Live)
    }

    /// Changes whenever what is wanted of FYERS may have changed.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many bots there are by each way.
    pub fn clients(&self, door: Door) -> usize {
        self.clients.values().filter(|client| client.door == door).count()
    }

    /// Numbers since the start.
    pub fn counts(&self) -> FeedCounts {
        self.counts
    }

    /// Whether there is a value of this item.
    pub fn knows(&self, item: &Item) -> bool {
        self.board.find(item).is_some_and(|number| self.board.quote(number).is_some())
    }
}

/// A quote from a snapshot of the data socket.
pub fn quote(item: Item, snapshot: FeedSnapshot, origin: PriceOrigin, at: DateTime<Utc>) -> FeedQuote {
    FeedQuote::new(item, snapshot, origin, at)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
