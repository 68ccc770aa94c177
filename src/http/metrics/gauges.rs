//! What goes up and down: set from the status whenever somebody asks.

use chrono::{DateTime, Days, FixedOffset};
use fyers_api::ist::{at, instant};
use keeper_domain::{
    alert::Channel, contact::ContactState, mode::ShownMode, routing::live_positions::Known,
    session::StateName,
};
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};

use crate::{
    build_info,
    status::{Health, Status},
};

const STATES: [StateName; 6] = [
    StateName::NoToken,
    StateName::Checking,
    StateName::Valid,
    StateName::Refreshing,
    StateName::LoginRequired,
    StateName::Expired,
];
const MODES: [ShownMode; 4] = [ShownMode::Live, ShownMode::Sandbox, ShownMode::Mock, ShownMode::Halted];
const KNOWN: [(Known, &str); 4] =
    [(Known::Never, "never"), (Known::Unknown, "unknown"), (Known::Known, "known"), (Known::Stale, "stale")];
const CONTACT: [(ContactState, &str); 4] = [
    (ContactState::NotNeeded, "not_needed"),
    (ContactState::Answers, "answers"),
    (ContactState::Unknown, "unknown"),
    (ContactState::Fails, "fails"),
];
const HEALTH: [(Health, &str); 3] = [(Health::Pass, "pass"), (Health::Warn, "warn"), (Health::Fail, "fail")];

/// The gauges, by name.
pub(super) struct Gauges {
    token_expiry: IntGauge,
    token_usable: IntGauge,
    token_needed: IntGauge,
    token_state: IntGaugeVec,
    mode: IntGaugeVec,
    health: IntGaugeVec,
    halted: IntGauge,
    actor_up: IntGaugeVec,
    outbox_size: IntGaugeVec,
    outbox_oldest: IntGaugeVec,
    last_tick: IntGauge,
    next_tick: IntGauge,
    simulated: IntGauge,
    refused: IntGauge,
    positions: IntGaugeVec,
    calendar_until: IntGauge,
    contact: IntGaugeVec,
    last_answer: IntGauge,
    memory: IntGauge,
    lease: [IntGauge; 5],
}

impl Gauges {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let labelled = |name: &str, help: &str, label: &str| {
            let gauge = IntGaugeVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let build = Opts::new("build_info", "Always 1; the labels tell the version and the commit.");
        let build = IntGaugeVec::new(build, &["version", "commit"])?;
        build.with_label_values(&[build_info::VERSION, build_info::COMMIT]).set(1);
        registry.register(Box::new(build))?;
        gauge("start_timestamp_seconds", "When the program started.")?.set(chrono::Utc::now().timestamp());
        Ok(Self {
            token_expiry: gauge(
                "token_expiry_timestamp_seconds",
                "End of the access token in use; 0 when there is none.",
            )?,
            token_usable: gauge("token_usable", "1 while there is a token that may be used.")?,
            token_needed: gauge(
                "token_needed",
                "1 on a trading day from the daily tick to the close, when a missing token matters.",
            )?,
            token_state: labelled("token_state", "1 for the state the session is in.", "state")?,
            mode: labelled("mode", "1 for the mode requests are handled in.", "mode")?,
            health: labelled("health", "1 for the overall health.", "status")?,
            halted: gauge("trading_halted", "1 while a person has halted trading.")?,
            actor_up: labelled("actor_up", "1 while the actor runs.", "actor")?,
            outbox_size: labelled(
                "alert_outbox_size",
                "Alerts that wait for their delivery, by channel.",
                "channel",
            )?,
            outbox_oldest: labelled(
                "alert_outbox_oldest_timestamp_seconds",
                "When the oldest waiting alert happened, by channel; 0 when none waits.",
                "channel",
            )?,
            last_tick: gauge("last_tick_timestamp_seconds", "When the last daily tick began; 0: never.")?,
            next_tick: gauge("next_tick_timestamp_seconds", "When the next daily tick is due.")?,
            simulated: gauge("orders_simulated_today", "Orders the MockExchange took today (IST).")?,
            refused: gauge("orders_refused_today", "Orders that FYERS rejected today (IST).")?,
            positions: labelled(
                "positions_known",
                "1 for how well the positions at FYERS are known.",
                "state",
            )?,
            calendar_until: gauge(
                "calendar_valid_until_timestamp_seconds",
                "When the list of holidays ends; 0 when it is empty.",
            )?,
            contact: labelled("broker_contact", "1 for what is known of FYERS' answering.", "state")?,
            last_answer: gauge(
                "broker_last_answer_timestamp_seconds",
                "When FYERS last answered any request; 0: never since the start.",
            )?,
            memory: gauge("resident_memory_bytes", "Memory of the process; 0 where it cannot be read.")?,
            lease: [
                gauge(
                    "lease_held",
                    "1 while this keeper acts for the account; a keeper that stands by says 0.",
                )?,
                gauge("lease_epoch", "The number of the holding of the lease; 0 where there is none.")?,
                gauge("lease_since_timestamp_seconds", "Since when this keeper holds the lease; 0: none.")?,
                gauge(
                    "lease_standby",
                    "1 while another keeper stands by, 0 while none does, -1 while it is not known.",
                )?,
                gauge(
                    "lease_standby_reaches_fyers",
                    "Whether FYERS answers where a keeper stands by; -1 while it is not known or none does.",
                )?,
            ],
        })
    }

