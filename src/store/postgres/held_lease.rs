//! The lease in the hands of the keeper that has it: how long it may act, and what it tells of its calls.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use keeper_domain::{
    moments::{PutBackHalt, SeenMoment},
    shared_calls::{CallsBefore, SentCalls},
};

use crate::store::postgres::lease::{Awaiting, LEASE, LeaseId, MARGIN, Taken, Told};

/// Whoever has not stopped is ended by the system so much earlier.
const LAST_MARGIN: Duration = Duration::from_millis(400);

/// How long this program may act, by a clock that nobody can set and that goes on while the machine is suspended.
#[derive(Debug, Clone)]
pub struct HeldLease {
    /// Milliseconds since the machine started.
    good_until: Arc<AtomicU64>,
    /// Whether another keeper waited for it when it was last renewed.
    is_awaited: Arc<AtomicBool>,
    taken: Arc<Taken>,
    /// The number of the last transaction that is known to be made. The database never knows of fewer, unless it was put
    /// back to an earlier moment.
    made: Arc<AtomicI64>,
    /// Tells what this keeper has sent to FYERS.
    calls: Arc<OnceLock<Calls>>,
    /// See [`Self::follows_outage`].
    outage: Arc<AtomicBool>,
    /// See [`Self::was_put_back`].
    put_back: Arc<AtomicBool>,
    /// What this keeper knew of the database when it took the lease.
    before: Arc<SeenMoment>,
    /// See [`Self::note_begun`].
    begun: Arc<AtomicBool>,
    /// See [`Self::note_start`].
    start: Arc<AtomicBool>,
}

/// See [`HeldLease::share`].
pub(super) struct Calls(pub(super) Arc<dyn SentCalls>);

