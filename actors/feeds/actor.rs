//! The FeedsActor: keeps the connections to FYERS that bots need, and makes prices while there is no token.
//!
//! It holds nothing that must survive: what bots follow is in the [`Hub`], what decides is in the published snapshot. A
//! restart drops the connections and opens them again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, Supervised, WrapFuture,
};
use chrono::{DateTime, Utc};
use keeper_domain::{
    clock::calendar::Calendar,
    feeds::{
        connections::{Connections, Generation, SocketAction},
        directory::Item,
        news::{EndReason, Upstream},
    },
    mode::Mode,
    ports::{BrokerProxy, BrokerSockets, Time},
    secret::AccessToken,
};
use mock_exchange::{exchange::FeedPrices, walk_feed::WalkFeed};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, timeout},
};

use super::{
    catch_up,
    link::{self, Opening},
    look_up::look_up,
    mock_prices,
    order_events::OrderEvents,
    order_link,
};
use crate::{
    drift::DriftLog,
    exchange::{
        messages::{GetFeedPrices, SocketPrices},
        reads::SharedSnapshot,
    },
    hub::Hub,
    recipient_cell::RecipientCell,
};

/// Changes that come one behind the other are looked at together.
const GATHER: Duration = Duration::from_millis(10);
/// What is looked at together takes its time, with thousands of names: after it, and after prices were made, so many times
/// as long goes to everybody else on this thread.
const REST: u32 = 4;
/// Symbols whose prices are asked for at once: orders come between two of them.
const ASKED: usize = 1_000;
/// Longest time between two looks at what is wanted.
const LOOK: Duration = Duration::from_secs(1);
/// Pause after a look-up that FYERS did not answer.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(3);
/// Time between two times that the MockExchange is told FYERS' prices, the newest of each symbol.
const OBSERVE: Duration = Duration::from_secs(1);
/// Prices in one message: orders come between two of them.
const OBSERVED: usize = 250;
/// Longest wait for the MockExchange's prices.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the FeedsActor is given.
#[derive(Clone)]
pub struct FeedsDeps {
    /// Where bots are.
    pub hub: Hub,
    /// The sockets of FYERS; `None` when no app is configured.
    pub sockets: Option<Arc<dyn BrokerSockets>>,
    /// For look-ups; `None` when no app is configured.
    pub proxy: Option<Arc<dyn BrokerProxy>>,
    /// Wall clock.
    pub time: Arc<dyn Time>,
    /// When markets are open.
    pub calendar: Arc<Calendar>,
    /// Mode and token.
    pub snapshot: SharedSnapshot,
    /// The MockExchange's prices.
    pub prices: RecipientCell<GetFeedPrices>,
    /// Where FYERS' prices are told to the MockExchange.
    pub observed: RecipientCell<SocketPrices>,
}

/// See the module.
pub struct FeedsActor {
    deps: FeedsDeps,
    order_events: OrderEvents,
    volatile: Volatile,
}

/// What a restart throws away.
#[derive(Default)]
struct Volatile {
    data: Connections,
    orders: Connections,
    running: HashMap<(Upstream, Generation), SpawnHandle>,
    mutes: Arc<AtomicU32>,
    looks_up: bool,
    makes_prices: bool,
    last_observed: Option<Instant>,
    /// No prices are made before this moment.
    rests_until: Option<Instant>,
    walk: WalkFeed,
}

/// A connection is open and subscribed.
#[derive(Message)]
#[rtype(result = "()")]
struct Ready(Upstream, Generation);

impl FeedsActor {
    /// An actor without connections.
    pub fn new(deps: FeedsDeps) -> Self {
        let order_events = OrderEvents::new(deps.hub.clone(), Arc::clone(&deps.time), DriftLog::new("feeds"));
        Self { deps, order_events, volatile: Volatile::default() }
    }

    fn connections(&mut self, which: Upstream) -> &mut Connections {
        match which {
            Upstream::Data => &mut self.volatile.data,
            Upstream::Orders => &mut self.volatile.orders,
        }
    }

