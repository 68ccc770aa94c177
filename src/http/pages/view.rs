//! What the page shows, from status, day and journal. Values only; the template writes them down.

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta};
use fyers_api::ist::ist;
use keeper_domain::{
    event::{Event, Recorded, Repeated},
    event_words,
    keys::BotName,
    mode::ShownMode,
    reason::Reason,
    routing::real_positions::halt_leaves,
    session::Source,
};
use serde_json::Value;

use crate::{
    http::pages::{
        equity,
        feeds::Feeds,
        key_list::KeyLine,
        mornings::Strip,
        orders::{self, OrderRow},
        positions::Positions,
    },
    refresh_report,
    status::{ActorStatus, Day, Health, LeaseStatus, MarketDay, SessionStatus, Status},
};

/// A name and what is to be said of it.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// A moment of the day, as text.
pub(super) struct Moment {
    pub(super) at: String,
    pub(super) what: String,
    pub(super) kind: &'static str,
}

/// A stretch of the timeline, in percent.
pub(super) struct Stretch {
    pub(super) from: String,
    pub(super) width: String,
}

/// The day as a picture: all places in percent of its width.
pub(super) struct Timeline {
    pub(super) title: String,
    pub(super) now: String,
    pub(super) tick: Option<String>,
    pub(super) market: Option<Stretch>,
    pub(super) session: Option<Stretch>,
    pub(super) hours: Vec<(String, String, &'static str)>,
    pub(super) moments: Vec<Moment>,
}

/// One of the keeper's parts.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) alive: bool,
    pub(super) restarts: u64,
}

/// One event.
pub(super) struct Line {
    pub(super) machine: String,
    pub(super) at: String,
    pub(super) name: &'static str,
    pub(super) text: String,
    event: Event,
}

impl Line {
    /// Whether this bot may be told of it; `None` is a person.
    pub(super) fn is_for(&self, reader: Option<&BotName>) -> bool {
        reader.is_none_or(|bot| self.event.may_be_told_to(bot))
    }
}

/// The button that comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// A login is needed.
    Login,
    /// Orders go to FYERS.
    Halt,
    /// Trading is halted.
    Resume,
    /// Nothing presses.
    Nothing,
}

impl First {
    fn of(status: &Status) -> Self {
        let session = &status.session;
        match status.mode {
            _ if status.halted => Self::Resume,
            // A token that waits for FYERS' word needs no login.
            _ if matches!(session.reason, Reason::TokenUnconfirmed | Reason::TokenDoubted) => Self::Nothing,
            _ if !session.usable && session.reason != Reason::NoCredentials => Self::Login,
            ShownMode::Live => Self::Halt,
            _ => Self::Nothing,
        }
    }
}

/// The page's contents.
pub(super) struct View {
    pub(super) mode: &'static str,
    pub(super) mark: &'static str,
    pub(super) headline: &'static str,
    pub(super) meaning: &'static str,
    pub(super) because: String,
    pub(super) halted: bool,
    /// What a halt would mean, or means.
    pub(super) halt_words: &'static str,
    /// What a halt does not take back.
    pub(super) halt_leaves: String,
    /// There are simulated positions that FYERS does not have, although orders go there.
    pub(super) has_leftovers: bool,
    /// What the end of a halt leads to.
    pub(super) resumed: &'static str,
    /// There is no app, so there is no way to a token.
    pub(super) is_bare: bool,
    pub(super) health: &'static str,
    pub(super) health_words: &'static str,
    pub(super) problems: Vec<String>,
    /// What is to be done about a first login that waits for the owner's word.
    pub(super) to_confirm: Option<String>,
    /// What is open at FYERS and out of reach.
    pub(super) open_at_fyers: Option<String>,
    pub(super) as_of: String,
    pub(super) session: Vec<Row>,
    pub(super) calendar: Vec<Row>,
    pub(super) figures: Vec<Row>,
    /// Today's orders of all bots, newest first; `None` when they could not be read.
    pub(super) orders: Option<Vec<OrderRow>>,
    /// `None` when they could not be read.
    pub(super) positions: Option<Positions>,
    pub(super) timeline: Timeline,
    /// `None` for a keeper without a past.
    pub(super) mornings: Option<Strip>,
    /// `None` before anything was simulated.
    pub(super) equity: Option<equity::Line>,
    pub(super) feeds: Feeds,
    pub(super) keys: Vec<KeyLine>,
    /// The one thing that a person is here for.
    pub(super) first: First,
    pub(super) parts: Vec<Part>,
    /// Who acts, where several keepers share one database.
    pub(super) lease: Option<String>,
    pub(super) events: Vec<Line>,
    pub(super) version: String,
    pub(super) covered_until: String,
}

