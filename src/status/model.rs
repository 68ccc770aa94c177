//! The values of `/api/status` and `status --json`.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use fyers_api::ist::ist;
use keeper_actors::notifier::messages::OutboxView;
use keeper_domain::{
    app_kind::READS_ONLY,
    contact::ContactState,
    mode::{Mode, ShownMode},
    reason::Reason,
    routing::{live_positions::Known, real_positions::Protection},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fyers::symbols::SymbolsStatus;
use crate::status::{feeds::FeedsStatus, session::SessionStatus};

/// Overall health, in the words of health+json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All is as it should be.
    Pass,
    /// Running, but a person may want to look.
    Warn,
    /// A part of the keeper does not answer.
    Fail,
}

/// Whether FYERS answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContactStatus {
    /// What is known.
    pub state: ContactState,
    /// When it last answered; `None`: never since the start.
    pub last_answer: Option<DateTime<FixedOffset>>,
    /// When a request left that has no answer yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<DateTime<FixedOffset>>,
    /// Since when every request has failed.
    pub failing_since: Option<DateTime<FixedOffset>>,
    /// How the latest one failed.
    pub problem: Option<String>,
}

/// Whether the keeper can write its state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DiskStatus {
    /// Since when it cannot.
    pub failing_since: Option<DateTime<FixedOffset>>,
    /// Why, and what to do.
    pub problem: Option<String>,
}

/// One actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorStatus {
    /// Whether it answers.
    pub alive: bool,
    /// How often it was restarted since the program's start.
    pub restarts: u64,
}

/// The outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OutboxStatus {
    /// Alerts not yet delivered.
    pub waiting: u64,
    /// When the oldest of them happened.
    pub oldest: Option<DateTime<FixedOffset>>,
    /// Alerts ever queued.
    pub queued: u64,
    /// Alerts ever delivered.
    pub delivered: u64,
}

impl From<&OutboxView> for OutboxStatus {
    fn from(outbox: &OutboxView) -> Self {
        Self {
            waiting: outbox.waiting as u64,
            oldest: outbox.oldest.map(ist),
            queued: outbox.queued_total,
            delivered: outbox.delivered_total,
        }
    }
}

/// The daily tick that was last taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickStatus {
    /// The trading day (IST).
    pub date: NaiveDate,
    /// When it began.
    pub begun_at: DateTime<FixedOffset>,
    /// When its outcome was known.
    pub done_at: Option<DateTime<FixedOffset>>,
}

/// The list of holidays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CalendarStatus {
    /// Whether there is a session today (IST).
    pub trading_day: bool,
    /// The next weekday on which the market is closed, today included.
    pub next_holiday: Option<HolidayStatus>,
    /// The last day the list covers.
    pub covered_until: Option<NaiveDate>,
}

/// A weekday on which the market is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayStatus {
    /// The day (IST).
    pub date: NaiveDate,
    /// Its name.
    pub name: String,
}

/// The lease of a keeper that shares its database with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseStatus {
    /// Where the keeper that holds it says it is reached (`KEEPER_ADVERTISE_URL`).
    #[serde(default)]
    pub address: Option<String>,
    /// The number of this holding: each change of the holder counts one up.
    pub epoch: i64,
    /// Since when this keeper holds it.
    pub since: DateTime<FixedOffset>,
    /// Whether another keeper stands by; `None` while the database does not tell.
    #[serde(default)]
    pub standby: Option<bool>,
    /// Whether FYERS answers where that one stands by; `None` while it has not looked, or none stands by.
    #[serde(default)]
    pub standby_reaches_fyers: Option<bool>,
}

impl LeaseStatus {
    /// Who acts, for a person.
    pub fn words(&self) -> String {
        let whose = self.address.as_deref().unwrap_or("a keeper without KEEPER_ADVERTISE_URL");
        let other = match (self.standby, self.standby_reaches_fyers) {
            (Some(true), Some(false)) => "another one stands by, but cannot reach FYERS",
            (Some(true), _) => "another one stands by",
            (Some(false), _) => "no other one stands by",
            (None, _) => "whether another one stands by is not known",
        };
        let since = self.since.format("%a %d %b, %H:%M:%S IST");
        format!("{whose} acts since {since}; {other}")
    }
}

