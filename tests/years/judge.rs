//! What must hold, whatever happens. None of it asks the keeper's own rules, but for which events are worth an alert.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::{claims, ist};
use keeper_domain::{
    alerts::texts::{Context, alert_for},
    event::{Event, Recorded},
    mode::Mode,
    routing::route::Snapshot,
};

use crate::{
    broker::Fyers,
    phone::Telegram,
    table::{Span, TICK, Table},
    totals::{Fault, Totals},
};

/// A keeper that has run so long while a tick was due has given it.
const TICK_SURELY: Duration = Duration::from_secs(90);
/// Latest time of a tick after it could be given.
const TICK_LATEST: TimeDelta = TimeDelta::seconds(75);
/// A person is asked within a minute, and what looks once in a while needs a moment.
const ASKED: Duration = Duration::from_secs(70);
/// The longest pause of a card or an alert after an outage of Telegram.
const TELEGRAM_AGAIN: Duration = Duration::from_secs(75);
/// The same for calls to FYERS, with what a login needs of them.
const FYERS_AGAIN: Duration = Duration::from_secs(150);
/// How long a token may be used that FYERS has refused.
const REFUSED: Duration = Duration::from_secs(10);
/// The same for one that is past its end by the wall clock.
const PAST_END: Duration = Duration::from_secs(45);
/// How far the wall clock may be off before no token is trusted.
const MOST_OFF: TimeDelta = TimeDelta::seconds(25);
/// What is under way in the outbox is through after this.
const SETTLED: Duration = Duration::from_secs(900);
/// Events that are remembered for alerts to come.
const KEPT: i64 = 20_000;

/// The keeper and its world at a moment.
pub(crate) struct Look<'a> {
    pub(crate) truth: DateTime<Utc>,
    pub(crate) wall: DateTime<Utc>,
    /// How long the machine has run, and how long it had when this keeper was up.
    pub(crate) ran: Duration,
    pub(crate) up_since: Duration,
    /// When a clock jumped last, or this keeper was up.
    pub(crate) steady_since: Duration,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) fyers: &'a Fyers,
    pub(crate) telegram: &'a Telegram,
}

impl Look<'_> {
    /// Whether so much time has passed since all of these.
    fn is_after<const N: usize>(&self, since: [Duration; N], long: Duration) -> bool {
        since.into_iter().all(|since| self.ran >= since + long)
    }
}

pub(crate) struct Judge {
    table: Arc<Table>,
    texts: Context,
    sandbox: bool,
    pub(crate) totals: Totals,
    /// The days that owe a tick, and since when.
    owed: BTreeMap<NaiveDate, DateTime<Utc>>,
    judged: BTreeSet<NaiveDate>,
    ticks: BTreeMap<NaiveDate, DateTime<Utc>>,
    /// The day whose tick is due, and since when.
    window: Option<(NaiveDate, Duration)>,
    /// Since when there is no token although one is needed, or will be in minutes.
    pressing: Option<Duration>,
    lost: Option<Duration>,
    /// Of this loss a person is told, or it is said that nobody is.
    is_settled: bool,
    is_unasked: bool,
    dead: Option<Duration>,
    /// The token that was seen in use last.
    pub(crate) used: Option<String>,
    /// And when that one ends.
    ends: Option<DateTime<Utc>>,
    /// The token of which it is said already that it is not in use, or that it is dead.
    told_of: Option<String>,
    last_event: i64,
    events: HashMap<i64, (DateTime<Utc>, bool)>,
    due: u64,
    /// How many events the delivered alerts stand for.
    counts: HashMap<i64, u32>,
    told: u64,
}

impl Judge {
    pub(crate) fn new(table: &Arc<Table>, texts: Context, sandbox: bool) -> Self {
        Self {
            table: Arc::clone(table),
            texts,
            sandbox,
            totals: Totals::default(),
            owed: BTreeMap::new(),
            judged: BTreeSet::new(),
            ticks: BTreeMap::new(),
            window: None,
            pressing: None,
            lost: None,
            is_settled: false,
            is_unasked: false,
            dead: None,
            used: None,
            ends: None,
            told_of: None,
            last_event: 0,
            events: HashMap::new(),
            due: 0,
            counts: HashMap::new(),
            told: 0,
        }
    }

    /// The last event that was read.
    pub(crate) fn last_event(&self) -> i64 {
        self.last_event
    }

    /// Whether a person has to be told of something and has not been so far.
    pub(crate) fn waits(&self) -> bool {
        self.lost.is_some() && !self.is_settled
    }