impl Calls {
    /// What there is to tell.
    pub(super) fn told(&self) -> Option<Told> {
        let (calls, mark) = self.0.tell();
        serde_json::to_string(&calls).ok().map(|calls| Told { by: self.0.origin(), calls, mark })
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

impl HeldLease {
    /// No lease.
    pub(super) fn none() -> Self {
        let taken = Arc::default();
        Self {
            taken,
            made: Arc::default(),
            good_until: Arc::default(),
            is_awaited: Arc::default(),
            calls: Arc::default(),
            outage: Arc::default(),
            put_back: Arc::default(),
            before: Arc::default(),
            begun: Arc::default(),
            start: Arc::default(),
        }
    }

    /// A lease that was asked for at this moment and granted later.
    pub(super) fn new(taken: Taken, asked_at: Duration) -> Self {
        let holding = Self { taken: Arc::new(taken), ..Self::none() };
        holding.note_made(holding.taken.commits);
        holding.extend(asked_at);
        holding
    }

    /// What keepers before this one have sent to FYERS.
    pub fn calls_before(&self) -> &CallsBefore {
        &self.taken.calls
    }

    /// Whoever takes the lease next is told what this keeper has sent to FYERS: at once, when it is much, at each renewal, and
    /// when it is let go.
    pub fn share(&self, calls: Arc<dyn SentCalls>) {
        let _once = self.calls.set(Calls(calls));
    }

    /// What there is to tell; nothing before anything could leave.
    pub(super) fn calls(&self) -> Option<Told> {
        self.calls.get()?.told()
    }

    /// That is written.
    pub(super) fn note_told(&self, told: &Told) {
        self.calls.get().into_iter().for_each(|Calls(sent)| sent.told(told.mark));
    }

    /// Whether much has left since.
    pub(super) fn has_much_to_tell(&self) -> bool {
        self.calls.get().is_some_and(|Calls(sent)| sent.is_much_untold())
    }

    /// For how long FYERS wants no calls, as it has said here.
    pub(super) fn held_by_fyers(&self) -> Duration {
        self.calls.get().map_or(Duration::ZERO, |Calls(sent)| sent.held())
    }

    /// Whether there is.
    pub(super) fn shares(&self) -> bool {
        self.calls.get().is_some()
    }

    /// The number of this holding.
    pub fn epoch(&self) -> i64 {
        self.taken.id.epoch
    }

    /// The run of the program that has it.
    pub fn run(&self) -> &str {
        &self.taken.id.holder
    }

    /// Which holding it is.
    pub(super) fn id(&self) -> &LeaseId {
        &self.taken.id
    }

    /// The number of the last transaction that is known to be made.
    pub fn made(&self) -> i64 {
        self.made.load(Ordering::SeqCst)
    }

    /// The transaction of this number is made.
    pub(super) fn note_made(&self, number: i64) {
        self.made.fetch_max(number, Ordering::SeqCst);
    }

    /// Whether the keeper that held it before has not let it go: its end was not told.
    pub fn after_crash(&self) -> bool {
        self.taken.after_crash
    }

    /// The keeper is about to say that it has started: from the next transaction on its end is to be told, or it has ended
    /// without notice.
    pub fn note_start(&self) {
        self.start.store(true, Ordering::SeqCst);
    }

    /// Whether it is.
    pub(super) fn is_to_be_ended(&self) -> bool {
        self.start.load(Ordering::SeqCst)
    }

    /// The keeper acts: all that begins with the end of the one before is done or written down.
    pub fn note_begun(&self) {
        self.begun.store(true, Ordering::SeqCst);
    }

    /// Whether its end is told when the lease is let go. One that could not begin leaves the crash before it untold.
    pub(super) fn ends_well(&self) -> bool {
        !self.after_crash() || self.begun.load(Ordering::SeqCst)
    }

    /// This keeper stood by, and the database was away when the lease before ended.
    pub fn note_outage(&self) {
        self.outage.store(true, Ordering::SeqCst);
    }

    /// Whether that is why the keeper before it did not let go: it could not.
    pub fn follows_outage(&self) -> bool {
        self.outage.load(Ordering::SeqCst)
    }

    /// What this keeper has seen of the database, and whether it is at an earlier moment by now.
    pub(super) fn comparing(self, is_behind: bool, seen: SeenMoment) -> Self {
        self.put_back.store(is_behind, Ordering::SeqCst);
        Self { before: Arc::new(seen), ..self }
    }

    /// Whether the database is at an earlier moment than this keeper, or the run before it, has seen, and nobody has halted
    /// for that yet.
    pub fn was_put_back(&self) -> bool {
        self.put_back.load(Ordering::SeqCst)
    }

    /// This keeper has halted for it.
    pub fn note_halted(&self) {
        self.put_back.store(false, Ordering::SeqCst);
    }

    /// How the database tells that it has.
    pub fn put_back_halt(&self) -> PutBackHalt {
        PutBackHalt { run: self.taken.id.holder.clone(), since: self.taken.since }
    }

    /// What this keeper has seen of the database, for the run after it.
    pub fn seen(&self) -> SeenMoment {
        SeenMoment::clone(&self.before).acted(self.made(), self.put_back_halt(), self.was_put_back())
    }

    /// It was renewed by a question that left at this moment.
    pub(super) fn extend(&self, asked_at: Duration) {
        let until = (asked_at + LEASE - MARGIN).as_millis();
        self.good_until.fetch_max(u64::try_from(until).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Whether another keeper stands by, as it was last seen.
    pub(super) fn note(&self, awaiting: Awaiting) {
        self.is_awaited.store(awaiting.is_there, Ordering::SeqCst);
    }

    /// Whether another keeper stood by when somebody last looked.
    pub(super) fn was_awaited(&self) -> bool {
        self.is_awaited.load(Ordering::SeqCst)
    }

    /// It is over, whatever the clock says.
    pub fn end(&self) {
        self.good_until.store(0, Ordering::SeqCst);
    }

    /// When the system must have ended a program that has not stopped; `None` when it is over already.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let until = self.good_until.load(Ordering::SeqCst);
        (until > 0).then(|| Duration::from_millis(until) + MARGIN - LAST_MARGIN)
    }

    /// Whether this program may act now.
    pub fn is_good(&self) -> bool {
        self.was_good_within(Duration::ZERO)
    }

    /// Whether this program may act, or might until so long ago.
    pub(super) fn was_good_within(&self, long: Duration) -> bool {
        let until = Duration::from_millis(self.good_until.load(Ordering::SeqCst));
        !until.is_zero() && now() < until + long
    }
}

/// Time since the machine started, suspends included.
pub(super) fn now() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}
