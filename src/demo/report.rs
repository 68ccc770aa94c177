//! What the week came to: one line a day, the totals, and whether the promises held.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use fyers_api::ist::{self, ist};
use keeper_domain::{
    event::{Event, Recorded},
    mode::Mode,
};
use serde::Serialize;

/// What may be another number in the next run, and why.
const ABOUT_NUMBERS: &str = "Times and the number of alerts differ a little from run to run: the clock runs\n\
                             up to 20,000 times as fast, and alerts that wait together are merged.";
/// The market opens.
const OPEN: NaiveTime = ist::at(9, 15);

/// One day of the demo.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DemoDay {
    /// The date (IST).
    pub date: NaiveDate,
    /// Whether the market trades.
    pub trading_day: bool,
    /// When the tick was taken on.
    pub tick_at: Option<DateTime<FixedOffset>>,
    /// When the day's good token was there.
    pub token_ok_at: Option<DateTime<FixedOffset>>,
    /// Where orders went at 09:15.
    pub mode_at_open: Option<Mode>,
    /// Alerts that reached the phone.
    pub alerts: u64,
    /// Restarts of actors.
    pub restarts: u64,
    /// What the day was about.
    #[serde(skip)]
    pub story: &'static str,
}

/// The whole week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// One entry a day.
    pub days: Vec<DemoDay>,
    /// Alerts written to the outbox.
    pub alerts_queued: u64,
    /// Alerts delivered.
    pub alerts_delivered: u64,
    /// Actors that died.
    pub crashes: u64,
    /// Actors that came back.
    pub restarts: u64,
    /// Dates that were ticked more than once.
    pub double_ticks: u64,
    /// Trading days without a tick, or with neither a token before 09:15 nor an alert.
    pub missed_days: u64,
}

/// What the demo saw besides the journal.
#[derive(Debug, Default)]
pub struct Observed {
    /// The mode at 09:15, by date.
    pub mode_at_open: BTreeMap<NaiveDate, Mode>,
    /// Messages on the phone, by the date (IST) of the event they tell of.
    pub alerts: BTreeMap<NaiveDate, u64>,
    /// Alerts ever queued and delivered, by the store's count.
    pub totals: keeper_domain::ports::AlertTotals,
}

