//! What the bots' connections and the connections to FYERS share. Bots are served on the listener's thread, FYERS on the
//! actors': each takes the lock for as long as a rule takes. It outlives a restart of the FeedsActor, so that no bot
//! loses its connection or an order event by one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keeper_domain::{
    feeds::{
        door::{ClientId, Door},
        news::{EndReason, Upstream},
        state::Feeds,
    },
    mode::Mode,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::status::{HubStatus, LinkStatus};

/// How long a bot that is closed has to take its last frame.
const LAST_FRAME: Duration = Duration::from_secs(2);

/// Why the keeper closes a bot's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// It has not read for ten seconds.
    Slow,
    /// The keeper stops.
    Stopping,
}

impl CloseReason {
    /// In words, for the close frame.
    pub fn words(self) -> &'static str {
        match self {
            Self::Slow => "you have not read for 10 seconds",
            Self::Stopping => "the keeper is stopping",
        }
    }
}

struct Place {
    notify: Arc<Notify>,
    closing: Option<(CloseReason, Duration)>,
    /// Ends the connection itself, whatever the bot does.
    cut: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Link {
    is_open: bool,
    subscriptions: usize,
    last_frame: Option<Duration>,
}

#[derive(Default)]
struct Numbers {
    links: BTreeMap<Upstream, Link>,
    ends: BTreeMap<(Upstream, EndReason), u64>,
    slow: u64,
}

struct Shared {
    began: Instant,
    feeds: Mutex<Feeds>,
    places: Mutex<BTreeMap<ClientId, Place>>,
    numbers: Mutex<Numbers>,
    changed: watch::Sender<u64>,
    /// Counts calls of [`Hub::wake`].
    woken: std::sync::atomic::AtomicU64,
}

/// A handle; all clones are the same hub.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

impl Default for Hub {
    fn default() -> Self {
        Self::of(Feeds::default())
    }
}

impl Hub {
    /// With room for this many items of all bots together.
    pub fn with_room(items: usize) -> Self {
        Self::of(Feeds::with_room(items))
    }

    fn of(feeds: Feeds) -> Self {
        Self(Arc::new(Shared {
            began: Instant::now(),
            feeds: Mutex::new(feeds),
            places: Mutex::default(),
            numbers: Mutex::default(),
            changed: watch::Sender::new(0),
            woken: std::sync::atomic::AtomicU64::new(0),
        }))
    }
}

/// The guarded values are whole between any two calls of a rule.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// Time since the hub began.
    pub fn now(&self) -> Duration {
        self.0.began.elapsed()
    }

    /// Applies a rule, and wakes whom it concerns.
    pub fn with<T>(&self, rule: impl FnOnce(&mut Feeds, Duration) -> T) -> T {
        let (result, woken, version) = {
            let mut feeds = lock(&self.0.feeds);
            let result = rule(&mut feeds, self.now());
            (result, feeds.woken(), feeds.version())
        };
        if !woken.is_empty() {
            let places = lock(&self.0.places);
            woken.iter().filter_map(|id| places.get(id)).for_each(|place| place.notify.notify_one());
        }
        self.announce(version);
        result
    }

    fn announce(&self, version: u64) {
        let woken = self.0.woken.load(std::sync::atomic::Ordering::Relaxed);
        let now = version.wrapping_add(woken);
        self.0.changed.send_if_modified(|known| std::mem::replace(known, now) != now);
    }

    /// Something that the hub does not know of has changed what is wanted of FYERS, as the token.
    pub fn wake(&self) {
        self.0.woken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.announce(lock(&self.0.feeds).version());
    }

    /// Follows changes of what is wanted of FYERS.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// A bot has come in. `cut` ends its connection.
    pub fn connect(&self, door: Door, ceiling: Mode, cut: impl Fn() + Send + Sync + 'static) -> Seat {
        let id = self.with(|feeds, _| feeds.connect(door, ceiling));
        let notify = Arc::new(Notify::new());
        let place = Place { notify: Arc::clone(&notify), closing: None, cut: Box::new(cut) };
        lock(&self.0.places).insert(id, place);
        Seat { id, notify, hub: self.clone() }
    }