/// How many events the page shows.
const LATEST: usize = 10;
/// How many of today's orders the page shows.
pub(super) const SHOWN: usize = 20;

fn full(at: DateTime<FixedOffset>) -> String {
    at.format("%a %d %b, %H:%M").to_string()
}

fn or_dash(at: Option<DateTime<FixedOffset>>) -> String {
    at.map_or_else(|| "–".to_owned(), full)
}

fn percent(place: f64) -> String {
    format!("{place:.2}%")
}

impl View {
    pub(super) fn of(status: &Status, day: &Day, events: &[Recorded], orders: Option<&[Value]>) -> Self {
        let (mark, headline) = match status.mode {
            ShownMode::Halted => ("■", "HALTED"),
            ShownMode::Live => ("●", "Live"),
            ShownMode::Sandbox => ("◐", "Sandbox"),
            ShownMode::Mock => ("○", "Mock"),
        };
        let health = match status.status {
            Health::Pass if status.halted => "warn",
            Health::Pass => "pass",
            Health::Warn => "warn",
            Health::Fail => "fail",
        };
        let orders = orders.map(|entries| orders::of_date(entries, status.time.date_naive()));
        Self {
            mode: if status.halted { "halted" } else { status.mode.slug() },
            mark,
            headline,
            meaning: status.orders_words(),
            because: status.because(),
            halted: status.halted,
            halt_words: status.halted_words(),
            halt_leaves: halt_leaves(&status.waiting_at_fyers),
            has_leftovers: !status.simulated_left.is_empty(),
            resumed: status.resumed_words(),
            is_bare: status.session.reason == Reason::NoCredentials,
            health,
            health_words: status.health_words(),
            problems: status.problems(),
            to_confirm: status.session.confirm_words(),
            open_at_fyers: status.open_at_fyers.clone(),
            as_of: status.time.format("%a %d %b %Y, %H:%M:%S IST").to_string(),
            session: session(status),
            calendar: calendar(status),
            positions: None,
            mornings: None,
            equity: None,
            feeds: Feeds::of(status),
            keys: vec![],
            first: First::of(status),
            figures: figures(status, orders.as_deref()),
            orders,
            timeline: Timeline::of(status, day),
            parts: parts(status),
            lease: status.lease.as_ref().map(LeaseStatus::words),
            events: Recorded::together(events, LATEST).iter().map(line).collect(),
            version: version(status),
            covered_until: status
                .calendar
                .covered_until
                .map_or_else(|| "–".to_owned(), |day| day.format("%d %b %Y").to_string()),
        }
    }
}

fn session(status: &Status) -> Vec<Row> {
    let session = &status.session;
    let mut rows = vec![
        Row { name: "State", value: format!("{}, because {}", session.state.words(), session.because()) },
        Row {
            name: if session.expires_at.is_some_and(|end| end <= status.time) {
                "Was good until"
            } else {
                "Good until"
            },
            value: or_dash(session.expires_at),
        },
    ];
    rows.push(Row { name: "FYERS", value: status.fyers.words() });
    if let Some(fingerprint) = &session.fingerprint {
        let by = session.source.map_or("", Source::slug);
        rows.push(Row { name: "Token", value: format!("{fingerprint}, by {by}") });
    }
    if let Some(account) = &session.account {
        rows.push(Row { name: "Account", value: account.clone() });
    }
    if let Some(problem) = session.problem.filter(|problem| *problem != session.reason) {
        rows.push(Row { name: "Latest trouble", value: latest_trouble(session, problem) });
    }
    rows
}

/// Beside a token that works nothing is wrong with that one.
fn latest_trouble(session: &SessionStatus, problem: Reason) -> String {
    match session.usable {
        true => format!("no new token: {}", refresh_report::why(problem)),
        false => problem.words().to_owned(),
    }
}

fn version(status: &Status) -> String {
    if status.commit.is_empty() {
        return status.version.clone();
    }
    format!("{} ({})", status.version, status.commit)
}

fn calendar(status: &Status) -> Vec<Row> {
    let last = status.last_tick.map(|tick| {
        let done = if tick.done_at.is_some() { "" } else { ", not done yet" };
        format!("{}{done}", full(tick.begun_at))
    });
    let holiday = status.calendar.next_holiday.as_ref();
    let holiday = holiday.map(|day| format!("{}, {}", day.date.format("%a %d %b"), day.name));
    let dash = || "–".to_owned();
    vec![
        Row { name: "Next daily check", value: or_dash(status.next_tick) },
        Row { name: "Last daily check", value: last.unwrap_or_else(dash) },
        Row { name: "Next holiday", value: holiday.unwrap_or_else(dash) },
    ]
}