/// Counts the week.
pub fn report(days: &[(NaiveDate, bool, &'static str)], journal: &[Recorded], seen: &Observed) -> Report {
    let days: Vec<DemoDay> = days.iter().map(|day| count_day(day, journal, seen)).collect();
    let count =
        |wanted: fn(&Event) -> bool| journal.iter().filter(|entry| wanted(&entry.event)).count() as u64;
    Report {
        alerts_queued: seen.totals.queued,
        alerts_delivered: seen.totals.delivered,
        crashes: count(|event| matches!(event, Event::ActorCrashed { .. })),
        restarts: count(|event| matches!(event, Event::ActorRestarted { .. })),
        double_ticks: days.iter().filter(|day| ticks(day.date, journal).count() > 1).count() as u64,
        missed_days: days.iter().filter(|day| is_missed(day)).count() as u64,
        days,
    }
}

fn count_day(
    &(date, trading_day, story): &(NaiveDate, bool, &'static str),
    journal: &[Recorded],
    seen: &Observed,
) -> DemoDay {
    let on_day = || journal.iter().filter(move |entry| ist::date(entry.at) == date);
    let good = |event: &Event| {
        matches!(
            event,
            Event::RefreshSucceeded { .. } | Event::LoginSucceeded { .. } | Event::TokenGood { .. }
        )
    };
    DemoDay {
        date,
        trading_day,
        tick_at: ticks(date, journal).next().map(|entry| ist(entry.at)),
        token_ok_at: on_day().find(|entry| good(&entry.event)).map(|entry| ist(entry.at)),
        mode_at_open: seen.mode_at_open.get(&date).copied(),
        alerts: seen.alerts.get(&date).copied().unwrap_or_default(),
        restarts: on_day().filter(|entry| matches!(entry.event, Event::ActorRestarted { .. })).count() as u64,
        story,
    }
}

fn ticks(date: NaiveDate, journal: &[Recorded]) -> impl Iterator<Item = &Recorded> {
    journal
        .iter()
        .filter(move |entry| matches!(&entry.event, Event::Ticked { trade_date, .. } if *trade_date == date))
}

fn is_missed(day: &DemoDay) -> bool {
    let in_time = day.token_ok_at.is_some_and(|at| at.time() < OPEN);
    day.trading_day && (day.tick_at.is_none() || !(in_time || day.alerts > 0))
}

impl Report {
    /// Whether nothing was lost and every trading day had a token in time or an alert.
    pub fn is_good(&self) -> bool {
        self.alerts_queued == self.alerts_delivered
            && self.crashes == self.restarts
            && self.double_ticks == 0
            && self.missed_days == 0
    }

    /// The closing table and its totals.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table
            .load_preset(UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(80);
        table.set_header(["Day", "Tick", "Token", "09:15", "Alerts", "Restarts", "What happened"]);
        for day in &self.days {
            table.add_row(row(day));
        }
        for column in [4, 5] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n{}\n", self.totals())
    }

    fn totals(&self) -> String {
        let Self { alerts_queued, alerts_delivered, crashes, restarts, double_ticks, missed_days, .. } = self;
        let verdict = if self.is_good() { "✅ Nothing was lost." } else { "❌ Something was lost." };
        format!(
            "Alerts queued {alerts_queued}, delivered {alerts_delivered} · crashes {crashes}, restarts {restarts}\n\
             double ticks {double_ticks} · missed days {missed_days}\n{verdict}\n{ABOUT_NUMBERS}"
        )
    }
}

fn row(day: &DemoDay) -> [String; 7] {
    let time = |at: Option<DateTime<FixedOffset>>| {
        at.map_or_else(|| "-".to_owned(), |at| at.format("%H:%M").to_string())
    };
    [
        day.date.format("%a %d %b").to_string(),
        time(day.tick_at),
        time(day.token_ok_at),
        day.mode_at_open.map_or_else(|| "closed".to_owned(), |mode| mode.to_string()),
        day.alerts.to_string(),
        day.restarts.to_string(),
        day.story.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<chrono::Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap().to_utc()
    }

    fn entry(id: i64, when: &str, event: Event) -> Recorded {
        Recorded { id, at: at(when), event }
    }

    fn monday() -> NaiveDate {
        "2026-11-23".parse().unwrap()
    }

    fn good_day() -> Vec<Recorded> {
        let token = keeper_domain::secret::Fingerprint::of("t");
        let good = Event::TokenGood { fingerprint: token, expires_at: at("2026-11-24T06:00:00") };
        vec![
            entry(1, "2026-11-23T08:45:02", Event::Ticked { trade_date: monday(), late: false }),
            entry(2, "2026-11-23T08:45:04", good),
        ]
    }

    fn of(journal: &[Recorded], seen: &Observed) -> Report {
        report(&[(monday(), true, "a day")], journal, seen)
    }

    /// What the README shows is this table: a column that comes, goes or has another name is seen here.
    #[test]
    fn the_table_has_these_columns_and_fits_80() {
        let table = of(&good_day(), &Observed::default()).table();
        let head = "│ Day        ┆ Tick  ┆ Token ┆ 09:15  ┆ Alerts ┆ Restarts ┆ What happened │";
        assert_eq!(table.lines().nth(1), Some(head), "{table}");
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }

    #[test]
    fn a_good_day_is_good() {
        let report = of(&good_day(), &Observed::default());
        assert!(report.is_good(), "{report:?}");
        assert_eq!(report.days[0].token_ok_at.map(|at| at.to_utc()), Some(at("2026-11-23T08:45:04")));
    }

    #[test]
    fn each_way_to_lose_something_is_noticed() {
        let mut twice = good_day();
        twice.push(entry(3, "2026-11-23T08:46:00", Event::Ticked { trade_date: monday(), late: true }));
        assert_eq!(of(&twice, &Observed::default()).double_ticks, 1);

        let no_tick = &good_day()[1..];
        assert_eq!(of(no_tick, &Observed::default()).missed_days, 1);

        let no_token = &good_day()[..1];
        assert_eq!(of(no_token, &Observed::default()).missed_days, 1);
        let told = Observed { alerts: BTreeMap::from([(monday(), 1)]), ..Observed::default() };
        assert!(of(no_token, &told).is_good(), "an alert will do");

        let mut crashed = good_day();
        let death = keeper_domain::event::Death::Panic;
        crashed.push(entry(4, "2026-11-23T10:00:00", Event::ActorCrashed { actor: "token".into(), death }));
        assert!(!of(&crashed, &Observed::default()).is_good());

        let mut seen = Observed::default();
        seen.totals.queued = 1;
        assert!(!of(&good_day(), &seen).is_good());
    }
}