/// Everything at one glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Overall health.
    pub status: Health,
    /// Where requests go.
    pub mode: ShownMode,
    /// The mode itself, also while a halt is shown in its place.
    #[serde(default = "no_order_is_real")]
    pub mode_below_halt: Mode,
    /// Why they go there.
    pub reason: Reason,
    /// Whether a person has halted trading.
    #[serde(default)]
    pub halted: bool,
    /// Whether the keeper has, since its database was put back to an earlier moment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub halted_for_put_back: bool,
    /// Whether orders are refused while there is no token (`KEEPER_ON_TOKEN_LOSS=reject`), in place of being simulated.
    #[serde(default)]
    pub refuses_without_token: bool,
    /// The session.
    pub session: SessionStatus,
    /// Whether a missing token matters now: a trading day, after the tick, before the close.
    #[serde(default)]
    pub token_needed: bool,
    /// When the next tick is due.
    pub next_tick: Option<DateTime<FixedOffset>>,
    /// The last tick.
    pub last_tick: Option<TickStatus>,
    /// Trading days.
    #[serde(default)]
    pub calendar: CalendarStatus,
    /// The actors by name.
    pub actors: BTreeMap<String, ActorStatus>,
    /// The outbox.
    pub outbox: OutboxStatus,
    /// The webhook's outbox; `None` when it is not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<OutboxStatus>,
    /// Orders the MockExchange took today; those that it rejected are not counted.
    pub orders_simulated_today: u64,
    /// Orders that FYERS took today and has not rejected since.
    #[serde(default)]
    pub orders_at_fyers_today: u64,
    /// Orders that FYERS refused today.
    #[serde(default)]
    pub orders_refused_today: u64,
    /// How well the positions at FYERS are known.
    #[serde(default = "never")]
    pub positions_known: Known,
    /// What is open at FYERS while no order goes there, in words; `None` when nothing is, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_at_fyers: Option<String>,
    /// Orders at FYERS that can still fill, as far as is known, each as `+50 NSE:TCS-EQ`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting_at_fyers: Vec<String>,
    /// Which orders are refused while no order goes to FYERS, because of what is open there.
    #[serde(default)]
    pub protection: Protection,
    /// Whether FYERS takes no orders from the app, which only reads.
    #[serde(default)]
    pub app_reads_only: bool,
    /// Simulated positions that are still open although orders go to FYERS, each as `10 NSE:SBIN-EQ`.
    #[serde(default)]
    pub simulated_left: Vec<String>,
    /// Which keeper acts, where several share one database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseStatus>,
    /// Whether FYERS answers.
    #[serde(default)]
    pub fyers: ContactStatus,
    /// Whether the keeper can write its state.
    #[serde(default)]
    pub disk: DiskStatus,
    /// The symbol master; `None` where none is fetched.
    #[serde(default)]
    pub symbols: Option<SymbolsStatus>,
    /// Market data and order updates for bots.
    #[serde(default)]
    pub feeds: FeedsStatus,
    /// A digest of which state folder the keeper works on; empty where it has none.
    #[serde(default)]
    pub state_folder: String,
    /// The program's version.
    pub version: String,
    /// The commit it was built from; empty when nobody knew at build time.
    #[serde(default)]
    pub commit: String,
    /// The keeper's own time.
    pub time: DateTime<FixedOffset>,
    /// What the health is made of.
    #[serde(default)]
    pub checks: Checks,
}

/// For a keeper of before that does not tell it.
fn no_order_is_real() -> Mode {
    Mode::Mock
}

impl Status {
    /// Whether the mode is Live and FYERS refuses every order all the same.
    pub fn only_reads(&self) -> bool {
        self.app_reads_only && self.mode == ShownMode::Live
    }