    /// Closes bots that do not read: first in words, then for good.
    pub fn close_slow(&self) {
        let (slow, now) = self.with(|feeds, now| (feeds.too_slow(now), now));
        for (id, door) in slow {
            if self.close(id, CloseReason::Slow, now) {
                lock(&self.0.numbers).slow += 1;
                let door = door.slug();
                tracing::warn!(event = "feed.slow_client", door, "a bot has not read for 10 s: it is closed");
            }
        }
        let overdue =
            |place: &&Place| place.closing.is_some_and(|(_, since)| now.saturating_sub(since) >= LAST_FRAME);
        lock(&self.0.places).values().filter(overdue).for_each(|place| (place.cut)());
    }

    fn close(&self, id: ClientId, reason: CloseReason, now: Duration) -> bool {
        let mut places = lock(&self.0.places);
        let Some(place) = places.get_mut(&id).filter(|place| place.closing.is_none()) else { return false };
        place.closing = Some((reason, now));
        place.notify.notify_one();
        true
    }

    /// The keeper stops: every bot is told.
    pub fn close_all(&self) {
        let (ids, now): (Vec<ClientId>, _) = (lock(&self.0.places).keys().copied().collect(), self.now());
        ids.into_iter().for_each(|id| {
            self.close(id, CloseReason::Stopping, now);
        });
    }

    /// A message has come on a connection to FYERS.
    pub(crate) fn heard(&self, which: Upstream) {
        let now = self.now();
        lock(&self.0.numbers).links.entry(which).or_default().last_frame = Some(now);
    }

    pub(crate) fn subscribed(&self, which: Upstream, subscriptions: usize) {
        lock(&self.0.numbers).links.entry(which).or_default().subscriptions = subscriptions;
    }

    /// A connection to FYERS is open, or has ended.
    pub(crate) fn source(&self, which: Upstream, is_open: bool, ended: Option<EndReason>) {
        {
            let mut numbers = lock(&self.0.numbers);
            let link = numbers.links.entry(which).or_default();
            link.is_open = is_open;
            if !is_open {
                link.subscriptions = 0;
            }
            if let Some(reason) = ended {
                *numbers.ends.entry((which, reason)).or_default() += 1;
            }
        }
        if is_open || ended.is_some() {
            self.with(|feeds, now| feeds.set_source(which, ended.filter(|_| !is_open), now));
        }
    }

    /// Everything at one glance.
    pub fn status(&self) -> HubStatus {
        let now = self.now();
        let (clients, followed, counts) = self.with(|feeds, _| {
            let clients = Door::ALL.map(|door| (door.slug(), feeds.clients(door)));
            (clients.into(), feeds.followed(), feeds.counts())
        });
        let numbers = lock(&self.0.numbers);
        let link = |(which, link): (&Upstream, &Link)| {
            let last_frame_age = link.last_frame.map(|at| now.saturating_sub(at).as_secs());
            (*which, LinkStatus { is_open: link.is_open, subscriptions: link.subscriptions, last_frame_age })
        };
        let links = numbers.links.iter().map(link).collect();
        HubStatus { links, clients, followed, counts, ends: numbers.ends.clone(), slow: numbers.slow }
    }
}

/// A bot's place in the hub; it is left when dropped.
pub struct Seat {
    id: ClientId,
    notify: Arc<Notify>,
    hub: Hub,
}

impl Seat {
    /// Which one.
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// The hub.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The bot has shown a key that may do at most this.
    pub fn set_ceiling(&self, ceiling: Mode) {
        self.hub.with(|feeds, _| feeds.set_ceiling(self.id, ceiling));
    }

    /// Waits until something has come, or the connection is to be closed.
    pub async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Whether the connection is to be closed.
    pub fn closing(&self) -> Option<CloseReason> {
        lock(&self.hub.0.places).get(&self.id)?.closing.map(|(reason, _)| reason)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.hub.0.places).remove(&self.id);
        self.hub.with(|feeds, _| feeds.disconnect(self.id));
    }
}