    pub(crate) fn look(&mut self, look: &Look<'_>) {
        self.note_window(look);
        self.note_loss(look);
        self.note_good_token(look);
        self.note_dead_token(look);
        let cards = look.telegram.cards();
        if cards > 1 {
            self.totals.found(Fault::SecondCard, look.truth, format!("{cards} cards with a link"));
        }
    }

    /// Which day owes a tick.
    fn note_window(&mut self, look: &Look<'_>) {
        let date = ist::date(look.wall);
        let is_due = self.table.tick(date).is_some_and(|(from, to)| (from..to).contains(&look.wall));
        if !is_due {
            self.window = None;
            return;
        }
        let known = self.window.filter(|(of, since)| *of == date && *since >= look.steady_since);
        let (_, since) = known.unwrap_or((date, look.ran));
        self.window = Some((date, since));
        if look.ran >= since + TICK_SURELY {
            let passed = TimeDelta::from_std(look.ran.saturating_sub(since)).unwrap();
            self.owed.entry(date).or_insert(look.wall - passed);
        }
    }

    /// A session that needs a token asks a person for one.
    fn note_loss(&mut self, look: &Look<'_>) {
        let hours = self.table.hours(ist::date(look.wall));
        let is_missing = look.snapshot.mode == Mode::Mock;
        let is_within = |early: i64| {
            let within = |(from, to): Span| (from - TimeDelta::minutes(early)..to).contains(&look.wall);
            is_missing && hours.is_some_and(within)
        };
        self.pressing = is_within(5).then(|| self.pressing.unwrap_or(look.ran));
        self.lost = is_within(0).then(|| self.lost.unwrap_or(look.ran));
        let Some(lost) = self.lost else {
            (self.is_settled, self.is_unasked) = (false, false);
            return;
        };
        let since = lost.max(look.steady_since);
        let telegram = look.telegram.fine_since();
        let telegram = if telegram.is_zero() { telegram } else { telegram + TELEGRAM_AGAIN };
        let is_alerted =
            look.telegram.alerted().is_some_and(|at| self.pressing.is_some_and(|since| since <= at));
        let is_asked = is_alerted || look.telegram.cards() > 0;
        let is_late = look.is_after([since, telegram], ASKED);
        match (is_asked, self.is_settled) {
            (true, false) => self.totals.asked += 1,
            // The card is gone although there is no token.
            (false, true) if !self.is_unasked => self.lost = Some(look.ran),
            (false, false) if is_late => {
                self.is_unasked = true;
                let words = format!("nobody was asked: {:?}, {:?}", look.snapshot.mode, look.snapshot.reason);
                self.totals.found(Fault::Unasked, look.truth, words);
            }
            _ => {}
        }
        self.is_settled = is_asked || self.is_unasked;
    }

    /// What was granted is used.
    fn note_good_token(&mut self, look: &Look<'_>) {
        let in_use = look.snapshot.token.as_ref().filter(|_| look.snapshot.mode != Mode::Mock);
        if let Some(token) = in_use {
            if self.used.as_deref() != Some(token.expose()) {
                self.used = Some(token.expose().to_owned());
                self.ends = token.ends_at();
            }
            return;
        }
        let Some(granted) = look.fyers.granted() else { return };
        let off = look.wall - look.truth;
        if off.abs() >= MOST_OFF && self.used.as_ref() != Some(&granted.token) {
            // A clock that is wrong makes every token look odd.
            return look.fyers.forget_granted();
        }
        let ends = claims::claims(&granted.token).expires_at;
        let is_good = look.fyers.is_good(&granted.token) && ends.is_some_and(|end| look.wall < end);
        let since = [granted.at, look.fyers.fine_since(), look.up_since, look.steady_since];
        let is_news = self.told_of.as_ref() != Some(&granted.token);
        if is_news && is_good && off.abs() < MOST_OFF && look.is_after(since, FYERS_AGAIN) {
            let words = format!("a good token is not used: {:?}", look.snapshot.reason);
            self.told_of = Some(granted.token);
            self.totals.found(Fault::NotLive, look.truth, words);
        }
    }