    /// What the mode means for orders.
    pub fn orders_words(&self) -> &'static str {
        match self.mode {
            ShownMode::Halted => self.halted_words(),
            ShownMode::Live if self.only_reads() => {
                "But this app (-100) only reads, and FYERS refuses its orders."
            }
            ShownMode::Live => "Orders go to FYERS, with real money.",
            ShownMode::Sandbox => "Prices from FYERS, orders simulated.",
            ShownMode::Mock if self.refuses_without_token => {
                "Orders are refused until there is a good token; what bots read is simulated."
            }
            ShownMode::Mock => match self.protection {
                Protection::Nothing => "No order goes to FYERS.",
                Protection::Exits => {
                    "Orders that could close what is open at FYERS are refused, all others are simulated: no order goes there."
                }
                Protection::Everything => {
                    "Orders are refused: what is open at FYERS is not known, and no order goes there."
                }
            },
        }
    }

    /// What a halt means for orders, whether there is one or not.
    pub fn halted_words(&self) -> &'static str {
        match self.mode_below_halt {
            _ if !self.session.usable => {
                "Entries are refused, and without a token exits at FYERS are refused too."
            }
            Mode::Live => {
                "Entries are refused; orders that reduce an open position still go to FYERS, with real money."
            }
            Mode::Sandbox | Mode::Mock => {
                "Entries are refused; orders that reduce a simulated position still pass. No order is real."
            }
        }
    }

    /// Mode and reason in one line, for the command line.
    pub fn mode_words(&self) -> String {
        match (self.halted, self.only_reads()) {
            (true, _) => {
                let below = self.mode_below_halt;
                let who = self.halted_by();
                format!(
                    "halted by {who}; /resume in Telegram or the button on the page ends it, then {below}"
                )
            }
            (false, true) => format!("{}, because {}; {READS_ONLY}", self.mode, self.because()),
            (false, false) => format!("{}, because {}", self.mode, self.because()),
        }
    }

    /// How it is, in words.
    pub fn health_words(&self) -> &'static str {
        match self.status {
            Health::Pass if self.halted => "Running, but trading is halted",
            Health::Pass => "All is well",
            Health::Warn => "Needs a look",
            Health::Fail => "A part of the keeper is down",
        }
    }

    /// What is not well, in words.
    pub fn problems(&self) -> Vec<String> {
        let problem = |check: &Check| (check.status != Health::Pass).then(|| check.output.clone()).flatten();
        self.checks.values().flatten().filter_map(problem).collect()
    }

    /// What the end of a halt leads to.
    pub fn resumed_words(&self) -> &'static str {
        match self.mode_below_halt {
            Mode::Live => "New positions are taken again, at FYERS with real money: the keeper is live.",
            Mode::Sandbox => {
                "New positions are taken again, simulated at FYERS' prices: the keeper is in sandbox."
            }
            Mode::Mock => {
                "New positions are taken again, simulated: there is no token. Once there is one, the settings say where orders go."
            }
        }
    }

    /// Why the mode is what is shown, in words that follow "because".
    pub fn because(&self) -> String {
        if self.halted { self.halt_words().to_owned() } else { self.because_below_halt() }
    }

    /// Who has halted trading, and why where it was no person.
    pub fn halted_by(&self) -> &'static str {
        if self.halted_for_put_back { "the keeper, since the database was put back" } else { "a person" }
    }

    /// The same, in a sentence of its own.
    pub fn halt_words(&self) -> &'static str {
        if self.halted_for_put_back {
            "the keeper has halted trading, since the database was put back"
        } else {
            "a person has halted trading"
        }
    }

    /// The same, where a halt is told already.
    pub fn because_below_halt(&self) -> String {
        let is_sessions = self.reason == self.session.reason;
        if is_sessions { self.session.because() } else { self.reason.words().to_owned() }
    }
}

/// All checks by name.
pub type Checks = BTreeMap<String, Vec<Check>>;

/// One look at one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Which one, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_id: Option<String>,
    /// `component`, `datastore` or `system`.
    pub component_type: String,
    /// What was seen.
    pub observed_value: Value,
    /// In which unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_unit: Option<String>,
    /// What to think of it.
    pub status: Health,
    /// When it was seen.
    pub time: DateTime<FixedOffset>,
    /// What a person should know, when not all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

fn never() -> Known {
    Known::Never
}