fn figures(status: &Status, orders: Option<&[OrderRow]>) -> Vec<Row> {
    let outbox = &status.outbox;
    let waiting = match outbox.oldest {
        Some(oldest) => format!("{}, the oldest since {}", outbox.waiting, full(oldest)),
        None => "none".to_owned(),
    };
    vec![
        Row { name: "Orders at FYERS today", value: status.orders_at_fyers_today.to_string() },
        Row {
            name: "Orders simulated today",
            value: orders::simulated(status.orders_simulated_today, orders),
        },
        Row { name: "Orders that FYERS rejected today", value: status.orders_refused_today.to_string() },
        Row {
            name: "Orders that the keeper refused today",
            value: orders.map_or_else(
                || "not known".to_owned(),
                |orders| orders::at_least(orders, |order| order.is_refused_here).1,
            ),
        },
        Row { name: "Alerts waiting", value: waiting },
        Row { name: "Alerts delivered", value: format!("{} of {}", outbox.delivered, outbox.queued) },
    ]
}

fn parts(status: &Status) -> Vec<Part> {
    let part = |(name, actor): (&String, &ActorStatus)| Part {
        name: name.clone(),
        alive: actor.alive,
        restarts: actor.restarts,
    };
    status.actors.iter().map(part).collect()
}

fn line(repeated: &Repeated<'_>) -> Line {
    let (at, event) = (ist(repeated.newest.at), &repeated.newest.event);
    Line {
        machine: at.to_rfc3339(),
        at: at.format("%d %b %H:%M:%S").to_string(),
        name: event.name(),
        text: event_words::repeated(repeated),
        event: event.clone(),
    }
}

impl Timeline {
    fn of(status: &Status, day: &Day) -> Self {
        let now = day.place(day.now);
        let stretch = |from: f64, until: f64| Stretch { from: percent(from), width: percent(until - from) };
        let market = match &day.market {
            MarketDay::Open { from, until, .. } => Some(stretch(day.place_of(*from), day.place_of(*until))),
            MarketDay::Closed(_) => None,
        };
        let expiry = status.session.expires_at.filter(|_| status.session.usable);
        Self {
            title: day.date.format("%A, %d %B").to_string(),
            now: percent(now),
            tick: day.tick.map(|tick| percent(day.place_of(tick))),
            market,
            session: expiry.map(|end| stretch(now, day.place(end))),
            hours: hours(),
            moments: moments(day, expiry),
        }
    }
}

/// Every three hours; the labels at both ends stay within the picture.
fn hours() -> Vec<(String, String, &'static str)> {
    let hour = |step: u32| {
        let anchor = match step {
            0 => "start",
            8 => "end",
            _ => "middle",
        };
        (percent(f64::from(step) * 12.5), format!("{:02}", (6 + 3 * step) % 24), anchor)
    };
    (0..=8).map(hour).collect()
}

/// The picture in words, in order.
fn moments(day: &Day, expiry: Option<DateTime<FixedOffset>>) -> Vec<Moment> {
    let clock = |time: NaiveTime| time.format("%H:%M").to_string();
    let mut moments =
        vec![(day.place(day.now), day.now.format("%H:%M").to_string(), "now".to_owned(), "now")];
    if let Some(tick) = day.tick {
        moments.push((day.place_of(tick), clock(tick), "daily check".to_owned(), "tick"));
    }
    match &day.market {
        MarketDay::Open { from, until, occasion, closings } => {
            let occasion = occasion.iter().map(|occasion| format!(", {occasion}"));
            let ends = Some(closings).filter(|ends| !ends.is_empty()).map(|ends| format!(": {ends}"));
            let what = occasion.chain(ends).collect::<String>();
            let at = format!("{}–{}", clock(*from), clock(*until));
            moments.push((day.place_of(*from), at, format!("market open{what}"), "market"));
        }
        MarketDay::Closed(why) => {
            moments.push((-1.0, "All day".to_owned(), format!("market closed: {why}"), "closed"));
        }
    }
    if let Some(end) = expiry {
        // Beyond the picture's end there is only its end.
        let far = end - day.now > TimeDelta::hours(24);
        let at = if far { full(end) } else { end.format("%H:%M").to_string() };
        moments.push((day.place(end), at, "the session ends".to_owned(), "session"));
    }
    moments.sort_by(|one, other| one.0.total_cmp(&other.0));
    moments.into_iter().map(|(_, at, what, kind)| Moment { at, what, kind }).collect()
}