    /// What FYERS does not take is not used.
    fn note_dead_token(&mut self, look: &Look<'_>) {
        let Some(token) = look.snapshot.token.as_ref().filter(|_| look.snapshot.mode != Mode::Mock) else {
            self.dead = None;
            return;
        };
        let text = token.expose();
        if self.told_of.as_deref() == Some(text) {
            return;
        }
        let mut wrong = None;
        let refused = look.fyers.refused().filter(|(refused, _)| refused == text);
        if refused.is_some_and(|(_, at)| look.is_after([at, look.steady_since], REFUSED)) {
            wrong = Some("it was refused");
        }
        let past_end = TimeDelta::from_std(PAST_END).unwrap();
        let is_past = self.ends.is_none_or(|end| look.wall - end > past_end);
        if is_past && look.is_after([look.steady_since], PAST_END) {
            wrong = Some("it is past its end");
        }
        self.dead = (!look.fyers.is_good(text)).then(|| self.dead.unwrap_or(look.ran));
        if let Some(dead) = self.dead.filter(|_| !self.sandbox)
            && look.is_after([dead, look.fyers.fine_since(), look.steady_since], FYERS_AGAIN)
        {
            wrong = Some("it ended long ago");
        }
        if let Some(why) = wrong {
            self.told_of = Some(text.to_owned());
            self.totals.found(Fault::DeadToken, look.truth, format!("a dead token is used: {why}"));
        }
    }

    /// What the journal says of ticks and alerts.
    pub(crate) fn read(&mut self, events: &[Recorded], truth: DateTime<Utc>) {
        for entry in events {
            self.last_event = self.last_event.max(entry.id);
            self.totals.events += 1;
            if let Event::Ticked { trade_date, late } = entry.event {
                self.read_tick(entry.at, (trade_date, late), truth);
            }
            let is_worth = alert_for(entry, &self.texts).is_some();
            self.due += u64::from(is_worth);
            self.events.insert(entry.id, (entry.at, is_worth));
        }
        self.events.retain(|id, _| *id > self.last_event - KEPT);
        self.check_owed(truth);
    }

    fn read_tick(&mut self, at: DateTime<Utc>, (date, late): (NaiveDate, bool), truth: DateTime<Utc>) {
        self.totals.ticks += 1;
        self.totals.late_ticks += u64::from(late);
        if let Some(before) = self.ticks.insert(date, at) {
            let words = format!("{date} has a tick at {} and at {}", ist::ist(before), ist::ist(at));
            self.totals.found(Fault::DoubledTick, truth, words);
        }
        let passed = at - ist::instant(date, TICK);
        let is_window = self.table.tick(date).is_some_and(|(from, to)| (from..to).contains(&at));
        if !is_window || late != (passed > TimeDelta::seconds(60)) {
            let words = format!("the tick of {date} at {}, late: {late}", ist::ist(at));
            self.totals.found(Fault::WrongTick, truth, words);
        }
    }

    fn check_owed(&mut self, truth: DateTime<Utc>) {
        for (date, since) in std::mem::take(&mut self.owed) {
            let tick = self.ticks.get(&date).copied();
            if tick.is_none_or(|tick| tick > since + TICK_LATEST) {
                let tick = tick.map(|tick| ist::ist(tick).to_string());
                let words = format!("the tick of {date} was due from {} on: {tick:?}", ist::ist(since));
                self.totals.found(Fault::MissedTick, truth, words);
            }
            self.totals.owed += u64::from(self.judged.insert(date));
        }
    }

    /// What has arrived is what happened.
    pub(crate) fn read_deliveries(&mut self, telegram: &Telegram, truth: DateTime<Utc>) {
        for delivery in telegram.take_delivered().into_iter().filter(|delivery| delivery.event_id > 0) {
            let known = self.events.get(&delivery.event_id);
            if known != Some(&(delivery.at, true)) {
                let words = format!("{delivery:?} for {known:?}");
                self.totals.found(Fault::OddAlert, truth, words);
            }
            let before = self.counts.entry(delivery.id).or_default();
            self.told += u64::from(delivery.count.saturating_sub(*before));
            *before = delivery.count.max(*before);
        }
    }

    /// Whether all has been told; `is_quiet`: nothing can be under way.
    pub(crate) fn balance(&mut self, look: &Look<'_>, is_last: bool) {
        let since = [look.up_since, look.steady_since, look.telegram.fine_since()];
        let newest = self.events.get(&self.last_event).map(|(at, _)| *at);
        let is_still = newest.is_some_and(|at| (look.wall - at).to_std().is_ok_and(|long| long > SETTLED));
        if !is_last && !(is_still && look.is_after(since, SETTLED)) {
            return;
        }
        self.totals.balances += 1;
        if self.told != self.due {
            let words = format!("{} events are worth an alert, and alerts tell of {}", self.due, self.told);
            self.totals.found(Fault::LostAlert, look.truth, words);
            // Said once.
            self.told = self.due;
        }
        (self.totals.due, self.totals.told) = (self.due, self.told);
    }
}