    /// Looks again whenever something has changed, and once a second.
    fn keep_looking(&self, (mut changes, took): (watch::Receiver<u64>, Duration), ctx: &mut Context<Self>) {
        let pause = async move {
            tokio::time::sleep(GATHER.max(took * REST)).await;
            let _late = timeout(LOOK, changes.changed()).await;
            changes
        };
        ctx.spawn(pause.into_actor(self).map(|changes, act, ctx| {
            let began = Instant::now();
            act.look(ctx);
            act.keep_looking((changes, began.elapsed()), ctx);
        }));
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        self.deps.hub.close_slow();
        let snapshot = self.deps.snapshot.load_full();
        if snapshot.is_doubted() {
            // A moment only: either the connections go on, or the mode ends them.
            return;
        }
        let (items, wants_orders) = self.deps.hub.with(|feeds, _| (feeds.wanted(), feeds.wants_orders()));
        if !wants_orders {
            self.order_events.forget();
        }
        let token =
            snapshot.token.clone().filter(|_| snapshot.mode != Mode::Mock && self.deps.sockets.is_some());
        let fingerprint = token.as_ref().map(|token| token.fingerprint());
        for (which, is_wanted) in [
            (Upstream::Data, !items.is_empty()),
            (Upstream::Orders, wants_orders && snapshot.mode == Mode::Live),
        ] {
            let wanted = fingerprint.clone().filter(|_| is_wanted);
            let actions = self.connections(which).want(wanted);
            self.carry_out(which, actions, ctx);
        }
        self.tell_observed(token.is_none());
        match token {
            Some(token) => self.look_up(token, &items, ctx),
            None => self.make_prices(items, ctx),
        }
    }

    fn carry_out(&mut self, which: Upstream, actions: Vec<SocketAction>, ctx: &mut Context<Self>) {
        for action in actions {
            match action {
                SocketAction::Open(generation) => self.open(which, generation, ctx),
                SocketAction::Close(generation) => self.close(which, generation, ctx),
                SocketAction::RetryIn(pause) => {
                    ctx.run_later(pause, move |act, ctx| {
                        let actions = act.connections(which).retry();
                        act.carry_out(which, actions, ctx);
                    });
                }
            }
        }
    }

    fn open(&mut self, which: Upstream, generation: Generation, ctx: &mut Context<Self>) {
        let token = self.deps.snapshot.load().token.clone();
        let (Some(sockets), Some(token)) = (self.deps.sockets.clone(), token) else {
            return self.ended(which, generation, EndReason::Unreachable, ctx);
        };
        if which == Upstream::Orders {
            self.read_beginning(Arc::clone(&token), ctx);
        }
        let opening = Opening {
            hub: self.deps.hub.clone(),
            sockets,
            proxy: self.deps.proxy.clone(),
            token,
            time: Arc::clone(&self.deps.time),
            calendar: Arc::clone(&self.deps.calendar),
            mutes: Arc::clone(&self.volatile.mutes),
        };
        let address = ctx.address();
        let ready = move || address.do_send(Ready(which, generation));
        let events = self.order_events.clone();
        let run = async move {
            match which {
                Upstream::Data => link::run(opening, ready).await,
                Upstream::Orders => order_link::run(opening, (events, generation), ready).await,
            }
        };
        let ended =
            run.into_actor(self).map(move |reason, act, ctx| act.ended(which, generation, reason, ctx));
        let handle = ctx.spawn(ended);
        self.volatile.running.insert((which, generation), handle);
    }

    /// The first bot listens: the books show what bots know.
    fn read_beginning(&mut self, token: Arc<AccessToken>, ctx: &mut Context<Self>) {
        let Some(proxy) = self.deps.proxy.clone().filter(|_| self.order_events.needs_a_beginning()) else {
            return;
        };
        let read = catch_up::beginning(proxy, token, self.order_events.drift().clone());
        ctx.spawn(read.into_actor(self).map(|books, act, _| act.order_events.begin_at(books.as_ref())));
    }

    fn close(&mut self, which: Upstream, generation: Generation, ctx: &mut Context<Self>) {
        if let Some(handle) = self.volatile.running.remove(&(which, generation)) {
            ctx.cancel_future(handle);
        }
        self.left(which, generation);
        let is_open = self.connections(which).is_open();
        self.deps.hub.source(which, is_open, None);
        tracing::info!(
            event = "feed.closed",
            actor = "feeds",
            source = which.slug(),
            "a connection to FYERS was closed"
        );
    }

    fn left(&self, which: Upstream, generation: Generation) {
        if which == Upstream::Orders {
            self.order_events.closed(generation);
        }
    }

    fn ended(&mut self, which: Upstream, generation: Generation, reason: EndReason, ctx: &mut Context<Self>) {
        self.volatile.running.remove(&(which, generation));
        self.left(which, generation);
        let actions = self.connections(which).ended(generation, reason, rand::random());
        let is_open = self.connections(which).is_open();
        self.deps.hub.source(which, is_open, Some(reason));
        let (source, reason) = (which.slug(), reason.slug());
        tracing::warn!(
            event = "feed.lost",
            actor = "feeds",
            source,
            reason,
            "a connection to FYERS has ended: {reason}"
        );
        self.carry_out(which, actions, ctx);
    }

