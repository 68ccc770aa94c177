//! What only grows.

use keeper_domain::{
    alert::{Channel, Severity},
    event::Event,
    mode::Mode,
    reason::Reason,
};
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use crate::{http::metrics::outcome::AlertOutcome, status::Status};

/// The counters, by name.
pub(super) struct Counters {
    switches: IntCounterVec,
    refreshes: IntCounterVec,
    logins: IntCounterVec,
    restarts: IntCounterVec,
    pub(super) alerts: IntCounterVec,
    pub(super) gateway: IntCounterVec,
    pub(super) wrong_keys: IntCounterVec,
    pub(super) places: IntCounterVec,
    pub(super) key_refusals: IntCounterVec,
    pub(super) dropped_log_lines: IntCounter,
}

impl Counters {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let dropped_log_lines = IntCounter::new(
            "log_lines_dropped_total",
            "Log lines that were dropped because nobody read the output.",
        )?;
        registry.register(Box::new(dropped_log_lines.clone()))?;
        let counters = Self {
            dropped_log_lines,
            switches: counter("mode_switches_total", "Switches of the mode.", &["from", "to", "reason"])?,
            refreshes: counter(
                "refresh_attempts_total",
                "Refresh calls to FYERS, by outcome.",
                &["outcome", "reason"],
            )?,
            logins: counter("logins_total", "Logins by a person, by outcome.", &["outcome"])?,
            restarts: counter("actor_restarts_total", "Restarts since the program's start.", &["actor"])?,
            alerts: counter(
                "alerts_total",
                "Alerts queued, deliveries made and deliveries failed, by channel.",
                &["channel", "severity", "outcome"],
            )?,
            gateway: counter(
                "gateway_requests_total",
                "Bots' requests; mode and bot are none when a request was refused at the door.",
                &["mode", "route", "status", "bot"],
            )?,
            wrong_keys: counter(
                "wrong_keys_total",
                "Wrong gateway keys, by where they were shown.",
                &["entrance"],
            )?,
            key_refusals: counter(
                "key_refusals_total",
                "Requests that a limit of the bot's key has refused: new orders, changes and others are told apart.",
                &["bot", "limit", "request"],
            )?,
            places: counter(
                "places_refused_total",
                "Requests that were refused because so many of the same key, or of all, wait for their answers.",
                &["bot"],
            )?,
        };
        counters.begin_at_zero();
        Ok(counters)
    }

    /// A series that begins at zero shows its first step to `increase()`; one that begins at one does not.
    fn begin_at_zero(&self) {
        for (from, to, why) in [
            (Mode::Mock, Mode::Live, Reason::Verified),
            (Mode::Mock, Mode::Live, Reason::LoggedIn),
            (Mode::Mock, Mode::Sandbox, Reason::Configured),
            (Mode::Live, Mode::Mock, Reason::TokenExpired),
            (Mode::Live, Mode::Mock, Reason::TokenRejected),
            (Mode::Sandbox, Mode::Mock, Reason::TokenExpired),
            (Mode::Sandbox, Mode::Mock, Reason::TokenRejected),
        ] {
            self.switches.with_label_values(&[from.slug(), to.slug(), why.slug()]);
        }
        for outcome in ["success", "failure"] {
            self.logins.with_label_values(&[outcome]);
        }
        self.refreshes.with_label_values(&["success", Reason::Refreshed.slug()]);
        self.refreshes.with_label_values(&["failure", Reason::RefreshDisabled.slug()]);
        for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
            for outcome in [AlertOutcome::Queued, AlertOutcome::Sent, AlertOutcome::Failed] {
                for channel in Channel::ALL {
                    self.alerts.with_label_values(&[channel.slug(), severity.slug(), outcome.slug()]);
                }
            }
        }
        self.gateway.with_label_values(&[Mode::Mock.slug(), "/api/v3/profile", "200", "default"]);
        for entrance in ["gateway", "api", "page"] {
            self.wrong_keys.with_label_values(&[entrance]);
        }
        self.places.with_label_values(&["default"]);
    }

    pub(super) fn note(&self, event: &Event) {
        match event {
            Event::ModeChanged { from, to, why, .. } => {
                self.switches.with_label_values(&[from.slug(), to.slug(), why.slug()]).inc();
            }
            Event::RefreshSucceeded { .. } => {
                self.refreshes.with_label_values(&["success", Reason::Refreshed.slug()]).inc();
            }
            Event::RefreshFailed { reason, .. } => {
                self.refreshes.with_label_values(&["failure", reason.slug()]).inc();
            }
            Event::LoginSucceeded { .. } => self.logins.with_label_values(&["success"]).inc(),
            Event::LoginFailed { .. } => self.logins.with_label_values(&["failure"]).inc(),
            _ => {}
        }
    }

    /// The supervisor counts restarts itself; this only repeats what it says.
    pub(super) fn set_restarts(&self, status: &Status) {
        for (actor, state) in &status.actors {
            let counter = self.restarts.with_label_values(&[actor.as_str()]);
            counter.reset();
            counter.inc_by(state.restarts);
        }
    }
}