    pub(super) fn set(&self, status: &Status) {
        let session = &status.session;
        self.token_expiry.set(seconds(session.expires_at));
        self.token_usable.set(session.usable.into());
        self.token_needed.set(status.token_needed.into());
        for state in STATES {
            self.token_state.with_label_values(&[state.slug()]).set((session.state == state).into());
        }
        for mode in MODES {
            self.mode.with_label_values(&[mode.slug()]).set((status.mode == mode).into());
        }
        for (health, name) in HEALTH {
            self.health.with_label_values(&[name]).set((status.status == health).into());
        }
        self.halted.set(status.halted.into());
        for (name, actor) in &status.actors {
            self.actor_up.with_label_values(&[name.as_str()]).set(actor.alive.into());
        }
        let webhook = status.webhook.unwrap_or_default();
        for (channel, outbox) in [(Channel::Chat, status.outbox), (Channel::Webhook, webhook)] {
            let channel = [channel.slug()];
            self.outbox_size.with_label_values(&channel).set(whole(outbox.waiting));
            self.outbox_oldest.with_label_values(&channel).set(seconds(outbox.oldest));
        }
        self.last_tick.set(seconds(status.last_tick.map(|tick| tick.begun_at)));
        self.next_tick.set(seconds(status.next_tick));
        self.simulated.set(whole(status.orders_simulated_today));
        self.refused.set(whole(status.orders_refused_today));
        for (known, name) in KNOWN {
            self.positions.with_label_values(&[name]).set((status.positions_known == known).into());
        }
        for (contact, name) in CONTACT {
            self.contact.with_label_values(&[name]).set((status.fyers.state == contact).into());
        }
        self.last_answer.set(seconds(status.fyers.last_answer));
        // The list holds for the whole of its last day.
        let after = status.calendar.covered_until.and_then(|day| day.checked_add_days(Days::new(1)));
        self.calendar_until.set(after.map_or(0, |day| instant(day, at(0, 0)).timestamp()));
        self.memory.set(resident().unwrap_or_default());
        let [held, epoch, since, standbys, reaches] = &self.lease;
        let lease = status.lease.as_ref();
        held.set(1);
        epoch.set(lease.map_or(0, |lease| lease.epoch));
        since.set(seconds(lease.map(|lease| lease.since)));
        standbys.set(lease.map_or(0, |lease| lease.standby.map_or(-1, i64::from)));
        reaches.set(lease.and_then(|lease| lease.standby_reaches_fyers).map_or(-1, i64::from));
    }
}

fn seconds(at: Option<DateTime<FixedOffset>>) -> i64 {
    at.map_or(0, |at| at.timestamp())
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// This process' resident memory in bytes, as Linux tells it.
fn resident() -> Option<i64> {
    let told = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok()?.checked_mul(1024)
}