    /// Asks FYERS for the names it has for symbols.
    fn look_up(&mut self, token: Arc<AccessToken>, items: &[Item], ctx: &mut Context<Self>) {
        let symbols = self.deps.hub.with(|feeds, _| feeds.directory.to_look_up(items));
        let Some(proxy) = self.deps.proxy.clone().filter(|_| !symbols.is_empty() && !self.volatile.looks_up)
        else {
            return;
        };
        self.volatile.looks_up = true;
        let drift = self.order_events.drift().clone();
        let asked = look_up(self.deps.hub.clone(), proxy, token, symbols, drift);
        ctx.spawn(asked.into_actor(self).map(|is_done, _, ctx| {
            let pause = if is_done { Duration::ZERO } else { LOOK_UP_AGAIN };
            ctx.run_later(pause, |act, _| act.volatile.looks_up = false);
        }));
    }

    /// Tells the MockExchange FYERS' prices: at once when there will be no more of them, as made-up ones begin there.
    fn tell_observed(&mut self, at_once: bool) {
        if !at_once && self.volatile.last_observed.is_some_and(|last| last.elapsed() < OBSERVE) {
            return;
        }
        let prices = self.deps.hub.with(|feeds, _| feeds.take_observed());
        if !prices.is_empty() {
            self.volatile.last_observed = Some(Instant::now());
        }
        for prices in prices.chunks(OBSERVED) {
            self.deps.observed.say(SocketPrices(prices.to_vec()));
        }
    }

    /// Prices of the MockExchange, one request at a time.
    fn make_prices(&mut self, items: Vec<Item>, ctx: &mut Context<Self>) {
        let items: Vec<Item> = items.into_iter().filter(Item::has_symbol).collect();
        let rests = self.volatile.rests_until.is_some_and(|until| Instant::now() < until);
        if items.is_empty() || rests || std::mem::replace(&mut self.volatile.makes_prices, true) {
            return;
        }
        let walk = std::mem::take(&mut self.volatile.walk);
        let making =
            Making { hub: self.deps.hub.clone(), cell: self.deps.prices.clone(), now: self.deps.time.now() };
        let began = Instant::now();
        ctx.spawn(making.all(items, walk).into_actor(self).map(move |walk, act, _| {
            act.volatile.makes_prices = false;
            act.volatile.rests_until = Some(Instant::now() + (began.elapsed() * REST).min(LOOK));
            act.volatile.walk = walk.unwrap_or_default();
        }));
    }
}

/// Makes prices for a while.
struct Making {
    hub: Hub,
    cell: RecipientCell<GetFeedPrices>,
    now: DateTime<Utc>,
}

impl Making {
    /// Of all symbols, some after the other; gives the walk back. `None` when nobody answers.
    async fn all(self, items: Vec<Item>, mut walk: WalkFeed) -> Option<WalkFeed> {
        let mut by_symbol: BTreeMap<Arc<str>, Vec<Item>> = BTreeMap::new();
        items.into_iter().for_each(|item| by_symbol.entry(Arc::clone(&item.symbol)).or_default().push(item));
        let (symbols, items): (Vec<Arc<str>>, Vec<Vec<Item>>) = by_symbol.into_iter().unzip();
        for (symbols, items) in symbols.chunks(ASKED).zip(items.chunks(ASKED)) {
            let asked = GetFeedPrices(symbols.iter().map(ToString::to_string).collect());
            let prices: Option<FeedPrices> = timeout(PATIENCE, self.cell.ask(asked)).await.ok()?.ok()?;
            let (hub, items, now, prices) = (self.hub.clone(), items.concat(), self.now, prices?);
            walk = spawn_blocking(move || mock_prices::tell(&hub, &items, &prices, walk, now)).await.ok()?;
        }
        walk.keep(|symbol| symbols.binary_search_by(|known| (**known).cmp(symbol)).is_ok());
        Some(walk)
    }
}

impl Actor for FeedsActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let changes = self.deps.hub.changes();
        self.look(ctx);
        self.keep_looking((changes, Duration::ZERO), ctx);
    }
}

impl Supervised for FeedsActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.volatile = Volatile::default();
        self.order_events.restarted();
        for which in [Upstream::Data, Upstream::Orders] {
            self.deps.hub.source(which, false, None);
        }
    }
}

impl Handler<Ready> for FeedsActor {
    type Result = ();

    fn handle(&mut self, Ready(which, generation): Ready, ctx: &mut Self::Context) {
        let actions = self.connections(which).ready(generation);
        if self.connections(which).is_current(generation) {
            self.deps.hub.source(which, true, None);
            tracing::info!(
                event = "feed.opened",
                actor = "feeds",
                source = which.slug(),
                "a connection to FYERS is open and subscribed"
            );
        }
        self.carry_out(which, actions, ctx);
    }
}

crate::crashes_on_demand!(FeedsActor);
